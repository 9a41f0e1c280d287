// SPDX-License-Identifier: GPL-2.0
/*
 * A child has locked pages, and we have locked KSM pages with the same contents, of which
 * it is not known how many have locked them.  ksmd merges the child's pages into ours one
 * by one, and we munlock each of ours as soon as that has happened: it stays Mlocked for
 * the child.  In a preemptible kernel we come between what ksmd does.  Needs root.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <dirent.h>
#include <sched.h>

#include "../../files/tools/testing/selftests/vm/ksm.h"
#include "../../files/tools/testing/selftests/vm/race.h"
#include "books.h"

enum { NR_PAGES = 512, ROUNDS = 4, MOST_SECONDS = 10, MOST_NS = 300000 };
#define LEN	(NR_PAGES * page_size())

static struct shared {
	struct meeting meeting;
	char *map;			/* of the child */
} *tasks;

static void fill(char *map, unsigned int round)
{
	unsigned int i, word;

	for (i = 0; i < NR_PAGES; i++)
		for (word = 0; word < page_size() / sizeof(word); word++)
			((unsigned int *)PAGE(map, i))[word] =
				(round * NR_PAGES + i + 1) * 2654435761u + word;
}

static char *map_filled(unsigned int round)
{
	char *map = map_pages(NR_PAGES);

	madvise(map, LEN, MADV_NOHUGEPAGE);
	fill(map, round);
	return map;
}

/* The process ID of ksmd, 0 if there is none */
static pid_t find_ksmd(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char name[300], is[64];
	pid_t found = 0;

	while (proc && !found && (entry = readdir(proc))) {
		FILE *f;

		snprintf(name, sizeof(name), "/proc/%s/comm", entry->d_name);
		f = fopen(name, "re");
		if (!f)
			continue;
		if (fgets(is, sizeof(is), f) && !strcmp(is, "ksmd\n"))
			found = atoi(entry->d_name);
		fclose(f);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* It locks its pages, and stays, between two meetings of which we wait for each */
static pid_t start_locker(unsigned int round)
{
	pid_t child = start_child();

	if (child)
		return child;
	stay_on_cpu(1);
	meet(&tasks->meeting);
	tasks->map = map_filled(round);
	must_lock(tasks->map, LEN);
	if (madvise(tasks->map, LEN, MADV_MERGEABLE))
		_exit(1);
	meet(&tasks->meeting);
	for (;;)
		pause();
}

static uint64_t look(int pagemap, const char *addr)
{
	uint64_t entry = 0;

	if (pread(pagemap, &entry, sizeof(entry),
		  (uintptr_t)addr / page_size() * sizeof(entry)) != sizeof(entry))
		tap_bail_out("/proc/PID/pagemap");
	return entry & PM_PRESENT ? entry & PM_PFN_MASK : 0;
}

/* Returns how many of the child's pages are present, and not Mlocked; @merged, how many were merged */
static unsigned int one_round(unsigned int round, bool preempt, unsigned int *merged)
{
	const struct sched_param first = { .sched_priority = 50 }, none = { 0 };
	static uint64_t pfn[NR_PAGES];
	unsigned int i, seed = round, lost = 0;
	pid_t child = start_locker(round);
	char name[64], *ours, *other;
	struct timespec pause;
	time_t end;
	int pagemap;

	ours = map_filled(round);
	other = map_filled(round);
	if (!ksm_merge(ours, other, LEN))
		tap_bail_out("KSM did not merge the pages");
	mprotect(ours, LEN, PROT_READ);
	must_lock(ours, LEN);
	munmap(other, LEN);
	/* What was moved is not counted */
	for (i = 0; i < 3; i++)
		write_file("/proc/sys/vm/compact_memory", "1");
	meet(&tasks->meeting);
	meet(&tasks->meeting);
	snprintf(name, sizeof(name), "/proc/%d/pagemap", child);
	pagemap = open(name, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < NR_PAGES; i++)
		pfn[i] = pagemap_entry(PAGE(ours, i)) & PM_PFN_MASK;
	end = time(NULL) + MOST_SECONDS;
	ksm_write(KSM_DIR "run", 1);
	if (preempt && sched_setscheduler(0, SCHED_FIFO, &first))
		tap_bail_out("sched_setscheduler");
	for (i = 0; i < NR_PAGES && time(NULL) < end;) {
		if (preempt) {
			pause.tv_sec = 0;
			pause.tv_nsec = 10000 + rand_r(&seed) % MOST_NS;
			nanosleep(&pause, NULL);
		}
		while (i < NR_PAGES && look(pagemap, PAGE(tasks->map, i)) == pfn[i]) {
			munlock(PAGE(ours, i), page_size());
			++*merged;
			i++;
		}
	}
	sched_setscheduler(0, SCHED_OTHER, &none);
	ksm_write(KSM_DIR "run", 0);
	for (i = 0; i < NR_PAGES; i++) {
		uint64_t now = look(pagemap, PAGE(tasks->map, i));

		lost += now && !(read_u64_at("/proc/kpageflags", now) & KPF_MLOCKED);
	}
	close(pagemap);
	end_child(child);
	munmap(ours, LEN);
	return lost;
}

int main(void)
{
	unsigned int round, lost = 0, merged = 0;
	cpu_set_t here;
	pid_t ksmd;

	skip_without_page_flags();
	ksmd = find_ksmd();
	if (!ksmd || access("/proc/sys/vm/compact_memory", W_OK))
		tap_skip_all("no ksmd, or no compaction");
	tap_plan(2);
	if (!ksm_begin())
		tap_bail_out("KSM");
	tasks = (struct shared *)map_shared(page_size());
	tasks->meeting.parties = 2;
	stay_on_cpu(0);
	if (sched_getaffinity(0, sizeof(here), &here))
		tap_bail_out("sched_getaffinity");
	for (round = 0; round < ROUNDS; round++) {
		/* ksmd is where we are, and we preempt it, or it is on any CPU */
		sched_setaffinity(ksmd, sizeof(here), round % 2 ? all_cpus() : &here);
		lost += one_round(round, !(round % 2), &merged);
	}
	sched_setaffinity(ksmd, sizeof(cpu_set_t), all_cpus());
	/* Not to have tried is no success */
	if (!tap_check(!lost && merged >= NR_PAGES,
		       "a page that KSM merges while another task munlocks it stays Mlocked"))
		printf("# got %u lost of %u merged\n", lost, merged);
	printf("# %u pages merged\n", merged);
	ksm_end();
	tap_check(!stray_pages(), "nothing stays Mlocked of what KSM merged");
	return tap_exit();
}
