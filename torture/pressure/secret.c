// SPDX-License-Identifier: GPL-2.0
/*
 * secret SEED SECONDS [BOOKS] - memory that may never be written to swap, under pressure
 *
 * A keeper for each kind of kinds.h writes markers into pages of its buffer now and
 * then, and looks whether they are still there, while memory is taken away in all the ways
 * of pressure.h.  Whether a marker came to the swap disk is for the host to look.
 *
 * With BOOKS the books of torture/books.h are compared at the end.  Needs root, and the
 * guest for itself.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../books.h"
#include "kinds.h"
#include "pressure.h"

enum {
	GROUP_MB = 20,			/* for those of half of the kinds, and a hog */
	SMALL = 512, LARGE = 1024,	/* pages of a buffer; of one with huge pages */
	TURNS = 40,			/* of a keeper between two looks at all its pages */
	RARELY = 12,			/* is a page written that a keeper comes to */
	PATIENCE_MS = 3000,		/* until a page that is not locked has gone */
	SWAP_TYPE = 31,			/* of a swap entry in pagemap; the first disk has 0 */
	LIFE_MS = 9000,			/* of a buffer, or of a fork child */
};

/* Of a keeper, in memory of its own: it holds no marker */
struct keeper {
	volatile bool skipped, failed, parked;
	volatile unsigned int written, looks, away, swapped, wrong, buffers, huge;
	const char *volatile why;
};

static struct {
	struct keeper keeper[KINDS];
	volatile bool stop;
} *common;

static uint32_t seed;
static unsigned int kind_nr;
static const struct kind *kind;
static struct keeper *me;

static char *map;			/* of pages pages */
static size_t pages;
static bool written[LARGE];
static char *twin;			/* SAME: another with the same contents */
static pid_t child;
static uint64_t randoms;

static void __attribute__((noreturn)) give_up(const char *why)
{
	me->why = why;
	me->failed = true;
	for (;;)
		pause();
}

/*
 * The place in a page: at the same one in each for KSM, and such that pages differ where
 * it is not to merge them
 */
static char *place_in(char *buffer, size_t page)
{
	return buffer + page * page_size() +
		(kind->memory == SAME ? 0 : page * ALIGN % page_size());
}

static bool is(enum traits trait)
{
	return kind->traits & trait;
}

static bool is_huge(void)
{
	return kind->memory == HUGE || kind->memory == HUGE_SHARED;
}

