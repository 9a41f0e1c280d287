// SPDX-License-Identifier: GPL-2.0
/*
 * Statements of man/man2/mlock.2 that no selftest checks; tests/expect/man-page.tsv
 * has all of them.  Needs root; what needs mlock2() is skipped without.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <pthread.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include "../../files/tools/testing/selftests/vm/child.h"
#include "../../files/tools/testing/selftests/vm/swap_out.h"
#include "marker.h"

enum { NR_PAGES = 16, NOBODY = 65534 };
#define LEN		(NR_PAGES * page_size())
#define NEEDS_MLOCK2	"needs mlock2()"
#define FUTURE		(MCL_FUTURE | MCL_ONFAULT)

static bool has_mlock2;

static void set_limit(rlim_t bytes)
{
	struct rlimit limit = { bytes, bytes };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		tap_bail_out("setrlimit");
}

/* In a child that has no privileges and may lock @limit bytes, @test is true */
static bool as_nobody(rlim_t limit, bool (*test)(void))
{
	pid_t child = start_child();
	int status;

	if (!child) {
		set_limit(limit);
		if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
			_exit(126);
		_exit(!test());
	}
	status = child_status(child);
	if (status)
		printf("# got status %d\n", status);
	return !status;
}

/* Of a claim that needs mlock2() */
static void check_as_nobody(const char *claim, rlim_t limit, bool (*test)(void), bool anywhere)
{
	if (anywhere || has_mlock2)
		tap_check(as_nobody(limit, test), "%s", claim);
	else
		tap_skip(claim, NEEDS_MLOCK2);
}

/* ---- RLIMIT_MEMLOCK ---- */

static void test_default_limit(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	tap_check(limit.rlim_cur == 64 << 10 && limit.rlim_max == 64 << 10,
		  "RLIMIT_MEMLOCK is 64 kB unless it was set");
}

static void test_privileged(void)
{
	pid_t child = start_child();

	if (!child) {
		char *map = map_pages(NR_PAGES);

		set_limit(0);
		_exit(mlock(map, LEN) || locked_pages() != NR_PAGES);
	}
	tap_check(!child_status(child), "a process with CAP_IPC_LOCK has no limit");
}

static bool unlocks_with_no_limit(void)
{
	char *map = map_pages(NR_PAGES);

	if (mlock(map, LEN))
		return false;
	set_limit(0);
	return mlock(map, LEN) && errno == EPERM && !munlock(map, LEN / 2) &&
		locked_pages() == NR_PAGES / 2 && !munlockall() && !locked_pages();
}

/* ---- errors, in their order ---- */

static bool eperm_comes_before_a_wrap(void)
{
	char *map = map_pages(1);

	return sys_mlock2(map, SIZE_MAX, MLOCK_ONFAULT) && errno == EPERM &&
		sys_mlock2(map, SIZE_MAX, 2) && errno == EINVAL;
}

static bool a_wrap_comes_before_the_limit(void)
{
	char *map = map_pages(NR_PAGES * 2);

	return sys_mlock2(map, SIZE_MAX, MLOCK_ONFAULT) && errno == EINVAL &&
		sys_mlock2(map, 2 * LEN, MLOCK_ONFAULT) && errno == ENOMEM;
}

static bool the_limit_comes_before_a_hole(void)
{
	char *map = map_pages(NR_PAGES);

	munmap(map + LEN / 2, page_size());
	/* Refused by the limit nothing is locked, by the hole what is before it */
	return mlock(map, LEN) && errno == ENOMEM && !locked_pages() &&
		mlock(map, LEN - page_size() * 4) && errno == ENOMEM &&
		locked_pages() == NR_PAGES / 2;
}

/* ---- what cannot be brought in ---- */

