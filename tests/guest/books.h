/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A full scan, for a guest of its own, by the books of torture/books.c, which a program
 * that includes this is linked with: what is Mlocked has to be mapped by a VM_LOCKED VMA
 * of a task that lives.  Needs root.
 */
#ifndef GUEST_BOOKS_H
#define GUEST_BOOKS_H

#include "../../files/tools/testing/selftests/vm/tap.h"
#include "../../torture/books.h"

/* Pages (a huge one counts as one) that are Mlocked and that nobody locks */
static inline size_t stray_pages(void)
{
	const struct books_diff *diffs;
	unsigned int nr, i;
	static bool opened;
	size_t stray = 0;

	if (!opened && !books_open())
		tap_bail_out("the books");
	opened = true;
	nr = books_check(&diffs, false);
	for (i = 0; i < nr; i++)
		stray += diffs[i].kind == BOOKS_STRAY ||
			 diffs[i].kind == BOOKS_STRAY_HUGE;
	return stray;
}

#endif
