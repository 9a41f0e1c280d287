// SPDX-License-Identifier: GPL-2.0
/*
 * races - groups of tasks that share memory, lock it and take it away
 *
 *   races --seed N --seconds N     groups of that seed, until the time is over
 *   races --group SEED --seconds N     one group of a failing run, over and over
 *   --privilege     without privilege, under RLIMIT_MEMLOCK
 *   --without WORD,WORD  --kinds WORD,WORD     less of the vocabulary
 *   --stop     at the first failure
 *   --show N     print the first N groups and their programs, and do nothing
 *
 * The clerk, see races.h.  Needs root.  TAP: one result a group, which is ok if
 * the books agreed at each of its quiet points and after its end.
 */
#define _GNU_SOURCE
#include "races.h"

#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>

#include "books.h"
#include "sys.h"
#include "util.h"

#define GROUPS	"/tmp/races-groups"
#define GROUP	GROUPS "/group"
#define DISK_SWAP	"/tmp/disk/swap"

/*
 * How often the clerk wakes up, of its sleeps of 1 or 2 ms, before something
 * hangs: a slow host makes that last longer, where a clock would run on.
 */
enum { HANG_LOOKS = 30000, MOST_DETAILS = 3 };

struct control *ctl;
struct options opt = { .limit = 64 << 10, .kinds = -1 };
long page_size;

static unsigned int results, groups, failures, details;
static unsigned long operations, quiet_points;
static unsigned int lost;		/* groups */
static unsigned long ksm_unmarked, huge_unmarked;
static long long meanwhile[2][16];	/* of /proc/vmstat: at the start, in between */
static unsigned int suspicions, confirmed;
static bool stuck;
static unsigned int swapoffs, swapoffs_failed;
static unsigned long said[WHATS], succeeded[WHATS];
static double looked, quieted, worked, ended;	/* seconds */
static long long mlocked_at_start;

/* Both get pages, turn by turn */
static int swap_on(const char *device)
{
	return swapon(device, SWAP_FLAG_PREFER | 1);
}

/* It may be swap already, of a run before this one */
static void make_swap(void)
{
	static const char *const devices[] = { "/dev/ram0", DISK_SWAP };
	unsigned int i;

	for (i = 0; i < 2; i++)
		if ((!swapoff(devices[i]) || write_swap_header(devices[i])) &&
		    !swap_on(devices[i]))
			opt.swap[i] = devices[i];
}

/*
 * What takes a CPU away from whoever has it, for a moment, and nobody knows when: a task
 * may stop anywhere, and does so mostly where that does no harm.
 */
static void *disturb(void *arg)
{
	uint64_t rnd = (uintptr_t)arg;

	for (;;) {
		struct timespec pause = { 0, 5000000 };
		uint64_t end;

		if (!ctl->group.disturbs || ctl->stop) {
			nanosleep(&pause, NULL);
			continue;
		}
		pause.tv_nsec = 20000 << below(&rnd, 6);
		nanosleep(&pause, NULL);
		end = ticks() + below(&rnd, 1 << (10 + below(&rnd, 9)));
		while (ticks() < end && !ctl->stop)
			__asm__ volatile("pause");
	}
	return NULL;
}

static void start_disturbers(void)
{
	const struct sched_param priority = { .sched_priority = 1 };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), i;
	pthread_attr_t attr;
	pthread_t thread;
	cpu_set_t cpu;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &priority);
	for (i = 0; i < cpus; i++) {
		CPU_ZERO(&cpu);
		CPU_SET(i, &cpu);
		pthread_attr_setaffinity_np(&attr, sizeof(cpu), &cpu);
		if (pthread_create(&thread, &attr, disturb, (void *)(i + 1)))
			puts("# no task to disturb the others");
	}
	pthread_attr_destroy(&attr);
}

