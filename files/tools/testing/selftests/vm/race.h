/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that do things at the same time */
#ifndef RACE_H
#define RACE_H

#include <pthread.h>
#include <time.h>

#include "child.h"
#include "page_state.h"

#define PAGE(map, n)	((map) + (n) * page_size())

/* By mlock2() where there is one: the control kernel can but populate */
static inline int lock_range(const void *map, size_t len)
{
	int ret = sys_mlock2(map, len, MLOCK_ONFAULT);

	return ret && errno == ENOSYS ? mlock(map, len) : ret;
}

static inline void must_lock(const void *map, size_t len)
{
	if (lock_range(map, len))
		tap_bail_out("mlock2");
}

static inline char *map_shared(size_t len)
{
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	return map;
}

/*
 * Where @parties tasks meet, as often as they like: in shared memory if they are
 * processes.  They spin, so that all go on within a microsecond; but there may be
 * fewer CPUs, and one that never comes is no reason to hang.
 */
enum { MEET_SECONDS = 60 };

struct meeting {
	unsigned int parties;
	unsigned int arrived;
};

static inline void meet(struct meeting *meeting)
{
	unsigned int ticket = __sync_fetch_and_add(&meeting->arrived, 1);
	unsigned int all = (ticket / meeting->parties + 1) * meeting->parties;
	const time_t start = time(NULL);
	unsigned int spins = 0;

	while ((int)(__atomic_load_n(&meeting->arrived, __ATOMIC_SEQ_CST) -
		     all) < 0) {
		if (++spins % 4096)
			continue;
		sched_yield();
		if (time(NULL) - start > MEET_SECONDS) {
			errno = ETIMEDOUT;
			tap_bail_out("a task that races does not come");
		}
	}
}

/* @least turns, and some that differ from call to call, less than @most */
static inline void spin_a_while(unsigned int *seed, unsigned int most,
				unsigned int least)
{
	volatile unsigned int turns = rand_r(seed) % most + least;

	while (turns)
		turns--;
}

#endif
