// SPDX-License-Identifier: GPL-2.0
/*
 * The vocabulary of the race fuzzer: each operation on a range of a region.
 *
 * Each returns an errno, or 0.  Nothing in here knows which of them, in which
 * order, make a kernel fail.
 */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "sys.h"
#include "util.h"

const char *const what_names[WHATS] = {
	[MLOCK] = "mlock", [MLOCK2] = "mlock2", [MUNLOCK] = "munlock",
	[MLOCKALL] = "mlockall", [MUNLOCKALL] = "munlockall",
	[READ] = "read", [WRITE] = "write", [KERNEL_WRITE] = "kernel-write",
	[MADVISE] = "madvise", [MUNMAP] = "munmap", [MAP] = "mmap",
	[MREMAP] = "mremap", [MPROTECT] = "mprotect", [FORK] = "fork",
	[EXIT] = "exit", [KILL] = "kill", [TRUNCATE] = "truncate",
	[PUNCH] = "punch", [REMAP_FILE_PAGES] = "remap_file_pages",
	[MSYNC] = "msync", [MOVE_PAGES] = "move_pages",
	[OTHERS_WRITE] = "others-write", [SETRLIMIT] = "setrlimit",
	[PERSONALITY] = "personality", [CALL] = "call",
	[USERFAULTFD] = "userfaultfd", [UNSHARE] = "unshare",
	[SETUID] = "setuid", [WAIT] = "wait", [RECLAIM] = "reclaim",
	[HOLDS] = "holds", [LOOK] = "look", [PIN] = "pin",
	[REGROUP] = "regroup",
	[COMPACT] = "compact",
	[KSM_SWITCH] = "ksm-switch", [HUGE_SWITCH] = "huge-switch",
	[DROP_CACHES] = "drop_caches", [SWAPOFF] = "swapoff",
	[GROUP_LIMIT] = "group-limit",
};

static const struct { int advice; const char *name; } advices[] = {
	{ MADV_DONTNEED, "DONTNEED" }, { MADV_DONTNEED_LOCKED, "DONTNEED_LOCKED" },
	{ MADV_FREE, "FREE" }, { MADV_PAGEOUT, "PAGEOUT" }, { MADV_COLD, "COLD" },
	{ MADV_REMOVE, "REMOVE" }, { MADV_WILLNEED, "WILLNEED" },
	{ MADV_MERGEABLE, "MERGEABLE" }, { MADV_UNMERGEABLE, "UNMERGEABLE" },
	{ MADV_HUGEPAGE, "HUGEPAGE" }, { MADV_NOHUGEPAGE, "NOHUGEPAGE" },
	{ MADV_DONTFORK, "DONTFORK" }, { MADV_DOFORK, "DOFORK" },
	{ MADV_WIPEONFORK, "WIPEONFORK" }, { MADV_KEEPONFORK, "KEEPONFORK" },
	{ MADV_POPULATE_READ, "POPULATE_READ" },
	{ MADV_POPULATE_WRITE, "POPULATE_WRITE" },
};

enum { ADVICES = sizeof(advices) / sizeof(*advices) };

/*
 * A number for op.arg of MADVISE: by far the most common one of programs, one
 * of those that take mappings or pages away, or any.
 */
unsigned int pick_advice(uint64_t *rnd)
{
	return percent(rnd, 35) ? 0 : below(rnd, percent(rnd, 50) ? 6 : ADVICES);
}

/* A number for op.arg of MADVISE that means @advice */
unsigned int arg_of_advice(int advice)
{
	unsigned int i;

	for (i = 0; i < ADVICES - 1 && advices[i].advice != advice; i++)
		;
	return i;
}

static unsigned int advice_of(const struct op *op)
{
	return op->arg % ADVICES;
}

static const int map_flags[] = { 0, MAP_LOCKED, MAP_POPULATE, MAP_LOCKED | MAP_NORESERVE };
static const int mcl_flags[] = {
	MCL_CURRENT, MCL_FUTURE, MCL_CURRENT | MCL_FUTURE, MCL_ONFAULT,
	MCL_CURRENT | MCL_ONFAULT, MCL_FUTURE | MCL_ONFAULT,
	MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT,
};
static const int protections[] = {
	PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE,
	PROT_READ | PROT_WRITE | PROT_EXEC,
};
static const unsigned long personalities[] = {
	ADDR_LIMIT_3GB, 0, ADDR_LIMIT_3GB, ADDR_LIMIT_32BIT, READ_IMPLIES_EXEC,
	ADDR_COMPAT_LAYOUT,
};

static const struct region *region_of(const struct op *op)
{
	return &ctl->group.region[op->region];
}

static char *addr_of(const struct op *op)
{
	return (char *)region_of(op)->base + (uintptr_t)op->off * page_size;
}

