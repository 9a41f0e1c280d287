// SPDX-License-Identifier: GPL-2.0
/*
 * The books: see books.h.
 *
 * The scan has to be fast where a guest is emulated: files are read in large
 * pieces, numbers are parsed by hand, and a VMA in which nothing is present
 * costs its lines of smaps only, however large it is.
 */
#define _GNU_SOURCE
#include "books.h"
#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Documentation/vm/pagemap.txt */
#define PM_PRESENT	(1ULL << 63)
#define PM_PFN_MASK	((1ULL << 55) - 1)

#define KPF_LRU			(1ULL << 5)
#define KPF_ANON		(1ULL << 12)
#define KPF_SWAPBACKED		(1ULL << 14)
#define KPF_COMPOUND_HEAD	(1ULL << 15)
#define KPF_COMPOUND_TAIL	(1ULL << 16)
#define KPF_HUGE		(1ULL << 17)
#define KPF_UNEVICTABLE		(1ULL << 18)
#define KPF_NOPAGE		(1ULL << 20)
#define KPF_KSM			(1ULL << 21)
#define KPF_THP			(1ULL << 22)
#define KPF_ZERO_PAGE		(1ULL << 24)
#define KPF_MLOCKED		(1ULL << 33)

enum {
	MAX_DIFFS = 8192,
	SCANS = 3,
	PATIENCE = 12,			/* scans, where only counters differ */
	CHUNK = 1 << 16,		/* entries of 8 bytes read at once */
};

struct vma {
	uint64_t start, end;
	long long pmd_kb;		/* mapped by whole huge pages */
	unsigned int task;
	bool locked, on_fault, special, hugetlb;
	char flags[84];			/* VmFlags, as smaps has them */
	char name[40];
};

struct mapping {
	uint64_t pfn, addr;
	unsigned int vma;
	bool whole;			/* probably by a pmd */
};

/* A growing array */
#define ARRAY(type) struct { type *at; size_t used, room; }
#define ADD(array) (*(__typeof__((array).at)) \
	add_one((void **)&(array).at, &(array).used, &(array).room, \
		sizeof(*(array).at)))

static void *add_one(void **at, size_t *used, size_t *room, size_t size)
{
	if (*used == *room) {
		size_t more = *room ? 2 * *room : 256;
		void *p = realloc(*at, more * size);

		if (!p) {
			puts("Bail out! no memory for the books");
			exit(1);
		}
		*at = p;
		*room = more;
	}
	return memset((char *)*at + (*used)++ * size, 0, size);
}

static struct {
	int kpageflags, kpagecount;
	long page_size;
	size_t pages;			/* pfns of this machine */
	bool split_huge;		/* refcounts parts of huge pages */
	const char *memcg;
	char ksm[16], khugepaged[64];

	uint64_t *flags;		/* by pfn */
	uint32_t *head;			/* of its compound page, or itself */
	uint8_t *locks;			/* by head: VM_LOCKED VMAs that map it */
	uint8_t *whole_locks;		/* ... as a whole */

	ARRAY(struct books_task) tasks;
	ARRAY(struct vma) vmas;
	ARRAY(struct mapping) maps;
	struct books_sums sums;
	long long memcg_says;
	struct books_diff diffs[SCANS][MAX_DIFFS];
	unsigned int nr_diffs[SCANS];
} b;

static char *text;			/* the file that is parsed at present */
static size_t text_room;

