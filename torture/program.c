// SPDX-License-Identifier: GPL-2.0
/*
 * From a seed to a group and its programs.
 *
 * The generator knows the interface: what locks, what unlocks, what touches,
 * what takes mappings away, what happens meanwhile.  It puts a locker beside
 * bystanders and others, on ranges that overlap, and knows no bug.
 */
#include "races.h"

#include <stdio.h>
#include <string.h>

#include "sys.h"

/*
 * Addresses that nothing else uses.  A 32-bit task's are around 3 GiB, which is
 * where its personality can have its address space end.
 */
static uintptr_t region_base(unsigned int i)
{
	if (sizeof(long) == 8)
		return (uintptr_t)(0x10000000000ULL + i * 0x40000000ULL);
	return 0xbf800000UL + i * 0x1200000UL;
}

/* What comes how often; a row's ops are of one sort */
struct weight { uint8_t what, weight; };

static const struct weight locks[] = {
	{ MLOCK, 4 }, { MLOCK2, 9 }, { MLOCKALL, 3 }, { 0, 0 }
};
static const struct weight unlocks[] = {
	{ MUNLOCK, 8 }, { MUNLOCKALL, 2 }, { 0, 0 }
};
static const struct weight touches[] = {
	{ READ, 3 }, { WRITE, 4 }, { KERNEL_WRITE, 2 }, { 0, 0 }
};
static const struct weight anything[] = {
	{ MLOCK, 6 }, { MLOCK2, 6 }, { MUNLOCK, 8 }, { MLOCKALL, 2 },
	{ MUNLOCKALL, 3 }, { READ, 6 }, { WRITE, 8 }, { KERNEL_WRITE, 3 },
	{ MADVISE, 14 }, { MUNMAP, 5 }, { MAP, 6 }, { MREMAP, 5 },
	{ MPROTECT, 5 }, { FORK, 10 }, { EXIT, 1 }, { KILL, 1 },
	{ TRUNCATE, 3 }, { PUNCH, 3 }, { REMAP_FILE_PAGES, 2 }, { MSYNC, 1 },
	{ MOVE_PAGES, 2 }, { OTHERS_WRITE, 2 }, { SETRLIMIT, 2 },
	/* Of 64 bits, few of them do anything */
	{ PERSONALITY, sizeof(long) == 8 ? 1 : 8 },
	{ CALL, 2 }, { USERFAULTFD, 2 }, { UNSHARE, 2 }, { SETUID, 1 },
	{ WAIT, 2 }, { RECLAIM, 4 }, { HOLDS, 1 }, { PIN, 3 }, { REGROUP, 4 },
	/* By anybody, but for what root alone may do */
	{ SWAPOFF, 2 }, { COMPACT, 2 }, { KSM_SWITCH, 1 }, { DROP_CACHES, 1 },
	{ 0, 0 }
};
/* What a task is, which lasts, or has of its own: it may come before anything else */
static const struct weight habits[] = {
	{ PERSONALITY, sizeof(long) == 8 ? 1 : 8 }, { SETRLIMIT, 2 },
	{ MLOCKALL, 2 }, { SETUID, 1 }, { UNSHARE, 2 }, { CALL, 3 }, { 0, 0 }
};
/* What ends a mapping, or puts another page in its place */
static const struct weight takes[] = {
	{ MUNLOCK, 6 }, { MUNLOCKALL, 3 }, { MUNMAP, 8 }, { MAP, 4 },
	{ WRITE, 6 }, { KERNEL_WRITE, 2 }, { OTHERS_WRITE, 1 },
	{ MADVISE, 6 }, { MREMAP, 3 }, { MPROTECT, 2 }, { TRUNCATE, 1 },
	{ PUNCH, 1 }, { EXIT, 1 }, { REMAP_FILE_PAGES, 1 }, { RECLAIM, 4 },
	{ SWAPOFF, 2 }, { PIN, 1 }, { REGROUP, 2 }, { 0, 0 }
};
/* What makes a VMA differ from its neighbours, or equal them again */
static const struct weight changes[] = {
	{ MLOCK, 3 }, { MLOCK2, 6 }, { MUNLOCK, 9 }, { MPROTECT, 4 },
	{ MADVISE, 3 }, { MUNMAP, 1 }, { MAP, 2 }, { MREMAP, 1 }, { 0, 0 }
};
/* What only memory with a file behind it knows */
static const struct weight of_files[] = {
	{ TRUNCATE, 3 }, { PUNCH, 3 }, { REMAP_FILE_PAGES, 2 }, { MSYNC, 1 }, { 0, 0 }
};
static const struct weight weather[] = {
	{ COMPACT, 4 }, { KSM_SWITCH, 4 }, { HUGE_SWITCH, 2 },
	{ DROP_CACHES, 2 }, { SWAPOFF, 3 }, { GROUP_LIMIT, 4 },
	{ MOVE_PAGES, 2 }, { 0, 0 }
};

/* What takes a page away, and leaves the VMA and its lock where they are */
static const struct weight empties[] = {
	{ MADVISE, 4 }, { RECLAIM, 2 }, { COMPACT, 2 }, { MPROTECT, 1 },
	{ OTHERS_WRITE, 1 }, { REGROUP, 1 }, { SWAPOFF, 1 }, { DROP_CACHES, 1 },
	{ MOVE_PAGES, 1 }, { KSM_SWITCH, 1 }, { 0, 0 }
};
/* ... of a file */
static const struct weight empties_file[] = {
	{ TRUNCATE, 6 }, { PUNCH, 4 }, { MADVISE, 2 }, { REMAP_FILE_PAGES, 1 }, { 0, 0 }
};
/* What brings one back */
static const struct weight brings[] = {
	{ SWAPOFF, 4 }, { READ, 2 }, { WRITE, 2 }, { KERNEL_WRITE, 1 },
	{ OTHERS_WRITE, 1 }, { 0, 0 }
};

