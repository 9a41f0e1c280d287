/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel says about pages, VMAs and the lock charge of this process.
 * Everything here gives up by tap_bail_out() if /proc cannot be read.
 */
#ifndef PAGE_STATE_H
#define PAGE_STATE_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tap.h"

/*
 * The numbers that mlock2() has in Linus' tree since v4.4, for headers that are
 * older than that.  x32 takes the number of x86-64.
 */
#ifndef __NR_mlock2
# if defined(__x86_64__) && defined(__ILP32__)
#  define __NR_mlock2	(0x40000000 + 325)
# elif defined(__x86_64__)
#  define __NR_mlock2	325
# elif defined(__i386__)
#  define __NR_mlock2	376
# elif defined(__mips__) && _MIPS_SIM == _ABIO32
#  define __NR_mlock2	4359
# elif defined(__mips__) && _MIPS_SIM == _ABIN32
#  define __NR_mlock2	6323
# elif defined(__mips__)
#  define __NR_mlock2	5319
# elif defined(__alpha__)
#  define __NR_mlock2	518
# elif defined(__arm__)
#  define __NR_mlock2	390
# elif defined(__powerpc__)
#  define __NR_mlock2	378
# elif defined(__s390__)
#  define __NR_mlock2	374
# elif defined(__sparc__)
#  define __NR_mlock2	356
# elif defined(__hppa__)
#  define __NR_mlock2	345
# elif defined(__m68k__)
#  define __NR_mlock2	375
# elif defined(__sh__)
#  define __NR_mlock2	379
# elif defined(__ia64__)
#  define __NR_mlock2	1346
# elif defined(__microblaze__)
#  define __NR_mlock2	391
# elif defined(__xtensa__)
#  define __NR_mlock2	344
# else
#  define __NR_mlock2	284	/* asm-generic */
# endif
#endif

#ifndef MLOCK_ONFAULT
# define MLOCK_ONFAULT	1
#endif
#ifndef MCL_ONFAULT
# define MCL_ONFAULT	(MCL_FUTURE << 1)
#endif

/* Documentation/vm/pagemap.txt */
#define PM_PRESENT	(1ULL << 63)
#define PM_SWAP		(1ULL << 62)
#define PM_PFN_MASK	((1ULL << 55) - 1)
#define KPF_LRU		(1ULL << 5)
#define KPF_UNEVICTABLE	(1ULL << 18)
#define KPF_THP		(1ULL << 22)
#define KPF_MLOCKED	(1ULL << 33)

static inline int sys_mlock2(const void *addr, size_t len, int flags)
{
	return syscall(__NR_mlock2, addr, len, flags);
}

/* Does this kernel have mlock2()?  A length of 0 is fine anywhere. */
static inline bool mlock2_supported(void)
{
	return !sys_mlock2(NULL, 0, 0) || errno != ENOSYS;
}

/*
 * Was a range that wraps refused?  One that wraps in 32 bits does not in the 64
 * of a kernel below a 32-bit program: there it ends at the first hole.
 */
static inline bool is_refused(int ret)
{
	return ret && (errno == EINVAL ||
		       (sizeof(long) == 4 && errno == ENOMEM));
}

static inline int error_of(int ret)
{
	return ret ? errno : 0;
}

static inline size_t page_size(void)
{
	static size_t size;

	if (!size)
		size = getpagesize();
	return size;
}

static inline uint64_t read_u64_at(const char *file, uint64_t index)
{
	uint64_t value;
	int fd = open(file, O_RDONLY);

	if (fd < 0 || pread64(fd, &value, 8, index * 8) != 8)
		tap_bail_out(file);
	close(fd);
	return value;
}

static inline uint64_t pagemap_entry(const void *addr)
{
	return read_u64_at("/proc/self/pagemap", (uintptr_t)addr / page_size());
}

static inline bool page_is_present(const void *addr)
{
	return pagemap_entry(addr) & PM_PRESENT;
}

static inline bool page_is_swapped(const void *addr)
{
	return pagemap_entry(addr) & PM_SWAP;
}

/* 0 for an absent page.  Needs root: pagemap tells nobody else the pfn. */
static inline uint64_t page_kflags(const void *addr)
{
	uint64_t entry = pagemap_entry(addr);

	if (!(entry & PM_PRESENT))
		return 0;
	return read_u64_at("/proc/kpageflags", entry & PM_PFN_MASK);
}

/*
 * A test that looks at pages is skipped for those who may not.  The root of a user
 * namespace opens /proc/kpageflags in vain, or is told no page frame numbers.
 */
static inline void skip_without_page_flags(void)
{
	static volatile char touched;
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	touched = 1;
	if (fd < 0 || !(pagemap_entry((char *)&touched) & PM_PFN_MASK))
		tap_skip_all("needs root to read /proc/kpageflags");
	close(fd);
}

