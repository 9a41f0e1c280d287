// SPDX-License-Identifier: GPL-2.0
/*
 * Lock on fault and what kernels after v4.2 have beside it: MREMAP_DONTUNMAP,
 * userfaultfd, MADV_FREE and its like, huge pages of tmpfs, the OOM reaper.  What
 * a kernel lacks is skipped.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/ioctl.h>

#include "child.h"
#include "huge_pages.h"
#include "memcg.h"
#include "meminfo.h"
#include "swap_out.h"

#ifdef __NR_userfaultfd
# include <linux/userfaultfd.h>
#endif

enum { NR_PAGES = 64 };
#define LEN	(NR_PAGES * page_size())
#define PAGE(map, n)	((map) + (n) * page_size())

static volatile char sink;

static unsigned int nr_locked(char *map)
{
	return count_pages(map, NR_PAGES, page_is_locked);
}

static void skip_all(const char * const *claims, unsigned int nr, const char *why)
{
	while (nr--)
		tap_skip(*claims++, why);
}

/*
 * The posted versions of mlock2() had numbers that others have taken since: of
 * membarrier(), userfaultfd() and socketpair(), which refuse such arguments.
 */
static void test_numbers(void)
{
	static const int numbers[] = {
#if defined(__x86_64__) && defined(__ILP32__)
		0x40000000 + 323, 0x40000000 + 324,
#elif defined(__x86_64__)
		323, 324,
#elif defined(__i386__)
		360, 374, 375,
#endif
		-1
	};
	const char *claim = "the numbers that mlock2() had before it was merged lock nothing";
	char *map = map_pages(NR_PAGES);
	bool locks = false;
	int i;

	touch_range(map, LEN);
	if (numbers[0] < 0) {
		tap_skip(claim, "other numbers on this architecture");
		munmap(map, LEN);
		return;
	}
	for (i = 0; numbers[i] >= 0; i++)
		if (syscall(numbers[i], map, LEN, MLOCK_ONFAULT) != -1 ||
		    locked_pages() || nr_locked(map))
			locks = true;
	tap_check(!locks, "%s", claim);
	munmap(map, LEN);
}

static void test_dontunmap(void)
{
	static const char * const claims[] = {
		"MREMAP_DONTUNMAP: the pages that moved are locked",
		"MREMAP_DONTUNMAP: the mapping that pages moved to is locked",
		"MREMAP_DONTUNMAP: the mapping that is left is not locked",
		"MREMAP_DONTUNMAP: the charge is the same",
		"MREMAP_DONTUNMAP: a page touched in the new mapping is locked",
		"MREMAP_DONTUNMAP: a page touched in the old mapping is not locked",
		"MREMAP_DONTUNMAP: munmap of the old mapping takes nothing from the charge",
	};
	const int dontunmap = 4;
	char *map = map_pages(NR_PAGES), *new;
	long long charged;
	struct vma vma;

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	touch_range(map, LEN / 2);
	charged = locked_pages();
	new = mremap(map, LEN, LEN, MREMAP_MAYMOVE | dontunmap, NULL);
	if (new == MAP_FAILED) {
		skip_all(claims, 7, "not in this kernel");
		munmap(map, LEN);
		return;
	}
	tap_check(count_pages(new, NR_PAGES, batched_page_is_locked) == NR_PAGES / 2,
		  "%s", claims[0]);
	vma = vma_of(new);
	tap_check(vma.lo && vma.lf, "%s", claims[1]);
	vma = vma_of(map);
	tap_check(!vma.lo && !vma.lf && !vma.unknown, "%s", claims[2]);
	tap_check(locked_pages() == charged, "%s", claims[3]);
	*PAGE(new, NR_PAGES - 1) = 1;
	tap_check(batched_page_is_locked(PAGE(new, NR_PAGES - 1)), "%s", claims[4]);
	*map = 1;
	tap_check(page_is_unlocked(map), "%s", claims[5]);
	munmap(map, LEN);
	tap_check(locked_pages() == charged, "%s", claims[6]);
	munmap(new, LEN);
}