static void test_beyond_the_file(void)
{
	int fd = make_file("/tmp", 1);
	char *map = mmap(NULL, 2 * page_size(), PROT_READ, MAP_SHARED, fd, 0);
	int error;

	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	error = error_of(mlock(map, 2 * page_size()));
	if (!tap_check(error == ENOMEM && locked_pages() == 2 && vma_of(map).lo,
		       "mlock of pages beyond the end of a file is ENOMEM, and locks the range"))
		printf("# got errno %d, %lld pages\n", error, locked_pages());
	munlock(map, 2 * page_size());
	if (has_mlock2)
		tap_check(!sys_mlock2(map, 2 * page_size(), MLOCK_ONFAULT),
			  "mlock2(MLOCK_ONFAULT) of pages beyond the end of a file succeeds");
	else
		tap_skip("mlock2(MLOCK_ONFAULT) of pages beyond the end of a file succeeds",
			 NEEDS_MLOCK2);
	munmap(map, 2 * page_size());
	close(fd);
}

static unsigned int count_vmas(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned int count = 0;
	int c;

	if (!maps)
		tap_bail_out("/proc/self/maps");
	while ((c = getc(maps)) != EOF)
		count += c == '\n';
	fclose(maps);
	return count;
}

/* Fill up what is left below vm.max_map_count, by neighbours that cannot be merged */
static void test_max_map_count(void)
{
	const char *file = "/proc/sys/vm/max_map_count";
	char *map = map_pages(NR_PAGES), text[16];
	int middle, whole;

	restore_setting(file);
	/* Of those in maps [vsyscall] is none; one more is a mapping of stdio's */
	snprintf(text, sizeof(text), "%u", count_vmas());
	write_file(file, text);
	middle = error_of(mlock(map + page_size(), page_size()));
	whole = error_of(mlock(map, LEN));
	restore_all();
	if (!tap_check(middle == ENOMEM && !whole,
		       "a lock that would split one mapping too many is ENOMEM"))
		printf("# got errno %d for a part, %d for all\n", middle, whole);
	munmap(map, LEN);
}

/* ---- later, under MCL_FUTURE, or when a locked mapping grows ---- */

static bool mremap_beyond_the_limit_is_eagain(void)
{
	char *map = map_pages(NR_PAGES);

	return !mlock(map, LEN) &&
		mremap(map, LEN, 2 * LEN, MREMAP_MAYMOVE) == MAP_FAILED &&
		errno == EAGAIN && locked_pages() == NR_PAGES;
}

static bool mmap_beyond_the_limit_is_eagain(void)
{
	return !mlockall(has_mlock2 ? FUTURE : MCL_FUTURE) &&
		mmap(NULL, 2 * LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0) == MAP_FAILED && errno == EAGAIN;
}

static bool brk_beyond_the_limit_is_enomem(void)
{
	return !mlockall(has_mlock2 ? FUTURE : MCL_FUTURE) &&
		sbrk(2 * LEN) == (void *)-1 && errno == ENOMEM;
}

/* A page of stack for each call, touched before the next one */
static int __attribute__((noinline)) use_stack(unsigned int pages)
{
	volatile char page[4096];

	page[0] = 1;
	return pages ? use_stack(pages - 1) + page[0] : 0;
}

/* The status of a child whose locked stack grows, while it may lock @more pages */
static int grow_locked_stack(unsigned int more)
{
	enum { STACK_PAGES = 64 };	/* beyond the 33 that exec() makes */
	pid_t child = start_child();

	if (!child) {
		if (mlockall(MCL_CURRENT))
			_exit(1);
		set_limit((locked_pages() + more) * page_size());
		if (setresuid(NOBODY, NOBODY, NOBODY))
			_exit(2);
		_exit(use_stack(STACK_PAGES) == STACK_PAGES ? 0 : 3);
	}
	return child_status(child);
}

static void test_stack(void)
{
	int refused = grow_locked_stack(3), granted = grow_locked_stack(256);

	if (!tap_check(refused == 128 + SIGSEGV && !granted,
		       "a locked stack that may not grow ends in SIGSEGV"))
		printf("# got status %d, and %d with a larger limit\n", refused, granted);
}

/* Under MCL_FUTURE alone: no mapping is made when a stack grows */
static bool an_unlocked_stack_stays_so(void)
{
	long long before;

	if (mlockall(has_mlock2 ? FUTURE : MCL_FUTURE))
		return false;
	before = locked_pages();
	return use_stack(64) == 64 && locked_pages() == before &&
		!vma_of(&before).lo;
}

