// SPDX-License-Identifier: GPL-2.0
/*
 * Instructions of munlock() of a range of which every page is present, which it
 * makes with mmap_sem held for write: every fault of the process waits meanwhile.
 *
 * To be run as bench/cost.c, with MIB (4096) and half a GiB of memory more.  Locks
 * by mlock(), which a control kernel knows, too.  Prints TAP, and by tabs:
 *
 *   full  <MiB> <pages present> <munlock>
 */
#define _GNU_SOURCE
#include "bench.h"

int main(int argc, char **argv)
{
	const size_t mib = argc > 1 ? strtoul(argv[1], NULL, 0) : 4096;
	const size_t len = mib << 20;
	uint64_t start, unlocking;
	char *map;

	tap_plan(1);
	map = mmap(NULL, len, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(map != MAP_FAILED, "mmap");
	madvise(map, len, 15 /* MADV_NOHUGEPAGE */);
	must(!mlock(map, len), "mlock");
	must(locked_pages() == (long long)(len / page_size()), "VmLck");
	settle();
	start = now();
	must(!munlock(map, len), "munlock");
	unlocking = now() - start;
	must(!locked_pages(), "VmLck after munlock()");
	printf("full\t%zu\t%zu\t%llu\n", mib, len / page_size(),
	       (unsigned long long)unlocking);
	return done();
}
