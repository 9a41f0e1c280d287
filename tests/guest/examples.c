// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of examples/ do what they say, with mlock2() and without, for root and
 * for others.  Needs root, the programs beside it, and a disk /dev/vda.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <sys/resource.h>

#include "../../files/tools/testing/selftests/vm/child.h"
#include "../../files/tools/testing/selftests/vm/huge_pages.h"
#include "../../files/tools/testing/selftests/vm/swap_out.h"
#include "marker.h"

enum { NOBODY = 65534, NR_NODES = 4096, STEPS = 400, HOG_PAGES = 2048 };
#define DISK		"/dev/vda"
#define MADV_HUGE	14
#define NEEDS_MLOCK2	"needs mlock2()"

static bool has_mlock2;

/* ---- programs ---- */

struct program {
	pid_t pid;
	int in;			/* what is written here it reads */
	FILE *out;		/* what it prints, standard error as well */
	char line[512];		/* the last that was read */
};

struct user {
	uid_t uid;
	rlim_t limit;		/* RLIMIT_MEMLOCK */
	bool limited;		/* goes into the memcg */
};

static const struct user root = { .limit = RLIM_INFINITY };

static struct program start(const struct user *user, const char *const *argv)
{
	struct rlimit limit = { user->limit, user->limit };
	struct program program = { 0 };
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		tap_bail_out("pipe2");
	program.pid = start_child();
	if (!program.pid) {
		if (user->limited)
			memcg_enter(MEMCG);
		if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(out[1], 2) < 0 ||
		    setrlimit(RLIMIT_MEMLOCK, &limit) ||
		    (user->uid && (setgid(user->uid) || setuid(user->uid))))
			_exit(126);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	program.in = in[1];
	program.out = fdopen(out[0], "r");
	if (!program.out)
		tap_bail_out("fdopen");
	return program;
}

/* The next line that it prints, or "" at its end */
static const char *next_line(struct program *program)
{
	if (!fgets(program->line, sizeof(program->line), program->out))
		*program->line = 0;
	program->line[strcspn(program->line, "\n")] = 0;
	return program->line;
}

static void tell(struct program *program, const void *what, size_t len)
{
	if (write(program->in, what, len) != (ssize_t)len)
		tap_bail_out("a program that does not read");
}

/* End its input, take what it still prints; the status */
static int end(struct program *program)
{
	close(program->in);
	while (*next_line(program))
		;
	fclose(program->out);
	return child_status(program->pid);
}

/* The same; whether it says @text before that */
static bool says_at_its_end(struct program *program, const char *text, int *status)
{
	bool said = false;

	close(program->in);
	while (*next_line(program))
		said |= !!strstr(program->line, text);
	fclose(program->out);
	*status = child_status(program->pid);
	return said;
}

/* ---- what another process has ---- */

static unsigned int present_pages(pid_t pid, unsigned long start, size_t pages)
{
	unsigned int present = 0;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/pagemap", pid);
	while (pages--)
		present += !!(read_u64_at(name, start / page_size() + pages) &
			      PM_PRESENT);
	return present;
}

static unsigned int mlocked_pages(pid_t pid, unsigned long start, size_t pages)
{
	unsigned int mlocked = 0;
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/pagemap", pid);
	while (pages--) {
		uint64_t entry = read_u64_at(name, start / page_size() + pages);

		if (entry & PM_PRESENT)
			mlocked += !!(read_u64_at("/proc/kpageflags",
						  entry & PM_PFN_MASK) & KPF_MLOCKED);
	}
	return mlocked;
}

/* Memory in the memcg is short for a while */
static void push_out_others(size_t pages)
{
	pid_t child = start_child();

	if (!child) {
		memcg_enter(MEMCG);
		push_out(pages);
		push_out(pages);
		_exit(0);
	}
	if (child_status(child))
		tap_bail_out("the process that makes memory short");
}

/* ---- lockmap ---- */

enum { SHOWN = 16, EACH = 4 };

/* The two lines of lockmap about a VMA of EACH pages; true if they are as they must be */
static bool shows(struct program *lockmap, const char *map, const char *mode,
		  unsigned int resident, unsigned int mlocked, const char *pages)
{
	const int kb = page_size() / 1024;
	char want[256], got[256];
	bool good;

	snprintf(want, sizeof(want), "%012lx-%012lx rw-p %-9s %11d %10d %10d",
		 (unsigned long)map, (unsigned long)(map + EACH * page_size()), mode,
		 EACH * kb, resident * kb, mlocked * kb);
	next_line(lockmap);
	lockmap->line[strcspn(lockmap->line, "\n")] = 0;
	snprintf(got, sizeof(got), "%.*s", (int)strlen(want), lockmap->line);
	good = !strcmp(got, want);
	if (!good)
		printf("# got  %s\n# want %s\n", got, want);
	snprintf(want, sizeof(want), "  %s", pages);
	if (!strcmp(next_line(lockmap), want))
		return good;
	printf("# got  %s\n# want %s\n", lockmap->line, want);
	return false;
}

