/* SPDX-License-Identifier: GPL-2.0 */
/*
 * /dev/ram0, a disk that takes no loop device: for swap space, or for a file system.
 * Never one that is in use, or that holds what another program has written.
 */
#ifndef RAM_DISK_H
#define RAM_DISK_H

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define RAM_DISK	"/dev/ram0"
#define RAM_DISK_LABEL	"lock-on-fault"

/* Where the label is in the header of swap space, and in that of ext2 */
enum { SWAP_LABEL = 1024 + 28, EXT2_LABEL = 1024 + 120 };

/* A file descriptor, or -1 */
static inline int open_ram_disk(void)
{
	int fd = open(RAM_DISK, O_RDWR | O_EXCL | O_CLOEXEC);
	const size_t len = strlen(RAM_DISK_LABEL);
	char start[4096];

	if (fd >= 0 && pread(fd, start, sizeof(start), 0) == sizeof(start) &&
	    (!memcmp(start + SWAP_LABEL, RAM_DISK_LABEL, len) ||
	     !memcmp(start + EXT2_LABEL, RAM_DISK_LABEL, len) ||
	     (!*start && !memcmp(start, start + 1, sizeof(start) - 1))))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

#endif