static char *addr2_of(const struct op *op)
{
	return (char *)region_of(op)->base + (uintptr_t)op->off2 * page_size;
}

static size_t bytes_of(const struct op *op)
{
	return (size_t)op->len * page_size;
}

static int error_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static int read_pages(const struct op *op)
{
	volatile char *p = addr_of(op);
	unsigned int i;

	for (i = 0; i < op->len; i++)
		(void)p[(size_t)i * page_size];
	return 0;
}

static int write_pages(const struct op *op)
{
	volatile char *p = addr_of(op);
	/* What is to be merged has to be equal again */
	const bool mergeable = is_mergeable(region_of(op)->kind);
	unsigned int i;

	for (i = 0; i < op->len && !ctl->stop; i++)
		p[(size_t)i * page_size + op->arg % 64] = mergeable ? i % 8 : i;
	return 0;
}

/* From the end to the start, as a stack grows, and in no task's user mode */
static int kernel_write_pages(const struct op *op)
{
	char *p = addr_of(op);
	unsigned int i;
	int err = 0;

	for (i = op->len; i--; )
		if (syscall(SYS_getcpu, p + (size_t)i * page_size, NULL, NULL) < 0)
			err = errno;
	return err;
}

static int mremap_pages(const struct op *op)
{
	char *from = addr_of(op), *to = addr2_of(op);
	size_t bytes = bytes_of(op), half = (op->len + 1) / 2 * page_size;
	void *ret;

	switch (op->arg % 6) {
	case 0:
		ret = mremap(from, bytes, half, 0);
		break;
	case 1:
		ret = mremap(from, half, bytes, 0);
		break;
	case 2:
		ret = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED |
			     MREMAP_DONTUNMAP, to);
		break;
	case 3:
		/* Shared memory gets a second mapping */
		ret = mremap(from, 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
		break;
	default:
		ret = mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	}
	return ret == MAP_FAILED ? errno : 0;
}

static int truncate_file(const struct op *op)
{
	const struct region *r = region_of(op);
	int err = error_of(ftruncate(r->fd, (off_t)op->off * page_size));

	if (!err)
		err = error_of(ftruncate(r->fd, (off_t)r->pages * page_size));
	return err;
}

static int punch_hole(const struct op *op)
{
	return error_of(fallocate(region_of(op)->fd, FALLOC_FL_KEEP_SIZE |
				  FALLOC_FL_PUNCH_HOLE, (off_t)op->off * page_size,
				  bytes_of(op)));
}

static int move_pages(const struct op *op)
{
	enum { MOST = 64 };
	void *pages[MOST];
	int nodes[MOST], status[MOST];
	unsigned long i, nr = op->len < MOST ? op->len : MOST;

	/* Where there is one node, they are all where they are to go */
	if (opt.nodes < 2)
		return ENODEV;
	for (i = 0; i < nr; i++) {
		pages[i] = addr_of(op) + i * page_size;
		nodes[i] = op->arg & 1;
	}
	return error_of(syscall(SYS_move_pages, 0, nr, pages, nodes, status,
				op->arg & 2 ? 4 : 2));
}

/* Into another process, or through /proc/self/mem, which need no permission */
static int others_write(const struct op *op)
{
	static const char data[64];
	unsigned int i, nr = op->len < 64 ? op->len : 64;
	pid_t pid = ctl->slot[op->arg % ctl->group.slots].pid;
	char name[32];
	int err = 0, fd;

	/* v4.2 warns of a forced write to shared memory that may not be written to */
	if ((op->arg & 0x40) || region_of(op)->kind == SHARED_FILE ||
	    region_of(op)->kind == SHMEM || region_of(op)->kind == HUGE_SHMEM) {
		for (i = 0; i < nr && !err; i++) {
			struct iovec from = { (void *)data, sizeof(data) };
			struct iovec to = { addr_of(op) + i * page_size, sizeof(data) };

			err = error_of(syscall(SYS_process_vm_writev, pid, &from,
					       1UL, &to, 1UL, 0UL));
		}
		return err;
	}
	snprintf(name, sizeof(name), "/proc/%d/mem", getpid());
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	for (i = 0; i < nr && !err; i++)
		err = error_of(pwrite64(fd, data, sizeof(data),
					(uintptr_t)addr_of(op) + i * page_size));
	close(fd);
	return err;
}

static void complain(const char *call, long pages, const char *problem)
{
	unsigned int i = __sync_fetch_and_add(&ctl->complaints, 1);

	if (i < MAX_COMPLAINTS)
		snprintf(ctl->complaint[i], COMPLAINT, "%s: %ld pages are %s",
			 call, pages, problem);
}

