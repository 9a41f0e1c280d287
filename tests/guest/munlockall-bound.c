// SPDX-License-Identifier: GPL-2.0
/*
 * What a task of 32 bits has locked above 3 GiB, after personality() has lowered
 * its TASK_SIZE: munlockall(), mlockall() and exit still find it.  For a build of
 * 32 bits on a kernel of 64; root starts it, what is locked without privilege is
 * judged by a scan.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/personality.h>
#include <sys/resource.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { NR_PAGES = 16, NR_ROUNDS = 64, NOBODY = 65534 };
#define LEN	(NR_PAGES * page_size())

static void lower_task_size(void)
{
	if (personality(PER_LINUX | ADDR_LIMIT_3GB) < 0)
		tap_bail_out("personality");
}

static void raise_task_size(void)
{
	if (personality(PER_LINUX) < 0)
		tap_bail_out("personality");
}

/* Above 3 GiB; NULL if there is nothing */
static char *map_high(size_t pages)
{
	char *map = mmap((void *)0xd0000000, pages * page_size(),
			 PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	madvise(map, pages * page_size(), MADV_NOHUGEPAGE);
	return (uintptr_t)map >= 0xc0000000 ? map : NULL;
}

static void test_munlockall(void)
{
	char *map = map_high(NR_PAGES);
	long long charged;

	must_lock(map, LEN);
	touch_range(map, LEN);
	lower_task_size();
	munlockall();
	charged = locked_pages();
	raise_task_size();
	if (!tap_check(!charged && count_pages(map, NR_PAGES, page_is_unlocked) == NR_PAGES,
		       "munlockall unlocks pages that lie above TASK_SIZE"))
		printf("# got %u of %d pages unlocked, %lld charged; want all, 0\n",
		       count_pages(map, NR_PAGES, page_is_unlocked), NR_PAGES, charged);
	munmap(map, LEN);
}

static void test_mlockall(int flags, const char *claim)
{
	char *map = map_high(NR_PAGES);
	unsigned int locked;
	int ret;

	touch_range(map, LEN);
	lower_task_size();
	ret = mlockall(flags);
	raise_task_size();
	if (ret && errno == EINVAL && flags != MCL_CURRENT) {
		tap_skip(claim, "no MCL_ONFAULT");
	} else {
		locked = count_pages(map, NR_PAGES, page_is_locked);
		if (!tap_check(!ret && locked == NR_PAGES, "%s", claim))
			printf("# got %u of %d pages locked, returned %d\n", locked,
			       NR_PAGES, ret);
	}
	munlockall();
	munmap(map, LEN);
}

/* A user with a limit of NR_PAGES, again and again; then it ends */
static void test_limit(void)
{
	const struct rlimit limit = { LEN, LEN };
	int go[2], ready[2], status;
	size_t left;
	pid_t child;
	char c;

	if (pipe(go) || pipe(ready))
		tap_bail_out("pipe");
	child = start_child();
	if (!child) {
		char *map = map_high(NR_ROUNDS * NR_PAGES), *at = map;
		int round;

		close(go[1]);
		if (setrlimit(RLIMIT_MEMLOCK, &limit) ||
		    setresuid(NOBODY, NOBODY, NOBODY))
			_exit(2);
		for (round = 0; round < NR_ROUNDS; round++, at += LEN) {
			raise_task_size();
			if (lock_range(at, LEN))
				_exit(3);
			touch_range(at, LEN);
			lower_task_size();
			munlockall();
		}
		if (write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) < 0)
			_exit(4);
		_exit(0);
	}
	close(go[0]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("the child that locks");
	left = stray_pages();
	if (!tap_check(!left, "a user who may lock %d pages has no others locked",
		       NR_PAGES))
		printf("# got %zu pages that nobody locks, want 0\n", left);
	close(go[1]);
	status = child_status(child);
	left = stray_pages();
	if (!tap_check(!status && !left,
		       "none is locked when a task that has lowered its TASK_SIZE has ended"))
		printf("# got status %d, %zu pages that nobody locks\n", status, left);
	close(ready[0]);
}

int main(void)
{
	char *map;

	if (sizeof(long) != 4)
		tap_skip_all("for a build of 32 bits");
	raise_task_size();
	map = map_high(NR_PAGES);
	if (!map)
		tap_skip_all("nothing can be mapped above 3 GiB");
	munmap(map, LEN);

	tap_plan(5);
	/* No page waits in the LRU batch of another CPU */
	stay_on_cpu(0);
	test_munlockall();
	test_mlockall(MCL_CURRENT | MCL_ONFAULT,
		      "mlockall(MCL_CURRENT|MCL_ONFAULT) locks present pages above TASK_SIZE");
	test_mlockall(MCL_CURRENT,
		      "mlockall(MCL_CURRENT) locks present pages above TASK_SIZE");
	test_limit();
	return tap_exit();
}