static void prepare(void)
{
	char text[32];

	/* It may all be there already, of a run before this one */
	mkdir(GROUPS, 0755);
	if (!access(GROUPS "/tasks", F_OK) ||
	    !mount("memcg", GROUPS, "cgroup", 0, "memory")) {
		set_file(GROUPS "/memory.use_hierarchy", "1");
		if (!mkdir(GROUP, 0755) || errno == EEXIST) {
			opt.group_dir = GROUP;
			/* Charges move between it and the one below it, and its limit is for both */
			mkdir(GROUP "/below", 0755);
			set_file(GROUP "/below/memory.move_charge_at_immigrate", "3");
			/* By tasks without privilege, too: they move themselves alone */
			chmod(GROUP "/cgroup.procs", 0666);
			chmod(GROUP "/below/cgroup.procs", 0666);
			books_use_memcg(GROUPS);
		}
	}
	mkdir("/tmp/disk", 0755);
	if (!mount("/dev/vda", "/tmp/disk", "ext2", 0, NULL) || errno == EBUSY)
		opt.disk_dir = "/tmp/disk";
	mkdir("/tmp/huge", 0755);
	if (!mount("huge", "/tmp/huge", "tmpfs", 0, "huge=always"))
		opt.huge_dir = "/tmp/huge";
	if (opt.disk_dir)
		chmod(opt.disk_dir, 01777);
	/*
	 * v4.2 takes each pte of PROT_NONE for a hint of NUMA balancing, and has a
	 * BUG_ON() where the kernel itself faults one in: for a forced access, or to
	 * break a KSM page.
	 */
	opt.no_prot_none = !access("/proc/sys/kernel/numa_balancing", F_OK) &&
		kernel_before(4, 9);
	opt.nodes = 1 + !access("/sys/devices/system/node/node1", F_OK);
	make_swap();
	/* Kids may become root by exec */
	chmod("/proc/self/exe", 04755);
	/* Daemons that do nothing but this */
	set_file("/sys/kernel/mm/ksm/pages_to_scan", "2000");
	set_file("/sys/kernel/mm/ksm/sleep_millisecs", "1");
	set_file("/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan", "16384");
	set_file("/sys/kernel/mm/transparent_hugepage/khugepaged/alloc_sleep_millisecs", "10");
	set_file("/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_shared", "511");
	set_file("/proc/sys/vm/stat_interval", "1");
	/* A group that reaches its limit is to lose a task, not to print */
	snprintf(text, sizeof(text), "%d", 0);
	set_file("/proc/sys/vm/oom_dump_tasks", text);
	set_file("/proc/sys/kernel/printk_ratelimit", "600");
}

/* Whether a line of a file of /proc begins with this word */
static bool proc_has(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char line[256];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, word, strlen(word));
	if (file)
		fclose(file);
	return found;
}

/* What the kernel has and the search goes without would not be missed otherwise */
static bool all_is_used(void)
{
	return (opt.group_dir || !proc_has("/proc/cgroups", "memory\t")) &&
	       (opt.disk_dir || access("/dev/vda", F_OK)) &&
	       (access("/proc/swaps", F_OK) ||
		((opt.swap[0] || access("/dev/ram0", F_OK)) &&
		 (opt.swap[1] || access("/dev/vda", F_OK))));
}

static void check(bool ok, const char *claim)
{
	failures += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", ++results, claim);
}

/* What the kernel did meanwhile: a word of the vocabulary may have had no effect */
static const char *const events[] = {
	"thp_fault_alloc", "thp_collapse_alloc", "thp_split", "thp_split_page",
	"thp_split_pmd", "thp_migration_success", "pgmigrate_success", "pgmigrate_fail", "compact_success",
	"pswpin", "pswpout", "cow_ksm", "unevictable_pgs_mlocked",
	"unevictable_pgs_munlocked", "unevictable_pgs_stranded",
};

static void read_events(long long *values)
{
	static char text[16384];
	int fd = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text + 1, sizeof(text) - 2);
	unsigned int i;

	close(fd);
	text[0] = '\n';
	text[got < 0 ? 1 : got + 1] = 0;
	for (i = 0; i < sizeof(events) / sizeof(*events); i++) {
		char name[64];
		const char *line;

		snprintf(name, sizeof(name), "\n%s ", events[i]);
		line = strstr(text, name);
		values[i] = line ? atoll(line + strlen(name)) : -1;
	}
}

