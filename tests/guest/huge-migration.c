// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages that go from node to node.  One that cannot be moved, because a pipe has a
 * part of it, stays locked.  And one moves while a task, which maps it whole, locks and
 * unlocks it, and another one maps a single page of it, by a pte.  Such a huge page is
 * not to be Mlocked: what then unmaps that pte is told to munlock a part of it, which
 * is a BUG in a debug kernel.  Needs root, two nodes, and for the second part a kernel
 * since v4.5.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/uio.h>

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

/* To @node, or nowhere if that is negative; where it is then, or -errno */
static int move_to(int node)
{
	void *page = map;
	int status = -1;

	if (syscall(__NR_move_pages, 0, 1UL, &page, node < 0 ? NULL : &node, &status,
		    MPOL_MF_MOVE) < 0)
		return -errno;
	return status;
}

/* v4.2 splits it, and moves the other parts */
static void test_failure(void)
{
	const size_t pages = huge / page_size();
	struct iovec vec = { map + page_size(), page_size() };
	unsigned int locked;
	bool is_huge;
	int fds[2];

	if (pipe(fds))
		tap_bail_out("pipe");
	must_lock(map, huge);
	if (vmsplice(fds[1], &vec, 1, 0) != (ssize_t)page_size())
		tap_bail_out("vmsplice");
	move_to(!move_to(-1));
	/* Since v4.16 it is put back by way of an LRU batch */
	drain_lru();
	is_huge = page_is_huge(map);
	locked = count_pages(map, is_huge ? 1 : pages, page_is_locked);
	if (!tap_check(locked == (is_huge ? 1 : pages),
		       "a huge page that cannot be moved stays locked"))
		printf("# got %u locked, of %zu, huge: %d\n", locked, pages, is_huge);
	close(fds[0]);
	close(fds[1]);
	munmap(map, huge);
}

static char *new_huge_page(void)
{
	char *new = map_huge(huge);

	if (!new)
		tap_bail_out("no huge pages");
	munmap(new + huge, huge);
	return new;
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
	if (move_to(1) < 0)
		tap_skip_all("no second node");
	tap_plan(2);
	munmap(map, huge);
	map = new_huge_page();
	test_failure();
	map = new_huge_page();
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