static void test_lockmap(void)
{
	char *map = map_pages(SHOWN), pid[16], range[64], want[64];
	const char *argv[] = { "/tests/lockmap", "-n", pid, range, NULL };
	struct program lockmap;
	bool found = false;

	/* VMAs of EACH pages: not locked, locked, on fault, and what was only read */
	touch_range(map, 2 * page_size());
	mlock(map + EACH * page_size(), EACH * page_size());
	if (has_mlock2)
		sys_mlock2(map + 2 * EACH * page_size(), EACH * page_size(),
			   MLOCK_ONFAULT);
	map[(2 * EACH + 1) * page_size()] = 1;
	(void)*(volatile char *)(map + 3 * EACH * page_size());
	/* Not part of the one before, where that is not on fault */
	mprotect(map + 3 * EACH * page_size(), EACH * page_size(), PROT_READ);
	drain_lru();

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(range, sizeof(range), "%lx-%lx", (unsigned long)map,
		 (unsigned long)(map + SHOWN * page_size()));
	lockmap = start(&root, argv);
	tap_check(shows(&lockmap, map, "-", 2, 0, "pp.."),
		  "lockmap shows pages that are not locked");
	tap_check(shows(&lockmap, map + EACH * page_size(), "locked", EACH, EACH, "LLLL"),
		  "lockmap shows pages that mlock() has locked");
	if (has_mlock2) {
		tap_check(shows(&lockmap, map + 2 * EACH * page_size(), "on fault", 1, 1,
				".L.."), "lockmap shows an on-fault range and its page");
	} else {
		tap_skip("lockmap shows an on-fault range and its page", NEEDS_MLOCK2);
		next_line(&lockmap);
		next_line(&lockmap);
	}
	next_line(&lockmap);
	tap_check(!strcmp(next_line(&lockmap), "  z..."), "lockmap shows the zero page");
	if (!tap_check(!end(&lockmap), "lockmap of root has nothing that it cannot see"))
		printf("# got %s\n", lockmap.line);

	/* With its heading */
	argv[1] = pid;
	argv[2] = range;
	argv[3] = NULL;
	snprintf(want, sizeof(want), "VmLck %lld kB (ranges), resident ",
		 read_kb("/proc/self/status", "VmLck"));
	lockmap = start(&root, argv);
	tap_check(strstr(next_line(&lockmap), want) &&
		  !strncmp(lockmap.line, pid, strlen(pid)),
		  "lockmap says first what is charged");
	end(&lockmap);

	/* All of it: the rows must hold this one */
	argv[2] = NULL;
	snprintf(want, sizeof(want), "%012lx-", (unsigned long)map);
	lockmap = start(&root, argv);
	while (*next_line(&lockmap))
		found |= !strncmp(lockmap.line, want, strlen(want));
	tap_check(found && !end(&lockmap), "lockmap without a range shows all mappings");
	munmap(map, SHOWN * page_size());
}

/* A huge page, of which old kernels have PG_mlocked in the first page alone */
static void test_lockmap_huge(void)
{
	const char *claim = "lockmap shows all pages of a huge page as Mlocked";
	size_t huge = huge_page_size();
	char *map = map_huge(huge), pid[16], range[64], want[128];
	const char *argv[] = { "/tests/lockmap", "-n", pid, range, NULL };
	struct program lockmap;

	if (!map) {
		tap_skip(claim, "no huge pages");
		return;
	}
	mlock(map, huge);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(range, sizeof(range), "%lx", (unsigned long)map);
	snprintf(want, sizeof(want), "  %.64s  x %zu",
		 "LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL",
		 huge / page_size() / 64);
	lockmap = start(&root, argv);
	next_line(&lockmap);
	if (!tap_check(!strcmp(next_line(&lockmap), want), "%s", claim))
		printf("# got %s\n", lockmap.line);
	end(&lockmap);
	munmap(map, 2 * huge);
}

