// SPDX-License-Identifier: GPL-2.0
/*
 * look - do the books agree, where nobody locks anything?
 *
 * See torture/books.h.  Before a tool that is not ours has run in the guest, and after it
 * was killed with all that it has started.  Needs root.
 */
#include "../../files/tools/testing/selftests/vm/tap.h"
#include "../books.h"

int main(void)
{
	const struct books_diff *diffs;
	const struct books_task *tasks;
	long long charged = 0;
	unsigned int nr, i;

	tap_plan(2);
	if (!books_open())
		tap_bail_out("the books");
	books_quiet();
	nr = books_check(&diffs, true);
	for (i = 0; i < nr && i < 20; i++)
		books_print(&diffs[i]);
	tap_check(!nr, "the books agree");
	nr = books_tasks(&tasks);
	for (i = 0; i < nr; i++)
		charged += tasks[i].charged;
	printf("# Mlocked %lld pages, unevictable %lld, charged %lld\n",
	       books_sums()->mlocked, books_sums()->unevictable, charged);
	tap_check(!books_sums()->mlocked && !charged, "nothing is locked");
	return tap_exit();
}
