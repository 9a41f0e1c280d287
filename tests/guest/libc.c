// SPDX-License-Identifier: GPL-2.0
/*
 * What an application of today does: mlock2() and the flags from its libc, no
 * numbers of our own.  Prints TAP.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static int n, failed;

static void check(int ok, const char *claim)
{
	failed |= !ok;
	printf("%sok %d - %s\n", ok ? "" : "not ", ++n, claim);
}

int main(void)
{
	size_t len = 16 * getpagesize();
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	puts("TAP version 13\n1..4");
	check(!mlock2(map, len, MLOCK_ONFAULT),
	      "mlock2(MLOCK_ONFAULT) of libc succeeds");
	check(!mlock2(map, len, 0), "mlock2() of libc without flags succeeds");
	check(mlock2(map, len, ~0U) == -1 && errno == EINVAL,
	      "unknown flags are EINVAL");
	check(!mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT),
	      "mlockall(MCL_ONFAULT) with the flags of libc succeeds");
	return failed;
}
