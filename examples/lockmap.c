// SPDX-License-Identifier: GPL-2.0
/*
 * lockmap - which memory of a process is locked, page by page
 *
 *   gcc -O2 -o lockmap lockmap.c
 *
 * Usage: lockmap [-n] PID [START-END | ADDRESS]...
 *
 * Prints a line for each VMA, or for those that overlap what is named (hexadecimal
 * addresses): its mode (locked, on fault, or -), its size, how much of it is
 * resident, how much of that is Mlocked, and what it maps; below that a map of its
 * pages of at most 64 characters.  A page that another process has locked is
 * Mlocked, too.  -n leaves out the heading and the legend.
 *
 * Works on every kernel with /proc/PID/pagemap and /proc/kpageflags.  Which pages
 * are Mlocked only root may see, and of some kernels (4.0 to 4.2) not even which are
 * present: what cannot be seen is printed as "?", and why on standard error.
 *
 * Exit status: 0, 1 if the process cannot be looked at, 2 for bad arguments.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 64, ENTRIES = 4096 };
#define LARGE	(1ULL << 32)

/* Documentation/vm/pagemap.txt of the kernel */
#define PM_PRESENT		(1ULL << 63)
#define PM_SWAP			(1ULL << 62)
#define PM_PFN_MASK		((1ULL << 55) - 1)
#define KPF_COMPOUND_TAIL	(1ULL << 16)
#define KPF_ZERO_PAGE		(1ULL << 24)
#define KPF_MLOCKED		(1ULL << 33)

struct vma {
	uint64_t start, end;
	char perms[8];
	char name[256];
	long long rss_kb, swap_kb;
	const char *mode;
};

/* Pages of one kind in what a character stands for, or in a VMA */
struct tally {
	unsigned long long pages, swapped, zero, present, hidden, mlocked;
};

static int pagemap_fd, kpageflags_fd;
static int pagemap_errno, kpageflags_errno;
static bool pfn_hidden;		/* the kernel tells us no page frame numbers */
static uint64_t page_size;

