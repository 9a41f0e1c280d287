// SPDX-License-Identifier: GPL-2.0
/*
 * Pages with lock on fault that go from one node to another.
 *
 * Needs root, two nodes with memory, a CPU on each (0 and 1), and a kernel with
 * NUMA balancing.  TAP.  What the kernel's balancing does it does when it likes:
 * this waits for it, by node, not by time.
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/meminfo.h"

#ifndef MPOL_MF_MOVE
# define MPOL_MF_MOVE	2
#endif

/* Balancing looks at a process by the CPU time that it has used */
enum { NR_PAGES = 16, MOST_CPU_SECONDS = 120 };

static struct marked start;

static void run_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		tap_bail_out("sched_setaffinity");
}

/* The node of a present page, or -errno; with @to >= 0 it is moved there before */
static int node_of(const void *addr, int to)
{
	void *page = (void *)addr;
	int status = -1;

	if (syscall(__NR_move_pages, 0, 1UL, &page, to < 0 ? NULL : &to, &status,
		    MPOL_MF_MOVE))
		tap_bail_out("move_pages");
	return status;
}

/* The mark of a huge page is in its first page */
static bool locked_or_tail(const void *addr)
{
	return (page_kflags(addr) & 1ULL << 16) || page_is_locked(addr);
}

/*
 * Are those of the @pages that are present all locked, and the first of them present?
 * v5.10 has what was touched or moved in the LRU batch of the CPU that did it, which
 * need not be this one.
 */
static bool present_are_locked(const char *map, size_t pages)
{
	if (kernel_since(4, 16))
		drain_lru();
	return page_is_locked(map) && count_pages(map, pages, locked_or_tail) ==
		count_pages(map, pages, page_is_present);
}

/* drain_lru() of the checks goes to every CPU it may use, and so must this */
static void run_anywhere(const cpu_set_t *all)
{
	sched_setaffinity(0, sizeof(*all), all);
}

/* clock() is not there without CONFIG_POSIX_TIMERS */
static time_t cpu_seconds(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return used.ru_utime.tv_sec + used.ru_stime.tv_sec;
}

/*
 * On v4.2 balancing moves nothing to a node that has no page to reclaim: have some
 * here.  Returns what keeps them, for the last close of a disk drops its pages.
 */
static int cache_pages_here(void)
{
	static char buffer[1 << 20];
	int fd = open("/dev/ram0", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, buffer, sizeof(buffer)) != sizeof(buffer))
		tap_bail_out("/dev/ram0");
	return fd;
}

/*
 * Use the pages of @map on CPU 1 until the first one is on node 1.  A page that
 * waits in the LRU batch of a CPU is none that balancing could isolate.
 */
static bool balance(char *map, size_t len)
{
	volatile char *page = map;
	time_t end = cpu_seconds() + MOST_CPU_SECONDS;
	bool moved = false;
	size_t i, j;
	int cached;

	drain_lru();
	run_on(1);
	cached = cache_pages_here();
	while (!moved && cpu_seconds() < end) {
		for (j = 0; j < 100; j++)
			for (i = 0; i < len; i += page_size())
				page[i]++;
		moved = node_of(map, -1) == 1;
	}
	close(cached);
	return moved;
}

/* move_pages() takes the first page of @map to node 1, and back */
static void test_move(const char *what, char *map, size_t pages, size_t used)
{
	int status, tries = 0;

	/* khugepaged and others take a page off its list for a moment */
	do {
		status = node_of(map, 1);
	} while ((status == -EBUSY || status == -EAGAIN) && ++tries < 100);
	if (!tap_check(status == 1 && present_are_locked(map, pages),
		       "%s: move_pages() to node 1 keeps it locked", what))
		printf("# got status %d, want 1; %u pages present, %u of them locked or tails, flags of the first %#llx\n",
		       status, count_pages(map, pages, page_is_present),
		       count_pages(map, pages, locked_or_tail),
		       (unsigned long long)page_kflags(map));
	tap_check(count_pages(map, pages, page_is_present) == used / page_size(),
		  "%s: nothing else is touched", what);
	tap_check(counters_agree(NULL), "%s: the counters agree with a scan", what);
	node_of(map, 0);
}

/*
 * The life of @map, touched on node 0, @used bytes of @len, all locked on fault:
 * moved to node 1 and back if @move, then by balancing to node 1.
 */
static void test_nodes(const char *what, char *map, size_t len, size_t used, bool move)
{
	const size_t pages = len / page_size();
	cpu_set_t all;
	bool moved;

	if (sched_getaffinity(0, sizeof(all), &all))
		tap_bail_out("sched_getaffinity");
	run_on(0);
	if (sys_mlock2(map, len, MLOCK_ONFAULT))
		tap_bail_out("mlock2");
	touch_range(map, used);
	run_anywhere(&all);
	tap_check(node_of(map, -1) == 0 && present_are_locked(map, pages),
		  "%s: touched on node 0, and locked there", what);
	if (move)
		test_move(what, map, pages, used);
	moved = balance(map, used);
	run_anywhere(&all);
	tap_check(moved, "%s: NUMA balancing moves it to node 1", what);
	tap_check(present_are_locked(map, pages), "%s: present pages stay locked", what);
	tap_check(counters_agree(NULL), "%s: counters agree", what);
	munlock(map, len);
	tap_check(!count_pages(map, pages, page_is_locked),
		  "%s: munlock unlocks it where it is now", what);
	munmap(map, len);
	tap_check(counters_agree(&start), "%s: the counters are as they were", what);
}

int main(void)
{
	char *map;
	int move;

	if (!mlock2_supported())
		tap_skip_all("no mlock2()");
	/* Before it stays on one of them */
	all_cpus();
	map = map_pages(1);
	*map = 1;
	if (node_of(map, 1) != 1)
		tap_skip_all("no second node");
	munmap(map, page_size());
	/*
	 * Balancing looks at what finds nothing to move less and less often, down to
	 * once in a minute of CPU time.  With CONFIG_SCHED_DEBUG each second instead.
	 */
	write_file("/proc/sys/kernel/numa_balancing_scan_period_max_ms", "1000");
	tap_plan(24);
	start.mlocked = at_rest("Mlocked") * 1024 / (long long)page_size();
	start.unevictable = at_rest("Unevictable") * 1024 / (long long)page_size();
	test_nodes("small pages", map_pages(NR_PAGES), NR_PAGES * page_size(),
		   NR_PAGES / 2 * page_size(), true);
	/* move_pages() of v4.2 splits it */
	for (move = 0; move < 2; move++) {
		run_on(0);
		map = map_huge(huge_page_size());
		if (!map)
			tap_bail_out("no huge page");
		test_nodes(move ? "a huge page" : "a huge page, not moved before", map,
			   2 * huge_page_size(), huge_page_size(), move);
	}
	return tap_exit();
}
