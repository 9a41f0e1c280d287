// SPDX-License-Identifier: GPL-2.0
/* See pressure.h */
#define _GNU_SOURCE
#include "pressure.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>

#define GROUPS		"/tmp/groups"
#define WITH_KEEPERS	GROUPS "/with-keepers"
#define WITH_HOG	GROUPS "/with-hog"

enum {
	HOG_MB = 6,			/* limit of a group without keepers */
	MOST_MB = 192,			/* what a hog takes at most */
	SPARE_KB = 16384,		/* swap that the hog outside leaves */
	GIVE_BACK = 1 << 20,		/* when it has taken more than that */
	FULL_KB = 512,			/* what is left of a full disk */
	STEP = 4,			/* pages between two looks at that */
	CHURN_MS = 2500,
	HOG_LOOKS = 60000,		/* of 1 ms and more, before a hog hangs */
};

static struct common {
	volatile unsigned int compactions;
	volatile bool stop, full;
} *common;
static pid_t disturbers[2];
static unsigned int nr_full, nr_swapoffs;

static void must_set(const char *file, const char *text)
{
	if (!set_file(file, text))
		tap_bail_out(file);
}

bool read_pagemap(const char *task, const void *addr, uint64_t *entries, size_t pages)
{
	const ssize_t size = pages * sizeof(*entries);
	unsigned int tries;
	char name[64];
	ssize_t got;
	int fd;

	snprintf(name, sizeof(name), "/proc/%s/pagemap", task);
	for (tries = 0; tries < 500; tries++) {
		fd = open(name, O_RDONLY | O_CLOEXEC);
		got = pread(fd, entries, size, (uintptr_t)addr / page_size() * sizeof(*entries));
		if (fd >= 0)
			close(fd);
		if (got == size)
			return true;
		sleep_ms(10);
	}
	return false;
}

unsigned int compactions(void)
{
	return common->compactions;
}

unsigned int times_full(void)
{
	return nr_full;
}

unsigned int swapoffs(void)
{
	return nr_swapoffs;
}

unsigned long long disk_pages(const char *disk, bool written)
{
	unsigned long long reads, writes;
	char file[64];
	FILE *f;

	/* In sectors of 512 bytes */
	snprintf(file, sizeof(file), "/sys/block/%s/stat", disk);
	f = fopen(file, "re");
	if (!f || fscanf(f, "%*u %*u %llu %*u %*u %*u %llu", &reads, &writes) != 2)
		tap_bail_out(file);
	fclose(f);
	return (written ? writes : reads) * 512 / page_size();
}

/* In kB */
static unsigned long long free_swap(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return (unsigned long long)info.freeswap * info.mem_unit / 1024;
}

static bool group(const char *dir, unsigned int mb)
{
	char file[128], text[32];

	if (mkdir(dir, 0755))
		return false;
	snprintf(file, sizeof(file), "%s/memory.limit_in_bytes", dir);
	snprintf(text, sizeof(text), "%u", mb << 20);
	return set_file(file, text);
}

static size_t make_swap(void)
{
	size_t pages = write_swap_header(SWAP_DISK);

	if (!pages || swapon(SWAP_DISK, 0))
		tap_bail_out(SWAP_DISK);
	return pages;
}

