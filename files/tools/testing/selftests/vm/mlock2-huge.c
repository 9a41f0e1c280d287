// SPDX-License-Identifier: GPL-2.0
/*
 * Lock on fault of transparent huge pages: whole ones and parts of them are
 * Mlocked and Unevictable when the call or the fault returns, whoever has a
 * share in them, and nothing stays marked afterwards.  Needs root.
 *
 * Kernels since v4.5 can map a huge page by ptes.  They mark no such page, nor
 * one that several processes map, until reclaim has split it and meets VM_LOCKED:
 * there, only that it stays in memory can be asked for.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "child.h"
#include "huge_pages.h"
#include "meminfo.h"
#include "restore.h"
#include "swap_out.h"

#define KPF_ZERO_PAGE	(1ULL << 24)
#define THP_DIR		"/sys/kernel/mm/transparent_hugepage/"
#define KHUGEPAGED	THP_DIR "khugepaged/"

enum { AN_HOUR = 3600 * 1000 };

static size_t huge;		/* bytes */
static bool maps_parts;		/* parts of a huge page, by ptes */

static volatile char sink;

/* For maps of whole pages: on those, only the first page says anything */
static bool is_locked(const char *map)
{
	return page_is_huge(map) && page_is_locked(map);
}

static bool part_is_locked(const void *addr)
{
	return page_is_locked(addr) || (maps_parts && page_is_huge(addr));
}

static bool all(const char *map, size_t len, bool (*is)(const void *))
{
	size_t pages = len / page_size();

	return count_pages(map, pages, is) == pages;
}

/* A huge page, or what became of it */
static bool all_is_locked(const char *map)
{
	return is_locked(map) || all(map, huge, part_is_locked);
}

static char *new_huge_page(void)
{
	char *map = map_huge(huge);

	if (!map)
		tap_bail_out("no more huge pages");
	return map;
}

static void unmap(char *map)
{
	munmap(map, 2 * huge);
}

static bool child_agrees(pid_t child)
{
	int status = child_status(child);

	if (status)
		printf("# a child says %d\n", status);
	return !status;
}

