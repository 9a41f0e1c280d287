// SPDX-License-Identifier: GPL-2.0
/*
 * Plain mlock(), munlock() and mlockall(): what lock on fault is built on, and
 * must leave as it is or mends.  Runs on kernels without mlock2(), too.  Needs
 * root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/resource.h>

#include "child.h"
#include "page_state.h"
#include "swap_out.h"

enum { NR_PAGES = 16 };
#define LEN	(NR_PAGES * page_size())
#define PAGE(map, n)	((map) + (n) * page_size())

static void test_mlock(void)
{
	char *map = map_pages(NR_PAGES);

	tap_check(!mlock(map, LEN), "mlock succeeds");
	tap_check(count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "mlock populates and locks the range");
	tap_check(locked_pages() == NR_PAGES, "mlock charges the range");
	tap_check(!munlock(map, LEN) && !locked_pages(), "munlock uncharges it");
	tap_check(count_pages(map, NR_PAGES, page_is_unlocked) == NR_PAGES,
		  "munlock unlocks the pages of the range");
	munmap(map, LEN);
}

static void test_length(void)
{
	char *map = map_pages(NR_PAGES);

	tap_check(is_refused(mlock(map, SIZE_MAX)),
		  "mlock of the largest length is EINVAL");
	tap_check(is_refused(munlock(map, SIZE_MAX)), "munlock of the largest length is EINVAL");
	munlockall();
	munmap(map, LEN);
}

static void test_limit(void)
{
	const struct rlimit limit = { LEN, LEN };
	char *map = map_pages(NR_PAGES);
	pid_t child = start_child();
	int status;

	if (!child) {
		if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(65534))
			_exit(2);
		if (mlock(map, LEN))
			_exit(3);
		_exit(mlock(map, LEN) != 0);
	}
	status = child_status(child);
	if (!tap_check(!status, "at the limit, the same range can be locked again"))
		printf("# got status %d\n", status);
	munmap(map, LEN);
}

static void lock_range(char *map, size_t len)
{
	mlock(map, len);
}

static void test_compaction(void)
{
	const char *claim = "pages are locked after memory was compacted";
	char *map = map_compacted(NR_PAGES, lock_range);

	if (!map) {
		tap_skip(claim, "nothing is moved in this kernel");
		return;
	}
	tap_check(count_pages(map, NR_PAGES, batched_page_is_locked) == NR_PAGES, "%s", claim);
	munmap(map, LEN);
}

static void test_swapped_out(void)
{
	const char *claim = "pages that were swapped out are locked when mlock has swapped them in";
	char *map = map_pages(NR_PAGES);
	bool out = make_swap() && swap_out(map, NR_PAGES);

	memcg_leave();
	if (!out)
		tap_skip(claim, "no swap or no memcg here");
	else if (!tap_check(!mlock(map, LEN) &&
			    count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
			    "%s", claim))
		printf("# got %u of %d\n",
		       count_pages(map, NR_PAGES, page_is_locked), NR_PAGES);
	munmap(map, LEN);
	end_swap();
}

/* Present pages, of which one may not be accessed, so that nothing can populate it */
static void test_no_access(void)
{
	char *map = map_pages(NR_PAGES);
	unsigned int locked;
	pid_t child;
	int status;

	touch_range(map, LEN);
	mprotect(PAGE(map, 1), page_size(), PROT_NONE);
	mlock(map, LEN);
	locked = count_pages(map, NR_PAGES, page_is_locked);
	if (!tap_check(locked == NR_PAGES,
		       "mlock that a PROT_NONE page ends locks all pages that are present"))
		printf("# got %u of %d\n", locked, NR_PAGES);
	munlock(map, LEN);
	tap_check(count_pages(map, NR_PAGES, page_is_unlocked) == NR_PAGES,
		  "munlock unlocks present pages, a PROT_NONE one as well");

	child = start_child();
	if (!child) {
		char *own = map_pages(NR_PAGES);

		touch_range(own, LEN);
		mprotect(own, LEN, PROT_NONE);
		if (mlockall(MCL_CURRENT))
			_exit(2);
		_exit(count_pages(own, NR_PAGES, page_is_locked) != NR_PAGES);
	}
	status = child_status(child);
	if (!tap_check(!status, "mlockall(MCL_CURRENT) locks present pages of a PROT_NONE range"))
		printf("# got status %d\n", status);
	munmap(map, LEN);
}

