// SPDX-License-Identifier: GPL-2.0
/*
 * A user who may lock 16 pages locks and unlocks others, again and again, while
 * another thread of that task gives up half of them: pages that are shared with
 * another user.  No more than the limit may be locked, and none after munlock().
 * Root starts it, and judges by a scan.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/resource.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { LIMIT_PAGES = 16, ROUNDS = 1500, NOBODY = 65534 };
#define LIMIT	(LIMIT_PAGES * page_size())

static char *area;		/* another LIMIT_PAGES of it in each round */
static struct meeting threads_meet = { .parties = 2 };

/* Once the last page is not VM_LOCKED any more */
static void *drop_half(void *unused)
{
	unsigned int round;

	stay_on_cpu(1);
	for (round = 0; round < ROUNDS; round++) {
		char *window = area + round * LIMIT;

		meet(&threads_meet);
		while (madvise(window + LIMIT - page_size(), page_size(), MADV_DONTNEED))
			;
		madvise(window + LIMIT / 2, LIMIT / 2, MADV_DONTNEED);
		meet(&threads_meet);
	}
	return unused;
}

static void lock_and_unlock(int ready, int go)
{
	const struct rlimit limit = { LIMIT, LIMIT };
	unsigned int round;
	pthread_t thread;
	char c;

	/* mlock() of the control kernel would copy what is shared */
	mprotect(area, ROUNDS * LIMIT, PROT_READ);
	stay_on_cpu(0);
	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setresuid(NOBODY, NOBODY, NOBODY) ||
	    pthread_create(&thread, NULL, drop_half, NULL))
		_exit(2);
	for (round = 0; round < ROUNDS; round++) {
		char *window = area + round * LIMIT;

		if (lock_range(window, LIMIT))
			_exit(3);
		meet(&threads_meet);
		munlock(window, LIMIT);
		meet(&threads_meet);
	}
	pthread_join(thread, NULL);
	if (write(ready, "r", 1) != 1 || read(go, &c, 1) != 1)
		_exit(4);
	_exit(0);
}

int main(void)
{
	int ready[2], go[2], status;
	size_t left;
	pid_t child;
	char c;

	tap_plan(2);
	area = map_pages(ROUNDS * LIMIT_PAGES);
	touch_range(area, ROUNDS * LIMIT);
	if (pipe(ready) || pipe(go))
		tap_bail_out("pipe");
	child = start_child();
	if (!child)
		lock_and_unlock(ready[1], go[0]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("the task that locks");
	left = stray_pages();
	if (!tap_check(!left, "a user who may lock %d pages has none locked after munlock",
		       LIMIT_PAGES))
		printf("# got %zu pages that nobody locks after %d rounds, want 0\n",
		       left, ROUNDS);
	if (write(go[1], "g", 1) != 1)
		tap_bail_out("write");
	status = child_status(child);
	left = stray_pages();
	if (!tap_check(!status && !left, "none is locked when that user's task has ended"))
		printf("# got status %d, %zu pages that nobody locks, want 0\n", status, left);
	return tap_exit();
}
