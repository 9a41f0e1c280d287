// SPDX-License-Identifier: GPL-2.0
/*
 * mlock() and MAP_LOCKED return with what they fault in on the unevictable list, also
 * if the task goes from CPU to CPU meanwhile: what waits in the LRU batch of one that it
 * has left is not drained by it.  A page of a file, which is in the cache before it is
 * mapped, may be in such a batch, Mlocked, and goes to the list when that drains.  Needs
 * root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/types.h>

#include "../../files/tools/testing/selftests/vm/race.h"

enum { NR_PAGES = 8, SECONDS = 8, MOST_TURNS = 3000 };
#define LEN	(NR_PAGES * page_size())

static pid_t locker;		/* the thread that is moved */
static volatile bool stop;

static void *move_about(void *unused)
{
	unsigned int seed = 1, cpu = 0;
	cpu_set_t one;

	while (!stop) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(locker, sizeof(one), &one);
		cpu = !cpu;
		spin_a_while(&seed, MOST_TURNS, 0);
	}
	return unused;
}

static char *map(int flags)
{
	char *at = mmap(NULL, LEN, PROT_READ | PROT_WRITE,
			MAP_ANONYMOUS | flags, -1, 0);

	if (at == MAP_FAILED)
		tap_bail_out("mmap");
	return at;
}

static void test(const char *what, int flags)
{
	time_t end = time(NULL) + SECONDS;
	unsigned int rounds = 0, locked, late = 0;
	char *other = map(MAP_PRIVATE);

	do {
		char *at = map(flags);

		if (!(flags & MAP_LOCKED) && mlock(at, LEN))
			tap_bail_out("mlock");
		locked = count_pages(at, NR_PAGES, page_is_locked);
		if (locked < NR_PAGES && (flags & MAP_SHARED) &&
		    count_pages(at, NR_PAGES, page_is_mlocked) == NR_PAGES) {
			late++;
			/* It drains the batches of all CPUs first */
			mlock(other, LEN);
			munlock(other, LEN);
			locked = count_pages(at, NR_PAGES, page_is_locked);
		}
		munmap(at, LEN);
		rounds++;
	} while (locked == NR_PAGES && time(NULL) < end);
	if (!tap_check(locked == NR_PAGES, "%s by a task that changes CPUs returns with all %s",
		       what, flags & MAP_SHARED ? "Mlocked" : "unevictable"))
		printf("# got %u of %d in round %u\n", locked, NR_PAGES, rounds);
	printf("# %u rounds, %u of them with a page in another batch\n", rounds, late);
	munmap(other, LEN);
}

int main(void)
{
	pthread_t thread;

	if (CPU_COUNT(all_cpus()) < 2)
		tap_skip_all("one CPU");
	tap_plan(3);
	locker = syscall(__NR_gettid);
	if (pthread_create(&thread, NULL, move_about, NULL))
		tap_bail_out("pthread_create");
	test("mlock of private pages", MAP_PRIVATE);
	test("mlock of shared pages", MAP_SHARED);
	test("MAP_LOCKED", MAP_PRIVATE | MAP_LOCKED);
	stop = true;
	pthread_join(thread, NULL);
	return tap_exit();
}
