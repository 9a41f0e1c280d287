// SPDX-License-Identifier: GPL-2.0
/*
 * Several tasks have locked the same huge pages: one takes its mapping away while
 * others munlock().  What is left to a bystander, who has locked nothing, is not
 * Mlocked.  Huge pages that are shared since a fork, and those of tmpfs, which
 * kernels since v4.8 have.  In every other round their charge moves to another memcg
 * once they are locked, which takes them off the LRU: then nobody knows any more how
 * many have locked them, and munlock() has to look.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"
#include "charges.h"

enum { NR_HUGE = 32, NR_LOCKERS = 2 };

static size_t huge;
/* What we, the bystander, map; each page lies alone, in a VMA of its own */
static char *area;
/* The lockers, and they and we */
static struct meeting *lockers_meet, *all_meet;
/* We can have our charges moved, and in which of two groups we are */
static bool can_move, moved;
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

/* All pages at once, and no more turns */
static void do_exit(char *page)
{
	(void)page;
	_exit(0);
}

/*
 * By rules of thumb: how many turns of a loop it has to begin earlier than munlock(),
 * how much that differs from time to time, and how long it takes until one is met
 */
static const struct race {
	const char *name;
	void (*unmap)(char *page);
	unsigned int lead, most, seconds;
} races[] = {
	{ "munmap", do_munmap, 0, 1500, 8 },
	{ "MAP_FIXED", do_map_over, 800, 1500, 8 },
	{ "mremap", do_move_over, 1500, 1500, 8 },
	{ "exit", do_exit, 300, 4000, 20 },
};

enum { NR_RACES = sizeof(races) / sizeof(*races) };
static const struct race *race;

static void lock_and_race(void (*task)(char *page), unsigned int lead,
			  unsigned int seed)
{
	bool once = race->unmap == do_exit;
	unsigned int i;

	for (i = 0; i < NR_HUGE; i++) {
		/* fork() does not copy the mapping of a file */
		sink = *nth(i);
		if (lock_range(nth(i), huge))
			_exit(1);
	}
	if (can_move) {
		meet(all_meet);
		/* Now their charge may move */
		meet(all_meet);
	}
	for (i = 0; i < NR_HUGE; i++) {
		if (!i || !once)
			meet(lockers_meet);
		spin_a_while(&seed, race->most, lead);
		task(nth(i));
	}
	_exit(0);
}

/* One unmaps while the other munlocks: how many of our pages are Mlocked then? */
static unsigned int race_once(unsigned int round)
{
	pid_t lockers[NR_LOCKERS];
	unsigned int i, mlocked = 0;

	lockers_meet->arrived = 0;
	all_meet->arrived = 0;
	for (i = 0; i < NR_LOCKERS; i++) {
		lockers[i] = start_child();
		if (!lockers[i]) {
			stay_on_cpu(i);
			lock_and_race(i ? do_munlock : race->unmap,
				      i ? race->lead : 0, NR_LOCKERS * round + i);
		}
	}
	if (can_move) {
		meet(all_meet);
		if (round & 1) {
			moved = !moved;
			memcg_enter(moved ? TO : MEMCG);
		}
		meet(all_meet);
	}
	for (i = 0; i < NR_LOCKERS; i++)
		if (child_status(lockers[i]))
			tap_bail_out("a task that locks");
	for (i = 0; i < NR_HUGE; i++)
		mlocked += page_is_mlocked(nth(i));
	return mlocked;
}

/*
 * Until it fails, or for so many seconds; then a scan, for what is not ours.  If we
 * have locked them, too, all have to be Mlocked until we munlock them.
 */
static void run_race(const char *claim, bool three)
{
	const unsigned int want = three ? NR_HUGE : 0;
	time_t end = time(NULL) + (three ? 3 : race->seconds);
	unsigned int round = 0, mlocked, i;
	size_t stray;

	for (i = 0; i < NR_HUGE && three; i++)
		must_lock(nth(i), huge);
	do {
		mlocked = race_once(round++);
	} while (mlocked == want && time(NULL) < end);
	for (i = 0; i < NR_HUGE && three; i++)
		munlock(nth(i), huge);
	stray = stray_pages();
	if (!tap_check(mlocked == want && !stray, "%s", claim))
		printf("# got %u Mlocked in round %u, want %u; then %zu strays, want 0\n",
		       mlocked, round, want, stray);
}

static void run_races(const char *what, bool can, bool marks_shared)
{
	char claim[96];
	size_t i;

	for (i = 0; i < 2 * NR_RACES; i++) {
		bool three = i >= NR_RACES;

		race = &races[i % NR_RACES];
		snprintf(claim, sizeof(claim), three ?
			 "%s: %s during munlock leaves them to a third that locks them" :
			 "%s: %s during munlock leaves nothing locked", what, race->name);
		if (!can)
			tap_skip(claim, "no such huge pages");
		else if (three && !marks_shared)
			tap_skip(claim, "huge pages that are shared are not marked");
		else
			run_race(claim, three);
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

/* v5.10 does not mark huge pages that are shared since a fork, but leaves marks */
static bool marks_shared_pages(void)
{
	pid_t child = start_child();
	bool marked;

	if (!child)
		for (;;)
			pause();
	must_lock(area, huge);
	marked = page_is_mlocked(area);
	munlock(area, huge);
	end_child(child);
	return marked;
}

static void race_anonymous(void)
{
	bool can = map_area(-1);

	run_races("anonymous", can, can && marks_shared_pages());
	unmap_area();
}

static void race_tmpfs(void)
{
	const char *dir = "/tmp/huge-races";
	bool can;
	int fd;

	mkdir(dir, 0700);
	if (mount("huge", dir, "tmpfs", 0, "huge=always")) {
		run_races("tmpfs", false, false);
	} else {
		fd = open(dir, O_RDWR | O_TMPFILE, 0600);
		if (fd < 0 || ftruncate(fd, NR_HUGE * huge))
			tap_bail_out(dir);
		can = map_area(fd);
		run_races("tmpfs", can, can);
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
	lockers_meet->parties = NR_LOCKERS;
	all_meet = (struct meeting *)map_shared(page_size());
	all_meet->parties = NR_LOCKERS + 1;
	can_move = charges_join();
	tap_plan(2 * 2 * NR_RACES);
	race_anonymous();
	race_tmpfs();
	printf("# their charges %s\n", can_move ? "moved" : "did not move");
	charges_leave();
	return tap_exit();
}
