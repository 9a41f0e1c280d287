// SPDX-License-Identifier: GPL-2.0
/*
 * What a kernel costs programs that lock nothing, in instructions of the guest.
 *
 *   overhead stream RUNS	copy, scale, add and triad of ELEMENTS doubles
 *   overhead calls		system calls and page faults, reclaim
 *   overhead build RUNS DISK	make -j4 of /src on DISK, with the compiler there
 *
 * As for cost.c; scripts/overhead runs it on two kernels in turn.  The first
 * stream and the first build are not counted.  Prints TAP, and lines "cost",
 * what, instructions, by tabs.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/wait.h>

#include "bench.h"

enum { ELEMENTS = 1000000, PAGES = 2048, SWAPPED = 512 };

/* Parts of the life of a mapping, to be counted; MAP | UNMAP is one not touched */
enum { MAP = 1, TOUCH = 2, UNMAP = 4, ALL = MAP | TOUCH | UNMAP };

struct row {
	const char *name;
	uint64_t (*once)(const struct row *row);
	unsigned int loops;
	size_t pages;
	int flags;		/* of mmap() */
	const char *dir;	/* where the file is, if it is one */
	bool write;
	unsigned int parts;
};

static char *self;
static int fd;

static void print_cost(const char *what, uint64_t cost)
{
	must(cost, what);
	printf("cost\t%s\t%llu\n", what, (unsigned long long)cost);
}

static double a[ELEMENTS], b[ELEMENTS], c[ELEMENTS];

static void stream(bool count)
{
	const double scalar = 3.0;
	uint64_t t[5];
	size_t i;

	t[0] = now();
	for (i = 0; i < ELEMENTS; i++)
		c[i] = a[i];
	t[1] = now();
	for (i = 0; i < ELEMENTS; i++)
		b[i] = scalar * c[i];
	t[2] = now();
	for (i = 0; i < ELEMENTS; i++)
		c[i] = a[i] + b[i];
	t[3] = now();
	for (i = 0; i < ELEMENTS; i++)
		a[i] = b[i] + scalar * c[i];
	t[4] = now();
	if (!count)
		return;
	print_cost("stream, copy", t[1] - t[0]);
	print_cost("stream, scale", t[2] - t[1]);
	print_cost("stream, add", t[3] - t[2]);
	print_cost("stream, triad", t[4] - t[3]);
}

static void wait_for(pid_t pid, const char *what)
{
	int status;

	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, what);
}

static uint64_t fork_exit(const struct row *row)
{
	char *map = map_pages(row->pages);
	uint64_t start;
	pid_t pid;

	touch_range(map, row->pages * page_size());
	start = now();
	pid = fork();
	if (!pid)
		_exit(0);
	wait_for(pid, row->name);
	start = now() - start;
	munmap(map, row->pages * page_size());
	return start;
}

static uint64_t fork_exec(const struct row *row)
{
	uint64_t start = now();
	pid_t pid = fork();

	if (!pid) {
		execl(self, self, "nothing", NULL);
		_exit(1);
	}
	wait_for(pid, row->name);
	return now() - start;
}

static uint64_t memory(const struct row *row)
{
	size_t len = row->pages * page_size(), i;
	uint64_t t[4], sum = 0;
	volatile char sink;
	char *map;

	t[0] = now();
	map = mmap(NULL, len, PROT_READ | PROT_WRITE, row->flags, fd, 0);
	t[1] = now();
	must(map != MAP_FAILED, row->name);
	for (i = 0; row->parts != (MAP | UNMAP) && i < len; i += page_size()) {
		if (row->write)
			map[i] = 1;
		else
			sink = map[i];
	}
	(void)sink;
	t[2] = now();
	munmap(map, len);
	t[3] = now();
	for (i = 0; i < 3; i++)
		if (row->parts & (1U << i))
			sum += t[i + 1] - t[i];
	return sum;
}

/* Protect a populated mapping and back; or grow it to where it has to move */
static uint64_t change(const struct row *row)
{
	size_t len = row->pages * page_size(), end = len;
	char *map = map_pages(row->pages);
	uint64_t start;
	bool ok;

	touch_range(map, row->pages * page_size());
	start = now();
	if (row->parts & MAP) {
		end = 2 * len;
		map = mremap(map, len, end, MREMAP_MAYMOVE);
		ok = map != MAP_FAILED;
	} else {
		ok = !mprotect(map, len, PROT_READ) &&
			!mprotect(map, len, PROT_READ | PROT_WRITE);
	}
	start = now() - start;
	must(ok, row->name);
	munmap(map, end);
	return start;
}

/* Both ways between memory and swap, the memcg's limit being what pushes */
static uint64_t swap(const struct row *row)
{
	char *map = map_pages(row->pages);
	volatile char sink;
	uint64_t t[4];
	size_t i;

	settle();
	t[0] = now();
	must(swap_out(map, row->pages), row->name);
	t[1] = now();
	memcg_leave();
	settle();
	t[2] = now();
	for (i = 0; i < row->pages; i++)
		sink = map[i * page_size()];
	t[3] = now();
	(void)sink;
	munmap(map, row->pages * page_size());
	return row->parts & TOUCH ? t[3] - t[2] : t[1] - t[0];
}

/* The most loops of a row below */
#define MAX_LOOPS 200

