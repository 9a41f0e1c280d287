// SPDX-License-Identifier: GPL-2.0
/*
 * What lock on fault is, on one screen: a mapping of which one page in a hundred
 * is used, locked by mlock() and by mlock2(MLOCK_ONFAULT).
 *
 * Usage: onfault [MiB] (default 1024).  Needs root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/wait.h>
#include <time.h>

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

/* In a child, so that each way starts from nothing; returns the seconds */
static double use(const char *name, size_t len, bool on_fault)
{
	double took;
	int result[2];

	if (pipe(result))
		tap_bail_out("pipe");
	fflush(stdout);
	if (!fork()) {
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
	if (read(result[0], &took, sizeof(took)) != sizeof(took))
		took = 0;
	close(result[0]);
	wait(NULL);
	return took;
}

static void show(const char *when, const char *map)
{
	size_t i;

	printf("  %-28s ", when);
	for (i = 0; i < SHOWN; i++) {
		const char *page = map + i * page_size();

		putchar(!page_is_present(page) ? '.' :
			page_is_mlocked(page) ? 'L' : 'p');
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
	size_t len = mib << 20, i;
	double eager, on_fault;
	char *map, line[512];
	bool in = false;
	FILE *smaps;

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

	map = map_pages(SHOWN);
	printf("\nThe first %d pages of another (. absent, p present, L locked):\n\n",
	       SHOWN);
	map[3 * page_size()] = map[20 * page_size()] = 1;
	show("two pages touched", map);
	sys_mlock2(map, SHOWN * page_size(), MLOCK_ONFAULT);
	show("mlock2(MLOCK_ONFAULT)", map);
	for (i = 30; i < 40; i++)
		map[i * page_size()] = 1;
	show("ten more touched", map);
	munlock(map, SHOWN / 2 * page_size());
	show("munlock of the first half", map);

	smaps = fopen("/proc/self/smaps", "re");
	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in = start == (uintptr_t)map + SHOWN / 2 * page_size();
		else if (in && !strncmp(line, "VmFlags:", 8))
			printf("\nsmaps of the second half:  %s", line);
	}
	return 0;
}