static enum what pick(uint64_t *rnd, const struct team *g, const struct weight *table)
{
	uint64_t without = opt.without | (g && table == anything ? ~g->words : 0) |
		(g && !g->in_memcg ? 1ULL << RECLAIM | 1ULL << SWAPOFF | 1ULL << REGROUP : 0);
	const struct weight *w;
	unsigned int sum = 0, at;

	for (w = table; w->weight; w++)
		if (!(without & 1ULL << w->what))
			sum += w->weight;
	if (!sum)
		return READ;
	at = below(rnd, sum);
	for (w = table; w->weight; w++) {
		if (without & 1ULL << w->what)
			continue;
		if (at < w->weight)
			return w->what;
		at -= w->weight;
	}
	return READ;
}

int weather_process(const struct team *group)
{
	return opt.privilege ? (int)group->processes - 1 : -1;
}

/* Mostly the focus, or something that overlaps with it */
static void pick_range(uint64_t *rnd, const struct team *g, struct op *op)
{
	/* A part of a huge page is what splits it */
	const bool huge = is_huge(g->region[g->focus_region].kind);
	unsigned int pages, dice = below(rnd, 100);

	op->region = g->focus_region;
	op->off = g->focus_off;
	op->len = g->focus_len;
	pages = g->region[op->region].pages;
	if (g->pieces && dice < 75) {		/* one piece, some neighbours, or all */
		unsigned int first = below(rnd, g->pieces), last = first;

		if (percent(rnd, 30)) {
			first = 0;
			last = g->pieces - 1;
		} else if (percent(rnd, 30)) {
			last += below(rnd, g->pieces - first);
		}
		op->off += g->cut[first];
		op->len = g->cut[last + 1] - g->cut[first];
		goto second;
	}
	if (dice < (huge ? 45U : 65U) || (g->places && dice < 90 && dice >= 75))
		goto second;
	if (dice < 75 && op->len > 1) {		/* a part of it */
		unsigned int skip = below(rnd, op->len);

		op->off += skip;
		op->len = 1 + below(rnd, op->len - skip);
		goto second;
	}
	if (dice < 85) {			/* all */
		op->off = 0;
		op->len = pages;
		goto second;
	}
	op->region = below(rnd, g->regions);
	pages = g->region[op->region].pages;
	op->off = below(rnd, pages);
	op->len = 1 + below(rnd, pages - op->off);
	if (percent(rnd, 50))
		op->len = 1 + op->len / 16;
second:
	op->off2 = below(rnd, pages);
	if (op->len >= HUGE_PAGES)
		op->off2 &= -HUGE_PAGES;
	if (op->off2 + op->len > pages)
		op->off2 = pages - op->len;
}

static void make_op(uint64_t *rnd, const struct team *g, struct op *op,
		    const struct weight *table)
{
	memset(op, 0, sizeof(*op));
	op->what = pick(rnd, g, table);
	op->arg = next_random(rnd);
	if (op->what == MADVISE)
		op->arg = g->advice[below(rnd, g->advices)];
	pick_range(rnd, g, op);
	if (percent(rnd, 20))
		op->mods |= SAME_INSTANT;
	if (percent(rnd, 15) && op->what != FORK && op->what != CALL &&
	    op->what != SETUID && op->what != WAIT && op->what != RECLAIM &&
	    op->what != HOLDS && op->what != REGROUP &&
	    op->what < COMPACT)
		op->mods |= SPIN;
	if (percent(rnd, 30))
		op->delay = 1 << below(rnd, 12);
}

/* With probability @chance, an op of @table */
static void maybe(uint64_t *rnd, const struct team *g, struct program *p,
		  unsigned int chance, const struct weight *table)
{
	if (p->nr < MAX_OPS - 1 && percent(rnd, chance))
		make_op(rnd, g, &p->op[p->nr++], table);
}

static void add_focus_op(const struct team *g, struct program *p, enum what what)
{
	p->op[p->nr++] = (struct op) {
		.what = what, .region = g->focus_region,
		.off = g->focus_off, .len = g->focus_len,
	};
}

/* The same on all of the region that has the focus */
static void add_whole_op(const struct team *g, struct program *p, enum what what)
{
	add_focus_op(g, p, what);
	p->op[p->nr - 1].off = 0;
	p->op[p->nr - 1].len = g->region[g->focus_region].pages;
}

/* Locked on fault, for sure */
static void add_on_fault(const struct team *g, struct program *p)
{
	add_focus_op(g, p, MLOCK2);
	p->op[p->nr - 1].arg = 1;
}

static unsigned int pick_loops(uint64_t *rnd)
{
	return 1 + below(rnd, 1 << below(rnd, 8));
}