/* VmLck of this process, in pages; -1 if it cannot be read */
long charged_pages(void)
{
	char text[2048], *line;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got < 0 ? 0 : got] = 0;
	line = strstr(text, "\nVmLck:");
	return line ? atol(line + 7) * 1024 / page_size : -1;
}

/*
 * Lower the limit, maybe below what is charged, or raise it again.  Without
 * privilege, a lock may then not add to a charge that is above the limit.
 */
static int set_limit(struct slot *slot, const struct op *op)
{
	struct rlimit limit;
	long before, after;
	int err;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return errno;
	if (!opt.privilege)
		limit.rlim_max = 64 << 20;
	/* The soft limit only: what a task may charge is what it was given */
	limit.rlim_cur = limit.rlim_max / 8 * (op->arg % 9);
	err = error_of(setrlimit(RLIMIT_MEMLOCK, &limit));
	/* Another thread could set it, too */
	if (err || slot->threads > 1 || !geteuid())
		return err;
	before = charged_pages();
	if (op->arg & 0x80)
		err = error_of(syscall(SYS_mlock2, addr_of(op), bytes_of(op),
				       MLOCK_ONFAULT));
	else
		err = error_of(mlockall(MCL_CURRENT | MCL_ONFAULT));
	after = charged_pages();
	if (before >= 0 && after > before && after > (long)(limit.rlim_cur / page_size))
		complain("a lock under a limit", after - before, "charged, above the limit");
	return err;
}

/* For good: a task that has locked, and has children to come, is nobody now */
static int drop_rights(const struct op *op)
{
	struct rlimit limit = { 65536U << (op->arg & 3), 65536U << (op->arg & 3) };

	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return errno;
	/* Of this thread alone: the C library would change all of them */
	return error_of(syscall(SYS_setresuid, 65534, 65534, 65534));
}

/*
 * What a kid becomes by exec: a program of root's, whoever starts it, which locks
 * the text that it shares with all others, perhaps as somebody else.
 */
int exec_program(unsigned int arg)
{
	char *more = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (arg & 1)
		mlockall(mcl_flags[(arg >> 1) % 7]);
	if (more != MAP_FAILED)
		memset(more, 1, arg & 0x10 ? 65536 : 4096);
	if ((arg & 0x20) && setuid(65534))
		return 1;
	if (arg & 0x40)
		mlockall(mcl_flags[(arg >> 2) % 7]);
	if (arg & 0x80)
		munlockall();
	return 0;
}

static int kill_somebody(const struct op *op)
{
	pid_t pid = ctl->slot[op->arg % ctl->group.slots].pid;

	if (pid <= 1)
		return ESRCH;
	return error_of(kill(pid, SIGKILL));
}

/*
 * Weather.  The clerk does it: swapoff() by a task that is killed meanwhile, or
 * under a limit, fails, and the kernels of the bases warn when a slot is freed
 * after that.
 */
static int switch_swap(const struct op *op)
{
	const struct timespec pause = { 0, 200000 };

	if (!opt.swap[op->arg & 1])
		return ENODEV;
	ctl->swapoff_wanted = 1 + (op->arg & 1);
	while (ctl->swapoff_wanted && !ctl->stop)
		nanosleep(&pause, NULL);
	return 0;
}

static int limit_group(const struct op *op)
{
	const struct timespec pause = { 0, 200000 };
	unsigned int all = 0, i;

	if (!opt.group_dir || !ctl->group.limit_pages)
		return ENODEV;
	for (i = 0; i < ctl->group.regions; i++)
		all += ctl->group.region[i].pages;
	ctl->limit_wanted = 256ULL + (unsigned long long)all * (1 + op->arg % 8) / 4;
	while (ctl->limit_wanted && !ctl->stop)
		nanosleep(&pause, NULL);
	return 0;
}

#define KPF_LRU		(1ULL << 5)
#define KPF_WRITEBACK	(1ULL << 8)
#define KPF_SWAPCACHE	(1ULL << 13)
#define KPF_COMPOUND	(3ULL << 15)	/* head or tail */
#define KPF_UNEVICTABLE	(1ULL << 18)
#define KPF_KSM		(1ULL << 21)
#define KPF_THP		(1ULL << 22)
#define KPF_ZERO_PAGE	(1ULL << 24)
#define KPF_MLOCKED	(1ULL << 33)
#define PM_PRESENT	(1ULL << 63)
#define PM_PFN_MASK	((1ULL << 55) - 1)

/* Opened while a process has the rights for them; pagemap's is of that process */
static int kpageflags = -1, pagemap = -1;
/* Of the memory cgroup */
static int limit_file = -1, usage_file = -1;
/* ... and who is in it, and in the one below it */
static int procs_file[2] = { -1, -1 };
static volatile bool regrouped;