static void print_events(void)
{
	unsigned int i;

	read_events(meanwhile[1]);
	printf("# the kernel:");
	for (i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (meanwhile[0][i] >= 0)
			printf(" %s %lld", events[i], meanwhile[1][i] - meanwhile[0][i]);
	printf(" swapoff %u", swapoffs);
	if (swapoffs_failed)
		printf(" (%u more failed)", swapoffs_failed);
	putchar('\n');
}

/* The founder makes the dead anew, and they share again what it has */
static void kill_workers(void)
{
	double start = now();
	unsigned int i;

	for (i = 0; i < ALL_SLOTS; i++) {
		const struct slot *slot = &ctl->slot[i];

		if (slot->state == PARKED && slot->pid > 1)
			kill(slot->pid, SIGKILL);
	}
	/* Kids last: their parents may not bury them any more, the founder does */
	for (i = 0; i < ALL_SLOTS; i++)
		while (ctl->slot[i].state == PARKED && now() - start < 5)
			sleep_ms(1);
}

static void start_round(unsigned int round)
{
	unsigned int i;

	ctl->clean_start = !round || (ctl->group.fresh & 1U << round);
	if (round && ctl->clean_start)
		kill_workers();
	make_programs(&ctl->group, round);
	for (i = 0; i < ALL_SLOTS; i++)
		if (ctl->slot[i].state != PARKED || i < MAX_SLOTS)
			ctl->slot[i].next = 0;
	ctl->stop = 0;
	ctl->round_start = ticks();
	__sync_fetch_and_add(&ctl->round, 1);
	syscall(SYS_futex, &ctl->round, FUTEX_WAKE, MAX_SLOTS, NULL, NULL, 0);
}

static bool is_quiet(void)
{
	unsigned int i;

	for (i = 0; i < ctl->group.slots; i++) {
		const struct slot *slot = &ctl->slot[i];

		/* While work is to be done, the dead come back */
		if (slot->state == DEAD && ctl->stop)
			continue;
		if (slot->state != PARKED || slot->finished != ctl->round)
			return false;
	}
	for (i = MAX_SLOTS; i < ALL_SLOTS; i++)
		if (ctl->slot[i].state == STARTING || ctl->slot[i].state == RUNNING)
			return false;
	return true;
}

static void print_file(pid_t pid, const char *thread, const char *name)
{
	char file[320], text[1024], *line, *rest = text;
	ssize_t got;
	int fd;

	snprintf(file, sizeof(file), "/proc/%d/task/%s/%s", pid, thread, name);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	got = read(fd, text, sizeof(text) - 1);
	if (got > 0) {
		text[got] = 0;
		while ((line = strsep(&rest, "\n")) && *line)
			printf("#   %s of %s: %s\n", name, thread, line);
	}
	close(fd);
}

static void print_threads(pid_t pid)
{
	char file[64];
	struct dirent *entry;
	DIR *tasks;

	snprintf(file, sizeof(file), "/proc/%d/task", pid);
	tasks = opendir(file);
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		print_file(pid, entry->d_name, "stat");
		print_file(pid, entry->d_name, "wchan");
		print_file(pid, entry->d_name, "stack");
	}
	if (tasks)
		closedir(tasks);
}

static void print_stuck(void)
{
	pid_t shown = 0;
	unsigned int i;
	char text[160];

	for (i = 0; i < ALL_SLOTS; i++) {
		const struct slot *slot = &ctl->slot[i];
		const struct record *rec = &slot->ring[(slot->next - 1) % RING];

		if (slot->state == EMPTY || slot->state == DEAD ||
		    slot->state == PARKED)
			continue;
		describe_op(text, sizeof(text), &rec->op);
		printf("# slot %u, task %d of %d, is stuck (state %d): %s%s\n", i,
		       slot->pid, slot->owner, slot->state,
		       !slot->next ? "nothing done" : rec->end ? "after " : "in ",
		       slot->next ? text : "");
		/* The threads of a process have slots side by side */
		if (slot->pid != shown)
			print_threads(slot->pid);
		shown = slot->pid;
	}
}

/*
 * What tasks have asked for.  While swap goes off nothing may be in its way: a page
 * that cannot be charged, or a signal, would make it fail.  A limit below what is in
 * use cannot be set: then a larger one.
 */
static void serve(void)
{
	unsigned long long pages = ctl->limit_wanted;
	char text[32];

	if (ctl->swapoff_wanted) {
		const char *swap = opt.swap[ctl->swapoff_wanted - 1];

		if (ctl->group.limit_pages)
			set_file(GROUP "/memory.limit_in_bytes", "-1");
		if (swapoff(swap))
			swapoffs_failed++;
		else if (swap_on(swap))
			printf("# swap is lost: %s\n", strerror(errno));
		else
			swapoffs++;
		if (!pages)
			pages = ctl->group.limit_pages;
		ctl->swapoff_wanted = 0;
	}
	for (; pages && pages < 1 << 20; pages *= 2) {
		snprintf(text, sizeof(text), "%llu", pages * page_size);
		if (set_file(GROUP "/memory.limit_in_bytes", text))
			break;
	}
	ctl->limit_wanted = 0;
}

