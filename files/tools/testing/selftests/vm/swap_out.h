/* SPDX-License-Identifier: GPL-2.0 */
/* Swap space on /dev/ram0, and how to get pages into it.  Needs root. */
#ifndef SWAP_OUT_H
#define SWAP_OUT_H

#include <stdlib.h>
#include <sys/swap.h>

#include "memcg.h"
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
	swapoff("/dev/ram0");
}

/*
 * /dev/ram0 is the swap space: it takes no file system and no loop device.  Not if
 * it is in use, or holds what another program has written.
 */
static inline bool make_swap(void)
{
	static const char label[16] = "lock-on-fault";
	char *header = calloc(1, page_size());
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open("/dev/ram0", O_RDWR | O_EXCL);
	ssize_t len = page_size();
	bool ok;

	ok = fd >= 0 && pread(fd, header, len, 0) == len &&
	     (!memcmp(info + 7, label, sizeof(label)) ||
	      (!*header && !memcmp(header, header + 1, len - 1)));
	memset(header, 0, len);
	info[0] = 1;			/* version */
	info[1] = (16 << 20) / page_size() - 1;	/* last page */
	memcpy(info + 7, label, sizeof(label));
	memcpy(header + len - 10, "SWAPSPACE2", 10);
	ok = ok && pwrite(fd, header, len, 0) == len && !fsync(fd);
	free(header);
	if (fd >= 0)
		close(fd);
	if (!ok || swapon("/dev/ram0", 0))
		return false;
	restore_by(end_swap);
	return true;
}

#endif
