// SPDX-License-Identifier: GPL-2.0
/*
 * Cost of a locked page that others map as well: munlock(), munmap() and exit of
 * one task that has locked 512 pages, which OTHERS tasks map, of which LOCKERS
 * have locked them, too.
 *
 *   shared instructions|locks [MEMORY...] [OTHERS...]
 *
 * MEMORY is tmpfs, ext2 (MAP_SHARED, read) or anon (written, then shared by fork, in
 * small pages), OTHERS a number of tasks; all three, and 1 10 100 500, if none is
 * given.  LOCKERS are none; with 100 others also 1, 10 and 100.
 *
 * "instructions" is to be run as bench/cost.c; "locks" counts acquisitions of locks
 * instead, on a kernel that has lock_stat, kprobes or, best, both (configs/count.config).
 * Prints TAP, and by tabs:
 *
 *   shared  <memory> <others> <lockers> <way> <call> <instructions> <before> <after>
 *   locks   <memory> <others> <lockers> <way> <call> <LRU> <i_mmap> <anon_vma> <page>
 *
 * The way is how the task has locked: none; populated, by mlock(), and munlock() before
 * the measurement, which leaves the pages referenced, so that munmap() makes them
 * active, as those that mlock() has populated are; onfault, by mlock2(MLOCK_ONFAULT) before
 * it touches the pages; present, by mlock() of pages that are present and shared.
 * Before and after are those of the pages that are Mlocked before and after the call.
 * The counts are acquisitions of these locks, for all pages together and with all
 * that the task does besides; - is what this kernel cannot tell.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <ctype.h>
#include <signal.h>
#include <sys/wait.h>

#include "bench.h"

enum { PAGES = 512, MOST = 1000, GO = SIGUSR1, LOCK = SIGUSR1, COUNT = SIGUSR2 };
enum way { NONE, POPULATED, ONFAULT, PRESENT, WAYS };
enum call { MUNLOCK, MUNMAP, EXIT, CALLS };

static const char *const way_names[] = { "none", "populated", "onfault", "present" };
static const char *const call_names[] = { "munlock", "munmap", "exit" };

enum { LRU, I_MMAP, ANON_VMA, PAGE_LOCK, LOCKS };

/*
 * lock_stat names spin locks and semaphores.  PG_locked it does not know, and a
 * distribution's kernel has no lock_stat: there, calls of functions are counted that
 * take the lock once each, or, of PG_locked, give it back.
 */
static const struct {
	const char *class;
	const char *functions[3];
} locks[LOCKS] = {
	[LRU] = { "lru_lock", { "folio_lruvec_lock", "folio_lruvec_lock_irq",
				"folio_lruvec_lock_irqsave" } },
	[I_MMAP] = { "&mapping->i_mmap_rwsem", { "rmap_walk_file", "unlink_file_vma" } },
	[ANON_VMA] = { "&anon_vma->rwsem", { "rmap_walk_anon", "unlink_anon_vmas" } },
	/* Where there are both, unlock_page() calls the other: the first is enough */
	[PAGE_LOCK] = { NULL, { "folio_unlock", "unlock_page" } },
};

static bool has_lock_stat, counting;
static bool is_known[LOCKS];
static const size_t len = PAGES * 4096;
static int answers[2];

struct answer {
	pid_t pid;
	uint64_t value;
};

static void answer(uint64_t value)
{
	struct answer mine = { getpid(), value };

	must(write(answers[1], &mine, sizeof(mine)) == sizeof(mine), "write");
}

static struct answer next_answer(void)
{
	struct answer next;

	must(read(answers[0], &next, sizeof(next)) == sizeof(next), "read");
	return next;
}

static int next_command(void)
{
	sigset_t commands;
	int sig;

	sigemptyset(&commands);
	sigaddset(&commands, SIGUSR1);
	sigaddset(&commands, SIGUSR2);
	must(!sigwait(&commands, &sig), "sigwait");
	return sig;
}

static uint64_t ask(pid_t pid, int command)
{
	struct answer theirs;

	must(!kill(pid, command), "kill");
	theirs = next_answer();
	must(theirs.pid == pid, "the answer of another task");
	return theirs.value;
}

static void read_all(char *map)
{
	volatile char sink;
	size_t i;

	for (i = 0; i < len; i += page_size())
		sink = map[i];
	(void)sink;
}

/* How many map the page */
static uint64_t page_maps(const void *addr)
{
	return read_u64_at("/proc/kpagecount", pagemap_entry(addr) & PM_PFN_MASK);
}

