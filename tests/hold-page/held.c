// SPDX-License-Identifier: GPL-2.0
/*
 * A page whose page lock somebody holds is locked and unlocked all the same, at
 * once.  Needs the module hold_page, loaded; root; and mlock2() for a part of it.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <stdlib.h>
#include <sys/wait.h>

#include "../../files/tools/testing/selftests/vm/page_state.h"

enum { NR_PAGES = 8, HELD = 3 };
#define LEN	(NR_PAGES * page_size())

static const char hold_file[] = "/sys/kernel/debug/hold_page";

static void hold(const void *addr)
{
	uint64_t pfn = addr ? pagemap_entry(addr) & PM_PFN_MASK : 0;
	char text[32];
	int fd = open(hold_file, O_WRONLY);

	snprintf(text, sizeof(text), "%llu", (unsigned long long)pfn);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		tap_bail_out(hold_file);
	close(fd);
}

static bool is_held(const void *addr)
{
	return page_kflags(addr) & 1;	/* KPF_LOCKED */
}

static char *touched(int fd, int flags)
{
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, flags, fd, 0);
	size_t i;

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	for (i = 0; i < LEN; i += page_size())
		map[i] = 1;
	drain_lru();
	return map;
}

static void test(const char *what, int fd, int flags, bool has)
{
	char *map = touched(fd, flags), *page = map + HELD * page_size();

	hold(page);
	tap_check(is_held(page), "%s: the page lock is held", what);
	if (has) {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(page_is_locked(page) && is_held(page),
			  "%s: mlock2() marks it", what);
	} else {
		tap_skip("mlock2() marks it", "no mlock2()");
	}
	munlock(map, LEN);
	tap_check(page_is_unlocked(page) && is_held(page),
		  "%s: munlock() unmarks it", what);
	mlock(map, LEN);
	tap_check(page_is_locked(page) && is_held(page),
		  "%s: mlock() marks it", what);
	/* Without the series munmap() would wait for us here, for ever */
	if (!has)
		hold(NULL);
	munmap(map, LEN);
	hold(NULL);
}

/* Whether another process maps the page is asked below the page lock */
static void test_shared(void)
{
	char *map = touched(-1, MAP_SHARED | MAP_ANONYMOUS);
	char *page = map + HELD * page_size();
	int fd[2], status;
	char byte;
	pid_t pid;

	if (pipe(fd))
		tap_bail_out("pipe");
	pid = fork();
	if (!pid) {
		mlock(map, LEN);
		if (write(fd[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	if (read(fd[0], &byte, 1) != 1)
		tap_bail_out("child");
	mlock(map, LEN);
	hold(page);
	if (!fork()) {
		usleep(200000);
		hold(NULL);
		_exit(0);
	}
	munlock(map, LEN);
	tap_check(page_is_locked(page),
		  "munlock() waits for the page lock, and leaves what others lock");
	kill(pid, SIGKILL);
	wait(&status);
	wait(&status);
	munmap(map, LEN);
}

int main(void)
{
	bool has = mlock2_supported();
	int fd;

	tap_plan(9);
	test("anonymous", -1, MAP_PRIVATE | MAP_ANONYMOUS, has);
	fd = make_file("/tmp", NR_PAGES);
	test("tmpfs", fd, MAP_SHARED, has);
	close(fd);
	test_shared();
	return tap_exit();
}