static const char *const kind_names[BOOKS_KINDS] = {
	[BOOKS_STRAY]		= "Mlocked, but no VM_LOCKED VMA maps it",
	[BOOKS_STRAY_HUGE]	= "Mlocked huge page, but no VM_LOCKED VMA maps the whole of it",
	[BOOKS_UNMARKED]	= "present in an on-fault VMA, but not Mlocked",
	[BOOKS_UNMARKED_EAGER]	= "present in a VM_LOCKED VMA, but not Mlocked",
	[BOOKS_UNMARKED_KSM]	= "a KSM page, present in a VM_LOCKED VMA, but not Mlocked",
	[BOOKS_UNMARKED_HUGE]	= "a huge page, mapped once as a whole in a VM_LOCKED VMA, but not Mlocked",
	[BOOKS_EVICTABLE]	= "Mlocked, but on an evictable list",
	[BOOKS_STRANDED]	= "Unevictable, but not Mlocked",
	[BOOKS_SPECIAL]		= "special or hugetlb VMA is VM_LOCKED",
	[BOOKS_VMLCK]		= "VmLck is not the size of the VM_LOCKED VMAs",
	[BOOKS_MLOCKED]		= "meminfo's Mlocked is not what the scan finds",
	[BOOKS_UNEVICTABLE]	= "meminfo's Unevictable is not what the scan finds",
	[BOOKS_MEMCG]		= "the groups' unevictable is not what the scan finds",
};

const char *books_kind_name(enum books_kind kind)
{
	return kind_names[kind];
}

/* All of a file into text, with a 0 behind it; false if it is not there */
static bool read_text(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t used = 0;

	if (fd < 0)
		return false;
	for (;;) {
		ssize_t got;

		if (text_room - used < 65536) {
			text_room = text_room ? 2 * text_room : 1 << 20;
			text = realloc(text, text_room);
			if (!text)
				abort();
		}
		got = read(fd, text + used, text_room - used - 1);
		if (got <= 0)
			break;
		used += got;
	}
	close(fd);
	text[used] = 0;
	return true;
}

static bool write_text(const char *file, const char *what)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, what, strlen(what)) > 0;
	close(fd);
	return ok;
}

static uint64_t parse_hex(const char **p)
{
	uint64_t value = 0;

	for (;; (*p)++) {
		char c = **p;

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (c - 'a' + 10);
		else
			return value;
	}
}

/* The number in the line "@name: number" of text, or -1 */
static long long number_of(const char *name)
{
	size_t len = strlen(name);
	const char *p;

	for (p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : p)
		if (!strncmp(p, name, len) && (p[len] == ':' || p[len] == ' '))
			return atoll(p + len + 1);
	return -1;
}

bool books_open(void)
{
	const char *p;

	b.page_size = sysconf(_SC_PAGESIZE);
	b.kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	b.kpagecount = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
	if (b.kpageflags < 0 || b.kpagecount < 0)
		return false;
	/* v4.2's kpageflags has no end: what is not there is a page of no flags */
	if (!read_text("/proc/iomem"))
		return false;
	for (p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : p) {
		const char *name = strstr(p, "System RAM"), *line = strchr(p, '\n');
		uint64_t last;

		if (!name || (line && name > line))
			continue;
		while (*p == ' ')
			p++;
		parse_hex(&p);
		p++;
		last = (parse_hex(&p) + 1) / b.page_size;
		if (last > b.pages)
			b.pages = last;
	}
	if (!b.pages) {
		errno = ENODATA;
		return false;
	}
	b.flags = calloc(b.pages, sizeof(*b.flags));
	b.head = calloc(b.pages, sizeof(*b.head));
	b.locks = calloc(b.pages, 1);
	b.whole_locks = calloc(b.pages, 1);
	b.split_huge = !kernel_before(4, 5);
	return b.flags && b.head && b.locks && b.whole_locks;
}

void books_use_memcg(const char *dir)
{
	b.memcg = dir;
}

/*
 * move_pages() drains the batches of all CPUs before it looks at what it is to
 * move; the page here is where it is to go.  Without it compact_memory does
 * so, too.
 */
void books_drain(void)
{
	static char page[1];
	void *addr = (void *)((uintptr_t)page & -b.page_size);
	int node = 0, status;

	page[0]++;
	if (!syscall(SYS_move_pages, 0, 1UL, &addr, &node, &status, 2))
		return;
	write_text("/proc/sys/vm/compact_memory", "1");
}

#define KSM_RUN		"/sys/kernel/mm/ksm/run"
#define THP_ENABLED	"/sys/kernel/mm/transparent_hugepage/enabled"

