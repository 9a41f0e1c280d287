// SPDX-License-Identifier: GPL-2.0
/*
 * MADV_DONTNEED_LOCKED: what MADV_DONTNEED does, in locked ranges, too.  They stay
 * locked.  Needs root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "child.h"
#include "huge_pages.h"
#include "meminfo.h"
#include "page_state.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif

enum { NR_PAGES = 16, FREED = 8 };	/* the first half is given back */
#define LEN	(NR_PAGES * page_size())
#define PAGE(map, n)	((map) + (n) * page_size())

static volatile char sink;

static int give_back(void *map, size_t len)
{
	return madvise(map, len, MADV_DONTNEED_LOCKED);
}

/* A lock of either kind: @lf if it is on fault */
static void test_locked(const char *how, bool lf)
{
	char *map = map_pages(NR_PAGES);
	long long charged = locked_pages();
	struct vma vma;
	unsigned int i, zero = 0;

	if (lf ? sys_mlock2(map, LEN, MLOCK_ONFAULT) : mlock(map, LEN))
		tap_bail_out(how);
	touch_range(map, LEN);
	tap_check(error_of(madvise(map, LEN, MADV_DONTNEED)) == EINVAL &&
		  count_pages(map, NR_PAGES, batched_page_is_locked) == NR_PAGES,
		  "%s: MADV_DONTNEED is EINVAL, and leaves the pages", how);
	tap_check(!give_back(map, FREED * page_size()), "%s: the advice is taken", how);
	tap_check(!count_pages(map, FREED, page_is_present), "%s: the pages are gone", how);
	tap_check(count_pages(PAGE(map, FREED), NR_PAGES - FREED, batched_page_is_locked) ==
		  NR_PAGES - FREED, "%s: pages beside those that are given back stay", how);
	vma = vma_of(map);
	tap_check(vma.lo && vma.lf == lf && locked_pages() == charged + NR_PAGES,
		  "%s: the range stays locked, of its kind, and charged", how);
	for (i = 0; i < FREED; i++)
		zero += !*PAGE(map, i);
	touch_range(map, FREED * page_size());
	tap_check(zero == FREED && count_pages(map, FREED, batched_page_is_locked) == FREED,
		  "%s: pages that were given back come back empty, and locked", how);
	munlock(map, LEN);
	tap_check(count_pages(map, NR_PAGES, page_is_unlocked) == NR_PAGES,
		  "%s: munlock unlocks all of them", how);
	munmap(map, LEN);
}

static void test_not_locked(void)
{
	char *map = map_pages(NR_PAGES);

	touch_range(map, LEN);
	tap_check(!give_back(map, FREED * page_size()) &&
		  count_pages(map, NR_PAGES, page_is_present) == NR_PAGES - FREED,
		  "a range that is not locked is given back, too");
	munmap(PAGE(map, 2), page_size());
	touch_range(map, 2 * page_size());
	mlock(map, 2 * page_size());
	tap_check(error_of(give_back(map, LEN)) == ENOMEM &&
		  !count_pages(map, 2, page_is_present) &&
		  !count_pages(PAGE(map, 3), NR_PAGES - 3, page_is_present),
		  "a range with a hole is ENOMEM, and given back all the same");
	munmap(map, LEN);
}

static void test_files(void)
{
	int fd = make_file("/tmp", NR_PAGES);
	char *shared = map_file_pages(fd, NR_PAGES, MAP_SHARED);
	char *private = map_file_pages(fd, NR_PAGES, MAP_PRIVATE);
	bool kept;

	mlock(shared, LEN);
	*PAGE(shared, 1) = 's';
	tap_check(!give_back(shared, LEN) && !count_pages(shared, NR_PAGES, page_is_present),
		  "pages of a shared file mapping are unmapped");
	kept = *PAGE(shared, 1) == 's' && *PAGE(shared, 0) == 'f';
	tap_check(kept && page_is_locked(PAGE(shared, 1)),
		  "pages of a shared file mapping come back with what they held, locked");
	munmap(shared, LEN);

	mlock(private, LEN);
	*PAGE(private, 0) = 'p';
	tap_check(!give_back(private, LEN) && *PAGE(private, 0) == 'f',
		  "a private copy of a page of a file is gone, and the file's page there");
	munmap(private, LEN);
	close(fd);
}

/* A child has locked the same pages: they are Mlocked for it, and for it alone */
static void test_shared(void)
{
	int fd = make_file("/tmp", NR_PAGES), to_us[2], to_it[2];
	char *map = map_file_pages(fd, NR_PAGES, MAP_SHARED);
	char *look = map_file_pages(fd, NR_PAGES, MAP_SHARED), c;
	pid_t child;

	if (pipe(to_us) || pipe(to_it))
		tap_bail_out("pipe");
	child = start_child();
	if (!child) {
		if (mlock(map, LEN) || write(to_us[1], "", 1) != 1 ||
		    read(to_it[0], &c, 1) != 1 || munlock(map, LEN) ||
		    write(to_us[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	if (read(to_us[0], &c, 1) != 1 || mlock(map, LEN))
		tap_bail_out("a child that locks");
	touch_range(look, LEN);
	give_back(map, LEN);
	tap_check(count_pages(look, NR_PAGES, page_is_mlocked) == NR_PAGES,
		  "pages that a child has locked, too, stay locked for it");
	if (write(to_it[1], "", 1) != 1 || read(to_us[0], &c, 1) != 1)
		tap_bail_out("a child that unlocks");
	tap_check(!count_pages(look, NR_PAGES, page_is_mlocked),
		  "pages that a child has unlocked, too, are locked for nobody");
	end_child(child);
	munmap(map, LEN);
	munmap(look, LEN);
	close(fd);
	close(to_us[0]);
	close(to_us[1]);
	close(to_it[0]);
	close(to_it[1]);
}

static void test_huge(void)
{
	const char *whole = "a locked huge page is given back", *part = "a part of one, too";
	const size_t huge = huge_page_size();
	char *map = map_huge(huge);

	if (!map) {
		tap_skip(whole, "no huge pages");
		tap_skip(part, "no huge pages");
		return;
	}
	mlock(map, huge);
	sink = *map;
	tap_check(!give_back(map, huge) && !page_is_present(map), "%s", whole);
	touch_range(map, huge);
	tap_check(!give_back(map, huge / 2) && !page_is_present(map) &&
		  page_is_present(map + huge / 2), "%s", part);
	munmap(map, 2 * huge);
}

static void test_counters(void)
{
	long long before;
	char *map;

	drain_lru();
	before = counter_kb("Mlocked");
	map = map_pages(NR_PAGES);
	mlock(map, LEN);
	give_back(map, LEN);
	tap_check(settles_to("Mlocked", before), "no page stays Mlocked");
	munmap(map, LEN);
}

int main(void)
{
	char *probe = map_pages(1);

	if (give_back(probe, page_size()))
		tap_skip_all("MADV_DONTNEED_LOCKED not in this kernel");
	munmap(probe, page_size());
	skip_without_page_flags();

	tap_plan(7 + 7 + 2 + 3 + 2 + 2 + 1);
	stay_on_cpu(0);
	test_locked("mlock()", false);
	test_locked("mlock2()", true);
	test_not_locked();
	test_files();
	test_shared();
	test_huge();
	test_counters();
	return tap_exit();
}
