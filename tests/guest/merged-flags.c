// SPDX-License-Identifier: GPL-2.0
/*
 * munlock() of a VMA that is then merged with its neighbour, while another task munlocks
 * pages that the neighbour maps, too: its check for VM_LOCKED mappings must not find the
 * flags of the one in the pages of the other.  The other task looks at its pages after
 * each round, for the next takes such a mark away.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/race.h"

/* A VMA of one page is munlocked often, and has a neighbour that is checked long */
enum { NR_PAGES = 64, SECONDS = 15 };
#define LEN	(NR_PAGES * page_size())

/* How many of our pages are Mlocked: what lies side by side is read at once */
static unsigned int count_mlocked(int flags, const uint64_t *pfn)
{
	unsigned int i, n, count = 0;
	uint64_t page[NR_PAGES];

	for (i = 0; i < NR_PAGES; i += n) {
		for (n = 1; i + n < NR_PAGES && pfn[i + n] == pfn[i] + n; n++)
			;
		if (pread(flags, page + i, n * sizeof(*page),
			  pfn[i] * sizeof(*page)) != (ssize_t)(n * sizeof(*page)))
			tap_bail_out("/proc/kpageflags");
	}
	for (i = 0; i < NR_PAGES; i++)
		count += !!(page[i] & KPF_MLOCKED);
	return count;
}

static void lock_and_unlock(const char *map, unsigned int *stray)
{
	int flags = open("/proc/kpageflags", O_RDONLY);
	uint64_t pfn[NR_PAGES];
	int i;

	for (i = 0; i < NR_PAGES; i++)
		pfn[i] = pagemap_entry(PAGE(map, i)) & PM_PFN_MASK;
	for (;;) {
		must_lock(map, LEN);
		munlock(map, LEN);
		*stray += count_mlocked(flags, pfn);
	}
}

int main(void)
{
	unsigned int *stray = (unsigned int *)map_shared(page_size()), rounds = 0;
	time_t end;
	pid_t other;
	char *map;

	if (geteuid() || access("/proc/kpageflags", R_OK))
		tap_skip_all("needs root and /proc/kpageflags");
	tap_plan(1);
	/* Nothing before it that it could be merged with */
	map = mmap(NULL, 2 * page_size() + LEN, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED ||
	    mprotect(map + page_size(), page_size() + LEN, PROT_READ | PROT_WRITE))
		tap_bail_out("mmap");
	map += page_size();
	touch_range(map, page_size() + LEN);
	other = start_child();
	if (!other) {
		stay_on_cpu(1);
		lock_and_unlock(map + page_size(), stray);
	}
	stay_on_cpu(0);
	end = time(NULL) + SECONDS;
	do {
		must_lock(map, page_size());
		if (munlock(map, page_size()))
			tap_bail_out("munlock");
		rounds++;
	} while (time(NULL) < end);
	end_child(other);
	/* We map all of them, and have locked none */
	if (!tap_check(!*stray, "a merged VMA has no page locked of a neighbour that is not"))
		printf("# got %u pages locked by nobody, want none\n", *stray);
	printf("# %u rounds\n", rounds);
	return tap_exit();
}