void books_quiet(void)
{
	char *word;

	/* Both are waited for by the write itself */
	b.ksm[0] = b.khugepaged[0] = 0;
	if (read_text(KSM_RUN)) {
		snprintf(b.ksm, sizeof(b.ksm), "%.8s", text);
		if (b.ksm[0] == '1')
			write_text(KSM_RUN, "0");
	}
	if (read_text(THP_ENABLED)) {
		word = strchr(text, '[');
		if (word && strchr(word, ']')) {
			*strchr(word, ']') = 0;
			snprintf(b.khugepaged, sizeof(b.khugepaged), "%.32s",
				 word + 1);
		}
		if (strcmp(b.khugepaged, "never"))
			write_text(THP_ENABLED, "never");
	}
	books_drain();
}

void books_resume(void)
{
	if (b.khugepaged[0])
		write_text(THP_ENABLED, b.khugepaged);
	if (b.ksm[0] == '1')
		write_text(KSM_RUN, b.ksm);
}

static void scan_pages(void)
{
	uint32_t head = 0, size = 0;
	size_t i;

	for (i = 0; i < b.pages; ) {
		size_t want = b.pages - i < CHUNK ? b.pages - i : CHUNK;
		ssize_t got = pread(b.kpageflags, b.flags + i, want * 8, i * 8);

		if (got < 8) {
			puts("Bail out! cannot read /proc/kpageflags");
			exit(1);
		}
		i += got / 8;
	}
	memset(&b.sums, 0, sizeof(b.sums));
	for (i = 0; i < b.pages; i++) {
		uint64_t flags = b.flags[i];

		if (flags & KPF_COMPOUND_TAIL) {
			b.head[i] = head;
			size++;
			/* The head counts for all of them */
			if (b.flags[head] & KPF_MLOCKED)
				b.sums.mlocked++;
			if ((b.flags[head] & KPF_UNEVICTABLE) &&
			    (b.flags[head] & KPF_LRU))
				b.sums.unevictable++;
			continue;
		}
		head = b.head[i] = i;
		size = 1;
		if (flags & KPF_NOPAGE)
			continue;
		if (flags & KPF_MLOCKED)
			b.sums.mlocked++;
		if ((flags & KPF_UNEVICTABLE) && (flags & KPF_LRU))
			b.sums.unevictable++;
	}
	memset(b.locks, 0, b.pages);
	memset(b.whole_locks, 0, b.pages);
}

static bool has_flag(const char *flags, const char *two)
{
	for (; flags[0] && flags[1]; flags += flags[2] ? 3 : 2)
		if (flags[0] == two[0] && flags[1] == two[1])
			return true;
	return false;
}

/* The VMAs of one task out of its smaps, which is in text */
static long long scan_smaps(unsigned int task)
{
	struct vma *vma = NULL;
	long long locked = 0, size = 0, rss = 0;
	const char *p = text, *end;

	for (; *p; p = *end ? end + 1 : end) {
		end = strchr(p, '\n');
		if (!end)
			end = p + strlen(p);
		if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f')) {
			const char *q = p;
			int fields;

			vma = &ADD(b.vmas);
			vma->task = task;
			vma->start = parse_hex(&q);
			q++;
			vma->end = parse_hex(&q);
			for (fields = 0; fields < 4 && q < end; fields++) {
				while (q < end && *q == ' ')
					q++;
				while (q < end && *q != ' ')
					q++;
			}
			while (q < end && *q == ' ')
				q++;
			snprintf(vma->name, sizeof(vma->name), "%.*s",
				 (int)(end - q), q);
			size = rss = 0;
			continue;
		}
		if (!vma)
			continue;
		if (!strncmp(p, "Size:", 5))
			size = atoll(p + 5);
		else if (!strncmp(p, "Rss:", 4))
			rss = atoll(p + 4);
		else if (!strncmp(p, "AnonHugePages:", 14))
			vma->pmd_kb += atoll(p + 14);
		else if (!strncmp(p, "ShmemPmdMapped:", 15) ||
			 !strncmp(p, "FilePmdMapped: ", 15))
			vma->pmd_kb += atoll(p + 15);
		else if (!strncmp(p, "VmFlags: ", 9)) {
			snprintf(vma->flags, sizeof(vma->flags), "%.*s",
				 (int)(end - p - 9), p + 9);
			vma->locked = has_flag(vma->flags, "lo");
			vma->on_fault = has_flag(vma->flags, "lf");
			vma->hugetlb = has_flag(vma->flags, "ht");
			vma->special = has_flag(vma->flags, "io") ||
				has_flag(vma->flags, "de") ||
				has_flag(vma->flags, "pf") ||
				has_flag(vma->flags, "mm");
			/*
			 * Before v4.13 the lowest page of a stack is its guard
			 * page, which smaps does not show, but counts.  It may
			 * be mapped: when what was below has been unmapped.
			 */
			if (has_flag(vma->flags, "gd") &&
			    vma->end - vma->start < (uint64_t)size * 1024)
				vma->start = vma->end - size * 1024;
			if (vma->locked)
				locked += size * 1024 / b.page_size;
			/* Nothing in it: pagemap need not be read */
			if (!rss && !(vma->locked &&
				      (vma->special || vma->hugetlb)))
				b.vmas.used--;
			vma = NULL;
		}
	}
	return locked;
}

