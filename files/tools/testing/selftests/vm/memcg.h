/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A memcg of our own, of the first version of cgroups, or, where the kernel has none of
 * that, of the second.  Needs root.
 */
#ifndef MEMCG_H
#define MEMCG_H

#include <sys/mount.h>
#include <sys/stat.h>

#include "page_state.h"
#include "restore.h"

#define MEMCG_ROOT	"/tmp/mlock2-memcg"
#define MEMCG		MEMCG_ROOT "/own"

static bool memcg_is_v2;

/* A file of the memcg at @dir by its name in either version */
static inline const char *memcg_file(const char *dir, const char *v1, const char *v2)
{
	static char name[96];

	snprintf(name, sizeof(name), "%s/%s", dir, memcg_is_v2 ? v2 : v1);
	return name;
}

/* This process, all threads of it, is in the memcg at @dir from now on */
static inline void memcg_enter(const char *dir)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", getpid());
	write_file(memcg_file(dir, "cgroup.procs", "cgroup.procs"), text);
}

static inline void memcg_leave(void)
{
	memcg_enter(MEMCG_ROOT);
	rmdir(MEMCG);
	umount(MEMCG_ROOT);
	rmdir(MEMCG_ROOT);
}

static inline bool memcg_mount(void)
{
	memcg_is_v2 = false;
	if (!mount("memcg", MEMCG_ROOT, "cgroup", 0, "memory"))
		return true;
	memcg_is_v2 = true;
	if (mount("memcg", MEMCG_ROOT, "cgroup2", 0, NULL))
		return false;
	write_file(MEMCG_ROOT "/cgroup.subtree_control", "+memory");
	return true;
}

/*
 * What this process touches from now on is charged to it, until memcg_leave(),
 * which does no harm if this says false: there is none.
 */
static inline bool memcg_join(void)
{
	mkdir(MEMCG_ROOT, 0700);
	if (!memcg_mount()) {
		rmdir(MEMCG_ROOT);
		return false;
	}
	restore_by(memcg_leave);
	if (mkdir(MEMCG, 0700) && errno != EEXIST)
		return false;
	/* The second version without a memory controller */
	if (access(memcg_file(MEMCG, "memory.stat", "memory.stat"), F_OK))
		return false;
	memcg_enter(MEMCG);
	return true;
}

/* -1 for no limit */
static inline void memcg_limit(long long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", bytes);
	write_file(memcg_file(MEMCG, "memory.limit_in_bytes", "memory.max"),
		   bytes < 0 && memcg_is_v2 ? "max" : text);
}

static inline long long memcg_usage(void)
{
	const char *name = memcg_file(MEMCG, "memory.usage_in_bytes", "memory.current");
	FILE *f = fopen(name, "re");
	long long usage = -1;

	if (!f || fscanf(f, "%lld", &usage) != 1)
		tap_bail_out(name);
	fclose(f);
	return usage;
}

/* Pages on the unevictable list of the memcg at @dir */
static inline long long memcg_unevictable(const char *dir)
{
	const char *name = memcg_file(dir, "memory.stat", "memory.stat");
	FILE *f = fopen(name, "re");
	long long bytes = -1;
	char line[128];

	if (!f)
		tap_bail_out(name);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "unevictable ", 12))
			bytes = atoll(line + 12);
	fclose(f);
	return bytes / (long long)page_size();
}

/*
 * How far memory.stat may be off: on kernels that keep it per CPU up to a batch for each,
 * of 32 pages on v5.10, of 64 on v6.12 (MEMCG_CHARGE_BATCH).
 */
static inline long long memcg_slack(void)
{
	const long long batch = kernel_since(5, 11) ? 64 : 32;

	return kernel_since(5, 0) ? batch * sysconf(_SC_NPROCESSORS_ONLN) : 0;
}

#endif
