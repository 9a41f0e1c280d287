// SPDX-License-Identifier: GPL-2.0
/*
 * Locks a range as the man page recommends, by what the C library calls mlock2(), and by
 * mlock() if that fails; writes a page of it, and waits.  Compiled with glibc and with musl.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	size_t len = argc > 1 ? strtoul(argv[1], NULL, 0) : 1 << 20;
	const char *by = "mlock2";
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	if (mlock2(map, len, MLOCK_ONFAULT)) {
		printf("mlock2: %s\n", strerror(errno));
		by = mlock(map, len) ? "nothing" : "mlock";
	} else {
		puts("mlock2: none");
	}
	map[len / 2] = 1;
	printf("locked by %s at %p\n", by, (void *)map);
	fflush(stdout);
	pause();
	return 0;
}
