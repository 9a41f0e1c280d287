/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The race fuzzer: what its files share.
 *
 * A *group* of tasks comes into being, does several *rounds* of work, and ends.
 * Its *founder* maps the regions and forks the processes, which have the regions
 * at the same addresses; some have several threads.  Each of the up to 8 threads
 * has a *slot*, and in a round a *program*: a few operations, done some times.
 * A program may fork: a *kid* does a program of its own.  The *clerk* makes the
 * programs from a seed, and after each round, when everybody is parked, looks at
 * the books.
 */
#ifndef RACES_H
#define RACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	MAX_SLOTS = 8, KIDS = 2, ALL_SLOTS = MAX_SLOTS * (1 + KIDS),
	MAX_REGIONS = 3, MAX_OPS = 16, RING = 512, MAX_ROUNDS = 3, MAX_PIECES = 4,
	HUGE_PAGES = 512,	/* small pages in a huge one */
};

/* What a region is made of */
enum kind {
	ANON, THP, LATE_THP, KSM, KSM_FILE, PRIVATE_FILE, SHARED_FILE,
	PRIVATE_SHMEM, SHMEM, HUGE_SHMEM, STACKS, KINDS
};

static inline bool is_huge(enum kind kind)
{
	return kind == THP || kind == LATE_THP || kind == HUGE_SHMEM;
}

static inline bool is_mergeable(enum kind kind)
{
	return kind == KSM || kind == KSM_FILE;
}

struct region {
	enum kind kind;
	uintptr_t base;
	unsigned int pages;
	int fd;			/* the founder's, inherited; -1 for anonymous */
};

/* The vocabulary: see ops.c for what each of them does */
enum what {
	MLOCK, MLOCK2, MUNLOCK, MLOCKALL, MUNLOCKALL,
	READ, WRITE, KERNEL_WRITE, MADVISE, MUNMAP, MAP, MREMAP, MPROTECT,
	FORK, EXIT, KILL, TRUNCATE, PUNCH, REMAP_FILE_PAGES, MSYNC,
	MOVE_PAGES, OTHERS_WRITE, SETRLIMIT, PERSONALITY, CALL, USERFAULTFD,
	UNSHARE, SETUID, WAIT, RECLAIM, HOLDS, LOOK, PIN, REGROUP,
	/* What an administrator or the kernel does meanwhile: the weather */
	COMPACT, KSM_SWITCH, HUGE_SWITCH, DROP_CACHES, SWAPOFF, GROUP_LIMIT,
	WHATS
};

enum mods {
	SPIN = 1,		/* again until its errno changes */
	SAME_INSTANT = 2,	/* wait for the next tick of a common clock */
};

struct op {
	uint8_t what, region, mods, arg;
	uint16_t off, len, off2;	/* pages */
	uint16_t delay;			/* before it, up to as many times 128 ticks */
};

struct program {
	uint8_t nr;
	uint8_t walk;		/* its ranges move on with the common clock */
	uint8_t end;		/* enum kid_end, of a kid */
	uint8_t mends;		/* maps the focus anew where there is none */
	uint8_t meets;		/* before op N - 1 it and its parent or kids meet */
	uint8_t skips;		/* leaves out each op but its last two with so many percent */
	uint16_t loops;
	struct op op[MAX_OPS];
};

enum kid_end { KID_EXITS, KID_STAYS, KID_EXECS, KID_IS_KILLED, KID_ENDS };

/* What was done, for the history of a page */
struct record {
	uint64_t begin, end;	/* ticks; end is 0 while it goes on */
	struct op op;		/* with the offset that it came to */
	int err;
	unsigned int times;
};

enum state { EMPTY, STARTING, RUNNING, PARKED, DEAD };

struct slot {
	volatile int state;
	volatile pid_t pid;
	volatile pid_t owner;		/* of a kid: who forks it */
	volatile unsigned int finished;	/* the last round it has done */
	volatile int arrived;		/* where its program meets */
	volatile int end;		/* of a kid that was forked: enum kid_end */
	volatile long charged;		/* of one that stays: pages */
	int process, thread, threads;
	struct program program;
	uint64_t rnd;			/* for delays */
	unsigned int next;		/* of the ring */
	unsigned long done;
	struct record ring[RING];
};

