// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages that a task has locked and others would split: reclaim of another
 * memcg, the shrinker of tmpfs, and a child that has a part of it for itself.  For
 * kernels that map parts of huge pages by ptes, and have huge pages of tmpfs.  Needs
 * root, and /dev/ram0 for swap.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/mount.h>
#include <sys/stat.h>

#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/race.h"
#include "../../files/tools/testing/selftests/vm/swap_out.h"
#include "books.h"

#define DIR	"/tmp/huge-shared"

enum { SECONDS = 15, MOST_TURNS = 3200 };

static size_t huge;
static volatile char sink;

/* A huge page of a file of @len bytes in tmpfs; the last close removes it */
static char *map_huge_file(size_t len)
{
	char *at = map_aligned(huge), *map;
	int fd = open(DIR, O_RDWR | O_TMPFILE, 0600);

	if (!at || fd < 0 || ftruncate(fd, len))
		tap_bail_out("a file of tmpfs");
	munmap(at, 2 * huge);
	map = mmap(at, huge, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap of a huge page");
	close(fd);
	touch_range(map, len < huge ? len : huge);
	if (!page_is_huge(map))
		tap_bail_out("tmpfs has no huge pages");
	return map;
}

static unsigned int present(const char *map, size_t len)
{
	return count_pages(map, len / page_size(), page_is_present);
}

/* Charged to a memcg that is emptied, locked by a task of another: us */
static void test_memcg(bool by_ptes)
{
	unsigned int want, got;
	char *map;
	size_t at;

	if (!memcg_join())
		tap_bail_out("no memcg of the first version");
	map = map_huge_file(2 * huge);
	memcg_enter(MEMCG_ROOT);
	if (by_ptes)
		mprotect(map + huge / 2, huge / 2, PROT_READ);
	must_lock(map, huge);
	for (at = 0; at < huge; at += page_size())
		sink = map[at];
	want = present(map, huge);
	write_file(MEMCG "/memory.force_empty", "0");
	got = present(map, huge);
	if (!tap_check(want == huge / page_size() && got == want,
		       "reclaim of another memcg leaves a huge page mapped by %s",
		       by_ptes ? "ptes" : "a pmd"))
		printf("# got %u pages of %u\n", got, want);
	munmap(map, huge);
	memcg_leave();
}

/* A file that ends in its huge page: what lies beyond is for the shrinker */
static void test_shrinker(void)
{
	char *map = map_huge_file(huge / 2);
	unsigned int want, got;
	int i;

	/* All of it: the border of a VMA would split the pmd */
	must_lock(map, huge);
	want = present(map, huge / 2);
	for (i = 0; i < 10; i++)
		write_file("/proc/sys/vm/drop_caches", "2");
	got = present(map, huge / 2);
	if (!tap_check(want == huge / 2 / page_size() && got == want && page_is_huge(map),
		       "the shrinker of tmpfs leaves a locked huge page"))
		printf("# got %u pages of %u, huge: %d\n", got, want, page_is_huge(map));
	munmap(map, huge);
}

static struct meeting *tasks_meet;

/* Splits its pmd, by a copy on write, while we lock ours */
static void split(char *map, unsigned int seed)
{
	stay_on_cpu(1);
	meet(tasks_meet);
	spin_a_while(&seed, MOST_TURNS, 0);
	map[page_size()] = 2;
	meet(tasks_meet);
	for (;;)
		pause();
}

static void test_split(void)
{
	unsigned int seed = 1, rounds = 0, marked = 0;
	time_t end = time(NULL) + SECONDS;
	size_t stray;

	stay_on_cpu(0);
	do {
		char *map = map_huge(huge);
		pid_t child;

		if (!map)
			tap_bail_out("no huge pages");
		child = start_child();
		if (!child)
			split(map, rounds);
		meet(tasks_meet);
		spin_a_while(&seed, MOST_TURNS, 0);
		must_lock(map, huge);
		meet(tasks_meet);
		/* The child maps it by ptes: it is not to be Mlocked */
		marked += page_is_mlocked(map);
		/* As a whole: one that is marked is not to be munlocked in parts */
		munlock(map, huge);
		end_child(child);
		munmap(map, 2 * huge);
		rounds++;
	} while (!marked && time(NULL) < end);
	leave_cpu();
	stray = stray_pages();
	if (!tap_check(!marked && !stray, "a huge page that a child splits meanwhile is not locked"))
		printf("# got %u Mlocked in round %u, %zu that nobody locks, want 0\n",
		       marked, rounds, stray);
	printf("# %u rounds\n", rounds);
}

int main(void)
{
	if (!mlock2_supported())
		tap_skip_all("no mlock2()");
	huge = huge_page_size();
	mkdir(DIR, 0700);
	if (mount("none", DIR, "tmpfs", 0, "huge=always"))
		tap_skip_all("no huge pages of tmpfs");
	if (!make_swap())
		tap_skip_all("no swap");
	tap_plan(4);
	tasks_meet = (struct meeting *)map_shared(page_size());
	tasks_meet->parties = 2;
	test_memcg(false);
	test_memcg(true);
	test_shrinker();
	test_split();
	umount(DIR);
	swapoff("/dev/ram0");
	return tap_exit();
}