__attribute__((format(printf, 1, 2), noreturn))
static void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("lockmap: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static FILE *open_proc(const char *pid, const char *file)
{
	char name[64];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%s/%s", pid, file);
	f = fopen(name, "re");
	if (!f)
		die("cannot read %s: %s%s", name, strerror(errno),
		    errno == ENOENT ? ": is there such a process?" :
				      ": be root, or the user of that process");
	return f;
}

/*
 * The flags of a page frame.  Of a huge page older kernels have PG_mlocked in the
 * first page alone, and the others follow it: go back to the first.
 */
static bool flags_of(uint64_t pfn, uint64_t *flags)
{
	static uint64_t last_pfn, last_flags;
	uint64_t head = pfn;

	if (pread(kpageflags_fd, flags, 8, pfn * 8) != 8)
		return false;
	if (*flags & KPF_COMPOUND_TAIL && !(*flags & KPF_MLOCKED)) {
		uint64_t here = *flags;

		if (pfn == last_pfn + 1)
			here = last_flags;
		while (here & KPF_COMPOUND_TAIL && !(here & KPF_MLOCKED) && head)
			if (pread(kpageflags_fd, &here, 8, --head * 8) != 8)
				return false;
		*flags |= here & KPF_MLOCKED;
		last_flags = here;
	} else {
		last_flags = *flags;
	}
	last_pfn = pfn;
	return true;
}

static void count(uint64_t entry, struct tally *tally)
{
	uint64_t pfn = entry & PM_PFN_MASK, flags;

	tally->pages++;
	if (!(entry & PM_PRESENT)) {
		tally->swapped += !!(entry & PM_SWAP);
		return;
	}
	tally->present++;
	if (!pfn)
		pfn_hidden = true;
	if (!pfn || kpageflags_fd < 0 || !flags_of(pfn, &flags)) {
		tally->hidden++;
		return;
	}
	tally->mlocked += !!(flags & KPF_MLOCKED);
	tally->zero += !!(flags & KPF_ZERO_PAGE);
}

static char character(const struct tally *tally)
{
	if (tally->mlocked == tally->pages)
		return 'L';
	if (tally->mlocked)
		return 'l';
	if (tally->hidden)
		return '?';
	if (tally->present)
		return tally->zero == tally->present ? 'z' : 'p';
	return tally->swapped ? 's' : '.';
}

static void add(struct tally *sum, const struct tally *tally)
{
	sum->pages += tally->pages;
	sum->swapped += tally->swapped;
	sum->zero += tally->zero;
	sum->present += tally->present;
	sum->hidden += tally->hidden;
	sum->mlocked += tally->mlocked;
}

/* The characters of @vma go to @map; false if there is nothing to be seen */
static bool look_at_pages(const struct vma *vma, char *map, struct tally *all)
{
	static uint64_t entries[ENTRIES];
	uint64_t pages = (vma->end - vma->start) / page_size, page = 0;
	uint64_t a_character = (pages + WIDTH - 1) / WIDTH;
	struct tally here = { 0 };

	*map = 0;
	if (pagemap_fd < 0)
		return false;
	/* Entries of a large mapping take long to read, and zero pages are all there can be */
	if (!vma->rss_kb && !vma->swap_kb && pages > LARGE / page_size) {
		memset(map, '.', WIDTH);
		map[WIDTH] = 0;
		return true;
	}
	while (page < pages) {
		uint64_t most = pages - page < ENTRIES ? pages - page : ENTRIES;
		ssize_t got = pread(pagemap_fd, entries, most * 8,
				    (vma->start / page_size + page) * 8);

		/* Of [vsyscall] there are no entries, and no memory of the process */
		if (got < 8)
			return false;
		for (ssize_t i = 0; i < got / 8; i++) {
			count(entries[i], &here);
			if (++page % a_character && page < pages)
				continue;
			*map++ = character(&here);
			add(all, &here);
			here = (struct tally){ 0 };
		}
	}
	*map = 0;
	return true;
}

static void print_vma(const struct vma *vma)
{
	unsigned long long kb = page_size / 1024;
	struct tally all = { 0 };
	char map[WIDTH + 1], mlocked[32];
	bool seen = look_at_pages(vma, map, &all);

	if (!seen && vma->rss_kb)
		strcpy(mlocked, "?");
	else if (all.hidden)
		snprintf(mlocked, sizeof(mlocked), "?");
	else
		snprintf(mlocked, sizeof(mlocked), "%llu", all.mlocked * kb);
	printf("%012llx-%012llx %s %-9s %11llu %10lld %10s%s%s\n",
	       (unsigned long long)vma->start, (unsigned long long)vma->end,
	       vma->perms, vma->mode, (unsigned long long)(vma->end - vma->start) / 1024,
	       vma->rss_kb, mlocked, *vma->name ? "  " : "", vma->name);
	/* Nothing is seldom worth a line */
	if (*map && (all.present || all.swapped || *vma->mode != '-')) {
		unsigned long long pages = (vma->end - vma->start) / page_size;
		unsigned long long each = (pages + WIDTH - 1) / WIDTH;

		printf("  %s", map);
		if (each > 1)
			printf("  x %llu", each);
		putchar('\n');
	}
}

/*
 * "lf" is the letter for an on-fault VMA.  Kernels from 4.4 on that have no letters
 * for that flag print "??" for it, or for another one without letters.
 */
static const char *mode_of(const char *flags)
{
	if (!strstr(flags, " lo"))
		return "-";
	return strstr(flags, " lf") ? "on fault" :
	       strstr(flags, " ??") ? "on fault?" : "locked";
}

struct range { uint64_t start, end; };

static bool is_wanted(const struct vma *vma, const struct range *ranges, int number)
{
	for (int i = 0; i < number; i++)
		if (vma->start < ranges[i].end && ranges[i].start < vma->end)
			return true;
	return !number;
}

/* Returns how many VMAs were printed */
static unsigned int print_vmas(const char *pid, FILE *smaps,
			       const struct range *ranges, int number)
{
	struct vma vma = { 0 };
	unsigned int printed = 0;
	bool in = false;
	char line[4096];

	while (fgets(line, sizeof(line), smaps)) {
		unsigned long long start, end;
		char perms[8] = "";
		int name = 0;

		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %n", &start, &end,
			   perms, &name) == 3) {
			if (in && ++printed)
				print_vma(&vma);
			vma = (struct vma){ .start = start, .end = end,
					    .mode = "?" };
			memcpy(vma.perms, perms, sizeof(vma.perms));
			snprintf(vma.name, sizeof(vma.name), "%s",
				 name ? line + name : "");
			in = is_wanted(&vma, ranges, number);
		} else if (!strncmp(line, "Rss:", 4)) {
			vma.rss_kb = atoll(line + 4);
		} else if (!strncmp(line, "Swap:", 5)) {
			vma.swap_kb = atoll(line + 5);
		} else if (!strncmp(line, "VmFlags:", 8)) {
			vma.mode = mode_of(line + 8);
		}
	}
	if (in && ++printed)
		print_vma(&vma);
	if (ferror(smaps))
		die("cannot read /proc/%s/smaps: %s", pid, strerror(errno));
	return printed;
}

