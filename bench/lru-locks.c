// SPDX-License-Identifier: GPL-2.0
/*
 * How often a read fault of a file that maps 16 pages takes the LRU lock, how often
 * munlock() and munmap() do, and whether mlock2(MLOCK_ONFAULT) makes another CPU
 * work; all are counted.
 *
 * Needs two CPUs and a kernel with configs/count.config (scripts/lru-locks).  The
 * claims are checks of TAP.  Prints as well, by tabs:
 *
 *   faults  <tmpfs|ext2> <plain|onfault> <faults> <pages mapped> <pages Mlocked>
 *           <acquisitions of zone->lru_lock; v5.10: of pgdat->lru_lock>
 *   unlock  <anon|tmpfs> <munlock|munmap> <others: none|map|lock> <pages>
 *           <acquisitions of the LRU lock, of pages that were locked and present>
 *   cross   <nothing|onfault|mlock|compaction> <calls> <work items that drain LRU batches>
 *           <interrupts that CPU 1 got from CPU 0> <batches left as they were>
 *
 * A call is one on 16 absent pages, by a process on CPU 0, while pages that CPU 1
 * has just added wait in its LRU batch and a process on CPU 1 keeps it busy.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/wait.h>

#include "bench.h"

enum { WINDOW = 16, FAULTS = 128, CALLS = 32, UNLOCKED = 512 };

/* Of the one class whose name has "lru_lock" in it */
static unsigned long long acquisitions(void)
{
	unsigned int classes;
	unsigned long long count = acquired("lru_lock", &classes);

	must(classes == 1, "the LRU lock in lock_stat, once");
	return count;
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(!sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static void faults(const char *fs, const char *dir, bool lock)
{
	const size_t pages = WINDOW * FAULTS, len = pages * page_size();
	const size_t window = WINDOW * page_size();
	int fd = make_file(dir, pages);
	char *space = mmap(NULL, len + window, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *map = (char *)(((uintptr_t)space + window - 1) & -(uintptr_t)window);
	unsigned int present, mlocked;
	unsigned long long count;
	volatile char sink;
	size_t i;

	must(space != MAP_FAILED && !fsync(fd), "the mapping");
	map = mmap(map, len, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0);
	must(map != MAP_FAILED, "mmap");
	if (lock)
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	drain_lru();
	run_on(0);
	settle();
	count = acquisitions();
	for (i = 0; i < len; i += window)
		sink = map[i];
	count = acquisitions() - count;
	(void)sink;
	present = count_pages(map, pages, page_is_present);
	mlocked = count_pages(map, pages, page_is_mlocked);
	printf("faults\t%s\t%s\t%d\t%u\t%u\t%llu\n", fs, lock ? "onfault" : "plain",
	       FAULTS, present, mlocked, count);
	tap_check(present == pages, "%s, %s: each fault maps 16 pages", fs,
		  lock ? "onfault" : "plain");
	if (lock) {
		tap_check(mlocked == pages, "%s: all of them are Mlocked", fs);
		tap_check(count <= 2 * FAULTS,
			  "%s: a fault takes the LRU lock at most twice", fs);
	}
	munmap(space, len + window);
	close(fd);
}

enum others { NONE, MAP, LOCK };

/*
 * munlock() or munmap() of locked pages, which a child maps as well (MAP), and has
 * locked (LOCK).  mlock() locks them, which a control kernel knows, too.
 */
static void unlock(bool file, bool unmap, enum others others)
{
	static const char *const names[] = { "none", "map", "lock" };
	const size_t len = UNLOCKED * page_size();
	int fd = file ? make_file("/tmp", UNLOCKED) : -1;
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE, file ? MAP_SHARED :
			 MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
	unsigned long long count;
	int ready[2], end[2];
	pid_t child = 0;
	char c = 0;

	must(map != MAP_FAILED && !pipe(ready) && !pipe(end), "the mapping");
	madvise(map, len, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < len; i += page_size())
		map[i] = 1;
	/* Else mlock() copies anonymous pages on write, and they are not shared */
	must(!mprotect(map, len, PROT_READ), "mprotect");
	if (others != NONE) {
		child = fork();
		must(child >= 0, "fork");
	}
	if (others != NONE && !child) {
		close(end[1]);
		for (size_t i = 0; i < len; i += page_size())
			c += ((volatile char *)map)[i];
		must(others == MAP || !mlock(map, len), "mlock of the child");
		must(write(ready[1], &c, 1) == 1, "write");
		_exit(read(end[0], &c, 1) != 0);
	}
	must(!child || read(ready[0], &c, 1) == 1, "the child");
	must(!mlock(map, len), "mlock");
	must(count_pages(map, UNLOCKED, page_is_mlocked) == UNLOCKED, "Mlocked pages");
	drain_lru();
	run_on(0);
	settle();
	count = acquisitions();
	must(!(unmap ? munmap(map, len) : munlock(map, len)), "munlock");
	count = acquisitions() - count;
	printf("unlock\t%s\t%s\t%s\t%d\t%llu\n", file ? "tmpfs" : "anon",
	       unmap ? "munmap" : "munlock", names[others], UNLOCKED, count);
	close(end[1]);
	if (child)
		must(waitpid(child, NULL, 0) == child, "the end of the child");
	if (!unmap)
		munmap(map, len);
	close(ready[0]);
	close(ready[1]);
	close(end[0]);
	if (file)
		close(fd);
}

/* Keep CPU 1 busy; each time *@turn changes, add a page to its LRU batch */
static pid_t start_other(char *pages, volatile int *turn, volatile int *added)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	run_on(1);
	for (;;) {
		if (*turn < 0)
			_exit(0);
		if (*added != *turn) {
			pages[*turn * page_size()] = 1;
			*added = *turn;
		}
	}
}

/* It is the truncation that empties it: a write of nothing leaves it as it is */
static void empty_trace(void)
{
	int fd = open(TRACING "trace", O_WRONLY | O_TRUNC);

	must(fd >= 0, "the trace");
	close(fd);
}

/* What the trace between our two marks shows */
static void read_trace(unsigned int *drains, unsigned int *interrupts)
{
	FILE *f = fopen(TRACING "trace", "re");
	bool inside = false, ended = false;
	char line[512];

	must(f, "the trace");
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, "lof: begin"))
			inside = true;
		else if (strstr(line, "lof: end"))
			ended = inside;
		else if (inside && !ended && strstr(line, "workqueue_queue_work:") &&
			 strstr(line, "lru_add_drain"))
			++*drains;
		else if (inside && !ended && strstr(line, "[001]") &&
			 (strstr(line, "reschedule_entry:") ||
			  strstr(line, "call_function_entry:") ||
			  strstr(line, "call_function_single_entry:")))
			++*interrupts;
	}
	fclose(f);
	must(ended, "our marks in the trace");
}

