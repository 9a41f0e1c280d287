// SPDX-License-Identifier: GPL-2.0
/*
 * KSM pages of a private mapping of a file, which another mapping has, too, that
 * nobody locks: one thread truncates the file while another locks the first mapping.
 * What is left in the second one is not Mlocked then.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/ksm.h"
#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

/*
 * Copies that nobody shares come first: when truncation has 10,000 of them, it drops
 * the page table lock to free them, and the lock goes ahead of it.
 */
enum { NR_FIRST = 12288, NR_PAGES = 256, MOST_ROUNDS = 30, SECONDS = 30 };
#define FIRST_LEN	(NR_FIRST * page_size())
#define LEN		(NR_PAGES * page_size())
#define ALL_LEN		(FIRST_LEN + LEN)

static int file;
static struct meeting threads_meet = { .parties = 2 };
static char *map;

/* Each page differs, so that KSM finds none but its twin */
static void fill(char *pages)
{
	static unsigned int round;
	size_t i;

	round++;
	for (i = 0; i < NR_PAGES; i++) {
		unsigned int *words = (unsigned int *)PAGE(pages, i);

		words[1] = getpid();
		words[2] = round;
		words[3] = i + 1;
	}
}

static void *truncate_file(void *unused)
{
	stay_on_cpu(1);
	meet(&threads_meet);
	if (ftruncate(file, 0))
		tap_bail_out("ftruncate");
	return unused;
}

/* As soon as the first page is gone */
static void lock_meanwhile(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = PM_PRESENT;
	pthread_t thread;

	if (pagemap < 0 || pthread_create(&thread, NULL, truncate_file, NULL))
		tap_bail_out("pthread_create");
	meet(&threads_meet);
	while (entry & PM_PRESENT)
		if (pread64(pagemap, &entry, 8,
			    (uintptr_t)map / page_size() * 8) != 8)
			tap_bail_out("/proc/self/pagemap");
	/* mlock() of the control kernel says ENOMEM for what is beyond the end */
	if (lock_range(map, ALL_LEN) && errno != ENOMEM)
		tap_bail_out("mlock2");
	pthread_join(thread, NULL);
	close(pagemap);
}

/* How many pages of @twin are Mlocked then; or -1: KSM has merged nothing */
static int run_round(char *twin)
{
	char *merged;

	file = make_file("/tmp", 0);
	if (ftruncate(file, ALL_LEN))
		tap_bail_out("ftruncate");
	map = mmap(NULL, ALL_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	merged = map + FIRST_LEN;
	touch_range(map, FIRST_LEN);
	fill(merged);
	memcpy(twin, merged, LEN);
	if (!ksm_merge(merged, twin, LEN))
		return -1;
	/* One VMA again, so that the truncation looks at its flags once */
	madvise(map, FIRST_LEN, MADV_MERGEABLE);
	lock_meanwhile();
	munmap(map, ALL_LEN);
	close(file);
	return count_pages(twin, NR_PAGES, page_is_mlocked);
}

int main(void)
{
	const char *claim = "a truncation during mlock leaves no KSM pages locked";
	time_t end = time(NULL) + SECONDS;
	int round = 0, mlocked;
	size_t stray;
	char *twin;

	if (!ksm_begin())
		tap_skip_all("no KSM");
	tap_plan(1);
	stay_on_cpu(0);
	twin = map_pages(NR_PAGES);
	do {
		mlocked = run_round(twin);
	} while (!mlocked && ++round < MOST_ROUNDS && time(NULL) < end);
	stray = stray_pages();
	if (mlocked < 0)
		tap_skip(claim, "KSM has merged nothing");
	else if (!tap_check(!mlocked && !stray, "%s", claim))
		printf("# got %d Mlocked in round %d, %zu that nobody locks, want 0\n",
		       mlocked, round, stray);
	printf("# %d rounds\n", round);
	ksm_end();
	return tap_exit();
}
