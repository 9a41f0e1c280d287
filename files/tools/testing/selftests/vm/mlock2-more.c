// SPDX-License-Identifier: GPL-2.0
/*
 * Lock on fault where others have a hand in it: mappings that are no ordinary
 * memory, pages that another process touches for us or shares with us by way of
 * swap, and a move to another memcg.  Needs root, for /proc/kpageflags.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <glob.h>
#include <linux/perf_event.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "child.h"
#include "restore.h"
#include "swap_out.h"

enum { NR_PAGES = 64 };
#define LEN	(NR_PAGES * page_size())
#define PAGE(map, n)	((map) + (n) * page_size())

#define KPF_ANON	(1ULL << 12)
#define KPF_ZERO_PAGE	(1ULL << 24)

static volatile char sink;

static char *map_fd(int fd, size_t pages, int prot, int flags)
{
	char *map = mmap(NULL, pages * page_size(), prot, flags, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

static bool all(const char *map, size_t pages, bool (*is)(const void *))
{
	return count_pages(map, pages, is) == pages;
}

/* Device memory has no flags: the file may end before it */
static bool special_is_mlocked(const void *addr)
{
	uint64_t entry = pagemap_entry(addr), flags = 0;
	int fd;

	if (!(entry & PM_PRESENT))
		return false;
	fd = open("/proc/kpageflags", O_RDONLY);
	if (fd < 0)
		tap_bail_out("/proc/kpageflags");
	if (pread64(fd, &flags, 8, (entry & PM_PFN_MASK) * 8) != 8)
		flags = 0;
	close(fd);
	return flags & KPF_MLOCKED;
}

/* A mapping of this process, by the name at the end of its line in maps */
static char *mapping(const char *name, size_t *pages)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end;
	char line[512], *map = NULL;

	if (!f)
		tap_bail_out("/proc/self/maps");
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, name) &&
		    sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			map = (char *)start;
			*pages = (end - start) / page_size();
		}
	}
	fclose(f);
	return map;
}

/* The registers of a PCI device: VM_IO and VM_PFNMAP */
static char *map_device(void)
{
	char *map = NULL;
	glob_t files;
	size_t i;

	if (glob("/sys/bus/pci/devices/*/resource[0-5]", 0, NULL, &files))
		return NULL;
	for (i = 0; !map && i < files.gl_pathc; i++) {
		int fd = open(files.gl_pathv[i], O_RDWR);

		if (fd >= 0) {
			map = map_fd(fd, 1, PROT_READ, MAP_SHARED);
			close(fd);
		}
	}
	globfree(&files);
	return map;
}

/* The buffer of a perf event: faulted in, but VM_DONTEXPAND */
static char *map_perf(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
	};
	int fd = syscall(__NR_perf_event_open, &attr, 0, -1, -1, 0);
	char *map;

	if (fd < 0)
		return NULL;
	map = map_fd(fd, 1 + 4, PROT_READ | PROT_WRITE, MAP_SHARED);
	close(fd);
	return map;
}

static void test_special_vma(const char *what, char *map, size_t pages)
{
	long long charged = locked_pages();
	unsigned int present;
	char claim[96];

#define CLAIM(text) (snprintf(claim, sizeof(claim), "%s: %s", what, text), claim)
	if (!map) {
		tap_skip(CLAIM("can be locked on fault"), "none here");
		tap_skip(CLAIM("gets no flag and no charge"), "none here");
		tap_skip(CLAIM("nothing is faulted in or marked"), "none here");
		return;
	}
	present = count_pages(map, pages, page_is_present);
	tap_check(!sys_mlock2(map, pages * page_size(), MLOCK_ONFAULT), "%s",
		  CLAIM("can be locked on fault"));
	tap_check(!vma_of(map).lo && !vma_of(map).lf &&
		  locked_pages() == charged, "%s",
		  CLAIM("gets no flag and no charge"));
	tap_check(count_pages(map, pages, page_is_present) == present &&
		  !count_pages(map, pages, special_is_mlocked), "%s",
		  CLAIM("nothing is faulted in or marked"));
}

