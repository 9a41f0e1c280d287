// SPDX-License-Identifier: GPL-2.0
/*
 * munlock() and munlockall() of shared pages, while another thread takes the
 * mappings away: what is left to the other process is not Mlocked.
 *
 * The other thread knows when the range is no longer VM_LOCKED: MADV_DONTNEED of
 * a page of it is EINVAL before.  A long part of the range keeps munlock() busy,
 * what is taken away lies behind it.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/uio.h>

#include "race.h"
#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/ksm.h"

enum { NR_FIRST = 8192, NR_RACED = 512, NR_HUGE = 2, ROUNDS = 8 };

/* The range: NR_FIRST pages, one to ask, and what is raced */
static char *area, *raced;
static size_t area_len, raced_len, huge;

#define ASK	PAGE(area, NR_FIRST)

/* With a process that writes to us by get_user_pages() */
static struct meeting *writer_meets;
/* With the process that the pages are shared with */
static struct meeting *sharer_meets;
static volatile char sink;

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
	meet(writer_meets);
	meet(writer_meets);
}

/* It has got to the end of what is raced when the last page is another one */
static void merge(void)
{
	char *last = raced + raced_len - page_size();
	uint64_t before = pagemap_entry(last);
	int tries;

	ksm_write(KSM_DIR "run", 1);
	for (tries = 0; tries < 1000 && pagemap_entry(last) == before; tries++)
		usleep(1000);
	ksm_write(KSM_DIR "run", 0);
}

/* How the pages come to be shared: with a child, in all cases */
enum sharing { BY_FORK, BY_FILE, AS_HUGE, BY_KSM, BEFORE_KSM };

static const struct way {
	const char *claim;
	void (*take)(void);
	enum sharing sharing;
	bool all;
} ways[] = {
	{ "munlock: MADV_DONTNEED of anonymous pages leaves nothing locked", drop, BY_FORK, false },
	{ "munlockall: MADV_DONTNEED of anonymous pages leaves nothing locked", drop, BY_FORK, true },
	{ "munlock: MADV_DONTNEED of pages of a file leaves nothing locked", drop, BY_FILE, false },
	{ "munlockall: MADV_DONTNEED of pages of a file leaves nothing locked", drop, BY_FILE, true },
	{ "munlock: MADV_DONTNEED of huge pages leaves nothing locked", drop, AS_HUGE, false },
	{ "munlockall: MADV_DONTNEED of huge pages leaves nothing locked", drop, AS_HUGE, true },
	{ "munlock: copy on write of small pages leaves nothing locked", write_small, BY_FORK, false },
	{ "munlockall: copy on write of small pages leaves nothing locked", write_small, BY_FORK, true },
	{ "munlock: copy on write of small pages by another process leaves nothing locked", have_written,
	  BY_FORK, false },
	{ "munlock: copy on write of huge pages leaves nothing locked", write_huge, AS_HUGE, false },
	{ "munlockall: copy on write of huge pages leaves nothing locked", write_huge, AS_HUGE, true },
	{ "munlock: MADV_DONTNEED of KSM pages leaves nothing locked", drop, BY_KSM, false },
	{ "munlock: copy on write of KSM pages leaves nothing locked", write_small, BY_KSM, false },
	{ "munlock: KSM merges pages leaves nothing locked", merge, BEFORE_KSM, false },
	{ "munlockall: KSM merges pages leaves nothing locked", merge, BEFORE_KSM, true },
};

static const struct way *way;