static void test_lockmap_swap(const char *why_not)
{
	const char *claim = "lockmap shows pages that are swapped out";
	enum { OUT = 64 };
	char *map = map_pages(OUT), pid[16], range[64];
	const char *argv[] = { "/tests/lockmap", "-n", pid, range, NULL };
	struct program lockmap;
	unsigned int i, wrong = 0;

	if (why_not) {
		tap_skip(claim, why_not);
		return;
	}
	memcg_enter(MEMCG);
	memcg_limit(swap_pages() / 2 * page_size());
	touch_range(map, OUT * page_size());
	push_out(swap_pages());
	if (count_pages(map, OUT, page_is_swapped) < OUT / 2)
		tap_bail_out("pages that stay");
	memcg_limit(-1);
	memcg_enter(MEMCG_ROOT);
	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(range, sizeof(range), "%lx-%lx", (unsigned long)map,
		 (unsigned long)(map + OUT * page_size()));
	lockmap = start(&root, argv);
	next_line(&lockmap);
	next_line(&lockmap);
	for (i = 0; i < OUT; i++)
		wrong += lockmap.line[2 + i] !=
			 (page_is_swapped(map + i * page_size()) ? 's' : 'p');
	if (!tap_check(!wrong && strlen(lockmap.line) == 2 + OUT, "%s", claim))
		printf("# got %s\n", lockmap.line);
	end(&lockmap);
	munmap(map, OUT * page_size());
}

/* What nobody who is not root can see is said */
static void test_lockmap_of_nobody(void)
{
	static const struct user nobody = { .uid = NOBODY, .limit = 2 << 20 };
	const char *sarg[] = { "/tests/secrets", "1", NULL };
	struct program secrets = start(&nobody, sarg), lockmap;
	/* Kernels before 4.2 (v4.2-rc1 is one) show nobody else a pagemap */
	bool pagemap = kernel_since(4, 3), row = false, map = false, present = false;
	bool mlocked = false;
	const char *mode = has_mlock2 ? "on fault" : "locked";
	char pid[16], range[32], want[128];
	const char *argv[] = { "/tests/lockmap", "-n", pid, range, NULL };
	unsigned long where;

	if (sscanf(next_line(&secrets), "1 MiB at %lx", &where) != 1)
		tap_bail_out(secrets.line);
	tell(&secrets, "secret\n", 7);
	next_line(&secrets);
	snprintf(pid, sizeof(pid), "%d", secrets.pid);
	snprintf(range, sizeof(range), "%lx", where);
	/* One page of 1 MiB; without mlock2() a step of 64 kB is locked */
	snprintf(want, sizeof(want), " rw-p %-9s %11d %10d          ?", mode,
		 has_mlock2 ? 1024 : 64, has_mlock2 ? (int)page_size() / 1024 : 64);
	lockmap = start(&nobody, argv);
	while (*next_line(&lockmap)) {
		row |= !!strstr(lockmap.line, want);
		map |= !strncmp(lockmap.line, "  ?", 3);
		present |= !!strstr(lockmap.line, "cannot see which pages are present");
		mlocked |= !!strstr(lockmap.line, "cannot see which pages are Mlocked");
	}
	if (!tap_check(row, "lockmap without privileges shows mode, size and what is resident"))
		printf("# want%s\n", want);
	tap_check(mlocked, "lockmap without privileges says that it cannot see which pages are Mlocked");
	tap_check(map == pagemap && present == !pagemap,
		  "lockmap without privileges shows which pages are present, or says that it cannot see that");
	end(&lockmap);
	end(&secrets);

	/* Somebody else's */
	snprintf(pid, sizeof(pid), "%d", getpid());
	argv[1] = pid;
	argv[2] = NULL;
	lockmap = start(&nobody, argv);
	row = !!strstr(next_line(&lockmap), "/smaps: Permission denied");
	tap_check(end(&lockmap) == 1 && row,
		  "lockmap of another user's process says why it cannot");
	argv[1] = "4194305";
	lockmap = start(&root, argv);
	row = !!strstr(next_line(&lockmap), "is there such a process?");
	tap_check(end(&lockmap) == 1 && row, "lockmap of no process says so");
	argv[1] = "1x";
	lockmap = start(&root, argv);
	row = !strncmp(next_line(&lockmap), "usage: ", 7);
	tap_check(end(&lockmap) == 2 && row, "lockmap of what is no number shows its usage");
}

/* ---- secrets ---- */

enum { LOCKED_ONE = 1, PLAIN_ONE, SECRET_PAGES = 8, SECRETS_STEP = 64 << 10 };