static void make_program(uint64_t *rnd, const struct team *g,
			 struct program *p, bool locker, bool kid)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->loops = pick_loops(rnd);
	p->walk = g->places || percent(rnd, 20);
	p->mends = percent(rnd, 50);
	if (kid && percent(rnd, 70))
		p->loops = 1;
	if (percent(rnd, 8))
		make_op(rnd, g, &p->op[p->nr++], habits);
	if (locker) {
		/* What it locks has been to swap, and may be on its way still */
		if (g->in_memcg && percent(rnd, 25)) {
			add_focus_op(g, p, RECLAIM);
			maybe(rnd, g, p, 70, touches);
		}
		make_op(rnd, g, &p->op[p->nr++], locks);
		if (percent(rnd, 50))
			make_op(rnd, g, &p->op[p->nr++], touches);
		if (percent(rnd, 30))
			make_op(rnd, g, &p->op[p->nr++], anything);
		if (!kid || percent(rnd, 40))
			make_op(rnd, g, &p->op[p->nr++], unlocks);
		if (kid && percent(rnd, 60))
			make_op(rnd, g, &p->op[p->nr++], anything);
	} else {
		for (i = 1 + below(rnd, 4); i; i--)
			make_op(rnd, g, &p->op[p->nr++], percent(rnd, 8) && !opt.privilege ?
				weather : anything);
	}
	p->end = below(rnd, KID_ENDS);
}

/* A kid forks nobody */
static void without_kids(uint64_t *rnd, const struct team *g, struct program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->op[i].what == FORK || p->op[i].what == EXIT)
			p->op[i].what = pick(rnd, g, touches);
}

/* What takes a mapping of the focus away, or a page out of it */
static const struct weight *some_takes(uint64_t *rnd, const struct team *g)
{
	return has_file(g->region[g->focus_region].kind) && percent(rnd, 30) ?
		of_files : takes;
}

/*
 * Of a group whose focus has pieces: a VMA of its own is made of one, and merged
 * again, over and over, mostly the same one.
 */
static void make_changer(uint64_t *rnd, const struct team *g, struct program *p)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->loops = 60000;
	p->mends = percent(rnd, 30);
	/* Lock and unlock it, or what else can be taken back */
	if (percent(rnd, 60)) {
		make_op(rnd, g, &p->op[0], percent(rnd, 75) ? locks : changes);
		/* The first piece, which may have no neighbour before it, or any */
		i = percent(rnd, 50) ? 0 : below(rnd, g->pieces);
		p->op[0].region = g->focus_region;
		p->op[0].off = g->focus_off + g->cut[i];
		p->op[0].len = g->cut[i + 1] - g->cut[i];
		p->op[1] = p->op[0];
		if (p->op[0].what == MLOCK || p->op[0].what == MLOCK2)
			p->op[1].what = MUNLOCK;
		else if (p->op[0].what == MLOCKALL)
			p->op[1].what = MUNLOCKALL;
		else if (p->op[0].what == MPROTECT)
			p->op[1].arg = 0;
		else
			make_op(rnd, g, &p->op[1], changes);
		for (i = 0; i < 2; i++)
			p->op[i].mods = p->op[i].delay = 0;
		p->nr = 2;
		return;
	}
	p->nr = 1 + below(rnd, 4);
	for (i = 0; i < p->nr; i++) {
		struct op *op = &p->op[i];

		make_op(rnd, g, op, percent(rnd, 90) ? changes : anything);
		if (op->what == EXIT || op->what == FORK)
			op->what = READ;
		if (i && percent(rnd, 70)) {
			op->region = op[-1].region;
			op->off = op[-1].off;
			op->len = op[-1].len;
		}
		if (percent(rnd, 80)) {
			op->mods = 0;
			op->delay = 0;
		}
	}
}

/* Where two meet, one of them may be a bit later, and both mostly do it to all */
static void soon(uint64_t *rnd, const struct team *g, struct op *op)
{
	if (!g->pieces && percent(rnd, is_huge(g->region[g->focus_region].kind) ? 50 : 75)) {
		op->region = g->focus_region;
		op->off = g->focus_off;
		op->len = g->focus_len;
	}
	op->mods &= ~SAME_INSTANT;
	op->delay = percent(rnd, 75) ? 1 << below(rnd, 14) : 0;
}

/* What another thread of the family does all the time */
static void make_helper(uint64_t *rnd, const struct team *g, struct program *p)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->loops = 60000;
	p->nr = 1 + below(rnd, 2);
	for (i = 0; i < p->nr; i++) {
		make_op(rnd, g, &p->op[i], percent(rnd, 60) ? takes : anything);
		if (p->op[i].what == EXIT || p->op[i].what == FORK)
			p->op[i].what = READ;
		if (percent(rnd, 50))
			p->op[i].mods |= SPIN;
	}
}

/*
 * A try: memory made anew, or as it is; a kid or two that share it; some of what
 * locks and takes it away, of the parent and of the kids at once; and a look.
 */
