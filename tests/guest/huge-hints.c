// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages are locked on fault while NUMA balancing changes their pmds, which takes
 * each away for a moment: the call does not miss one.  Needs root, two nodes, and a
 * kernel with NUMA balancing.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/race.h"

#define BALANCING	"/proc/sys/kernel/numa_balancing"

enum { NR_HUGE = 16, SECONDS = 30 };

static size_t huge;
static char *area;
static volatile bool stop;

/* By what it touches, and by the CPU time that it uses, balancing goes */
static void *touch(void *unused)
{
	size_t i;

	stay_on_cpu(1);
	while (!stop)
		for (i = 0; i < NR_HUGE; i++)
			area[i * huge + 64]++;
	return unused;
}

static long long read_event(const char *name)
{
	FILE *f = fopen("/proc/vmstat", "re");
	long long value = -1;
	char line[128];
	size_t len = strlen(name);

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, len) && line[len] == ' ')
			value = atoll(line + len);
	if (f)
		fclose(f);
	return value;
}

/* The same as page_is_mlocked(), or absent; faster, for a look at many */
static bool is_mlocked_or_absent(const char *page)
{
	static int pagemap = -1, kpageflags;
	uint64_t entry, flags;

	if (pagemap < 0) {
		pagemap = open("/proc/self/pagemap", O_RDONLY);
		kpageflags = open("/proc/kpageflags", O_RDONLY);
	}
	if (pread64(pagemap, &entry, 8, (uintptr_t)page / page_size() * 8) != 8)
		tap_bail_out("/proc/self/pagemap");
	if (!(entry & PM_PRESENT))
		return true;
	if (pread64(kpageflags, &flags, 8, (entry & PM_PFN_MASK) * 8) != 8)
		tap_bail_out("/proc/kpageflags");
	return flags & KPF_MLOCKED;
}

/* It may be on its way to the other node when we look */
static bool is_missed(const char *page)
{
	unsigned int tries;

	for (tries = 0; tries < 20; tries++) {
		if (is_mlocked_or_absent(page))
			return false;
		usleep(1000);
	}
	return true;
}

int main(void)
{
	const char *updates = "numa_huge_pte_updates";
	unsigned int rounds = 0, missed = 0, i;
	long long before = read_event(updates);
	pthread_t thread;
	time_t end;

	if (!mlock2_supported())
		tap_skip_all("no mlock2()");
	huge = huge_page_size();
	if (access("/sys/devices/system/node/node1", F_OK) ||
	    access(BALANCING, W_OK))
		tap_skip_all("no second node, or no NUMA balancing");
	tap_plan(1);
	/* With CONFIG_SCHED_DEBUG; else once in a second, and less and less often */
	write_file(BALANCING "_scan_period_min_ms", "1");
	write_file(BALANCING "_scan_period_max_ms", "2");
	area = mmap(NULL, (NR_HUGE + 1) * huge, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		tap_bail_out("mmap");
	area = (char *)(((uintptr_t)area + huge - 1) & -huge);
	madvise(area, NR_HUGE * huge, MADV_HUGEPAGE);
	stay_on_cpu(0);
	for (i = 0; i < NR_HUGE; i++)
		area[i * huge] = 1;
	if (!page_is_huge(area) || pthread_create(&thread, NULL, touch, NULL))
		tap_bail_out("huge pages");
	end = time(NULL) + SECONDS;
	do {
		must_lock(area, NR_HUGE * huge);
		for (i = 0; i < NR_HUGE; i++)
			missed += is_missed(area + i * huge);
		munlock(area, NR_HUGE * huge);
		rounds++;
	} while (!missed && time(NULL) < end);
	stop = true;
	pthread_join(thread, NULL);
	if (!tap_check(!missed, "huge pages whose pmds balancing changes are locked"))
		printf("# got %u not Mlocked in round %u, want 0\n", missed, rounds);
	printf("# %u rounds, %lld pmds changed\n", rounds, read_event(updates) - before);
	return tap_exit();
}
