// SPDX-License-Identifier: GPL-2.0
/*
 * What a C library makes of mlock2(), where the kernel has it and where it does not,
 * and the probe and the fallback that the man page recommends.  Compiled with glibc
 * and with musl.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../files/tools/testing/selftests/vm/tap.h"

#ifdef __GLIBC__
enum { WITHOUT_THE_CALL = EINVAL };
#else
enum { WITHOUT_THE_CALL = ENOSYS };
#endif

enum { NR_PAGES = 16 };

/* As in the man page */
static int lock_on_fault_or_all(void *buf, size_t len)
{
	if (!mlock2(buf, len, MLOCK_ONFAULT))
		return 0;
	return errno == ENOSYS || errno == EINVAL ? mlock(buf, len) : -1;
}

static unsigned int resident(void *map, size_t len)
{
	unsigned char vec[NR_PAGES];
	unsigned int pages = 0;
	int i;

	if (mincore(map, len, vec))
		tap_bail_out("mincore");
	for (i = 0; i < NR_PAGES; i++)
		pages += vec[i] & 1;
	return pages;
}

int main(void)
{
	const size_t len = NR_PAGES * getpagesize();
	bool has = !syscall(SYS_mlock2, NULL, 0, 0);
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int error;

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	tap_plan(6);
	/* Nothing is locked by this, so it can be asked before there is a buffer */
	error = mlock2(NULL, 0, MLOCK_ONFAULT) ? errno : 0;
	if (!tap_check(error == (has ? 0 : WITHOUT_THE_CALL),
		       "the wrapper of mlock2() takes a length of 0, or says that the kernel lacks the call"))
		printf("# got errno %d\n", error);
	error = syscall(SYS_mlock2, NULL, 0, MLOCK_ONFAULT) ? errno : 0;
	tap_check(error == (has ? 0 : ENOSYS),
		  "the system call takes a length of 0, or is ENOSYS");
	tap_check(!mlock2(map, len, 0) && resident(map, len) == NR_PAGES,
		  "the wrapper of mlock2() with flags of 0 locks, whatever the kernel has");
	munlock(map, len);
	madvise(map, len, MADV_DONTNEED);
	error = mlockall(MCL_CURRENT | MCL_ONFAULT) ? errno : 0;
	munlockall();
	tap_check(error == (has ? 0 : EINVAL),
		  "mlockall(MCL_CURRENT|MCL_ONFAULT) succeeds, or is EINVAL where the kernel lacks the flag");
	tap_check(!lock_on_fault_or_all(map, len),
		  "the fallback of the man page locks, whatever the kernel has");
	tap_check(resident(map, len) == (has ? 0 : NR_PAGES),
		  "what the fallback of the man page locks is empty where the kernel has mlock2()");
	return tap_exit();
}
