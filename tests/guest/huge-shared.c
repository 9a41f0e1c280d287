// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages that others share with a task that has them locked: khugepaged, which
 * replaces small pages by one, reclaim of another memcg and the shrinker of tmpfs,
 * which split them, and a child that maps its parts by ptes.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/swap_out.h"
#include "../../files/tools/testing/selftests/vm/tap.h"

#define KHUGEPAGED	"/sys/kernel/mm/transparent_hugepage/khugepaged/"
#define DIR		"/tmp/huge-shared"

static size_t huge;
static int pipes[2][2];

/* A child and its parent take turns by a byte for each */
static void tell(int to)
{
	if (write(pipes[to][1], "", 1) != 1)
		tap_bail_out("write to a pipe");
}

static void await(int who)
{
	char c;

	if (read(pipes[who][0], &c, 1) != 1)
		exit(1);
}

static pid_t fork_child(void)
{
	pid_t child = fork();

	if (child < 0)
		tap_bail_out("fork");
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Half of the pages of a huge one, shared over fork(), locked, then collapsed */
static void test_khugepaged(void)
{
	size_t pages = huge / page_size(), i, left = 0, locked = 0;
	volatile size_t *stay;
	char *map = map_aligned(huge);
	pid_t child;

	stay = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	madvise(map, 2 * huge, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i += 2)
		map[i * page_size()] = 1;
	child = fork_child();
	if (!child) {
		await(0);
		for (i = 0; i < pages; i += 2)
			stay[0] += page_is_mlocked(map + i * page_size());
		tell(1);
		pause();
	}
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	for (i = 0; i < pages; i += 2)
		locked += page_is_mlocked(map + i * page_size());
	map[0] = 2;
	write_file(KHUGEPAGED "max_ptes_none", "511");
	write_file(KHUGEPAGED "max_ptes_shared", "511");
	write_file(KHUGEPAGED "pages_to_scan", "100000");
	write_file(KHUGEPAGED "scan_sleep_millisecs", "20");
	madvise(map, 2 * huge, MADV_HUGEPAGE);
	for (i = 0; i < 100 && !page_is_huge(map); i++) {
		map[0] = i;
		usleep(100000);
	}
	tell(0);
	await(1);
	left = stay[0];
	if (!page_is_huge(map) || locked < pages / 4)
		tap_bail_out("khugepaged did nothing");
	tap_check(!left, "pages that khugepaged replaces are not locked");
	printf("# %zu were locked, %zu are\n", locked, left);
	end_child(child);
	munmap(map, 2 * huge);
}

static char *map_huge_file(const char *name, size_t len, int *fd)
{
	char *at = map_aligned(huge), *map;

	munmap(at, 2 * huge);
	*fd = open(name, O_RDWR | O_CREAT, 0600);
	if (*fd < 0 || ftruncate(*fd, len))
		tap_bail_out("a file of tmpfs");
	map = mmap(at, huge, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, *fd, 0);
	if (map == MAP_FAILED)
		tap_bail_out("mmap of a huge page");
	return map;
}

static size_t present(const char *map, size_t pages)
{
	size_t count = 0;

	for (size_t i = 0; i < pages; i++)
		count += page_is_present(map + i * page_size());
	return count;
}

/* Charged to a memcg, locked by a task of another, by a pmd or by ptes */
static void test_memcg(bool by_ptes)
{
	size_t pages = huge / page_size(), want, got;
	char *map;
	int fd;

	if (!memcg_join())
		tap_bail_out("no memcg of the first version");
	map = map_huge_file(by_ptes ? DIR "/ptes" : DIR "/pmd", 2 * huge, &fd);
	memset(map, 1, huge);
	if (!page_is_huge(map))
		tap_bail_out("tmpfs has no huge pages");
	memcg_set(MEMCG_ROOT "/tasks", getpid());
	if (by_ptes)
		mprotect(map + huge / 2, huge / 2, PROT_READ);
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	if (by_ptes)
		for (size_t i = 0; i < pages; i++)
			(void)*(volatile char *)(map + i * page_size());
	want = present(map, pages);
	memcg_set(MEMCG "/memory.force_empty", 0);
	got = present(map, pages);
	if (!want)
		tap_bail_out("nothing is present");
	tap_check(got == want, "reclaim of another memcg leaves a huge page mapped by %s",
		  by_ptes ? "ptes" : "a pmd");
	printf("# %zu pages of %zu\n", got, want);
	munmap(map, huge);
	close(fd);
	unlink(by_ptes ? DIR "/ptes" : DIR "/pmd");
	memcg_leave();
}

/* A file that ends in its huge page: what lies beyond is for the shrinker */
static void test_shrinker(void)
{
	size_t pages = huge / page_size() / 2, want, got;
	char *map;
	int fd;

	map = map_huge_file(DIR "/end", huge / 2, &fd);
	memset(map, 1, huge / 2);
	if (!page_is_huge(map))
		tap_bail_out("tmpfs has no huge pages");
	/* All of it: the border of a VMA would split the pmd */
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	want = present(map, pages);
	for (int i = 0; i < 10; i++)
		write_file("/proc/sys/vm/drop_caches", "2");
	got = present(map, pages);
	tap_check(want && got == want, "the shrinker of tmpfs leaves a locked huge page");
	printf("# %zu pages of %zu, huge %d\n", got, want, page_is_huge(map));
	munmap(map, huge);
	close(fd);
	unlink(DIR "/end");
}

/* The child splits its pmd while the parent locks */
static void test_split(unsigned int rounds)
{
	long long before, after;
	volatile int *go;
	unsigned int i, marked = 0;

	go = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	before = read_kb("/proc/meminfo", "Mlocked");
	for (i = 0; i < rounds; i++) {
		char *map = map_huge(huge);
		pid_t child;

		if (!map)
			tap_bail_out("no huge pages");
		*go = 0;
		child = fork_child();
		if (!child) {
			*go = 1;
			while (*go != 2)
				;
			for (volatile unsigned int n = 0; n < i % 64 * 50; n++)
				;
			map[page_size()] = 2;
			*go = 3;
			pause();
		}
		while (*go != 1)
			;
		*go = 2;
		for (volatile unsigned int n = 0; n < i / 64 % 64 * 50; n++)
			;
		sys_mlock2(map, huge, MLOCK_ONFAULT);
		while (*go != 3)
			;
		/* The child maps it by ptes: it is not to be Mlocked */
		marked += page_is_mlocked(map);
		end_child(child);
		munmap(map, 2 * huge);
	}
	drain_lru();
	after = read_kb("/proc/meminfo", "Mlocked");
	tap_check(!marked, "a huge page that ptes map is not locked");
	printf("# %u of %u rounds\n", marked, rounds);
	tap_check(after == before, "splits while a huge page is locked leave no count");
	printf("# Mlocked: %lld kB before, %lld kB after\n", before, after);
}

int main(int argc, char **argv)
{
	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	huge = huge_page_size();
	if (pipe(pipes[0]) || pipe(pipes[1]))
		tap_bail_out("pipe");
	write_file("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	mkdir(DIR, 0700);
	if (mount("none", DIR, "tmpfs", 0, "huge=always"))
		tap_skip_all("no huge pages of tmpfs");
	if (!make_swap())
		tap_skip_all("no swap");
	tap_plan(6);
	test_khugepaged();
	test_memcg(false);
	test_memcg(true);
	test_shrinker();
	test_split(argc > 1 ? atoi(argv[1]) : 300);
	umount(DIR);
	return tap_exit();
}
