// SPDX-License-Identifier: GPL-2.0
/*
 * Locked stacks that grow in two threads at once stay within RLIMIT_MEMLOCK, in
 * which there is room for one more page each time, and are charged to the page.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/resource.h>

#include "../../files/tools/testing/selftests/vm/race.h"

enum { NR_STACKS = 2, STACK_PAGES = 1024, ROUNDS = 600, MOST_TURNS = 200 };
enum { SECONDS = 15, NOBODY = 65534 };

static struct meeting growers_meet = { .parties = NR_STACKS };

static struct stack {
	char *bottom;		/* of what was reserved for it */
	char *next;		/* the page that it grows to next */
	bool grown;		/* in this round */
} stacks[NR_STACKS];

static int zeros;

/* By read(): what may not grow is EFAULT then, and no signal */
static bool grow(struct stack *stack)
{
	return read(zeros, stack->next, 1) == 1;
}

static bool set_limit(long long pages)
{
	struct rlimit limit = { pages * page_size(), RLIM_INFINITY };

	return !setrlimit(RLIMIT_MEMLOCK, &limit);
}

static void map_stack(struct stack *stack)
{
	const size_t len = STACK_PAGES * page_size();
	char *top = map_pages(STACK_PAGES);

	stack->bottom = top;
	top += len - page_size();
	/* A page stays at the bottom, so that nothing else comes to lie there */
	if (munmap(stack->bottom + page_size(), len - page_size()) ||
	    mmap(top, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE |
		 MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0) != top)
		tap_bail_out("mmap");
	must_lock(top, page_size());
	stack->next = top;
	if (!grow(stack))
		tap_bail_out("a stack that cannot be touched");
	stack->next -= page_size();
}

static long long limit;		/* pages */
static unsigned int over;	/* rounds in which both have grown */

/* In each thread */
static void *grow_rounds(void *arg)
{
	struct stack *stack = arg;
	unsigned int seed = stack - stacks, round;

	stay_on_cpu(stack - stacks);
	for (round = 0; round < ROUNDS; round++) {
		meet(&growers_meet);
		spin_a_while(&seed, MOST_TURNS, 0);
		stack->grown = grow(stack);
		if (stack->grown)
			stack->next -= page_size();
		meet(&growers_meet);
		/* Room for one more, whatever this round has taken */
		if (stack == stacks) {
			limit += stacks[0].grown + stacks[1].grown;
			over += stacks[0].grown && stacks[1].grown;
			set_limit(limit);
		}
	}
	return NULL;
}

/* Returns how far the charge is from the pages that were granted */
static long long run_pass(void)
{
	long long wrong;
	pthread_t threads[NR_STACKS];
	int i;

	set_limit(4 * STACK_PAGES);
	for (i = 0; i < NR_STACKS; i++)
		map_stack(&stacks[i]);
	limit = locked_pages() + 1;
	set_limit(limit);
	for (i = 0; i < NR_STACKS; i++)
		if (pthread_create(&threads[i], NULL, grow_rounds, &stacks[i]))
			tap_bail_out("pthread_create");
	for (i = 0; i < NR_STACKS; i++)
		pthread_join(threads[i], NULL);
	wrong = locked_pages() - (limit - 1);
	for (i = 0; i < NR_STACKS; i++)
		munmap(stacks[i].bottom, STACK_PAGES * page_size());
	return wrong;
}

static int run_passes(void)
{
	long long wrong = 0, left;
	unsigned int passes = 0;
	time_t end;

	if (!set_limit(4 * STACK_PAGES) || setresuid(NOBODY, NOBODY, NOBODY))
		tap_bail_out("setresuid");
	tap_plan(3);
	end = time(NULL) + SECONDS;
	do {
		wrong += llabs(run_pass());
		passes++;
	} while (!over && time(NULL) < end);
	if (!tap_check(!over, "two stacks that grow at once stay within RLIMIT_MEMLOCK"))
		printf("# got %u of %u rounds that went beyond, want 0\n", over,
		       passes * ROUNDS);
	if (!tap_check(!wrong, "each page that they grow by is charged"))
		printf("# got %lld pages of difference, want 0\n", wrong);
	left = locked_pages();
	if (!tap_check(!left, "munmap of locked stacks takes their charge back"))
		printf("# got %lld pages, want 0\n", left);
	return tap_exit();
}

int main(void)
{
	zeros = open("/dev/zero", O_RDONLY);
	if (zeros < 0)
		tap_bail_out("/dev/zero");
	return run_passes();
}
