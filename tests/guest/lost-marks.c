// SPDX-License-Identifier: GPL-2.0
/*
 * A page of an on-fault VMA is touched at the moment when another task drops the last
 * other mapping of it: it is present and Mlocked then.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/race.h"

enum { NR_PAGES = 256, SECONDS = 15, MOST_TURNS = 600 };
#define LEN	(NR_PAGES * page_size())

static struct meeting *tasks_meet;
static volatile bool *stop;	/* for both, before a round */
static volatile char sink;

/* The other task: maps a page, and gives it up while we touch it */
static void drop_pages(int fd, bool copy)
{
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			 copy ? MAP_PRIVATE : MAP_SHARED, fd, 0);
	unsigned int seed = 1, i;

	stay_on_cpu(1);
	for (;;) {
		meet(tasks_meet);
		if (*stop)
			_exit(0);
		for (i = 0; i < NR_PAGES; i++)
			sink = *PAGE(map, i);
		for (i = 0; i < NR_PAGES; i++) {
			meet(tasks_meet);
			spin_a_while(&seed, MOST_TURNS, 0);
			if (copy)
				*PAGE(map, i) = 1;
			else
				madvise(PAGE(map, i), page_size(), MADV_DONTNEED);
		}
		meet(tasks_meet);
		madvise(map, LEN, MADV_DONTNEED);
	}
}

static bool is_lost(const void *addr)
{
	return page_is_present(addr) && !page_is_mlocked(addr);
}

static void measure(const char *how, bool copy)
{
	int fd = make_file("/tmp", NR_PAGES);
	unsigned int seed = 2, rounds = 0, i, lost = 0, absent = 0;
	time_t end = time(NULL) + SECONDS;
	pid_t child;
	char *map;

	*stop = false;
	child = start_child();
	if (!child)
		drop_pages(fd, copy);
	stay_on_cpu(0);
	for (; !lost && time(NULL) < end; rounds++) {
		meet(tasks_meet);
		map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			tap_bail_out("mmap");
		must_lock(map, LEN);
		/* Writes: a read would map 16 at once */
		for (i = 0; i < NR_PAGES; i++) {
			meet(tasks_meet);
			spin_a_while(&seed, MOST_TURNS, 0);
			*PAGE(map, i) = 1;
		}
		meet(tasks_meet);
		lost += count_pages(map, NR_PAGES, is_lost);
		absent += NR_PAGES - count_pages(map, NR_PAGES, page_is_present);
		munmap(map, LEN);
	}
	*stop = true;
	meet(tasks_meet);
	if (!tap_check(!child_status(child) && !absent && !lost,
		       "%s: pages that are touched meanwhile are Mlocked", how))
		printf("# got %u absent, %u not Mlocked, want 0\n", absent, lost);
	printf("# %u pages\n", rounds * NR_PAGES);
	close(fd);
}

int main(void)
{
	if (!mlock2_supported())
		tap_skip_all("mlock() has touched all pages before");
	tap_plan(2);
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = 2;
	stop = (bool *)(tasks_meet + 1);
	measure("MADV_DONTNEED", false);
	measure("copy on write", true);
	return tap_exit();
}
