// SPDX-License-Identifier: GPL-2.0
/*
 * munlock() of a large range clears VM_LOCKED of all of it, and comes to its last page
 * late.  Meanwhile another task, which has locked that page, too, unlocks it and locks
 * it anew by another mapping: it stays Mlocked for that one.  The first page of the range,
 * to which munlock() comes at once, does not stay Mlocked when the other unlocks it.
 * The page was in the LRU batch of another CPU when it was locked first, so that it is
 * not known how many have locked it.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

/* Rounds that do not meet munlock() at its work are of no use: as many as are enough */
enum { NR_PAGES = 8192, LAST = NR_PAGES - 1, SECONDS = 50, ENOUGH = 12 };
#define LEN	(NR_PAGES * page_size())

enum how { PRESENT, BY_FAULT, VISITED };

static struct shared {
	struct meeting meeting;
	size_t page;			/* of the file: where the two meet */
	double begin, end;		/* of munlock() */
} *tasks;
static int file;
static volatile char sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void wait_until(double when)
{
	while (now() < when)
		continue;
}

static char *map_page(void)
{
	char *map = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, file,
			 tasks->page * page_size());

	if (map == MAP_FAILED)
		tap_bail_out("mmap of a page");
	return map;
}

static pid_t start_munlocker(void)
{
	pid_t child = start_child();
	unsigned int i;
	char *map;

	if (child)
		return child;
	stay_on_cpu(1);
	map = map_file_pages(file, NR_PAGES, MAP_SHARED);
	for (;;) {
		meet(&tasks->meeting);
		if (pwrite(file, "n", 1, tasks->page * page_size()) != 1)
			_exit(1);
		meet(&tasks->meeting);
		meet(&tasks->meeting);
		must_lock(map, LEN);
		for (i = 0; i < NR_PAGES; i++)
			sink = *PAGE(map, i);
		meet(&tasks->meeting);
		meet(&tasks->meeting);
		tasks->begin = now();
		munlock(map, LEN);
		tasks->end = now();
		meet(&tasks->meeting);
	}
}

/* The other page is locked by a fault or where it is present; on the control kernel by mlock() */
static void test_race(enum how how, const char *claim, const char *after)
{
	const double give_up = now() + SECONDS;
	unsigned int rounds = 0, met = 0, wrong = 0, seed = 1;
	double took = 0.01, from, until;
	char *first, *second;
	pid_t munlocker;

	tasks->page = how == VISITED ? 0 : LAST;
	first = map_page();
	second = map_page();
	/* The last one was ended where it waited */
	tasks->meeting.arrived = 0;
	munlocker = start_munlocker();
	while (met < ENOUGH && now() < give_up) {
		munlock(first, page_size());
		munmap(second, page_size());
		second = map_page();
		if (fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
			      tasks->page * page_size(), page_size()))
			tap_bail_out("fallocate");
		meet(&tasks->meeting);
		meet(&tasks->meeting);
		/* It is in a batch of the other CPU */
		must_lock(first, page_size());
		sink = *first;
		meet(&tasks->meeting);
		meet(&tasks->meeting);
		if (how == BY_FAULT)
			must_lock(second, page_size());
		else
			sink = *second;
		meet(&tasks->meeting);
		wait_until(now() + took * (rand_r(&seed) % 100) / 100);
		from = now();
		munlock(first, page_size());
		if (how == PRESENT)
			must_lock(second, page_size());
		sink = *second;
		until = now();
		meet(&tasks->meeting);
		took += (tasks->end - tasks->begin - took) / 4;
		met += from > tasks->begin && until < tasks->end;
		wrong += page_is_mlocked(second) != (how != VISITED);
		rounds++;
	}
	printf("# %u of %u rounds met munlock() at its work\n", met, rounds);
	/* Not to have tried is no success */
	if (!tap_check(!wrong && met >= ENOUGH, "%s", claim))
		printf("# wrong in %u rounds; want %u that met\n", wrong, ENOUGH);
	munmap(first, page_size());
	munmap(second, page_size());
	end_child(munlocker);
	tap_check(!stray_pages(), "%s", after);
}

int main(void)
{
	tap_plan(6);
	skip_without_page_flags();
	tasks = (struct shared *)map_shared(page_size());
	tasks->meeting.parties = 2;
	file = make_file("/tmp", NR_PAGES);
	stay_on_cpu(0);
	test_race(PRESENT, "what another task locks while munlock() comes to it stays Mlocked",
		  "nothing stays Mlocked of what another task locked");
	test_race(BY_FAULT, "what a fault locks while munlock() comes to it stays Mlocked",
		  "nothing stays Mlocked of what a fault locked");
	test_race(VISITED, "what another task unlocks after munlock() was there is not Mlocked",
		  "nothing stays Mlocked of what munlock() has visited");
	return tap_exit();
}
