// SPDX-License-Identifier: GPL-2.0
/*
 * Several tasks have locked the same huge pages: one takes its mapping away while
 * others munlock().  What is left to a bystander, who has locked nothing, is not
 * Mlocked.  Huge pages that are shared since a fork, and those of tmpfs, which
 * kernels since v4.8 have.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "race.h"
#include "../../files/tools/testing/selftests/vm/huge_pages.h"

enum { NR_HUGE = 32, MOST_LOCKERS = 3, MOST_TURNS = 400, SECONDS = 6 };

static size_t huge;
/* What we, the bystander, map; each page lies alone, in a VMA of its own */
static char *area;
static struct meeting *lockers_meet;
static volatile char sink;

static char *nth(unsigned int n)
{
	return area + n * 2 * huge;
}

static void do_munlock(char *page)
{
	munlock(page, huge);
}

static void do_munmap(char *page)
{
	munmap(page, huge);
}

static void do_map_over(char *page)
{
	if (mmap(page, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		_exit(1);
}

/* Something else, not touched, is moved to where it was */
static void do_move_over(char *page)
{
	char *other = mmap(NULL, huge, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (other == MAP_FAILED ||
	    mremap(other, huge, huge, MREMAP_MAYMOVE | MREMAP_FIXED, page) != page)
		_exit(1);
}

/* All pages at once, so it has one turn: the others go on alone */
static void do_exit(char *page)
{
	(void)page;
	_exit(0);
}

typedef void (*task_fn)(char *page);

static const struct race {
	const char *claim;
	task_fn tasks[MOST_LOCKERS];	/* at the same time; NULL: no task */
} races[] = {
	{ "munmap, munlock", { do_munmap, do_munlock, NULL } },
	{ "MAP_FIXED, munlock", { do_map_over, do_munlock, NULL } },
	{ "mremap, munlock", { do_move_over, do_munlock, NULL } },
	{ "exit, munlock", { do_exit, do_munlock, NULL } },
	{ "munmap, munlock, munlock", { do_munmap, do_munlock, do_munlock } },
	{ "munmap, munmap, munlock", { do_munmap, do_munmap, do_munlock } },
	{ "exit, exit, munlock", { do_exit, do_exit, do_munlock } },
};
static const struct race *race;

static void lock_and_race(unsigned int which, unsigned int seed)
{
	task_fn task = race->tasks[which];
	unsigned int i;

	stay_on_cpu(which);
	for (i = 0; i < NR_HUGE; i++) {
		/* fork() does not copy the mapping of a file */
		sink = *nth(i);
		if (lock_range(nth(i), huge))
			_exit(1);
	}
	for (i = 0; i < NR_HUGE; i++) {
		if (!i || race->tasks[0] != do_exit)
			meet(lockers_meet);
		spin_a_while(&seed, MOST_TURNS);
		task(nth(i));
	}
	_exit(0);
}

/* How many of our pages are left Mlocked? */
static unsigned int race_once(unsigned int round)
{
	pid_t lockers[MOST_LOCKERS];
	unsigned int nr, i, left = 0;

	for (nr = 0; nr < MOST_LOCKERS && race->tasks[nr]; nr++)
		;
	lockers_meet->arrived = 0;
	lockers_meet->parties = nr;
	for (i = 0; i < nr; i++) {
		lockers[i] = start_child();
		if (!lockers[i])
			lock_and_race(i, round * MOST_LOCKERS + i);
	}
	for (i = 0; i < nr; i++)
		if (child_status(lockers[i]))
			tap_bail_out("a task that locks");
	for (i = 0; i < NR_HUGE; i++)
		left += page_is_mlocked(nth(i));
	return left;
}

/* Until it fails, for so many seconds; then a scan, for what is not ours */
static void run_race(const char *claim)
{
	time_t end = time(NULL) + SECONDS;
	unsigned int round = 0, left = 0, failed = 0;
	size_t stray;

	do {
		left = race_once(round++);
		failed += left;
	} while (/*!left &&*/ time(NULL) < end);
	stray = stray_pages();
	printf("# %u of %u\n", failed, round * NR_HUGE);
	if (!tap_check(!left && !stray, "%s", claim))
		printf("# got %u huge pages, %zu in a scan, that nobody locks, in round %u; want 0\n",
		       left, stray, round);
}

static void run_races(const char *what, const char *why_not)
{
	char claim[96];
	size_t i;

	for (i = 0; i < sizeof(races) / sizeof(*races); i++) {
		race = &races[i];
		snprintf(claim, sizeof(claim), "%s: %s leave nothing locked", what,
			 race->claim);
		if (why_not)
			tap_skip(claim, why_not);
		else
			run_race(claim);
	}
}

static void unmap_area(void)
{
	unsigned int i;

	for (i = 0; i < NR_HUGE; i++)
		munmap(nth(i), huge);
}

/* False if there are no huge pages to map */
static bool map_area(int fd)
{
	bool all = true;
	unsigned int i;

	area = mmap(NULL, (2 * NR_HUGE + 1) * huge, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		tap_bail_out("mmap");
	munmap(area, (2 * NR_HUGE + 1) * huge);
	area = (char *)(((uintptr_t)area + huge - 1) & -huge);
	for (i = 0; i < NR_HUGE; i++) {
		char *page = mmap(nth(i), huge, PROT_READ | PROT_WRITE, MAP_FIXED |
				  (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED),
				  fd, fd < 0 ? 0 : i * huge);

		if (page == MAP_FAILED)
			tap_bail_out("mmap");
		madvise(page, huge, MADV_HUGEPAGE);
		*page = 1;
		all = all && page_is_huge(page);
		/* mlock() of the control kernel would copy what is shared */
		mprotect(page, huge, PROT_READ);
	}
	return all;
}

static void race_anonymous(void)
{
	run_races("anonymous", map_area(-1) ? NULL : "no huge pages");
	unmap_area();
}

static void race_tmpfs(void)
{
	const char *dir = "/tmp/huge-races";
	int fd;

	mkdir(dir, 0700);
	if (mount("huge", dir, "tmpfs", 0, "huge=always")) {
		run_races("tmpfs", "no huge pages of tmpfs");
	} else {
		fd = open(dir, O_RDWR | O_TMPFILE, 0600);
		if (fd < 0 || ftruncate(fd, NR_HUGE * huge))
			tap_bail_out(dir);
		run_races("tmpfs", map_area(fd) ? NULL : "no room for huge pages");
		unmap_area();
		close(fd);
		umount(dir);
	}
	rmdir(dir);
}

int main(void)
{
	huge = huge_page_size();
	lockers_meet = (struct meeting *)map_shared(page_size());
	tap_plan(2 * sizeof(races) / sizeof(*races));
	race_anonymous();
	race_tmpfs();
	return tap_exit();
}
