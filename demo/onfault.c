// SPDX-License-Identifier: GPL-2.0
/*
 * What lock on fault is, on one screen: what it costs to lock a mapping of which one
 * page in a hundred is used, by mlock() and by mlock2(MLOCK_ONFAULT), and what
 * examples/lockmap.c shows of a small one.
 *
 * Usage: onfault [MiB] (default 1024), with lockmap beside it.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <time.h>

#include "../files/tools/testing/selftests/vm/child.h"
#include "../files/tools/testing/selftests/vm/page_state.h"

enum { ONE_IN = 100, SHOWN = 64 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static char *map_bytes(size_t len)
{
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	return map;
}

/* In a child, so that each method starts from nothing; returns the seconds */
static double use(const char *name, size_t len, bool on_fault)
{
	double took = 0;
	int result[2];
	pid_t child;

	if (pipe(result))
		tap_bail_out("pipe");
	child = start_child();
	if (!child) {
		char *map = map_bytes(len);
		double start = seconds();
		size_t i;

		if (on_fault ? sys_mlock2(map, len, MLOCK_ONFAULT) :
		    mlock(map, len))
			tap_bail_out(name);
		for (i = 0; i < len; i += ONE_IN * page_size())
			map[i] = 1;
		took = seconds() - start;
		printf("%-22s %8.3f s %10lld kB %10lld kB\n", name, took,
		       read_kb("/proc/self/status", "VmRSS"),
		       read_kb("/proc/self/status", "VmLck"));
		fflush(stdout);
		_exit(write(result[1], &took, sizeof(took)) != sizeof(took));
	}
	close(result[1]);
	if (read(result[0], &took, sizeof(took)) != sizeof(took) || child_status(child))
		tap_bail_out(name);
	close(result[0]);
	return took;
}

/* What lockmap says of the pages of @map */
static void show(const char *when, const char *map, bool heading)
{
	char pid[16], range[64];
	pid_t child;

	printf("\n%s\n", when);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(range, sizeof(range), "%lx-%lx", (unsigned long)map,
		 (unsigned long)(map + SHOWN * page_size()));
	child = start_child();
	if (!child) {
		if (heading)
			execl("/tests/lockmap", "lockmap", pid, range, NULL);
		else
			execl("/tests/lockmap", "lockmap", "-n", pid, range, NULL);
		_exit(127);
	}
	if (child_status(child))
		tap_bail_out("lockmap");
}

int main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
	size_t len = mib << 20, i;
	double eager, on_fault;
	char *map;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!mib || !mlock2_supported()) {
		puts(mib ? "this kernel has no mlock2()" : "usage: onfault [MiB]");
		return 1;
	}
	printf("A mapping of %zu MiB, of which one page in %d is used:\n\n"
	       "%-22s %10s %13s %13s\n", mib, ONE_IN, "", "time", "VmRSS",
	       "VmLck");
	eager = use("mlock()", len, false);
	on_fault = use("mlock2(MLOCK_ONFAULT)", len, true);
	if (on_fault > 0)
		printf("%-22s %8.1f x\n", "ratio", eager / on_fault);

	printf("\nAnother one, of %d pages, as lockmap sees it:\n", SHOWN);
	map = map_pages(SHOWN);
	map[3 * page_size()] = map[20 * page_size()] = 1;
	show("two pages touched", map, true);
	if (sys_mlock2(map, SHOWN * page_size(), MLOCK_ONFAULT))
		tap_bail_out("mlock2");
	show("mlock2(MLOCK_ONFAULT)", map, false);
	for (i = 30; i < 40; i++)
		map[i * page_size()] = 1;
	show("ten more touched", map, false);
	if (munlock(map, SHOWN / 2 * page_size()))
		tap_bail_out("munlock");
	show("munlock() of the first half", map, false);
	return 0;
}