static void test_special(void)
{
	const char *claim =
		"a buffer that is mapped under MCL_ONFAULT has no flag or mark";
	size_t vdso_pages = 0, vvar_pages = 0;
	char *vdso = mapping("[vdso]", &vdso_pages);
	char *vvar = mapping("[vvar]", &vvar_pages);
	char *device = map_device(), *perf = map_perf();
	pid_t child;
	int status;

	test_special_vma("vDSO", vdso, vdso_pages);
	test_special_vma("vvar", vvar, vvar_pages);
	test_special_vma("device memory", device, 1);
	test_special_vma("perf buffer", perf, 1 + 4);
	if (device)
		munmap(device, page_size());
	if (!perf) {
		tap_skip(claim, "no perf events");
		return;
	}
	munmap(perf, 5 * page_size());
	child = start_child();
	if (!child) {
		if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
			_exit(2);
		perf = map_perf();
		if (!perf || count_pages(perf, 5, page_is_present))
			_exit(3);
		sink = *perf;
		_exit(vma_of(perf).lo || vma_of(perf).lf ||
		      special_is_mlocked(perf));
	}
	status = child_status(child);
	if (!tap_check(!status, "%s", claim))
		printf("# got status %d\n", status);
}

static void test_dev_zero(void)
{
	static const char * const claims[] = {
		"a page of a private mapping of /dev/zero is locked when written",
		"a page of a shared mapping of /dev/zero is locked when written",
	};
	int fd = open("/dev/zero", O_RDWR), i;

	for (i = 0; i < 2; i++) {
		char *map = map_fd(fd, NR_PAGES, PROT_READ | PROT_WRITE,
				   i ? MAP_SHARED : MAP_PRIVATE);

		if (!map) {
			tap_skip(claims[i], "no /dev/zero");
			continue;
		}
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		sink = *PAGE(map, 3);
		*PAGE(map, 3) = 1;
		tap_check(count_pages(map, NR_PAGES, page_is_present) == 1 &&
			  batched_page_is_locked(PAGE(map, 3)), "%s", claims[i]);
		munmap(map, LEN);
	}
	close(fd);
}

