// SPDX-License-Identifier: GPL-2.0
/*
 * Three tasks lock the same pages, which another CPU has just made, so that it is not
 * known how many have locked them.  One unlocks them, and has to ask the others, while
 * the second locks and unlocks them: they stay Mlocked for the third.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { NR_PAGES = 4, SECONDS = 25, PARTIES = 3, ROUND = 6 };
#define LEN	(NR_PAGES * page_size())

static struct meeting *tasks_meet;
static int file;

/* In the LRU batch of our CPU, and of no other */
static void make_new_pages(void)
{
	size_t i;

	if (ftruncate(file, 0))
		tap_bail_out("ftruncate");
	for (i = 0; i < NR_PAGES; i++)
		if (pwrite(file, "n", 1, i * page_size()) != 1)
			tap_bail_out("write");
	if (ftruncate(file, LEN))
		tap_bail_out("ftruncate");
}

/*
 * One that has the pages locked from one meeting of each round to another, of which
 * there are ROUND
 */
static pid_t start_locker(unsigned int from, unsigned int until)
{
	pid_t locker = start_child();
	unsigned int met;
	char *map;

	if (locker)
		return locker;
	stay_on_cpu(0);
	map = map_file_pages(file, NR_PAGES, MAP_SHARED);
	for (met = 1;; met = met % ROUND + 1) {
		meet(tasks_meet);
		if (met == from) {
			must_lock(map, LEN);
			touch_range(map, LEN);
		} else if (met == until) {
			munlock(map, LEN);
		}
	}
}

int main(void)
{
	unsigned int rounds = 0, seed = 1, left, stayed;
	pid_t unlocker, keeper;
	time_t end;
	char *map, *look;

	tap_plan(2);
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = PARTIES;
	file = make_file("/tmp", NR_PAGES);
	stay_on_cpu(1);
	/* The first unlocks them at the third meeting, when we lock and unlock them */
	unlocker = start_locker(2, 3);
	/* The third keeps them until we have looked */
	keeper = start_locker(1, 5);
	map = map_file_pages(file, NR_PAGES, MAP_SHARED);
	/* Ours, not locked, for looking */
	look = map_file_pages(file, NR_PAGES, MAP_SHARED);
	end = time(NULL) + SECONDS;
	do {
		make_new_pages();
		meet(tasks_meet);
		meet(tasks_meet);
		touch_range(look, LEN);
		touch_range(map, LEN);
		meet(tasks_meet);
		spin_a_while(&seed, 12000, 1);
		must_lock(map, LEN);
		munlock(map, LEN);
		meet(tasks_meet);
		left = count_pages(look, NR_PAGES, page_is_mlocked);
		meet(tasks_meet);
		meet(tasks_meet);
		stayed = count_pages(look, NR_PAGES, page_is_mlocked);
		rounds++;
	} while (left == NR_PAGES && !stayed && time(NULL) < end);
	if (!tap_check(left == NR_PAGES,
		       "two that munlock leave pages locked for a third"))
		printf("# got %u of %d Mlocked in round %u\n", left, NR_PAGES, rounds);
	printf("# %u rounds\n", rounds);
	end_child(keeper);
	end_child(unlocker);
	if (!tap_check(!stayed && !stray_pages(), "none is locked when the third has unlocked"))
		printf("# got %u Mlocked, want 0\n", stayed);
	return tap_exit();
}