static void make_family(uint64_t *rnd, const struct team *g, struct program *p)
{
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->loops = 4000;
	p->mends = true;
	maybe(rnd, g, p, 15, habits);
	if (percent(rnd, 70))
		add_focus_op(g, p, MAP);
	maybe(rnd, g, p, 20, anything);
	/* What was not written to is not there to be shared */
	if (percent(rnd, 75))
		add_focus_op(g, p, WRITE);
	else
		maybe(rnd, g, p, 70, touches);
	/* Some of it is in swap when it is shared */
	if (g->returns || (g->in_memcg && percent(rnd, 50))) {
		add_focus_op(g, p, RECLAIM);
		maybe(rnd, g, p, g->returns ? 5 : 25, touches);
	}
	/* There is something that takes its time */
	if ((g->ksm || g->khugepaged || g->in_memcg) && percent(rnd, 40))
		add_focus_op(g, p, WAIT);
	if (g->returns && percent(rnd, 70))
		add_on_fault(g, p);
	else
		maybe(rnd, g, p, 75, locks);
	maybe(rnd, g, p, g->returns ? 5 : 15, touches);
	for (i = 1 + percent(rnd, 40); i; i--) {
		add_focus_op(g, p, FORK);
		p->op[p->nr - 1].arg = (next_random(rnd) & ~1) | (i & 1);
		p->op[p->nr - 1].off2 = below(rnd, 4096);
		/* Do not wait for the end of the last one: it is to be met */
		if (percent(rnd, 80))
			p->op[p->nr - 1].arg &= ~2;
		maybe(rnd, g, p, 30, locks);
	}
	/* Where a part of it is shared no more, khugepaged makes a huge page of it */
	if (g->khugepaged && g->region[g->focus_region].kind == LATE_THP &&
	    p->nr < MAX_OPS - 9 && percent(rnd, 70)) {
		add_focus_op(g, p, WRITE);
		p->op[p->nr - 1].len = 1 + below(rnd, g->focus_len < 64 ? g->focus_len : 64);
		add_focus_op(g, p, MADVISE);
		p->op[p->nr - 1].arg = arg_of_advice(MADV_HUGEPAGE);
		for (i = 3; i; i--)
			add_focus_op(g, p, WAIT);
	}
	/* ... and comes back to all of them */
	if (p->nr < MAX_OPS - 4 && percent(rnd, g->returns ? 80 : g->in_memcg ? 25 : 0))
		add_focus_op(g, p, g->returns ? pick(rnd, g, brings) : SWAPOFF);
	if (percent(rnd, 75))
		p->meets = p->nr + 1;
	maybe(rnd, g, p, p->meets ? 100 : 80, percent(rnd, 50) ? some_takes(rnd, g) : unlocks);
	if (p->meets)
		soon(rnd, g, &p->op[p->nr - 1]);
	maybe(rnd, g, p, 40, percent(rnd, 50) ? takes : anything);
	if (p->nr < MAX_OPS - 2 && percent(rnd, 40))
		add_focus_op(g, p, HOLDS);
	/* Who looks locks nothing, or it is no look */
	if (percent(rnd, 95))
		add_focus_op(g, p, percent(rnd, 50) ? MUNLOCKALL : MUNLOCK);
	if (p->nr == MAX_OPS)
		p->nr--;
	add_focus_op(g, p, LOOK);
}

static void make_family_kid(uint64_t *rnd, const struct team *g, struct program *p)
{
	memset(p, 0, sizeof(*p));
	p->loops = percent(rnd, 80) ? 1 : 3;
	maybe(rnd, g, p, 10, anything);
	if (g->returns && percent(rnd, 70))
		add_on_fault(g, p);
	else
		maybe(rnd, g, p, 85, locks);
	maybe(rnd, g, p, g->returns ? 5 : 15, touches);
	if (percent(rnd, 80))
		p->meets = p->nr + 1;
	if (percent(rnd, 60)) {
		make_op(rnd, g, &p->op[p->nr++], some_takes(rnd, g));
		if (p->meets)
			soon(rnd, g, &p->op[p->nr - 1]);
	}
	maybe(rnd, g, p, 20, anything);
	maybe(rnd, g, p, 20, takes);
	if (p->nr < MAX_OPS && percent(rnd, g->returns ? 60 : 25))
		add_focus_op(g, p, HOLDS);
	p->end = percent(rnd, 50) ? KID_EXITS : percent(rnd, 60) ? KID_STAYS :
		percent(rnd, 70) ? KID_IS_KILLED : KID_EXECS;
}

/*
 * Of a group under a limit: what a task tries that has locked as much as it may, or
 * nearly.  Ranges that begin, end or lie in what it has locked already.
 */
static void make_full(uint64_t *rnd, const struct team *g, struct program *p)
{
	unsigned int all = opt.limit / page_size, i, pages;

	memset(p, 0, sizeof(*p));
	p->loops = 4 * pick_loops(rnd);
	p->mends = percent(rnd, 75);
	/* All of it is there, and nothing is locked */
	if (percent(rnd, 50))
		add_whole_op(g, p, MAP);
	if (percent(rnd, 70))
		add_focus_op(g, p, MUNLOCKALL);
	for (i = 2 + below(rnd, 3); i; i--) {
		struct op *op = &p->op[p->nr++];

		make_op(rnd, g, op, percent(rnd, 85) ? locks : anything);
		op->mods &= ~SPIN;
		op->region = g->focus_region;
		pages = g->region[op->region].pages;
		op->len = percent(rnd, 60) ? all : 1 + below(rnd, all);
		if (percent(rnd, 25))
			op->len += percent(rnd, 50) ? 1 : -1;
		if (op->len < 1 || op->len > pages)
			op->len = pages;
		op->off = below(rnd, pages - op->len + 1);
		/* Not far from each other, or they meet by chance alone */
		if (percent(rnd, 70) && pages - op->len > all)
			op->off = below(rnd, all);
		op->off2 = below(rnd, pages - op->len + 1);
	}
}

/* Of a group that relocks: all of the region is locked and unlocked, over and over */
static void make_walker(uint64_t *rnd, const struct team *g, struct program *p)
{
	add_whole_op(g, p, percent(rnd, 75) ? MLOCK2 : MLOCK);
	add_whole_op(g, p, READ);
	/* ... or made anew, which unmaps it: of a file the same pages come back */
	add_whole_op(g, p, has_file(g->region[g->focus_region].kind) && percent(rnd, 35) ? MAP :
		     percent(rnd, 80) ? MUNLOCK : MUNLOCKALL);
	p->op[0].arg = 1;
	if (percent(rnd, 85))
		p->op[2].mods = SAME_INSTANT;
}