/* @nth: the first to be made is 0 */
static void other(char *map, unsigned int nth)
{
	read_all(map);
	answer(nth);
	for (;;) {
		if (next_command() == COUNT) {
			answer(count_pages(map, PAGES, page_is_mlocked));
		} else {
			must(!mlock(map, len), "mlock of another task");
			answer(0);
		}
	}
}

/* @fd: the file, -1 for anonymous memory */
static void subject(int fd, unsigned int others, enum way way, enum call call)
{
	char *map = fd < 0 ? map_pages(PAGES) :
		mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	uint64_t start;
	unsigned int i;

	must(map != MAP_FAILED, "mmap");
	if (way == ONFAULT)
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	if (fd < 0)
		touch_range(map, len);
	else
		read_all(map);
	/* Else mlock() copies anonymous pages on write, and they are not shared */
	must(!mprotect(map, len, PROT_READ), "mprotect");
	for (i = 0; i < others; i++) {
		/* Not ours: what an exit has to do for children is not to be counted */
		long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

		must(pid >= 0, "clone");
		if (!pid)
			other(map, i);
	}
	if (way == PRESENT || way == POPULATED)
		must(!mlock(map, len), "mlock");
	if (way == POPULATED)
		must(!munlock(map, len), "munlock");
	answer(0);
	next_command();
	for (i = 0; i < PAGES; i++)
		must(page_maps(map + i * page_size()) == others + 1, "pages that all map");
	answer(0);
	next_command();
	start = now();
	switch (call) {
	case MUNLOCK:
		must(!munlock(map, len), "munlock");
		answer(now() - start);
		break;
	case MUNMAP:
		must(!munmap(map, len), "munmap");
		answer(now() - start);
		break;
	default:
		answer(start);
		_exit(0);
	}
	next_command();
}

/* Calls of the functions that @lock goes by */
static long long calls_for(int lock)
{
	FILE *f = fopen(TRACING "kprobe_profile", "re");
	long long count, sum = 0;
	char line[256], name[64];
	int at;

	must(f, "kprobe_profile");
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " lof%d_%63s %lld", &at, name, &count) == 3 && at == lock)
			sum += count;
	fclose(f);
	return sum;
}

static void count_locks(long long *counts)
{
	unsigned int classes;
	int i;

	for (i = 0; counting && i < LOCKS; i++) {
		if (!is_known[i])
			counts[i] = -1;
		else if (has_lock_stat && locks[i].class)
			counts[i] = acquired(locks[i].class, &classes);
		else
			counts[i] = calls_for(i);
	}
}

static bool append(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_APPEND);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return ok;
}

/* Does the kernel have the function, and count its calls from now on? */
static bool count_calls(int lock, const char *function)
{
	char text[128];

	snprintf(text, sizeof(text), "p:lof/lof%d_%s %s\n", lock, function, function);
	if (!append(TRACING "kprobe_events", text))
		return false;
	snprintf(text, sizeof(text), TRACING "events/lof/lof%d_%s/enable", lock, function);
	must(append(text, "1"), text);
	printf("# counts calls of %s\n", function);
	return true;
}

static void prepare_locks(void)
{
	int i, j;

	has_lock_stat = !access("/proc/lock_stat", F_OK);
	for (i = 0; i < LOCKS; i++) {
		is_known[i] = has_lock_stat && locks[i].class;
		if (is_known[i])
			continue;
		for (j = 0; j < 3 && locks[i].functions[j]; j++)
			if (!(i == PAGE_LOCK && is_known[i]) &&
			    count_calls(i, locks[i].functions[j]))
				is_known[i] = true;
	}
	must(is_known[LRU], "lock_stat, or kprobes");
}

/*
 * A hole: its pages come into being when the task touches them.  Those of a file that
 * was written, or unmapped before, are referenced, and the next that unmaps them
 * makes them active, which would be most of what it costs.
 */
static int empty_file(const char *dir)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s/shared.XXXXXX", dir);
	fd = mkstemp(name);
	must(fd >= 0 && !unlink(name) && !ftruncate(fd, len), name);
	return fd;
}