/* Only what moves loses its lock where it was, also of one VMA or to one */
static void test_dontunmap_part(void)
{
	static const char * const claims[] = {
		"MREMAP_DONTUNMAP of a part: the rest stays locked",
		"MREMAP_DONTUNMAP of a part: the charge is the same", "MREMAP_DONTUNMAP of a part: munmap takes all of the charge back",
		"MREMAP_DONTUNMAP to just behind, empty: the new place is locked",
		"MREMAP_DONTUNMAP to just behind, empty: the old place is not locked", "MREMAP_DONTUNMAP to just behind, empty: the charge is the same, and goes with munmap",
	};
	const int dontunmap = 4;
	char *map = map_pages(NR_PAGES), *new;

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	touch_range(map, LEN);
	new = mremap(map, LEN / 2, LEN / 2, MREMAP_MAYMOVE | dontunmap, NULL);
	if (new == MAP_FAILED) {
		skip_all(claims, 6, "not in this kernel");
		munmap(map, LEN);
		return;
	}
	tap_check(vma_of(map + LEN / 2).lf && !vma_of(map).lo &&
		  batched_page_is_locked(map + LEN / 2), "%s", claims[0]);
	tap_check(locked_pages() == NR_PAGES, "%s", claims[1]);
	munmap(map, LEN);
	munmap(new, LEN / 2);
	tap_check(!locked_pages(), "%s", claims[2]);

	/* Never touched, so that the two may become one VMA */
	map = map_pages(NR_PAGES);
	munmap(map + LEN / 2, LEN / 2);
	sys_mlock2(map, LEN / 2, MLOCK_ONFAULT);
	new = mremap(map, LEN / 2, LEN / 2,
		     MREMAP_MAYMOVE | MREMAP_FIXED | dontunmap, map + LEN / 2);
	tap_check(new == map + LEN / 2 && vma_of(new).lf, "%s", claims[3]);
	tap_check(!vma_of(map).lo, "%s", claims[4]);
	tap_check(locked_pages() == NR_PAGES / 2 && !munmap(map, LEN) &&
		  !locked_pages(), "%s", claims[5]);
}

#ifdef __NR_userfaultfd
/* A userfaultfd for the absent pages of @map, or -1 */
static int watch(char *map)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)map, .len = LEN },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && (ioctl(fd, UFFDIO_API, &api) ||
			ioctl(fd, UFFDIO_REGISTER, &reg))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool copy_to(int fd, char *page)
{
	char *from = map_pages(1);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page,
		.src = (uintptr_t)from,
		.len = page_size(),
	};
	bool ok;

	*from = 'u';
	ok = !ioctl(fd, UFFDIO_COPY, &copy) && *page == 'u';
	munmap(from, page_size());
	return ok;
}

static bool zero(int fd, char *page)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)page, .len = page_size() },
	};

	return !ioctl(fd, UFFDIO_ZEROPAGE, &zero) && !*page;
}
#else
static int watch(char *map)
{
	(void)map;
	return -1;
}

static bool copy_to(int fd, char *page)
{
	return page && fd < -1;
}

static bool zero(int fd, char *page)
{
	return page && fd < -1;
}
#endif

static void test_userfaultfd(void)
{
	static const char * const anonymous[] = {
		"UFFDIO_COPY: the page is locked",
		"UFFDIO_ZEROPAGE: the zero page is not marked",
		"UFFDIO_ZEROPAGE: what is written over the zero page is locked",
	};
	static const char * const shared[] = {
		"UFFDIO_COPY into shared memory: the page is locked",
		"UFFDIO_ZEROPAGE into shared memory: the page is locked",
	};
	char *map = map_pages(NR_PAGES);
	int fd = watch(map);

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	if (fd < 0) {
		skip_all(anonymous, 3, "no userfaultfd()");
	} else {
		tap_check(copy_to(fd, PAGE(map, 1)) &&
			  batched_page_is_locked(PAGE(map, 1)), "%s", anonymous[0]);
		tap_check(zero(fd, PAGE(map, 2)) &&
			  !page_is_mlocked(PAGE(map, 2)), "%s", anonymous[1]);
		*PAGE(map, 2) = 1;
		tap_check(batched_page_is_locked(PAGE(map, 2)), "%s", anonymous[2]);
		close(fd);
	}
	munmap(map, LEN);

	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	fd = watch(map);
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	if (fd < 0) {
		skip_all(shared, 2, "no userfaultfd() of shared memory");
	} else {
		tap_check(copy_to(fd, PAGE(map, 1)) &&
			  page_is_locked(PAGE(map, 1)), "%s", shared[0]);
		tap_check(zero(fd, PAGE(map, 2)) &&
			  page_is_locked(PAGE(map, 2)), "%s", shared[1]);
		close(fd);
	}
	munmap(map, LEN);
}

static char *map_for_advice(bool shared)
{
	char *map;

	if (shared)
		map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	else
		map = map_pages(NR_PAGES);
	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	touch_range(map, LEN);
	/* Of new pages in an LRU batch MADV_PAGEOUT takes none */
	drain_lru();
	return map;
}

