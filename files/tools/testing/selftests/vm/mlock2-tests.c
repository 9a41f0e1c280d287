// SPDX-License-Identifier: GPL-2.0
/*
 * mlock2(MLOCK_ONFAULT) and mlockall(MCL_ONFAULT): pages are locked when they
 * are first touched, and no sooner; what the calls do to VMAs and to the charge;
 * and what they refuse.  Needs root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <spawn.h>
#include <sys/resource.h>

#include "child.h"
#include "page_state.h"
#include "restore.h"

enum { NR_PAGES = 8 };
#define LEN	(NR_PAGES * page_size())
#define PAGE(map, n)	((map) + (n) * page_size())

static void test_touch(void)
{
	char *map = map_pages(NR_PAGES);

	tap_check(!sys_mlock2(map, LEN, MLOCK_ONFAULT),
		  "mlock2(MLOCK_ONFAULT) succeeds on an empty mapping");
	tap_check(!count_pages(map, NR_PAGES, page_is_present),
		  "mlock2(MLOCK_ONFAULT) faults nothing in");
	tap_check(locked_pages() == NR_PAGES, "the whole range is charged");
	*PAGE(map, 1) = 1;
	tap_check(batched_page_is_locked(PAGE(map, 1)), "a touched page is locked");
	tap_check(!page_is_present(PAGE(map, 2)), "the neighbour of a touched page is absent");
	tap_check(vma_of(map).lo && vma_of(map).lf && !getenv("MLOCK2_LF"),
		  "smaps shows lo and lf");
	tap_check(!vma_of(map).unknown, "smaps shows no flag as ??");
	munmap(map, LEN);
	tap_check(locked_pages() == 0, "munmap takes the charge back");
}

static void test_present(void)
{
	char *map = map_pages(NR_PAGES);

	*PAGE(map, 0) = *PAGE(map, 5) = 1;
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(page_is_locked(PAGE(map, 0)) && page_is_locked(PAGE(map, 5)),
		  "pages that are present are locked by the call");
	tap_check(count_pages(map, NR_PAGES, page_is_present) == 2,
		  "pages that are absent stay absent");
	munlock(map, LEN);
	tap_check(page_is_unlocked(PAGE(map, 0)), "munlock unlocks them");
	tap_check(!vma_of(map).lo && !vma_of(map).lf, "munlock clears lo and lf");
	tap_check(locked_pages() == 0, "munlock takes the charge back");
	*PAGE(map, 3) = 1;
	tap_check(page_is_unlocked(PAGE(map, 3)),
		  "a page touched after munlock is not locked");
	munmap(map, LEN);
}

static void test_split_and_merge(void)
{
	char *map = map_pages(NR_PAGES);
	struct vma vma;

	/* Parts that get an anon_vma of their own could not merge later */
	*map = 1;
	sys_mlock2(PAGE(map, 2), 4 * page_size(), MLOCK_ONFAULT);
	vma = vma_of(PAGE(map, 2));
	tap_check(vma.start == (uintptr_t)PAGE(map, 2) &&
		  vma.end == (uintptr_t)PAGE(map, 6),
		  "locking the middle of a VMA splits it in three");
	*PAGE(map, 1) = *PAGE(map, 2) = *PAGE(map, 4) = 1;
	munlock(PAGE(map, 4), page_size());
	tap_check(batched_page_is_locked(PAGE(map, 2)), "munlock of a part keeps the rest");
	tap_check(page_is_unlocked(PAGE(map, 4)), "munlock of a part unlocks that part");
	tap_check(locked_pages() == 3, "the charge follows");
	tap_check(vma_of(PAGE(map, 5)).lf && !vma_of(PAGE(map, 4)).lf,
		  "lf stays outside of the part that is unlocked, where it goes");
	mlock(PAGE(map, 4), page_size());
	tap_check(vma_of(PAGE(map, 4)).start == (uintptr_t)PAGE(map, 4) &&
		  vma_of(PAGE(map, 4)).end == (uintptr_t)PAGE(map, 5),
		  "an eagerly locked part does not merge with on-fault ones");
	sys_mlock2(PAGE(map, 4), page_size(), MLOCK_ONFAULT);
	vma = vma_of(PAGE(map, 4));
	tap_check(vma.start == (uintptr_t)PAGE(map, 2) &&
		  vma.end == (uintptr_t)PAGE(map, 6),
		  "locked on fault again, it merges with them");
	munlock(map, LEN);
	vma = vma_of(map);
	tap_check(vma.start <= (uintptr_t)map && vma.end >= (uintptr_t)map + LEN,
		  "munlock of all makes one VMA again");
	munmap(map, LEN);
}

