/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs here do for themselves, besides what a libc has */
#ifndef UTIL_H
#define UTIL_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* In seconds */
static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static inline void sleep_ms(unsigned int ms)
{
	struct timespec pause = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

/* A file of /proc or /sys that a kernel may lack */
static inline bool set_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Is this kernel older than @major.@minor? */
static inline bool kernel_before(int major, int minor)
{
	struct utsname uts;
	int its_major = 0, its_minor = 0;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &its_major, &its_minor);
	return its_major < major || (its_major == major && its_minor < minor);
}

/*
 * A swap header on @disk, with pages of 4096 bytes: a version, the last page, a
 * signature.  Returns that last page, or 0 if it cannot be written.
 */
static inline size_t write_swap_header(const char *disk)
{
	static uint32_t header[1024];
	int fd = open(disk, O_RDWR | O_CLOEXEC);
	off_t size;
	bool ok;

	if (fd < 0)
		return 0;
	size = lseek(fd, 0, SEEK_END);
	header[1024 / 4] = 1;
	header[1024 / 4 + 1] = size / sizeof(header) - 1;
	memcpy((char *)header + sizeof(header) - 10, "SWAPSPACE2", 10);
	ok = pwrite(fd, header, sizeof(header), 0) == (ssize_t)sizeof(header) && !fsync(fd);
	close(fd);
	return ok ? header[1024 / 4 + 1] : 0;
}

#endif