/* What would take pages away does to lock on fault what it does to mlock() */
static void test_advice(void)
{
	static const struct {
		const char *name;
		int advice;
		bool shared;
	} cases[] = {
		{ "MADV_DONTNEED", MADV_DONTNEED, false },
		{ "MADV_FREE", 8, false },
		{ "MADV_REMOVE", 9, true },
		{ "MADV_COLD", 20, false },
		{ "MADV_PAGEOUT", 21, false },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char claim[64], *map = map_for_advice(cases[i].shared);
		int error;

		snprintf(claim, sizeof(claim), "%s is refused, as for mlock()",
			 cases[i].name);
		if (madvise(map, LEN, cases[i].advice)) {
			tap_skip(claim, "not in this kernel");
			munmap(map, LEN);
			continue;
		}
		munmap(map, LEN);
		map = map_for_advice(cases[i].shared);
		mlock(map, LEN);
		error = error_of(madvise(map, LEN, cases[i].advice));
		munlock(map, LEN);
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(error == EINVAL &&
			  error_of(madvise(map, LEN, cases[i].advice)) == error &&
			  nr_locked(map) == NR_PAGES && *map == 1, "%s", claim);
		munmap(map, LEN);
	}
}

/* Advice that was followed before the lock */
static void test_advised_before(void)
{
	const char *lazy = "present before: pages that MADV_FREE has given up";
	const char *cold = "present before: pages that MADV_COLD has put aside";
	static const char * const out[] = {
		"MADV_PAGEOUT before the call: what is out stays out",
		"MADV_PAGEOUT before the call: what was out is locked when it is touched",
	};
	char *map = map_for_advice(false);
	bool swap;

	if (madvise(map, LEN, 8 /* MADV_FREE */)) {
		tap_skip(lazy, "not in this kernel");
	} else {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(nr_locked(map) == NR_PAGES && *map == 1, "%s", lazy);
	}
	munmap(map, LEN);

	map = map_for_advice(false);
	if (madvise(map, LEN, 20 /* MADV_COLD */)) {
		tap_skip(cold, "not in this kernel");
	} else {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(nr_locked(map) == NR_PAGES, "%s", cold);
	}
	munmap(map, LEN);

	map = map_for_advice(false);
	swap = make_swap();
	if (!swap || madvise(map, LEN, 21 /* MADV_PAGEOUT */)) {
		skip_all(out, 2, "no swap, or not in this kernel");
	} else {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(page_is_swapped(PAGE(map, 3)) &&
			  page_is_swapped(PAGE(map, 4)), "%s", out[0]);
		sink = *PAGE(map, 3);
		*PAGE(map, 4) = 1;
		tap_check(page_is_locked(PAGE(map, 3)) &&
			  page_is_locked(PAGE(map, 4)), "%s", out[1]);
	}
	munmap(map, LEN);
	if (swap)
		end_swap();
}