static void *do_nothing(void *arg)
{
	return arg;
}

static bool large_thread_stacks_are_refused(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (mlockall(FUTURE) || pthread_attr_setstacksize(&attr, 8 << 20) ||
	    pthread_create(&thread, &attr, do_nothing, NULL) != EAGAIN)
		return false;
	return !pthread_attr_setstacksize(&attr, 256 << 10) &&
		!pthread_create(&thread, &attr, do_nothing, NULL) &&
		!pthread_join(thread, NULL);
}

static bool thread_stacks_are_charged_whole(void)
{
	long long before = locked_pages(), present, charged;
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	if (mlockall(FUTURE) || pthread_attr_setstacksize(&attr, 1 << 20))
		return false;
	present = read_kb("/proc/self/status", "VmRSS");
	if (pthread_create(&thread, &attr, do_nothing, NULL))
		return false;
	charged = (locked_pages() - before) * (long long)page_size();
	present = (read_kb("/proc/self/status", "VmRSS") - present) * 1024;
	pthread_join(thread, NULL);
	return charged >= 1 << 20 && present < 1 << 19;
}

static bool segments_are_locked_on_fault(void)
{
	int id = shmget(IPC_PRIVATE, 4 * page_size(), 0600);
	char *map;

	if (id < 0 || mlockall(FUTURE))
		return false;
	map = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	return map != (void *)-1 && vma_of(map).lo && vma_of(map).lf;
}

/* The kernel touches it for the process */
static void test_read_into(void)
{
	const char *claim = "a page that read(2) fills is locked";
	char *map = map_pages(NR_PAGES);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (!has_mlock2 || fd < 0) {
		tap_skip(claim, NEEDS_MLOCK2);
	} else {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(read(fd, map + page_size(), 1) == 1 &&
			  batched_page_is_locked(map + page_size()) &&
			  !page_is_present(map), "%s", claim);
	}
	close(fd);
	munmap(map, LEN);
}

/* ---- how to see it ---- */

/* The fields of smaps for the mapping at @addr, in kB */
static void smaps_kb(const void *addr, long long *pss, long long *locked)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	char line[512];
	bool in = false;

	if (!smaps)
		tap_bail_out("/proc/self/smaps");
	*pss = *locked = -1;
	while (fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in = start == (uintptr_t)addr;
		else if (in && !strncmp(line, "Pss:", 4))
			*pss = atoll(line + 4);
		else if (in && !strncmp(line, "Locked:", 7))
			*locked = atoll(line + 7);
	}
	fclose(smaps);
}