/*
 * Wait for the end of the round, or end it; false if it does not end.  Without a
 * founder, which a lack of memory may have killed, there is nobody who buries.
 */
static bool finish_round(pid_t founder_pid)
{
	double start = now(), limit = ctl->group.round_ms / 1000.0;
	unsigned int looks = 0;

	if (ctl->group.places)
		limit = 2;
	while (!is_quiet() && now() - start < limit) {
		serve();
		sleep_ms(2);
	}
	ctl->stop = 1;
	__sync_synchronize();
	while (!is_quiet()) {
		if (waitpid(founder_pid, NULL, WNOHANG) == founder_pid) {
			lost++;
			return false;
		}
		if (++looks > HANG_LOOKS) {
			print_stuck();
			stuck = true;
			return false;
		}
		sleep_ms(2);
	}
	return true;
}

/* All of a group, however it stands, and whoever has no parent left */
static bool end_group(pid_t founder_pid)
{
	unsigned int looks;
	pid_t pid;

	ctl->stop = 1;
	for (looks = 0; looks < 2 * HANG_LOOKS; looks++) {
		kill(founder_pid, SIGKILL);
		kill(-founder_pid, SIGKILL);
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return true;
		if (!pid)
			sleep_ms(1);
	}
	print_stuck();
	return false;
}

static unsigned int compare_charges(void)
{
	const struct books_task *tasks;
	unsigned int nr = books_tasks(&tasks), i, bad = 0;
	long long charged = 0, locked = books_sums()->mlocked - mlocked_at_start;

	for (i = 0; i < nr; i++) {
		charged += tasks[i].charged;
		if (tasks[i].uid == 65534 && tasks[i].charged * page_size > (long long)opt.limit) {
			printf("# task %d is charged %lld pages, its limit is %llu\n",
			       tasks[i].pid, tasks[i].charged,
			       opt.limit / page_size);
			bad++;
		}
	}
	if (locked > charged) {
		printf("# %lld pages are Mlocked, all tasks are charged %lld\n",
		       locked, charged);
		bad++;
	}
	return bad;
}

/*
 * Can a plain lock be relied upon to mark all of what is present?  Not where it
 * may meet a page that it cannot fault in: it goes no further in that VMA then.
 * A family may say every word that takes pages away.
 */
static bool populate_succeeds(void)
{
	const uint64_t words = 1ULL << TRUNCATE | 1ULL << PUNCH | 1ULL << MPROTECT;

	return !ctl->group.in_memcg && !ctl->failed_locks && !ctl->group.family &&
		!(ctl->group.words & words);
}

/*
 * Does a difference count?  Where the base loses the mark as well it does not, see
 * books.h; but where no memory was ever shared over fork, the base keeps that of KSM
 * pages and, where it marks huge pages at all, of anonymous ones.  Processes of a
 * founder that unmaps have made theirs anew.
 */
static bool counts(const struct books_diff *diff)
{
	const bool shared = !ctl->group.founder_unmaps || ctl->forked;

	switch (diff->kind) {
	case BOOKS_UNMARKED_EAGER:
		return populate_succeeds();
	case BOOKS_UNMARKED_HUGE:
		huge_unmarked += shared || !diff->anon;
		return !shared && diff->anon && (diff->on_fault || populate_succeeds());
	case BOOKS_UNMARKED_KSM:
		ksm_unmarked += shared;
		return !shared && (diff->on_fault || populate_succeeds());
	default:
		return true;
	}
}

