/* SPDX-License-Identifier: GPL-2.0 */
/* Swap space on /dev/ram0, and how to get pages into it.  Needs root. */
#ifndef SWAP_OUT_H
#define SWAP_OUT_H

#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>

#include "page_state.h"

/* What is touched to push others out; /dev/ram0 has 16 MiB, whatever a page is */
static inline size_t swap_pages(void)
{
	const size_t most = (12 << 20) / page_size();

	return most < 1024 ? most : 1024;
}

/*
 * Go on in a memcg of our own, of @limit bytes, until leave_memcg().  False if
 * there is no memcg of the first version; leave_memcg() is due all the same.
 */
static inline bool enter_memcg(size_t limit)
{
	const char *base = "/tmp/memcg", *dir = "/tmp/memcg/mlock2";
	char name[64], text[32];

	mkdir(base, 0700);
	if (mount("memcg", base, "cgroup", 0, "memory") || mkdir(dir, 0700))
		return false;
	snprintf(name, sizeof(name), "%s/memory.limit_in_bytes", dir);
	snprintf(text, sizeof(text), "%zu", limit);
	write_file(name, text);
	snprintf(name, sizeof(name), "%s/tasks", dir);
	snprintf(text, sizeof(text), "%d", getpid());
	write_file(name, text);
	return true;
}

/* Touch @pages new pages, to push out others of the memcg, and drop them */
static inline void push_out(size_t pages)
{
	char *hog = map_pages(pages);
	size_t i;

	for (i = 0; i < pages; i++)
		hog[i * page_size()] = 1;
	munmap(hog, pages * page_size());
}

/*
 * Push out the pages of @map, @pages of them, that this process touches here, by
 * lack of memory in a memcg of our own.  leave_memcg() ends that.  False if there
 * is no memcg of the first version, or if they stayed.
 */
static inline bool swap_out(char *map, size_t pages)
{
	if (!enter_memcg(swap_pages() / 2 * page_size()))
		return false;
	memset(map, 1, pages * page_size());
	push_out(swap_pages());
	return count_pages(map, pages, page_is_swapped) > pages / 2;
}

static inline void leave_memcg(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", getpid());
	write_file("/tmp/memcg/tasks", text);
	rmdir("/tmp/memcg/mlock2");
	umount("/tmp/memcg");
}

/* /dev/ram0 is the swap space: it takes no file system and no loop device */
static inline bool make_swap(void)
{
	char *header = calloc(1, page_size());
	uint32_t *info = (uint32_t *)(header + 1024);
	int fd = open("/dev/ram0", O_RDWR | O_EXCL);	/* not in use */
	bool ok;

	info[0] = 1;			/* version */
	info[1] = (16 << 20) / page_size() - 1;	/* last page */
	memcpy(header + page_size() - 10, "SWAPSPACE2", 10);
	ok = fd >= 0 && write(fd, header, page_size()) == (ssize_t)page_size();
	free(header);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	return ok && !swapon("/dev/ram0", 0);
}

#endif