static void test_whole(void)
{
	char *map = new_huge_page(), *to = map_aligned(huge);

	sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
	tap_check(is_locked(map), "a huge page that is present is locked");
	tap_check(!page_is_present(map + huge), "the huge page behind a locked one stays absent");
	map[huge] = 1;
	tap_check(batched_page_is_locked(map + huge), "until it is touched, and locked");
	map = mremap(map, 2 * huge, 2 * huge, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	tap_check(map == to && all_is_locked(map),
		  "a huge page is locked after it was moved");
	munlock(map, 2 * huge);
	tap_check(page_is_unlocked(map) && page_is_unlocked(map + huge),
		  "munlock unlocks huge pages");
	unmap(map);
}

static void test_zero_page(void)
{
	static const char * const claims[] = {
		"the huge zero page is never marked",
		"what is written over the huge zero page is locked",
	};
	char *map = new_huge_page(), *zero = map + huge;

	sink = *zero;
	if (~page_kflags(zero) & (KPF_ZERO_PAGE | KPF_THP)) {
		tap_skip(claims[0], "no huge zero page");
		tap_skip(claims[1], "no huge zero page");
	} else {
		sys_mlock2(map, 2 * huge, MLOCK_ONFAULT);
		tap_check(!page_is_mlocked(zero), "%s", claims[0]);
		*zero = 1;
		tap_check(batched_page_is_locked(zero), "%s", claims[1]);
	}
	unmap(map);
}

static void test_lock_half(void)
{
	char *map = new_huge_page();

	sys_mlock2(map, huge / 2, MLOCK_ONFAULT);
	tap_check(all(map, huge / 2, part_is_locked),
		  "half of a huge page can be locked");
	tap_check(all(map + huge / 2, huge / 2, page_is_unlocked),
		  "the half of a huge page outside of the range is not locked");
	munlock(map, huge);
	tap_check(all(map, huge, page_is_unlocked),
		  "munlock of the half leaves nothing marked");
	unmap(map);
}

static void test_munlock_half(void)
{
	char *map = new_huge_page();

	sys_mlock2(map, huge, MLOCK_ONFAULT);
	munlock(map + huge / 2, huge / 2);
	tap_check(all(map, huge / 2, part_is_locked),
		  "munlock of half a huge page leaves the other half locked");
	tap_check(all(map + huge / 2, huge / 2, page_is_unlocked),
		  "munlock of half a huge page unlocks that half");
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	tap_check(all(map, huge, part_is_locked), "the unlocked half of a huge page can be locked again");
	munmap(map, huge / 2);
	tap_check(all(map + huge / 2, huge / 2, part_is_locked),
		  "half a huge page stays locked when the other half is unmapped");
	unmap(map);
}

/* Before v4.7 a huge page waits in the LRU batch of the CPU that touched it */
static void test_split_in_batch(void)
{
	const char *claim = "a huge page that is split in the LRU batch of another CPU is locked";
	char *map = map_aligned(huge);
	unsigned int locked;

	madvise(map, 2 * huge, 14 /* MADV_HUGEPAGE */);
	if (CPU_COUNT(all_cpus()) == 1) {
		tap_skip(claim, "one CPU");
		unmap(map);
		return;
	}
	stay_on_cpu(1);
	*map = 1;
	stay_on_cpu(0);
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	mprotect(map, huge / 2, PROT_READ);
	/* The first page is what waits there */
	locked = count_pages(map + page_size(), huge / page_size() - 1, part_is_locked);
	drain_lru();
	if (!tap_check(locked == huge / page_size() - 1 && part_is_locked(map), "%s", claim))
		printf("# got %u of %zu, %d for the first\n", locked,
		       huge / page_size() - 1, part_is_locked(map));
	unmap(map);
}

static void test_change_half(void)
{
	char *map = new_huge_page(), *to = map_aligned(huge);

	sys_mlock2(map, huge, MLOCK_ONFAULT);
	mprotect(map, huge / 2, PROT_READ);
	tap_check(all_is_locked(map),
		  "a huge page is locked after mprotect of half of it");
	unmap(map);

	map = new_huge_page();
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	if (mremap(map + huge / 2, huge / 2, huge / 2,
		   MREMAP_MAYMOVE | MREMAP_FIXED, to) != to)
		tap_bail_out("mremap");
	tap_check(all(map, huge / 2, part_is_locked) &&
		  all(to, huge / 2, part_is_locked),
		  "a huge page of which one half has moved is locked");
	munlock(map, huge / 2);
	munlock(to, huge / 2);
	tap_check(all(map, huge / 2, page_is_unlocked) &&
		  all(to, huge / 2, page_is_unlocked),
		  "until both are munlocked");
	unmap(map);
	unmap(to);
}

/* The word in brackets of a file that shows its choices */
static void read_choice(const char *file, char *choice, size_t size)
{
	FILE *f = fopen(file, "re");
	char line[128] = "", *start;

	if (f) {
		if (!fgets(line, sizeof(line), f))
			*line = 0;
		fclose(f);
	}
	start = strchr(line, '[');
	if (!start)
		tap_bail_out(file);
	start[1 + strcspn(start + 1, "]")] = 0;
	snprintf(choice, size, "%s", start + 1);
}

/*
 * A locked huge page that is shared since a fork, copied when we write to it:
 * as it is or, if there are to be no new huge pages, to small ones.  (Kernels
 * since v5.8 copy one small page in any case.)
 */
static void test_parent_writes(const char *how, const char *enabled)
{
	char *map = new_huge_page(), before[16], c;
	pid_t child;
	int go[2];

	if (pipe(go))
		tap_bail_out("pipe");
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	child = start_child();
	if (!child)
		_exit(read(go[0], &c, 1) != 1 || *map != 1 ||
		      !all(map, huge, page_is_unlocked));
	read_choice(THP_DIR "enabled", before, sizeof(before));
	write_file(THP_DIR "enabled", enabled);
	*map = 2;
	tap_check(batched_page_is_locked(map),
		  "%s: what a parent writes after fork is locked", how);
	tap_check(all_is_locked(map), "%s: the rest of the range is locked", how);
	if (write(go[1], "g", 1) != 1)
		tap_bail_out("write");
	tap_check(child_agrees(child),
		  "%s: the page that is left to the child is not locked", how);
	munlock(map, huge);
	tap_check(all(map, huge, page_is_unlocked),
		  "%s: nothing is locked after munlock", how);
	unmap(map);
	/* Not sooner: this makes khugepaged look for work */
	write_file(THP_DIR "enabled", before);
	close(go[0]);
	close(go[1]);
}

static void test_child_writes(const char *how, const char *enabled)
{
	char *map = new_huge_page(), before[16];
	pid_t child;

	sys_mlock2(map, huge, MLOCK_ONFAULT);
	read_choice(THP_DIR "enabled", before, sizeof(before));
	write_file(THP_DIR "enabled", enabled);
	child = start_child();
	if (!child) {
		*map = 2;
		/*
		 * Since v5.18 the rest may be parts of the huge page, which stays locked
		 * for the parent
		 */
		_exit(!all(map, kernel_since(5, 18) ? page_size() : huge,
			   page_is_unlocked));
	}
	tap_check(child_agrees(child),
		  "%s: what a child writes is not locked", how);
	tap_check(all_is_locked(map), "%s: the parent's page stays locked", how);
	unmap(map);
	write_file(THP_DIR "enabled", before);
}

/* A child that shares what we have mapped, until it is told to exit */
struct sharer {
	pid_t pid;
	int go, ready;
};

static struct sharer share(const char *map, bool lock)
{
	struct sharer sharer;
	int go[2], ready[2];
	char c = 'r';

	if (pipe(go) || pipe(ready))
		tap_bail_out("pipe");
	sharer.pid = start_child();
	if (!sharer.pid) {
		close(go[1]);
		if (lock && sys_mlock2(map, huge, MLOCK_ONFAULT))
			_exit(2);
		if (write(ready[1], &c, 1) != 1 || read(go[0], &c, 1) < 0)
			_exit(3);
		/* While its parent has it no longer */
		_exit(!lock && !all(map, huge, page_is_unlocked));
	}
	close(go[0]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("read");
	sharer.go = go[1];
	sharer.ready = ready[0];
	return sharer;
}

static bool end_sharing(struct sharer *sharer)
{
	close(sharer->go);
	close(sharer->ready);
	return child_agrees(sharer->pid);
}

static void test_shared(void)
{
	char *map = new_huge_page();
	struct sharer sharer = share(map, true);

	tap_check(all_is_locked(map), "a huge page that a child locks is locked");
	tap_check(end_sharing(&sharer) && all(map, huge, page_is_unlocked),
		  "a huge page is unlocked when the child that locked it has gone");
	unmap(map);

	map = new_huge_page();
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	sharer = share(map, true);
	tap_check(end_sharing(&sharer) && all_is_locked(map),
		  "one that its parent has locked, too, stays locked");
	sharer = share(map, false);
	munlock(map, huge);
	tap_check(all(map, huge, page_is_unlocked) && end_sharing(&sharer),
		  "munlock unlocks one that a child shares");
	unmap(map);

	map = new_huge_page();
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	sharer = share(map, false);
	unmap(map);
	tap_check(end_sharing(&sharer), "munmap unlocks a huge page that a child shares");
}

static void write_number(const char *file, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", number);
	write_file(file, text);
}

static long long read_number(const char *file)
{
	FILE *f = fopen(file, "re");
	long long number;

	if (!f || fscanf(f, "%lld", &number) != 1)
		tap_bail_out(file);
	fclose(f);
	return number;
}

static const char pages_to_scan[] = KHUGEPAGED "pages_to_scan";
static const char scan_sleep[] = KHUGEPAGED "scan_sleep_millisecs";

/* How long it sleeps from now on: not before it is started anew on v4.2 */
static void let_khugepaged_sleep(long long milliseconds)
{
	char enabled[16];

	read_choice(THP_DIR "enabled", enabled, sizeof(enabled));
	write_number(scan_sleep, milliseconds);
	write_file(THP_DIR "enabled", "never");
	write_file(THP_DIR "enabled", enabled);
}

static void test_khugepaged(void)
{
	static const char * const claims[] = {
		"a huge page that khugepaged makes of locked pages is locked",
		"a huge page that khugepaged makes is charged as before",
		"munlock unlocks a huge page that khugepaged made",
	};
	long long scan = read_number(pages_to_scan);
	char *map = map_aligned(huge);
	long long charged;
	size_t i;
	int tries;

	/* Every second page, so that others come, too */
	madvise(map, 2 * huge, 15 /* MADV_NOHUGEPAGE */);
	for (i = 0; i < huge / page_size(); i += 2)
		map[i * page_size()] = 1;
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	charged = locked_pages();
	madvise(map, huge, 14 /* MADV_HUGEPAGE */);
	write_number(pages_to_scan, 100000);
	let_khugepaged_sleep(10);
	for (tries = 0; tries < 600 && !page_is_huge(map); tries++)
		usleep(50000);
	write_number(pages_to_scan, scan);
	let_khugepaged_sleep(AN_HOUR);
	if (!page_is_huge(map)) {
		for (i = 0; i < 3; i++)
			tap_skip(claims[i], "khugepaged made none in 30 seconds");
	} else {
		tap_check(is_locked(map), "%s", claims[0]);
		tap_check(locked_pages() == charged, "%s", claims[1]);
		munlock(map, huge);
		tap_check(page_is_unlocked(map), "%s", claims[2]);
	}
	unmap(map);
}

/*
 * What khugepaged takes from a locked range is left to a child that shares it, and
 * has not locked it.
 */
static void test_khugepaged_shared(void)
{
	const char *claim = "pages that khugepaged leaves to a child are not locked";
	const char *shared = KHUGEPAGED "max_ptes_shared";
	long long scan = read_number(pages_to_scan);
	char *map = map_aligned(huge), c;
	size_t pages, len;
	int go[2], tries;
	pid_t child;

	if (access(shared, F_OK)) {
		tap_skip(claim, "khugepaged takes no shared pages in this kernel");
		unmap(map);
		return;
	}
	pages = read_number(shared) / 2;
	len = pages * page_size();
	if (!pages || pipe(go))
		tap_bail_out(shared);
	madvise(map, 2 * huge, MADV_NOHUGEPAGE);
	sys_mlock2(map, huge, MLOCK_ONFAULT);
	touch_range(map, len);
	child = start_child();
	if (!child) {
		if (read(go[0], &c, 1) != 1)
			_exit(2);
		_exit(count_pages(map, pages, page_is_mlocked) != 0);
	}
	/* A range without a writable pte is left alone, and fork() has left none */
	touch_range(map + len, len);
	/* In an LRU batch of this CPU: khugepaged takes none of those */
	drain_lru();
	madvise(map, huge, MADV_HUGEPAGE);
	write_number(pages_to_scan, 100000);
	let_khugepaged_sleep(10);
	for (tries = 0; tries < 600 && !page_is_huge(map); tries++)
		usleep(50000);
	write_number(pages_to_scan, scan);
	let_khugepaged_sleep(AN_HOUR);
	if (write(go[1], "g", 1) != 1)
		tap_bail_out("write");
	if (!page_is_huge(map)) {
		tap_skip(claim, "khugepaged made none in 30 seconds");
		child_agrees(child);
	} else {
		tap_check(child_agrees(child), "%s", claim);
	}
	unmap(map);
	close(go[0]);
	close(go[1]);
}

/* Memory enough for the huge page, and too little for what is touched then */
static void test_reclaim(void)
{
	const char *claim = "the locked half of a huge page is not swapped out";
	const char *why = NULL;
	char *map;

	if (huge > (size_t)4 << 20 || !make_swap()) {
		tap_skip(claim, "no swap, or not enough");
		return;
	}
	if (!memcg_join()) {
		why = "no memcg here";
	} else {
		memcg_limit(2 * huge);
		map = new_huge_page();
		memset(map, 1, huge);
		sys_mlock2(map, huge / 2, MLOCK_ONFAULT);
		push_out(4 * huge / page_size());
		if (all(map + huge / 2, huge / 2, page_is_present))
			why = "the half without a lock is not reclaimed, either";
		else
			tap_check(all(map, huge / 2, part_is_locked), "%s", claim);
		unmap(map);
	}
	if (why)
		tap_skip(claim, why);
	memcg_leave();
	end_swap();
}

int main(void)
{
	long long mlocked, unevictable, sleep;
	char *map;

	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	skip_without_page_flags();
	huge = huge_page_size();
	map = map_huge(huge);
	if (!map)
		tap_skip_all("no huge pages here");
	mprotect(map, huge / 2, PROT_READ);
	maps_parts = page_is_huge(map);
	unmap(map);

	tap_plan(42);
	/* Of what waits in the LRU batch of another CPU nothing is said */
	stay_on_cpu(0);
	sleep = read_number(scan_sleep);
	restore_setting(THP_DIR "enabled");
	restore_setting(scan_sleep);
	restore_setting(pages_to_scan);
	let_khugepaged_sleep(AN_HOUR);
	mlocked = at_rest("Mlocked");
	unevictable = at_rest("Unevictable");
	test_whole();
	test_zero_page();
	test_lock_half();
	test_munlock_half();
	test_change_half();
	test_split_in_batch();
	test_parent_writes("copied to a huge page", "madvise");
	test_child_writes("copied to a huge page", "madvise");
	test_parent_writes("copied to small pages", "never");
	test_child_writes("copied to small pages", "never");
	test_shared();
	test_khugepaged();
	test_khugepaged_shared();
	test_reclaim();
	tap_check(settles_to("Mlocked", mlocked),
		  "Mlocked of meminfo is what it was before");
	tap_check(settles_to("Unevictable", unevictable),
		  "Unevictable of meminfo is what it was before");
	let_khugepaged_sleep(sleep);
	return tap_exit();
}
