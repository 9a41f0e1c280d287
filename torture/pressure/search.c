// SPDX-License-Identifier: GPL-2.0
/*
 * search SEED IMAGE END - look for the markers of kinds.h on a disk, on the host
 *
 * Reads IMAGE again and again, while a guest writes to it, until there is a file END,
 * and then once more: what is overwritten meanwhile was seen before.  Prints a line for
 * each kind: its number, the most pages with its marker that were there at one time, and
 * whether it has to be found ("found") or must not be ("none").
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kinds.h"

static char markers[KINDS][MARKER];
static unsigned int most[KINDS];
static bool is_first[256];

/* Where they were written, for a page keeps its place in a page */
static void search(const char *disk, size_t len)
{
	unsigned int found[KINDS] = { 0 }, kind;
	size_t at;

	for (at = 0; at + MARKER <= len; at += ALIGN) {
		if (!is_first[(unsigned char)disk[at]])
			continue;
		for (kind = 0; kind < KINDS; kind++)
			found[kind] += !memcmp(disk + at, markers[kind], MARKER);
	}
	for (kind = 0; kind < KINDS; kind++)
		if (found[kind] > most[kind])
			most[kind] = found[kind];
}

/* Anywhere */
static void search_everywhere(const char *disk, size_t len)
{
	unsigned int kind, found;

	for (kind = 0; kind < KINDS; kind++) {
		const char *at = disk;

		for (found = 0; ; found++, at += MARKER) {
			at = memmem(at, disk + len - at, markers[kind], MARKER);
			if (!at)
				break;
		}
		if (found > most[kind])
			most[kind] = found;
	}
}

static void read_all(const char *file, char *disk, size_t len)
{
	int fd = open(file, O_RDONLY);
	size_t at = 0;
	ssize_t got;

	for (; fd >= 0 && at < len; at += got) {
		got = pread(fd, disk + at, len - at, at);
		if (got <= 0)
			break;
	}
	if (at < len) {
		perror(file);
		exit(1);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned int kind, i, times = 0;
	uint32_t seed;
	struct stat st;
	bool last;
	char *disk;

	if (argc != 4 || stat(argv[2], &st)) {
		fprintf(stderr, "usage: search SEED IMAGE END\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 0);
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < MARKER; i++)
			markers[kind][i] = marker_byte(seed, kind, i);
	for (kind = 0; kind < KINDS; kind++)
		is_first[(unsigned char)markers[kind][0]] = true;
	disk = malloc(st.st_size);
	if (!disk) {
		perror("malloc");
		return 2;
	}
	do {
		last = !access(argv[3], F_OK);
		read_all(argv[2], disk, st.st_size);
		search(disk, st.st_size);
		times++;
		if (!last)
			usleep(300000);
	} while (!last);
	search_everywhere(disk, st.st_size);
	for (kind = 0; kind < KINDS; kind++)
		printf("%u %u %s\n", kind, most[kind],
		       kinds[kind].traits & FOUND ? "found" : "none");
	fprintf(stderr, "search: read the disk %u times\n", times);
	return 0;
}
