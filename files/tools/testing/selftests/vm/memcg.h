/* SPDX-License-Identifier: GPL-2.0 */
/* A memcg of our own, of the first version.  Needs root. */
#ifndef MEMCG_H
#define MEMCG_H

#include <sys/mount.h>
#include <sys/stat.h>

#include "page_state.h"
#include "restore.h"

#define MEMCG_ROOT	"/tmp/mlock2-memcg"
#define MEMCG		MEMCG_ROOT "/own"

static inline void memcg_set(const char *file, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	write_file(file, text);
}

static inline void memcg_leave(void)
{
	memcg_set(MEMCG_ROOT "/tasks", getpid());
	rmdir(MEMCG);
	umount(MEMCG_ROOT);
	rmdir(MEMCG_ROOT);
}

/*
 * What this process touches from now on is charged to it, until memcg_leave(),
 * which does no harm if this says false: there is none.
 */
static inline bool memcg_join(void)
{
	mkdir(MEMCG_ROOT, 0700);
	if (mount("memcg", MEMCG_ROOT, "cgroup", 0, "memory")) {
		rmdir(MEMCG_ROOT);
		return false;
	}
	restore_by(memcg_leave);
	if (mkdir(MEMCG, 0700) && errno != EEXIST)
		return false;
	memcg_set(MEMCG "/tasks", getpid());
	return true;
}

/* -1 for no limit */
static inline void memcg_limit(long long bytes)
{
	memcg_set(MEMCG "/memory.limit_in_bytes", bytes);
}

/* Pages on the unevictable list of the memcg at @dir */
static inline long long memcg_unevictable(const char *dir)
{
	char name[64], line[128];
	long long bytes = -1;
	FILE *f;

	snprintf(name, sizeof(name), "%s/memory.stat", dir);
	f = fopen(name, "re");
	if (!f)
		tap_bail_out(name);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "unevictable ", 12))
			bytes = atoll(line + 12);
	fclose(f);
	return bytes / (long long)page_size();
}

/*
 * How far memory.stat may be off: on kernels that keep it per CPU up to 32
 * pages (MEMCG_CHARGE_BATCH) for each.
 */
static inline long long memcg_slack(void)
{
	return kernel_since(5, 0) ? 32 * sysconf(_SC_NPROCESSORS_ONLN) : 0;
}

#endif