static int open_memcg(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", opt.group_dir, name);
	return open(path, flags | O_CLOEXEC);
}

void look_prepare(void)
{
	if (ctl->group.in_memcg) {
		limit_file = open_memcg("memory.limit_in_bytes", O_WRONLY);
		usage_file = open_memcg("memory.usage_in_bytes", O_RDONLY);
		procs_file[0] = open_memcg("cgroup.procs", O_WRONLY);
		procs_file[1] = open_memcg("below/cgroup.procs", O_WRONLY);
	}
	kpageflags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

/* The flags of the page at @addr of this process; 0 if there is none */
static uint64_t flags_at(int fd, const char *addr, uint64_t *pfn)
{
	uint64_t entry, flags;

	*pfn = 0;
	if (pread64(fd, &entry, 8, (uintptr_t)addr / page_size * 8) != 8 ||
	    !(entry & PM_PRESENT))
		return 0;
	*pfn = entry & PM_PFN_MASK;
	return pread64(kpageflags, &flags, 8, *pfn * 8) == 8 ? flags : 0;
}

/*
 * Until the kernel, or another task, has done something to one of our pages: merged it,
 * collapsed it, begun to write it, taken it away.  30 ms at most.
 */
static int wait_for_change(const struct op *op)
{
	enum { MOST = 16 };
	const uint64_t flags = KPF_KSM | KPF_THP | KPF_WRITEBACK | KPF_SWAPCACHE;
	const struct timespec pause = { 0, 500000 };
	unsigned int step = op->len > MOST ? op->len / MOST : 1, i, look;
	/* A sleep may be a tick long */
	const double end = now() + 0.03;
	uint64_t pfn, is, was[MOST];

	if (pagemap < 0 || kpageflags < 0)
		return EPERM;
	for (look = 0; now() < end && !ctl->stop; look++) {
		for (i = 0; i < MOST && i * step < op->len; i++) {
			is = flags_at(pagemap, addr_of(op) + (size_t)i * step * page_size,
				      &pfn) & flags;
			is ^= pfn << 24;
			if (!look)
				was[i] = is;
			else if (is != was[i])
				return 0;
		}
		nanosleep(&pause, NULL);
	}
	return ETIMEDOUT;
}

/*
 * Make the kernel reclaim from the memory cgroup: its limit is lowered to a part of what
 * is in use, and put back.
 */
static int reclaim(const struct op *op)
{
	char text[32];
	ssize_t got;
	int err;

	if (limit_file < 0 || usage_file < 0)
		return ENODEV;
	got = pread(usage_file, text, sizeof(text) - 1, 0);
	text[got < 0 ? 0 : got] = 0;
	snprintf(text, sizeof(text), "%llu", strtoull(text, NULL, 10) / 8 * (op->arg % 8));
	err = error_of(pwrite(limit_file, text, strlen(text), 0));
	if (ctl->group.limit_pages)
		snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)ctl->group.limit_pages * page_size);
	else
		strcpy(text, "-1");
	/* What is in use may be more by now */
	if (pwrite(limit_file, text, strlen(text), 0) < 0)
		pwrite(limit_file, "-1", 2, 0);
	return err;
}

/*
 * This process goes to the memory cgroup below its own, or comes back, and what it is
 * charged with comes along: for that the kernel takes each of its pages off its list.
 */
static int regroup(void)
{
	char text[16];
	bool to = !regrouped;

	if (procs_file[to] < 0)
		return ENODEV;
	regrouped = to;
	return error_of(pwrite(procs_file[to], text,
			       snprintf(text, sizeof(text), "%d", getpid()), 0));
}

/* Some pages that a thread has shared with its last kid */
enum { SEEN = 64 };
static __thread uint64_t seen[SEEN];

void note_pages(const struct op *op)
{
	unsigned int step = op->len > SEEN ? op->len / SEEN : 1, i;

	if (!ctl->group.family || pagemap < 0 || kpageflags < 0)
		return;
	memset(seen, 0, sizeof(seen));
	for (i = 0; i < SEEN && i * step < op->len; i++)
		flags_at(pagemap, addr_of(op) + i * step * page_size, &seen[i]);
}

/* Can this operation lock page @page of the region? */
static bool may_lock(const struct op *op, unsigned int region, unsigned int page)
{
	switch (op->what) {
	case MLOCKALL: case SETRLIMIT:
		return true;
	case MREMAP: case REMAP_FILE_PAGES:
		/* What is locked goes elsewhere */
		return op->region == region;
	case MAP:
		return (map_flags[op->arg % 4] & MAP_LOCKED) && op->region == region &&
			page >= op->off && page < (unsigned int)op->off + op->len;
	case MLOCK: case MLOCK2:
		return op->region == region && page >= op->off &&
			page < (unsigned int)op->off + op->len;
	default:
		return false;
	}
}

