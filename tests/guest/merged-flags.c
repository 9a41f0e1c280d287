// SPDX-License-Identifier: GPL-2.0
/*
 * munlock() of a VMA that is then merged with its neighbour, while another task munlocks
 * pages that the neighbour maps, too: its check for VM_LOCKED mappings must not find the
 * flags of the one in the pages of the other.  Judged by a full scan; needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { NR_PAGES = 64, SECONDS = 15 };
#define LEN	(NR_PAGES * page_size())

int main(void)
{
	unsigned int rounds = 0;
	size_t stray = 0;
	time_t end;
	pid_t other;
	char *map;

	if (geteuid() || access("/proc/kpageflags", R_OK))
		tap_skip_all("needs root and /proc/kpageflags");
	tap_plan(1);
	/* Nothing before it that it could be merged with */
	map = mmap(NULL, 3 * LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED ||
	    mprotect(map + LEN, 2 * LEN, PROT_READ | PROT_WRITE))
		tap_bail_out("mmap");
	map += LEN;
	touch_range(map, 2 * LEN);
	other = start_child();
	if (!other) {
		stay_on_cpu(1);
		for (;;) {
			must_lock(map + LEN, LEN);
			munlock(map + LEN, LEN);
		}
	}
	stay_on_cpu(0);
	end = time(NULL) + SECONDS;
	do {
		must_lock(map, LEN);
		if (munlock(map, LEN))
			tap_bail_out("munlock");
		rounds++;
	} while (time(NULL) < end);
	end_child(other);
	/* We map all of them, and have locked none */
	drain_lru();
	stray = stray_pages();
	if (!tap_check(!stray, "a merged VMA has no page locked of a neighbour that is not"))
		printf("# got %zu pages locked by nobody, want none\n", stray);
	printf("# %u rounds\n", rounds);
	return tap_exit();
}