/* The CPUs that this process was started on: it may have chosen one since */
static inline const cpu_set_t *all_cpus(void)
{
	static cpu_set_t all;

	if (!CPU_COUNT(&all) && sched_getaffinity(0, sizeof(all), &all))
		tap_bail_out("sched_getaffinity");
	return &all;
}

/* On the @nth of them from now on, counted round if there are fewer */
static inline void stay_on_cpu(unsigned int nth)
{
	const cpu_set_t *all = all_cpus();
	cpu_set_t one;
	int cpu;

	nth %= CPU_COUNT(all);
	for (cpu = 0; !CPU_ISSET(cpu, all) || nth--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		tap_bail_out("sched_setaffinity");
}

/* The end of that */
static inline void leave_cpu(void)
{
	sched_setaffinity(0, sizeof(cpu_set_t), all_cpus());
}

/* Is this kernel @major.@minor, or later? */
static inline bool kernel_since(unsigned int major, unsigned int minor)
{
	unsigned int is_major = 0, is_minor = 0;
	struct utsname name;

	if (uname(&name) ||
	    sscanf(name.release, "%u.%u", &is_major, &is_minor) != 2)
		tap_bail_out("uname");
	return is_major > major || (is_major == major && is_minor >= minor);
}

/*
 * Drain the LRU batches of this CPU, by filling them: 64 new pages are more than they
 * hold (14 on v4.2, 15 on v5.10, 31 on v6.12).  On v7.3 that leaves pages alone that wait
 * to be mlocked or munlocked, but calls that lock and unlock drain them.  Where the limit
 * allows no page more, they are left.
 */
static inline void drain_lru_here(void)
{
	const size_t len = 64 * page_size();
	char *map = mmap(NULL, len, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	if (kernel_since(6, 13) && !mlock(map, page_size()))
		munlock(map, page_size());
	munmap(map, len);
}

/* Those of all CPUs */
static inline void drain_lru(void)
{
	const unsigned int cpus = CPU_COUNT(all_cpus());
	cpu_set_t before;
	unsigned int nth;

	if (sched_getaffinity(0, sizeof(before), &before))
		tap_bail_out("sched_getaffinity");
	for (nth = 0; nth < cpus; nth++) {
		stay_on_cpu(nth);
		drain_lru_here();
	}
	sched_setaffinity(0, sizeof(before), &before);
}

static inline bool page_is_mlocked(const void *addr)
{
	return page_kflags(addr) & KPF_MLOCKED;
}

/* Mlocked and on the unevictable list, now, with nothing drained */
static inline bool page_is_listed(const void *addr)
{
	return !(~page_kflags(addr) & (KPF_MLOCKED | KPF_UNEVICTABLE));
}

/*
 * The same.  Of a page that this CPU has in its LRU batch, or that another one has, only
 * batched_page_is_locked() can be asked for.  Since v5.18 a fault, or a call that finds a
 * page present, sets Mlocked, and leaves the list to a batch of the CPU: there, this
 * drains it, and no other one.
 */
static inline bool page_is_locked(const void *addr)
{
	if (kernel_since(5, 18) &&
	    (page_kflags(addr) & (KPF_MLOCKED | KPF_UNEVICTABLE)) == KPF_MLOCKED)
		drain_lru_here();
	return page_is_listed(addr);
}

/*
 * The same for an anonymous page that a fault on this CPU has just made, or that
 * was just migrated on it.  Since v4.16 such a page waits in the LRU batch of the
 * CPU: Mlocked, and Unevictable when the batch drains.  There, this drains it, and
 * no other one; v4.2 has to have it on the list.
 */
static inline bool batched_page_is_locked(const void *addr)
{
	if (kernel_since(4, 16) &&
	    (page_kflags(addr) & (KPF_MLOCKED | KPF_LRU)) == KPF_MLOCKED)
		drain_lru_here();
	return page_is_locked(addr);
}

/* Present, and neither Mlocked nor Unevictable */
static inline bool page_is_unlocked(const void *addr)
{
	return page_is_present(addr) &&
		!(page_kflags(addr) & (KPF_MLOCKED | KPF_UNEVICTABLE));
}

/*
 * Without CONFIG_SHMEM /tmp is a ramfs, and so is the root of a guest that has no
 * disk: their pages are unevictable, locked or not, as soon as somebody looks.
 */
static inline bool files_are_unevictable(void)
{
	struct statfs fs;

	return !statfs("/tmp", &fs) && (uint32_t)fs.f_type == 0x858458f6;
}

/* The same for a page of a file of make_file() */
static inline bool file_page_is_unlocked(const void *addr)
{
	if (files_are_unevictable())
		return page_is_present(addr) && !page_is_mlocked(addr);
	return page_is_unlocked(addr);
}

static inline unsigned int count_pages(const char *map, size_t pages,
				       bool (*is)(const void *))
{
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < pages; i++)
		count += is(map + i * page_size());
	return count;
}

/* For files of /proc and /sys; a failure is only said */
static inline void write_file(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			printf("# cannot write %s\n", file);
		close(fd);
	}
}

