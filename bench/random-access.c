// SPDX-License-Identifier: GPL-2.0
/*
 * A file that is accessed at random, and has to stay in memory: what each way
 * costs, set-up and processing apart.
 *
 *   random-access DISK ACCESSES [density]
 *
 * The file is "data" on DISK, an ext2.
 *
 * The experiment of the posted series: plain mmap() (nothing stays, the floor);
 * mlock() of the whole; mlock() of the page before each access; PROT_NONE and a
 * SIGSEGV handler that opens and locks a batch of 1, 8 or 16 pages; and
 * mlock2(MLOCK_ONFAULT).  One new process for each way, each with a new mapping.
 * With "density" instead: of the pages 0.1 % to 100 % are accessed once each, in
 * random order, by the three ways that need no handler; read from the file, which
 * is in the page cache, and written in as much anonymous memory.
 *
 * The clock is CLOCK_MONOTONIC, in microseconds; below QEMU -icount that is
 * instructions / 1000.  Prints tab-separated lines:
 *
 *   access   <cold|warm> <way> <set-up> <processing> <pages in memory after it>
 *   density  <file|anonymous> <permille> <way> <set-up + processing> <pages in memory after it>
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "bench.h"

enum way { PLAIN, MLOCK_ALL, MLOCK_EACH, HANDLER_1, HANDLER_8, HANDLER_16, ON_FAULT, WAYS };
static const char * const names[WAYS] = {
	"plain", "mlock", "mlock-each", "handler-1", "handler-8", "handler-16", "on-fault",
};

static char *map;
static size_t len, batch;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ULL + t.tv_nsec / 1000;
}

/* The same sequence for every way */
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return random_state >> 20;
}

static void on_segv(int sig, siginfo_t *info, void *context)
{
	size_t at = (size_t)((char *)info->si_addr - map);
	size_t size = batch * page_size();

	(void)sig;
	(void)context;
	at -= at % size;
	if (at + size > len)
		size = len - at;
	if (mprotect(map + at, size, PROT_READ) || mlock(map + at, size))
		_exit(2);
}

/* A new mapping of the file, or of anonymous memory if @fd is -1 */
static void set_up(int fd, enum way way)
{
	struct sigaction action = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO };
	bool handler = way >= HANDLER_1 && way <= HANDLER_16;
	int prot = handler ? PROT_NONE : fd < 0 ? PROT_READ | PROT_WRITE : PROT_READ;

	map = mmap(NULL, len, prot, MAP_PRIVATE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
	must(map != MAP_FAILED, "mmap");
	switch (way) {
	case MLOCK_ALL:
		must(!mlock(map, len), "mlock");
		break;
	case ON_FAULT:
		must(!sys_mlock2(map, len, MLOCK_ONFAULT), "mlock2");
		break;
	case HANDLER_1:
	case HANDLER_8:
	case HANDLER_16:
		batch = way == HANDLER_1 ? 1 : way == HANDLER_8 ? 8 : 16;
		must(!sigaction(SIGSEGV, &action, NULL), "sigaction");
		break;
	default:
		break;
	}
}

static void process(enum way way, unsigned long accesses)
{
	volatile unsigned char sink;

	random_state = 42;
	while (accesses--) {
		size_t at = next_random() % len;

		if (way == MLOCK_EACH)
			must(!mlock(map + at, 1), "mlock of a page");
		sink = map[at];
	}
	(void)sink;
}

static void run(int fd, enum way way, const char *cache, unsigned long accesses)
{
	uint64_t start, ready, end;
	int status;

	fflush(stdout);
	if (!fork()) {
		start = now_us();
		set_up(fd, way);
		ready = now_us();
		process(way, accesses);
		end = now_us();
		printf("access\t%s\t%s\t%llu\t%llu\t%u\n", cache, names[way],
		       (unsigned long long)(ready - start),
		       (unsigned long long)(end - ready),
		       count_pages(map, len / page_size(), page_is_present));
		exit(0);
	}
	must(wait(&status) > 0 && WIFEXITED(status) && !WEXITSTATUS(status), names[way]);
}

static void shuffle(uint32_t *pages, size_t n)
{
	size_t i;

	random_state = 42;
	for (i = 0; i < n; i++)
		pages[i] = i;
	for (i = n - 1; i; i--) {
		size_t j = next_random() % (i + 1);
		uint32_t page = pages[i];

		pages[i] = pages[j];
		pages[j] = page;
	}
}

static void density(int fd, enum way way, unsigned int permille, const uint32_t *order)
{
	size_t n = len / page_size() * permille / 1000, i;
	volatile unsigned char sink;
	uint64_t start;
	int status;

	fflush(stdout);
	if (!fork()) {
		start = now_us();
		set_up(fd, way);
		for (i = 0; i < n; i++) {
			if (fd < 0)
				map[order[i] * page_size()] = 1;
			else
				sink = map[order[i] * page_size()];
		}
		start = now_us() - start;
		(void)sink;
		if (permille)
			printf("density\t%s\t%u\t%s\t%llu\t%u\n",
			       fd < 0 ? "anonymous" : "file", permille, names[way],
			       (unsigned long long)start,
			       count_pages(map, len / page_size(), page_is_present));
		exit(0);
	}
	must(wait(&status) > 0 && WIFEXITED(status) && !WEXITSTATUS(status), names[way]);
}

/* mlock() and handler split the mapping in as many VMAs as every other page makes */
static void allow_vmas(size_t pages)
{
	char most[32];

	snprintf(most, sizeof(most), "%zu", pages + 65530);
	write_file("/proc/sys/vm/max_map_count", most);
}

/* All of the file once, so that no way pays for memory that QEMU has not touched yet */
static void read_through(int fd)
{
	static char buffer[1 << 20];
	ssize_t n;

	do
		n = read(fd, buffer, sizeof(buffer));
	while (n > 0);
	must(!n, "read");
}

int main(int argc, char **argv)
{
	static const unsigned int permilles[] = { 1, 3, 10, 30, 100, 300, 500, 1000 };
	const size_t nr_densities = sizeof(permilles) / sizeof(*permilles);
	unsigned long accesses = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
	int fd, way;
	struct stat st;
	uint32_t *order;
	size_t i;

	tap_plan(1);
	mkdir(DISK, 0700);
	must(argc > 2 && !mount(argv[1], DISK, "ext2", MS_RDONLY, NULL), "mount");
	fd = open(DISK "/data", O_RDONLY | O_CLOEXEC);
	must(fd >= 0 && !fstat(fd, &st) && st.st_size >= (off_t)page_size(), "data");
	len = st.st_size & -page_size();
	if (argc > 3) {
		order = malloc(len / page_size() * sizeof(*order));
		must(order, "malloc");
		shuffle(order, len / page_size());
		density(fd, MLOCK_ALL, 0, order);	/* fills the page cache */
		for (i = 0; i < 2 * nr_densities; i++)
			for (way = 0; way < WAYS; way++)
				if (way == PLAIN || way == MLOCK_ALL || way == ON_FAULT)
					density(i < nr_densities ? fd : -1, way,
						permilles[i % nr_densities], order);
	} else {
		allow_vmas(len / page_size());
		read_through(fd);
		for (way = 0; way < WAYS; way++) {
			write_file("/proc/sys/vm/drop_caches", "3");
			run(fd, way, "cold", accesses);
			run(fd, way, "warm", accesses);
		}
	}
	close(fd);
	must(!umount(DISK), "umount");
	return done();
}
