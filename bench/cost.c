// SPDX-License-Identifier: GPL-2.0
/*
 * What lock on fault costs, in instructions of the guest.
 *
 * To be run under QEMU -icount shift=0,sleep=off -smp 1, where one tick of the
 * time stamp counter is one instruction, with nokaslr norandmaps mitigations=off
 * (scripts/bench does all that).  Needs /dev/ram0 and /dev/ram1.  x86-64 only.
 * Prints tab-separated lines, and TAP:
 *
 *   range  <MiB> <present> <locked 0|1> <lock> <munlock> <munmap> <exit> <VmLck>
 *   touch  <case> <plain|onfault|eager|floor> <per page> <marked>
 *
 * VmLck is in pages, after the lock; marked are those of TOUCHED pages that are
 * Mlocked and on the unevictable list after the touch.  Sizes above MAX_MIB, the
 * argument, are left out: there are kernels that take minutes for them.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/wait.h>

#include "bench.h"

enum { HUGE_SIZE = 2 << 20, TOUCHED = 2048, SWAPPED = 512, HUGEPAGE = 14, NOHUGEPAGE = 15 };

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

/* @dir: where the file is, NULL for anonymous memory */
static void touch(const char *name, const char *dir, int flags, bool write,
		  int advice, const char *how)
{
	size_t len = TOUCHED * page_size(), i;
	int fd = dir ? make_file(dir, TOUCHED) : -1;
	char *whole = mmap(NULL, len + HUGE_SIZE, PROT_READ | PROT_WRITE, flags, fd, 0);
	char *map = whole;
	volatile char sink;
	uint64_t start;

	must(whole != MAP_FAILED, "mmap");
	must(fd < 0 || !fsync(fd), "fsync");
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
	printf("touch\t%s\t%s\t%.1f\t%u\n", name, how, (double)start / TOUCHED,
	       count_pages(map, TOUCHED, page_is_locked));
	munmap(whole, len + HUGE_SIZE);
	if (fd >= 0)
		close(fd);
}

/*
 * On the control kernel: a locked VMA whose pages come in by faults.  The kernel
 * takes such a page out of the swap cache; what that costs, without the marking
 * of the page, is the floor of a fault which locks.
 */
static void lock_without_populating(char *map, size_t len)
{
	must(!mprotect(map, len, PROT_NONE), "mprotect");
	must(mlock(map, len) && errno == ENOMEM, "mlock of PROT_NONE to fail");
	must(!mprotect(map, len, PROT_READ), "mprotect");
	must(vma_of(map).lo, "VM_LOCKED all the same");
}

/* A page that another process has brought back already: a hit in the swap cache */
static void touch_swapped(const char *how)
{
	char *map = map_pages(SWAPPED);
	size_t len = SWAPPED * page_size(), i;
	volatile char sink;
	uint64_t start;

	must(swap_out(map, SWAPPED), "swap out");
	memcg_leave();
	fflush(stdout);
	if (!fork()) {
		for (i = 0; i < len; i += page_size())
			sink = map[i];
		_exit(0);
	}
	wait(NULL);
	if (how[0] == 'o')
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
	if (how[0] == 'f')
		lock_without_populating(map, len);
	settle();
	start = now();
	if (how[0] == 'e')
		must(!mlock(map, len), "mlock");
	for (i = 0; i < len; i += page_size())
		sink = map[i];
	start = now() - start;
	(void)sink;
	printf("touch\tswap-cache-read\t%s\t%.1f\t%u\n", how, (double)start / SWAPPED,
	       count_pages(map, SWAPPED, page_is_locked));
	munmap(map, len);
}

int main(int argc, char **argv)
{
	const size_t mib = 1 << 20, tib = mib << 20;
	const struct { size_t len; unsigned long present; } ranges[] = {
		{ mib, 0 }, { 64 * mib, 0 }, { 4096 * mib, 0 },
		{ 65536 * mib, 0 }, { 65536 * mib, 2 }, { tib, 0 }, { tib, 2 },
		{ 16 * tib, 0 }, { 16 * tib, 2 }, { 4096 * mib, 16 },
		{ 4096 * mib, 256 }, { 4096 * mib, 2048 }, { 4096 * mib, 10486 },
		{ 4096 * mib, 65536 },
	};
	static const char * const ways[] = { "plain", "onfault", "eager" };
	const size_t max = argc > 1 ? strtoul(argv[1], NULL, 0) * mib : 16 * tib;
	bool has = mlock2_supported();
	size_t i, way;

	tap_plan(1);
	mount_disks();
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
		touch("anonymous-write", NULL, MAP_PRIVATE | MAP_ANONYMOUS,
		      true, NOHUGEPAGE, ways[way]);
		touch("huge-page-write", NULL, MAP_PRIVATE | MAP_ANONYMOUS,
		      true, HUGEPAGE, ways[way]);
		touch("tmpfs-read", "/tmp", MAP_SHARED, false, NOHUGEPAGE, ways[way]);
		touch("ext2-read", DISK, MAP_SHARED, false, NOHUGEPAGE, ways[way]);
		touch("tmpfs-shared-write", "/tmp", MAP_SHARED, true, NOHUGEPAGE,
		      ways[way]);
		touch("tmpfs-private-write", "/tmp", MAP_PRIVATE, true, NOHUGEPAGE,
		      ways[way]);
		touch_swapped(ways[way]);
	}
	if (!has)
		touch_swapped("floor");
	unmount_disks();
	return done();
}
