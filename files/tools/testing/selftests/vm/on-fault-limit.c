// SPDX-License-Identifier: GPL-2.0
/*
 * RLIMIT_MEMLOCK and lock on fault, as a user without CAP_IPC_LOCK: the range
 * counts when it is locked, not when it is touched, and once.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/prctl.h>
#include <sys/resource.h>

#include "page_state.h"

enum { LIMIT_PAGES = 16, NOBODY = 65534 };

/* False if the hard limit is lower */
static bool set_limit(size_t bytes)
{
	const struct rlimit limit = { bytes, bytes };

	return !setrlimit(RLIMIT_MEMLOCK, &limit);
}

int main(void)
{
	size_t page = page_size(), limit = LIMIT_PAGES * page;
	char *map, *more;

	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");

	if (!set_limit(limit))
		tap_skip_all("the hard limit of locked memory is too low");
	/* A user namespace may have no other user than root */
	if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY)))
		tap_skip_all("root, and cannot be another user");
	tap_plan(15);
	/* Without it /proc/self belongs to root after setuid() */
	prctl(PR_SET_DUMPABLE, 1);

	map = map_pages(2 * LIMIT_PAGES);
	tap_check(!sys_mlock2(map, limit, MLOCK_ONFAULT),
		  "the whole limit can be locked on fault");
	tap_check(!sys_mlock2(map, limit, MLOCK_ONFAULT),
		  "at the limit, the same range again");
	tap_check(!mlock(map, limit / 2), "at the limit, half of it eagerly");
	tap_check(!sys_mlock2(map + page, limit - page, MLOCK_ONFAULT),
		  "at the limit, a part of it on fault");
	tap_check(locked_pages() == LIMIT_PAGES, "what is locked again at the limit is charged once");
	tap_check(error_of(sys_mlock2(map + limit, page, MLOCK_ONFAULT)) == ENOMEM,
		  "one page more is ENOMEM");
	tap_check(error_of(sys_mlock2(map + page, limit, MLOCK_ONFAULT)) == ENOMEM,
		  "one page more at the end of the same range is ENOMEM");
	tap_check(locked_pages() == LIMIT_PAGES, "a refused call charges nothing");
	munlock(map, 2 * limit);
	tap_check(error_of(sys_mlock2(map, limit + 1, MLOCK_ONFAULT)) == ENOMEM,
		  "one byte over the limit is ENOMEM");
	munmap(map, 2 * limit);

	tap_check(error_of(mlockall(MCL_CURRENT | MCL_ONFAULT)) == ENOMEM,
		  "mlockall(MCL_CURRENT|MCL_ONFAULT) of more is ENOMEM");
	tap_check(!mlockall(MCL_FUTURE | MCL_ONFAULT),
		  "mlockall(MCL_FUTURE|MCL_ONFAULT) is not about the present");
	more = mmap(NULL, 2 * limit, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	tap_check(more == MAP_FAILED && errno == EAGAIN,
		  "a new mapping of more than the limit is then EAGAIN");
	munlockall();

	set_limit(0);
	map = map_pages(1);
	tap_check(error_of(sys_mlock2(map, page, MLOCK_ONFAULT)) == EPERM,
		  "with a limit of 0 it is EPERM");
	tap_check(error_of(sys_mlock2(map, page, 2)) == EINVAL,
		  "an unknown flag is EINVAL, before EPERM");
	tap_check(error_of(mlockall(MCL_ONFAULT)) == EINVAL,
		  "MCL_ONFAULT alone is EINVAL, before EPERM");
	return tap_exit();
}
