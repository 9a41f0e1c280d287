// SPDX-License-Identifier: GPL-2.0
/*
 * mlock() and MAP_LOCKED return with what they fault in on the unevictable list, also
 * if the task goes from CPU to CPU meanwhile: what waits in the LRU batch of one that it
 * has left is not drained by it.  Needs root.
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
	unsigned int rounds = 0, locked;

	do {
		char *at = map(flags);

		if (!(flags & MAP_LOCKED) && mlock(at, LEN))
			tap_bail_out("mlock");
		locked = count_pages(at, NR_PAGES, page_is_locked);
		munmap(at, LEN);
		rounds++;
	} while (locked == NR_PAGES && time(NULL) < end);
	if (!tap_check(locked == NR_PAGES,
		       "%s by a task that changes CPUs returns with all unevictable", what))
		printf("# got %u of %d in round %u\n", locked, NR_PAGES, rounds);
	printf("# %u rounds\n", rounds);
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
