/* SPDX-License-Identifier: GPL-2.0 */
/* Swap space on the RAM disk, and how to get pages into it.  Needs root. */
#ifndef SWAP_OUT_H
#define SWAP_OUT_H

#include <stdlib.h>
#include <sys/swap.h>

#include "memcg.h"
#include "ram_disk.h"
#include "restore.h"

/* What is touched to push others out; /dev/ram0 has 16 MiB, whatever a page is */
static inline size_t swap_pages(void)
{
	const size_t most = (12 << 20) / page_size();

	return most < 1024 ? most : 1024;
}

/* Touch @pages new pages, to push out others of the memcg, and drop them */
static inline void push_out(size_t pages)
{
	char *hog = map_pages(pages);

	touch_range(hog, pages * page_size());
	munmap(hog, pages * page_size());
}

/*
 * Push out the pages of @map, @pages of them, that this process touches here, by
 * lack of memory in a memcg of our own.  memcg_leave() ends that.  False if there
 * is no memcg of the first version, or if they stayed.
 */
static inline bool swap_out(char *map, size_t pages)
{
	if (!memcg_join())
		return false;
	memcg_limit(swap_pages() / 2 * page_size());
	memset(map, 1, pages * page_size());
	push_out(swap_pages());
	return count_pages(map, pages, page_is_swapped) > pages / 2;
}

static inline void end_swap(void)
{
	swapoff(RAM_DISK);
}

/* The RAM disk is swap space until swapoff(), or until the test ends */
static inline bool make_swap(void)
{
	int fd = open_ram_disk();
	char *header = calloc(1, page_size());
	uint32_t *info = (uint32_t *)(header + 1024);
	ssize_t len = page_size();
	bool ok;

	info[0] = 1;			/* version */
	info[1] = (16 << 20) / len - 1;	/* last page */
	memcpy(header + SWAP_LABEL, RAM_DISK_LABEL, strlen(RAM_DISK_LABEL));
	memcpy(header + len - 10, "SWAPSPACE2", 10);
	ok = fd >= 0 && pwrite(fd, header, len, 0) == len && !fsync(fd);
	free(header);
	if (fd >= 0)
		close(fd);
	if (!ok || swapon(RAM_DISK, 0))
		return false;
	restore_by(end_swap);
	return true;
}

#endif
