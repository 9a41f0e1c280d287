// SPDX-License-Identifier: GPL-2.0
/* The tasks of a group: founder, processes, threads, kids. */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <grp.h>
#include <linux/futex.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "sys.h"
#include "util.h"

enum { NOBODY = 65534, MOST_SPINS = 1000 };

static __thread sigjmp_buf fault;
static __thread volatile sig_atomic_t may_fault;

static void on_fault(int sig)
{
	if (!may_fault) {
		signal(sig, SIG_DFL);
		return;
	}
	siglongjmp(fault, sig);
}

/* Touch memory that may not be there; EFAULT if it was not */
int try_to(int (*touch)(const struct op *op), const struct op *op)
{
	int err;

	if (sigsetjmp(fault, 0)) {
		may_fault = 0;
		return EFAULT;
	}
	may_fault = 1;
	err = touch(op);
	may_fault = 0;
	return err;
}

static void sleep_us(unsigned int us)
{
	struct timespec pause = { 0, us * 1000L };

	nanosleep(&pause, NULL);
}

static void spin_until(uint64_t end)
{
	while (ticks() < end && !ctl->stop)
		__asm__ volatile("pause");
}

static void wait_for_tick(void)
{
	unsigned int clock = ctl->group.clock;

	spin_until(((ticks() >> clock) + 1) << clock);
}

/* A range that has moved on with the clock, inside of its region */
static void walk(struct op *op, unsigned int step)
{
	unsigned int pages = ctl->group.region[op->region].pages;
	unsigned int len = ctl->group.focus_len;

	op->off = (op->off + step % (pages / len) * len) % pages;
	if (op->off + op->len > pages)
		op->len = pages - op->off;
}

static int run_op(struct slot *slot, const struct op *planned, unsigned int step,
		  bool walks)
{
	struct record *rec = &slot->ring[slot->next++ % RING];
	struct op op = *planned;
	unsigned int times = 1;
	int first, err;

	if (walks && op.region == ctl->group.focus_region)
		walk(&op, step);
	if (op.mods & SAME_INSTANT)
		wait_for_tick();
	/* Another one each time */
	if (op.delay)
		spin_until(ticks() + below(&slot->rnd, op.delay * 128));
	rec->op = op;
	rec->end = 0;
	rec->err = 0;
	rec->begin = ticks();
	/* Some increments are lost: it is a rough measure */
	ctl->said[op.what]++;
	first = err = do_op(slot, &op);
	if (op.mods & SPIN)
		for (; err == first && times < MOST_SPINS && !ctl->stop; times++)
			err = do_op(slot, &op);
	rec->err = err;
	rec->times = times;
	rec->end = ticks();
	slot->done += times;
	ctl->succeeded[op.what] += !err;
	return err;
}

/* How many ticks of the common clock has this round lasted? */
static unsigned int clock_now(void)
{
	uint64_t now = ticks(), start = ctl->round_start;

	return now > start ? (now - start) >> ctl->group.clock : 0;
}

static bool is_alive(const struct slot *slot)
{
	return slot->state != EMPTY && slot->state != DEAD;
}

static struct slot *kid_of(struct slot *slot, unsigned int i)
{
	return &ctl->slot[MAX_SLOTS + (slot - ctl->slot) * KIDS + i];
}

/*
 * A parent and those of its kids that are to meet wait for each other here, but
 * not for long: what comes next they do at the same instant.
 */
static void meet(struct slot *slot)
{
	const uint64_t end = ticks() + (1 << 24);
	unsigned int i;

	if (slot >= &ctl->slot[MAX_SLOTS]) {
		const struct slot *parent =
			&ctl->slot[(slot - &ctl->slot[MAX_SLOTS]) / KIDS];

		slot->arrived = 1;
		while (!parent->arrived && ticks() < end && !ctl->stop)
			__asm__ volatile("pause");
		return;
	}
	for (i = 0; i < KIDS; i++) {
		const struct slot *kid = kid_of(slot, i);

		while (kid->program.meets && is_alive(kid) && !kid->arrived &&
		       ticks() < end && !ctl->stop)
			__asm__ volatile("pause");
	}
	slot->arrived = 1;
}

/* Not to begin anything else: the round is over */
static bool is_over(void)
{
	return ctl->stop && !ctl->group.finishes;
}

/* All operations of the program, once */
static void run_once(struct slot *slot, const struct program *program,
		     unsigned int step)
{
	const struct op mend = {
		.what = MAP, .region = ctl->group.focus_region,
		.off = ctl->group.focus_off, .len = ctl->group.focus_len,
	};
	bool holes = false;
	unsigned int i;

	for (i = 0; i < program->nr && !is_over(); i++) {
		int err;

		if (program->meets == i + 1)
			meet(slot);
		/* Who looks at the end has unlocked all before it */
		if (i + 2 < program->nr && percent(&slot->rnd, program->skips))
			continue;
		err = run_op(slot, &program->op[i], step, program->walk);
		holes |= err == ENOMEM || err == EFAULT;
	}
	if (program->meets == program->nr + 1U && !ctl->stop)
		meet(slot);
	if (holes && program->mends && !ctl->stop)
		run_op(slot, &mend, step, program->walk);
}

