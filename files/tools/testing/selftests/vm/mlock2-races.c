// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing stays locked that nobody locks: while one thread unlocks pages that a
 * process shares with us, another one, or the kernel, takes our mapping of them
 * away.  Then the pages that are left to the other process are not Mlocked.  It
 * looks itself, at its own pages, while it maps them still.  And mlock() returns
 * when what it locks is on the unevictable list: nothing is drained here.
 *
 * Runs on kernels without mlock2(), too.  Needs root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/uio.h>

#include "huge_pages.h"
#include "ksm.h"
#include "race.h"

enum { NR_RACED = 256, NR_HUGE = 2, ROUNDS = 10, FIRST_LEN = 32 << 20 };

static volatile char sink;

/*
 * What is locked: a long part that keeps munlock() busy, behind it a page to ask
 * whether the range is VM_LOCKED still, then what is raced, to a boundary of huge
 * pages.
 */
static char *area, *ask, *raced;
static size_t area_len, raced_len, huge;

/* In shared memory */
static struct {
	struct meeting sharer, writer;
	volatile unsigned int mlocked;	/* pages of the sharer */
} *common;

static void drop(void)
{
	madvise(raced, raced_len, MADV_DONTNEED);
}

/* From the end, where the walk of munlock() comes last */
static void write_small(void)
{
	size_t at = raced_len;

	while (at) {
		at -= page_size();
		raced[at] = 2;
	}
}

static void write_huge(void)
{
	size_t at = raced_len;

	while (at) {
		at -= huge;
		raced[at] = 2;
	}
}

static void have_written(void)
{
	meet(&common->writer);
	meet(&common->writer);
}

/* KSM is through with it when the last page is another one */
static void merge(void)
{
	char *last = raced + raced_len - page_size();
	uint64_t before = pagemap_entry(last);
	int tries;

	ksm_write(KSM_DIR "run", 1);
	for (tries = 0; tries < 1000 && pagemap_entry(last) == before; tries++)
		usleep(1000);
	ksm_write(KSM_DIR "run", ksm_before.run == 1);
}

/* What the pages are; a child shares them */
enum kind { ANONYMOUS, OF_A_FILE, AS_HUGE, OF_KSM, SOON_OF_KSM };

static const struct way {
	const char *what;
	void (*take)(void);
	enum kind kind;
} ways[] = {
	{ "MADV_DONTNEED of anonymous pages", drop, ANONYMOUS },
	{ "MADV_DONTNEED of pages of a file", drop, OF_A_FILE },
	{ "MADV_DONTNEED of huge pages", drop, AS_HUGE },
	{ "MADV_DONTNEED of KSM pages", drop, OF_KSM },
	{ "copy on write of small pages", write_small, ANONYMOUS },
	{ "copy on write by another process", have_written, ANONYMOUS },
	{ "copy on write of huge pages", write_huge, AS_HUGE },
	{ "copy on write of KSM pages", write_small, OF_KSM },
	{ "a merge by KSM", merge, SOON_OF_KSM },
};

enum { NR_WAYS = sizeof(ways) / sizeof(*ways) };
static const struct way *way;
static bool all;		/* munlockall() */

/* Each page differs, in each round, so that KSM finds no others like it */
static void fill(char *map, size_t len)
{
	static unsigned int round;
	size_t at;

	round++;
	for (at = 0; at < len; at += page_size()) {
		unsigned int *words = (unsigned int *)(map + at);

		words[1] = getpid();
		words[2] = round;
		words[3] = at / page_size() + 1;
	}
}

static char *copy_of(const char *map, size_t len)
{
	char *copy = map_pages(len / page_size());

	memcpy(copy, map, len);
	return copy;
}

