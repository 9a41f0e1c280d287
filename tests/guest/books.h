/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A full scan, for a guest of its own: what is Mlocked has to be mapped by a
 * VM_LOCKED VMA of a task that lives.  Needs root.
 */
#ifndef BOOKS_H
#define BOOKS_H

#include <ctype.h>
#include <dirent.h>

#include "../../files/tools/testing/selftests/vm/page_state.h"

#define KPF_COMPOUND_TAIL	(1ULL << 16)

/* What a scan finds */
struct books {
	size_t nr;		/* pages that have flags */
	uint64_t *flags;
	bool *locked;		/* mapped by a VM_LOCKED VMA of a living task */
};

static inline void read_flags(struct books *books)
{
	const size_t chunk = 32768;
	ssize_t got;
	int fd = open("/proc/kpageflags", O_RDONLY);

	if (fd < 0)
		tap_bail_out("/proc/kpageflags");
	books->nr = 0;
	books->flags = NULL;
	do {
		books->flags = realloc(books->flags, (books->nr + chunk) * 8);
		if (!books->flags)
			tap_bail_out("realloc");
		got = read(fd, books->flags + books->nr, chunk * 8);
		if (got > 0)
			books->nr += got / 8;
	} while (got > 0);
	close(fd);
}

/* The pages of one VMA */
static inline void note_vma(struct books *books, int pagemap, unsigned long start,
			    unsigned long end)
{
	uint64_t entries[512];
	size_t first = start / page_size(), last = end / page_size(), i;

	while (first < last) {
		size_t nr = last - first < 512 ? last - first : 512;
		ssize_t got = pread64(pagemap, entries, nr * 8, first * 8);

		if (got <= 0)
			return;
		for (i = 0; i < (size_t)got / 8; i++) {
			uint64_t pfn = entries[i] & PM_PFN_MASK;

			if (entries[i] & PM_PRESENT && pfn < books->nr)
				books->locked[pfn] = true;
		}
		first += got / 8;
	}
}

/* One that ends meanwhile has locked nothing any more */
static inline void note_task(struct books *books, const char *pid)
{
	char name[64], line[512];
	unsigned long start = 0, end = 0, a, b;
	int pagemap;
	FILE *smaps;

	snprintf(name, sizeof(name), "/proc/%.16s/smaps", pid);
	smaps = fopen(name, "re");
	snprintf(name, sizeof(name), "/proc/%.16s/pagemap", pid);
	pagemap = open(name, O_RDONLY);
	while (smaps && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &a, &b) == 2) {
			start = a;
			end = b;
		} else if (!strncmp(line, "VmFlags:", 8) && strstr(line, " lo")) {
			note_vma(books, pagemap, start, end);
		}
	}
	if (smaps)
		fclose(smaps);
	close(pagemap);
}

static inline void note_tasks(struct books *books)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		tap_bail_out("/proc");
	books->locked = calloc(books->nr, 1);
	if (!books->locked)
		tap_bail_out("calloc");
	while ((entry = readdir(proc)))
		if (isdigit(entry->d_name[0]))
			note_task(books, entry->d_name);
	closedir(proc);
}

/* A huge page has its mark in the head: any part of it may be what is locked */
static inline bool is_stray(const struct books *books, size_t pfn)
{
	if (!(books->flags[pfn] & KPF_MLOCKED) ||
	    books->flags[pfn] & KPF_COMPOUND_TAIL)
		return false;
	do {
		if (books->locked[pfn])
			return false;
		pfn++;
	} while (pfn < books->nr && books->flags[pfn] & KPF_COMPOUND_TAIL);
	return true;
}

/* Pages (a huge one counts as one) that are Mlocked and that nobody locks */
static inline size_t stray_pages(void)
{
	struct books books;
	size_t pfn, stray = 0;

	read_flags(&books);
	note_tasks(&books);
	for (pfn = 0; pfn < books.nr; pfn++)
		stray += is_stray(&books, pfn);
	free(books.flags);
	free(books.locked);
	return stray;
}

#endif