/* The books, and what to say if they do not agree; false then */
static bool look(const char *when, bool sums)
{
	const struct books_diff *diffs;
	unsigned int nr, i, kinds[BOOKS_KINDS] = { 0 }, bad = 0, shown = 0;
	double start = now();

	books_quiet();
	quieted += now() - start;
	nr = books_check(&diffs, sums);
	quiet_points++;
	for (i = 0; i < nr; i++) {
		kinds[diffs[i].kind]++;
		bad += counts(&diffs[i]);
	}
	if (opt.privilege)
		bad += compare_charges();
	for (i = 0; i < ctl->complaints && i < MAX_COMPLAINTS; i++)
		printf("# %s\n", ctl->complaint[i]);
	bad += ctl->complaints;
	ctl->complaints = 0;
	if (bad) {
		printf("# %s:\n", when);
		for (i = 0; i < BOOKS_KINDS; i++)
			if (kinds[i])
				printf("# %u times: %s\n", kinds[i],
				       books_kind_name(i));
	}
	for (i = 0; bad && i < nr && details < MOST_DETAILS * BOOKS_KINDS; i++) {
		/* The first of each kind, in full */
		if (i && diffs[i].kind == diffs[i - 1].kind)
			continue;
		details++;
		books_print(&diffs[i]);
		if (diffs[i].kind < BOOKS_SPECIAL)
			print_history(diffs[i].pfn);
		shown++;
	}
	if (shown)
		print_programs();
	books_resume();
	looked += now() - start;
	return !bad;
}

