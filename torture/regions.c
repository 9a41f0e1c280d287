// SPDX-License-Identifier: GPL-2.0
/* Regions: memory of each kind that can be locked, at a fixed address. */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys.h"

const char *const kind_names[KINDS] = {
	[ANON]		= "anonymous",
	[THP]		= "huge-anonymous",
	[LATE_THP]	= "late-huge",
	[KSM]		= "ksm",
	[KSM_FILE]	= "ksm-file",
	[PRIVATE_FILE]	= "private-file",
	[SHARED_FILE]	= "shared-file",
	[PRIVATE_SHMEM]	= "private-shmem",
	[SHMEM]		= "shmem",
	[HUGE_SHMEM]	= "huge-shmem",
	[STACKS]	= "stacks",
};

bool kind_exists(enum kind kind)
{
	if (!(opt.kinds & 1ULL << kind))
		return false;
	if (kind == HUGE_SHMEM)
		return opt.huge_dir;
	if (kind == THP || kind == LATE_THP)
		return !access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK);
	if (is_mergeable(kind))
		return !access("/sys/kernel/mm/ksm/run", F_OK);
	return true;
}

bool has_file(enum kind kind)
{
	return kind >= KSM_FILE && kind <= HUGE_SHMEM;
}

/* Files that nobody else can see, of the right length and full of data */
void regions_open(struct team *group)
{
	unsigned int i, page;
	char name[128];

	for (i = 0; i < group->regions; i++) {
		struct region *r = &group->region[i];
		const char *dir = "/tmp";

		r->fd = -1;
		if (!has_file(r->kind))
			continue;
		if (r->kind == HUGE_SHMEM)
			dir = opt.huge_dir;
		else if (opt.disk_dir &&
			 (r->kind == PRIVATE_FILE || r->kind == SHARED_FILE ||
			  r->kind == KSM_FILE))
			dir = opt.disk_dir;
		snprintf(name, sizeof(name), "%s/region.XXXXXX", dir);
		r->fd = mkstemp(name);
		if (r->fd < 0 || ftruncate(r->fd, (off_t)r->pages * page_size)) {
			printf("# cannot make %s: %s\n", name, strerror(errno));
			continue;
		}
		unlink(name);
		for (page = 0; page < r->pages; page += 2)
			if (pwrite(r->fd, "data", 4, (off_t)page * page_size) != 4)
				break;
	}
}

/* As the region is made anew, or a part of it; returns an errno or 0 */
int region_map(const struct region *r, unsigned int off, unsigned int len, int flags)
{
	char *addr = (char *)r->base + (uintptr_t)off * page_size;
	size_t bytes = (size_t)len * page_size;
	int prot = PROT_READ | PROT_WRITE;

	flags |= MAP_FIXED;
	flags |= r->kind == SHARED_FILE || r->kind == SHMEM ||
		 r->kind == HUGE_SHMEM ? MAP_SHARED : MAP_PRIVATE;
	if (r->fd < 0)
		flags |= MAP_ANONYMOUS;
	if (r->kind == STACKS) {
		/* Four of them, each of one page, at the ends of the quarters */
		unsigned int quarter = r->pages / 4, i;

		munmap(addr, bytes);
		for (i = quarter - 1; i < r->pages; i += quarter)
			if (i >= off && i < off + len &&
			    mmap((char *)r->base + i * page_size, page_size, prot,
				 flags | MAP_GROWSDOWN, -1, 0) == MAP_FAILED)
				return errno;
		return 0;
	}
	if (mmap(addr, bytes, prot, flags, r->fd,
		 r->fd < 0 ? 0 : (off_t)off * page_size) == MAP_FAILED)
		return errno;
	if (r->kind == THP)
		madvise(addr, bytes, MADV_HUGEPAGE);
	if (is_mergeable(r->kind))
		madvise(addr, bytes, MADV_MERGEABLE);
	return 0;
}

/* Make all of it present, equal where KSM is to find it */
void region_fill(const struct region *r)
{
	unsigned int i;

	if (r->kind == STACKS)
		return;
	for (i = 0; i < r->pages; i++) {
		volatile char *p = (char *)r->base + (uintptr_t)i * page_size;

		if (r->kind == PRIVATE_FILE || r->kind == PRIVATE_SHMEM)
			(void)*p;
		else
			*p = is_mergeable(r->kind) ? i % 8 : 1 + i;
	}
	/* Small pages that khugepaged may collapse from now on */
	if (r->kind == LATE_THP)
		madvise((void *)r->base, (size_t)r->pages * page_size,
			MADV_HUGEPAGE);
}