static void map_area(void)
{
	const size_t first = FIRST_LEN + page_size();

	area_len = first + huge + NR_RACED * page_size();
	if (area_len < first + (1 + NR_HUGE) * huge)
		area_len = first + (1 + NR_HUGE) * huge;
	area = mmap(NULL, area_len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		tap_bail_out("mmap");
	raced = (char *)(((uintptr_t)area + first + huge - 1) & -huge);
	madvise(area, raced - area, MADV_NOHUGEPAGE);
	touch_range(area, FIRST_LEN);
	ask = area + FIRST_LEN;
}

/* False if it cannot be made what it is to be */
static bool map_raced(void)
{
	const int flags = way->kind == OF_A_FILE ? MAP_SHARED : MAP_PRIVATE;

	raced_len = way->kind == AS_HUGE ? NR_HUGE * huge : NR_RACED * page_size();
	area_len = raced + raced_len - area;
	if (mmap(raced, raced_len, PROT_READ | PROT_WRITE,
		 flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		tap_bail_out("mmap");
	madvise(raced, raced_len, way->kind == AS_HUGE ? MADV_HUGEPAGE :
							  MADV_NOHUGEPAGE);
	fill(raced, raced_len);
	return way->kind != AS_HUGE || page_is_huge(raced);
}

static void *take_when_unlocked(void *unused)
{
	stay_on_cpu(1);
	while (madvise(ask, page_size(), MADV_DONTNEED))
		;
	way->take();
	return unused;
}

/* Says how many of its pages are Mlocked, when the race is over */
static pid_t start_sharer(void)
{
	pid_t sharer = start_child();
	size_t at;

	if (!sharer) {
		/* fork() maps no pages of a file */
		for (at = 0; at < raced_len; at += page_size())
			sink = raced[at];
		meet(&common->sharer);
		meet(&common->sharer);
		common->mlocked = count_pages(raced, raced_len / page_size(),
					      page_is_mlocked);
		_exit(0);
	}
	meet(&common->sharer);
	return sharer;
}

/* Writes to us by get_user_pages() */
static pid_t start_writer(void)
{
	struct iovec here = { "w", 1 }, there = { NULL, 1 };
	pid_t us = getpid(), writer = start_child();
	size_t at = raced_len;

	if (writer)
		return writer;
	stay_on_cpu(1);
	meet(&common->writer);
	while (at) {
		at -= page_size();
		there.iov_base = raced + at;
		if (process_vm_writev(us, &here, 1, &there, 1, 0) != 1)
			_exit(1);
	}
	meet(&common->writer);
	_exit(0);
}

/*
 * Locked before they are shared, because mlock() of a kernel without mlock2()
 * would copy them.  False if nothing could be raced.
 */
static bool race_once(void)
{
	char *twin = NULL, *third = NULL;
	pid_t sharer, writer = 0;
	pthread_t thread;

	if (!map_raced())
		return false;
	must_lock(area, area_len);
	if (way->kind >= OF_KSM)
		twin = copy_of(raced, raced_len);
	if (way->kind == SOON_OF_KSM)
		third = copy_of(raced, raced_len);
	if (twin && !ksm_merge(third ? third : raced, twin, raced_len))
		return false;
	sharer = start_sharer();
	if (way->take == have_written)
		writer = start_writer();
	if (third)
		madvise(raced, raced_len, MADV_MERGEABLE);

	if (pthread_create(&thread, NULL, take_when_unlocked, NULL))
		tap_bail_out("pthread_create");
	/* For it to be asking already: it need not */
	usleep(1000);
	if (all)
		munlockall();
	else
		munlock(area, area_len);
	pthread_join(thread, NULL);
	if (twin)
		munmap(twin, raced_len);
	if (third)
		munmap(third, raced_len);
	meet(&common->sharer);
	if (child_status(sharer) || (writer && child_status(writer)))
		tap_bail_out("a child that takes part in a race");
	return true;
}

static void check_way(const char *call, const char *why_not)
{
	unsigned int round, pages = 0;
	char claim[96];

	snprintf(claim, sizeof(claim), "%s during %s leaves none of them locked",
		 call, way->what);
	for (round = 0; round < ROUNDS && !why_not && !pages; round++) {
		if (!race_once())
			why_not = "the pages could not be made";
		else
			pages = common->mlocked;
	}
	if (why_not)
		tap_skip(claim, why_not);
	else if (!tap_check(!pages, "%s", claim))
		printf("# got %u pages Mlocked in round %u, want 0\n", pages, round);
}

static void test_ways(bool ksm)
{
	unsigned int i;

	map_area();
	for (i = 0; i < 2 * NR_WAYS; i++) {
		const char *why_not = NULL;

		way = &ways[i / 2];
		all = i % 2;
		if (way->kind >= OF_KSM && !ksm)
			why_not = "no KSM";
		else if (way->kind == AS_HUGE && huge > 4 << 20)
			why_not = "huge pages are too large";
		check_way(all ? "munlockall" : "munlock", why_not);
	}
	munmap(area, area_len);
}

/*
 * A page of KSM that a private mapping of a file has locked, and another mapping
 * shares, and maybe has locked, too: the end of the file takes it from the one, and
 * leaves the other.
 */
static void test_ksm_truncate(const char *why_not, bool twin_locks)
{
	const char *claim = twin_locks ?
		"ftruncate leaves KSM pages locked that another mapping has locked" :
		"ftruncate unlocks KSM pages of a private file mapping";
	const unsigned int want = twin_locks ? NR_RACED : 0;
	const size_t len = NR_RACED * page_size();
	unsigned int before, left;
	char *map, *twin;
	int fd = make_file("/tmp", NR_RACED);

	map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	must_lock(map, len);
	fill(map, len);
	twin = copy_of(map, len);
	if (!why_not && !ksm_merge(map, twin, len))
		why_not = "KSM has merged nothing";
	if (why_not) {
		tap_skip(claim, why_not);
	} else {
		if (twin_locks)
			must_lock(twin, len);
		before = count_pages(twin, NR_RACED, page_is_mlocked);
		if (ftruncate(fd, 0))
			tap_bail_out("ftruncate");
		left = count_pages(twin, NR_RACED, page_is_mlocked);
		if (!tap_check(before == NR_RACED && left == want, "%s", claim))
			printf("# got %u pages Mlocked of %u before, want %u of %d\n",
			       left, before, want, NR_RACED);
	}
	munmap(map, len);
	munmap(twin, len);
	close(fd);
}

/*
 * How a task stops to lock pages that it shares with us, without a race.  We have
 * the pages mapped meanwhile, and look before anybody unmaps or drains anything.
 */
enum { NR_SHARED = 16 };
#define SHARED_LEN	(NR_SHARED * page_size())

static void by_munlock(char *map)
{
	munlock(map, SHARED_LEN);
}

static void by_munlockall(char *map)
{
	(void)map;
	munlockall();
}

static void by_munmap(char *map)
{
	munmap(map, SHARED_LEN);
}

static void by_map_fixed(char *map)
{
	if (mmap(map, SHARED_LEN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		 -1, 0) != map)
		_exit(5);
}

static void by_shrinking(char *map)
{
	/* To a page, which munmap() takes */
	if (mremap(map, SHARED_LEN, page_size(), 0) != map)
		_exit(6);
	munmap(map, page_size());
}

static void by_moving_over(char *map)
{
	char *other = map_pages(NR_SHARED);

	if (mremap(other, SHARED_LEN, SHARED_LEN, MREMAP_MAYMOVE | MREMAP_FIXED,
		   map) != map)
		_exit(7);
}

static void by_moving_away(char *map)
{
	char *to = map_pages(NR_SHARED);

	if (mremap(map, SHARED_LEN, SHARED_LEN, MREMAP_MAYMOVE | MREMAP_FIXED,
		   to) != to)
		_exit(8);
	munlock(to, SHARED_LEN);
}

static void by_exit(char *map)
{
	(void)map;
	_exit(0);
}

/* It runs main() again, which returns at once */
static void by_exec(char *map)
{
	(void)map;
	execl("/proc/self/exe", "mlock2-races", "exec", NULL);
	_exit(9);
}

static const struct {
	const char *call;
	void (*stop)(char *map);
	bool ends;		/* the task */
} stops[] = {
	{ "munlock", by_munlock, false },
	{ "munlockall", by_munlockall, false },
	{ "munmap", by_munmap, false },
	{ "a MAP_FIXED mapping", by_map_fixed, false },
	{ "mremap to a smaller size", by_shrinking, false },
	{ "mremap of something over it", by_moving_over, false },
	{ "munlock after mremap", by_moving_away, false },
	{ "exit", by_exit, true },
	{ "exec", by_exec, true },
};

enum { NR_STOPS = sizeof(stops) / sizeof(*stops) };

/* Locks @map, meets us, stops to lock it, and meets us again unless it has ended */
static pid_t start_locker(char *map, unsigned int stop)
{
	pid_t locker = start_child();
	size_t at;

	if (!locker) {
		for (at = 0; at < SHARED_LEN; at += page_size())
			sink = map[at];
		if (lock_range(map, SHARED_LEN))
			_exit(4);
		meet(&common->sharer);
		meet(&common->sharer);
		stops[stop].stop(map);
		meet(&common->sharer);
		meet(&common->sharer);
		_exit(0);
	}
	return locker;
}

/* False if the task failed; else how many of ours are Mlocked before, and what after */
static bool stop_once(char *map, unsigned int stop, unsigned int *mlocked,
		      unsigned int *locked, unsigned int *unlocked,
		      bool (*is_unlocked)(const void *))
{
	pid_t locker;

	common->sharer.arrived = 0;
	locker = start_locker(map, stop);
	meet(&common->sharer);
	*mlocked = count_pages(map, NR_SHARED, page_is_mlocked);
	meet(&common->sharer);
	if (stops[stop].ends) {
		if (child_status(locker))
			return false;
	} else {
		meet(&common->sharer);
	}
	*locked = count_pages(map, NR_SHARED, page_is_locked);
	*unlocked = count_pages(map, NR_SHARED, is_unlocked);
	if (stops[stop].ends)
		return true;
	meet(&common->sharer);
	return !child_status(locker);
}

/* @too: we have locked them, too */
static void check_stop(const char *what, char *map, unsigned int stop, bool too,
		       bool (*is_unlocked)(const void *))
{
	unsigned int mlocked, locked, unlocked;
	char claim[112];

	snprintf(claim, sizeof(claim), too ?
		 "%s of a task leaves %s locked for another that locks them" :
		 "%s of a task that locks %s leaves none of them locked",
		 stops[stop].call, what);
	if (too)
		must_lock(map, SHARED_LEN);
	if (!stop_once(map, stop, &mlocked, &locked, &unlocked, is_unlocked))
		tap_bail_out("a task that locks");
	if (!tap_check(mlocked == NR_SHARED &&
		       (too ? locked : unlocked) == NR_SHARED, "%s", claim))
		printf("# got %u Mlocked before, then %u locked, %u unlocked, of %d\n",
		       mlocked, locked, unlocked, NR_SHARED);
	munlock(map, SHARED_LEN);
}

static void test_stops(void)
{
	int fd = make_file("/tmp", NR_SHARED);
	unsigned int i;
	char *map;

	for (i = 0; i < 2 * NR_STOPS; i++) {
		map = map_pages(NR_SHARED);
		touch_range(map, SHARED_LEN);
		/* Those that wait in the LRU batch of this CPU are no matter of this */
		drain_lru_here();
		/* mlock() of the control kernel would copy what is shared */
		mprotect(map, SHARED_LEN, PROT_READ);
		check_stop("anonymous pages", map, i / 2, i % 2, page_is_unlocked);
		munmap(map, SHARED_LEN);

		map = mmap(NULL, SHARED_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			tap_bail_out("mmap of a file");
		touch_range(map, SHARED_LEN);
		check_stop("pages of a file", map, i / 2, i % 2, file_page_is_unlocked);
		munmap(map, SHARED_LEN);
	}
	close(fd);
}

/* How a call locks what it has to fault in; returns the mapping */
static char *by_mlock(size_t len)
{
	char *map = map_pages(len / page_size());

	if (mlock(map, len))
		tap_bail_out("mlock");
	return map;
}

static char *by_map_locked(size_t len)
{
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	return map;
}

static char *by_mlockall(size_t len)
{
	char *map;

	/* All else is faulted in before, and cannot push pages out of the LRU batch */
	if (mlockall(MCL_CURRENT) || munlockall())
		tap_bail_out("mlockall");
	map = map_pages(len / page_size());
	if (mlockall(MCL_CURRENT))
		tap_bail_out("mlockall");
	return map;
}

/* Pages of a file, copied because the mapping may be written */
static char *by_mlock_of_a_file(size_t len)
{
	int fd = make_file("/tmp", len / page_size());
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED || mlock(map, len))
		tap_bail_out("mlock of a file");
	close(fd);
	return map;
}

/* Present before, but in the LRU batch of this CPU if it has not filled up */
static char *by_mlock_of_present_pages(size_t len)
{
	char *map = map_pages(len / page_size());

	touch_range(map, len);
	must_lock(map, len);
	return map;
}

/* Faulted in and Mlocked, maybe in the LRU batch of this CPU: mlock() marks none */
static char *by_mlock_of_mlocked_pages(size_t len)
{
	char *map = map_pages(len / page_size());

	must_lock(map, len);
	touch_range(map, len);
	mlock(map, len);
	return map;
}

/* On one CPU: of a page that waits in the batch of another one nothing is said */
static void test_returns(void)
{
	static const struct {
		const char *call;
		char *(*lock)(size_t len);
	} cases[] = {
		{ "mlock", by_mlock },
		{ "mmap(MAP_LOCKED)", by_map_locked },
		{ "mlockall(MCL_CURRENT)", by_mlockall },
		{ "mlock of a private file mapping", by_mlock_of_a_file },
		{ "a lock of present pages", by_mlock_of_present_pages },
		{ "mlock of mlocked pages", by_mlock_of_mlocked_pages },
	};
	static const unsigned int sizes[] = { 4, 8, 64 };
	unsigned int i, locked;

	for (i = 0; i < 3 * sizeof(cases) / sizeof(*cases); i++) {
		unsigned int pages = sizes[i % 3];
		char *map = cases[i / 3].lock(pages * page_size());

		locked = count_pages(map, pages, page_is_listed);
		if (!tap_check(locked == pages,
			       "%s returns with all of %u pages unevictable",
			       cases[i / 3].call, pages))
			printf("# got %u unevictable, %u Mlocked\n", locked,
			       count_pages(map, pages, page_is_mlocked));
		munlockall();
		munmap(map, pages * page_size());
	}
}

enum { NR_RETURNS = 3 * 6 };

int main(int argc, char **argv)
{
	bool ksm;

	if (argc > 1 && !strcmp(argv[1], "exec"))
		return 0;
	skip_without_page_flags();
	huge = huge_page_size();

	tap_plan(NR_RETURNS + 2 * 2 * NR_STOPS + 2 + 2 * NR_WAYS);
	common = (void *)map_shared(page_size());
	common->sharer.parties = common->writer.parties = 2;
	stay_on_cpu(0);
	test_returns();
	test_stops();
	ksm = ksm_begin();
	test_ksm_truncate(ksm ? NULL : "no KSM", false);
	test_ksm_truncate(ksm ? NULL : "no KSM", true);
	test_ways(ksm);
	if (ksm)
		ksm_end();
	return tap_exit();
}