/* A few pages are unlocked while the walker is on its way to them, locked, looked at */
static void make_relocker(uint64_t *rnd, const struct team *g, struct program *p,
			  unsigned int few)
{
	unsigned int at, i;

	if (percent(rnd, 40))
		make_op(rnd, g, &p->op[p->nr++], percent(rnd, 50) ? some_takes(rnd, g) : touches);
	if (percent(rnd, 30))
		add_focus_op(g, p, READ);
	at = p->nr;
	add_focus_op(g, p, MUNLOCK);
	add_focus_op(g, p, MLOCK2);
	p->op[at + 1].arg = 1;
	add_focus_op(g, p, READ);
	for (i = 0; i < p->nr; i++) {
		p->op[i].region = g->focus_region;
		p->op[i].off = g->focus_off;
		p->op[i].len = few;
	}
	if (percent(rnd, 85))
		add_focus_op(g, p, HOLDS);
	if (percent(rnd, 85))
		p->op[at].mods = SAME_INSTANT;
	p->op[at].delay = 1 << below(rnd, 14);
}

/* One that locks all of it, and keeps it */
static void make_keeper(uint64_t *rnd, const struct team *g, struct program *p)
{
	add_whole_op(g, p, MLOCK2);
	p->op[0].arg = 1;
	add_whole_op(g, p, percent(rnd, 80) ? READ : WRITE);
	add_whole_op(g, p, HOLDS);
}

/* Pages are moved, or taken away; some cannot be moved, and the try does not take them away */
static void make_mover(uint64_t *rnd, const struct team *g, struct program *p)
{
	unsigned int i;

	if (percent(rnd, 30)) {
		add_focus_op(g, p, READ);
		add_focus_op(g, p, PIN);
		for (i = 1 + below(rnd, 3); i; i--)
			add_focus_op(g, p, percent(rnd, 70) ? COMPACT : pick(rnd, g, weather));
		return;
	}
	p->nr = 1 + below(rnd, 2);
	for (i = 0; i < p->nr; i++)
		make_op(rnd, g, &p->op[i], percent(rnd, 60) ? weather :
			percent(rnd, 50) ? some_takes(rnd, g) : anything);
	if (percent(rnd, 70)) {
		p->nr = 1;
		p->op[0].what = g->in_memcg && percent(rnd, 50) ? REGROUP : COMPACT;
	}
}

static void make_relocks(uint64_t *rnd, const struct team *g, struct program *p,
			 unsigned int slot)
{
	const unsigned int few = 1 + below(rnd, g->focus_len);

	memset(p, 0, sizeof(*p));
	p->loops = 60000;
	p->mends = percent(rnd, 50);
	if (slot == 0)
		make_walker(rnd, g, p);
	else if (slot == 1)
		make_relocker(rnd, g, p, few);
	else if (slot == 2 ? g->keeps : percent(rnd, 20))
		make_keeper(rnd, g, p);
	else
		make_mover(rnd, g, p);
}

/*
 * Of a group that refaults: the first task locks and touches, and perhaps unlocks, the
 * second takes the pages away, another does one of the two.  As fast as they can: what a
 * fault or a lock does with a page that is gone again takes a few instructions.
 */
static void make_refaults(uint64_t *rnd, const struct team *g, struct program *p,
			  unsigned int slot)
{
	const enum kind kind = g->region[g->focus_region].kind;
	const bool file = has_file(kind);
	unsigned int i;

	memset(p, 0, sizeof(*p));
	p->loops = 60000;
	p->mends = true;
	if (slot == 0 || (slot > 1 && percent(rnd, 50))) {
		if (percent(rnd, 80))
			add_on_fault(g, p);
		else
			maybe(rnd, g, p, 100, locks);
		for (i = below(rnd, 4); i; i--)
			add_focus_op(g, p, pick(rnd, g, touches));
		if (percent(rnd, 15))
			add_focus_op(g, p, HOLDS);
		/* ... or the lock comes again and again, and finds some of them */
		if (!g->keeps)
			add_focus_op(g, p, MUNLOCK);
		return;
	}
	for (i = 1 + percent(rnd, 30); i; i--) {
		make_op(rnd, g, &p->op[p->nr], file && percent(rnd, 75) ? empties_file : empties);
		/* To reclaim a huge page is to split it first */
		if (g->in_memcg && percent(rnd, is_huge(kind) ? 40 : 10))
			p->op[p->nr].what = RECLAIM;
		p->op[p->nr].region = g->focus_region;
		p->op[p->nr].off = g->focus_off;
		p->op[p->nr].len = g->focus_len;
		/* A part of a huge page is what splits it */
		if (g->focus_len > 1 && percent(rnd, 40)) {
			p->op[p->nr].off += below(rnd, g->focus_len - 1);
			p->op[p->nr].len = 1;
		}
		p->op[p->nr].mods = 0;
		p->op[p->nr].delay = percent(rnd, 50) ? 0 : 1 << below(rnd, 8);
		p->nr++;
	}
}

