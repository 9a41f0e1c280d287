// SPDX-License-Identifier: GPL-2.0
/*
 * Mlocked and Unevictable of meminfo, and those of the memcg, are what a scan of
 * all pages finds, and are back where they were after munlock, munmap and exit:
 * for each kind of page, after compaction, and after races.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <pthread.h>

#include "child.h"
#include "huge_pages.h"
#include "memcg.h"
#include "meminfo.h"
#include "swap_out.h"

enum { NR_PAGES = 256, RACE_PAGES = 64 };
#define LEN	(NR_PAGES * page_size())

static struct marked start;
static bool memcg;

/* Do all count, and find, @pages more than at the start? */
static bool counted(size_t pages)
{
	struct marked want = { start.mlocked + pages, start.unevictable + pages };

	return counters_agree(&want);
}

/* All that is marked since the start is charged to our memcg */
static void check_memcg(const char *what, const char *claim, size_t pages)
{
	char text[96];

	snprintf(text, sizeof(text), "%s: %s", what, claim);
	if (!memcg)
		tap_skip(text, "no memcg here");
	else if (!tap_check(llabs(memcg_unevictable(MEMCG) - (long long)pages) <=
			    memcg_slack(), "%s", text))
		printf("# %lld, not %zu\n", memcg_unevictable(MEMCG), pages);
}

static char *make_anonymous(size_t *len)
{
	*len = LEN;
	return map_pages(NR_PAGES);
}

static char *make_shared(size_t *len)
{
	char *map;
	int fd;

	*len = LEN;
	if (files_are_unevictable())
		return NULL;
	fd = make_file("/tmp", NR_PAGES);
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	close(fd);
	return map;
}

static char *make_huge(size_t *len)
{
	*len = 2 * huge_page_size();
	return map_huge(*len / 2);
}

static const struct kind {
	const char *name;
	char *(*make)(size_t *len);
} kinds[] = {
	{ "anonymous", make_anonymous },
	{ "tmpfs", make_shared },
	{ "huge pages", make_huge },
};

static void test_kind(const struct kind *kind)
{
	static const char * const claims[] = {
		"meminfo and a full scan count what is locked",
		"the memcg counts what is locked",
		"meminfo and a full scan are back after munlock", "the memcg is back after munlock",
		"meminfo and a full scan are back after munmap", "the memcg is back after munmap",
		"meminfo and a full scan are back after exit", "the memcg is back after exit",
	};
	char *map, claim[96];
	unsigned int i;
	pid_t child;
	size_t len;

	map = kind->make(&len);
	if (!map) {
		for (i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
			snprintf(claim, sizeof(claim), "%s: %s", kind->name,
				 claims[i]);
			tap_skip(claim, "not in this kernel");
		}
		return;
	}
	/* Half of it is present before, half is touched */
	touch_range(map, len / 2);
	sys_mlock2(map, len, MLOCK_ONFAULT);
	touch_range(map, len);
	tap_check(counted(len / page_size()), "%s: %s", kind->name, claims[0]);
	check_memcg(kind->name, claims[1], len / page_size());
	munlock(map, len);
	tap_check(counted(0), "%s: %s", kind->name, claims[2]);
	check_memcg(kind->name, claims[3], 0);
	sys_mlock2(map, len, MLOCK_ONFAULT);
	munmap(map, len);
	tap_check(counted(0), "%s: %s", kind->name, claims[4]);
	check_memcg(kind->name, claims[5], 0);
	child = start_child();
	if (!child) {
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
		map = kind->make(&len);
		if (map)
			touch_range(map, len);
		_exit(!map);
	}
	tap_check(!child_status(child) && counted(0), "%s: %s", kind->name, claims[6]);
	check_memcg(kind->name, claims[7], 0);
}

/* A huge page that is split by the end of a lock, and one that is half unmapped */
static void test_split(void)
{
	static const char * const claims[] = {
		"meminfo and a full scan agree after munlock of half a huge page",
		"meminfo and a full scan agree after munmap of half a huge page",
		"nothing is left when the rest of a huge page is unmapped",
	};
	size_t huge = huge_page_size(), i;
	char *map = map_huge(huge);

	if (!map) {
		for (i = 0; i < 3; i++)
			tap_skip(claims[i], "no huge pages");
		return;
	}
	sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
	touch_range(map, 2 * huge);
	munlock(map, huge / 2);
	tap_check(counters_agree(NULL), "%s", claims[0]);
	munmap(map + huge / 2 * 3, huge / 2);
	tap_check(counters_agree(NULL), "%s", claims[1]);
	munmap(map, huge / 2 * 3);
	tap_check(counted(0), "%s", claims[2]);
}

static void test_compaction(void)
{
	static const char * const claims[] = {
		"meminfo and a full scan agree after memory was compacted",
		"meminfo and a full scan are back when what compaction moved is unmapped",
	};
	char *map = map_compacted(NR_PAGES, touch_on_fault);
	int i;

	if (!map) {
		for (i = 0; i < 2; i++)
			tap_skip(claims[i], "nothing is moved in this kernel");
		return;
	}
	tap_check(counted(NR_PAGES), "%s", claims[0]);
	munmap(map, LEN);
	tap_check(counted(0), "%s", claims[1]);
}

