/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The books: does what the kernel says about locked pages agree with itself?
 *
 * A scan compares /proc/kpageflags with the smaps and pagemap of every task.
 * At a quiet point, that is between books_quiet() and books_resume() and with
 * all tasks that change something at rest, these must hold:
 *
 *  - a page that is Mlocked is mapped by a VM_LOCKED VMA of a living task;
 *  - a page that is present in such a VMA is Mlocked and Unevictable;
 *  - a page of swappable memory that is Unevictable is Mlocked;
 *  - meminfo's and the memory cgroups' sums, and VmLck of each task, are what
 *    the scan finds.
 *
 * Exceptions: the zero pages; hugetlb and VM_SPECIAL VMAs (which may not be
 * locked at all); pages that are off the LRU lists at that moment; and where
 * the kernel refcounts parts of huge pages (v4.5 and later), huge pages that are
 * mapped by ptes or by several tasks, which need not be Mlocked.  One that was so
 * mapped has lost its mark, and does not get it back when the others unmap it:
 * whether a BOOKS_UNMARKED_HUGE counts is for the caller to say.  An anonymous one
 * of a process that has never shared its memory over fork has no such excuse.
 *
 * A KSM page may be mapped by an ancestor whose VMA the reverse mapping does not
 * lead to (ksmd has made it of a page that was shared over fork); then munlock()
 * by a descendant loses its mark, on kernels without lock on fault as well.
 * Whether a BOOKS_UNMARKED_KSM counts is for the caller to say: where no memory was
 * shared over fork, it does.
 *
 * A plain lock that failed half-way, or mlockall(), which says nothing then, may
 * leave pages behind that are not Mlocked: whether a BOOKS_UNMARKED_EAGER counts
 * is for the caller to say.
 *
 * A difference counts if three scans show it.  Needs root.
 */
#ifndef BOOKS_H
#define BOOKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum books_kind {
	BOOKS_STRAY,		/* Mlocked, and no VM_LOCKED VMA maps it */
	BOOKS_STRAY_HUGE,	/* a huge page, and none maps it as a whole */
	BOOKS_UNMARKED,		/* present in an on-fault VMA, not Mlocked */
	BOOKS_UNMARKED_EAGER,	/* the same in a VMA that was to be populated */
	BOOKS_UNMARKED_KSM,	/* a KSM page, in any VM_LOCKED VMA */
	BOOKS_UNMARKED_HUGE,	/* a huge page where parts are refcounted */
	BOOKS_EVICTABLE,	/* Mlocked, on another LRU list than its own */
	BOOKS_STRANDED,		/* Unevictable, not Mlocked, nor a ramfs page */
	BOOKS_SPECIAL,		/* a VMA that must not be VM_LOCKED is */
	BOOKS_VMLCK,		/* VmLck of a task is not the size of its VMAs */
	BOOKS_MLOCKED,		/* meminfo: Mlocked */
	BOOKS_UNEVICTABLE,	/* meminfo: Unevictable */
	BOOKS_MEMCG,		/* memory.stat: unevictable, over all groups */
	BOOKS_KINDS
};

struct books_diff {
	enum books_kind kind;
	uint64_t pfn;		/* of the page, for those before BOOKS_SPECIAL */
	uint64_t addr;		/* where a task maps it, or the VMA; 0: nowhere */
	pid_t pid;		/* that task; 0: none */
	long long says, is;	/* for the last four, in pages */
	bool on_fault;		/* for those of a mapping: of a VM_LOCKONFAULT VMA */
	bool anon;		/* ... of an anonymous page */
};

struct books_task {
	pid_t pid, parent;
	uid_t uid;
	long long charged;	/* VmLck, in pages */
	char name[16];
};

struct books_sums {
	long long mlocked, unevictable;		/* pages, as scanned */
	long long says_mlocked, says_unevictable;	/* meminfo's */
};

/* Prepare; false, with errno, if this kernel or this user cannot do it. */
bool books_open(void);

/* The root of the memory cgroup hierarchy, if it is to be checked, too */
void books_use_memcg(const char *dir);

/* Stop what moves pages by itself, and drain the LRU batches of every CPU */
void books_quiet(void);
void books_drain(void);

/* Let ksmd and khugepaged go on as they did before books_quiet() */
void books_resume(void);

/*
 * Scan, again if something differs, and return the number of differences that
 * are there three times; at most some thousand of them are in *@diffs, sorted by
 * kind.  With @sums the counters, which lag behind by a second or two on v4.2,
 * are compared as well and waited for.
 */
unsigned int books_check(const struct books_diff **diffs, bool sums);

/* Of the last scan */
const struct books_sums *books_sums(void);
unsigned int books_tasks(const struct books_task **tasks);

/* All of those who map the page are called for; returns their number */
unsigned int books_mappers(uint64_t pfn,
			   void (*call)(pid_t pid, uint64_t addr, void *arg),
			   void *arg);

/* One difference as comment lines of TAP: page, flags, mappers, VMAs */
void books_print(const struct books_diff *diff);

const char *books_kind_name(enum books_kind kind);

#endif