static void add_mapping(uint64_t pfn, uint64_t addr, unsigned int vma, bool whole)
{
	struct mapping *map;
	uint32_t head;

	if (pfn >= b.pages)
		return;
	map = &ADD(b.maps);
	map->pfn = pfn;
	map->addr = addr;
	map->vma = vma;
	map->whole = whole;
	if (!b.vmas.at[vma].locked)
		return;
	head = b.head[pfn];
	if (b.locks[head] < 255)
		b.locks[head]++;
	if (whole && b.whole_locks[head] < 255)
		b.whole_locks[head]++;
}

/* Could the @nr entries at @entry be one huge page, mapped as a whole? */
static bool is_whole(const uint64_t *entry, size_t left, uint64_t pfn)
{
	size_t i = 1;

	if (!(b.flags[pfn] & KPF_COMPOUND_HEAD))
		return false;
	for (; pfn + i < b.pages && (b.flags[pfn + i] & KPF_COMPOUND_TAIL) &&
	     b.head[pfn + i] == pfn; i++)
		if (i >= left || !(entry[i] & PM_PRESENT) ||
		    (entry[i] & PM_PFN_MASK) != pfn + i)
			return false;
	return true;
}

static void scan_pagemap(int fd, unsigned int index)
{
	static uint64_t entries[CHUNK];
	const struct vma *vma = &b.vmas.at[index];
	uint64_t at = vma->start / b.page_size, end = vma->end / b.page_size;
	long page_size = b.page_size;
	bool pmds = vma->pmd_kb;

	while (at < end) {
		/* Pieces that end where a huge page does */
		size_t want = CHUNK - at % 512, i;
		ssize_t got;
		uint64_t whole_end = 0;

		if (want > end - at)
			want = end - at;
		got = pread(fd, entries, want * 8, at * 8);
		if (got < 8)
			return;
		got /= 8;
		for (i = 0; i < (size_t)got; i++) {
			uint64_t pfn = entries[i] & PM_PFN_MASK;

			if (!(entries[i] & PM_PRESENT) || pfn >= b.pages)
				continue;
			if (pmds && !((at + i) % 512) &&
			    is_whole(entries + i, got - i, pfn))
				whole_end = at + i + 512;
			add_mapping(pfn, (at + i) * page_size, index,
				    at + i < whole_end);
		}
		at += got;
	}
}