static bool program_may_lock(const struct program *program, unsigned int region,
			     unsigned int page)
{
	unsigned int i;

	for (i = 0; i < program->nr; i++)
		if (may_lock(&program->op[i], region, page))
			return true;
	return false;
}

/* Is a page of ours locked by nobody else of the group, whatever the others do? */
static bool is_ours_alone(const struct slot *me, unsigned int region, unsigned int page)
{
	unsigned int i, k;

	for (i = 0; i < ctl->group.slots; i++) {
		const struct slot *slot = &ctl->slot[i];

		if (slot != me && program_may_lock(&slot->program, region, page))
			return false;
		for (k = 0; k < slot->program.nr; k++)
			if (slot->program.op[k].what == FORK)
				return false;
	}
	return true;
}

/*
 * Where nobody forks, and each task began with nothing locked: is a page Mlocked
 * that nobody but this process has ever locked, which has nothing locked now?
 */
static int look_at_ours(const struct slot *slot, const struct op *op)
{
	unsigned int step = op->len > SEEN ? op->len / SEEN : 1, i;
	uint64_t pfn;

	if (!ctl->clean_start || slot->threads > 1 || pagemap < 0 || kpageflags < 0)
		return ENODEV;
	if (charged_pages() != 0)
		return EBUSY;
	for (i = slot->done % step; i < op->len; i += step) {
		if (!is_ours_alone(slot, op->region, op->off + i))
			continue;
		if (!(flags_at(pagemap, addr_of(op) + (size_t)i * page_size, &pfn) &
		      KPF_MLOCKED))
			continue;
		__sync_fetch_and_add(&ctl->suspicions, 1);
		ctl->stop = 1;
		return EIO;
	}
	return 0;
}

/*
 * Is a page Mlocked although nobody of this family locks anything?  This is a
 * suspicion: it ends the round, so that all stays as it is for the books.
 */
static int look_here(struct slot *slot, const struct op *op)
{
	unsigned int step = op->len > SEEN ? op->len / SEEN : 1, i;
	uint64_t pfn, flags;

	if (!ctl->group.family)
		return look_at_ours(slot, op);
	reap_kids(slot);
	/* The weather's process locks nothing */
	if (ctl->group.processes > (opt.privilege ? 2 : 1) || pagemap < 0 || kpageflags < 0 ||
	    slot >= &ctl->slot[MAX_SLOTS])
		return ENODEV;
	if (kids_lock() || charged_pages() != 0)
		return EBUSY;
	for (i = 0; i < 2 * SEEN; i++) {
		if (i < SEEN) {
			/* What was shared, and may be mapped by a kid alone */
			if (!seen[i] || pread64(kpageflags, &flags, 8, seen[i] * 8) != 8)
				continue;
		} else {
			if ((i - SEEN) * step >= op->len)
				break;
			flags = flags_at(pagemap, addr_of(op) + (i - SEEN) * step *
					 page_size, &pfn);
		}
		if (!(flags & KPF_MLOCKED))
			continue;
		/* Another thread may just have locked it, or forked */
		if (kids_lock() || charged_pages() != 0)
			return EBUSY;
		__sync_fetch_and_add(&ctl->suspicions, 1);
		ctl->stop = 1;
		return EIO;
	}
	return 0;
}

/*
 * Is a page of an on-fault VMA of this process there and not Mlocked, for some
 * milliseconds?  A suspicion, as above.  Not where another thread may unlock it, and not
 * where the base marks less (books.h).
 */
static int look_for_lost(const struct slot *slot)
{
	enum { MOST = 16 };
	static char text[65536];
	const uint64_t others = KPF_COMPOUND | KPF_THP | KPF_KSM | KPF_ZERO_PAGE;
	const struct timespec pause = { 0, 1000000 };
	int smaps, my_pagemap;
	unsigned long start = 0, end = 0, step, at;
	size_t got = 0;
	ssize_t more;
	char *line, *rest = NULL;

	if (slot->threads > 1 || kpageflags < 0 || geteuid())
		return EPERM;
	smaps = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	/* In a kid the other one is its parent's */
	my_pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	while (smaps >= 0 && (more = read(smaps, text + got, sizeof(text) - 1 - got)) > 0)
		got += more;
	text[got] = 0;
	close(smaps);
	for (line = strtok_r(text, "\n", &rest); line && my_pagemap >= 0;
	     line = strtok_r(NULL, "\n", &rest)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2) {
			start = from;
			end = to;
			continue;
		}
		if (strncmp(line, "VmFlags:", 8) || !strstr(line, " lf"))
			continue;
		step = (end - start) / page_size / MOST;
		step = (step ? step : 1) * page_size;
		for (at = start; at < end; at += step) {
			uint64_t pfn, again = 0, flags;
			unsigned int look;

			flags = flags_at(my_pagemap, (char *)at, &pfn);
			for (look = 0; look < 3 && pfn && !(flags & (KPF_MLOCKED | others));
			     look++) {
				nanosleep(&pause, NULL);
				flags = flags_at(my_pagemap, (char *)at, &again);
				if (again != pfn)
					break;
			}
			if (look < 3 || (flags & (KPF_MLOCKED | others)))
				continue;
			__sync_fetch_and_add(&ctl->suspicions, 1);
			ctl->stop = 1;
			close(my_pagemap);
			return EIO;
		}
	}
	close(my_pagemap);
	return 0;
}