struct team {
	uint64_t seed;
	unsigned int rounds, processes, slots, regions;
	unsigned int round_ms;
	unsigned int clock;		/* a tick of the common clock is 1 << this */
	/* Its focus goes over the region, once a round: every place is a new try */
	unsigned int places;
	bool founder_unmaps, ksm, khugepaged, huge;
	bool disturbs;			/* tasks of high priority take CPUs away, at random */
	bool in_memcg;			/* it is in the memory cgroup, with a limit or without */
	/* One process that makes memory anew, forks, races with its kids, looks */
	bool family;
	/* One locks and unlocks all of the region, another a few of its pages meanwhile */
	bool relocks, keeps;	/* ... and a third keeps all of it locked */
	/* Few pages that are (keeps: stay) locked are taken away and faulted in again */
	bool refaults;
	/* What a family locks is in swap, and comes back by whatever brings it back */
	bool returns;
	unsigned int fresh;		/* rounds, by bits, that begin with new tasks */
	unsigned int limit_pages;	/* of its memory cgroup; 0: none */
	struct region region[MAX_REGIONS];
	/* Its part of the vocabulary, and of the advices: a few come together often */
	uint64_t words;
	unsigned int advices, advice[3];
	/* Where most of the work is */
	unsigned int focus_region, focus_off, focus_len;
	/*
	 * Neighbours: the focus is made of pieces, and its ranges end where they do.
	 * 0: it is one range.  Piece i is from cut[i] to cut[i + 1], from its start.
	 */
	unsigned int pieces, cut[MAX_PIECES + 1];
	/* At the end of a round each program goes on to its own end */
	bool finishes;
};

/* One page table's worth of claims that a call did not keep */
enum { MAX_COMPLAINTS = 8, COMPLAINT = 160 };

/* Shared by all tasks of a group and the clerk */
struct control {
	struct team group;
	volatile unsigned int round;	/* futex: the round that is on */
	volatile int stop;		/* be quiet as soon as you can */
	volatile uint64_t round_start;	/* ticks */
	volatile unsigned int complaints;
	volatile unsigned int failed_locks;	/* that were to populate */
	volatile unsigned int suspicions;	/* of LOOK: the round ends, the books judge */
	bool clean_start;		/* no task of this round has locked anything before */
	volatile bool forked;		/* some memory was shared over fork, if only for a while */
	/* What only the clerk can do without being killed meanwhile */
	volatile int swapoff_wanted;	/* 1 + number of the device */
	volatile unsigned long long limit_wanted;	/* of the memory cgroup, in pages */
	char complaint[MAX_COMPLAINTS][COMPLAINT];
	/* How often each word was said, and how often without an error */
	unsigned int said[WHATS], succeeded[WHATS];
	struct slot slot[ALL_SLOTS];
};

/* How this run was started */
struct options {
	bool privilege;			/* uid 65534 under a limit */
	unsigned long long limit;	/* ... RLIMIT_MEMLOCK */
	const char *group_dir;		/* memory cgroup, or NULL */
	const char *disk_dir;		/* a file system on a disk, or NULL */
	const char *huge_dir;		/* tmpfs with huge pages, or NULL */
	const char *swap[2];		/* devices, or NULL: RAM, and a disk, which takes time */
	unsigned int nodes;
	bool no_prot_none;		/* v4.2 with NUMA balancing: see races.c */
	uint64_t without;		/* bits of enum what */
	uint64_t kinds;			/* bits of enum kind */
};

extern struct control *ctl;
extern struct options opt;
extern long page_size;

/* regions.c */
extern const char *const kind_names[KINDS];
bool kind_exists(enum kind kind);
bool has_file(enum kind kind);
void regions_open(struct team *group);	/* the files behind them */
int region_map(const struct region *r, unsigned int off, unsigned int len, int flags);
void region_fill(const struct region *r);

/* ops.c */
extern const char *const what_names[WHATS];
int do_op(struct slot *slot, const struct op *op);
void describe_op(char *out, size_t size, const struct op *op);
unsigned int pick_advice(uint64_t *rnd);
unsigned int arg_of_advice(int advice);
void look_prepare(void);
void note_pages(const struct op *op);
long charged_pages(void);
int exec_program(unsigned int arg);

/* uffd.c */
int serve_faults(char *addr, size_t bytes, unsigned int arg);

/* program.c */
void make_group(struct team *group, uint64_t seed);
void make_programs(struct team *group, unsigned int round);
void print_programs(void);
int weather_process(const struct team *group);

/* worker.c */
void founder(void) __attribute__((noreturn));
void run_program(struct slot *slot);
int fork_kid(struct slot *slot, const struct op *op);
void reap_kids(struct slot *slot);
bool kids_lock(void);
int try_to(int (*touch)(const struct op *op), const struct op *op);

/* history.c */
void print_history(uint64_t pfn);

#endif
