// SPDX-License-Identifier: GPL-2.0
/*
 * A huge page goes from node to node while one task, which maps it whole, locks and
 * unlocks it, and another one maps a single page of it, by a pte.  Such a huge page is
 * not to be Mlocked: what then unmaps that pte is told to munlock a part of it, which
 * is a BUG in a debug kernel.  Needs root, two nodes, and a kernel since v4.5.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/race.h"

#ifndef MPOL_MF_MOVE
# define MPOL_MF_MOVE	2
#endif

/* Relatives make the walk of the reverse map, and so the migration, take long */
enum { NR_RELATIVES = 150, SECONDS = 15, MOST_TURNS = 20000 };

static size_t huge;
static char *map;
static struct meeting *tasks_meet;
static volatile bool moving, stop;

/* To the other node, and where it is then */
static int move_to(int node)
{
	void *page = map;
	int status = -1;

	if (syscall(__NR_move_pages, 0, 1UL, &page, &node, &status, MPOL_MF_MOVE) < 0)
		return -errno;
	return status;
}

static void *lock_and_unlock(void *unused)
{
	unsigned int seed = 1;

	stay_on_cpu(1);
	while (!stop) {
		munlock(map, huge);
		must_lock(map, huge);
		spin_a_while(&seed, 2 * MOST_TURNS, 0);
		while (!moving && !stop)
			;
	}
	return unused;
}

/* In a child: 0, or 1 if it came to be Mlocked, or 2 if it never moved */
static int race_moves(void)
{
	unsigned int rounds = 0, moved = 0, seed = 2;
	time_t end = time(NULL) + SECONDS;
	bool mlocked = false;
	pthread_t thread;
	int node = 1;

	stay_on_cpu(0);
	if (pthread_create(&thread, NULL, lock_and_unlock, NULL))
		return 3;
	while (!mlocked && time(NULL) < end) {
		moving = true;
		spin_a_while(&seed, MOST_TURNS, 0);
		if (move_to(node) == node) {
			node = !node;
			moved++;
		}
		moving = false;
		mlocked = page_is_mlocked(map);
		rounds++;
	}
	stop = true;
	pthread_join(thread, NULL);
	mlocked = mlocked || page_is_mlocked(map);
	printf("# moved %u times in %u rounds\n", moved, rounds);
	/* Nobody else is to unmap a part of a page that is marked: it goes as a whole */
	munlock(map, huge);
	return mlocked ? 1 : moved ? 0 : 2;
}

static pid_t start_relative(void)
{
	pid_t child = start_child();

	if (!child) {
		madvise(map, huge, MADV_DONTNEED);
		for (;;)
			pause();
	}
	return child;
}

int main(void)
{
	const char *claim = "a huge page that moves is not Mlocked while a pte maps a part";
	static pid_t relatives[NR_RELATIVES];
	pid_t racer;
	int i, status;

	if (!mlock2_supported())
		tap_skip_all("no mlock2()");
	huge = huge_page_size();
	map = map_huge(huge);
	if (!map)
		tap_skip_all("no huge pages");
	munmap(map + huge, huge);
	if (move_to(1) != 1)
		tap_skip_all("no second node");
	move_to(0);
	tap_plan(1);
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = 2;
	racer = start_child();
	if (!racer) {
		meet(tasks_meet);
		_exit(race_moves());
	}
	for (i = 0; i < NR_RELATIVES; i++)
		relatives[i] = start_relative();
	/* One page is left to us */
	munmap(map, 2 * page_size());
	munmap(map + 3 * page_size(), huge - 3 * page_size());
	if (!page_is_huge(map + 2 * page_size())) {
		tap_skip(claim, "no ptes map huge pages in this kernel");
		end_child(racer);
	} else {
		must_lock(map + 2 * page_size(), page_size());
		meet(tasks_meet);
		status = child_status(racer);
		if (status > 1)
			tap_bail_out("the task that moves");
		tap_check(!status, "%s", claim);
	}
	for (i = 0; i < NR_RELATIVES; i++)
		end_child(relatives[i]);
	return tap_exit();
}