/* Anonymous, a file, PROT_NONE, a hole, anonymous: four pages each */
static void test_hole(void)
{
	const size_t len = 20 * page_size(), colours = (4 << 20) / page_size();
	char *area = map_pages(colours + 20), *map = area;
	int fd = make_file("/tmp", 4);
	unsigned int present;

	/* Where caches have colours, a file fits at one address in so many */
	while (mmap(PAGE(map, 4), 4 * page_size(), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED) {
		map += page_size();
		if (map > PAGE(area, colours))
			tap_bail_out("mmap");
	}
	munmap(area, map - area);
	munmap(map + len, PAGE(area, colours) - map);
	*PAGE(map, 1) = *PAGE(map, 6) = *PAGE(map, 9) = *PAGE(map, 17) = 1;
	mprotect(PAGE(map, 8), 4 * page_size(), PROT_NONE);
	munmap(PAGE(map, 12), 4 * page_size());
	present = count_pages(map, 20, page_is_present);

	tap_check(sys_mlock2(map, len, MLOCK_ONFAULT) && errno == ENOMEM,
		  "a range of several mappings with a hole is ENOMEM");
	tap_check(page_is_locked(PAGE(map, 1)) && page_is_locked(PAGE(map, 6)) &&
		  page_is_locked(PAGE(map, 9)),
		  "what is present before the hole is locked, in each mapping");
	tap_check(count_pages(map, 20, page_is_present) == present,
		  "a range with a hole faults nothing in");
	tap_check(file_page_is_unlocked(PAGE(map, 17)) && !vma_of(PAGE(map, 17)).lo,
		  "what is behind the hole is not locked");
	tap_check(locked_pages() == 12, "what is behind the hole is not charged");
	sys_mlock2(PAGE(map, 16), 4 * page_size(), MLOCK_ONFAULT);
	tap_check(munlock(map, len) && errno == ENOMEM && locked_pages() == 4,
		  "munlock ends at the hole, too");
	tap_check(file_page_is_unlocked(PAGE(map, 1)) &&
		  file_page_is_unlocked(PAGE(map, 6)) &&
		  file_page_is_unlocked(PAGE(map, 9)),
		  "munlock unlocks what is before the hole");
	tap_check(page_is_locked(PAGE(map, 17)), "munlock leaves what is behind the hole locked");
	munmap(map, len);
	close(fd);
}

/* By get_user_pages() of another task */
static void test_other_process(void)
{
	static const char * const claims[] = {
		"read by another process: an absent page is the zero page, unmarked",
		"read by another process: a page of a file is locked",
		"read by another process: what is mapped beside it is locked, too",
		"written by another process: a page is locked",
	};
	int fd = make_file("/tmp", NR_PAGES), status, i;
	char *anon = map_pages(NR_PAGES), *file = map_file_pages(fd, NR_PAGES, MAP_SHARED), c = 1;
	pid_t child;

	sys_mlock2(anon, LEN, MLOCK_ONFAULT);
	sys_mlock2(file, LEN, MLOCK_ONFAULT);
	child = start_child();
	if (!child) {
		struct iovec here = { &c, 1 }, read_anon = { PAGE(anon, 3), 1 };
		struct iovec read_file = { PAGE(file, 3), 1 };
		struct iovec write_anon = { PAGE(anon, 7), 1 };
		pid_t us = getppid();

		_exit(process_vm_readv(us, &here, 1, &read_anon, 1, 0) != 1 ||
		      process_vm_readv(us, &here, 1, &read_file, 1, 0) != 1 ||
		      process_vm_writev(us, &here, 1, &write_anon, 1, 0) != 1);
	}
	status = child_status(child);
	if (status) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "no process_vm_readv()");
	} else {
		tap_check((page_kflags(PAGE(anon, 3)) &
			   (KPF_ZERO_PAGE | KPF_MLOCKED)) == KPF_ZERO_PAGE, "%s",
			  claims[0]);
		tap_check(page_is_locked(PAGE(file, 3)), "%s", claims[1]);
		tap_check(count_pages(file, NR_PAGES, page_is_locked) ==
			  count_pages(file, NR_PAGES, page_is_present), "%s",
			  claims[2]);
		tap_check(batched_page_is_locked(PAGE(anon, 7)), "%s", claims[3]);
	}
	munmap(anon, LEN);
	munmap(file, LEN);
	close(fd);
}

/* A debugger writes data, and a breakpoint into what cannot be written */
static void test_ptrace(void)
{
	enum { NOT_ANON = 1, NOT_TEXT = 2, BROKEN = 4 };
	static const char * const claims[] = {
		"written by a debugger: an absent page is locked",
		"written by a debugger: the copy of a read-only page is locked",
	};
	int fd = make_file("/tmp", NR_PAGES), status;
	char *anon = map_pages(NR_PAGES);
	char *text = map_fd(fd, NR_PAGES, PROT_READ, MAP_PRIVATE);
	pid_t child;

	child = start_child();
	if (!child) {
		sys_mlock2(anon, LEN, MLOCK_ONFAULT);
		sys_mlock2(text, LEN, MLOCK_ONFAULT);
		sink = *PAGE(text, 5);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) || raise(SIGSTOP))
			_exit(BROKEN);
		_exit((batched_page_is_locked(PAGE(anon, 3)) ? 0 : NOT_ANON) |
		      (batched_page_is_locked(PAGE(text, 5)) &&
		       page_kflags(PAGE(text, 5)) & KPF_ANON ? 0 : NOT_TEXT));
	}
	/* It has ended if there is no ptrace(), and stopped if there is */
	if (waitpid(child, &status, 0) != child)
		tap_bail_out("waitpid");
	if (!WIFSTOPPED(status)) {
		status = BROKEN;
	} else if (!ptrace(PTRACE_POKEDATA, child, PAGE(anon, 3), (void *)1) &&
		   !ptrace(PTRACE_POKEDATA, child, PAGE(text, 5), (void *)1) &&
		   !ptrace(PTRACE_CONT, child, NULL, NULL)) {
		status = child_status(child);
	} else {
		end_child(child);
		status = BROKEN;
	}
	if (status & BROKEN) {
		tap_skip(claims[0], "no ptrace()");
		tap_skip(claims[1], "no ptrace()");
	} else {
		tap_check(!(status & NOT_ANON), "%s", claims[0]);
		tap_check(!(status & NOT_TEXT), "%s", claims[1]);
	}
	munmap(anon, LEN);
	munmap(text, LEN);
	close(fd);
}

