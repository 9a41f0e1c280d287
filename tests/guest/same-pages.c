// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks without privilege lock and unlock the same pages of a file, each on a
 * CPU of its own, as often as they can; each round has a file of its own.  When they
 * have ended nobody locks anything, and no page of the files is Mlocked, whatever
 * RLIMIT_MEMLOCK allows.  The pages stay in the page cache, which is where a mark
 * would stay.  Needs root, to look.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/resource.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { NR_PAGES = 16, ROUNDS = 8, SECONDS = 2, NOBODY = 65534 };
#define LEN	(NR_PAGES * page_size())

static struct meeting *tasks_meet;

static pid_t start_locker(int file, unsigned int cpu, int (*lock)(const void *, size_t))
{
	const struct rlimit limit = { LEN, LEN };
	const time_t end = time(NULL) + SECONDS;
	pid_t locker = start_child();
	char *map;

	if (locker)
		return locker;
	stay_on_cpu(cpu);
	map = map_file_pages(file, NR_PAGES, MAP_SHARED);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(NOBODY))
		_exit(1);
	touch_range(map, LEN);
	meet(tasks_meet);
	while (time(NULL) < end)
		if (lock(map, LEN) || munlock(map, LEN))
			_exit(2);
	_exit(0);
}

static void test_lock(const char *name, int (*lock)(const void *, size_t))
{
	char *look[ROUNDS];
	unsigned int round, left = 0, stray;
	pid_t lockers[2];
	int file, failed = 0;

	for (round = 0; round < ROUNDS; round++) {
		file = make_file("/tmp", NR_PAGES);
		look[round] = map_file_pages(file, NR_PAGES, MAP_SHARED);
		lockers[0] = start_locker(file, 0, lock);
		lockers[1] = start_locker(file, 1, lock);
		failed += !!child_status(lockers[0]) + !!child_status(lockers[1]);
		close(file);
	}
	drain_lru();
	for (round = 0; round < ROUNDS; round++) {
		touch_range(look[round], LEN);
		left += count_pages(look[round], NR_PAGES, page_is_mlocked);
	}
	stray = stray_pages();
	if (!tap_check(!failed && !left && !stray,
		       "two tasks that %s and munlock() the same pages leave none of them Mlocked", name))
		printf("# %d of %d failed; %u of %d pages Mlocked, where each task may lock %d; %u stray\n",
		       failed, 2 * ROUNDS, left, ROUNDS * NR_PAGES, NR_PAGES, stray);
	for (round = 0; round < ROUNDS; round++)
		munmap(look[round], LEN);
}

int main(void)
{
	tap_plan(2);
	skip_without_page_flags();
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = 2;
	test_lock("mlock()", mlock);
	test_lock("lock on fault", lock_range);
	return tap_exit();
}
