/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs here share.  Each is one check of the Test Anything Protocol,
 * so that scripts/lib/verdict can say whether it came to its end.
 */
#ifndef BENCH_H
#define BENCH_H

#include "../files/tools/testing/selftests/vm/child.h"
#include "../files/tools/testing/selftests/vm/swap_out.h"

/* Where mount_disk() mounts */
#define DISK "/tmp/ext2"

/* One tick is one instruction below QEMU -icount shift=0 */
static inline uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* Let the kernel do what it has put off: freeing, accounting, memcg removal */
static inline void settle(void)
{
	fflush(stdout);
	usleep(300000);
}

static inline void must(bool ok, const char *what)
{
	if (!ok)
		tap_bail_out(what);
}

/* Swap on /dev/ram0, ext2 on /dev/ram1.  A kernel that ships brd as a module
 * gets it from /tests.
 */
static inline void mount_disks(void)
{
	if (access("/dev/ram1", F_OK)) {
		int fd = open("/tests/brd.ko", O_RDONLY);

		must(!syscall(SYS_finit_module, fd, "rd_nr=2", 0), "/dev/ram1, or brd.ko");
		close(fd);
	}
	must(make_swap(), "swap on /dev/ram0");
	must(!system("/bin/busybox mke2fs -F /dev/ram1 >/dev/null"), "mke2fs");
	mkdir(DISK, 0700);
	must(!mount("/dev/ram1", DISK, "ext2", 0, NULL), "ext2 on /dev/ram1");
}

/* For the next run */
static inline void unmount_disks(void)
{
	must(!swapoff("/dev/ram0"), "swapoff");
	must(!umount(DISK), "umount");
}

#define TRACING "/sys/kernel/debug/tracing/"

/*
 * Acquisitions of the locks whose class has @name in it, for reading and writing, by
 * lock_stat; @classes is how many classes that are.
 */
static inline unsigned long long acquired(const char *name, unsigned int *classes)
{
	FILE *f = fopen("/proc/lock_stat", "re");
	unsigned long long count = 0, sum = 0;
	char line[512];

	must(f, "/proc/lock_stat");
	*classes = 0;
	while (fgets(line, sizeof(line), f)) {
		char *colon = strrchr(line, ':');

		if (!colon || !strstr(line, name) || strstr(line, name) > colon)
			continue;
		/* contentions: 2 counts and 4 times, then bounces, then this */
		must(sscanf(colon + 1, "%*s %*s %*s %*s %*s %*s %*s %llu", &count) == 1,
		     "a column of lock_stat");
		sum += count;
		(*classes)++;
	}
	fclose(f);
	return sum;
}

static inline int done(void)
{
	tap_check(true, "all of it was measured");
	return tap_exit();
}

#endif
