// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that were locked, that munmap() has unmapped, and that a pipe still holds:
 * nobody maps them, so they are on an evictable list.  Also if the pipe takes them
 * by get_user_pages_fast() while munmap() runs, which takes no lock for it.  Needs
 * root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/uio.h>

#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/race.h"

enum { NR_PAGES = 256, NR_TAKEN = 16, SECONDS = 15 };
#define LEN	(NR_PAGES * page_size())
#define MARKS	(KPF_MLOCKED | KPF_UNEVICTABLE)

static int fds[2];

/* How many of @pages from @map the pipe has taken */
static size_t take(const char *map, size_t pages)
{
	struct iovec vec = { (void *)map, pages * page_size() };
	ssize_t len = vmsplice(fds[1], &vec, 1, SPLICE_F_NONBLOCK);

	return len > 0 ? len / page_size() : 0;
}

static void empty_pipe(size_t pages)
{
	static char buffer[1 << 16];

	for (; pages; pages--)
		if (read(fds[0], buffer, page_size()) != (ssize_t)page_size())
			tap_bail_out("read from the pipe");
}

static void note_places(const char *map, size_t pages, uint64_t *pfns)
{
	size_t i;

	for (i = 0; i < pages; i++)
		pfns[i] = pagemap_entry(PAGE(map, i)) & PM_PFN_MASK;
}

static size_t count_marked(const uint64_t *pfns, size_t pages)
{
	size_t marked = 0, i;

	for (i = 0; i < pages; i++)
		marked += !!(read_u64_at("/proc/kpageflags", pfns[i]) & MARKS);
	return marked;
}

/*
 * v5.10 moves a page that was isolated by way of an LRU batch, which is on no list:
 * what is marked still when the batches have drained counts.
 */
static size_t count_left(const uint64_t *pfns, size_t pages)
{
	if (!count_marked(pfns, pages))
		return 0;
	drain_lru();
	return count_marked(pfns, pages);
}

/* Without a race: taken, then unmapped */
static void test_taken(const char *what, char *map, size_t len, const char *part)
{
	uint64_t head;
	size_t left;

	if (!map) {
		tap_skip("a huge page of which a pipe holds a part is evictable after munmap",
			 "no huge pages");
		return;
	}
	must_lock(map, len);
	touch_range(map, len);
	note_places(map, 1, &head);
	if (take(part, 1) != 1)
		tap_bail_out("vmsplice");
	munmap(map, len);
	left = count_left(&head, 1);
	if (!tap_check(!left, "%s is evictable after munmap", what))
		printf("# got flags %#llx\n",
		       (unsigned long long)read_u64_at("/proc/kpageflags", head));
	empty_pipe(1);
}

/* What the other thread takes, and when */
static struct meeting threads_meet = { .parties = 2 };
static char *area;
static volatile size_t first, taken;
static volatile unsigned int most = 4000;
static volatile bool stop;

static void *take_some(void *unused)
{
	unsigned int seed = 1;

	stay_on_cpu(1);
	for (;;) {
		meet(&threads_meet);
		if (stop)
			return unused;
		spin_a_while(&seed, most, 0);
		taken = take(PAGE(area, first), NR_TAKEN);
		meet(&threads_meet);
	}
}

static void test_race(void)
{
	unsigned int rounds = 0, some = 0, left = 0, seed = 2;
	time_t end = time(NULL) + SECONDS;
	static uint64_t pfns[NR_PAGES];
	pthread_t thread;

	if (pthread_create(&thread, NULL, take_some, NULL))
		tap_bail_out("pthread_create");
	stay_on_cpu(0);
	do {
		area = map_pages(NR_PAGES);
		must_lock(area, LEN);
		touch_range(area, LEN);
		note_places(area, NR_PAGES, pfns);
		first = rand_r(&seed) % (NR_PAGES - NR_TAKEN);
		meet(&threads_meet);
		munmap(area, LEN);
		meet(&threads_meet);
		rounds++;
		some += taken > 0;
		/* So that each comes first in half of the rounds */
		if (!taken && most > 100)
			most -= most / 100 + 1;
		else if (taken == NR_TAKEN)
			most += most / 100 + 1;
		left += count_left(pfns + first, taken);
		empty_pipe(taken);
	} while (!left && time(NULL) < end);
	stop = true;
	meet(&threads_meet);
	pthread_join(thread, NULL);
	if (!some)
		tap_bail_out("nothing was taken");
	if (!tap_check(!left, "pages that a pipe takes during munmap are evictable"))
		printf("# got %u marked in round %u, want 0\n", left, rounds);
	printf("# %u rounds, in %u the pipe has taken pages\n", rounds, some);
}

int main(void)
{
	const size_t huge = huge_page_size();
	char *map;

	if (geteuid())
		tap_skip_all("needs root to read /proc/kpageflags");
	if (pipe2(fds, O_NONBLOCK))
		tap_bail_out("pipe");
	tap_plan(3);
	stay_on_cpu(0);
	map = map_pages(1);
	test_taken("a page that a pipe holds", map, page_size(), map);
	map = map_huge(huge);
	if (map)
		munmap(map + huge, huge);
	test_taken("a huge page of which a pipe holds a part", map, huge,
		   map + 5 * page_size());
	test_race();
	return tap_exit();
}
