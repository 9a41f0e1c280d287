// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever fault maps a page of an on-fault VMA, and whatever put a page there
 * before the call: it is Mlocked and on the unevictable list when the fault, or
 * the call, returns.  And the counters of the kernel agree.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <pthread.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "child.h"
#include "ksm.h"
#include "meminfo.h"
#include "ram_disk.h"
#include "restore.h"
#include "swap_out.h"

enum { NR_PAGES = 64 };
#define LEN	(NR_PAGES * page_size())
#define PAGE(map, n)	((map) + (n) * page_size())

static volatile char sink;

static void test_file(const char *where, const char *dir)
{
	int fd = make_file(dir, NR_PAGES);
	char *shared = map_file_pages(fd, NR_PAGES, MAP_SHARED), *private, claim[96];
	unsigned int present;

#define CLAIM(text) (snprintf(claim, sizeof(claim), "%s: %s", where, text), claim)
	sys_mlock2(shared, LEN, MLOCK_ONFAULT);
	tap_check(!count_pages(shared, NR_PAGES, page_is_present), "%s",
		  CLAIM("the call maps nothing that is in the page cache"));
	sink = *PAGE(shared, 5);
	tap_check(page_is_locked(PAGE(shared, 5)), "%s",
		  CLAIM("a page that is read is locked"));
	present = count_pages(shared, NR_PAGES, page_is_present);
	tap_check(count_pages(shared, NR_PAGES, page_is_locked) == present, "%s",
		  CLAIM("what fault-around maps beside a page that is read is locked"));
	*PAGE(shared, 40) = 1;
	tap_check(page_is_locked(PAGE(shared, 40)), "%s",
		  CLAIM("a page that is written through a shared mapping"));
	munmap(shared, LEN);

	private = map_file_pages(fd, NR_PAGES, MAP_PRIVATE);
	sys_mlock2(private, LEN, MLOCK_ONFAULT);
	sink = *PAGE(private, 5);
	tap_check(page_is_locked(PAGE(private, 5)), "%s",
		  CLAIM("a page that is read through a private mapping"));
	*PAGE(private, 5) = 2;
	tap_check(batched_page_is_locked(PAGE(private, 5)), "%s",
		  CLAIM("the copy of a page that was read through a private mapping"));
	*PAGE(private, 50) = 2;
	tap_check(batched_page_is_locked(PAGE(private, 50)), "%s",
		  CLAIM("a copy made at once"));
	munmap(private, LEN);

	private = map_file_pages(fd, NR_PAGES, MAP_PRIVATE);
	sink = *PAGE(private, 5);
	sys_mlock2(private, LEN, MLOCK_ONFAULT);
	tap_check(page_is_locked(PAGE(private, 5)), "%s",
		  CLAIM("present before: a clean page of a private mapping"));
	if (ftruncate(fd, 0) || ftruncate(fd, LEN))
		tap_bail_out("ftruncate");
	sink = *PAGE(private, 5);
	tap_check(page_is_locked(PAGE(private, 5)), "%s",
		  CLAIM("refaulted after truncation"));
	munmap(private, LEN);
	close(fd);
}

/*
 * A fault maps pages of the file around the one that is touched: but it may not lock
 * what it finds there of another mapping, wherever in a page table they lie.
 */
