// SPDX-License-Identifier: GPL-2.0
/*
 * ftruncate() of a locked ext2 file while the memcg that it is charged to is one
 * whose charges move.  For lockdep: what can go wrong is in the kernel's log, if
 * interrupts are enabled below memcg->move_lock, which the end of a write-back
 * takes in an interrupt.  So there is a disk, /dev/vda, that has some.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/mount.h>
#include <sys/stat.h>

#include "../../files/tools/testing/selftests/vm/race.h"
#include "charges.h"

enum { NR_PAGES = 64, MOVED_PAGES = 4096, SECONDS = 30 };
#define LEN	(NR_PAGES * page_size())
#define DIR	"/tmp/move-charge"

static struct { volatile unsigned int moves, writes; } *common;

/* Move to and fro, with enough memory for it to take a while */
static void move(void)
{
	touch_range(map_pages(MOVED_PAGES), MOVED_PAGES * page_size());
	for (;;) {
		memcg_enter(TO);
		memcg_enter(MEMCG);
		common->moves++;
	}
}

/* Have pages of that memcg under write-back */
static void write_back(void)
{
	int fd = make_file(DIR, NR_PAGES);
	static char text[1 << 16];

	for (;;) {
		if (pwrite(fd, text, sizeof(text), 0) != sizeof(text) || fsync(fd))
			_exit(1);
		common->writes++;
	}
}

static const char *set_up(void)
{
	const char *disk = "/dev/vda";
	pid_t child;

	/* Without it a fault is a machine that hangs */
	if (access("/proc/lockdep", F_OK))
		return "no lockdep";
	if (access(disk, W_OK))
		return "no disk";
	child = start_child();
	if (!child) {
		dup2(open("/dev/null", O_WRONLY), 1);
		execlp("mke2fs", "mke2fs", "-F", disk, NULL);
		_exit(127);
	}
	mkdir(DIR, 0700);
	if (child_status(child) || mount(disk, DIR, "ext2", 0, NULL))
		return "no ext2";
	if (!charges_join())
		return "no memcg";
	return NULL;
}

static unsigned int truncate_rounds(int fd)
{
	time_t end = time(NULL) + SECONDS;
	unsigned int rounds = 0;

	do {
		char *map;

		if (ftruncate(fd, LEN))
			tap_bail_out("ftruncate");
		map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			tap_bail_out("mmap");
		must_lock(map, LEN);
		touch_range(map, LEN);
		if (ftruncate(fd, 0))
			tap_bail_out("ftruncate");
		munmap(map, LEN);
		rounds++;
	} while (time(NULL) < end);
	return rounds;
}

int main(void)
{
	pid_t mover, writer;
	unsigned int rounds;
	const char *why;
	int fd;

	why = set_up();
	if (why)
		tap_skip_all(why);
	tap_plan(1);
	common = (void *)map_shared(page_size());
	mover = start_child();
	if (!mover)
		move();
	writer = start_child();
	if (!writer)
		write_back();
	fd = make_file(DIR, NR_PAGES);
	rounds = truncate_rounds(fd);
	end_child(mover);
	end_child(writer);
	close(fd);
	if (!tap_check(rounds > 10 && common->moves > 10 && common->writes > 10,
		       "a locked ext2 file is truncated while its charge moves"))
		printf("# got %u truncations, %u moves, %u writes, want more than 10 of each\n",
		       rounds, common->moves, common->writes);
	printf("# %u truncations, %u moves, %u writes\n", rounds, common->moves,
	       common->writes);
	charges_leave();
	umount(DIR);
	return tap_exit();
}