/* What a probe is put on: it begins with an instruction that is no nop */
static __attribute__((noinline)) void probed(void)
{
	sink = 1;
}

#define UPROBE_EVENTS	"/sys/kernel/debug/tracing/uprobe_events"
#define UPROBE_DIR	"/sys/kernel/debug/tracing/events/uprobes/mlock2"

static void end_uprobe(void)
{
	if (access(UPROBE_DIR, F_OK))
		return;
	write_file(UPROBE_DIR "/enable", "0");
	write_file(UPROBE_EVENTS, "-:mlock2");
}

/* Define an event that is hit at @addr */
static bool make_uprobe(const char *addr)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end, offset;
	char line[512], path[256], event[512];

	if (!f)
		tap_bail_out("/proc/self/maps");
	*path = 0;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %*s %lx %*s %*s %255s", &start, &end,
			   &offset, path) == 4 &&
		    start <= (uintptr_t)addr && (uintptr_t)addr < end)
			break;
		*path = 0;
	}
	fclose(f);
	snprintf(event, sizeof(event), "p:mlock2 %s:0x%lx", path,
		 (unsigned long)addr - start + offset);
	restore_by(end_uprobe);
	write_file(UPROBE_EVENTS, event);
	return *path && !access(UPROBE_DIR, F_OK);
}

/* How many VM_IO mappings are there, or locked ones of them? */
static int count_io(bool locked)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	char line[512];
	int count = 0;

	if (!f)
		tap_bail_out("/proc/self/smaps");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmFlags:", 8) && strstr(line, " io"))
			count += !locked || strstr(line, " lo");
	fclose(f);
	return count;
}

/*
 * The kernel maps a page of its own into a process that hits its first probe, to
 * step the instruction there.  0 if that is not locked, 1 if it is, 2 if there
 * is none, 3 if the process does not survive it.  With @lock it is one that has
 * its future locked on fault.
 */
static int probe_page_is_locked(bool lock)
{
	pid_t child = start_child();
	int status;

	if (!child) {
		int before = count_io(false);

		if (lock)
			mlockall(MCL_FUTURE | MCL_ONFAULT);
		probed();
		_exit(count_io(false) == before ? 2 : count_io(true) != 0);
	}
	status = child_status(child);
	return status < 3 ? status : 3;
}

