// SPDX-License-Identifier: GPL-2.0
/*
 * Marks that must not be lost, without any race: what a killed task was locking in an
 * mm that lives on, the huge page that a child inherited and does not lock, and a KSM
 * page that the rmap does not lead to, so that migration fails.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/ksm.h"
#include "../../files/tools/testing/selftests/vm/race.h"

/* Enough that a kill comes in the midst of the walk: one page in a page table each */
enum { TABLES = 4000, KILLS = 30, RUNS = 9, KSM_PAGES = 64 };

static struct { char *map; size_t len; volatile bool begun; } shared_mm;
static char stack[1 << 16] __attribute__((aligned(16)));

static int lock_and_wait(void *unused)
{
	(void)unused;
	shared_mm.begun = true;
	lock_range(shared_mm.map, shared_mm.len);
	while (pause())
		continue;
	return 0;
}

/* Not fork(): the child has our mm, and is no thread of ours */
static void kill_a_locker(unsigned int microseconds)
{
	pid_t child;

	shared_mm.begun = false;
	child = clone(lock_and_wait, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (child <= 0)
		tap_bail_out("clone");
	while (!shared_mm.begun)
		sched_yield();
	usleep(microseconds);
	end_child(child);
}

static unsigned int count_mlocked(size_t huge, unsigned int *present)
{
	unsigned int i, mlocked = 0;

	*present = 0;
	for (i = 0; i < TABLES; i++) {
		const char *page = shared_mm.map + i * huge;

		if (!page_is_present(page))
			continue;
		++*present;
		mlocked += page_is_mlocked(page);
	}
	return mlocked;
}

static void killed(void)
{
	size_t huge = huge_page_size();
	unsigned int i, mlocked, present, part = 0, inside = 0;

	shared_mm.len = TABLES * huge;
	shared_mm.map = mmap(NULL, shared_mm.len, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared_mm.map == MAP_FAILED)
		tap_bail_out("mmap");
	madvise(shared_mm.map, shared_mm.len, MADV_NOHUGEPAGE);
	for (i = 0; i < TABLES; i++)
		shared_mm.map[i * huge] = 1;
	for (i = 0; i < KILLS; i++) {
		kill_a_locker(i * 500);
		mlocked = count_mlocked(huge, &present);
		/* Killed before it came to lock anything: VM_LOCKED is not set */
		if (!read_kb("/proc/self/status", "VmLck"))
			continue;
		inside++;
		part += mlocked != present;
		munlock(shared_mm.map, shared_mm.len);
	}
	if (!tap_check(inside && !part,
		       "a killed task has marked what others share its mm with"))
		printf("# %u kills left VM_LOCKED, want some; %u of them part of the pages marked, want none\n",
		       inside, part);
	munmap(shared_mm.map, shared_mm.len);
}

/* Lock every other page of our own on both sides of what we inherited; unlock all */
static void __attribute__((noreturn)) munlock_around(char *inherited, size_t huge)
{
	size_t len = 2 * RUNS * page_size();
	char *below = inherited - huge, *above = inherited + 4 * huge;
	unsigned int i;

	if (mmap(below, len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != below ||
	    mmap(above, page_size(), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != above)
		_exit(2);
	for (i = 0; i < RUNS; i++)
		must_lock(PAGE(below, 2 * i), page_size());
	must_lock(above, page_size());
	_exit(munlockall() ? 2 : 0);
}

static void inherited(void)
{
	static const char claim[] = "a huge page stays mlocked when a child that inherited it unlocks its own pages";
	size_t huge = huge_page_size();
	char *map = map_huge(huge);
	pid_t child;

	if (!map) {
		tap_skip(claim, "no huge page");
		return;
	}
	must_lock(map, huge);
	if (!page_is_mlocked(map))
		tap_bail_out("a huge page was not marked");
	child = start_child();
	if (!child)
		munlock_around(map, huge);
	if (child_status(child))
		tap_bail_out("the child could not lock or unlock");
	if (!tap_check(page_is_mlocked(map), claim))
		printf("# got no mark, want it\n");
	munlock(map, huge);
	munmap(map, 2 * huge);
}

static bool page_is_ksm(const void *addr)
{
	return page_kflags(addr) >> 21 & 1;
}

/* Of each two pages that are alike, one becomes a KSM page, which we map as well */
static bool merge_for_child(const char *map)
{
	int tries;

	ksm_write(KSM_DIR "run", 1);
	for (tries = 0; tries < 500; tries++) {
		if (count_pages(map, KSM_PAGES, page_is_ksm) >= KSM_PAGES / 2)
			break;
		usleep(10000);
	}
	ksm_write(KSM_DIR "run", 0);
	return tries < 500;
}

static bool page_is_unmarked(const void *addr)
{
	return page_is_present(addr) && !page_is_mlocked(addr);
}

static void unreachable(void)
{
	static const char claim[] = "a KSM page that migration cannot unmap stays mlocked";
	size_t len = KSM_PAGES * page_size();
	char *below, *map;
	unsigned int i, lost;
	pid_t child;

	if (access("/proc/sys/vm/compact_memory", W_OK) || !ksm_begin()) {
		tap_skip(claim, "no KSM, or no compaction");
		return;
	}
	/* What is taken first lies above, and compaction moves upwards */
	below = map_pages((100 << 20) / page_size());
	map = map_pages(KSM_PAGES);
	touch_range(below, 100 << 20);
	for (i = 0; i < KSM_PAGES; i++)
		memset(PAGE(map, i), i / 2 + 1, page_size());
	munmap(below, 100 << 20);
	child = start_child();
	if (!child) {
		madvise(map, len, MADV_MERGEABLE);
		for (;;)
			pause();
	}
	if (!merge_for_child(map)) {
		tap_skip(claim, "KSM did not merge the pages");
	} else {
		/* Not mlock(), which writes: that is a copy */
		if (mprotect(map, len, PROT_READ))
			tap_bail_out("mprotect");
		must_lock(map, len);
		for (i = 0; i < 3; i++)
			write_file("/proc/sys/vm/compact_memory", "1");
		lost = count_pages(map, KSM_PAGES, page_is_unmarked);
		if (!tap_check(!lost, claim))
			printf("# got %u of %u not marked, want none\n", lost,
			       KSM_PAGES);
	}
	end_child(child);
	munmap(map, len);
	ksm_end();
}

int main(void)
{
	if (geteuid() || access("/proc/kpageflags", R_OK))
		tap_skip_all("needs root and /proc/kpageflags");
	tap_plan(3);
	killed();
	inherited();
	unreachable();
	return tap_exit();
}