static void scan_task(pid_t pid)
{
	struct books_task *task;
	unsigned int index = b.tasks.used;
	size_t vma, first = b.vmas.used;
	long long locked;
	char file[64], *p;
	int fd;

	snprintf(file, sizeof(file), "/proc/%d/smaps", pid);
	if (!read_text(file) || !*text)
		return;
	task = &ADD(b.tasks);
	task->pid = pid;
	locked = scan_smaps(index);
	snprintf(file, sizeof(file), "/proc/%d/status", pid);
	if (!read_text(file))
		return;
	task->charged = number_of("VmLck") * 1024 / b.page_size;
	task->uid = number_of("Uid");
	task->parent = number_of("PPid");
	p = strchr(text, '\t');
	if (p)
		snprintf(task->name, sizeof(task->name), "%.*s",
			 (int)strcspn(p + 1, "\n"), p + 1);
	if (task->charged != locked) {
		unsigned int *nr = &b.nr_diffs[SCANS - 1];
		struct books_diff *diff = &b.diffs[SCANS - 1][*nr];

		if (*nr < MAX_DIFFS) {
			memset(diff, 0, sizeof(*diff));
			diff->kind = BOOKS_VMLCK;
			diff->pid = pid;
			diff->says = task->charged;
			diff->is = locked;
			(*nr)++;
		}
	}
	snprintf(file, sizeof(file), "/proc/%d/pagemap", pid);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	for (vma = first; vma < b.vmas.used; vma++)
		scan_pagemap(fd, vma);
	close(fd);
}

static void scan_tasks(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	b.tasks.used = b.vmas.used = b.maps.used = 0;
	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			scan_task(atoi(entry->d_name));
	if (proc)
		closedir(proc);
}

static struct books_diff *differ(enum books_kind kind, uint64_t pfn, uint64_t addr,
				 pid_t pid, long long says, long long is)
{
	static struct books_diff too_many;
	unsigned int *nr = &b.nr_diffs[SCANS - 1];
	struct books_diff *diff = *nr < MAX_DIFFS ?
		&b.diffs[SCANS - 1][(*nr)++] : &too_many;

	*diff = (struct books_diff) {
		.kind = kind, .pfn = pfn, .addr = addr, .pid = pid,
		.says = says, .is = is,
	};
	return diff;
}

/* Each MLOCKED page against those who map it */
static void compare_pages(void)
{
	size_t i;

	for (i = 0; i < b.pages; i++) {
		uint64_t flags = b.flags[i];

		if (!(flags & (KPF_MLOCKED | KPF_UNEVICTABLE)) ||
		    (flags & KPF_NOPAGE))
			continue;
		if (flags & KPF_MLOCKED) {
			if (!b.locks[b.head[i]])
				differ(BOOKS_STRAY, i, 0, 0, 0, 0);
			else if (b.split_huge && (flags & KPF_THP) &&
				 !b.whole_locks[b.head[i]])
				differ(BOOKS_STRAY_HUGE, i, 0, 0, 0, 0);
			if ((flags & KPF_LRU) && !(flags & KPF_UNEVICTABLE))
				differ(BOOKS_EVICTABLE, i, 0, 0, 0, 0);
		} else if ((flags & (KPF_ANON | KPF_SWAPBACKED)) &&
			   (flags & KPF_LRU)) {
			differ(BOOKS_STRANDED, i, 0, 0, 0, 0);
		}
	}
}

/* Each page of a VM_LOCKED VMA against its flags */
static void compare_mappings(void)
{
	size_t i;

	for (i = 0; i < b.maps.used; i++) {
		const struct mapping *map = &b.maps.at[i];
		const struct vma *vma = &b.vmas.at[map->vma];
		uint32_t head = b.head[map->pfn];
		uint64_t flags = b.flags[head], count = 0;
		struct books_diff *diff;

		if (!vma->locked || vma->special || vma->hugetlb ||
		    (flags & (KPF_MLOCKED | KPF_ZERO_PAGE | KPF_HUGE)) ||
		    (b.flags[map->pfn] & KPF_ZERO_PAGE))
			continue;
		if (b.split_huge && (flags & KPF_THP)) {
			/* One difference a huge page is enough */
			if (!map->whole || map->pfn != head)
				continue;
			if (pread(b.kpagecount, &count, 8, head * 8ULL) == 8 &&
			    count > 1)
				continue;
		}
		diff = differ(flags & KPF_KSM ? BOOKS_UNMARKED_KSM :
			      b.split_huge && (flags & KPF_THP) ? BOOKS_UNMARKED_HUGE :
			      vma->on_fault ? BOOKS_UNMARKED : BOOKS_UNMARKED_EAGER,
			      map->pfn, map->addr, b.tasks.at[vma->task].pid, 0, 0);
		diff->on_fault = vma->on_fault;
		diff->anon = flags & KPF_ANON;
	}
	for (i = 0; i < b.vmas.used; i++) {
		const struct vma *vma = &b.vmas.at[i];

		if (vma->locked && (vma->special || vma->hugetlb))
			differ(BOOKS_SPECIAL, 0, vma->start,
			       b.tasks.at[vma->task].pid, 0, 0);
	}
}