/*
 * A program runs a number of times.  Where the focus of its group goes from
 * place to place it does so for a few times at each, from the same instant as
 * the others, and never comes back.
 */
void run_program(struct slot *slot)
{
	/* The programs of the next round are written while this one may yet run */
	const struct program program = slot->program;
	const unsigned int places = ctl->group.places;
	bool kid = slot >= &ctl->slot[MAX_SLOTS];
	unsigned int place, loop;

	if (!places || kid) {
		for (loop = 0; loop < program.loops && !ctl->stop; loop++)
			run_once(slot, &program, clock_now());
		return;
	}
	for (place = clock_now(); place < places && !ctl->stop; ) {
		for (loop = 0; loop < 1U + program.loops % 4 && !ctl->stop &&
		     clock_now() == place; loop++)
			run_once(slot, &program, place);
		while (clock_now() == place && !ctl->stop)
			sched_yield();
		place = clock_now();
	}
}

int fork_kid(struct slot *slot, const struct op *op)
{
	struct slot *kid;
	pid_t pid;

	if (slot >= &ctl->slot[MAX_SLOTS])
		return EPERM;		/* a kid has none of its own */
	kid = kid_of(slot, op->arg % KIDS);
	if (is_alive(kid)) {
		/* One that has stayed goes now, if it is ours, and we may */
		if (kid->pid <= 1 || kill(kid->pid, SIGKILL))
			return EBUSY;
		if (waitpid(kid->pid, NULL, 0) != kid->pid)
			return EBUSY;
		kid->state = DEAD;
	}
	note_pages(op);
	slot->arrived = 0;
	kid->arrived = 0;
	kid->rnd = slot->rnd += kid->pid;
	kid->end = kid->program.end;
	kid->threads = 1;
	kid->pid = 0;
	kid->owner = getpid();
	kid->state = STARTING;
	ctl->forked = true;
	pid = fork();
	if (!pid) {
		kid->pid = getpid();
		kid->state = RUNNING;
		run_program(kid);
		if (kid->end == KID_EXECS) {
			char arg[8];

			snprintf(arg, sizeof(arg), "%d", op->arg);
			execl("/proc/self/exe", "races", "--exec", arg, NULL);
		}
		if (kid->end != KID_STAYS)
			_exit(0);
		kid->charged = charged_pages();
		kid->state = PARKED;
		for (;;)
			pause();
	}
	if (pid < 0) {
		kid->state = DEAD;
		return errno;
	}
	kid->pid = pid;
	if (kid->end == KID_IS_KILLED) {
		spin_until(ticks() + op->off2 * 1024ULL);
		if (kill(pid, SIGKILL))
			return errno;
	}
	if (kid->end == KID_IS_KILLED || (op->arg & 2))
		if (kid->end != KID_STAYS &&
		    waitpid(pid, NULL, 0) == pid)
			kid->state = DEAD;
	return 0;
}

/* Is there a kid that may lock something?  Not one that rests with nothing locked */
bool kids_lock(void)
{
	unsigned int i;

	for (i = MAX_SLOTS; i < ALL_SLOTS; i++) {
		const struct slot *kid = &ctl->slot[i];

		if (is_alive(kid) && (kid->state != PARKED || kid->charged))
			return true;
	}
	return false;
}

/* Wait until its kids end, or rest if they stay */
void reap_kids(struct slot *slot)
{
	unsigned int i;

	if (slot >= &ctl->slot[MAX_SLOTS])
		return;
	for (i = 0; i < KIDS; i++) {
		struct slot *kid = kid_of(slot, i);

		if (kid->end == KID_STAYS) {
			while (is_alive(kid) && kid->state != PARKED && !ctl->stop)
				sleep_us(100);
			continue;
		}
		if (is_alive(kid) && kid->pid > 0 &&
		    waitpid(kid->pid, NULL, 0) == kid->pid)
			kid->state = DEAD;
	}
}

/* Until each kid is gone, or stays and is at rest */
static void wait_for_kids(struct slot *slot)
{
	unsigned int i;

	for (i = 0; i < KIDS; i++) {
		struct slot *kid = kid_of(slot, i);

		while (is_alive(kid) && kid->state != PARKED) {
			pid_t pid = kid->pid;

			if (pid > 0 && waitpid(pid, NULL, WNOHANG) == pid)
				kid->state = DEAD;
			else
				sleep_us(300);
		}
	}
}