static void print_heading(const char *pid, FILE *smaps)
{
	FILE *status = open_proc(pid, "status");
	char line[4096], name[64] = "";
	long long resident = 0, locked = 0;

	while (fgets(line, sizeof(line), status)) {
		sscanf(line, "Name: %63[^\n]", name);
		sscanf(line, "VmLck: %lld", &locked);
	}
	fclose(status);
	/* VmRSS of status is brought up to date now and then only */
	while (fgets(line, sizeof(line), smaps))
		if (!strncmp(line, "Rss:", 4))
			resident += atoll(line + 4);
	rewind(smaps);
	printf("%s (%s): VmLck %lld kB (ranges), resident %lld kB (pages)\n"
	       "%-25s %-4s %-9s %11s %10s %10s  (kB)\n", pid, name, locked, resident,
	       "addresses", "", "mode", "size", "resident", "Mlocked");
}

static void print_legend(void)
{
	printf(". absent, s swapped out, z zero page, p present, L Mlocked, ? present, flags not seen\n"
	       "l some of its pages Mlocked; x N: each character is N pages\n");
}

/* What was not to be seen, and who sees it */
static void say_what_is_missing(const char *pid)
{
	fflush(stdout);
	if (pagemap_fd < 0)
		fprintf(stderr,
			"lockmap: cannot see which pages are present: /proc/%s/pagemap: %s (root can)\n",
			pid, strerror(pagemap_errno));
	if (kpageflags_fd < 0)
		fprintf(stderr,
			"lockmap: cannot see which pages are Mlocked: /proc/kpageflags: %s (%s)\n",
			strerror(kpageflags_errno), kpageflags_errno == ENOENT ?
			"a kernel without CONFIG_PROC_PAGE_MONITOR" : "root can");
	else if (pfn_hidden)
		fprintf(stderr,
			"lockmap: cannot see which pages are Mlocked: /proc/%s/pagemap has no page frame numbers for this user (root can)\n",
			pid);
}

static bool parse_range(const char *text, struct range *range)
{
	unsigned long long start, end;
	int len = 0;

	if (sscanf(text, "%llx-%llx%n", &start, &end, &len) == 2 && !text[len] &&
	    start < end) {
		*range = (struct range){ start, end };
		return true;
	}
	if (sscanf(text, "%llx%n", &start, &len) == 1 && !text[len]) {
		*range = (struct range){ start, start + 1 };
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct range ranges[argc];
	bool heading = true;
	const char *pid;
	char name[64];
	FILE *smaps;
	int first = 1, number = 0;

	if (argc > first && !strcmp(argv[first], "-n")) {
		heading = false;
		first++;
	}
	pid = argc > first ? argv[first] : "";
	if (!*pid || strspn(pid, "0123456789") != strlen(pid) || strlen(pid) > 10) {
		fputs("usage: lockmap [-n] PID [START-END | ADDRESS]... (hexadecimal)\n",
		      stderr);
		return 2;
	}
	for (int i = first + 1; i < argc; i++) {
		if (!parse_range(argv[i], &ranges[number++])) {
			fprintf(stderr, "lockmap: %s is no address and no START-END (hexadecimal)\n",
				argv[i]);
			return 2;
		}
	}
	page_size = sysconf(_SC_PAGESIZE);
	snprintf(name, sizeof(name), "/proc/%s/pagemap", pid);
	pagemap_fd = open(name, O_RDONLY | O_CLOEXEC);
	pagemap_errno = errno;
	kpageflags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	kpageflags_errno = errno;
	smaps = open_proc(pid, "smaps");
	if (heading)
		print_heading(pid, smaps);
	if (!print_vmas(pid, smaps, ranges, number))
		die("%s has no mapping%s", pid, number ? " there" : "");
	fclose(smaps);
	if (heading)
		print_legend();
	say_what_is_missing(pid);
	return 0;
}
