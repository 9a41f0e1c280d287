/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs here share.  Each is one check of the Test Anything Protocol,
 * so that scripts/lib/verdict can say whether it came to its end.
 */
#ifndef BENCH_H
#define BENCH_H

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

static inline int done(void)
{
	tap_check(true, "all of it was measured");
	return tap_exit();
}

#endif