/*
 * What a call promises about memory that only its caller knows: after mlock(),
 * MAP_LOCKED or mlockall(MCL_CURRENT) each page is Mlocked, and Unevictable if
 * the call has faulted it in; after a touch of an on-fault range it is Mlocked.
 * Returns the number of pages that lack something: at once, and still after a
 * while, at the same place.
 */
struct broken { unsigned int at_once, for_long, absent; bool unmarked; };

static int try_call(unsigned int call, unsigned int pages, bool file,
		    struct broken *broken)
{
	size_t bytes = (size_t)pages * page_size;
	uint64_t flags = KPF_MLOCKED, is, pfn[64];
	struct timespec pause = { 0, 10000000 };
	int fd = -1, err = 0, my_pagemap;
	char name[] = "/tmp/call.XXXXXX", *map;
	unsigned int i, look;

	if (file) {
		fd = mkstemp(name);
		if (fd < 0 || ftruncate(fd, bytes))
			return errno;
		unlink(name);
	}
	/* In a kid the other one is its parent's */
	my_pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, (file ? MAP_SHARED :
		   MAP_PRIVATE | MAP_ANONYMOUS) | (call == 2 ? MAP_LOCKED : 0),
		   fd, 0);
	if (fd >= 0)
		close(fd);
	if (map == MAP_FAILED || my_pagemap < 0) {
		err = errno;
		close(my_pagemap);
		return err;
	}
	switch (call) {
	case 0:
		err = error_of(mlock(map, bytes));
		break;
	case 1:
		err = error_of(syscall(SYS_mlock2, map, bytes, 0));
		break;
	case 3:
		err = error_of(mlockall(MCL_CURRENT));
		break;
	case 4:
		err = error_of(syscall(SYS_mlock2, map, bytes, MLOCK_ONFAULT));
		break;
	case 5:
		for (i = 0; i < pages; i++)
			map[(size_t)i * page_size] = 1;
		err = error_of(mlock(map, bytes));
		break;
	}
	if (call < 4)
		flags |= KPF_UNEVICTABLE;
	else
		for (i = 0; i < pages; i++)
			map[(size_t)i * page_size] = 1;
	memset(broken, 0, sizeof(*broken));
	for (look = 0; look < 3 && !err; look++) {
		broken->for_long = broken->absent = 0;
		for (i = 0; i < pages; i++) {
			uint64_t now;

			is = flags_at(my_pagemap, map + i * page_size, &now);
			if (!look && (is & flags) != flags)
				broken->at_once++;
			/* Off all lists it may be isolated by a CPU that is slow */
			if ((look && now != pfn[i]) ||
			    ((is & flags) == flags) ||
			    ((is & KPF_MLOCKED) && !(is & KPF_LRU))) {
				pfn[i] = ~0ULL;
				continue;
			}
			pfn[i] = now;
			broken->for_long++;
			broken->absent += !now;
			broken->unmarked |= !(is & KPF_MLOCKED);
		}
		if (!broken->for_long)
			break;
		nanosleep(&pause, NULL);
	}
	close(my_pagemap);
	munmap(map, bytes);
	return err;
}

static int check_call(const struct op *op)
{
	static const char *const calls[] = {
		"new memory after mlock()", "new memory after mlock2(0)",
		"new memory after MAP_LOCKED",
		"new memory after mlockall(MCL_CURRENT)",
		"memory touched after mlock2(MLOCK_ONFAULT)",
		"memory after mlock() after a touch",
	};
	enum { TIMES = 4 };
	const unsigned int call = op->arg % 6, pages = 1 + op->off2 % 64;
	struct broken broken;
	unsigned int i, wrong = 0;
	int err = 0;

	for (i = 0; i < TIMES; i++) {
		err = try_call(call, pages, op->arg & 0x40, &broken);
		if (err)
			return err;
		if (!broken.at_once)
			break;
		wrong++;
		/* One that is isolated at that moment is not so for long */
		if (!broken.for_long)
			continue;
		if (broken.absent)
			complain(calls[call], broken.absent, "absent");
		else
			complain(calls[call], broken.for_long, broken.unmarked ?
				 "not Mlocked" : "not Unevictable");
		return 0;
	}
	/* And it does not happen to new pages each time */
	if (wrong == TIMES)
		complain(calls[call], broken.at_once, broken.unmarked ?
			 "not Mlocked at once, each time" :
			 "not Unevictable at once, each time");
	return 0;
}