/* Whether secrets of a process that keeps them in memory that is not locked get there */
static bool plain_ones_reach_swap(void)
{
	int ready[2], go[2];
	pid_t child;
	bool found;
	char c;

	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		tap_bail_out("pipe2");
	child = start_child();
	if (!child) {
		char *map = map_pages(SECRET_PAGES);
		int i;

		memcg_enter(MEMCG);
		for (i = 0; i < SECRET_PAGES; i++)
			write_marker(map + i * page_size(), PLAIN_ONE);
		_exit(write(ready[1], "r", 1) != 1 || read(go[0], &c, 1) != 1);
	}
	if (read(ready[0], &c, 1) != 1)
		tap_bail_out("a child that keeps secrets");
	push_out_others(HOG_PAGES);
	found = is_on_disk(PLAIN_ONE);
	if (write(go[1], "g", 1) != 1 || child_status(child))
		tap_bail_out("a child that keeps secrets");
	return found;
}

static void test_secrets(const char *why_not)
{
	static const char * const claims[] = {
		"secrets: locked by the best call that the kernel has",
		"secrets: memory is used for what the buffer holds, and all of that is locked",
		"secrets: what the buffer holds stays where memory is short",
		"secrets: no secret reaches the swap disk",
		"secrets: a program that locks nothing has its own on the swap disk",
		"secrets: the program ends well at the end of its input",
	};
	const struct user user = { .limit = RLIM_INFINITY, .limited = true };
	const char *argv[] = { "/tests/secrets", "16", NULL };
	const size_t pages = (16 << 20) / page_size();
	unsigned int before, after;
	size_t used = 0, told = 0;
	struct program secrets;
	char secret[MARKER];
	unsigned long where;
	int i;

	if (why_not) {
		for (i = 0; i < 6; i++)
			tap_skip(claims[i], why_not);
		return;
	}
	memcg_limit(swap_pages() / 2 * page_size());
	secrets = start(&user, argv);
	if (sscanf(next_line(&secrets), "16 MiB at %lx", &where) != 1)
		tap_bail_out(secrets.line);
	if (!tap_check(strstr(secrets.line, has_mlock2 ? "locked on fault" :
			      "locked step by step"), "%s", claims[0]))
		printf("# got %s\n", secrets.line);
	while (used < SECRET_PAGES * page_size()) {
		write_marker(secret, LOCKED_ONE);
		tell(&secrets, secret, MARKER);
		used += MARKER;
		/* As many answers as reads, which may take several at once */
		while (told < used && sscanf(next_line(&secrets), "%zu bytes", &told) == 1)
			;
	}
	memset(secret, 0, MARKER);
	before = present_pages(secrets.pid, where, pages);
	if (!tap_check(before >= SECRET_PAGES &&
		       before * page_size() <= used + (has_mlock2 ? page_size() : 2 * SECRETS_STEP) &&
		       mlocked_pages(secrets.pid, where, pages) == before, "%s", claims[1]))
		printf("# got %u pages, %u of them Mlocked\n", before,
		       mlocked_pages(secrets.pid, where, pages));
	push_out_others(HOG_PAGES);
	after = present_pages(secrets.pid, where, pages);
	if (!tap_check(after == before, "%s", claims[2]))
		printf("# got %u pages of %u\n", after, before);
	tap_check(!is_on_disk(LOCKED_ONE), "%s", claims[3]);
	tap_check(plain_ones_reach_swap(), "%s", claims[4]);
	tap_check(says_at_its_end(&secrets, "wiped", &i) && !i, "%s", claims[5]);
	memcg_limit(-1);
}

static void test_secrets_of_nobody(void)
{
	static const struct user little = { .uid = NOBODY, .limit = 64 << 10 };
	static const struct user nothing = { .uid = NOBODY, .limit = 0 };
	const char *argv[] = { "/tests/secrets", "16", NULL };
	struct program secrets = start(&little, argv);
	char *secret = calloc(1, 4096);
	bool refused, taken;
	size_t told = 0;
	int status;

	/* 64 kB are allowed, and the buffer could have 16 MiB */
	next_line(&secrets);
	while (told < 64 << 10) {
		size_t before = told;

		if (write(secrets.in, secret, 4096) != 4096)
			break;
		while (told < before + 4096 &&
		       sscanf(next_line(&secrets), "%zu bytes", &told) == 1)
			;
		if (told == before)
			break;
	}
	refused = says_at_its_end(&secrets, "no room for more after 65536 bytes", &status);
	if (!tap_check(told == 64 << 10 && refused && status == 1,
		       "secrets: with a limit of 64 kB as much is taken, and no more"))
		printf("# got %zu bytes, status %d\n", told, status);

	secrets = start(&nothing, argv);
	taken = false;
	refused = false;
	if (write(secrets.in, secret, 4096) != 4096)
		printf("# it has ended before\n");
	close(secrets.in);
	while (*next_line(&secrets)) {
		taken |= !!strstr(secrets.line, " bytes") && !strstr(secrets.line, "no room");
		refused |= !!strstr(secrets.line, "Operation not permitted");
	}
	fclose(secrets.out);
	tap_check(child_status(secrets.pid) == 1 && refused && !taken,
		  "secrets: nothing is taken where nothing may be locked");
	free(secret);
}