static void test_uprobe(void)
{
	static const char * const claims[] = {
		"the copy of a page of code that gets a probe is locked",
		"the page that a probed instruction is stepped in is not",
		"the page that is there when the probe has gone is locked",
		"the page that is there when the probe has gone is locked until munlock",
	};
	char *page = (char *)((uintptr_t)probed & -page_size());
	bool survives;
	int i, locked;

	if (!make_uprobe((char *)probed)) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "no uprobe events");
		return;
	}
	sys_mlock2(page, page_size(), MLOCK_ONFAULT);
	probed();
	write_file(UPROBE_DIR "/enable", "1");
	if (!(page_kflags(page) & KPF_ANON)) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "no probe was set");
		write_file(UPROBE_DIR "/enable", "0");
	} else {
		tap_check(batched_page_is_locked(page), "%s", claims[0]);
		survives = probe_page_is_locked(false) != 3;
		locked = survives ? probe_page_is_locked(true) : 0;
		if (locked == 2)
			tap_skip(claims[1], "no page is needed here");
		else if (!survives)
			tap_skip(claims[1], "what is probed dies here, locked or not");
		else
			tap_check(!locked, "%s", claims[1]);
		write_file(UPROBE_DIR "/enable", "0");
		probed();
		tap_check(page_is_locked(page), "%s", claims[2]);
		munlock(page, page_size());
		tap_check(page_is_unlocked(page), "%s", claims[3]);
	}
	munlock(page, page_size());
	end_uprobe();
}

/* What a page is to another process: answers when asked, until we hang up */
struct watcher {
	pid_t pid;
	int ask, answer;
};

enum state { UNLOCKED = 'u', LOCKED = 'l', NEITHER = 'n' };

static struct watcher watch(const char *page)
{
	struct watcher watcher;
	int ask[2], answer[2];
	char c;

	if (pipe(ask) || pipe(answer))
		tap_bail_out("pipe");
	watcher.pid = start_child();
	if (!watcher.pid) {
		close(ask[1]);
		sink = *page;
		while (read(ask[0], &c, 1) == 1) {
			c = page_is_unlocked(page) ? UNLOCKED :
			    page_is_locked(page) ? LOCKED : NEITHER;
			if (write(answer[1], &c, 1) != 1)
				break;
		}
		_exit(0);
	}
	close(ask[0]);
	close(answer[1]);
	watcher.ask = ask[1];
	watcher.answer = answer[0];
	return watcher;
}

static enum state watched(struct watcher *watcher)
{
	char c = 0;

	if (write(watcher->ask, "?", 1) != 1 || read(watcher->answer, &c, 1) != 1)
		tap_bail_out("the process that watches a page has gone");
	return c;
}

static void end_watch(struct watcher *watcher)
{
	close(watcher->ask);
	close(watcher->answer);
	if (child_status(watcher->pid))
		tap_bail_out("the process that watches a page");
}

static void test_swap_cache(void)
{
	static const char * const claims[] = {
		"a page in the swap cache that we have not mapped is not marked",
		"a page in the swap cache is marked when we touch it",
		"present before: a page that is in the swap cache, too",
		"munlock unlocks it for the other process, too",
		"pages that are swapped out move as such",
		"pages that moved while swapped out are locked when they are touched",
	};
	char *map = map_pages(NR_PAGES), *moved = map_pages(8);
	struct watcher watcher;
	bool ready;
	int i;

	ready = make_swap() && swap_out(map, NR_PAGES) &&
		page_is_swapped(PAGE(map, 7)) && page_is_swapped(PAGE(map, 30)) &&
		page_is_swapped(PAGE(map, 41));
	memcg_leave();
	if (!ready) {
		for (i = 0; i < 6; i++)
			tap_skip(claims[i], "no swap or no memcg here");
		goto out;
	}
	watcher = watch(PAGE(map, 7));
	if (watched(&watcher) != UNLOCKED || !page_is_swapped(PAGE(map, 7)))
		tap_bail_out("a second process did not get the page");
	sink = *PAGE(map, 30);
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(page_is_swapped(PAGE(map, 7)) && watched(&watcher) == UNLOCKED,
		  "%s", claims[0]);
	sink = *PAGE(map, 7);
	tap_check(page_is_locked(PAGE(map, 7)) && watched(&watcher) == LOCKED,
		  "%s", claims[1]);
	tap_check(page_is_locked(PAGE(map, 30)), "%s", claims[2]);
	munlock(map, 8 * page_size());
	tap_check(watched(&watcher) == UNLOCKED, "%s", claims[3]);
	if (mremap(PAGE(map, 40), 8 * page_size(), 8 * page_size(),
		   MREMAP_MAYMOVE | MREMAP_FIXED, moved) != moved)
		tap_bail_out("mremap");
	tap_check(page_is_swapped(PAGE(moved, 1)) && vma_of(moved).lf, "%s",
		  claims[4]);
	sink = *PAGE(moved, 1);
	tap_check(page_is_locked(PAGE(moved, 1)), "%s", claims[5]);
	end_watch(&watcher);
out:
	munmap(map, LEN);
	munmap(moved, 8 * page_size());
	end_swap();
}