static int check_call_alone(struct slot *slot, const struct op *op)
{
	int status;
	pid_t pid;

	/* Only root sees the flags */
	if (geteuid() || kpageflags < 0)
		return EPERM;
	/* Where memory is short the call may fail to fault some in, and succeed */
	if (ctl->group.in_memcg)
		return ENODEV;
	/*
	 * Another thread could unlock it, and MAP_LOCKED is on fault after
	 * mlockall(MCL_FUTURE | MCL_ONFAULT): neither is so in a process of its own
	 */
	if (slot->threads == 1 && op->arg % 6 != 2)
		return check_call(op);
	ctl->forked = true;
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		_exit(check_call(op));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* A lock that populates and fails may leave present pages unmarked */
static int lock_error(int err)
{
	if (err)
		__sync_fetch_and_add(&ctl->failed_locks, 1);
	return err;
}

/*
 * After a lock of memory that is nobody's file: is a page still on its way to swap?  What is
 * written to it from now on could be found there.  One call in four, and where no other
 * thread unlocks it meanwhile.
 */
static void check_written(const struct slot *slot, const struct op *op)
{
	enum { MOST = 64 };
	static __thread unsigned int calls;
	unsigned int step = op->len > MOST ? op->len / MOST : 1, i, bad = 0;
	enum kind kind = region_of(op)->kind;
	uint64_t pfn, again, flags;

	if ((kind != ANON && kind != THP && kind != LATE_THP) || slot->threads > 1 ||
	    slot >= &ctl->slot[MAX_SLOTS] || pagemap < 0 || kpageflags < 0 || calls++ % 4)
		return;
	for (i = 0; i < MOST && i * step < op->len; i++) {
		const char *addr = addr_of(op) + (size_t)i * step * page_size;

		flags = flags_at(pagemap, addr, &pfn);
		if (!pfn || !(flags & KPF_WRITEBACK))
			continue;
		flags_at(pagemap, addr, &again);
		bad += pfn == again;
	}
	if (bad)
		complain(what_names[op->what], bad, "under writeback to swap after it");
}

/*
 * After a lock, which charges a part where it fails: is more charged than the task was ever
 * allowed?  One call in four, as that takes longer than the call
 */
static void check_charge(const struct op *op)
{
	static __thread unsigned int calls;
	long charged;

	if (!opt.privilege || !geteuid() || calls++ % 4)
		return;
	charged = charged_pages();
	if (charged > (long)(opt.limit / page_size))
		complain(what_names[op->what], charged, "charged, above the limit");
}

/*
 * Put pages into a pipe, as vmsplice() does: while they are there nothing can
 * move, merge or split them, and they outlive their mappings.  The next time the
 * pipe goes, with what it holds; so it does when the task ends.
 */
static int pin(const struct op *op)
{
	enum { MOST = 16 };	/* what a pipe takes */
	static __thread int ends[2];
	struct iovec iov = {
		.iov_base = addr_of(op),
		.iov_len = (op->len < MOST ? op->len : MOST) * page_size,
	};

	if (ends[1]) {
		close(ends[0]);
		close(ends[1]);
		ends[1] = 0;
		return 0;
	}
	if (pipe2(ends, O_CLOEXEC)) {
		ends[1] = 0;
		return errno;
	}
	return error_of(vmsplice(ends[1], &iov, 1, SPLICE_F_NONBLOCK));
}

int do_op(struct slot *slot, const struct op *op)
{
	char *addr = addr_of(op);
	size_t bytes = bytes_of(op);
	int err;

	switch (op->what) {
	case MLOCK:
		err = error_of(mlock(addr, bytes));
		check_charge(op);
		if (!err)
			check_written(slot, op);
		return lock_error(err);
	case MLOCK2:
		err = error_of(syscall(SYS_mlock2, addr, bytes,
				       op->arg % 4 ? MLOCK_ONFAULT : 0));
		check_charge(op);
		if (!err)
			check_written(slot, op);
		return op->arg % 4 ? err : lock_error(err);
	case MUNLOCK:
		return error_of(munlock(addr, bytes));
	case MLOCKALL:
		return error_of(mlockall(mcl_flags[op->arg % 7]));
	case MUNLOCKALL:
		return error_of(munlockall());
	case READ:
		return try_to(read_pages, op);
	case WRITE:
		return try_to(write_pages, op);
	case KERNEL_WRITE:
		return kernel_write_pages(op);
	case MADVISE:
		return error_of(madvise(addr, bytes, advices[advice_of(op)].advice));
	case MUNMAP:
		return error_of(munmap(addr, bytes));
	case MAP:
		return region_map(region_of(op), op->off, op->len,
				  map_flags[op->arg % 4]);
	case MREMAP:
		return mremap_pages(op);
	case MPROTECT:
		err = protections[op->arg % 4];
		if (!err && opt.no_prot_none)
			err = PROT_READ;
		return error_of(mprotect(addr, bytes, err));
	case FORK:
		return fork_kid(slot, op);
	case EXIT:
		/* All threads of the process, whatever they are at */
		slot->ring[(slot->next - 1) % RING].end = ticks();
		_exit(0);
	case KILL:
		return kill_somebody(op);
	case TRUNCATE:
		return truncate_file(op);
	case PUNCH:
		return punch_hole(op);
	case REMAP_FILE_PAGES:
		return error_of(syscall(SYS_remap_file_pages, addr, bytes, 0,
					(unsigned long)op->off2, 0));
	case MSYNC:
		return error_of(msync(addr, bytes, op->arg & 1 ? MS_INVALIDATE :
				      MS_SYNC));
	case MOVE_PAGES:
		return move_pages(op);
	case OTHERS_WRITE:
		return others_write(op);
	case SETRLIMIT:
		return set_limit(slot, op);
	case PERSONALITY:
		return error_of(personality(personalities[op->arg % 6]));
	case CALL:
		return check_call_alone(slot, op);
	case USERFAULTFD:
		return serve_faults(addr, bytes, op->arg);
	case UNSHARE:
		/* A user namespace in which we may do everything */
		return error_of(unshare(CLONE_NEWUSER));
	case SETUID:
		return drop_rights(op);
	case WAIT:
		return wait_for_change(op);
	case RECLAIM:
		return reclaim(op);
	case HOLDS:
		return look_for_lost(slot);
	case LOOK:
		return look_here(slot, op);
	case PIN:
		return pin(op);
	case REGROUP:
		return regroup();
	case COMPACT:
		set_file("/proc/sys/vm/compact_memory", "1");
		return 0;
	case KSM_SWITCH:
		/* 2 unshares everything */
		set_file("/sys/kernel/mm/ksm/run", op->arg % 4 ? "1" :
			   op->arg & 8 ? "2" : "0");
		return 0;
	case HUGE_SWITCH:
		set_file("/sys/kernel/mm/transparent_hugepage/enabled",
			   op->arg & 1 ? "always" : "madvise");
		return 0;
	case DROP_CACHES:
		/* 4: without a line in the log */
		set_file("/proc/sys/vm/drop_caches", "5");
		return 0;
	case SWAPOFF:
		return switch_swap(op);
	case GROUP_LIMIT:
		return limit_group(op);
	}
	return ENOSYS;
}

void describe_op(char *out, size_t size, const struct op *op)
{
	char more[64] = "";

	switch (op->what) {
	case MLOCK2:
		snprintf(more, sizeof(more), ", %s", op->arg % 4 ? "ONFAULT" : "0");
		break;
	case MLOCKALL:
		snprintf(more, sizeof(more), ", flags %d", mcl_flags[op->arg % 7]);
		break;
	case MADVISE:
		snprintf(more, sizeof(more), ", %s", advices[advice_of(op)].name);
		break;
	case MAP:
		snprintf(more, sizeof(more), ", flags %x", map_flags[op->arg % 4]);
		break;
	case MREMAP:
		snprintf(more, sizeof(more), ", to +%u, form %d", op->off2, op->arg % 6);
		break;
	case MPROTECT:
		snprintf(more, sizeof(more), ", %d", protections[op->arg % 4]);
		break;
	case REMAP_FILE_PAGES:
		snprintf(more, sizeof(more), ", page %u", op->off2);
		break;
	case PERSONALITY:
		snprintf(more, sizeof(more), ", %lx", personalities[op->arg % 6]);
		break;
	case FORK: case KILL: case OTHERS_WRITE: case CALL: case SETRLIMIT:
	case KSM_SWITCH: case HUGE_SWITCH: case MOVE_PAGES: case GROUP_LIMIT:
	case USERFAULTFD: case SETUID: case RECLAIM: case SWAPOFF:
		snprintf(more, sizeof(more), ", %d", op->arg);
		break;
	}
	snprintf(out, size, "%s%s%s(r%d+%u, %u%s)",
		 op->mods & SAME_INSTANT ? "at the tick " : "",
		 op->mods & SPIN ? "until it changes " : "",
		 what_names[op->what], op->region, op->off, op->len, more);
}