/* ---- large-file ---- */

/* Walk the graph while memory is short: how many pages were read again, or -1 */
static long walk(const char *const *argv, const char *mode, bool *as_said, bool *no_more)
{
	const struct user user = { .limit = RLIM_INFINITY, .limited = true };
	unsigned long where, nodes, used;
	struct program program;
	long again = -1;
	char is[32];

	write_file("/proc/sys/vm/drop_caches", "3");
	memcg_limit(1024 * page_size());
	program = start(&user, argv);
	if (sscanf(next_line(&program), "%lu nodes at %lx, %31[^:]: %lu used", &nodes,
		   &where, is, &used) != 4)
		tap_bail_out(program.line);
	*as_said = !strcmp(is, mode) && nodes == NR_NODES;
	if (!*as_said)
		printf("# got %s\n", program.line);
	*no_more = used > STEPS / 2 &&
		   present_pages(program.pid, where, nodes) == used;
	if (!*no_more)
		printf("# got %u pages in memory, %lu used\n",
		       present_pages(program.pid, where, nodes), used);
	push_out_others(HOG_PAGES);
	tell(&program, "\n", 1);
	if (sscanf(next_line(&program), "%ld nodes were read again", &again) != 1)
		printf("# got %s\n", program.line);
	if (end(&program))
		again = -1;
	memcg_limit(-1);
	return again;
}

static void test_large_file(const char *why_not)
{
	static const char * const claims[] = {
		"large-file: locked by the best call that the kernel has",
		"large-file: the used nodes are in memory, and no others",
		"large-file: no used node is read again where memory is short",
		"large-file: used nodes are read again if they are not locked",
		"large-file: with a limit of 64 kB the walk goes on, and says what is not locked",
	};
	static const struct user little = { .uid = NOBODY, .limit = 64 << 10 };
	char nodes[16], steps[16];
	const char *make[] = { "/tests/large-file", "make", DISK, nodes, NULL };
	const char *locked[] = { "/tests/large-file", "walk", DISK, steps, NULL };
	const char *plain[] = { "/tests/large-file", "walk", "-n", DISK, steps, NULL };
	bool as_said, no_more, ignored;
	struct program program;
	long again;
	int i;

	if (why_not || access(DISK, R_OK)) {
		for (i = 0; i < 5; i++)
			tap_skip(claims[i], why_not ? why_not : "no disk");
		return;
	}
	snprintf(nodes, sizeof(nodes), "%d", NR_NODES);
	snprintf(steps, sizeof(steps), "%d", STEPS);
	program = start(&root, make);
	if (end(&program))
		tap_bail_out("large-file make");
	again = walk(locked, has_mlock2 ? "locked on fault" : "locked node by node",
		     &as_said, &no_more);
	tap_check(as_said, "%s", claims[0]);
	tap_check(no_more, "%s", claims[1]);
	if (!tap_check(!again, "%s", claims[2]))
		printf("# got %ld, want 0\n", again);
	again = walk(plain, "not locked", &ignored, &ignored);
	if (!tap_check(again > 0, "%s", claims[3]))
		printf("# got %ld, want more than 0\n", again);

	chmod(DISK, 0644);
	program = start(&little, locked);
	as_said = !!strstr(next_line(&program), "not locked from node 17 of the walk on: ");
	tell(&program, "\n", 1);
	tap_check(says_at_its_end(&program, " nodes were read again", &i) && !i && as_said,
		  "%s", claims[4]);
}

int main(void)
{
	const char *why_not = NULL;

	signal(SIGPIPE, SIG_IGN);
	skip_without_page_flags();
	has_mlock2 = mlock2_supported();
	tap_plan(28);
	if (!make_swap() || !memcg_join())
		why_not = "no swap or no memcg here";
	else
		memcg_enter(MEMCG_ROOT);
	test_lockmap();
	test_lockmap_huge();
	test_lockmap_of_nobody();
	test_secrets(why_not);
	test_secrets_of_nobody();
	test_large_file(why_not);
	test_lockmap_swap(why_not);
	return tap_exit();
}
