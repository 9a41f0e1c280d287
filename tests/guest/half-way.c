// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim unmaps a page from a task that munlocks it at that moment, and stops
 * half-way, because another task that shares the page has used it.  The page stays,
 * and is not Mlocked.
 *
 * The moment is too short to be met: it takes a kernel with a delay before reclaim
 * unmaps a page that several tasks map, and that stops then, see tests/expect/mutants-*.
 *
 * Three tasks in a memcg that is too small: one locks and unlocks page after page, one
 * uses the same pages, one presses.  From time to time they pause, for a scan.  Needs
 * root, and /dev/ram0 for swap.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/race.h"
#include "../../files/tools/testing/selftests/vm/swap_out.h"
#include "books.h"

enum { NR_FIRST = 4096, NR_PAGES = 64, ROUNDS = 60, ROUND_MS = 500 };

/*
 * A part that keeps munlock() busy, so that the pages behind it are Mlocked for a while
 * that are no longer VM_LOCKED
 */
static char *area, *shared;
static struct {
	struct meeting meeting;		/* before and after each round */
	volatile bool stop;
	volatile unsigned long turns[3];
} *common;

static volatile char sink;

/* Not often: reclaim leaves alone what was used since it came by */
static void use(void)
{
	size_t i;

	for (i = 0; i < NR_PAGES; i++)
		sink = *PAGE(shared, i);
	usleep(ROUND_MS * 1000 / 4);
}

static void lock_and_unlock(void)
{
	const size_t len = (NR_FIRST + NR_PAGES) * page_size();
	static unsigned int turn;

	/* So that each is mapped here, now and then */
	sink = *PAGE(shared, turn++ % NR_PAGES);
	if (lock_range(area, len) || munlock(area, len))
		_exit(1);
}

static void press(void)
{
	static char *map;
	static size_t at;
	size_t pages = swap_pages();

	if (!map)
		map = map_pages(pages);
	/* A few at a time: the others are to have their pages as well */
	for (size_t i = 0; i < 32; i++) {
		*PAGE(map, at) = 1;
		at = (at + 1) % pages;
	}
}

static void run_rounds(void (*turn)(void), unsigned int which)
{
	/* The one that locks has a CPU of its own */
	stay_on_cpu(which ? 1 : 0);
	for (;;) {
		meet(&common->meeting);
		while (!common->stop) {
			turn();
			common->turns[which]++;
		}
		meet(&common->meeting);
	}
}

static long long swapped_kb(void)
{
	return read_kb("/proc/meminfo", "SwapTotal") - read_kb("/proc/meminfo", "SwapFree");
}

int main(void)
{
	void (* const turns[])(void) = { lock_and_unlock, use, press };
	long long swapped = 0;
	unsigned int round;
	size_t stray = 0;
	pid_t tasks[3];
	int i;

	area = map_pages(NR_FIRST + NR_PAGES);
	shared = PAGE(area, NR_FIRST);
	touch_range(area, NR_FIRST * page_size());
	if (!memcg_join())
		tap_skip_all("no memcg of the first version");
	if (!make_swap()) {
		memcg_leave();
		tap_skip_all("no swap");
	}
	tap_plan(1);
	common = (void *)map_shared(page_size());
	common->meeting.parties = 4;
	touch_range(shared, NR_PAGES * page_size());
	/* mlock() of the control kernel would copy what is shared */
	mprotect(area, (NR_FIRST + NR_PAGES) * page_size(), PROT_READ);
	memcg_limit((swap_pages() / 2 + NR_PAGES) * page_size());
	for (i = 0; i < 3; i++) {
		tasks[i] = start_child();
		if (!tasks[i])
			run_rounds(turns[i], i);
	}
	memcg_set(MEMCG_ROOT "/tasks", getpid());
	for (round = 0; round < ROUNDS && !stray; round++) {
		common->stop = false;
		meet(&common->meeting);
		usleep(ROUND_MS * 1000);
		swapped += swapped_kb();
		common->stop = true;
		meet(&common->meeting);
		stray = stray_pages();
	}
	if (!tap_check(!stray, "pages that reclaim leaves half-way are not locked"))
		printf("# got %zu pages that nobody locks in round %u, want 0\n", stray,
		       round);
	printf("# %lu turns of locking, %lu of using, %lu of pressing, %lld kB swapped\n",
	       common->turns[0], common->turns[1], common->turns[2], swapped);
	for (i = 0; i < 3; i++)
		end_child(tasks[i]);
	memcg_leave();
	swapoff("/dev/ram0");
	return tap_exit();
}
