/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the keepers of secret.c keep, and the marker by which the host knows a page of
 * each kind on the swap disk.
 *
 * A marker is computed byte by byte into the page where it is to stand: no string of
 * the program, no buffer and no stack holds one, so that a marker on the disk comes from
 * such a page.
 */
#ifndef KINDS_H
#define KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MARKER = 32, ALIGN = 32 };

enum how { NOT_LOCKED, MLOCK, MLOCKALL, MLOCK2, MLOCKALL_ONFAULT };
enum memory { ANONYMOUS, SHARED, HUGE, HUGE_SHARED, SAME, PRIVATE_FILE };
enum fork {
	NO_FORK,
	DONTFORK,		/* the child has no copy */
	CHILD_WRITES,		/* the child's copy is a page of its own */
	PARENT_WRITES,		/* the parent's is, and the child keeps the old page */
};

enum traits {
	AGAIN = 1,		/* is wiped, unlocked for a while, locked and written again */
	GROUPED = 2,		/* in the memory cgroup that has a hog, too */
	FOUND = 4,		/* has to be found on the disk: its pages, or copies, are not locked */
};

struct kind {
	const char *name;
	enum how how;
	enum memory memory;
	enum fork fork;
	unsigned int traits;
};

static const struct kind kinds[] = {
	{ "anonymous memory, mlock2()", MLOCK2, ANONYMOUS, NO_FORK, GROUPED },
	{ "anonymous memory, mlockall(MCL_ONFAULT)", MLOCKALL_ONFAULT, ANONYMOUS, NO_FORK, 0 },
	{ "shared memory, mlock2()", MLOCK2, SHARED, NO_FORK, GROUPED },
	{ "shared memory, mlockall(MCL_ONFAULT)", MLOCKALL_ONFAULT, SHARED, NO_FORK, 0 },
	{ "huge pages, mlock2()", MLOCK2, HUGE, NO_FORK, 0 },
	{ "huge pages, mlockall(MCL_ONFAULT)", MLOCKALL_ONFAULT, HUGE, NO_FORK, 0 },
	{ "huge shared memory, mlock2()", MLOCK2, HUGE_SHARED, NO_FORK, 0 },
	{ "pages that KSM merges, mlock2()", MLOCK2, SAME, NO_FORK, GROUPED },
	{ "copies of a private file's pages, mlock2()", MLOCK2, PRIVATE_FILE, NO_FORK, 0 },
	{ "locked and written again, mlock2()", MLOCK2, ANONYMOUS, NO_FORK, AGAIN | GROUPED },
	{ "beside a fork child, MADV_DONTFORK, mlock2()", MLOCK2, ANONYMOUS, DONTFORK, 0 },
	{ "anonymous memory, mlock()", MLOCK, ANONYMOUS, NO_FORK, GROUPED },
	{ "anonymous memory, mlockall()", MLOCKALL, ANONYMOUS, NO_FORK, 0 },
	{ "shared memory, mlock()", MLOCK, SHARED, NO_FORK, 0 },
	{ "huge pages, mlock()", MLOCK, HUGE, NO_FORK, 0 },
	{ "locked and written again, mlock()", MLOCK, ANONYMOUS, NO_FORK, AGAIN | GROUPED },
	{ "beside a fork child, MADV_DONTFORK, mlock()", MLOCK, ANONYMOUS, DONTFORK, 0 },
	{ "anonymous memory, not locked", NOT_LOCKED, ANONYMOUS, NO_FORK, GROUPED | FOUND },
	{ "shared memory, not locked", NOT_LOCKED, SHARED, NO_FORK, FOUND },
	{ "huge pages, not locked", NOT_LOCKED, HUGE, NO_FORK, FOUND },
	{ "a fork child's copy, the child writes, mlock2()", MLOCK2, ANONYMOUS, CHILD_WRITES, FOUND },
	{ "a fork child's copy, the parent writes, mlock2()", MLOCK2, ANONYMOUS, PARENT_WRITES, FOUND },
	{ "a fork child's copy, the parent writes, mlock()", MLOCK, ANONYMOUS, PARENT_WRITES, FOUND },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static inline bool needs_mlock2(const struct kind *kind)
{
	return kind->how == MLOCK2 || kind->how == MLOCKALL_ONFAULT;
}

/* A printable one, so that grep finds them, too */
static inline char marker_byte(uint32_t seed, unsigned int kind, unsigned int i)
{
	uint32_t x = (seed * 64 + kind) * 64 + i;

	x = (x ^ x >> 16) * 0x7feb352d;
	x = (x ^ x >> 15) * 0x846ca68b;
	return '0' + (x >> 16) % 64;
}

static inline void put_marker(volatile char *to, uint32_t seed, unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < MARKER; i++)
		to[i] = marker_byte(seed, kind, i);
}

static inline bool is_marker(const volatile char *at, uint32_t seed, unsigned int kind)
{
	unsigned int i;

	for (i = 0; i < MARKER; i++)
		if (at[i] != marker_byte(seed, kind, i))
			return false;
	return true;
}

#endif
