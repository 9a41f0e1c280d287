/* SPDX-License-Identifier: GPL-2.0 */
/* Memory with transparent huge pages */
#ifndef HUGE_PAGES_H
#define HUGE_PAGES_H

#include "page_state.h"

/* 2 MiB on most, 4 MiB on i386 without PAE, 512 MiB with base pages of 64 kB */
static inline size_t huge_page_size(void)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "re");
	long long size = -1;

	if (f) {
		if (fscanf(f, "%lld", &size) != 1)
			size = -1;
		fclose(f);
	} else {
		size = read_kb("/proc/meminfo", "Hugepagesize") * 1024;
	}
	return size > 0 ? (size_t)size : 512 * page_size();
}

/* Private memory for two huge pages, aligned, not touched; or NULL */
static inline char *map_aligned(size_t huge)
{
	char *map = mmap(NULL, 3 * huge, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *aligned;

	if (map == MAP_FAILED)
		return NULL;
	aligned = (char *)(((uintptr_t)map + huge - 1) & -huge);
	if (aligned != map)
		munmap(map, aligned - map);
	munmap(aligned + 2 * huge, map + huge - aligned);
	return aligned;
}

static inline bool page_is_huge(const void *addr)
{
	return page_kflags(addr) & KPF_THP;
}

/* The same, the first touched and a huge page; NULL if there are none */
static inline char *map_huge(size_t huge)
{
	char *map = map_aligned(huge);

	if (!map)
		return NULL;
	if (!madvise(map, 2 * huge, 14 /* MADV_HUGEPAGE */)) {
		*map = 1;
		if (page_is_huge(map))
			return map;
	}
	munmap(map, 2 * huge);
	return NULL;
}

#endif