size_t pressure_begin(unsigned int group_mb)
{
	common = (void *)map_shared(sizeof(*common));
	mkdir(GROUPS, 0755);
	if (mount("memcg", GROUPS, "cgroup", 0, "memory") ||
	    !group(WITH_KEEPERS, group_mb) || !group(WITH_HOG, HOG_MB))
		tap_bail_out("memory cgroups");
	/* What is killed there is not to print all tasks */
	must_set("/proc/sys/vm/oom_dump_tasks", "0");
	must_set("/proc/self/oom_score_adj", "-1000");
	/* A disk needs memory to write what is swapped out */
	must_set("/proc/sys/vm/min_free_kbytes", "2048");
	/* Off by default where memory is so small */
	must_set("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	return make_swap();
}

void join_group(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", getpid());
	must_set(WITH_KEEPERS "/tasks", text);
}

/* Never returns.  In a group it grows until it is killed. */
static void __attribute__((noreturn)) be_hog(const char *dir)
{
	const size_t most = (size_t)MOST_MB << 20, page = page_size();
	uint64_t random = getpid() + ticks();
	char *map, text[16];
	size_t used, i;
	double end;

	set_file("/proc/self/oom_score_adj", "1000");
	if (dir) {
		char file[128];

		snprintf(file, sizeof(file), "%s/tasks", dir);
		snprintf(text, sizeof(text), "%d", getpid());
		if (!set_file(file, text))
			_exit(1);
	}
	map = mmap(NULL, most, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		_exit(1);
	for (used = 0; used < most; used += page) {
		/* No two pages are the same */
		*(uint64_t *)(map + used) = next_random(&random);
		if (used / page % STEP)
			continue;
		if (!dir && free_swap() < SPARE_KB)
			break;
		if (dir && free_swap() < FULL_KB)
			common->full = true;
	}
	end = now() + CHURN_MS / 1e3;
	while (now() < end) {

		/* Others need more by now; the last word is not to be the OOM killer's */
		if (!dir && free_swap() < SPARE_KB && used > 2 * GIVE_BACK) {
			used -= GIVE_BACK;
			munmap(map + used, GIVE_BACK);
		}
		for (i = 0; i < STEP; i++)
			(*(uint64_t *)(map + next_random(&random) % (used / page) * page))++;
	}
	_exit(0);
}

static pid_t start_hog(const char *dir)
{
	pid_t pid = start_child();

	if (!pid)
		be_hog(dir);
	return pid;
}

/* It ends by itself, or is killed for lack of memory: how? */
static int wait_for(pid_t hog)
{
	unsigned int looks;
	int status = 0;

	for (looks = 0; waitpid(hog, &status, WNOHANG) != hog; looks++) {
		if (looks == HOG_LOOKS) {
			printf("# a hog hangs\n");
			kill(hog, SIGKILL);
		}
		sleep_ms(1);
	}
	return status;
}

void pressure_cycle(bool swapoff_too)
{
	pid_t inside = start_hog(WITH_KEEPERS), other = start_hog(WITH_HOG);
	struct sysinfo info;

	wait_for(other);
	wait_for(inside);
	nr_full += common->full;
	common->full = false;
	wait_for(start_hog(NULL));
	sysinfo(&info);
	if (!swapoff_too ||
	    info.totalswap - info.freeswap > (info.freeram + info.bufferram) / 2)
		return;
	if (swapoff(SWAP_DISK))
		printf("# swapoff: %m\n");
	else if (swapon(SWAP_DISK, 0))
		tap_bail_out("swapon");
	else
		nr_swapoffs++;
}

static void compact(bool drop_caches)
{
	unsigned int n;

	for (n = 1; !common->stop; n++) {
		if (!set_file("/proc/sys/vm/compact_memory", "1"))
			_exit(1);
		common->compactions++;
		if (drop_caches && !(n % 4))
			set_file("/proc/sys/vm/drop_caches", "3");
		sleep_ms(200);
	}
	_exit(0);
}

static void spawn(void)
{
	while (!common->stop) {
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", "nothing", NOTHING, NULL);
			_exit(1);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
		sleep_ms(100);
	}
	_exit(0);
}

void disturb_begin(bool drop_caches)
{
	common->stop = false;
	set_file("/sys/kernel/mm/ksm/pages_to_scan", "200");
	set_file("/sys/kernel/mm/ksm/sleep_millisecs", "50");
	set_file("/sys/kernel/mm/ksm/run", "1");
	set_file("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "500");
	set_file("/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs", "500");
	disturbers[0] = start_child();
	if (!disturbers[0])
		compact(drop_caches);
	disturbers[1] = start_child();
	if (!disturbers[1])
		spawn();
}

void disturb_end(void)
{
	unsigned int i;
	int status;

	common->stop = true;
	for (i = 0; i < 2; i++)
		if (waitpid(disturbers[i], &status, 0) != disturbers[i] || status)
			printf("# a disturber failed: status %d\n", status);
}