static char *new_buffer(void)
{
	const size_t len = pages * page_size();
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;
	char *new;

	switch (kind->memory) {
	case HUGE:
		new = map_shared(0x400000 + len);
		munmap(new, 0x400000 + len);
		new = (char *)(((uintptr_t)new + 0x3fffff) & -(uintptr_t)0x400000);
		flags |= MAP_FIXED;
		break;
	case HUGE_SHARED:
		fd = syscall(SYS_memfd_create, "secret", 0);
		if (fd < 0 || ftruncate(fd, len))
			give_up("memfd");
		new = NULL;
		flags = MAP_SHARED;
		break;
	case SHARED:
		new = NULL;
		flags = MAP_SHARED | MAP_ANONYMOUS;
		break;
	case PRIVATE_FILE:
		fd = make_file("/tmp", pages);
		new = NULL;
		flags = MAP_PRIVATE;
		break;
	default:
		new = NULL;
	}
	new = mmap(new, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (fd >= 0)
		close(fd);
	if (new == MAP_FAILED)
		give_up("mmap");
	madvise(new, len, is_huge() ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (kind->memory == SAME)
		madvise(new, len, MADV_MERGEABLE);
	if (kind->fork == DONTFORK && madvise(new, len, MADV_DONTFORK))
		give_up("MADV_DONTFORK");
	return new;
}

static void lock(char *buffer)
{
	const size_t len = pages * page_size();
	unsigned int tries = 0;
	int ret;

	/* mlock() fails where the group is at its limit, and nobody can be killed */
	do {
		ret = 0;
		if (kind->how == MLOCK2)
			ret = sys_mlock2(buffer, len, MLOCK_ONFAULT);
		else if (kind->how == MLOCK)
			ret = mlock(buffer, len);
		if (ret)
			sleep_ms(10);
	} while (ret && ++tries < 1000);
	if (ret)
		give_up("lock");
}

/* From then on the process locks all that it maps */
static void lock_all(void)
{
	int flags = MCL_CURRENT | MCL_FUTURE;

	if (kind->how == MLOCKALL_ONFAULT)
		flags |= MCL_ONFAULT;
	else if (kind->how != MLOCKALL)
		return;
	if (mlockall(flags))
		give_up("mlockall");
}

static void write_page(size_t page)
{
	put_marker(place_in(map, page), seed, kind_nr);
	if (twin)
		put_marker(place_in(twin, page), seed, kind_nr);
	written[page] = true;
	me->written++;
}

static void check_contents(size_t page)
{
	me->looks++;
	if (!is_marker(place_in(map, page), seed, kind_nr) ||
	    (twin && !is_marker(place_in(twin, page), seed, kind_nr)))
		me->wrong++;
}

/* Those that were written have to be where they are */
static void check_presence(const char *buffer)
{
	static uint64_t entries[LARGE];
	size_t page;

	if (!read_pagemap("self", buffer, entries, pages))
		give_up("pagemap");
	for (page = 0; page < pages; page++) {
		if (!written[page])
			continue;
		/* What is under migration has an entry like one of swap, of another type */
		me->away += !(entries[page] & (PM_PRESENT | PM_SWAP));
		me->swapped += (entries[page] & PM_SWAP) && !(entries[page] & SWAP_TYPE);
	}
}

/* A page that is written now and then would be young for ever */
static void turn(void)
{
	size_t page = next_random(&randoms) % pages;

	if (written[page]) {
		if (!is(FOUND))
			check_contents(page);
	} else if (page % 3 && !(next_random(&randoms) % RARELY)) {
		write_page(page);
	}
}

static void bury_child(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
}

/* What a fork child has of the secret, it keeps, and never looks at again */
static void new_child(void)
{
	size_t page;

	bury_child();
	child = fork();
	if (child < 0)
		give_up("fork");
	for (page = 0; page < pages; page++) {
		/* Another byte of the page than those of the marker */
		volatile char *other = (char *)((uintptr_t)place_in(map, page) ^ page_size() / 2);

		if (written[page] && (child ? kind->fork != CHILD_WRITES :
					      kind->fork == CHILD_WRITES))
			*other = *other + 1;
	}
	if (!child)
		for (;;)
			pause();
}

/* Before memory is unlocked, the secret is wiped: that is what a user has to do */
static void lock_again(void)
{
	const size_t len = pages * page_size();
	size_t page;
	double end;

	memset(map, 1, len);
	memset(written, 0, sizeof(written));
	if (munlock(map, len))
		give_up("munlock");
	/* Until some of it has gone: more of it is on its way to the disk then */
	end = now() + PATIENCE_MS / 1e3;
	while (now() < end && !page_is_swapped(map + next_random(&randoms) % len))
		sleep_ms(1);
	lock(map);
	for (page = 0; page < pages; page++)
		write_page(page);
	me->buffers++;
}

/* Another buffer, or the same elsewhere, or with other rights for a moment */
static void renew(void)
{
	const size_t len = pages * page_size();
	char *new;

	switch (next_random(&randoms) % 4) {
	case 0:
		munmap(map, len);
		map = new_buffer();
		memset(written, 0, sizeof(written));
		if (twin) {
			munmap(twin, len);
			twin = new_buffer();
			lock(twin);
		}
		lock(map);
		break;
	case 1:
		if (is_huge())
			break;
		new = map_shared(len);
		new = mremap(map, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, new);
		if (new == MAP_FAILED)
			give_up("mremap");
		map = new;
		break;
	case 2:
		if (mprotect(map, len / 2, PROT_NONE))
			give_up("mprotect");
		sleep_ms(50);
		if (mprotect(map, len / 2, PROT_READ | PROT_WRITE))
			give_up("mprotect");
		break;
	}
	me->buffers++;
}

static void count_huge(void)
{
	size_t page;

	for (page = 0; page < pages; page += 512)
		if (page_is_huge(map + page * page_size()))
			me->huge++;
}

static void __attribute__((noreturn)) keep(void)
{
	double renewal = 0;
	unsigned int n;

	randoms = (uint64_t)seed << 32 | kind_nr;
	pages = is_huge() ? LARGE : SMALL;
	if (is(GROUPED))
		join_group();
	lock_all();
	map = new_buffer();
	if (kind->memory == SAME) {
		twin = new_buffer();
		lock(twin);
	}
	lock(map);
	me->buffers = 1;
	/* What is plain is written at once, and left alone until it is written anew */
	while (!common->stop) {
		if (!is(FOUND)) {
			for (n = 0; n < TURNS; n++)
				turn();
			check_presence(map);
			if (twin)
				check_presence(twin);
			if (is_huge())
				count_huge();
			sleep_ms(30);
		} else {
			sleep_ms(200);
		}
		if (now() < renewal)
			continue;
		renewal = now() + (LIFE_MS + next_random(&randoms) % LIFE_MS) /
			(is(AGAIN) ? 16e3 : 2e3);
		if (is(FOUND))
			for (n = 0; n < pages; n++)
				write_page(n);
		if (kind->fork)
			new_child();
		else if (is(AGAIN))
			lock_again();
		else if (me->written && !is(FOUND))
			renew();
	}
	bury_child();
	if (!is(FOUND))
		check_presence(map);
	me->parked = true;
	for (;;)
		pause();
}

/* The books of all tasks, which do nothing any more */
static void check_books(bool wanted)
{
	const char *claim = "the books agree at the end";
	const struct books_diff *diffs;
	unsigned int nr, i, bad = 0;

	if (!wanted) {
		tap_skip(claim, "not on a kernel without the series");
		return;
	}
	if (!books_open())
		tap_bail_out("the books");
	books_quiet();
	nr = books_check(&diffs, true);
	for (i = 0; i < nr; i++) {
		/* The base loses these, too: see books.h */
		if (diffs[i].kind == BOOKS_UNMARKED_KSM ||
		    diffs[i].kind == BOOKS_UNMARKED_HUGE)
			continue;
		if (bad++ < 5)
			books_print(&diffs[i]);
	}
	tap_check(!bad, "%s", claim);
}

int main(int argc, char **argv)
{
	unsigned int nr, seconds;
	size_t swap;
	double end;

	if (argc == 2 && !strcmp(argv[1], NOTHING))
		return 0;
	if (argc < 3) {
		fprintf(stderr, "usage: secret SEED SECONDS [BOOKS]\n");
		return 2;
	}
	seed = strtoul(argv[1], NULL, 0);
	seconds = strtoul(argv[2], NULL, 0);
	skip_without_page_flags();
	tap_plan(KINDS + 4);
	common = (void *)map_shared(sizeof(*common));
	swap = pressure_begin(GROUP_MB);
	set_file("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "advise");
	for (nr = 0; nr < KINDS; nr++) {
		kind = &kinds[kind_nr = nr];
		me = &common->keeper[nr];
		if (needs_mlock2(kind) && !mlock2_supported()) {
			me->why = "no mlock2()";
			me->skipped = true;
		} else if (kind->memory == HUGE_SHARED &&
			   access("/sys/kernel/mm/transparent_hugepage/shmem_enabled", F_OK)) {
			me->why = "no huge pages in shared memory";
			me->skipped = true;
		} else if (!start_child()) {
			keep();
		}
	}
	disturb_begin(false);
	end = now() + seconds;
	for (nr = 0; now() < end; nr++)
		pressure_cycle(true);
	disturb_end();
	printf("# %u cycles, the swap disk of %zu pages was full %u times, %llu pages were written to it, %u swapoffs, %u compactions\n",
	       nr, swap, times_full(), disk_pages("vda", true), swapoffs(), compactions());
	common->stop = true;
	for (nr = 0; nr < KINDS; nr++) {
		const struct keeper *k = &common->keeper[nr];
		unsigned int looks;

		for (looks = 0; !k->parked && !k->failed && !k->skipped && looks < 20000; looks++)
			sleep_ms(2);
	}
	for (nr = 0; nr < KINDS; nr++) {
		const struct keeper *k = &common->keeper[nr];
		char claim[160];

		snprintf(claim, sizeof(claim), "pages %s: %s",
			 kinds[nr].traits & FOUND ? "were written" : "stay as they were written",
			 kinds[nr].name);
		if (k->skipped) {
			tap_skip(claim, k->why);
			continue;
		}
		printf("# keeper %u: wrote %u, looked %u, away %u, swapped %u, wrong %u, buffers %u, huge seen %u times%s%s\n",
		       nr, k->written, k->looks, k->away, k->swapped, k->wrong,
		       k->buffers, k->huge, k->failed ? ", failed: " : "",
		       k->failed ? k->why : "");
		tap_check(k->parked && k->written && !k->away && !k->swapped && !k->wrong,
			  "%s", claim);
	}
	tap_check(times_full() >= 2, "the swap disk was full several times");
	tap_check(disk_pages("vda", true) > 3 * swap, "the swap disk was written more than three times over");
	tap_check(swapoffs(), "swapoff and swapon succeeded meanwhile");
	check_books(argc > 3);
	return tap_exit();
}
