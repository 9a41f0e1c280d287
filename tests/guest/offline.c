// SPDX-License-Identifier: GPL-2.0
/*
 * What takes a mapping away by the rmap, under the page lock alone, while a task on
 * another CPU locks and unlocks the page, and one that locks nothing stays: memory
 * failure, soft offlining, a section of memory that goes offline, and the OOM killer
 * (whose reaper leaves VM_LOCKED VMAs to the exit).  Judged by a full scan: nobody has
 * the pages locked afterwards.  Needs root, and a guest of its own: it takes memory
 * away for good.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <glob.h>

#include "../../files/tools/testing/selftests/vm/memcg.h"
#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

#ifndef MADV_HWPOISON
#define MADV_HWPOISON		100
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE	101
#endif

enum { NR_PAGES = 64, ROUNDS = 8, OOM_ROUNDS = 8, OOM_PAGES = 512 };
#define LEN	(NR_PAGES * page_size())
#define BLOCKS	"/sys/devices/system/memory/memory*/removable"

/* What has to hold in the end, and what was taken away */
static void judge(const char *what, unsigned int taken)
{
	size_t stray;

	drain_lru();
	stray = stray_pages();
	if (!tap_check(taken && !stray, "%s: no page stays locked", what))
		printf("# got %u taken away, %zu locked by nobody, want some and none\n",
		       taken, stray);
}

static char *map_private(size_t len)
{
	return map_pages(len / page_size());
}

/* Lock and unlock what is there; never touch it, it may be poisoned */
static pid_t start_locker(const char *map)
{
	pid_t child = start_child();

	if (child)
		return child;
	stay_on_cpu(1);
	for (;;) {
		must_lock(map, LEN);
		munlock(map, LEN);
	}
}

static void advise(const char *what, char *(*make)(size_t), int advice)
{
	unsigned int round, page, taken = 0;

	for (round = 0; round < ROUNDS; round++) {
		char *map = make(LEN);
		pid_t locker;

		touch_range(map, LEN);
		locker = start_locker(map);
		for (page = 0; page < NR_PAGES; page++)
			taken += !madvise(PAGE(map, page), page_size(), advice);
		end_child(locker);
		munmap(map, LEN);
	}
	judge(what, taken);
}

/* Blocks of memory that can go offline: each goes, and comes back */
static unsigned int offline_blocks(void)
{
	unsigned int taken = 0;
	char name[128];
	glob_t blocks;
	size_t i;

	if (glob(BLOCKS, 0, NULL, &blocks))
		return 0;
	for (i = 0; i < blocks.gl_pathc; i++) {
		char *end = strrchr(blocks.gl_pathv[i], '/');
		char removable = '0';
		int fd;

		fd = open(blocks.gl_pathv[i], O_RDONLY);
		if (read(fd, &removable, 1) != 1)
			removable = '0';
		close(fd);
		if (removable != '1')
			continue;
		snprintf(name, sizeof(name), "%.*s/state",
			 (int)(end - blocks.gl_pathv[i]), blocks.gl_pathv[i]);
		fd = open(name, O_WRONLY);
		if (fd < 0)
			continue;
		if (write(fd, "offline", 7) == 7) {
			taken++;
			if (write(fd, "online_movable", 14) != 14 &&
			    write(fd, "online", 6) != 6)
				printf("# %s does not come back\n", name);
		}
		close(fd);
	}
	globfree(&blocks);
	return taken;
}

static void offline_memory(void)
{
	static const char what[] = "memory goes offline";
	unsigned int round, taken = 0;
	char *shared, *private;
	pid_t lockers[2];
	glob_t blocks;

	if (glob(BLOCKS, 0, NULL, &blocks)) {
		tap_skip("memory goes offline: no page stays locked",
			 "no memory hotplug");
		return;
	}
	globfree(&blocks);
	shared = map_shared(LEN);
	private = map_private(LEN);
	touch_range(shared, LEN);
	touch_range(private, LEN);
	lockers[0] = start_locker(shared);
	lockers[1] = start_locker(private);
	for (round = 0; round < 2; round++)
		taken += offline_blocks();
	end_child(lockers[0]);
	end_child(lockers[1]);
	/* Both mappings of ours are still there */
	judge(what, taken);
	munmap(shared, LEN);
	munmap(private, LEN);
}

/* What the OOM killer of its memcg ends, in memory that stays mapped by the parent */
static void __attribute__((noreturn)) lock_too_much(char *shared)
{
	char *map = map_private(OOM_PAGES * page_size());

	memcg_enter(MEMCG);
	must_lock(shared, LEN);
	must_lock(map, OOM_PAGES * page_size());
	touch_range(map, OOM_PAGES * page_size());
	_exit(0);
}

static void oom(void)
{
	unsigned int round, killed = 0;
	size_t stray = 0;

	if (!memcg_join()) {
		tap_skip("OOM killer: no page stays locked", "no memcg");
		return;
	}
	memcg_enter(MEMCG_ROOT);
	memcg_limit(OOM_PAGES / 4 * page_size());
	for (round = 0; round < OOM_ROUNDS; round++) {
		char *map = map_shared(LEN);
		pid_t child;

		touch_range(map, LEN);
		child = start_child();
		if (!child)
			lock_too_much(map);
		killed += child_status(child) == 128 + SIGKILL;
		stray += stray_pages();
		munmap(map, LEN);
	}
	memcg_leave();
	if (!tap_check(killed && !stray, "OOM killer: no page stays locked"))
		printf("# got %u killed, %zu locked by nobody, want some and none\n",
		       killed, stray);
}

int main(void)
{
	const char *failure = "no memory failure";
	static const struct {
		const char *what;
		char *(*make)(size_t);
		int advice;
	} advices[] = {
		{ "soft offlining, anonymous", map_private, MADV_SOFT_OFFLINE },
		{ "soft offlining, shmem", map_shared, MADV_SOFT_OFFLINE },
		{ "memory failure, anonymous", map_private, MADV_HWPOISON },
		{ "memory failure, shmem", map_shared, MADV_HWPOISON },
	};
	unsigned int i;
	char *probe;

	if (geteuid() || access("/proc/kpageflags", R_OK))
		tap_skip_all("needs root and /proc/kpageflags");
	tap_plan(6);
	/* A signal of memory failure may come for a page that we map */
	signal(SIGBUS, SIG_IGN);
	stay_on_cpu(0);
	probe = map_private(page_size());
	touch_range(probe, page_size());
	if (!madvise(probe, page_size(), MADV_SOFT_OFFLINE) || errno != EINVAL)
		failure = NULL;
	for (i = 0; i < 4; i++) {
		char claim[128];

		if (!failure) {
			advise(advices[i].what, advices[i].make,
			       advices[i].advice);
			continue;
		}
		snprintf(claim, sizeof(claim), "%s: no page stays locked",
			 advices[i].what);
		tap_skip(claim, failure);
	}
	offline_memory();
	oom();
	return tap_exit();
}