static const struct row rows[] = {
	{ "fork, exit, wait", fork_exit, 50, 1, 0, NULL, false, 0 },
	{ "fork, exit, wait with 8 MiB", fork_exit, 10, PAGES, 0, NULL, false, 0 },
	{ "fork, exec, wait", fork_exec, 50, 0, 0, NULL, false, 0 },
	{ "mmap, munmap of 64 KiB", memory, 200, 16,
	  MAP_PRIVATE | MAP_ANONYMOUS, NULL, false, MAP | UNMAP },
	{ "mmap, munmap of 8 MiB", memory, 200, PAGES,
	  MAP_PRIVATE | MAP_ANONYMOUS, NULL, false, MAP | UNMAP },
	{ "mmap, munmap of 1 GiB", memory, 200, 1 << 18,
	  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, NULL, false, MAP | UNMAP },
	{ "mmap, munmap of an 8 MiB file", memory, 200, PAGES,
	  MAP_SHARED, "/tmp", false, MAP | UNMAP },
	{ "mprotect of 8 MiB, twice", change, 10, PAGES, 0, NULL, false, 0 },
	{ "mremap of 8 MiB", change, 10, PAGES, 0, NULL, false, MAP },
	{ "first write, anonymous", memory, 10, PAGES,
	  MAP_PRIVATE | MAP_ANONYMOUS, NULL, true, TOUCH },
	{ "first read, anonymous (zero page)", memory, 10, PAGES,
	  MAP_PRIVATE | MAP_ANONYMOUS, NULL, false, TOUCH },
	{ "first read, ext2, fault-around", memory, 10, PAGES,
	  MAP_PRIVATE, DISK, false, TOUCH },
	{ "first read, tmpfs, fault-around", memory, 10, PAGES,
	  MAP_SHARED, "/tmp", false, TOUCH },
	{ "first write, tmpfs", memory, 10, PAGES, MAP_SHARED, "/tmp", true, TOUCH },
	{ "munmap of 8 MiB, anonymous, present", memory, 10, PAGES,
	  MAP_PRIVATE | MAP_ANONYMOUS, NULL, true, UNMAP },
	{ "munmap of 8 MiB, ext2, present", memory, 10, PAGES,
	  MAP_PRIVATE, DISK, false, UNMAP },
	{ "page fault loop, anonymous", memory, 10, PAGES,
	  MAP_PRIVATE | MAP_ANONYMOUS, NULL, true, ALL },
	{ "page fault loop, private file", memory, 10, PAGES,
	  MAP_PRIVATE, "/tmp", true, ALL },
	{ "page fault loop, shared file", memory, 10, PAGES,
	  MAP_SHARED, "/tmp", true, ALL },
	{ "reclaim, to swap", swap, 3, SWAPPED, 0, NULL, true, 0 },
	{ "swap in", swap, 3, SWAPPED, 0, NULL, false, TOUCH },
};

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void calls(void)
{
	size_t i;

	mount_disks();
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		uint64_t times[MAX_LOOPS];
		unsigned int n;

		fd = row->dir ? make_file(row->dir, row->pages) : -1;
		must(fd < 0 || !fsync(fd), "fsync");
		row->once(row);
		settle();
		for (n = 0; n < row->loops; n++)
			times[n] = row->once(row);
		/* Not the mean: the kernel does what it has put off when it likes */
		qsort(times, row->loops, sizeof(*times), compare);
		print_cost(row->name, times[row->loops / 2]);
		if (fd >= 0)
			close(fd);
	}
	unmount_disks();
}

static void make(const char *root)
{
	char *argv[] = { "make", "-s", "-j4", "-C", "/src", NULL };
	char *env[] = { "PATH=/usr/bin", "TMPDIR=/tmp", NULL };
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		must(!chroot(root) && !chdir("/"), "chroot");
		execve("/usr/bin/make", argv, env);
		must(false, "/usr/bin/make");
	}
	wait_for(pid, "make");
}

static void build(unsigned long runs, const char *disk)
{
	const char *root = "/tmp/toolchain", *output = "/tmp/toolchain/tmp";
	unsigned long i;
	uint64_t start;

	mkdir(root, 0700);
	must(!mount(disk, root, "ext2", MS_RDONLY, NULL), "mount of the toolchain");
	must(!mount("devtmpfs", "/tmp/toolchain/dev", "devtmpfs", 0, NULL), "devtmpfs");
	for (i = 0; i <= runs; i++) {
		must(!mount("tmpfs", output, "tmpfs", 0, NULL), "tmpfs");
		settle();
		start = now();
		make(root);
		start = now() - start;
		must(!umount(output), "umount");
		if (i)
			print_cost("build, make -j4", start);
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned long runs = argc > 2 ? strtoul(argv[2], NULL, 0) : 0, i;

	if (!strcmp(what, "nothing"))
		return 0;
	self = argv[0];
	tap_plan(1);
	if (!strcmp(what, "stream")) {
		for (i = 0; i < ELEMENTS; i++) {
			a[i] = 1.0;
			b[i] = 2.0;
		}
		for (i = 0; i <= runs; i++)
			stream(i);
	} else if (!strcmp(what, "calls")) {
		calls();
	} else if (!strcmp(what, "build") && argc > 3) {
		build(runs, argv[3]);
	} else {
		tap_bail_out("usage");
	}
	return done();
}
