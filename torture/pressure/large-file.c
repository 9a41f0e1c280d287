// SPDX-License-Identifier: GPL-2.0
/*
 * large-file SEED SECONDS - pages of a file that is larger than memory, once used, stay
 *
 * Readers map the file /data of /dev/vdb, with lock on fault, and touch pages of it at
 * random, while memory is taken away in all the ways of pressure.h.  A watcher looks in
 * their pagemaps whether a page that was touched goes away, or moves while compaction
 * may not move unevictable pages.  Then all of these pages are touched again: nothing
 * may be read from the disk.  A reader that locks nothing shows that pages do go, move
 * and are read again.  Needs root, and the guest for itself.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "pressure.h"

#define DISK		"/dev/vdb"
#define FILE_NAME	"/tmp/disk/data"
#define UNEVICTABLE	"/proc/sys/vm/compact_unevictable_allowed"

enum {
	MOST_PAGES = 1 << 16,		/* of the file */
	PART = 2048,			/* pages that mlock() gets, and those not locked */
	GROUP_MB = 10,			/* nobody but a hog is there */
	BURST = 4,			/* touches before a pause */
	PASSES = 3,			/* compactions after which one has begun and ended */
};

enum how { ON_FAULT, ON_FAULT_ALL, EAGER, NOT_LOCKED };

static const struct reader {
	const char *name;
	enum how how;
	bool shared, writes;
	bool sequential;		/* the kernel may read ahead, and map what is around */
	unsigned int touches;		/* pages, at most */
} readers[] = {
	{ "mlock2(), shared", ON_FAULT, true, false, false, 2000 },
	{ "mlock2(), shared, some are written", ON_FAULT, true, true, false, 1000 },
	{ "mlock2(), private, with read-around", ON_FAULT, false, false, true, 1500 },
	{ "mlockall(MCL_ONFAULT), private", ON_FAULT_ALL, false, false, false, 1500 },
	{ "mlock() of a part", EAGER, true, false, false, PART },
	{ "not locked", NOT_LOCKED, true, false, false, PART },
};

enum { READERS = sizeof(readers) / sizeof(readers[0]), PLAIN = READERS - 1 };

enum phase { TOUCH, TOUCH_AGAIN, TOUCH_PLAIN_AGAIN };

static struct {
	volatile enum phase phase;
	volatile bool still;	/* compaction may not move unevictable pages */
	volatile bool stop;
	struct shared_reader {
		volatile pid_t pid;
		volatile bool skipped, failed, idle;
		char *volatile map;
		volatile unsigned int touched, rounds, wrong;
		volatile unsigned char page[MOST_PAGES];	/* is touched */
		/* By the watcher */
		volatile unsigned int looks, away, moved, moved_still;
	} reader[READERS];
	volatile unsigned int watched;
} *common;

static size_t file_pages;
static uint32_t seed;

/* What scripts/pressure has written there */
static uint32_t contents(size_t page)
{
	return (page + 1) * 2654435761u;
}

static void __attribute__((noreturn)) give_up(struct shared_reader *me, const char *why)
{
	printf("# a reader gave up: %s: %m\n", why);
	fflush(stdout);
	me->failed = true;
	for (;;)
		pause();
}

/* The part of the file where nobody else reads is that of the plain one */
static void choose(const struct reader *reader, size_t *from, size_t *pages)
{
	size_t rest = file_pages - 2 * PART;

	*from = 0;
	*pages = rest;
	if (reader->sequential)
		*pages = 3 * reader->touches;
	else if (reader->how == EAGER)
		*from = rest;
	else if (reader->how == NOT_LOCKED)
		*from = rest + PART;
	if (*from)
		*pages = PART;
}

static void touch(const struct reader *reader, struct shared_reader *me, size_t page)
{
	volatile uint32_t *at = (uint32_t *)(me->map + page * page_size());

	if (*at != contents(page))
		me->wrong++;
	/* To be dirty; later, the disk would be read for where to write it */
	if (reader->writes && !(page % 2) && common->phase == TOUCH)
		*at = contents(page);
	if (!me->page[page]) {
		__sync_synchronize();
		me->page[page] = 1;
		me->touched++;
	}
}

