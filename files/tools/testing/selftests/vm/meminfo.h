/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of /proc/meminfo, which lag behind, and which others change, too; and
 * what a scan of all pages finds.
 */
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
		/* On v5.10 new pages may be in an LRU batch, on no list to count */
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

/* Pages that are marked, in all of memory or as the kernel has counted them */
struct marked {
	long long mlocked, unevictable;
};

static inline bool same_marked(struct marked a, struct marked b)
{
	return a.mlocked == b.mlocked && a.unevictable == b.unevictable;
}

/* A full scan.  A huge page has its marks in its first page. */
static inline struct marked scan_marked(void)
{
	const uint64_t tail = 1ULL << 16, listed = KPF_LRU | KPF_UNEVICTABLE;
	int fd = open("/proc/kpageflags", O_RDONLY);
	struct marked marked = { 0, 0 };
	static uint64_t flags[8192];
	uint64_t head = 0;
	ssize_t len, i;

	if (fd < 0)
		tap_bail_out("/proc/kpageflags");
	while ((len = read(fd, flags, sizeof(flags))) > 0) {
		for (i = 0; i < len / 8; i++) {
			if (!(flags[i] & tail))
				head = flags[i];
			marked.mlocked += !!(head & KPF_MLOCKED);
			marked.unevictable += (head & listed) == listed;
		}
	}
	close(fd);
	return marked;
}

/* What meminfo says */
static inline struct marked counted_marked(void)
{
	struct marked marked;

	marked.mlocked = counter_kb("Mlocked") * 1024 / (long long)page_size();
	marked.unevictable = counter_kb("Unevictable") * 1024 /
		(long long)page_size();
	return marked;
}

/*
 * Pages of a program that lay in a ramfs come to the unevictable list when they are
 * unlocked, if not before: then nobody knows how many there will be.
 */
static inline bool are_marked(struct marked marked, const struct marked *want)
{
	if (files_are_unevictable())
		return marked.mlocked == want->mlocked;
	return same_marked(marked, *want);
}

/*
 * Do meminfo and a full scan come to agree?  On @want, or on anything if that is
 * NULL.  It takes as long as counts wait on each CPU.
 */
static inline bool counters_agree(const struct marked *want)
{
	struct marked counted, scanned;
	int tries;

	/* What is to be compared with later */
	if (!want)
		drain_lru();
	for (tries = 0; tries < 50; tries++) {
		counted = counted_marked();
		if (!want || are_marked(counted, want)) {
			scanned = scan_marked();
			if (same_marked(counted, scanned))
				return true;
		}
		/* On v5.10 new pages may be in an LRU batch, on no list to count */
		drain_lru();
		usleep(100000);
	}
	scanned = scan_marked();
	printf("# Mlocked, Unevictable: %lld, %lld counted, %lld, %lld found",
	       counted.mlocked, counted.unevictable, scanned.mlocked,
	       scanned.unevictable);
	if (want)
		printf(", %lld, %lld expected", want->mlocked, want->unevictable);
	printf("\n");
	return false;
}

#endif