/* In the memcg of swap_out(): ours is for what is not swapped */
static void test_swap(bool swap)
{
	static const char * const claims[] = {
		"meminfo and a full scan count pages that were swapped in",
		"meminfo and a full scan are back after munlock of pages that were swapped in",
	};
	/* Pages may be large, and the swap space is not */
	const size_t pages = swap_pages() / 4, len = pages * page_size();
	char *map = map_pages(pages);
	bool out = swap && swap_out(map, pages);
	int i;

	memcg_leave();
	if (!out) {
		for (i = 0; i < 2; i++)
			tap_skip(claims[i], "no swap or no memcg here");
	} else {
		sys_mlock2(map, len, MLOCK_ONFAULT);
		touch_range(map, len);
		tap_check(counted(pages), "%s", claims[0]);
		munlock(map, len);
		tap_check(counted(0), "%s", claims[1]);
	}
	munmap(map, len);
}

enum { NR_RACERS = 2, NR_THREADS = 2, NR_ROUNDS = 400 };

struct racer {
	char *anonymous, *shared;
	unsigned int seed;
};

/* One of the things that a process may do with a part of its memory */
static void race_once(struct racer *racer)
{
	char *map = rand_r(&racer->seed) % 2 ? racer->anonymous : racer->shared;
	size_t first = rand_r(&racer->seed) % RACE_PAGES;
	size_t len = (1 + rand_r(&racer->seed) % (RACE_PAGES - first)) * page_size();
	pid_t pid;

	map += first * page_size();
	switch (rand_r(&racer->seed) % 10) {
	case 0:
	case 1:
		sys_mlock2(map, len, MLOCK_ONFAULT);
		break;
	case 2:
		mlock(map, len);
		break;
	case 3:
		munlock(map, len);
		break;
	case 4:
		madvise(map, len, MADV_DONTNEED);
		break;
	case 5:
		mprotect(map, len, PROT_READ | PROT_WRITE);
		munlock(map, page_size());
		madvise(map, page_size(), MADV_DONTNEED);
		break;
	case 6:
		if (mmap(map, len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			break;
		touch_range(map, len);
		break;
	case 7:
		if (rand_r(&racer->seed) % 8)
			break;
		pid = start_child();
		if (!pid) {
			sys_mlock2(map, len, MLOCK_ONFAULT);
			touch_range(map, len);
			_exit(0);
		}
		touch_range(map, len);
		if (child_status(pid))
			_exit(1);
		break;
	default:
		touch_range(map, len);
	}
}

static void *race_rounds(void *arg)
{
	int round;

	for (round = 0; round < NR_ROUNDS; round++)
		race_once(arg);
	return NULL;
}

/* Exits with a part of the memory locked, while a thread goes on */
static void race(const struct racer *what, unsigned int seed)
{
	struct racer racers[NR_THREADS];
	pthread_t threads[NR_THREADS];
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		racers[i] = *what;
		racers[i].seed = seed + i;
		if (pthread_create(&threads[i], NULL, race_rounds, &racers[i]))
			_exit(1);
	}
	pthread_join(threads[0], NULL);
	_exit(0);
}

/* Have reclaim isolate what the others lock and unlock, until killed */
static void press(void)
{
	size_t len = swap_pages() * page_size();

	for (;;) {
		char *map = map_pages(swap_pages());

		touch_range(map, len);
		munmap(map, len);
	}
}

/* What they race for is mapped here, too, and seen when they have gone */
static void test_races(bool swap)
{
	const size_t len = RACE_PAGES * page_size();
	int fd = make_file("/tmp", RACE_PAGES), i, failed = 0;
	pid_t presser = 0, racers[NR_RACERS];
	struct racer what = { .anonymous = map_pages(RACE_PAGES) };

	what.shared = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (what.shared == MAP_FAILED)
		tap_bail_out("mmap of a file");
	touch_range(what.anonymous, len);
	touch_range(what.shared, len);
	if (memcg && swap) {
		/* More than the racers can lock, less than all touch */
		memcg_limit(768 * page_size());
		presser = start_child();
		if (!presser)
			press();
	}
	for (i = 0; i < NR_RACERS; i++) {
		racers[i] = start_child();
		if (!racers[i])
			race(&what, i * NR_THREADS);
	}
	for (i = 0; i < NR_RACERS; i++)
		failed += !!child_status(racers[i]);
	if (presser) {
		end_child(presser);
		memcg_limit(-1);
	}
	tap_check(counted(0) && !failed,
		  "memcg and meminfo are back after processes and threads have raced");
	check_memcg("races", "the memcg is back as well", 0);
	munmap(what.anonymous, len);
	munmap(what.shared, len);
	close(fd);
}

int main(void)
{
	unsigned int i;
	bool swap;

	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	skip_without_page_flags();

	tap_plan(3 * 8 + 3 + 2 + 2 + 2 + 1);
	memcg = memcg_join();
	tap_check(counters_agree(NULL), "meminfo and a full scan agree at the start");
	start = scan_marked();
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		test_kind(&kinds[i]);
	test_split();
	test_compaction();
	swap = make_swap();
	test_races(swap);
	if (memcg)
		memcg_leave();
	test_swap(swap);
	if (swap)
		end_swap();
	return tap_exit();
}