void make_programs(struct team *g, unsigned int round)
{
	uint64_t state = g->seed ^ (round + 1) * 0x632be59bd9b4e019ULL, *rnd = &state;
	unsigned int i;

	for (i = 0; i < g->slots; i++) {
		struct slot *slot = &ctl->slot[i];
		struct program *p = &slot->program;
		unsigned int k, op;

		if (slot->process == weather_process(g))
			make_program(rnd, g, p, false, false);
		else if (opt.privilege && !g->family && !g->pieces && percent(rnd, 35))
			make_full(rnd, g, p);
		else if (g->relocks)
			make_relocks(rnd, g, p, i);
		else if (g->refaults)
			make_refaults(rnd, g, p, i);
		else if (g->family && i && percent(rnd, 70))
			make_helper(rnd, g, p);
		else if (g->pieces && !g->family && i && percent(rnd, 65))
			make_changer(rnd, g, p);
		else if (g->family)
			make_family(rnd, g, p);
		else
			make_program(rnd, g, p, i == 0 || percent(rnd, 30), false);
		/* Each time it is another part of it */
		if (!g->relocks && !g->refaults && percent(rnd, 50))
			p->skips = 8 << below(rnd, 3);
		/* Not over before the others are, and it looks at what it leaves */
		if (g->pieces && !g->family && percent(rnd, 80)) {
			p->loops = 60000;
			if (!i && percent(rnd, 80)) {
				if (p->nr > MAX_OPS - 2)
					p->nr = MAX_OPS - 2;
				add_focus_op(g, p, MUNLOCKALL);
				add_focus_op(g, p, LOOK);
			}
		}
		/* One that shares, but never locks, and stays */
		if (i == g->slots - 1 && i && !g->family && !g->pieces && !g->relocks &&
		    !g->refaults && percent(rnd, 40)) {
			memset(p, 0, sizeof(*p));
			p->nr = p->loops = 1;
			make_op(rnd, g, &p->op[0], touches);
			p->op[0].region = g->focus_region;
			p->op[0].off = 0;
			p->op[0].len = g->region[g->focus_region].pages;
		}
		if (slot->process == weather_process(g)) {
			for (op = 0; op < p->nr; op++)
				make_op(rnd, g, &p->op[op], percent(rnd, 70) ?
					weather : touches);
		}
		for (k = 0; k < KIDS; k++) {
			struct program *kid =
				&ctl->slot[MAX_SLOTS + i * KIDS + k].program;

			if (g->family)
				make_family_kid(rnd, g, kid);
			else
				make_program(rnd, g, kid, percent(rnd, 60), true);
			without_kids(rnd, g, kid);
			if (percent(rnd, 50))
				kid->skips = 8 << below(rnd, 3);
		}
	}
}

/* Cut the focus in pieces, of whole huge pages or not */
static void make_pieces(uint64_t *rnd, struct team *g)
{
	struct region *r = &g->region[g->focus_region];
	unsigned int unit = 1, i, k;

	if (is_huge(r->kind) && r->pages >= 2 * HUGE_PAGES && percent(rnd, 40))
		unit = HUGE_PAGES;
	/* Small ones come by often */
	if (unit == 1 && g->focus_len > 64 && percent(rnd, 70))
		g->focus_len = 16 << below(rnd, 4);
	if (g->focus_len < 2 * unit)
		g->focus_len = r->pages;
	/* The first and the last piece have no neighbour outside of the focus */
	if (percent(rnd, 60) && !is_huge(r->kind)) {
		g->focus_off = 0;
		r->pages = g->focus_len;
	} else if (g->focus_off + g->focus_len > r->pages || percent(rnd, 50)) {
		g->focus_off = 0;
	}
	if (percent(rnd, 80))
		g->fresh = -1;
	if (g->focus_len < 2 * unit)
		return;
	g->places = 0;
	g->pieces = 2 + below(rnd, MAX_PIECES - 1);
	if (g->pieces > g->focus_len / unit)
		g->pieces = g->focus_len / unit;
	for (i = 1; i < g->pieces; i++) {
		/* An ascending list of places, all different */
		unsigned int left = g->focus_len / unit - g->cut[i - 1] / unit -
			(g->pieces - i);

		k = 1 + below(rnd, left < 16 || percent(rnd, 50) ? left : left / 8);
		g->cut[i] = g->cut[i - 1] + k * unit;
	}
	g->cut[g->pieces] = g->focus_len;
	if (g->round_ms < 160)
		g->round_ms = 160;
}

/* Processes of one thread each: which locks are a process's own, and it can look */
static void make_relocking(uint64_t *rnd, struct team *g)
{
	struct region *r = &g->region[g->focus_region];
	unsigned int i;

	g->relocks = true;
	g->places = 0;
	/* They meet in a walk only if that takes long; late in it, or anywhere */
	if (!is_huge(r->kind) && !g->limit_pages && percent(rnd, 70))
		r->pages = 2048 << below(rnd, sizeof(long) == 8 ? 4 : 2);	/* see region_base() */
	g->focus_len = 1 + below(rnd, 4);
	g->focus_off = percent(rnd, 60) ? r->pages - g->focus_len :
		below(rnd, r->pages - g->focus_len + 1);
	if (g->round_ms < 320)
		g->round_ms = 320;
	/* Longer than a walk and a look, or they do not come to the same tick */
	g->clock = 20 + below(rnd, 4);
	g->keeps = percent(rnd, 35);
	g->slots = g->processes = 2 + (percent(rnd, 85) ? 1 + percent(rnd, 30) : 0);
	g->keeps &= g->slots > 2;
	for (i = 0; i < g->slots; i++) {
		ctl->slot[i].process = i;
		ctl->slot[i].thread = 0;
		ctl->slot[i].threads = 1;
	}
}

