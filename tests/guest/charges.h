/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A second memcg beside that of memcg_join(): what a process is charged with moves to it
 * and back with the process.  The first version of cgroups has that.
 */
#ifndef CHARGES_H
#define CHARGES_H

#include "../../files/tools/testing/selftests/vm/memcg.h"

#define TO	MEMCG_ROOT "/to"

/* Join the first of them; false if there is none, or charges do not move */
static inline bool charges_join(void)
{
	if (!memcg_join() || memcg_is_v2 || mkdir(TO, 0700))
		return false;
	write_file(MEMCG "/memory.move_charge_at_immigrate", "3");
	write_file(TO "/memory.move_charge_at_immigrate", "3");
	return true;
}

/* Also if that was false */
static inline void charges_leave(void)
{
	memcg_enter(MEMCG_ROOT);
	rmdir(TO);
	memcg_leave();
}

#endif