static void __attribute__((noreturn)) read_file(const struct reader *reader,
						struct shared_reader *me)
{
	const size_t len = file_pages * page_size();
	uint64_t randoms = (uint64_t)seed << 32 | (reader - readers);
	int fd = open(FILE_NAME, reader->shared ? O_RDWR : O_RDONLY);
	size_t from, pages, page;
	char *map;

	if (reader->how == ON_FAULT_ALL && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		give_up(me, "mlockall");
	map = mmap(NULL, len, PROT_READ | (reader->writes ? PROT_WRITE : 0),
		   reader->shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (fd < 0 || map == MAP_FAILED)
		give_up(me, "mmap");
	if (!reader->sequential)
		madvise(map, len, MADV_RANDOM);
	if (reader->how == ON_FAULT && sys_mlock2(map, len, MLOCK_ONFAULT))
		give_up(me, "mlock2");
	choose(reader, &from, &pages);
	if (reader->how == EAGER && mlock(map + from * page_size(), pages * page_size()))
		give_up(me, "mlock");
	me->map = map;
	while (common->phase < TOUCH_AGAIN) {
		unsigned int n;

		for (n = 0; n < BURST && me->touched < reader->touches; n++)
			touch(reader, me, from + next_random(&randoms) % pages);
		sleep_ms(20);
	}
	me->idle = true;
	for (;;) {
		if ((reader->how == NOT_LOCKED) == (common->phase == TOUCH_PLAIN_AGAIN)) {
			for (page = 0; page < file_pages; page++)
				if (me->page[page])
					touch(reader, me, page);
			me->rounds++;
		}
		sleep_ms(100);
	}
}

/*
 * Of all that was touched: is it present, and where it was?  A page that compaction has
 * isolated before it was touched, or before it was told to leave such pages alone, may
 * move once more.
 */
static void watch_reader(unsigned int nr)
{
	static struct { uint64_t pfn; unsigned int since; bool settled; } seen[READERS][MOST_PAGES];
	static uint64_t entries[MOST_PAGES];
	static unsigned char touched[MOST_PAGES];
	struct shared_reader *reader = &common->reader[nr];
	const unsigned int passes = compactions();
	const bool still = common->still;
	char pid[16];
	size_t page;

	if (!reader->map)
		return;
	memcpy(touched, (void *)reader->page, file_pages);
	__sync_synchronize();
	snprintf(pid, sizeof(pid), "%d", reader->pid);
	if (!read_pagemap(pid, reader->map, entries, file_pages))
		tap_bail_out("pagemap");
	for (page = 0; page < file_pages; page++) {
		const uint64_t pfn = entries[page] & PM_PFN_MASK;
		__typeof__(seen[0][0]) *was = &seen[nr][page];

		/* The page of a file that looks like one in swap is under migration */
		if (!touched[page] || entries[page] & PM_SWAP)
			continue;
		reader->looks++;
		if (!(entries[page] & PM_PRESENT)) {
			reader->away++;
			was->pfn = 0;
			continue;
		}
		if (was->pfn && was->pfn != pfn) {
			reader->moved++;
			reader->moved_still += was->settled;
		}
		if (was->pfn != pfn || !still) {
			was->pfn = pfn;
			was->since = passes;
		}
		was->settled = passes - was->since >= PASSES;
	}
}

static void __attribute__((noreturn)) watch(void)
{
	unsigned int nr;

	while (!common->stop) {
		for (nr = 0; nr < READERS; nr++)
			if (!common->reader[nr].skipped)
				watch_reader(nr);
		common->watched++;
		sleep_ms(100);
	}
	_exit(0);
}

/* Cycles until @end, and one at least; how many */
static unsigned int press(double end)
{
	unsigned int cycles = 0;

	do {
		pressure_cycle(true);
		cycles++;
	} while (now() < end);
	return cycles;
}

static void report(void)
{
	unsigned int nr;

	for (nr = 0; nr < READERS; nr++) {
		const struct shared_reader *r = &common->reader[nr];

		if (!r->skipped)
			printf("# reader %u: touched %u, looks %u, away %u, moved %u, moved while still %u, again %u times, wrong %u\n",
			       nr, r->touched, r->looks, r->away, r->moved,
			       r->moved_still, r->rounds, r->wrong);
	}
}

static void check_reader(unsigned int nr, bool still_known)
{
	const struct reader *reader = &readers[nr];
	const struct shared_reader *r = &common->reader[nr];
	const char *stay = "used pages stay", *place = "used pages do not move by compaction";
	char claim[2][160];

	snprintf(claim[0], sizeof(claim[0]), "%s: %s", stay, reader->name);
	snprintf(claim[1], sizeof(claim[1]), "%s: %s", place, reader->name);
	if (r->skipped) {
		tap_skip(claim[0], "no mlock2()");
		tap_skip(claim[1], "no mlock2()");
		return;
	}
	tap_check(!r->failed && r->touched > reader->touches / 2 && r->rounds > 1 &&
		  r->looks && !r->away && !r->wrong, "%s", claim[0]);
	if (still_known)
		tap_check(!r->failed && r->looks && !r->moved_still, "%s", claim[1]);
	else
		tap_skip(claim[1], "no " UNEVICTABLE);
}

int main(int argc, char **argv)
{
	unsigned int nr, cycles, moved = 0, away_before;
	unsigned long long reads[3];
	struct stat st;
	double start;
	bool still_known;
	int seconds;
	pid_t pid;

	if (argc == 2 && !strcmp(argv[1], NOTHING))
		return 0;
	if (argc != 3) {
		fprintf(stderr, "usage: large-file SEED SECONDS\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 0);
	seconds = atoi(argv[2]);
	skip_without_page_flags();
	tap_plan(2 * PLAIN + 5);
	common = (void *)map_shared(sizeof(*common));
	mkdir("/tmp/disk", 0755);
	if (mount(DISK, "/tmp/disk", "ext2", MS_NOATIME, NULL) || stat(FILE_NAME, &st))
		tap_bail_out(DISK);
	file_pages = st.st_size / page_size();
	if (file_pages > MOST_PAGES || file_pages < 4 * PART)
		tap_bail_out("the size of the file");
	pressure_begin(GROUP_MB);
	still_known = set_file(UNEVICTABLE, "1");
	for (nr = 0; nr < READERS; nr++) {
		struct shared_reader *me = &common->reader[nr];

		me->skipped = nr != PLAIN && readers[nr].how != EAGER && !mlock2_supported();
		if (me->skipped)
			continue;
		pid = start_child();
		if (!pid)
			read_file(&readers[nr], me);
		me->pid = pid;
	}
	disturb_begin(true);
	if (!start_child())
		watch();
	start = now();
	cycles = press(start + seconds * .3);
	for (nr = 0; nr < PLAIN; nr++)
		moved += common->reader[nr].moved;
	report();
	set_file(UNEVICTABLE, "0");
	common->still = true;
	cycles += press(start + seconds * .65);
	report();
	/* From the end of the first touches, of the first round, and of what is dirty */
	common->phase = TOUCH_AGAIN;
	for (nr = 0; nr < READERS; nr++) {
		const struct shared_reader *r = &common->reader[nr];

		while (!r->skipped && !r->failed && (!r->idle || (nr != PLAIN && !r->rounds)))
			sleep_ms(10);
	}
	sync();
	reads[0] = disk_pages("vdb", false);
	cycles += press(start + seconds * .85);
	reads[1] = disk_pages("vdb", false);
	away_before = common->reader[PLAIN].away;
	common->phase = TOUCH_PLAIN_AGAIN;
	cycles += press(start + seconds);
	reads[2] = disk_pages("vdb", false);
	common->stop = true;
	disturb_end();
	report();
	printf("# %u cycles, the swap disk was full %u times, %u swapoffs, %u compactions, %u looks by the watcher; of the file %llu pages were read until all was touched, %llu when it was touched again, %llu when what is not locked was\n",
	       cycles, times_full(), swapoffs(), compactions(), common->watched,
	       reads[0], reads[1] - reads[0], reads[2] - reads[1]);
	for (nr = 0; nr < PLAIN; nr++)
		check_reader(nr, still_known);
	tap_check(reads[1] == reads[0], "nothing is read from the disk when used pages are used again");
	if (still_known)
		tap_check(moved, "used pages move while compaction may move unevictable ones");
	else
		tap_skip("used pages move while compaction may move unevictable ones", "no " UNEVICTABLE);
	tap_check(away_before, "used pages that are not locked go away");
	tap_check(reads[2] > reads[1], "pages that are not locked are read from the disk when they are used again");
	tap_check(times_full() >= 2, "the swap disk was full several times");
	return tap_exit();
}