static void make_refaulting(uint64_t *rnd, struct team *g)
{
	const bool threads = percent(rnd, 50);
	unsigned int i;

	g->refaults = true;
	g->places = 0;
	if (g->round_ms < 320)
		g->round_ms = 320;
	g->slots = 2 + percent(rnd, 25);
	g->processes = threads ? 1 : g->slots;
	for (i = 0; i < g->slots; i++) {
		ctl->slot[i].process = threads ? 0 : i;
		ctl->slot[i].thread = threads ? i : 0;
		ctl->slot[i].threads = threads ? g->slots : 1;
	}
	g->keeps = percent(rnd, 50);
	if (g->focus_len > 16 && percent(rnd, is_huge(g->region[g->focus_region].kind) ? 25 : 75))
		g->focus_len = 1 + below(rnd, 4);
	if (g->focus_len > HUGE_PAGES && percent(rnd, 60))
		g->focus_len = HUGE_PAGES;
	if (g->focus_off + g->focus_len > g->region[g->focus_region].pages)
		g->focus_off = 0;
}

void make_group(struct team *g, uint64_t seed)
{
	static const unsigned int sizes[] = { 16, 64, 256, 1024, 2048, 4096, 4096 };
	static const enum kind kinds[] = {
		ANON, ANON, ANON, THP, THP, THP, LATE_THP, LATE_THP, LATE_THP, KSM, KSM_FILE,
		PRIVATE_FILE, SHARED_FILE, SHARED_FILE, PRIVATE_SHMEM, SHMEM,
		SHMEM, HUGE_SHMEM, HUGE_SHMEM, STACKS,
	};
	static const unsigned int parts[] = { 1, 2, 4, 16, 64, 256, 1024 };
	uint64_t state = seed, *rnd = &state;
	unsigned int i, process = 0, slot = 0, most;
	bool few, large, two;

	memset(g, 0, sizeof(*g));
	g->seed = seed;
	g->rounds = 1 + below(rnd, MAX_ROUNDS);
	g->round_ms = 20 << below(rnd, 5);
	g->clock = 14 + below(rnd, 6);
	g->founder_unmaps = percent(rnd, 25);
	g->khugepaged = percent(rnd, 25);
	g->fresh = next_random(rnd);
	g->family = percent(rnd, 50);
	two = percent(rnd, 50);
	/* Threads meet in a walk only if that takes long */
	large = percent(rnd, two ? 60 : 20) && !opt.privilege;
	g->regions = 1 + below(rnd, g->family && percent(rnd, 60) ? 1 : MAX_REGIONS);
	for (i = 0; i < g->regions; i++) {
		struct region *r = &g->region[i];

		do
			r->kind = kinds[below(rnd, sizeof(kinds) / sizeof(*kinds))];
		while (!kind_exists(r->kind));
		r->base = region_base(i);
		r->pages = is_huge(r->kind) ?
			512U << below(rnd, g->regions == 1 ? 6 : 4) :
			sizes[below(rnd, 7)];
		r->fd = -1;
		/* A try makes it all anew, and a fork costs what is mapped */
		most = large ? 1024 : 64 << below(rnd, 4);
		if (is_huge(r->kind))
			most = large ? 2048 : 512;
		if (g->family && r->pages > most)
			r->pages = most;
		if (is_mergeable(r->kind))
			g->ksm = true;
		if (is_huge(r->kind))
			g->huge = true;
		if (r->kind == LATE_THP)
			g->khugepaged |= percent(rnd, 80);
	}
	g->ksm = g->ksm ? percent(rnd, 85) : percent(rnd, 5);
	g->disturbs = percent(rnd, 40);
	g->in_memcg = opt.group_dir && percent(rnd, 30);
	if (opt.group_dir && percent(rnd, 30)) {
		for (i = 0; i < g->regions; i++)
			g->limit_pages += g->region[i].pages;
		g->limit_pages = 256 + g->limit_pages / 4 * (1 + below(rnd, 8));
		g->in_memcg = true;
	}

	g->words = 1ULL << READ;
	for (i = 0; i < g->regions; i++)
		if (has_file(g->region[i].kind) && percent(rnd, 50))
			g->words |= 1ULL << pick(rnd, NULL, of_files);
	for (i = 3 + below(rnd, 6); i; i--)
		g->words |= 1ULL << (percent(rnd, 50) ? pick(rnd, NULL, anything) :
			anything[below(rnd, sizeof(anything) /
				       sizeof(*anything) - 1)].what);
	if (percent(rnd, 50))
		g->words |= 1ULL << FORK;
	if (percent(rnd, 30))
		g->words |= 1ULL << CALL;
	if (percent(rnd, 15))
		g->words = -1;
	g->advices = 1 + below(rnd, 3);
	for (i = 0; i < g->advices; i++)
		g->advice[i] = pick_advice(rnd);

	i = g->focus_region = below(rnd, g->regions);
	if (g->region[i].pages >= HUGE_PAGES && is_huge(g->region[i].kind) &&
	    percent(rnd, 70))
		g->focus_len = HUGE_PAGES;
	else
		g->focus_len = parts[below(rnd, 7)];
	/*
	 * A task that waits for another one's lock takes a while to wake up: what
	 * comes after it is met only where that is long, too.
	 */
	if (g->focus_len > g->region[i].pages ||
	    percent(rnd, g->family && large ? 70 : 35))
		g->focus_len = g->region[i].pages;
	if (percent(rnd, 60) && g->region[i].pages >= 4 * g->focus_len) {
		g->places = g->region[i].pages / g->focus_len;
		g->clock = 18 + below(rnd, 5);
		/* Not longer than a second */
		while (g->places << (g->clock - 16) > 1U << 15)
			g->places /= 2;
	}
	g->focus_off = g->places ? 0 : below(rnd, g->region[i].pages / g->focus_len) * g->focus_len;

	if (g->family) {
		g->places = 0;
		g->round_ms = 320 << below(rnd, 4);
		if (g->focus_len > (opt.privilege ? 16 : 64) && !large && !is_huge(g->region[g->focus_region].kind))
			g->focus_len = 1 << below(rnd, opt.privilege ? 6 : 10);
		if (g->focus_len > g->region[g->focus_region].pages)
			g->focus_len = g->region[g->focus_region].pages;
		g->focus_off = below(rnd, g->region[g->focus_region].pages /
				     g->focus_len) * g->focus_len;
	}
	if (percent(rnd, 35))
		make_pieces(rnd, g);
	if (g->pieces && percent(rnd, 40))
		g->family = false;
	g->finishes = percent(rnd, 40);
	g->processes = g->family ? 1 : (g->pieces ? 2 : 1) + below(rnd, 3);
	/* At most as many as there are CPUs, or there is no same instant */
	few = percent(rnd, g->pieces ? 75 : 50) && !opt.privilege;
	if (opt.privilege && g->processes < 2)
		g->processes = 2;
	for (process = 0; process < g->processes; process++) {
		unsigned int threads = percent(rnd, g->pieces ? 75 : 50) ? 1 :
			2 + below(rnd, 2);

		if (g->family)
			threads = 1 + two;
		if (few && slot >= 2)
			break;
		if (few && slot + threads > 3)
			threads = 1;

		if ((int)process == weather_process(g))
			threads = 1;
		for (i = 0; i < threads && slot < MAX_SLOTS; i++, slot++) {
			ctl->slot[slot].process = process;
			ctl->slot[slot].thread = i;
			ctl->slot[slot].threads = threads;
		}
	}
	/* Nobody is alone, but who has kids */
	if (slot < 2 && !g->family) {
		ctl->slot[slot].process = 0;
		ctl->slot[slot].thread = 1;
		ctl->slot[0].threads = ctl->slot[slot++].threads = 2;
	}
	g->slots = slot;
	/* Where the slots ran out, some processes have no thread at all */
	while (g->processes > 1 &&
	       ctl->slot[slot - 1].process < (int)g->processes - 1)
		g->processes--;
	g->returns = g->family && g->in_memcg && !opt.privilege && percent(rnd, 50);
	if (!g->family && !g->pieces && !opt.privilege) {
		if (percent(rnd, 25))
			make_relocking(rnd, g);
		else if (percent(rnd, 35))
			make_refaulting(rnd, g);
	}
}

