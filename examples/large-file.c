// SPDX-License-Identifier: GPL-2.0
/*
 * large-file - the used nodes of a large graph stay in memory
 *
 *   gcc -O2 -o large-file large-file.c
 *
 * Usage: large-file make FILE NODES
 *        large-file walk [-n] FILE STEPS
 *
 * "make" writes a graph of NODES nodes of a page each to FILE, a file or a disk.
 * "walk" maps it, goes STEPS steps from its first node, prints how many nodes that
 * were, and what it cost; then it reads a line from standard input, walks the same
 * way again, and says how many nodes had to be read from the disk once more: none,
 * if they are locked.  Ends with standard input.  -n locks nothing, to compare.
 *
 * Of a file larger than memory only what is used is kept there:
 *
 * - where the kernel has mlock2() and RLIMIT_MEMLOCK allows all of the file, one
 *   call locks the mapping on fault, and the rest is done by the page faults;
 * - else each node is locked by an mlock() of its own when it is first used.  That is
 *   the normal case of an ordinary user, whose limit is 64 kB or 8 MB as a rule.  It
 *   charges no more than what is used, but costs a system call for each node, and
 *   makes mappings of its own of it, of which a process has 65,530 as a rule
 *   (vm.max_map_count).  When no more can be locked the walk goes on without, and
 *   says so.
 *
 * Copy what stands between the lines of dashes: how the file is mapped and locked, and
 * what is done when a node is used for the first time.
 *
 * If the file is made shorter while it is mapped, a touch of what was cut off is SIGBUS,
 * locked or not.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MLOCK_ONFAULT
# define MLOCK_ONFAULT 1
#endif
#if !defined(SYS_mlock2) && defined(__x86_64__) && !defined(__ILP32__)
# define SYS_mlock2 325
#endif

enum { EDGES = 4 };

struct node {
	uint64_t magic;
	uint64_t edge[EDGES];	/* numbers of other nodes */
	uint64_t value;
};

#define MAGIC 0x65646f6e2d666f6cULL

enum mode { NOT_LOCKED, ON_FAULT, NODE_BY_NODE };

struct graph {
	char *base;
	size_t len;
	uint64_t nodes;
	size_t node_size;
	enum mode mode;
	uint8_t *used;		/* a bit for each node that was visited */
	uint64_t visited;
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static int fail(const char *what)
{
	fprintf(stderr, "large-file: %s: %s\n", what, strerror(errno));
	return 1;
}

static int make(const char *name, uint64_t nodes)
{
	size_t size = sysconf(_SC_PAGESIZE);
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct node *node = calloc(1, size);
	uint64_t state = 1, n;

	if (fd < 0 || !node)
		return fail(name);
	for (n = 0; n < nodes; n++) {
		node->magic = MAGIC;
		for (int i = 0; i < EDGES; i++)
			node->edge[i] = next_random(&state) % nodes;
		node->value = n;
		if (pwrite(fd, node, size, n * size) != (ssize_t)size)
			return fail(name);
	}
	free(node);
	if (fsync(fd) || close(fd))
		return fail(name);
	return 0;
}

/* ------------------------------------------------------------------------- */

static int lock_on_fault(void *addr, size_t len)
{
#ifdef SYS_mlock2
	return syscall(SYS_mlock2, addr, len, MLOCK_ONFAULT);
#else
	(void)addr;
	(void)len;
	errno = ENOSYS;
	return -1;
#endif
}

static int map_graph(struct graph *graph, const char *name, bool lock)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	off_t len = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	graph->node_size = sysconf(_SC_PAGESIZE);
	graph->nodes = len < 0 ? 0 : len / graph->node_size;
	if (fd < 0)
		return fail(name);
	if (!graph->nodes) {
		fprintf(stderr, "large-file: %s is smaller than a node\n", name);
		close(fd);
		return 1;
	}
	graph->len = graph->nodes * graph->node_size;
	graph->used = calloc(graph->nodes / 8 + 1, 1);
	graph->base = mmap(NULL, graph->len, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (graph->base == MAP_FAILED || !graph->used)
		return fail(name);
	/* No readahead: its pages would be mapped by the next faults, and locked */
	madvise(graph->base, graph->len, MADV_RANDOM);
	if (!lock)
		graph->mode = NOT_LOCKED;
	else if (!lock_on_fault(graph->base, graph->len))
		graph->mode = ON_FAULT;
	else if (errno != EPERM)	/* no such call, or more than the limit */
		graph->mode = NODE_BY_NODE;
	else
		fprintf(stderr, "large-file: nothing can be locked: %s: raise RLIMIT_MEMLOCK (ulimit -l)\n",
			strerror(errno));
	return 0;
}

static const struct node *visit(struct graph *graph, uint64_t n)
{
	char *node = graph->base + n * graph->node_size;

	if (graph->used[n / 8] & 1 << n % 8)
		return (struct node *)node;
	graph->used[n / 8] |= 1 << n % 8;
	graph->visited++;
	if (graph->mode == NODE_BY_NODE && mlock(node, graph->node_size)) {
		fprintf(stderr, "large-file: not locked from node %llu of the walk on: %s\n",
			(unsigned long long)graph->visited, strerror(errno));
		graph->mode = NOT_LOCKED;
	}
	return (struct node *)node;
}

/* ------------------------------------------------------------------------- */

static long major_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_majflt;
}

