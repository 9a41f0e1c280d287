// SPDX-License-Identifier: GPL-2.0
/*
 * A page whose page lock somebody holds, which is off its LRU list, or which is
 * being migrated is locked and unlocked all the same, at once.  Needs the module
 * hold_page, loaded; root; and mlock2() for a part of it.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "../../../files/tools/testing/selftests/vm/child.h"
#include "../../../files/tools/testing/selftests/vm/huge_pages.h"

enum { NR_PAGES = 8, HELD = 3 };
#define LEN	(NR_PAGES * page_size())
#define KPF_LOCKED	(1ULL << 0)
#define MARKS	(KPF_MLOCKED | KPF_UNEVICTABLE)

/* To a file of the module; returns whether it was taken */
static bool tell(const char *file, unsigned long long number)
{
	char name[64], text[32];
	bool ok;
	int fd;

	snprintf(name, sizeof(name), "/sys/kernel/debug/hold_page/%s", file);
	snprintf(text, sizeof(text), "%llu", number);
	fd = open(name, O_WRONLY);
	if (fd < 0)
		tap_bail_out(name);
	ok = write(fd, text, strlen(text)) > 0;
	close(fd);
	return ok;
}

static uint64_t pfn_of(const void *addr)
{
	return pagemap_entry(addr) & PM_PFN_MASK;
}

/* "lock" or "isolate", until let_go() */
static void hold(const char *how, const void *addr)
{
	drain_lru();	/* A page in a batch cannot be isolated */
	if (!tell(how, pfn_of(addr)))
		tap_bail_out(how);
}

static void let_go(const char *how)
{
	tell(how, 0);
}

/*
 * Each off its LRU list and back: how many have locked it is not known afterwards, so that
 * munlock() has to ask the others.  It keeps these for a check, has no room for many, and so
 * comes to @end only after the check of the first ones.
 */
static void forget_counts(const char *map, const char *end)
{
	for (; map < end; map += page_size()) {
		hold("isolate", map);
		let_go("isolate");
	}
	drain_lru();
}

static void forget_count(const char *addr)
{
	forget_counts(addr, addr + page_size());
}

static void go_on(int to_it[2])
{
	if (write(to_it[1], "g", 1) != 1)
		tap_bail_out("write");
}

static bool is_held(const void *addr)
{
	return page_kflags(addr) & KPF_LOCKED;
}

static char *touched(int fd, int flags)
{
	char *map = map_file_pages(fd, NR_PAGES, flags);

	touch_range(map, LEN);
	return map;
}

static void test(const char *what, int fd, int flags, bool has)
{
	char *map = touched(fd, flags), *page = map + HELD * page_size();

	hold("lock", page);
	tap_check(is_held(page), "%s: the page lock is held", what);
	if (has) {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(page_is_locked(page) && is_held(page),
			  "%s: mlock2() marks it", what);
	} else {
		tap_skip("mlock2() marks it", "no mlock2()");
	}
	munlock(map, LEN);
	tap_check(page_is_unlocked(page) && is_held(page),
		  "%s: munlock() unmarks it", what);
	mlock(map, LEN);
	tap_check(page_is_locked(page) && is_held(page),
		  "%s: mlock() marks it", what);
	/* Without the series munmap() would wait for us here, for ever */
	if (!has)
		let_go("lock");
	munmap(map, LEN);
	let_go("lock");
}