static void test_smaps(void)
{
	const char *claim = "Locked of smaps is the share of the process in what is resident";
	const long long kb = page_size() / 1024;
	long long pss, locked, half, half_locked;
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ready[2], go[2];
	pid_t child;
	char c;

	if (map == MAP_FAILED || pipe(ready) || pipe(go))
		tap_bail_out("mmap");
	if (has_mlock2)
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
	else
		mlock(map, 4 * page_size());
	touch_range(map, 4 * page_size());
	smaps_kb(map, &pss, &locked);
	child = start_child();
	if (!child) {
		(void)*(volatile char *)map;
		(void)*(volatile char *)(map + page_size());
		(void)*(volatile char *)(map + 2 * page_size());
		(void)*(volatile char *)(map + 3 * page_size());
		if (write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(1);
		_exit(locked_pages() || mlock(map, 4 * page_size()) ||
		      locked_pages() != 4 ? 2 : 0);
	}
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("a child that maps the pages");
	smaps_kb(map, &half, &half_locked);
	if (!tap_check(locked == 4 * kb && pss == locked && half_locked == 2 * kb &&
		       half == half_locked, "%s", claim))
		printf("# got %lld and %lld, then %lld and %lld\n", pss, locked, half,
		       half_locked);
	c = 'g';
	if (write(go[1], &c, 1) != 1)
		tap_bail_out("a child that maps the pages");
	tap_check(!child_status(child), "two processes that lock the same pages are both charged");
	munmap(map, LEN);
}

/* The default, of 16 pages of 4 kB */
static void test_fault_around(void)
{
	FILE *f = fopen("/sys/kernel/debug/fault_around_bytes", "re");
	unsigned long bytes = 0;

	if (!f) {
		tap_skip("fault-around is 64 kB unless it was set", "no debugfs");
		return;
	}
	if (fscanf(f, "%lu", &bytes) != 1)
		bytes = 0;
	fclose(f);
	tap_check(bytes == 64 << 10, "fault-around is 64 kB unless it was set");
}

/* ---- memory that was in swap before it was locked ---- */

static void test_swapped_before(void)
{
	const char *claim = "what was swapped out before it is locked can still be read from the disk";
	enum { OUT = 64 };
	char *map;
	bool locked;
	int i;

	if (!make_swap() || !memcg_join()) {
		tap_skip(claim, "no swap or no memcg here");
		return;
	}
	memcg_limit(swap_pages() / 2 * page_size());
	map = map_pages(OUT);
	for (i = 0; i < OUT; i++)
		write_marker(map + i * page_size(), 0);
	push_out(swap_pages());
	if (count_pages(map, OUT, page_is_swapped) < OUT / 2)
		tap_bail_out("pages that stay");
	memcg_limit(-1);
	memcg_enter(MEMCG_ROOT);
	if (mlock(map, OUT * page_size()))
		tap_bail_out("mlock");
	locked = count_pages(map, OUT, page_is_mlocked) == OUT;
	memset(map, 0, OUT * page_size());
	/* The pages are no longer, so this is what was written before */
	tap_check(is_on_disk(0), "%s", claim);
	if (!locked)
		printf("# not all of the pages were Mlocked after mlock()\n");
	munmap(map, OUT * page_size());
}

int main(void)
{
	static const struct {
		const char *claim;
		size_t limit;
		bool (*test)(void);
		bool anywhere;		/* without mlock2(), too */
	} cases[] = {
		{ "munlock and munlockall need no limit and no privilege", 64 << 10,
		  unlocks_with_no_limit, true },
		{ "EPERM comes before EINVAL of a range that wraps", 0,
		  eperm_comes_before_a_wrap, false },
		{ "EINVAL of a range that wraps comes before ENOMEM of the limit", 64 << 10,
		  a_wrap_comes_before_the_limit, false },
		{ "mremap of a locked mapping beyond the limit is EAGAIN", 64 << 10,
		  mremap_beyond_the_limit_is_eagain, true },
		{ "mmap beyond the limit is EAGAIN under MCL_FUTURE", 64 << 10,
		  mmap_beyond_the_limit_is_eagain, true },
		{ "brk beyond the limit is ENOMEM under MCL_FUTURE", 64 << 10,
		  brk_beyond_the_limit_is_enomem, true },
		{ "a stack that is not locked grows so under MCL_FUTURE", 1 << 20,
		  an_unlocked_stack_stays_so, true },
		{ "a segment of shmat(2) is locked on fault under MCL_FUTURE|MCL_ONFAULT", 64 << 10,
		  segments_are_locked_on_fault, false },
		{ "a thread whose stack is larger than the limit is EAGAIN under MCL_FUTURE|MCL_ONFAULT",
		  1 << 20, large_thread_stacks_are_refused, false },
		{ "a thread's stack is charged whole under MCL_FUTURE|MCL_ONFAULT", 4 << 20,
		  thread_stacks_are_charged_whole, false },
	};
	const size_t number = sizeof(cases) / sizeof(cases[0]);
	size_t i;

	skip_without_page_flags();
	has_mlock2 = mlock2_supported();
	tap_plan(number + 12);
	test_default_limit();
	test_privileged();
	for (i = 0; i < number; i++)
		check_as_nobody(cases[i].claim, cases[i].limit, cases[i].test,
				cases[i].anywhere);
	/* A page less than the range without the hole */
	tap_check(as_nobody(LEN - 2 * page_size(), the_limit_comes_before_a_hole),
		  "ENOMEM of the limit comes before ENOMEM of a hole");
	test_beyond_the_file();
	test_read_into();
	test_max_map_count();
	test_stack();
	test_smaps();
	test_fault_around();
	test_swapped_before();
	return tap_exit();
}