static void compare_sums(bool sums)
{
	char file[256];

	/* v4.8 and later: fold what each CPU has counted for itself */
	if (sums)
		write_text("/proc/sys/vm/stat_refresh", "1");
	if (read_text("/proc/meminfo")) {
		b.sums.says_mlocked = number_of("Mlocked") * 1024 / b.page_size;
		b.sums.says_unevictable =
			number_of("Unevictable") * 1024 / b.page_size;
	}
	if (!sums)
		return;
	if (b.sums.says_mlocked != b.sums.mlocked)
		differ(BOOKS_MLOCKED, 0, 0, 0, b.sums.says_mlocked,
		       b.sums.mlocked);
	if (b.sums.says_unevictable != b.sums.unevictable)
		differ(BOOKS_UNEVICTABLE, 0, 0, 0, b.sums.says_unevictable,
		       b.sums.unevictable);
	if (!b.memcg)
		return;
	snprintf(file, sizeof(file), "%s/memory.stat", b.memcg);
	if (!read_text(file))
		return;
	b.memcg_says = number_of("total_unevictable");
	if (b.memcg_says < 0)
		return;
	b.memcg_says /= b.page_size;
	/* v4.20 and later: each of four CPUs keeps up to 32 pages a group for itself */
	if (llabs(b.memcg_says - b.sums.unevictable) > (b.split_huge ? 512 : 0))
		differ(BOOKS_MEMCG, 0, 0, 0, b.memcg_says, b.sums.unevictable);
}

static int by_key(const void *left, const void *right)
{
	const struct books_diff *l = left, *r = right;

	if (l->kind != r->kind)
		return l->kind < r->kind ? -1 : 1;
	if (l->pfn != r->pfn)
		return l->pfn < r->pfn ? -1 : 1;
	if (l->pid != r->pid)
		return l->pid < r->pid ? -1 : 1;
	if (l->addr != r->addr)
		return l->addr < r->addr ? -1 : 1;
	return 0;
}

/* One scan, into the last of the lists */
static void scan(bool sums)
{
	b.nr_diffs[SCANS - 1] = 0;
	scan_pages();
	scan_tasks();
	compare_pages();
	compare_mappings();
	compare_sums(sums);
	qsort(b.diffs[SCANS - 1], b.nr_diffs[SCANS - 1], sizeof(b.diffs[0][0]),
	      by_key);
}

/* What is in the last list and in list @i, too */
static void intersect(unsigned int i)
{
	const unsigned int last = SCANS - 1;
	unsigned int n = 0, l = 0, r = 0;

	while (l < b.nr_diffs[last] && r < b.nr_diffs[i]) {
		int order = by_key(&b.diffs[last][l], &b.diffs[i][r]);

		if (order < 0) {
			l++;
		} else if (order > 0) {
			r++;
		} else {
			b.diffs[last][n++] = b.diffs[last][l++];
			r++;
		}
	}
	b.nr_diffs[last] = n;
}

unsigned int books_check(const struct books_diff **diffs, bool sums)
{
	const unsigned int last = SCANS - 1;
	unsigned int i;

	for (i = 0; ; i++) {
		/*
		 * The second and third look wait: for a page that is off the
		 * lists to be put back, and for counters to be folded.
		 */
		struct timespec pause = { 0, 20000000 };

		scan(sums);
		if (!b.nr_diffs[last])
			break;
		if (i)
			intersect(0);
		if (!b.nr_diffs[last])
			break;
		/* Counters alone: on a slow host they are folded late */
		if (i >= SCANS - 1 && (i == PATIENCE ||
				       b.diffs[last][0].kind < BOOKS_MLOCKED))
			break;
		memcpy(b.diffs[0], b.diffs[last],
		       b.nr_diffs[last] * sizeof(b.diffs[0][0]));
		b.nr_diffs[0] = b.nr_diffs[last];
		if (b.diffs[last][0].kind >= BOOKS_MLOCKED)
			pause = (struct timespec) { 1, 300000000 };
		nanosleep(&pause, NULL);
		books_drain();
	}
	*diffs = b.diffs[last];
	return b.nr_diffs[last];
}

