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

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"
#include "../../files/tools/testing/selftests/vm/huge_pages.h"

enum { NR_HUGE = 48, MOST_LOCKERS = 3, SECONDS = 8 };

static size_t huge, len;
static char *area;		/* what we, the bystander, map */
static struct meeting *lockers_meet;
static volatile char sink;

static void do_munlock(void)
{
	munlock(area, len);
}

static void do_munmap(void)
{
	munmap(area, len);
}

static void do_map_over(void)
{
	if (mmap(area, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) == MAP_FAILED)
		_exit(1);
}

/* Something else, which is not touched, is moved to where it was */
static void do_move_over(void)
{
	char *other = mmap(NULL, len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (other == MAP_FAILED ||
	    mremap(other, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, area) != area)
		_exit(1);
}

static void do_exit(void)
{
}

typedef void (*task_fn)(void);

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

/*
 * Two that go through the pages in the same order come together by themselves:
 * the one behind finds the marks cleared, and has less to do.  So all that is
 * needed is that both begin at about the same time.
 */
static void lock_and_race(unsigned int which, unsigned int seed)
{
	size_t at;

	stay_on_cpu(which);
	/* fork() does not copy the mapping of a file */
	for (at = 0; at < len; at += huge)
		sink = area[at];
	if (lock_range(area, len))
		_exit(1);
	meet(lockers_meet);
	spin_a_while(&seed, 1 << rand_r(&seed) % 16);
	race->tasks[which]();
	_exit(0);
}

/* How many of our pages are left Mlocked? */
static unsigned int race_once(unsigned int round)
{
	pid_t lockers[MOST_LOCKERS];
	unsigned int nr, i, left = 0;
	size_t at;

	for (nr = 0; nr < MOST_LOCKERS && race->tasks[nr]; nr++)
		;
	lockers_meet->arrived = 0;
	lockers_meet->parties = nr;
	for (i = 0; i < nr; i++) {
		lockers[i] = start_child();
		if (!lockers[i])
			lock_and_race(i, round * MOST_LOCKERS + i + 1);
	}
	for (i = 0; i < nr; i++)
		if (child_status(lockers[i]))
			tap_bail_out("a task that locks");
	for (at = 0; at < len; at += huge)
		left += page_is_mlocked(area + at);
	return left;
}

/* Until it fails, for so many seconds; then a scan, for what is not ours */
static void run_race(const char *claim)
{
	time_t end = time(NULL) + SECONDS;
	unsigned int round = 0, left = 0, failed = 0, fr = 0;
	size_t stray;

	do {
		left = race_once(round++);
		failed += left;
		fr += !!left;
	} while (/*!left &&*/ time(NULL) < end);
	stray = stray_pages();
	printf("# %u in %u of %u\n", failed, fr, round);
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

/* False if there are no huge pages to map */
static bool map_area(int fd)
{
	char *map = mmap(NULL, len + huge, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	bool all = true;
	size_t at;

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	munmap(map, len + huge);
	area = (char *)(((uintptr_t)map + huge - 1) & -huge);
	if (mmap(area, len, PROT_READ | PROT_WRITE, MAP_FIXED |
		 (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED), fd, 0) != area)
		tap_bail_out("mmap");
	madvise(area, len, MADV_HUGEPAGE);
	for (at = 0; at < len; at += huge) {
		area[at] = 1;
		all = all && page_is_huge(area + at);
	}
	/* mlock() of the control kernel would copy what is shared */
	mprotect(area, len, PROT_READ);
	return all;
}

static void race_anonymous(void)
{
	run_races("anonymous", map_area(-1) ? NULL : "no huge pages");
	munmap(area, len);
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
		if (fd < 0 || ftruncate(fd, len))
			tap_bail_out(dir);
		run_races("tmpfs", map_area(fd) ? NULL : "no room for huge pages");
		munmap(area, len);
		close(fd);
		umount(dir);
	}
	rmdir(dir);
}

int main(void)
{
	huge = huge_page_size();
	len = NR_HUGE * huge;
	lockers_meet = (struct meeting *)map_shared(page_size());
	tap_plan(2 * sizeof(races) / sizeof(*races));
	race_anonymous();
	race_tmpfs();
	return tap_exit();
}
