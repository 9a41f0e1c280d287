/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of /proc/meminfo, which lag behind, and which others change, too */
#ifndef MEMINFO_H
#define MEMINFO_H

#include "page_state.h"

/* The counters are kept per CPU, and folded about once a second, or on demand */
static inline long long counter_kb(const char *name)
{
	/* Not in v4.2, where waiting has to do */
	write_file("/proc/sys/vm/stat_refresh", "1");
	return read_kb("/proc/meminfo", name);
}

static inline bool settles_to(const char *name, long long kb)
{
	int tries;

	for (tries = 0; tries < 100; tries++) {
		if (counter_kb(name) == kb)
			return true;
		drain_lru();
		usleep(100000);
	}
	printf("# %s is %lld kB, not %lld\n", name,
	       read_kb("/proc/meminfo", name), kb);
	return false;
}

/* What others have locked, once it has come to rest: same for three seconds */
static inline long long at_rest(const char *name)
{
	long long value = counter_kb(name), before;
	int same, tries;

	for (same = tries = 0; same < 3 && tries < 30; tries++) {
		usleep(1000000);
		before = value;
		value = counter_kb(name);
		same = value == before ? same + 1 : 0;
	}
	return value;
}

#endif