static bool run_group(uint64_t seed, double deadline)
{
	struct team *group;
	unsigned int round, i;
	char text[64];
	double began;
	pid_t pid;
	bool ok = true, whole;

	memset(ctl, 0, sizeof(*ctl));
	group = &ctl->group;
	make_group(group, seed);
	ctl->stop = 1;
	if (group->limit_pages) {
		snprintf(text, sizeof(text), "%llu",
			 (unsigned long long)group->limit_pages * page_size);
		set_file(GROUP "/memory.limit_in_bytes", text);
	} else if (opt.group_dir) {
		set_file(GROUP "/memory.limit_in_bytes", "-1");
	}
	set_file("/sys/kernel/mm/ksm/run", group->ksm ? "1" : "0");
	set_file("/sys/kernel/mm/transparent_hugepage/enabled",
		   group->huge || group->khugepaged ? "madvise" : "never");
	set_file("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		   group->khugepaged ? "1" : "60000");
	regions_open(group);
	for (i = 0; i < group->slots; i++)
		ctl->slot[i].state = DEAD;
	fflush(stdout);
	pid = fork();
	if (!pid)
		founder();
	for (round = 0; round < group->rounds && ok && now() < deadline; round++) {
		start_round(round);
		snprintf(text, sizeof(text), "group %#llx, after round %u",
			 (unsigned long long)seed, round);
		began = now();
		whole = finish_round(pid);
		worked += now() - began;
		if (!whole)
			break;
		ok = look(text, false);
		suspicions += ctl->suspicions;
		confirmed += ctl->suspicions && !ok;
		ctl->suspicions = 0;
	}
	ok &= !stuck;
	stuck = false;
	for (i = 0; i < ALL_SLOTS; i++)
		operations += ctl->slot[i].done;
	for (i = 0; i < WHATS; i++) {
		said[i] += ctl->said[i];
		succeeded[i] += ctl->succeeded[i];
	}
	began = now();
	ok &= end_group(pid);
	ended += now() - began;
	for (i = 0; i < group->regions; i++)
		if (group->region[i].fd >= 0)
			close(group->region[i].fd);
	for (i = 0; i < 2; i++)
		if (opt.swap[i] && swap_on(opt.swap[i]) && errno != EBUSY)
			printf("# swap is lost: %s\n", strerror(errno));
	/* Without tasks there is nothing to remember */
	snprintf(text, sizeof(text), "group %#llx, after the last exit",
		 (unsigned long long)seed);
	if (ok && groups % 4 == 0)
		ok = look(text, true);
	return ok;
}

static void show_group(uint64_t seed)
{
	unsigned int round;

	memset(ctl, 0, sizeof(*ctl));
	make_group(&ctl->group, seed);
	for (round = 0; round < ctl->group.rounds; round++) {
		make_programs(&ctl->group, round);
		printf("# group %#llx, round %u\n", (unsigned long long)seed, round);
		print_programs();
	}
}

static uint64_t parse_words(const char *list, const char *const *names,
			    unsigned int nr)
{
	char *copy = strdup(list), *word, *rest = NULL;
	uint64_t bits = 0;

	for (word = strtok_r(copy, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		unsigned int i;

		for (i = 0; i < nr && strcmp(word, names[i]); i++)
			;
		if (i == nr) {
			printf("Bail out! no word '%s'\n", word);
			exit(1);
		}
		bits |= 1ULL << i;
	}
	free(copy);
	return bits;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, group = 0, state;
	unsigned int seconds = 60, show = 0;
	bool stop = false;
	double start, end;
	int i;

	if (argc > 2 && !strcmp(argv[1], "--exec"))
		return exec_program(atoi(argv[2]));	/* what a kid became */
	for (i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (!strcmp(argv[i], "--seed") && more)
			seed = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--group") && more)
			group = strtoull(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seconds") && more)
			seconds = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--privilege"))
			opt.privilege = true;
		else if (!strcmp(argv[i], "--show") && more)
			show = atoi(argv[++i]);
		else if (!strcmp(argv[i], "--stop"))
			stop = true;
		else if (!strcmp(argv[i], "--without") && more)
			opt.without = parse_words(argv[++i], what_names, WHATS);
		else if (!strcmp(argv[i], "--kinds") && more)
			opt.kinds = parse_words(argv[++i], kind_names, KINDS);
		else {
			printf("Bail out! what is %s?\n", argv[i]);
			return 1;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	page_size = sysconf(_SC_PAGESIZE);
	ctl = mmap(NULL, sizeof(*ctl), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ctl == MAP_FAILED) {
		puts("Bail out! no shared memory");
		return 1;
	}
	if (show) {
		for (state = seed; show; show--)
			show_group(group ? group : next_random(&state));
		return 0;
	}
	puts("TAP version 13");
	if (geteuid() || !books_open()) {
		puts("1..0 # SKIP needs root, /proc/kpageflags and kpagecount");
		return 4;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prepare();
	start_disturbers();
	printf("# seed %#llx%s; memory groups %s, disk %s, huge tmpfs %s, swap %s%s\n",
	       (unsigned long long)seed, opt.privilege ? ", without privilege" : "",
	       opt.group_dir ? "yes" : "no", opt.disk_dir ? "yes" : "no",
	       opt.huge_dir ? "yes" : "no", opt.swap[0] || opt.swap[1] ? "yes" : "no",
	       opt.no_prot_none ? ", without PROT_NONE" : "");
	read_events(meanwhile[0]);
	start = now();
	end = start + seconds;
	check(all_is_used(), "memory groups, the disk and swap are there if this kernel has them");
	check(look("before anything", true), "the books agree before anything");
	mlocked_at_start = books_sums()->mlocked;
	state = seed;
	while (now() < end) {
		uint64_t this = next_random(&state);
		double began = now();
		unsigned long before = operations;
		char claim[64];
		bool ok;

		if (group)
			this = group;
		if (opt.privilege) {
			uint64_t rnd = this;

			opt.limit = (64ULL << 10) << below(&rnd, 5);
		}
		ok = run_group(this, end);
		snprintf(claim, sizeof(claim), "the books of group %#llx agree",
			 (unsigned long long)this);
		groups++;
		check(ok, claim);
		if (!ok) {
			printf("# after %.0f s; again: --group %#llx\n", now() - start,
			       (unsigned long long)this);
			if (stop)
				break;
		}
		if (now() - began > 20)
			printf("# took %.0f s, %lu operations\n", now() - began,
			       operations - before);
	}
	printf("# %lu operations, %lu quiet points, %u groups, %.0f s (%.0f at work, %.0f looking, of that %.0f to get quiet, %.0f ending)\n",
	       operations, quiet_points, groups, now() - start, worked, looked,
	       quieted, ended);
	if (ksm_unmarked || huge_unmarked)
		printf("# not Mlocked in a VM_LOCKED VMA, as on the base: %lu times a KSM page, %lu times a huge page\n",
		       ksm_unmarked, huge_unmarked);
	if (suspicions)
		printf("# %u suspicions in a round, of which the books confirmed %u\n",
		       suspicions, confirmed);
	if (lost)
		printf("# %u groups lost their founder to a lack of memory\n", lost);
	for (i = 0; i < WHATS; i++)
		printf("%s%s %lu of %lu", i % 6 ? ", " : i ? "\n# " : "# ",
		       what_names[i], succeeded[i], said[i]);
	putchar('\n');
	print_events();
	/* Of one group it may be that all are to fail */
	if (said[MLOCK2] && !group)
		check(succeeded[MLOCK2], "mlock2() succeeds");
	printf("1..%u\n", results);
	return failures ? 1 : 0;
}