/* @pages of @fd at an address that is @off beyond a boundary of a huge page */
static char *map_huge_file(int fd, size_t huge, size_t off)
{
	char *map = mmap(NULL, 4 * huge, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	map = (char *)(((uintptr_t)map + huge) & -huge) + off;
	map = mmap(map, 2 * huge, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		   fd, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	return map;
}

static void test_huge_tmpfs(void)
{
	static const char * const claims[] = {
		"huge page of tmpfs: present before", "huge page of tmpfs: touched",
		"huge pages of tmpfs: meminfo and a full scan count both",
		"huge pages of tmpfs: munlock leaves nothing",
		"huge page of tmpfs: locked by two mappings, munlock of one leaves it to the other",
		"huge page of tmpfs: one that ptes map is never marked",
		"huge page of tmpfs: one that ptes map counts for nothing", "huge page of tmpfs: one that ptes map counts for nothing after munmap",
	};
	const char *dir = "/tmp/mlock2-huge";
	size_t huge = huge_page_size();
	struct marked start, want;
	char *map, *twin;
	int fd;

	mkdir(dir, 0700);
	if (files_are_unevictable() ||
	    mount("huge", dir, "tmpfs", 0, "huge=always")) {
		skip_all(claims, 8, "no huge pages of tmpfs");
		return;
	}
	fd = open(dir, O_RDWR | O_TMPFILE, 0600);
	if (fd < 0 || ftruncate(fd, 2 * huge))
		tap_bail_out(dir);
	map = map_huge_file(fd, huge, 0);
	*map = 1;
	if (!(page_kflags(map) & KPF_THP)) {
		skip_all(claims, 8, "no room for huge pages");
		munmap(map, 2 * huge);
		goto out;
	}
	counters_agree(NULL);
	start = scan_marked();
	sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
	tap_check(page_is_locked(map), "%s", claims[0]);
	map[huge] = 1;
	tap_check(page_is_locked(map + huge), "%s", claims[1]);
	want.mlocked = start.mlocked + 2 * huge / page_size();
	want.unevictable = start.unevictable + 2 * huge / page_size();
	tap_check(counters_agree(&want), "%s", claims[2]);
	munlock(map, 2 * huge);
	tap_check(counters_agree(&start), "%s", claims[3]);
	twin = map_huge_file(fd, huge, 0);
	sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
	sys_mlock2(twin, 2 * huge, MLOCK_ONFAULT);
	*twin = 2;
	munlock(map, 2 * huge);
	tap_check(page_is_locked(twin), "%s", claims[4]);
	munmap(twin, 2 * huge);
	munmap(map, 2 * huge);

	/*
	 * An exception of v5.10: reclaim does not take it, and no more is done.  At
	 * an address that the colours of a cache allow.
	 */
	map = map_huge_file(fd, huge, huge / 2);
	sink = *map;
	sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
	map[page_size()] = 1;
	tap_check(page_is_present(map) && !page_is_mlocked(map), "%s", claims[5]);
	tap_check(counters_agree(&start), "%s", claims[6]);
	munmap(map, 2 * huge);
	tap_check(counters_agree(&start), "%s", claims[7]);
out:
	close(fd);
	umount(dir);
	rmdir(dir);
}

/* v4.2 and v6.12 mark what they may have to split later, v5.10 nothing that is shared */
static void test_fork(void)
{
	static const char * const claims[] = {
		"a huge page shared by a fork is marked in v4.2 and v6.12, never in v5.10",
		"a huge page shared by a fork: the copy is locked when it is written",
		"a huge page shared by a fork: nothing is marked when parent and child are gone",
	};
	const char *v510 = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";
	size_t huge = huge_page_size();
	struct marked start;
	char *map = map_huge(huge);
	pid_t pid;

	if (!map) {
		skip_all(claims, 3, "no huge pages");
		return;
	}
	counters_agree(NULL);
	start = scan_marked();
	pid = start_child();
	if (!pid)
		for (;;)
			pause();
	sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
	tap_check(page_is_mlocked(map) == (access(v510, F_OK) || kernel_since(5, 18)),
		  "%s", claims[0]);
	*map = 2;
	tap_check(batched_page_is_locked(map), "%s", claims[1]);
	munmap(map, 2 * huge);
	end_child(pid);
	tap_check(counters_agree(&start), "%s", claims[2]);
}

static void test_oom(void)
{
	static const char * const claims[] = {
		"a task with an on-fault lock is killed for lack of memory",
		"the killed task leaves nothing marked",
		"the killed task gives its memory back",
	};
	const size_t limit = 16 * LEN;
	struct marked start;
	pid_t child;
	int status;

	if (!memcg_join()) {
		skip_all(claims, 3, "no memcg here");
		return;
	}
	/* The child alone: we want to live */
	memcg_enter(MEMCG_ROOT);
	memcg_limit(limit);
	counters_agree(NULL);
	start = scan_marked();
	child = start_child();
	if (!child) {
		memcg_enter(MEMCG);
		touch_range(map_pages(limit / 4 / page_size()), limit / 4);
		mlockall(MCL_FUTURE | MCL_ONFAULT);
		touch_range(map_pages(limit * 2 / page_size()), limit * 2);
		_exit(0);
	}
	status = child_status(child);
	if (!tap_check(status == 128 + SIGKILL, "%s", claims[0]))
		printf("# got status %d\n", status);
	if (!tap_check(counters_agree(&start) &&
		       memcg_unevictable(MEMCG) <= memcg_slack(),
		       "%s", claims[1]))
		printf("# got %lld unevictable pages of the memcg\n",
		       memcg_unevictable(MEMCG));
	tap_check(memcg_usage() < (long long)limit / 4, "%s", claims[2]);
	memcg_leave();
}

int main(void)
{
	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	skip_without_page_flags();

	tap_plan(1 + 7 + 6 + 5 + 5 + 4 + 8 + 3 + 3);
	/* Of what waits in the LRU batch of another CPU nothing is said */
	stay_on_cpu(0);
	test_numbers();
	test_dontunmap();
	test_dontunmap_part();
	test_userfaultfd();
	test_advice();
	test_advised_before();
	test_huge_tmpfs();
	test_fork();
	test_oom();
	return tap_exit();
}
