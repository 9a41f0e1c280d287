// SPDX-License-Identifier: GPL-2.0
/*
 * Two tasks have locked the same pages of a file.  One unlocks them, or unmaps them,
 * while the other changes the protection of its mapping, which takes each pte away for
 * a moment: the pages stay Mlocked, for the other one.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { NR_PAGES = 4, SECONDS = 10 };
#define LEN	(NR_PAGES * page_size())

static struct meeting *tasks_meet;
static int file;
static volatile char sink;

static pid_t start_other(void)
{
	pid_t other = start_child();
	char *map;

	if (other)
		return other;
	stay_on_cpu(1);
	map = map_file_pages(file, NR_PAGES, MAP_SHARED);
	must_lock(map, LEN);
	touch_range(map, LEN);
	meet(tasks_meet);
	for (;;) {
		if (mprotect(map, LEN, PROT_READ) ||
		    mprotect(map, LEN, PROT_READ | PROT_WRITE))
			_exit(1);
		sink = *map;
	}
}

static char *map_and_touch(void)
{
	char *map = map_file_pages(file, NR_PAGES, MAP_SHARED);
	size_t i;

	for (i = 0; i < NR_PAGES; i++)
		sink = *PAGE(map, i);
	return map;
}

static void test_race(bool unmap)
{
	time_t end = time(NULL) + SECONDS;
	unsigned int rounds = 0, left;
	char *map, *look = map_file_pages(file, NR_PAGES, MAP_SHARED);
	pid_t other;

	other = start_other();
	meet(tasks_meet);
	/* Ours, not locked, for looking */
	for (left = 0; left < NR_PAGES; left++)
		sink = *PAGE(look, left);
	map = map_and_touch();
	do {
		must_lock(map, LEN);
		if (unmap) {
			munmap(map, LEN);
			map = map_and_touch();
		} else {
			munlock(map, LEN);
		}
		left = count_pages(look, NR_PAGES, page_is_mlocked);
		rounds++;
	} while (left == NR_PAGES && time(NULL) < end);
	munmap(map, LEN);
	if (!tap_check(left == NR_PAGES, "%s leaves pages locked for one that changes their protection",
		       unmap ? "munmap" : "munlock"))
		printf("# got %u of %d Mlocked in round %u\n", left, NR_PAGES, rounds);
	printf("# %u rounds\n", rounds);
	end_child(other);
	left = count_pages(look, NR_PAGES, page_is_mlocked);
	if (!tap_check(!left && !stray_pages(), "none is locked after %s when the other has ended",
		       unmap ? "munmap" : "munlock"))
		printf("# got %u Mlocked, want 0\n", left);
	munmap(look, LEN);
}

int main(void)
{
	tap_plan(4);
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = 2;
	file = make_file("/tmp", NR_PAGES);
	stay_on_cpu(0);
	test_race(false);
	test_race(true);
	return tap_exit();
}