static void print_program(const char *who, const struct program *p, bool kid)
{
	static const char *const ends[] = { "exits", "stays", "execs", "is killed" };
	char text[160];
	unsigned int i;

	printf("#   %s, %u times%s%s", who, p->loops, p->walk ? ", walking" : "",
	       p->mends ? ", mending" : "");
	if (p->skips)
		printf(", %u %% left out", p->skips);
	putchar(':');
	for (i = 0; i < p->nr; i++) {
		describe_op(text, sizeof(text), &p->op[i]);
		printf("%s %s%s", i ? ";" : "",
		       p->meets == i + 1 ? "MEET, " : "", text);
	}
	if (p->meets == p->nr + 1U)
		printf("; MEET");
	if (kid)
		printf("; %s", ends[p->end]);
	putchar('\n');
}

void print_programs(void)
{
	const struct team *g = &ctl->group;
	unsigned int i, k;
	char who[64];

	printf("# group: clock 2^%u, ", g->clock);
	if (g->places)
		printf("%u places", g->places);
	else
		printf("rounds of %u ms", g->round_ms);
	if (g->pieces) {
		printf(", pieces at");
		for (i = 0; i < g->pieces; i++)
			printf(" %u", g->focus_off + g->cut[i]);
	}
	printf("%s%s%s%s%s%s%s%s%s%s", g->disturbs ? ", disturbed" : "",
	       g->relocks ? g->keeps ? ", relocking, one keeps" : ", relocking" : "",
	       g->refaults ? g->keeps ? ", refaulting" : ", refaulting, locked again" : "",
	       g->returns ? ", back from swap" : "",
	       g->in_memcg ? ", in a memory cgroup" : "", g->finishes ? ", to the end" : "", g->family ? ", a family" : "",
	       g->founder_unmaps ? ", the founder unmaps" : "",
	       g->ksm ? ", ksmd" : "", g->khugepaged ? ", khugepaged" : "");
	if (g->limit_pages)
		printf(", memory for %u pages", g->limit_pages);
	putchar('\n');
	for (i = 0; i < g->regions; i++)
		printf("#   r%u: %s, %u pages at %lx\n", i,
		       kind_names[g->region[i].kind], g->region[i].pages,
		       (unsigned long)g->region[i].base);
	for (i = 0; i < g->slots; i++) {
		const struct slot *slot = &ctl->slot[i];
		bool forks = false;

		snprintf(who, sizeof(who), "s%u (process %d, task %d)", i,
			 slot->process, slot->pid);
		print_program(who, &slot->program, false);
		for (k = 0; k < slot->program.nr; k++)
			forks |= slot->program.op[k].what == FORK;
		for (k = 0; forks && k < KIDS; k++) {
			const struct slot *kid =
				&ctl->slot[MAX_SLOTS + i * KIDS + k];

			snprintf(who, sizeof(who), "  kid %u (task %d)", k, kid->pid);
			print_program(who, &kid->program, true);
		}
	}
}