static void test_relock(void)
{
	char *map = map_pages(NR_PAGES);

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	mlock(map, LEN);
	tap_check(count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "mlock() of an on-fault range populates it");
	tap_check(!vma_of(map).lf, "mlock() of an on-fault range ends lock on fault");
	tap_check(locked_pages() == NR_PAGES, "mlock() of an on-fault range charges nothing again");
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(vma_of(map).lf && locked_pages() == NR_PAGES,
		  "mlock2() of an mlock()ed range is on fault, charged once");
	tap_check(count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "with all pages locked as before");
	munmap(map, LEN);
	tap_check(locked_pages() == 0, "munlock of a relocked range leaves no charge");
	map = map_pages(NR_PAGES);
	tap_check(!sys_mlock2(map, LEN, 0) &&
		  count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "mlock2() without flags is mlock()");
	munmap(map, LEN);
}

/* Each story about mlockall() in a child: it is about the whole process */
static void in_child(void (*story)(void))
{
	unsigned int claims[2];
	int result[2];
	pid_t pid;

	if (pipe(result))
		tap_bail_out("pipe");
	pid = start_child();
	if (!pid) {
		story();
		fflush(stdout);
		claims[0] = tap.done;
		claims[1] = tap.failed;
		if (write(result[1], claims, sizeof(claims)) != sizeof(claims))
			_exit(1);
		_exit(0);
	}
	close(result[1]);
	if (read(result[0], claims, sizeof(claims)) == sizeof(claims)) {
		tap.done = claims[0];
		tap.failed = claims[1];
	}
	close(result[0]);
	if (child_status(pid))
		tap_check(false, "a child ends by itself");
}

static void story_current(void)
{
	char *map = map_pages(NR_PAGES), *later;

	*PAGE(map, 1) = 1;
	tap_check(!mlockall(MCL_CURRENT | MCL_ONFAULT),
		  "mlockall(MCL_CURRENT|MCL_ONFAULT) succeeds");
	tap_check(page_is_locked(PAGE(map, 1)), "mlockall(MCL_CURRENT|MCL_ONFAULT) locks present pages");
	tap_check(!page_is_present(PAGE(map, 2)), "mlockall(MCL_CURRENT|MCL_ONFAULT) faults nothing in");
	*PAGE(map, 2) = 1;
	tap_check(batched_page_is_locked(PAGE(map, 2)), "a touch locks");
	later = map_pages(NR_PAGES);
	*later = 1;
	tap_check(!vma_of(later).lo && page_is_unlocked(later),
		  "a later mapping is not locked");
	mlockall(MCL_CURRENT);
	tap_check(!vma_of(map).lf &&
		  count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "mlockall(MCL_CURRENT) after it populates");
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	tap_check(vma_of(map).lf && vma_of(map).lo, "mlockall(MCL_CURRENT|MCL_ONFAULT) after MCL_CURRENT is on fault");
	munlockall();
	tap_check(!vma_of(map).lo && !vma_of(map).lf && !locked_pages(),
		  "munlockall clears both bits and the charge");
	tap_check(page_is_unlocked(map), "munlockall unlocks the pages");
}

