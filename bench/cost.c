// SPDX-License-Identifier: GPL-2.0
/*
 * What lock on fault costs, in instructions of the guest.
 *
 * To be run under QEMU -icount shift=0,sleep=off -smp 1, where one tick of the
 * time stamp counter is one instruction, with nokaslr norandmaps mitigations=off
 * (scripts/bench does all that).  x86-64 only.  Prints tab-separated lines:
 *
 *   range  <MiB> <present> <locked 0|1> <lock> <munlock> <munmap> <exit> <VmLck>
 *   touch  <case> <plain|onfault|eager> <per page> <marked>
 *
 * VmLck is in pages, after the lock; marked are those of TOUCHED pages that are
 * Mlocked and on the unevictable list after the touch.  Sizes above MAX_MIB, the
 * argument, are left out: there are kernels that take minutes for them.  An
 * operation that fails ends the program with a message and status 1.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/wait.h>

#include "../files/tools/testing/selftests/vm/swap_out.h"

enum { HUGE_SIZE = 2 << 20, TOUCHED = 2048, SWAPPED = 512, HUGEPAGE = 14, NOHUGEPAGE = 15 };

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Let the kernel do what it has put off: freeing, accounting, memcg removal */
static void settle(void)
{
	fflush(stdout);
	usleep(300000);
}

static void must(bool ok, const char *what)
{
	if (!ok) {
		printf("failed: %s: %m\n", what);
		exit(1);
	}
}

/* @present: 0, 2 for one at each end, or that many evenly spread */
static char *map_range(size_t len, unsigned long present)
{
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned long i;

	must(map != MAP_FAILED, "mmap");
	madvise(map, len, NOHUGEPAGE);
	if (present == 2)
		map[0] = map[len - 1] = 1;
	else
		for (i = 0; i < present; i++)
			map[len / page_size() * i / present * page_size()] = 1;
	return map;
}

static void range(size_t len, unsigned long present, bool lock)
{
	uint64_t start, locking = 0, unlocking = 0, unmapping, exiting;
	char *map = map_range(len, present);
	long long charged;
	int fd[2];

	settle();
	start = now();
	if (lock)
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	locking = now() - start;
	charged = locked_pages();
	start = now();
	if (lock)
		must(!munlock(map, len), "munlock");
	unlocking = now() - start;
	munmap(map, len);

	map = map_range(len, present);
	if (lock)
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	settle();
	start = now();
	must(!munmap(map, len), "munmap");
	unmapping = now() - start;

	must(!pipe(fd), "pipe");
	fflush(stdout);
	if (!fork()) {
		map = map_range(len, present);
		if (lock)
			must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
		settle();
		start = now();
		_exit(write(fd[1], &start, sizeof(start)) != sizeof(start));
	}
	wait(NULL);
	exiting = now();
	must(read(fd[0], &start, sizeof(start)) == sizeof(start), "exit");
	exiting -= start;
	close(fd[0]);
	close(fd[1]);
	printf("range\t%zu\t%lu\t%d\t%llu\t%llu\t%llu\t%llu\t%lld\n", len >> 20,
	       present, lock, (unsigned long long)locking,
	       (unsigned long long)unlocking, (unsigned long long)unmapping,
	       (unsigned long long)exiting, charged);
}

static void touch(const char *name, int flags, bool write, int advice,
		  const char *how)
{
	size_t len = TOUCHED * page_size(), i;
	int fd = flags & MAP_ANONYMOUS ? -1 : make_file("/tmp", TOUCHED);
	char *map = mmap(NULL, len + HUGE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	volatile char sink;
	uint64_t start;

	must(map != MAP_FAILED, "mmap");
	if (advice == HUGEPAGE)
		map = (char *)(((uintptr_t)map + HUGE_SIZE) & -(uintptr_t)HUGE_SIZE);
	madvise(map, len, advice);
	if (how[0] == 'o')
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	settle();
	start = now();
	if (how[0] == 'e')
		must(!mlock(map, len), "mlock");
	for (i = 0; i < len; i += page_size()) {
		if (write)
			map[i] = 1;
		else
			sink = map[i];
	}
	start = now() - start;
	(void)sink;
	printf("touch\t%s\t%s\t%llu\t%u\n", name, how,
	       (unsigned long long)(start / TOUCHED),
	       count_pages(map, TOUCHED, page_is_locked));
	munmap(map, len);
	if (fd >= 0)
		close(fd);
}

/* A page that another process has brought back already: a hit in the swap cache */
static void touch_swapped(const char *how)
{
	char *map = map_pages(SWAPPED);
	size_t len = SWAPPED * page_size(), i;
	volatile char sink;
	uint64_t start;

	must(swap_out(map, SWAPPED), "swap out");
	leave_memcg();
	fflush(stdout);
	if (!fork()) {
		for (i = 0; i < len; i += page_size())
			sink = map[i];
		_exit(0);
	}
	wait(NULL);
	if (how[0] == 'o')
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	settle();
	start = now();
	if (how[0] == 'e')
		must(!mlock(map, len), "mlock");
	for (i = 0; i < len; i += page_size())
		sink = map[i];
	start = now() - start;
	(void)sink;
	printf("touch\tswap-cache-read\t%s\t%llu\t%u\n", how,
	       (unsigned long long)(start / SWAPPED),
	       count_pages(map, SWAPPED, page_is_locked));
	munmap(map, len);
}

int main(int argc, char **argv)
{
	const size_t mib = 1 << 20, tib = mib << 20;
	const struct { size_t len; unsigned long present; } ranges[] = {
		{ mib, 0 }, { 64 * mib, 0 }, { 4096 * mib, 0 },
		{ 65536 * mib, 0 }, { 65536 * mib, 2 }, { tib, 0 }, { tib, 2 },
		{ 16 * tib, 0 }, { 16 * tib, 2 }, { 4096 * mib, 10486 },
	};
	static const char * const ways[] = { "plain", "onfault", "eager" };
	const size_t max = argc > 1 ? strtoul(argv[1], NULL, 0) * mib : 16 * tib;
	bool has = mlock2_supported(), swap = make_swap();
	size_t i, way;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		if (ranges[i].len > max)
			continue;
		range(ranges[i].len, ranges[i].present, false);
		if (has)
			range(ranges[i].len, ranges[i].present, true);
	}
	for (way = 0; way < 3; way++) {
		if (way == 1 && !has)
			continue;
		touch("anonymous-write", MAP_PRIVATE | MAP_ANONYMOUS, true,
		      NOHUGEPAGE, ways[way]);
		touch("huge-page-write", MAP_PRIVATE | MAP_ANONYMOUS, true,
		      HUGEPAGE, ways[way]);
		touch("tmpfs-read", MAP_SHARED, false, NOHUGEPAGE, ways[way]);
		touch("tmpfs-shared-write", MAP_SHARED, true, NOHUGEPAGE, ways[way]);
		touch("tmpfs-private-write", MAP_PRIVATE, true, NOHUGEPAGE, ways[way]);
		if (swap)
			touch_swapped(ways[way]);
	}
	if (swap)
		swapoff("/dev/ram0");
	else
		puts("bench: no /dev/ram0, so no swap-cache-read");
	puts("bench: done");
	return 0;
}