/* A child that does nothing any more */
static void say_and_stay(int fd)
{
	if (write(fd, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void wait_for(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		tap_bail_out("child");
}

/* Whether another process maps the page is asked below the page lock */
static void test_shared(void)
{
	char *map = touched(-1, MAP_SHARED | MAP_ANONYMOUS);
	char *page = map + HELD * page_size();
	pid_t locker, holder;
	int fd[2];

	if (pipe(fd))
		tap_bail_out("pipe");
	locker = start_child();
	if (!locker) {
		mlock(map, LEN);
		say_and_stay(fd[1]);
	}
	wait_for(fd[0]);
	mlock(map, LEN);
	hold("lock", page);
	holder = start_child();
	if (!holder) {
		usleep(200000);
		let_go("lock");
		_exit(0);
	}
	munlock(map, LEN);
	tap_check(page_is_locked(page),
		  "munlock() waits for the page lock, and leaves what others lock");
	if (child_status(holder))
		tap_bail_out("the process that holds the page lock");
	end_child(locker);
	munmap(map, LEN);
}

/* Does process @pid come to sleep without minding signals, as for a page lock? */
static bool comes_to_wait(pid_t pid)
{
	char name[64], line[256], *state;
	int tries;

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	for (tries = 0; tries < 200; tries++) {
		FILE *f = fopen(name, "re");

		if (!f)
			return false;
		state = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
		fclose(f);
		if (state && !strncmp(state, ") D", 3))
			return true;
		/* Or has ended */
		if (state && !strncmp(state, ") Z", 3))
			return false;
		usleep(50000);
	}
	return false;
}

/* A fault waits for the page lock, and marks the page when it has it */
static void test_fault(const char *how, bool writes, bool has)
{
	char waits[96], marked[96], *look, *page;
	int fd, to_us[2];
	pid_t pid;

	snprintf(waits, sizeof(waits), "a %s fault waits for the page lock", how);
	snprintf(marked, sizeof(marked), "the page of a %s fault that waited for the page lock is marked", how);
	if (!has) {
		tap_skip(waits, "no mlock2()");
		tap_skip(marked, "no mlock2()");
		return;
	}
	fd = make_file("/tmp", NR_PAGES);
	look = touched(fd, MAP_SHARED);
	page = look + HELD * page_size();
	if (pipe(to_us))
		tap_bail_out("pipe");
	hold("lock", page);
	pid = start_child();
	if (!pid) {
		char *map = map_file_pages(fd, NR_PAGES, MAP_SHARED);
		volatile char *touched_page = map + HELD * page_size();

		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		if (writes)
			*touched_page = 1;
		else
			(void)*touched_page;
		say_and_stay(to_us[1]);
	}
	tap_check(comes_to_wait(pid) && !(page_kflags(page) & MARKS), "%s", waits);
	let_go("lock");
	wait_for(to_us[0]);
	tap_check(page_is_locked(page), "%s", marked);
	end_child(pid);
	munmap(look, LEN);
	close(to_us[0]);
	close(to_us[1]);
	close(fd);
}

static void lock_by(const char *call, char *map)
{
	if (!strcmp(call, "mlock2()"))
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
	else
		mlock(map, LEN);
}

/* @nr claims, as "WHAT, CALL: CLAIM", about a call that is not there */
static void skip_claims(const char *what, const char * const *claims, int nr)
{
	char claim[128];
	int i;

	for (i = 0; i < nr; i++) {
		snprintf(claim, sizeof(claim), "%s, mlock2(): %s", what, claims[i]);
		tap_skip(claim, "no mlock2()");
	}
}

/* As reclaim and compaction do it */
static void test_isolated(const char *what, int fd, int flags, const char *call,
			  bool has)
{
	static const char * const claims[] = {
		"a page that is off its LRU list is Mlocked at once",
		"a page that was off its LRU list is Unevictable when it is put back",
		"munlock() unmarks a page at once when it is off its LRU list",
		"a page that was munlocked off its LRU list is neither when it is put back",
		"munmap() does so, too",
	};
	char *map, *page;
	uint64_t pfn;

	if (!has) {
		skip_claims(what, claims, 5);
		return;
	}
	map = touched(fd, flags);
	page = map + HELD * page_size();
	hold("isolate", page);
	lock_by(call, map);
	tap_check((page_kflags(page) & (KPF_MLOCKED | KPF_LRU)) == KPF_MLOCKED,
		  "%s, %s: %s", what, call, claims[0]);
	let_go("isolate");
	tap_check(batched_page_is_locked(page), "%s, %s: %s", what, call, claims[1]);

	hold("isolate", page);
	munlock(map, LEN);
	tap_check(!(page_kflags(page) & (KPF_MLOCKED | KPF_LRU)),
		  "%s, %s: %s", what, call, claims[2]);
	let_go("isolate");
	/* v5.10 puts it back by way of an LRU batch, and corrects its flags there */
	drain_lru();
	tap_check(page_is_unlocked(page), "%s, %s: %s", what, call, claims[3]);

	lock_by(call, map);
	hold("isolate", page);
	pfn = pfn_of(page);
	munmap(map, LEN);
	let_go("isolate");
	/* In that batch it has a reference, and is not freed */
	drain_lru();
	tap_check(!(read_u64_at("/proc/kpageflags", pfn) & MARKS),
		  "%s, %s: %s", what, call, claims[4]);
}

/* Another reference makes a migration fail: that of a pipe */
static bool migration_fails(char *page)
{
	struct iovec vec = { page, page_size() };
	bool failed;
	int fd[2];

	if (pipe(fd) || vmsplice(fd[1], &vec, 1, 0) != (ssize_t)page_size())
		tap_bail_out("vmsplice");
	failed = !tell("migrate", pfn_of(page)) && errno == EAGAIN;
	if (!failed)
		printf("# migrate: %m\n");
	close(fd[0]);
	close(fd[1]);
	return failed;
}

static void test_migration(const char *what, int fd, int flags, const char *call,
			   bool has)
{
	static const char * const claims[] = {
		"the page that a locked one moves to is locked",
		"a migration that fails leaves the page locked",
		"munlock() unmarks a page that has moved",
	};
	char *map, *page;
	uint64_t pfn;
	bool failed;

	if (!has) {
		skip_claims(what, claims, 3);
		return;
	}
	map = touched(fd, flags);
	page = map + HELD * page_size();
	lock_by(call, map);
	/* A new page that is in an LRU batch cannot be isolated */
	drain_lru();
	pfn = pfn_of(page);
	tap_check(tell("migrate", pfn) && pfn_of(page) != pfn &&
		  batched_page_is_locked(page), "%s, %s: %s", what, call, claims[0]);
	pfn = pfn_of(page);
	/* v5.10 has what it moved in an LRU batch, where it cannot be isolated */
	drain_lru();
	failed = migration_fails(page);
	if (!tap_check(failed && pfn_of(page) == pfn && batched_page_is_locked(page),
		       "%s, %s: %s", what, call, claims[1]))
		printf("# it %s, page %llx is %llx now, flags %llx\n",
		       failed ? "failed" : "did not fail",
		       (unsigned long long)pfn,
		       (unsigned long long)pfn_of(page),
		       (unsigned long long)page_kflags(page));
	munlock(map, LEN);
	tap_check(page_is_unlocked(page), "%s, %s: %s", what, call, claims[2]);
	munmap(map, LEN);
}

/* Start to migrate @page, in a child, and stop where it has migration entries */
static pid_t begin_migration(char *page)
{
	uint64_t pfn = pfn_of(page);
	pid_t pid;
	int tries;

	drain_lru();	/* A page in a batch cannot be isolated */
	tell("stop", 1);
	pid = start_child();
	if (!pid)
		_exit(!tell("migrate", pfn));
	for (tries = 0; tries < 200 && !page_is_swapped(page); tries++)
		usleep(50000);
	return pid;
}

static bool end_migration(pid_t pid)
{
	bool moved;

	tell("stop", 0);
	moved = !child_status(pid);
	drain_lru();	/* v5.10 has what was migrated in the batch of that CPU */
	return moved;
}

static void test_under_migration(bool has)
{
	static const char * const claims[] = {
		"mlock2() does not wait for a page under migration",
		"the page that a page under migration moves to is locked",
		"a page under migration that is touched is locked",
	};
	int fd = make_file("/tmp", NR_PAGES), to_us[2], i;
	char *map = touched(fd, MAP_SHARED);
	char *page = map + HELD * page_size();
	pid_t mover, toucher;
	bool waits;

	if (has) {
		mover = begin_migration(page);
		tap_check(!sys_mlock2(map, LEN, MLOCK_ONFAULT) &&
			  page_is_swapped(page), "%s", claims[0]);
		tap_check(end_migration(mover) && page_is_locked(page), "%s",
			  claims[1]);
		munlock(map, LEN);
	} else {
		for (i = 0; i < 2; i++)
			tap_skip(claims[i], "no mlock2()");
	}

	mlock(map, LEN);
	mover = begin_migration(page);
	munlock(map, LEN);
	tap_check(page_is_swapped(page) && end_migration(mover) &&
		  page_is_unlocked(page),
		  "munlock() while a page is under migration unlocks what it moves to");

	/* The child maps nothing that is locked, until it locks and touches */
	if (!has) {
		tap_skip(claims[2], "no mlock2()");
		goto out;
	}
	if (pipe(to_us))
		tap_bail_out("pipe");
	mover = begin_migration(page);
	toucher = start_child();
	if (!toucher) {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		*(volatile char *)page = 1;
		say_and_stay(to_us[1]);
	}
	waits = comes_to_wait(toucher);
	/* Which may fail: the fault has a reference to the page it waits for */
	end_migration(mover);
	wait_for(to_us[0]);
	tap_check(waits && page_is_locked(page), "%s", claims[2]);
	end_child(toucher);
out:
	munmap(map, LEN);
	close(fd);
}

/*
 * A page that a child shares is under migration when we munlock or unmap it: for a
 * moment only, for this kernel migrates it.  One that unmaps it from us alone, and then
 * fails, would leave it Mlocked in the child.
 */
static void test_half_way(const char *call, int (*unlock)(const void *, size_t))
{
	char *map = touched(-1, MAP_PRIVATE | MAP_ANONYMOUS);
	char *page = map + HELD * page_size(), c;
	int tries, to_us[2], to_it[2];
	pid_t sharer, mover;
	uint64_t pfn;

	if (pipe(to_us) || pipe(to_it))
		tap_bail_out("pipe");
	/* mlock() of the control kernel would copy what is shared */
	mprotect(map, LEN, PROT_READ);
	mlock(map, LEN);
	sharer = start_child();
	if (!sharer) {
		if (write(to_us[1], "", 1) != 1 || read(to_it[0], &c, 1) != 1)
			_exit(2);
		_exit(!page_is_unlocked(page));
	}
	wait_for(to_us[0]);
	drain_lru();	/* A page in a batch cannot be isolated */
	pfn = pfn_of(page);
	mover = start_child();
	if (!mover) {
		stay_on_cpu(1);
		_exit(!tell("migrate", pfn));
	}
	for (tries = 0; tries < 20000 && !page_is_swapped(page); tries++)
		;
	unlock(map, LEN);
	child_status(mover);
	drain_lru();	/* v5.10 has what was migrated in the batch of that CPU */
	go_on(to_it);
	tap_check(!child_status(sharer), "%s during a migration unlocks an anonymous page",
		  call);
	munmap(map, LEN);
}

/*
 * Reclaim unmaps a page from us, after munlock() has begun and before it comes there,
 * and then stops at a child, which has used it.  munlock() is held up by the page lock
 * of the first page, which it needs because the child maps that as well.
 */
static void test_reclaim_half_way(void)
{
	enum { NR = 64, HERE = 48 };
	const char *claim = "munlock() unlocks a page that reclaim takes from us alone";
	const size_t len = NR * page_size();
	int fd = make_file("/tmp", NR), to_us[2], to_it[2];
	char *map = map_file_pages(fd, NR, MAP_SHARED);
	char *page = map + HERE * page_size(), c;
	pid_t user, reclaim, us = getpid();
	uint64_t first, pfn;

	if (pipe(to_us) || pipe(to_it))
		tap_bail_out("pipe");
	touch_range(map, len);
	/* The order of the rmap walk is that of the VMAs: first we, then the child */
	user = start_child();
	if (!user) {
		touch_range(map, len);
		if (write(to_us[1], "", 1) != 1 || read(to_it[0], &c, 1) != 1)
			_exit(1);
		touch_range(map, len);
		say_and_stay(to_us[1]);
	}
	wait_for(to_us[0]);
	mlock(map, len);
	forget_counts(map, page + page_size());
	first = pfn_of(map);
	pfn = pfn_of(page);
	if (!page_is_locked(page))
		tap_bail_out("mlock");
	/* Not used by us, lately, but by the child */
	write_file("/proc/self/clear_refs", "1");
	go_on(to_it);
	wait_for(to_us[0]);
	tell("lock", first);
	reclaim = start_child();
	if (!reclaim) {
		bool done;

		munmap(map, len);
		done = comes_to_wait(us) && tell("unmap", pfn);
		let_go("lock");
		_exit(!done);
	}
	munlock(map, len);
	if (child_status(reclaim))
		tap_bail_out("munlock() that waits, or reclaim");
	drain_lru();	/* v5.10 puts it back by way of the LRU batch of that CPU */
	if (!read_u64_at("/proc/kpagecount", pfn))
		tap_skip(claim, "reclaim of this kernel does not stop at a page that was used");
	else if (!tap_check(!(pagemap_entry(page) & PM_PRESENT) &&
			    read_u64_at("/proc/kpagecount", pfn) == 1 &&
			    !(read_u64_at("/proc/kpageflags", pfn) & MARKS), "%s", claim))
		printf("# %s by us, %llu mappings, flags %llx\n",
		       pagemap_entry(page) & PM_PRESENT ? "mapped" : "not mapped",
		       (unsigned long long)read_u64_at("/proc/kpagecount", pfn),
		       (unsigned long long)read_u64_at("/proc/kpageflags", pfn));
	end_child(user);
	munmap(map, len);
	close(fd);
}

/*
 * The same, and the child unmaps the page meanwhile: nothing maps it when reclaim is done
 * with it, and PG_mlocked is about to be cleared.  Then we touch it.  On kernels that
 * do not wait for those two names (tests/expect/mutants-BASE.tsv) the child is done before.
 */
static void test_reclaim_last(void)
{
	enum { NR = 64, HERE = 48 };
	const size_t len = NR * page_size();
	int fd = make_file("/tmp", NR), to_us[2], to_it[2];
	char *map = map_file_pages(fd, NR, MAP_SHARED);
	char *page = map + HERE * page_size(), c;
	pid_t user, reclaim, us = getpid();
	uint64_t pfn;

	if (pipe(to_us) || pipe(to_it))
		tap_bail_out("pipe");
	touch_range(map, len);
	user = start_child();
	if (!user) {
		touch_range(map, len);
		stay_on_cpu(1);
		if (write(to_us[1], "", 1) != 1 || read(to_it[0], &c, 1) != 1 ||
		    prctl(PR_SET_NAME, "late-unmap") || munmap(page, page_size()) ||
		    prctl(PR_SET_NAME, "held"))
			_exit(1);
		say_and_stay(to_us[1]);
	}
	wait_for(to_us[0]);
	mlock(map, len);
	forget_counts(map, page + page_size());
	pfn = pfn_of(page);
	if (!page_is_locked(page))
		tap_bail_out("mlock");
	/* Not used by us, lately: v4.2 unmaps nothing else */
	write_file("/proc/self/clear_refs", "1");
	tell("lock", pfn_of(map));
	reclaim = start_child();
	if (!reclaim) {
		bool done;

		munmap(map, len);
		done = comes_to_wait(us) && write(to_it[1], "g", 1) == 1;
		usleep(100000);
		prctl(PR_SET_NAME, "late-reclaim");
		done = done && tell("unmap", pfn);
		prctl(PR_SET_NAME, "held");
		let_go("lock");
		_exit(!done);
	}
	munlock(map, len);
	/* Before the next line: it may be on its way */
	touch_range(page, page_size());
	if (child_status(reclaim))
		tap_bail_out("munlock() that waits, or reclaim");
	wait_for(to_us[0]);
	drain_lru();	/* What was put back waits in the batch of that CPU */
	if (!tap_check(pfn_of(page) == pfn &&
		       !(read_u64_at("/proc/kpageflags", pfn) & MARKS),
		       "munlock() unlocks a page that reclaim takes from us, and others unmap"))
		printf("# %llx, %llu mappings, flags %llx\n",
		       (unsigned long long)pagemap_entry(page),
		       (unsigned long long)read_u64_at("/proc/kpagecount", pfn),
		       (unsigned long long)read_u64_at("/proc/kpageflags", pfn));
	end_child(user);
	munmap(map, len);
	close(fd);
}

static int unmap(const void *map, size_t len)
{
	return munmap((void *)map, len);
}

/* Lock @map, say so, munlock it when told, and end */
static pid_t start_locker(const char *map, size_t len, int to_us[2], int to_it[2])
{
	pid_t child;
	char c;

	if (pipe(to_us) || pipe(to_it))
		tap_bail_out("pipe");
	child = start_child();
	if (!child) {
		if (read(to_it[0], &c, 1) != 1 || mlock(map, len) ||
		    write(to_us[1], "", 1) != 1 || read(to_it[0], &c, 1) != 1)
			_exit(1);
		munlock(map, len);
		_exit(0);
	}
	return child;
}

/*
 * A huge page that a child and we have locked: the child munlocks it, and waits for the
 * page lock, to check for us, while we split it.  If @third, another child locks it once
 * that has begun to wait, and munlocks it after the split.
 */
static void test_split(bool third)
{
	const char *claim = third ?
		"a huge page that is split during munlock of two other tasks is locked" :
		"a huge page that is split during munlock of another task is locked";
	const size_t huge = huge_page_size(), pages = huge / page_size();
	char *map = map_huge(huge);
	unsigned int locked;
	int to_us[2][2], to_it[2][2];
	pid_t child, other;

	if (!map || kernel_since(4, 5)) {
		tap_skip(claim, "no huge pages, or a split is of the pmd alone");
		return;
	}
	mprotect(map, huge, PROT_READ);
	mlock(map, huge);
	child = start_locker(map, huge, to_us[0], to_it[0]);
	other = start_locker(map, huge, to_us[1], to_it[1]);
	go_on(to_it[0]);
	wait_for(to_us[0][0]);
	forget_count(map);
	hold("lock", map);
	go_on(to_it[0]);
	if (!comes_to_wait(child))
		tap_bail_out("a child that munlocks");
	if (third) {
		go_on(to_it[1]);
		wait_for(to_us[1][0]);
	}
	/* The end of a VMA within it */
	mprotect(map, huge / 2, PROT_NONE);
	if (third) {
		go_on(to_it[1]);
		/* Or it waits, too, for the first page */
		comes_to_wait(other);
	}
	locked = count_pages(map, pages, page_is_mlocked);
	let_go("lock");
	if (!third) {
		go_on(to_it[1]);
		wait_for(to_us[1][0]);
		go_on(to_it[1]);
	}
	if (child_status(child) || child_status(other))
		tap_bail_out("a child that munlocks");
	if (!tap_check(!page_is_huge(map) && (third || locked == pages) &&
		       count_pages(map, pages, page_is_locked) == pages, "%s", claim))
		printf("# got %u Mlocked of %zu, then %u locked\n", locked, pages,
		       count_pages(map, pages, page_is_locked));
	munmap(map, 2 * huge);
}

int main(void)
{
	static const char * const calls[] = { "mlock2()", "mlock()" };
	bool has = mlock2_supported();
	int fd, i;

	tap_plan(9 + 4 + 2 * 2 * (5 + 3) + 4 + 6);
	/* What is migrated or put back is in the LRU batch of this CPU then */
	stay_on_cpu(0);
	test("anonymous", -1, MAP_PRIVATE | MAP_ANONYMOUS, has);
	fd = make_file("/tmp", NR_PAGES);
	test("tmpfs", fd, MAP_SHARED, has);
	test_shared();
	test_fault("read", false, has);
	test_fault("write", true, has);
	for (i = 0; i < 2; i++) {
		test_isolated("anonymous", -1, MAP_PRIVATE | MAP_ANONYMOUS,
			      calls[i], has || i);
		test_isolated("tmpfs", fd, MAP_SHARED, calls[i], has || i);
		test_migration("anonymous", -1, MAP_PRIVATE | MAP_ANONYMOUS,
			       calls[i], has || i);
		test_migration("tmpfs", fd, MAP_SHARED, calls[i], has || i);
	}
	close(fd);
	test_under_migration(has);
	test_half_way("munlock()", munlock);
	test_half_way("munmap()", unmap);
	test_reclaim_half_way();
	test_reclaim_last();
	test_split(false);
	test_split(true);
	return tap_exit();
}