static void story_future(void)
{
	long long before = locked_pages();
	char *map;

	tap_check(!mlockall(MCL_FUTURE | MCL_ONFAULT),
		  "mlockall(MCL_FUTURE|MCL_ONFAULT) succeeds");
	tap_check(locked_pages() == before, "mlockall(MCL_FUTURE|MCL_ONFAULT) charges nothing yet");
	map = map_pages(NR_PAGES);
	tap_check(vma_of(map).lf && !count_pages(map, NR_PAGES, page_is_present),
		  "a new mapping is on fault and empty");
	*PAGE(map, 3) = 1;
	tap_check(batched_page_is_locked(PAGE(map, 3)), "pages of a new on-fault mapping are locked on touch");
	mlockall(MCL_FUTURE);
	map = map_pages(NR_PAGES);
	tap_check(!vma_of(map).lf &&
		  count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "mlockall(MCL_FUTURE) after it populates new mappings");
	mlockall(MCL_FUTURE | MCL_ONFAULT);
	map = map_pages(NR_PAGES);
	tap_check(vma_of(map).lf && !page_is_present(map),
		  "mlockall(MCL_FUTURE|MCL_ONFAULT) after MCL_FUTURE populates nothing");
	mlockall(MCL_CURRENT | MCL_ONFAULT);
	map = map_pages(NR_PAGES);
	tap_check(!vma_of(map).lo, "a call without MCL_FUTURE ends it");
	mlockall(MCL_FUTURE | MCL_ONFAULT);
	munlockall();
	map = map_pages(NR_PAGES);
	tap_check(!vma_of(map).lo && !vma_of(map).lf, "munlockall ends the future lock");
}

static void story_current_then_future(void)
{
	char *map = map_pages(NR_PAGES), *later;

	mlockall(MCL_CURRENT);
	mlockall(MCL_FUTURE | MCL_ONFAULT);
	later = map_pages(NR_PAGES);
	tap_check(vma_of(map).lo && !vma_of(map).lf,
		  "MCL_FUTURE|MCL_ONFAULT leaves the current VMAs as they are");
	tap_check(vma_of(later).lf, "mappings after MCL_FUTURE|MCL_ONFAULT are on fault");
}

static void story_populate(void)
{
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	tap_check(count_pages(map, NR_PAGES, page_is_unlocked) == NR_PAGES,
		  "MAP_POPULATE populates where nothing is locked");
	mlockall(MCL_FUTURE | MCL_ONFAULT);
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	tap_check(vma_of(map).lf &&
		  count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "MAP_POPULATE is honoured under MCL_FUTURE|MCL_ONFAULT");
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	tap_check(vma_of(map).lf && !page_is_present(map),
		  "MAP_LOCKED there stays on fault");
}

static void story_brk(void)
{
	char *old = sbrk(0), *page;

	mlockall(MCL_FUTURE | MCL_ONFAULT);
	if (sbrk(4 * page_size()) == (void *)-1)
		tap_bail_out("sbrk");
	page = (char *)(((uintptr_t)old + 2 * page_size()) & -page_size());
	tap_check(!page_is_present(page), "brk populates nothing");
	*page = 1;
	tap_check(batched_page_is_locked(page), "pages that brk adds are locked on touch");
}