static void measure(const char *memory, const char *dir, unsigned int others,
		    unsigned int lockers, enum way way, enum call call)
{
	long long before[LOCKS], after[LOCKS];
	static pid_t pids[MOST];
	uint64_t cost, mlocked;
	int fd = dir ? empty_file(dir) : -1;
	unsigned int i;
	pid_t pid;

	memset(pids, 0, sizeof(pids));
	pid = start_child();
	if (!pid)
		subject(fd, others, way, call);
	for (i = 0; i <= others; i++) {
		struct answer ready = next_answer();

		if (ready.pid == pid)
			continue;
		must(ready.value < others && !pids[ready.value], "each of the others once");
		pids[ready.value] = ready.pid;
	}
	/*
	 * A walk over all that map a page of a file begins with the youngest task, of
	 * anonymous memory with the oldest: those have locked that it meets last.
	 */
	for (i = 0; i < lockers; i++)
		ask(pids[dir ? i : others - 1 - i], LOCK);
	drain_lru();
	ask(pid, COUNT);
	mlocked = ask(pids[0], COUNT);
	settle();
	count_locks(before);
	must(!kill(pid, GO), "kill");
	if (call == EXIT) {
		must(waitpid(pid, NULL, 0) == pid, "the end of the task");
		cost = now();
		cost -= next_answer().value;
	} else {
		cost = next_answer().value;
	}
	count_locks(after);
	drain_lru();
	if (counting) {
		printf("locks\t%s\t%u\t%u\t%s\t%s", memory, others, lockers,
		       way_names[way], call_names[call]);
		for (i = 0; i < LOCKS; i++) {
			if (is_known[i])
				printf("\t%lld", after[i] - before[i]);
			else
				printf("\t-");
		}
		printf("\n");
	} else {
		printf("shared\t%s\t%u\t%u\t%s\t%s\t%llu\t%llu\t%llu\n", memory, others,
		       lockers, way_names[way], call_names[call],
		       (unsigned long long)cost, (unsigned long long)mlocked,
		       (unsigned long long)ask(pids[0], COUNT));
	}
	if (call != EXIT)
		must(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid, "its end");
	for (i = 0; i < others; i++)
		must(!kill(pids[i], SIGKILL), "kill");
	for (i = 0; i < others; i++)
		must(waitpid(-1, NULL, 0) > 0, "the end of another task");
	if (dir)
		close(fd);
}

static void measure_all(const char *memory, const char *dir, unsigned int others,
			unsigned int lockers)
{
	enum way way;
	enum call call;

	for (way = lockers ? ONFAULT : NONE; way < WAYS; way++) {
		if (way == ONFAULT && !mlock2_supported())
			continue;
		for (call = way < ONFAULT ? MUNMAP : MUNLOCK; call < CALLS; call++)
			measure(memory, dir, others, lockers, way, call);
	}
}

int main(int argc, char **argv)
{
	static const struct { const char *name, *dir; } memories[] = {
		{ "tmpfs", "/tmp" }, { "ext2", DISK }, { "anon", NULL },
	};
	unsigned int numbers[] = { 1, 10, 100, 500, 0, 0, 0, 0 };
	bool wanted[3] = { true, true, true };
	bool memory_named = false;
	unsigned int n = 0, i, j;
	sigset_t commands;

	must(argc > 1 && page_size() * PAGES == len, "instructions or locks, pages of 4096");
	counting = argv[1][0] == 'l';
	for (argv += 2; *argv; argv++) {
		if (isdigit(**argv)) {
			must(n < 7, "at most seven numbers");
			numbers[n++] = strtoul(*argv, NULL, 10);
			numbers[n] = 0;
			must(numbers[n - 1] && numbers[n - 1] <= MOST, "from 1 to 1000");
			continue;
		}
		if (!memory_named)
			memset(wanted, 0, sizeof(wanted));
		memory_named = true;
		for (j = 0; j < 3 && strcmp(memories[j].name, *argv); j++)
			;
		must(j < 3, "tmpfs, ext2 or anon");
		wanted[j] = true;
	}

	tap_plan(1);
	sigemptyset(&commands);
	sigaddset(&commands, SIGUSR1);
	sigaddset(&commands, SIGUSR2);
	must(!sigprocmask(SIG_BLOCK, &commands, NULL) && !pipe(answers), "pipe");
	mount_disks();
	if (counting)
		prepare_locks();
	for (j = 0; j < 3; j++) {
		for (i = 0; wanted[j] && numbers[i]; i++) {
			measure_all(memories[j].name, memories[j].dir, numbers[i], 0);
			if (numbers[i] != 100)
				continue;
			measure_all(memories[j].name, memories[j].dir, 100, 1);
			measure_all(memories[j].name, memories[j].dir, 100, 10);
			measure_all(memories[j].name, memories[j].dir, 100, 100);
		}
	}
	unmount_disks();
	return done();
}