/*
 * Returns the sum of what was read, so that nobody leaves the reading out.  If @again
 * is not NULL, counts the nodes that had to be read from the disk for it; each for
 * itself, as the program's own memory may have been swapped out, too.
 */
static uint64_t walk(struct graph *graph, uint64_t steps, long *again)
{
	uint64_t state = 2, n = 0, sum = 0;

	while (steps--) {
		const struct node *node = visit(graph, n);
		long before = again ? major_faults() : 0;
		uint64_t magic = *(volatile const uint64_t *)&node->magic;

		if (again)
			*again += major_faults() - before;
		if (magic != MAGIC) {
			fputs("large-file: this is no graph of ours\n", stderr);
			exit(1);
		}
		sum += node->value;
		n = node->edge[next_random(&state) % EDGES] % graph->nodes;
	}
	return sum;
}

static int walk_twice(const char *name, uint64_t steps, bool lock)
{
	static const char *const modes[] = {
		[NOT_LOCKED] = "not locked", [ON_FAULT] = "locked on fault",
		[NODE_BY_NODE] = "locked node by node",
	};
	struct graph graph = { 0 };
	struct timespec start, end;
	uint64_t sum;
	int c;

	if (map_graph(&graph, name, lock))
		return 1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	sum = walk(&graph, steps, NULL);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%llu nodes at %lx, %s: %llu used in %.3f s\n",
	       (unsigned long long)graph.nodes, (unsigned long)graph.base,
	       modes[graph.mode], (unsigned long long)graph.visited,
	       end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) / 1e9);
	fflush(stdout);
	while ((c = getchar()) != EOF) {
		long again = 0;

		if (c != '\n')
			continue;
		if (walk(&graph, steps, &again) != sum) {
			fputs("large-file: the walk was another one\n", stderr);
			return 1;
		}
		printf("%ld nodes were read again\n", again);
		fflush(stdout);
	}
	munmap(graph.base, graph.len);
	free(graph.used);
	return 0;
}

int main(int argc, char **argv)
{
	bool lock = !(argc > 2 && !strcmp(argv[1], "walk") && !strcmp(argv[2], "-n"));
	int at = lock ? 2 : 3;
	uint64_t number = argc == at + 2 ? strtoull(argv[at + 1], NULL, 10) : 0;

	if (number && !strcmp(argv[1], "make"))
		return make(argv[at], number);
	if (number && !strcmp(argv[1], "walk"))
		return walk_twice(argv[at], number, lock);
	fputs("usage: large-file make FILE NODES\n"
	      "       large-file walk [-n] FILE STEPS\n", stderr);
	return 2;
}