const struct books_sums *books_sums(void)
{
	return &b.sums;
}

unsigned int books_tasks(const struct books_task **tasks)
{
	*tasks = b.tasks.at;
	return b.tasks.used;
}

unsigned int books_mappers(uint64_t pfn,
			   void (*call)(pid_t pid, uint64_t addr, void *arg),
			   void *arg)
{
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < b.maps.used; i++) {
		const struct mapping *map = &b.maps.at[i];

		if (map->pfn != pfn)
			continue;
		count++;
		if (call)
			call(b.tasks.at[b.vmas.at[map->vma].task].pid, map->addr,
			     arg);
	}
	return count;
}

static void print_flags(uint64_t flags)
{
	static const struct { uint64_t bit; const char *name; } names[] = {
		{ 1 << 0, "locked" }, { 1 << 2, "referenced" },
		{ 1 << 3, "uptodate" }, { 1 << 4, "dirty" },
		{ KPF_LRU, "lru" }, { 1 << 6, "active" }, { 1 << 7, "slab" },
		{ 1 << 8, "writeback" }, { 1 << 10, "buddy" },
		{ 1 << 11, "mmap" }, { KPF_ANON, "anon" },
		{ 1 << 13, "swapcache" }, { KPF_SWAPBACKED, "swapbacked" },
		{ KPF_COMPOUND_HEAD, "head" }, { KPF_COMPOUND_TAIL, "tail" },
		{ KPF_HUGE, "hugetlb" }, { KPF_UNEVICTABLE, "UNEVICTABLE" },
		{ KPF_NOPAGE, "nopage" }, { KPF_KSM, "ksm" },
		{ KPF_THP, "thp" }, { KPF_ZERO_PAGE, "zero" },
		{ KPF_MLOCKED, "MLOCKED" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (flags & names[i].bit)
			printf(" %s", names[i].name);
}

void books_print(const struct books_diff *diff)
{
	uint64_t count = 0;
	unsigned int shown = 0;
	size_t i;

	printf("# %s", kind_names[diff->kind]);
	if (diff->kind >= BOOKS_VMLCK) {
		printf(": %lld pages, scanned %lld", diff->says, diff->is);
		if (diff->pid)
			printf(", task %d", diff->pid);
		putchar('\n');
		return;
	}
	if (diff->kind == BOOKS_SPECIAL) {
		printf(": task %d, address %llx\n", diff->pid,
		       (unsigned long long)diff->addr);
		return;
	}
	if (pread(b.kpagecount, &count, 8, diff->pfn * 8) != 8)
		count = 0;
	printf(": pfn %llx, mapped %llu times,", (unsigned long long)diff->pfn,
	       (unsigned long long)count);
	print_flags(b.flags[diff->pfn]);
	putchar('\n');
	for (i = 0; i < b.maps.used; i++) {
		const struct mapping *map = &b.maps.at[i];
		const struct vma *vma = &b.vmas.at[map->vma];
		const struct books_task *task = &b.tasks.at[vma->task];

		if (map->pfn != diff->pfn)
			continue;
		if (++shown > 12) {
			puts("#   and others");
			break;
		}
		printf("#   task %d (%s) at %llx%s, VMA %llx-%llx [%s] %s\n",
		       task->pid, task->name, (unsigned long long)map->addr,
		       map->whole ? " as a whole" : "",
		       (unsigned long long)vma->start,
		       (unsigned long long)vma->end, vma->flags, vma->name);
	}
	if (!shown)
		puts("#   no task maps it");
}