/* A number of kB from a file of lines "Name: number kB", or -1 */
static inline long long read_kb(const char *file, const char *name)
{
	FILE *f = fopen(file, "re");
	long long value = -1;
	char line[256];
	size_t len = strlen(name);

	if (!f)
		tap_bail_out(file);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ':')
			value = atoll(line + len + 1);
	fclose(f);
	return value;
}

/* Pages charged to RLIMIT_MEMLOCK */
static inline long long locked_pages(void)
{
	return read_kb("/proc/self/status", "VmLck") * 1024 / page_size();
}

/*
 * The VMA at @addr, from smaps.  For kernels that have VM_LOCKONFAULT but no
 * letters for it, which are no failure of everything else, MLOCK2_LF may be "??".
 */
struct vma {
	uintptr_t start, end;
	bool lo, lf, unknown;	/* VmFlags */
	long long rss_kb;
};

static inline struct vma vma_of(const void *addr)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	const char *lf = getenv("MLOCK2_LF");
	struct vma vma = { 0 };
	char line[512];
	bool in = false;

	if (!f)
		tap_bail_out("/proc/self/smaps");
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			in = start <= (uintptr_t)addr && (uintptr_t)addr < end;
			if (in) {
				vma.start = start;
				vma.end = end;
			}
		} else if (in && !strncmp(line, "Rss:", 4)) {
			vma.rss_kb = atoll(line + 4);
		} else if (in && !strncmp(line, "VmFlags:", 8)) {
			vma.lo = strstr(line, " lo");
			vma.lf = strstr(line, lf ? lf : " lf");
			vma.unknown = strstr(line, " ??");
		}
	}
	fclose(f);
	return vma;
}

/* Private anonymous memory, not touched, without huge pages */
static inline char *map_pages(size_t pages)
{
	char *map = mmap(NULL, pages * page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	madvise(map, pages * page_size(), 15 /* MADV_NOHUGEPAGE */);
	return map;
}

/* The start of a file, for reading and writing, not touched */
static inline char *map_file_pages(int fd, size_t pages, int flags)
{
	char *map = mmap(NULL, pages * page_size(), PROT_READ | PROT_WRITE,
			 flags, fd, 0);

	if (map == MAP_FAILED)
		tap_bail_out("mmap of a file");
	return map;
}

/* Write to each page of it */
static inline void touch_range(char *map, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += page_size())
		map[i] = 1;
}

/* The same with a lock on fault */
static inline void touch_on_fault(char *map, size_t len)
{
	sys_mlock2(map, len, MLOCK_ONFAULT);
	touch_range(map, len);
}

/* Changes when one of the pages is moved */
static inline uint64_t pages_place(const char *map, size_t pages)
{
	uint64_t place = 0;
	size_t i;

	for (i = 0; i < pages; i++)
		place = 31 * place +
			(pagemap_entry(map + i * page_size()) & PM_PFN_MASK);
	return place;
}

/*
 * Private memory, made present by @fill, of which compaction has moved a page.
 * NULL if this kernel has no compaction, if nothing would move, or on a machine with
 * more free memory than a test may fill.
 *
 * Compaction moves what is at the bottom of memory to the top.  Pages that come
 * before and after three quarters of the free memory was taken lie far apart: one
 * half of them has to move once that is unmapped, unless the top is full.
 */
static inline char *map_compacted(size_t pages, void (*fill)(char *, size_t))
{
	const char *file = "/proc/sys/vm/compact_memory";
	const size_t len = pages * page_size();
	int tries, i;

	for (tries = 0; tries < 8 && !access(file, W_OK); tries++) {
		char *map = map_pages(pages), *most;
		uint64_t place;
		size_t rest;

		fill(map, len / 2);
		rest = read_kb("/proc/meminfo", "MemFree") / 4 * 3 * 1024;
		rest &= -page_size();
		if (rest > (size_t)2 << 30)
			return NULL;
		most = map_pages(rest / page_size());
		touch_range(most, rest);
		fill(map, len);
		place = pages_place(map, pages);
		munmap(most, rest);
		for (i = 0; i < 3; i++)
			write_file(file, "1");
		if (pages_place(map, pages) != place)
			return map;
		munmap(map, len);
	}
	return NULL;
}

/* An unlinked file whose data is in the page cache */
static inline int make_file(const char *dir, size_t pages)
{
	char name[256], *page = calloc(1, page_size());
	int fd;
	size_t i;

	snprintf(name, sizeof(name), "%s/mlock2.XXXXXX", dir);
	fd = mkstemp(name);
	if (fd < 0 || !page)
		tap_bail_out(name);
	unlink(name);
	page[0] = 'f';
	for (i = 0; i < pages; i++)
		if (write(fd, page, page_size()) != (ssize_t)page_size())
			tap_bail_out("write");
	free(page);
	return fd;
}

#endif
