// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks have locked a page that many others map, and it is not known how many have
 * locked it.  One munlocks it, and looks at all that map it.  Meanwhile the second locks
 * it by a mapping where that look has been already, and munlocks the one where it has
 * yet to come: the page stays Mlocked.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

/* The look goes over them in the order in which they were made */
enum { OTHERS = 500, SECONDS = 8, MOST_TURNS = 20000 };

static struct meeting *tasks_meet;
static int file;
static volatile char sink;

static char *map_it(void)
{
	char *map = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, file, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	return map;
}

static pid_t start_other(void)
{
	unsigned int seed = 1;
	pid_t child = start_child();
	char *before, *after;

	if (child)
		return child;
	stay_on_cpu(1);
	before = map_it();
	meet(tasks_meet);
	meet(tasks_meet);
	after = map_it();
	for (;;) {
		/* A new page, in the LRU batch of this CPU */
		if (fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, page_size()) ||
		    pwrite(file, "n", 1, 0) != 1)
			_exit(1);
		meet(tasks_meet);
		meet(tasks_meet);
		must_lock(after, page_size());
		sink = *after + *before;
		meet(tasks_meet);
		spin_a_while(&seed, MOST_TURNS, 0);
		must_lock(before, page_size());
		munlock(after, page_size());
		meet(tasks_meet);
		meet(tasks_meet);
		munlock(before, page_size());
		meet(tasks_meet);
	}
}

int main(void)
{
	unsigned int rounds = 0, lost = 0, stayed = 0, i;
	char *others[OTHERS], *ours;
	time_t end;
	pid_t child;

	tap_plan(2);
	skip_without_page_flags();
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = 2;
	file = make_file("/tmp", 1);
	stay_on_cpu(0);
	child = start_other();
	meet(tasks_meet);
	for (i = 0; i < OTHERS; i++)
		others[i] = map_it();
	ours = map_it();
	meet(tasks_meet);
	end = time(NULL) + SECONDS;
	do {
		meet(tasks_meet);
		must_lock(ours, page_size());
		sink = *ours;
		for (i = 0; i < OTHERS; i++)
			sink = *others[i];
		meet(tasks_meet);
		meet(tasks_meet);
		munlock(ours, page_size());
		meet(tasks_meet);
		lost += !page_is_mlocked(ours);
		meet(tasks_meet);
		meet(tasks_meet);
		stayed += page_is_mlocked(ours);
		rounds++;
	} while (time(NULL) < end);
	if (!tap_check(!lost, "what another task locks while munlock() looks at the others stays Mlocked"))
		printf("# lost in %u of %u rounds\n", lost, rounds);
	printf("# %u rounds\n", rounds);
	end_child(child);
	if (!tap_check(!stayed && !stray_pages(), "nothing stays Mlocked when all have unlocked it"))
		printf("# Mlocked after %u of %u rounds\n", stayed, rounds);
	return tap_exit();
}