/* mlock() drains or does not, as the kernel has it: it stands in the table only */
static void cross(const char *how)
{
	unsigned int drains = 0, interrupts = 0, left = 0, calls = 0;
	volatile int *shared = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *pages = mmap(NULL, (CALLS + 1) * page_size(), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t len = WINDOW * page_size();
	volatile char sink;
	pid_t other;
	int i;

	must(shared != MAP_FAILED && pages != MAP_FAILED, "mmap");
	run_on(0);
	other = start_other(pages, &shared[0], &shared[1]);
	must(other > 0, "fork");
	for (i = 1; i <= CALLS; i++) {
		char *map = map_pages(WINDOW), *page = pages + i * page_size();

		shared[0] = i;
		while (shared[1] != i)
			;
		sink = *page;
		if (page_kflags(page) & KPF_LRU)
			continue;	/* it filled the batch, which has drained */
		calls++;
		empty_trace();
		write_file(TRACING "tracing_on", "1");
		write_file(TRACING "trace_marker", "lof: begin");
		if (how[0] == 'o')
			must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
		else if (how[0] == 'm')
			must(!mlock(map, len), "mlock");
		else if (how[0] == 'c')
			write_file("/proc/sys/vm/compact_memory", "1");
		write_file(TRACING "trace_marker", "lof: end");
		write_file(TRACING "tracing_on", "0");
		left += !(page_kflags(page) & KPF_LRU);
		read_trace(&drains, &interrupts);
		munmap(map, len);
	}
	(void)sink;
	shared[0] = -1;
	waitpid(other, NULL, 0);
	printf("cross\t%s\t%u\t%u\t%u\t%u\n", how, calls, drains, interrupts, left);
	must(calls, "pages that wait in the LRU batch of CPU 1");
	if (how[0] == 'c') {
		tap_check(drains >= calls, "%s: has CPU 1 drain its batch", how);
	} else if (how[0] != 'm') {
		tap_check(!drains, "%s: gives CPU 1 nothing to do", how);
		tap_check(left == calls, "%s: leaves its batch alone", how);
	}
}

int main(void)
{
	bool has = mlock2_supported();

	must(sysconf(_SC_NPROCESSORS_ONLN) == 2, "two CPUs");
	tap_plan(has ? 13 : 5);
	mount_disks();
	write_file(TRACING "events/workqueue/workqueue_queue_work/enable", "1");
	write_file(TRACING "events/irq_vectors/enable", "1");
	faults("tmpfs", "/tmp", false);
	faults("ext2", DISK, false);
	if (has) {
		faults("tmpfs", "/tmp", true);
		faults("ext2", DISK, true);
	}
	for (int i = 0; i < 12; i++)
		unlock(i & 1, i & 2, i / 4);
	cross("nothing");
	if (has)
		cross("onfault");
	cross("mlock");
	/* Which drains all batches, and fills them with what it moves: we can count */
	cross("compaction");
	return tap_exit();
}
