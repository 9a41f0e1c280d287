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

enum { NR_PAGES = 4, SECONDS = 25, PARTIES = 3 };
#define LEN	(NR_PAGES * page_size())

static struct meeting *tasks_meet;
static int file;

static char *map_file(void)
{
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	return map;
}

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

/* The third: has them locked from the second meeting to the fifth of each round */
static pid_t start_keeper(void)
{
	pid_t keeper = start_child();
	char *map;

	if (keeper)
		return keeper;
	stay_on_cpu(0);
	map = map_file();
	for (;;) {
		meet(tasks_meet);
		must_lock(map, LEN);
		touch_range(map, LEN);
		meet(tasks_meet);
		meet(tasks_meet);
		meet(tasks_meet);
		meet(tasks_meet);
		munlock(map, LEN);
		meet(tasks_meet);
	}
}

/* The first: unlocks them between the third meeting and the fourth */
static pid_t start_unlocker(void)
{
	pid_t unlocker = start_child();
	char *map;

	if (unlocker)
		return unlocker;
	stay_on_cpu(0);
	map = map_file();
	for (;;) {
		meet(tasks_meet);
		meet(tasks_meet);
		must_lock(map, LEN);
		touch_range(map, LEN);
		meet(tasks_meet);
		munlock(map, LEN);
		meet(tasks_meet);
		meet(tasks_meet);
		meet(tasks_meet);
	}
}

int main(void)
{
	unsigned int rounds = 0, seed = 1, left, stayed;
	pid_t keeper, unlocker;
	time_t end;
	char *map, *look;

	tap_plan(2);
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = PARTIES;
	file = make_file("/tmp", NR_PAGES);
	stay_on_cpu(1);
	keeper = start_keeper();
	unlocker = start_unlocker();
	map = map_file();
	/* Ours, not locked, for looking */
	look = map_file();
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