static void *work(void *arg)
{
	struct slot *slot = arg;

	for (;;) {
		unsigned int round = ctl->round;

		if (slot->finished != round) {
			slot->state = RUNNING;
			if (slot->finished != round)
				run_program(slot);
			wait_for_kids(slot);
			slot->finished = round;
		}
		slot->state = PARKED;
		syscall(SYS_futex, &ctl->round, FUTEX_WAIT, round, NULL, NULL, 0);
	}
	return NULL;
}

static void catch_faults(void)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void drop_privilege(void)
{
	struct rlimit limit = { opt.limit, opt.limit };

	setrlimit(RLIMIT_MEMLOCK, &limit);
	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		_exit(3);
	/* or nobody could read its smaps and write to its memory */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

/* The slots of @process are set; this is its first thread */
static void process(int process)
{
	struct slot *first = NULL;
	unsigned int i;

	catch_faults();
	look_prepare();
	if (opt.privilege && process != weather_process(&ctl->group))
		drop_privilege();
	if (ctl->group.founder_unmaps)
		for (i = 0; i < ctl->group.regions; i++)
			region_map(&ctl->group.region[i], 0,
				   ctl->group.region[i].pages, 0);
	for (i = 0; i < ctl->group.slots; i++) {
		struct slot *slot = &ctl->slot[i];
		pthread_attr_t attr;
		pthread_t thread;

		if (slot->process != process)
			continue;
		slot->pid = getpid();
		if (!first) {
			first = slot;
			continue;
		}
		pthread_attr_init(&attr);
		pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN + 65536);
		if (pthread_create(&thread, &attr, work, slot))
			slot->state = DEAD;
		pthread_attr_destroy(&attr);
	}
	work(first);
}

static void start_process(int number)
{
	unsigned int i;
	pid_t pid;

	for (i = 0; i < ctl->group.slots; i++)
		if (ctl->slot[i].process == number)
			ctl->slot[i].state = STARTING;
	/* The clerk looks at the states after it has set stop */
	__sync_synchronize();
	pid = ctl->stop ? -1 : fork();
	if (!pid) {
		process(number);
		_exit(0);
	}
	for (i = 0; i < ctl->group.slots; i++)
		if (ctl->slot[i].process == number) {
			ctl->slot[i].pid = pid;
			if (pid < 0)
				ctl->slot[i].state = DEAD;
		}
}

/* Whoever ran in process @pid is dead */
static void bury(pid_t pid)
{
	unsigned int i;

	for (i = 0; i < ALL_SLOTS; i++) {
		struct slot *slot = &ctl->slot[i];

		/* or was just about to fork */
		if (slot->pid == pid || (slot->owner == pid && !slot->pid &&
					 slot->state == STARTING)) {
			slot->pid = 0;
			slot->state = DEAD;
		}
	}
}

/* A parent may wait for its kid, and be killed before it says so */
static void bury_lost_kids(void)
{
	unsigned int i;

	for (i = MAX_SLOTS; i < ALL_SLOTS; i++) {
		struct slot *slot = &ctl->slot[i];
		pid_t pid = slot->pid;

		if (is_alive(slot) && pid > 0 && kill(pid, 0) && errno == ESRCH &&
		    slot->pid == pid) {
			slot->pid = 0;
			slot->state = DEAD;
		}
	}
}

/* The memory of its own that its processes share; it never locks */
void founder(void)
{
	struct team *group = &ctl->group;
	char file[128];
	unsigned int i;

	setpgid(0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_file("/proc/self/oom_score_adj", "-900");
	if (group->in_memcg) {
		char moves[128];

		/* What it shares with the clerk, who cannot be killed, stays where it is */
		snprintf(moves, sizeof(moves), "%s/memory.move_charge_at_immigrate", opt.group_dir);
		set_file(moves, "0");
		snprintf(file, sizeof(file), "%s/tasks", opt.group_dir);
		set_file(file, "0");
		set_file(moves, "3");
	}
	for (i = 0; i < group->regions; i++) {
		region_map(&group->region[i], 0, group->region[i].pages, 0);
		region_fill(&group->region[i]);
	}
	set_file("/proc/self/oom_score_adj", "0");
	for (i = 0; i < group->processes; i++)
		start_process(i);
	set_file("/proc/self/oom_score_adj", "-900");
	if (group->founder_unmaps)
		for (i = 0; i < group->regions; i++)
			munmap((void *)group->region[i].base,
			       (size_t)group->region[i].pages * page_size);
	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid > 0) {
			bury(pid);
			continue;
		}
		bury_lost_kids();
		for (i = 0; i < group->processes && !ctl->stop; i++) {
			unsigned int j;

			for (j = 0; j < group->slots; j++)
				if (ctl->slot[j].process == (int)i &&
				    ctl->slot[j].state != DEAD)
					break;
			if (j == group->slots) {
				set_file("/proc/self/oom_score_adj", "0");
				start_process(i);
				set_file("/proc/self/oom_score_adj", "-900");
			}
		}
		sleep_us(1000);
	}
}