/* Each page differs, in each round, so that KSM finds no others like it */
static void fill(char *map, size_t len)
{
	static unsigned int round;
	size_t at;

	round++;
	for (at = 0; at < len; at += page_size()) {
		unsigned int *words = (unsigned int *)(map + at);

		words[1] = round;
		words[2] = at / page_size() + 1;
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
	const size_t first = (NR_FIRST + 1) * page_size();

	raced_len = way->sharing == AS_HUGE ? NR_HUGE * huge :
					       NR_RACED * page_size();
	area_len = first + huge + raced_len;
	area = mmap(NULL, area_len, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (area == MAP_FAILED)
		tap_bail_out("mmap");
	raced = (char *)(((uintptr_t)area + first + huge - 1) & -huge);
	area_len = raced + raced_len - area;
	madvise(area, first, MADV_NOHUGEPAGE);
	touch_range(area, first);
	madvise(raced, raced_len, way->sharing == AS_HUGE ? MADV_HUGEPAGE :
							     MADV_NOHUGEPAGE);
	if (way->sharing == BY_FILE &&
	    mmap(raced, raced_len, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		tap_bail_out("mmap");
	fill(raced, raced_len);
	if (way->sharing == AS_HUGE && !page_is_huge(raced))
		tap_bail_out("no huge pages");
}

static void *take_when_unlocked(void *unused)
{
	stay_on_cpu(1);
	while (madvise(ASK, page_size(), MADV_DONTNEED))
		;
	way->take();
	return unused;
}

/* fork() maps no pages of a file: they have to be touched */
static pid_t start_sharer(void)
{
	pid_t sharer = start_child();
	size_t at;

	if (!sharer) {
		munmap(ASK, page_size());
		for (at = 0; at < raced_len; at += page_size())
			sink = raced[at];
		meet(sharer_meets);
		for (;;)
			pause();
	}
	meet(sharer_meets);
	return sharer;
}

static pid_t start_writer(void)
{
	pid_t us = getpid(), writer = start_child();
	struct iovec here = { "w", 1 }, there = { NULL, 1 };
	size_t at = raced_len;

	if (writer)
		return writer;
	meet(writer_meets);
	while (at) {
		at -= page_size();
		there.iov_base = raced + at;
		if (process_vm_writev(us, &here, 1, &there, 1, 0) != 1)
			_exit(1);
	}
	meet(writer_meets);
	_exit(0);
}

/*
 * Locked before they are shared: mlock() of the control kernel would copy them.
 * Returns how many pages are Mlocked for nobody.
 */
static size_t race(unsigned int round)
{
	char *twin = NULL, *third = NULL;
	pid_t sharer, writer = 0;
	pthread_t thread;
	size_t left;

	(void)round;
	map_area();
	must_lock(area, area_len);
	if (way->sharing >= BY_KSM)
		twin = copy_of(raced, raced_len);
	if (way->sharing == BEFORE_KSM)
		third = copy_of(raced, raced_len);
	if (twin && !ksm_merge(third ? third : raced, twin, raced_len))
		tap_bail_out("KSM has merged nothing");
	sharer = start_sharer();
	if (way->take == have_written)
		writer = start_writer();
	if (third)
		madvise(raced, raced_len, MADV_MERGEABLE);

	if (pthread_create(&thread, NULL, take_when_unlocked, NULL))
		tap_bail_out("pthread_create");
	usleep(2000);
	if (way->all)
		munlockall();
	else
		munlock(area, area_len);
	pthread_join(thread, NULL);
	left = stray_pages();

	if (writer && child_status(writer))
		tap_bail_out("process_vm_writev");
	end_child(sharer);
	munmap(area, area_len);
	if (twin)
		munmap(twin, raced_len);
	if (third)
		munmap(third, raced_len);
	return left;
}

int main(void)
{
	bool ksm = ksm_begin();
	unsigned int i;
	char *map;

	huge = huge_page_size();
	map = map_huge(huge);
	tap_plan(sizeof(ways) / sizeof(*ways));
	writer_meets = (struct meeting *)map_shared(page_size());
	sharer_meets = writer_meets + 1;
	writer_meets->parties = sharer_meets->parties = 2;
	stay_on_cpu(0);
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		way = &ways[i];
		if (way->sharing == AS_HUGE && !map)
			tap_skip(way->claim, "no huge pages");
		else if (way->sharing >= BY_KSM && !ksm)
			tap_skip(way->claim, "no KSM");
		else
			check_rounds(way->claim, ROUNDS, race);
	}
	return tap_exit();
}