/*
 * The counters of a memcg lag by up to 32 pages a CPU: none, or all, of 1024
 * pages are meant by what is nearer.
 */
static void test_memcg_move(void)
{
	static const char * const claims[] = {
		"pages that move to another memcg stay locked",
		"the memcg that pages move to counts them as unevictable",
		"the memcg that pages came from counts them no longer",
		"no memcg counts pages that moved after munlock",
	};
	enum { HALF = 512 };
	const char *to = MEMCG_ROOT "/to";
	const char *move = MEMCG_ROOT "/to/memory.move_charge_at_immigrate";
	char *anon = map_pages(HALF), *file;
	int fd = make_file("/tmp", HALF), i;

	if (ftruncate(fd, 0) || ftruncate(fd, HALF * page_size()))
		tap_bail_out("ftruncate");
	file = map_fd(fd, HALF, PROT_READ | PROT_WRITE, MAP_SHARED);
	if (!file)
		tap_bail_out("mmap");
	if (!memcg_join() || mkdir(to, 0700)) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "no memcg here");
	} else if (access(move, F_OK)) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "a charge does not move with its task here");
	} else {
		sys_mlock2(anon, HALF * page_size(), MLOCK_ONFAULT);
		sys_mlock2(file, HALF * page_size(), MLOCK_ONFAULT);
		memset(anon, 1, HALF * page_size());
		memset(file, 1, HALF * page_size());
		/* Those in an LRU batch cannot be isolated, and would not move */
		drain_lru();
		if (memcg_unevictable(MEMCG) < HALF)
			printf("# before: %lld pages\n", memcg_unevictable(MEMCG));
		write_file(move, "3");
		memcg_enter(to);
		tap_check(all(anon, HALF, batched_page_is_locked) &&
			  all(file, HALF, batched_page_is_locked), "%s", claims[0]);
		tap_check(memcg_unevictable(to) > 2 * HALF - HALF / 2, "%s",
			  claims[1]);
		tap_check(memcg_unevictable(MEMCG) < HALF / 2, "%s", claims[2]);
		munlock(anon, HALF * page_size());
		munlock(file, HALF * page_size());
		if (!tap_check(memcg_unevictable(to) < HALF / 2 &&
			       all(anon, HALF, page_is_unlocked) &&
			       all(file, HALF, page_is_unlocked), "%s", claims[3]))
			printf("# %lld pages; %u of %d and %u of %d unlocked\n",
			       memcg_unevictable(to),
			       count_pages(anon, HALF, page_is_unlocked), HALF,
			       count_pages(file, HALF, page_is_unlocked), HALF);
	}
	munmap(anon, HALF * page_size());
	munmap(file, HALF * page_size());
	close(fd);
	memcg_enter(MEMCG_ROOT);
	rmdir(to);
	memcg_leave();
}

int main(void)
{
	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	skip_without_page_flags();

	tap_plan(43);
	/* Of what waits in the LRU batch of another CPU nothing is said */
	stay_on_cpu(0);
	test_special();
	test_dev_zero();
	test_hole();
	test_other_process();
	test_ptrace();
	test_uprobe();
	test_swap_cache();
	test_memcg_move();
	return tap_exit();
}