static void test_neighbours(void)
{
	enum { AROUND = 64, IN_FILE = 4 };
	const size_t len = AROUND * page_size();
	unsigned int at, unlocked = 0, locked = 0, stayed = 0;
	char *area = mmap(NULL, 2 * len, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = make_file("/tmp", IN_FILE);

	if (area == MAP_FAILED)
		tap_bail_out("mmap");
	area += -(uintptr_t)area % len;
	for (at = 0; at <= AROUND - IN_FILE; at += 3) {
		char *map = PAGE(area, at);

		if (mmap(area, len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
			 MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			tap_bail_out("mmap");
		madvise(area, len, 15 /* MADV_NOHUGEPAGE */);
		touch_range(area, len);
		/* Shared, some MMUs (MIPS) would have it at few addresses only */
		if (mmap(map, IN_FILE * page_size(), PROT_READ, MAP_PRIVATE |
			 MAP_FIXED, fd, 0) == MAP_FAILED)
			tap_bail_out("mmap of a file");
		sys_mlock2(map, IN_FILE * page_size(), MLOCK_ONFAULT);
		sink = *PAGE(map, at % IN_FILE);
		locked += page_is_locked(PAGE(map, at % IN_FILE));
		unlocked += count_pages(area, AROUND, page_is_locked) ==
			count_pages(map, IN_FILE, page_is_locked);
		munlock(map, IN_FILE * page_size());
		stayed += count_pages(area, AROUND, page_is_mlocked);
	}
	at /= 3;
	if (!tap_check(locked == at && unlocked == at,
		       "a fault locks what it maps, and not what it finds around that"))
		printf("# got %u and %u of %u\n", locked, unlocked, at);
	if (!tap_check(!stayed, "munlock leaves none of what a fault found around it locked"))
		printf("# got %u pages, want 0\n", stayed);
	munmap(area, len);
	close(fd);
}

/*
 * However much of a file one fault may map (fault_around_bytes, where debugfs is
 * mounted), each page that is there counts once.
 */
static void test_large_around(void)
{
	static const char file[] = "/sys/kernel/debug/fault_around_bytes";
	enum { IN_FILE = 512, FIRST = 5, MANY = 96, BEHIND = 128 };
	const size_t len = IN_FILE * page_size();
	char *map = mmap(NULL, 2 * len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int present, locked, stayed, i;
	char text[32];
	int fd = make_file("/tmp", 1);

	if (map == MAP_FAILED)
		tap_bail_out("mmap");
	/* From the first page of a page table, where the window begins as well */
	map += -(uintptr_t)map % len;
	if (ftruncate(fd, len) || pwrite(fd, "", 1, FIRST * page_size()) != 1)
		tap_bail_out("a file with a hole");
	for (i = MANY; i < BEHIND; i++)
		if (pwrite(fd, "", 1, i * page_size()) != 1)
			tap_bail_out("write");
	if (mmap(map, len, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		tap_bail_out("mmap of a file");
	snprintf(text, sizeof(text), "%zu", len);
	if (!access(file, W_OK)) {
		restore_setting(file);
		write_file(file, text);
	}
	sys_mlock2(map, len, MLOCK_ONFAULT);
	for (i = MANY; i < BEHIND; i++)
		sink = *PAGE(map, i);
	present = count_pages(map, IN_FILE, page_is_present);
	locked = count_pages(map, IN_FILE, page_is_locked);
	munlock(map, len);
	stayed = count_pages(map, IN_FILE, page_is_mlocked);
	if (!tap_check(present >= BEHIND - MANY && locked == present && !stayed,
		       "a fault that may map 512 pages counts each once"))
		printf("# got %u present, %u locked, then %u\n", present, locked, stayed);
	restore_all();
	munmap(map, len);
	close(fd);
}

/* Absent from the page cache, too, so that a fault has to read it */
static bool drop_file(int fd, const char *map)
{
	unsigned char cached[NR_PAGES];
	size_t i;

	fsync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	write_file("/proc/sys/vm/drop_caches", "1");
	if (mincore((char *)map, LEN, cached))
		return false;
	for (i = 0; i < NR_PAGES; i++)
		if (cached[i] & 1)
			return false;
	return true;
}

#define EXT2_DIR "/tmp/mlock2-ext2"

static void end_ext2(void)
{
	umount(EXT2_DIR);
	rmdir(EXT2_DIR);
}

/* Is the RAM disk mounted at EXT2_DIR?  No if it is in use, or without mke2fs */
static bool mount_ext2(void)
{
	int fd = open_ram_disk();
	pid_t child;

	if (fd < 0)
		return false;
	close(fd);
	child = start_child();
	if (!child) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		execlp("mke2fs", "mke2fs", "-F", "-L", RAM_DISK_LABEL, RAM_DISK, NULL);
		_exit(127);
	}
	if (child_status(child))
		return false;
	mkdir(EXT2_DIR, 0700);
	restore_by(end_ext2);
	return !mount(RAM_DISK, EXT2_DIR, "ext2", 0, NULL);
}

/* Pages that the page cache lacks, and ->page_mkwrite(), which tmpfs has not */
static void test_ext2(void)
{
	static const char * const claims[] = {
		"ext2: a page that the fault reads from the disk is locked",
		"ext2: what is mapped beside a page that the fault reads from the disk is locked",
		"ext2: a page that the fault reads from the disk to be written",
		"ext2: a page that the fault reads from the disk to be copied",
	};
	char *shared, *private;
	unsigned int present;
	int fd, i;

	if (!mount_ext2()) {
		for (i = 0; i < 9; i++)
			tap_skip("ext2: what holds of tmpfs", "no ext2 here");
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "no ext2 here");
		end_ext2();
		return;
	}
	test_file("ext2", EXT2_DIR);
	fd = make_file(EXT2_DIR, NR_PAGES);
	shared = map_file_pages(fd, NR_PAGES, MAP_SHARED);
	private = map_file_pages(fd, NR_PAGES, MAP_PRIVATE);
	sys_mlock2(shared, LEN, MLOCK_ONFAULT);
	sys_mlock2(private, LEN, MLOCK_ONFAULT);
	if (!drop_file(fd, shared)) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "the file stays in the page cache");
	} else {
		sink = *PAGE(shared, 5);
		tap_check(page_is_locked(PAGE(shared, 5)), "%s", claims[0]);
		present = count_pages(shared, NR_PAGES, page_is_present);
		tap_check(count_pages(shared, NR_PAGES, page_is_locked) ==
			  present, "%s", claims[1]);
		*PAGE(shared, 40) = 1;
		tap_check(page_is_locked(PAGE(shared, 40)), "%s", claims[2]);
		*PAGE(private, 60) = 1;
		tap_check(batched_page_is_locked(PAGE(private, 60)), "%s", claims[3]);
	}
	munmap(shared, LEN);
	munmap(private, LEN);
	close(fd);
	end_ext2();
}

static void test_present_anonymous(void)
{
	char *map = map_pages(NR_PAGES);
	pid_t child;

	*PAGE(map, 1) = 1;
	sink = *PAGE(map, 2);
	*PAGE(map, 3) = 1;
	mprotect(PAGE(map, 3), page_size(), PROT_NONE);
	child = start_child();
	if (!child)
		for (;;)
			pause();
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(page_is_locked(PAGE(map, 1)),
		  "present before: a page that is read-only since a fork");
	tap_check(!(page_kflags(PAGE(map, 2)) & KPF_MLOCKED),
		  "the zero page is never marked");
	*PAGE(map, 2) = 1;
	tap_check(batched_page_is_locked(PAGE(map, 2)), "a page written over the zero page is locked");
	tap_check(page_is_locked(PAGE(map, 3)),
		  "present before: a page in a PROT_NONE part");
	munmap(map, LEN);
	end_child(child);
}

static void test_proc_mem(void)
{
	char *map = map_pages(NR_PAGES);
	struct iovec from = { "x", 1 }, to = { PAGE(map, 3), 1 };
	int fd = open("/proc/self/mem", O_RDWR);

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	/* pwrite() takes no address with the highest bit set, as sparc64 has them */
	lseek(fd, (uintptr_t)PAGE(map, 2), SEEK_SET);
	if (write(fd, "x", 1) != 1)
		tap_bail_out("/proc/self/mem");
	tap_check(batched_page_is_locked(PAGE(map, 2)), "written through /proc/PID/mem");
	close(fd);
	if (process_vm_writev(getpid(), &from, 1, &to, 1, 0) != 1)
		tap_skip("written by process_vm_writev()", "not in this kernel");
	else
		tap_check(batched_page_is_locked(PAGE(map, 3)),
			  "written by process_vm_writev()");
	munmap(map, LEN);
}

static void test_compaction(void)
{
	const char *claim = "pages are locked after memory was compacted";
	char *map = map_compacted(NR_PAGES, touch_on_fault);

	if (!map) {
		tap_skip(claim, "nothing is moved in this kernel");
		return;
	}
	tap_check(count_pages(map, NR_PAGES, batched_page_is_locked) == NR_PAGES, "%s", claim);
	munmap(map, LEN);
}

static void test_swap(void)
{
	static const char * const claims[] = {
		"swapped out before the call: absent after it",
		"swapped in by a read", "swapped in by a write",
		"swapped in by swapoff",
	};
	char *map = map_pages(NR_PAGES);
	unsigned int i;

	if (!make_swap() || !swap_out(map, NR_PAGES) ||
	    !page_is_swapped(PAGE(map, 7)) || !page_is_swapped(PAGE(map, 8)) ||
	    !page_is_swapped(PAGE(map, 9))) {
		for (i = 0; i < 4; i++)
			tap_skip(claims[i], "no swap or no memcg here");
		memcg_leave();
		end_swap();
		return;
	}
	memcg_leave();
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(page_is_swapped(PAGE(map, 7)), "%s", claims[0]);
	sink = *PAGE(map, 7);
	tap_check(page_is_locked(PAGE(map, 7)), "%s", claims[1]);
	*PAGE(map, 8) = 1;
	tap_check(page_is_locked(PAGE(map, 8)), "%s", claims[2]);
	end_swap();
	tap_check(page_is_locked(PAGE(map, 9)), "%s", claims[3]);
	munmap(map, LEN);
}

static void test_remap_file_pages(void)
{
	int fd = make_file("/tmp", NR_PAGES);
	char *map = map_file_pages(fd, NR_PAGES, MAP_SHARED);
	long long charged;

	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	charged = locked_pages();
	if (syscall(__NR_remap_file_pages, PAGE(map, 8), 4 * page_size(), 0, 40, 0)) {
		tap_skip("remap_file_pages keeps lock on fault", "not here");
		tap_skip("remap_file_pages of an on-fault range populates nothing", "not here");
		tap_skip("remap_file_pages of an on-fault range leaves the charge", "not here");
		tap_skip("remap_file_pages leaves the rest of the range locked", "not here");
	} else {
		tap_check(vma_of(PAGE(map, 8)).lf,
			  "remap_file_pages keeps lock on fault");
		tap_check(!count_pages(PAGE(map, 8), 4, page_is_present),
			  "remap_file_pages of an on-fault range populates nothing");
		tap_check(locked_pages() == charged, "remap_file_pages of an on-fault range leaves the charge");
		tap_check(vma_of(map).lf && vma_of(PAGE(map, 20)).lf,
			  "remap_file_pages leaves the rest of the range locked");
	}
	munmap(map, LEN);
	close(fd);
}

/* As it was before remap_file_pages() was made of mmap() */
static void test_remap_unlocked(void)
{
	const char *claim = "remap_file_pages of what is not locked locks nothing, whatever comes";
	int fd = make_file("/tmp", NR_PAGES);
	char *map = map_file_pages(fd, NR_PAGES, MAP_SHARED);

	mlockall(MCL_FUTURE | MCL_ONFAULT);
	if (syscall(__NR_remap_file_pages, PAGE(map, 8), 4 * page_size(), 0, 40, 0))
		tap_skip(claim, "not here");
	else
		tap_check(!vma_of(PAGE(map, 8)).lo && !locked_pages(), "%s", claim);
	munlockall();
	munmap(map, LEN);
	close(fd);
}

static void test_counters(void)
{
	int fd = make_file("/tmp", NR_PAGES);
	char *anon = map_pages(NR_PAGES), *file = map_file_pages(fd, NR_PAGES, MAP_SHARED);
	long long mlocked, unevictable, both;
	pid_t child;

	mlocked = at_rest("Mlocked");
	unevictable = at_rest("Unevictable");
	sys_mlock2(anon, LEN, MLOCK_ONFAULT);
	sys_mlock2(file, LEN, MLOCK_ONFAULT);
	memset(anon, 1, LEN);
	memset(file, 1, LEN);
	both = 2 * NR_PAGES * page_size() / 1024;
	tap_check(settles_to("Mlocked", mlocked + both),
		  "Mlocked of meminfo counts each page once");
	if (files_are_unevictable())
		tap_skip("Unevictable of meminfo counts each page once", "the counter has those of a ramfs, too");
	else
		tap_check(settles_to("Unevictable", unevictable + both),
			  "Unevictable of meminfo counts each page once");
	munlock(anon, LEN);
	munmap(file, LEN);
	tap_check(settles_to("Mlocked", mlocked) &&
		  (files_are_unevictable() ||
		   settles_to("Unevictable", unevictable)),
		  "Mlocked and Unevictable are back after munlock and munmap");
	child = start_child();
	if (!child) {
		mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
		memset(map_pages(NR_PAGES), 1, LEN);
		memset(map_file_pages(fd, NR_PAGES, MAP_SHARED), 1, LEN);
		_exit(0);
	}
	tap_check(!child_status(child) && settles_to("Mlocked", mlocked) &&
		  (files_are_unevictable() ||
		   settles_to("Unevictable", unevictable)),
		  "Mlocked and Unevictable are back after an exit with everything locked");
	munmap(anon, LEN);
	close(fd);
}

/* A page that two processes have locked stays locked for the other one */
static void test_shared_by_two(void)
{
	int fd = make_file("/tmp", NR_PAGES), to_child[2], to_us[2], status;
	char *map = map_file_pages(fd, NR_PAGES, MAP_SHARED), c;
	pid_t child;

	if (pipe(to_child) || pipe(to_us))
		tap_bail_out("pipe");
	memset(map, 1, LEN);
	child = start_child();
	if (!child) {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		if (write(to_us[1], "l", 1) != 1 || read(to_child[0], &c, 1) != 1)
			_exit(2);
		munmap(map, LEN);
		_exit(0);
	}
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	if (read(to_us[0], &c, 1) != 1)
		tap_bail_out("read");
	tap_check(count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "pages that two processes lock are locked");
	if (write(to_child[1], "u", 1) != 1)
		tap_bail_out("write");
	status = child_status(child);
	tap_check(!status && count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "pages that two processes lock stay locked when one has unmapped them");
	munlock(map, LEN);
	tap_check(count_pages(map, NR_PAGES, file_page_is_unlocked) == NR_PAGES,
		  "pages that two processes locked are unlocked when the second has unlocked them");
	munmap(map, LEN);
	close(fd);
}

static void test_refusals(void)
{
	int fd = make_file("/tmp", NR_PAGES);
	char *map = map_pages(NR_PAGES), *shared = map_file_pages(fd, NR_PAGES, MAP_SHARED);

	memset(map, 1, LEN);
	sys_mlock2(map, LEN, MLOCK_ONFAULT);
	tap_check(madvise(map, LEN, MADV_DONTNEED) && errno == EINVAL &&
		  count_pages(map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "MADV_DONTNEED is refused, as for mlock()");
	munmap(map, LEN);

	sys_mlock2(shared, LEN, MLOCK_ONFAULT);
	memset(shared, 1, LEN);
	tap_check(madvise(shared, LEN, MADV_REMOVE) && errno == EINVAL &&
		  count_pages(shared, NR_PAGES, page_is_locked) == NR_PAGES,
		  "MADV_REMOVE is refused, as for mlock()");
	tap_check(msync(shared, LEN, MS_INVALIDATE) && errno == EBUSY,
		  "msync(MS_INVALIDATE) is EBUSY, as for mlock()");
	munmap(shared, LEN);
	close(fd);
}

static void test_ksm(void)
{
	const char *claim = "present before: a page that KSM has merged";
	char *map = map_pages(NR_PAGES);
	const size_t half = NR_PAGES / 2 * page_size();

	memset(map, 0x5a, LEN);
	if (!ksm_begin()) {
		tap_skip(claim, "no KSM in this kernel");
		munmap(map, LEN);
		return;
	}
	if (!ksm_merge(map, map + half, half)) {
		tap_skip(claim, "KSM has not merged it in ten seconds");
	} else {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		tap_check(page_is_locked(PAGE(map, 3)), "%s", claim);
	}
	munmap(map, LEN);
	ksm_end();
}

static void *touch_on_other_cpu(void *page)
{
	stay_on_cpu(1);
	*(char *)page = 1;
	return NULL;
}

/* A new page is in the LRU batch of the CPU that touched it until that drains */
static void test_other_cpu(void)
{
	static const char * const claims[] = {
		"a page in the LRU batch of another CPU is marked by the call",
		"a page in the LRU batch of another CPU is unevictable when that has drained",
	};
	char *page = map_pages(1);
	pthread_t thread;

	if (CPU_COUNT(all_cpus()) == 1 ||
	    pthread_create(&thread, NULL, touch_on_other_cpu, page)) {
		tap_skip(claims[0], "one CPU");
		tap_skip(claims[1], "one CPU");
	} else {
		pthread_join(thread, NULL);
		sys_mlock2(page, page_size(), MLOCK_ONFAULT);
		tap_check(page_is_mlocked(page), "%s", claims[0]);
		drain_lru();
		tap_check(page_is_locked(page), "%s", claims[1]);
	}
	munmap(page, page_size());
}

static void test_shm_lock(void)
{
	const char *claim = "munlock leaves the pages of a SHM_LOCK segment unevictable";
	int id = shmget(IPC_PRIVATE, LEN, 0600);
	char *map = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	if (map == (void *)-1 || shmctl(id, SHM_LOCK, NULL)) {
		tap_skip(claim, "no System V shared memory");
	} else {
		sys_mlock2(map, LEN, MLOCK_ONFAULT);
		memset(map, 1, LEN);
		munlock(map, LEN);
		tap_check((page_kflags(map) & (KPF_MLOCKED | KPF_UNEVICTABLE)) ==
			  KPF_UNEVICTABLE, "%s", claim);
		shmctl(id, SHM_UNLOCK, NULL);
		shmdt(map);
	}
	if (id >= 0)
		shmctl(id, IPC_RMID, NULL);
}

struct race {
	char *map;
	volatile int stop;
};

static void *touch_forever(void *arg)
{
	struct race *race = arg;
	size_t i;

	while (!race->stop)
		for (i = 0; i < NR_PAGES && !race->stop; i++)
			*PAGE(race->map, i) = 1;
	return NULL;
}

static void test_races(void)
{
	long long mlocked = at_rest("Mlocked");
	struct race race = { .stop = 0 };
	pthread_t threads[2];
	unsigned int marked = 0;
	int round, i, failed = 0;
	pid_t child;

	race.map = map_pages(NR_PAGES);
	leave_cpu();
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, touch_forever, &race))
			tap_bail_out("pthread_create");
	for (round = 0; round < 2000; round++) {
		sys_mlock2(race.map, LEN, MLOCK_ONFAULT);
		if (round % 8 == 0)
			mprotect(PAGE(race.map, 8), 8 * page_size(),
				 PROT_READ | PROT_WRITE);
		munlock(race.map, LEN);
		/* While they are there, those that were touched meanwhile, too */
		if (round % 8 == 0) {
			/* A task that changes its CPU leaves some to the batch of the other */
			if (kernel_since(5, 18))
				drain_lru();
			marked += count_pages(race.map, NR_PAGES, page_is_mlocked);
		}
		madvise(race.map, LEN, MADV_DONTNEED);
	}
	race.stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	stay_on_cpu(0);
	memset(race.map, 1, LEN);
	if (!tap_check(!locked_pages() && !marked &&
		       count_pages(race.map, NR_PAGES, page_is_unlocked) == NR_PAGES,
		       "munlock while others touch leaves nothing marked"))
		printf("# got %u marked, %lld charged, want 0\n", marked, locked_pages());
	sys_mlock2(race.map, LEN, MLOCK_ONFAULT);
	tap_check(count_pages(race.map, NR_PAGES, page_is_locked) == NR_PAGES,
		  "mlock2 after a race of munlock with touches marks all");
	munmap(race.map, LEN);

	for (round = 0; round < 50; round++) {
		child = start_child();
		if (!child) {
			leave_cpu();
			/*
			 * Not our program since v5.18: tasks that lock and unlock the
			 * same pages of a file at once leave some Mlocked there.
			 */
			mlockall((kernel_since(5, 18) ? 0 : MCL_CURRENT) |
				 MCL_FUTURE | MCL_ONFAULT);
			race.map = map_pages(NR_PAGES);
			race.stop = 0;
			if (pthread_create(&threads[0], NULL, touch_forever, &race))
				_exit(1);
			while (!race.map[round % NR_PAGES * page_size()])
				sched_yield();
			_exit(0);
		}
		failed += !!child_status(child);
	}
	tap_check(!failed && settles_to("Mlocked", mlocked),
		  "exit while a thread touches leaves nothing marked");
}

int main(void)
{
	if (!mlock2_supported())
		tap_skip_all("mlock2() not in this kernel");
	skip_without_page_flags();

	tap_plan(58);
	/* Of what waits in the LRU batch of another CPU nothing is said */
	stay_on_cpu(0);
	test_file("tmpfs", "/tmp");
	test_neighbours();
	test_large_around();
	test_ext2();
	test_present_anonymous();
	test_proc_mem();
	test_compaction();
	test_remap_file_pages();
	test_remap_unlocked();
	test_shared_by_two();
	test_counters();
	test_refusals();
	test_ksm();
	test_other_cpu();
	test_shm_lock();
	test_races();
	test_swap();
	return tap_exit();
}