static void story_stack(void)
{
	static const char * const claims[] = {
		"an on-fault stack grows", "what it grew by is locked on touch",
		"a grown on-fault stack is charged",
	};
	size_t size = 512 * page_size();
	long long shown;
	char *map, *stack;
	int fds[2];

#ifdef __hppa__
	/* There mmap() makes no mapping that grows */
	tap_skip(claims[0], "stacks grow up");
	tap_skip(claims[1], "stacks grow up");
	tap_skip(claims[2], "stacks grow up");
	return;
#endif
	/*
	 * A growing mapping of our own: the real one is in use.  It stays 256 pages
	 * away from what lies below it.
	 */
	map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(map, size);
	stack = mmap(map + size - page_size(), page_size(),
		     PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
	sys_mlock2(stack, page_size(), MLOCK_ONFAULT);
	/* By read(): some kernels refuse a touch far below the stack pointer */
	if (pipe(fds) || write(fds[1], "12", 2) != 2 ||
	    read(fds[0], stack - page_size(), 1) != 1 ||
	    read(fds[0], stack - 2 * page_size(), 1) != 1)
		tap_bail_out("read below the stack");
	tap_check(vma_of(stack).start < (uintptr_t)stack, "%s", claims[0]);
	tap_check(batched_page_is_locked(stack - 2 * page_size()), "%s", claims[1]);
	/* v4.2 has a guard page in the VMA, and hides it from smaps */
	shown = (vma_of(stack).end - vma_of(stack).start) / page_size();
	tap_check(locked_pages() == shown || locked_pages() == shown + 1, "%s",
		  claims[2]);
}

static void story_fork(void)
{
	char *map = map_pages(NR_PAGES);
	int status, go[2];
	pid_t child;

	*PAGE(map, 0) = 1;
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	child = start_child();
	if (!child) {
		bool ok = !vma_of(map).lo && !vma_of(map).lf && !locked_pages();

		*PAGE(map, 1) = 1;
		_exit(!(ok && page_is_unlocked(PAGE(map, 1))));
	}
	status = child_status(child);
	if (!tap_check(status == 0, "a child inherits no lock"))
		printf("# got status %d\n", status);
	tap_check(vma_of(map).lf && page_is_locked(map), "the parent of a child keeps its lock");
	/* Written by the parent while shared with a child: a COW */
	if (pipe(go))
		tap_bail_out("pipe");
	child = start_child();
	if (!child) {
		char c;

		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(2);
		_exit(!page_is_unlocked(map));
	}
	*map = 2;
	tap_check(batched_page_is_locked(map), "a COW page is locked");
	if (write(go[1], "", 1) != 1)
		tap_bail_out("write");
	status = child_status(child);
	if (!tap_check(status == 0, "the old page, left to the child, is not"))
		printf("# got status %d\n", status);
}

static void story_exec(const char *self)
{
	char *argv[3] = { (char *)self, "exec" };
	int status = -1;
	pid_t child;

	mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
	fflush(stdout);
	/* What executes it shares our mm: fork() would have cleared the locks */
	if (!posix_spawn(&child, self, NULL, NULL, argv, environ))
		status = child_status(child);
	if (!tap_check(status == 0, "exec ends lock on fault, present and future"))
		printf("# got status %d\n", status);
}

static const char *self;
static void story_exec_self(void) { story_exec(self); }

static int exec_child(void)
{
	char *map = map_pages(NR_PAGES);

	return locked_pages() || vma_of(map).lo || vma_of(map).lf ||
		vma_of(&self).lo;
}

static void test_mremap(void)
{
	char *map = map_pages(3 * NR_PAGES), *moved;

	/* Room to grow once; what lies behind makes it move then */
	munmap(map + LEN, LEN);
	*PAGE(map, 1) = 1;
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(mremap(map, LEN, 2 * LEN, 0) == map, "mremap grows in place");
	tap_check(vma_of(map + LEN).lf &&
		  !count_pages(map + LEN, NR_PAGES, page_is_present),
		  "what it grew by is on fault and empty");
	tap_check(locked_pages() == 2 * NR_PAGES, "a grown on-fault stack is charged");
	moved = mremap(map, 2 * LEN, 3 * LEN, MREMAP_MAYMOVE);
	tap_check(moved != MAP_FAILED && moved != map && vma_of(moved).lf &&
		  vma_of(moved + 2 * LEN).lf, "moved and grown, it stays on fault");
	tap_check(page_is_locked(PAGE(moved, 1)), "pages move locked");
	tap_check(count_pages(moved, 3 * NR_PAGES, page_is_present) == 1,
		  "mremap of an on-fault range populates nothing");
	tap_check(locked_pages() == 3 * NR_PAGES, "the charge is exact");
	mremap(moved, 3 * LEN, LEN, 0);
	tap_check(locked_pages() == NR_PAGES, "shrinking gives back");
	munmap(moved, LEN);
	munmap(map + 2 * LEN, LEN);
	tap_check(locked_pages() == 0, "munmap of a moved range gives back its charge");
}

static void test_mprotect(void)
{
	char *map = mmap(NULL, LEN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	mprotect(map, LEN, PROT_READ | PROT_WRITE);
	tap_check(vma_of(map).lf && !count_pages(map, NR_PAGES, page_is_present),
		  "mprotect to writable populates nothing");
	munmap(map, LEN);
	map = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tap_check(!sys_mlock2(map, LEN, MLOCK_ONFAULT),
		  "a PROT_NONE range can be locked on fault");
	mprotect(map, LEN, PROT_READ | PROT_WRITE);
	*map = 1;
	tap_check(batched_page_is_locked(map), "a PROT_NONE range is locked once it can be touched");
	munmap(map, LEN);
}

static void test_errors(void)
{
	char *map = map_pages(NR_PAGES), *gap = map_pages(3);
	const struct {
		const char *claim;
		const void *addr;
		size_t len;
		int flags, want;
	} cases[] = {
		{ "an unknown flag is EINVAL", map, LEN, 2, EINVAL },
		{ "all flags are EINVAL", map, LEN, -1, EINVAL },
		{ "an unknown flag is EINVAL before the address is looked at",
		  PAGE(gap, 1), LEN, 4, EINVAL },
		{ "nothing at an unmapped address is fine", PAGE(gap, 1), 0,
		  MLOCK_ONFAULT, 0 },
		{ "an unmapped address is ENOMEM", PAGE(gap, 1), page_size(),
		  MLOCK_ONFAULT, ENOMEM },
		{ "a range with a hole is ENOMEM", gap, 3 * page_size(),
		  MLOCK_ONFAULT, ENOMEM },
		{ "an unaligned start and length are widened",
		  map + 1, 1, MLOCK_ONFAULT, 0 },
	};
	size_t i;

	munmap(PAGE(gap, 1), page_size());
	*gap = 1;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int got = error_of(sys_mlock2(cases[i].addr, cases[i].len,
					      cases[i].flags));

		if (!tap_check(got == cases[i].want, "%s", cases[i].claim))
			printf("# got errno %d\n", got);
	}
	tap_check(locked_pages() == 2, "what was refused is not charged");
	tap_check(page_is_locked(gap),
		  "the part before a hole is locked, as mlock() does");
	munmap(gap, 3 * page_size());
	tap_check(is_refused(sys_mlock2(map, SIZE_MAX - page_size(),
					MLOCK_ONFAULT)),
		  "a length that wraps is EINVAL");
	tap_check(is_refused(sys_mlock2(map, SIZE_MAX, MLOCK_ONFAULT)),
		  "the largest length is EINVAL");
	munlockall();
	munmap(map, LEN);

	tap_check(mlockall(0) == -1 && errno == EINVAL, "mlockall(0) is EINVAL");
	/* Alone it is no more than a call that names neither present nor future memory */
	tap_check(mlockall(MCL_ONFAULT << 1) == -1 && errno == EINVAL &&
		  mlockall(MCL_CURRENT | MCL_ONFAULT << 1) == -1 && errno == EINVAL &&
		  !locked_pages(),
		  "an unknown flag of mlockall is EINVAL");
	map = map_pages(1);
	sys_mlock2(map, page_size(), MLOCK_ONFAULT);
	tap_check(mlockall(MCL_ONFAULT) == -1 && errno == EINVAL,
		  "MCL_ONFAULT alone is EINVAL");
	tap_check(locked_pages() == 1 && vma_of(map).lf,
		  "MCL_ONFAULT alone leaves the locks of the task");
	munmap(map, page_size());
}

/*
 * Where addresses end.  Below a 32-bit program a kernel of 64 bits has more of
 * them: there a range ends at its first hole, and may not come round to 0.
 */
static void test_last_address(void)
{
	char *map = map_pages(NR_PAGES);
	const size_t up_to_it = -(uintptr_t)map;
	int i, got;

	munmap(PAGE(map, 2), page_size());
	for (i = 0; i < 2; i++) {
		size_t len = up_to_it + i * page_size();
		const char *where = i ? "a page beyond" : "up to";

		got = error_of(sys_mlock2(map, len, MLOCK_ONFAULT));
		tap_check(got == EINVAL || (got == ENOMEM && sizeof(long) == 4),
			  "a range %s the last address is refused", where);
		tap_check(locked_pages() == (got == EINVAL ? 0 : 2),
			  "the last address is locked no further than to the first hole");
		sys_mlock2(map, 2 * page_size(), MLOCK_ONFAULT);
		tap_check(error_of(munlock(map, len)) == got &&
			  locked_pages() == (got == EINVAL ? 2 : 0),
			  "munlock %s the last address does the same", where);
		munlock(map, 2 * page_size());
	}
	munmap(map, LEN);
}

#ifdef __x86_64__
/* The system call of i386, by registers of 64 bits */
static int int80(int number, uint64_t b, uint64_t c, uint64_t d)
{
	int ret;

	asm volatile("int $0x80" : "=a"(ret)
		     : "a"(number), "b"(b), "c"(c), "d"(d)
		     : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

static void no_int80(int sig)
{
	_exit(sig);
}

static bool has_int80(void)
{
	pid_t child = start_child();

	if (!child) {
		signal(SIGSEGV, no_int80);
		int80(20 /* getpid() */, 0, 0, 0);
		_exit(0);
	}
	return !child_status(child);
}
#endif

/* What a program of 32 bits has no way to pass */
static void test_upper_halves(void)
{
	const char *claim = "mlock2() of i386 looks at 32 bits of an argument";
#ifdef __x86_64__
	const uint64_t upper = 0xdeadbeefULL << 32;
	char *map;

	if (!has_int80()) {
		tap_skip(claim, "no i386 programs in this kernel");
		return;
	}
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		   MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	tap_check(!int80(376, upper | (uintptr_t)map, upper | LEN,
			 upper | MLOCK_ONFAULT) &&
		  locked_pages() == NR_PAGES && vma_of(map).lf &&
		  int80(376, upper | (uintptr_t)map, upper | LEN,
			upper | 2) == -EINVAL, "%s", claim);
	munmap(map, LEN);
#else
	tap_skip(claim, "x86-64 only");
#endif
}

/*
 * Sizes whose pages do not fit an int.  A kernel that walks page by page takes
 * hours, which no signal ends: MLOCK2_NO_TIB leaves them out.
 */
static void test_terabytes(void)
{
#if __SIZEOF_POINTER__ == 8
	const size_t tib = (size_t)1 << 40;
	const size_t sizes[] = { 8 * tib, 16 * tib };
	size_t i;

	for (i = 0; i < 2; i++) {
		size_t len = sizes[i];
		char *map = getenv("MLOCK2_NO_TIB") ? MAP_FAILED :
			mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			     MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		long long pages = len / page_size();
		char claim[64];

		snprintf(claim, sizeof(claim), "%zu TiB: charged to the page",
			 len / tib);
		if (map == MAP_FAILED) {
			tap_skip(claim, "no such address space here");
			continue;
		}
		map[len / 2] = 1;
		tap_check(!sys_mlock2(map, len, MLOCK_ONFAULT) &&
			  locked_pages() == pages &&
			  page_is_locked(map + len / 2) &&
			  !munlock(map + len / 2, len / 4) &&
			  locked_pages() == pages - pages / 4 &&
			  !munmap(map, len) && !locked_pages(), "%s", claim);
	}
#else
	tap_skip("8 TiB: charged to the page", "32 bits");
	tap_skip("16 TiB: charged to the page", "32 bits");
#endif
}

/* Page tables of every level, as many as fit */
static void test_far_apart(void)
{
	const char *claim = "pages far apart are locked and unlocked";
#if __SIZEOF_POINTER__ == 8
	const size_t gib = (size_t)1 << 30, len = 9 * gib;
	unsigned int locked = 0, unlocked = 0;
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t at;

	if (map == MAP_FAILED) {
		tap_skip(claim, "no such address space here");
		return;
	}
	madvise(map, len, 15 /* MADV_NOHUGEPAGE */);
	for (at = 0; at < len; at += gib)
		map[at] = 1;
	sys_mlock2(map, len, MLOCK_ONFAULT);
	for (at = 0; at < len; at += gib)
		locked += page_is_locked(map + at);
	munlock(map, len);
	for (at = 0; at < len; at += gib)
		unlocked += page_is_unlocked(map + at);
	tap_check(locked == 9 && unlocked == 9, "%s", claim);
	munmap(map, len);
#else
	tap_skip(claim, "32 bits");
#endif
}

static void test_huge_tlb(void)
{
	size_t huge = read_kb("/proc/meminfo", "Hugepagesize") * 1024;
	const char *claim = "a hugetlb mapping is not prefaulted";
	const char *future = "a hugetlb mapping made under MCL_FUTURE|MCL_ONFAULT is not prefaulted";
	long long free_pages = read_kb("/proc/meminfo", "HugePages_Free");
	FILE *f = free_pages ? NULL : fopen("/proc/sys/vm/nr_hugepages", "we");
	char *map;

	if (f) {
		restore_setting("/proc/sys/vm/nr_hugepages");
		fputs("2", f);
		fclose(f);
	}
	map = mmap(NULL, huge, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (huge == 0 || map == MAP_FAILED) {
		tap_skip(claim, "no huge pages here");
		tap_skip(future, "no huge pages here");
	} else {
		free_pages = read_kb("/proc/meminfo", "HugePages_Free");
		tap_check(!sys_mlock2(map, huge, MLOCK_ONFAULT) &&
			  read_kb("/proc/meminfo", "HugePages_Free") ==
			  free_pages && !vma_of(map).lf && !locked_pages(),
			  "%s", claim);
		munmap(map, huge);
		mlockall(MCL_FUTURE | MCL_ONFAULT);
		map = mmap(NULL, huge, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
		munlockall();
		tap_check(map != MAP_FAILED &&
			  read_kb("/proc/meminfo", "HugePages_Free") == free_pages,
			  "%s", future);
		munmap(map, huge);
	}
	f = f ? fopen("/proc/sys/vm/nr_hugepages", "we") : NULL;
	if (f) {
		fputs("0", f);
		fclose(f);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return exec_child();
	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	skip_without_page_flags();

	self = argv[0];
	tap_plan(100);
	/* Of what waits in the LRU batch of another CPU nothing is said */
	stay_on_cpu(0);
	test_touch();
	test_present();
	test_split_and_merge();
	test_relock();
	in_child(story_current);
	in_child(story_future);
	in_child(story_current_then_future);
	in_child(story_populate);
	in_child(story_brk);
	in_child(story_stack);
	in_child(story_fork);
	in_child(story_exec_self);
	test_mremap();
	test_mprotect();
	test_errors();
	test_last_address();
	test_upper_halves();
	test_terabytes();
	test_far_apart();
	test_huge_tlb();
	return tap_exit();
}