static void test_remap_file_pages(void)
{
	static const char * const claims[] = {
		"remap_file_pages keeps the charge",
		"remap_file_pages leaves the rest of the VMA locked",
		"munmap after remap_file_pages takes all of the charge back",
	};
	int fd = make_file("/tmp", NR_PAGES), i;
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	mlock(map, LEN);
	if (syscall(__NR_remap_file_pages, PAGE(map, 4), page_size(), 0, 9, 0)) {
		for (i = 0; i < 3; i++)
			tap_skip(claims[i], "no remap_file_pages() here");
		munmap(map, LEN);
	} else {
		tap_check(locked_pages() == NR_PAGES, "%s", claims[0]);
		tap_check(vma_of(map).lo && vma_of(PAGE(map, 9)).lo, "%s",
			  claims[1]);
		munmap(map, LEN);
		tap_check(!locked_pages(), "%s", claims[2]);
	}
	close(fd);
}

static void test_all(void)
{
	pid_t child = start_child();
	int status;

	if (!child) {
		char *map, *brk = sbrk(0);

		if (mlockall(MCL_FUTURE))
			_exit(2);
		map = map_pages(NR_PAGES);
		if (count_pages(map, NR_PAGES, page_is_locked) != NR_PAGES)
			_exit(3);
		if (sbrk(page_size()) != brk)
			_exit(4);
		munlockall();
		_exit(locked_pages() || vma_of(map).lo ||
		      count_pages(map, NR_PAGES, page_is_unlocked) != NR_PAGES);
	}
	status = child_status(child);
	if (!tap_check(!status, "mlockall(MCL_FUTURE) populates, munlockall undoes it"))
		printf("# got status %d\n", status);
}

/* A shared page that one of two has locked by mlock(), seen after its munmap */
static void test_two(void)
{
	int fd = make_file("/tmp", NR_PAGES), go[2], ready[2];
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), c;
	pid_t child;

	if (pipe(go) || pipe(ready))
		tap_bail_out("pipe");
	memset(map, 1, LEN);
	child = start_child();
	if (!child) {
		mlock(map, LEN);
		if (write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(2);
		munmap(map, LEN);
		_exit(0);
	}
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("read");
	tap_check(count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "pages that another process locks are locked");
	if (write(go[1], "g", 1) != 1)
		tap_bail_out("write");
	if (child_status(child))
		tap_bail_out("the process that locks");
	tap_check(count_pages(map, NR_PAGES, file_page_is_unlocked) == NR_PAGES,
		  "pages that another process locked are unlocked once it has unmapped them");
	munmap(map, LEN);
	close(fd);
}

/* Two that share a page by fork and have both locked it; one of them writes */
static void test_copied(void)
{
	char *map = map_pages(1), c;
	int go[2], ready[2], status;
	pid_t child;

	if (pipe(go) || pipe(ready))
		tap_bail_out("pipe");
	*map = 1;
	child = start_child();
	if (!child) {
		/* A read lock of a page that is there copies nothing */
		mprotect(map, page_size(), PROT_READ);
		mlock(map, page_size());
		if (write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) != 1)
			_exit(2);
		_exit(!page_is_locked(map));
	}
	mprotect(map, page_size(), PROT_READ);
	mlock(map, page_size());
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("read");
	mprotect(map, page_size(), PROT_READ | PROT_WRITE);
	*map = 2;
	if (write(go[1], "g", 1) != 1)
		tap_bail_out("write");
	status = child_status(child);
	if (!tap_check(!status, "a page that two lock stays locked for one when the other copies it"))
		printf("# got status %d\n", status);
	munmap(map, page_size());
}

static long long events(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "re");
	long long value = -1;
	char line[128];
	size_t len = strlen(name);

	if (!f)
		tap_bail_out("/proc/vmstat");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ' ')
			value = atoll(line + len);
	fclose(f);
	return value;
}

/* What one process unlocks is no matter for what others have locked */
static void test_bystander(void)
{
	int fd = make_file("/tmp", NR_PAGES);
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	const char *claim =
		"munlockall of another process does not touch pages that it has not locked";
	long long before;
	pid_t child;

	memset(map, 1, LEN);
	mlock(map, LEN);
	before = events("unevictable_pgs_munlocked") +
		events("unevictable_pgs_cleared");
	child = start_child();
	if (!child) {
		char *own = map_pages(1);

		memset(map, 2, LEN);
		mlock(own, page_size());
		munlockall();
		_exit(0);
	}
	if (child_status(child))
		tap_bail_out("a second process");
	/* The page of its own may count */
	if (before < 0)
		tap_skip(claim, "no event counters in this kernel");
	else
		tap_check(events("unevictable_pgs_munlocked") +
			  events("unevictable_pgs_cleared") - before <= 2 &&
			  count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES, "%s",
			  claim);
	munmap(map, LEN);
	close(fd);
}

int main(void)
{
	skip_without_page_flags();

	tap_plan(21);
	/* Of what waits in the LRU batch of another CPU nothing is said */
	stay_on_cpu(0);
	test_mlock();
	test_length();
	test_limit();
	test_compaction();
	test_swapped_out();
	test_no_access();
	test_remap_file_pages();
	test_all();
	test_two();
	test_copied();
	test_bystander();
	return tap_exit();
}
