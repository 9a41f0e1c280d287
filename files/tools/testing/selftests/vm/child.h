/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children of a test.  Nothing else calls fork(), kill() or wait(): -1 of a
 * fork() that failed would be every process there is to kill(), and a child that
 * died early would be one that saw nothing wrong.
 */
#ifndef CHILD_H
#define CHILD_H

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

/* 0 in the child, which does not outlive us; never -1 */
static inline pid_t start_child(void)
{
	pid_t parent = getpid(), child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		tap_bail_out("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(TAP_EXIT_FAIL);
	}
	return child;
}

/* Wait for its end: the exit status, or 128 and the signal that killed it */
static inline int child_status(pid_t child)
{
	int status;

	if (child <= 0)
		tap_bail_out("no child to wait for");
	while (waitpid(child, &status, 0) != child)
		if (errno != EINTR)
			tap_bail_out("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* Kill one that waits for that; to have ended before is an error of the test */
static inline void end_child(pid_t child)
{
	int status;

	if (child <= 0 || kill(child, SIGKILL))
		tap_bail_out("no child to end");
	status = child_status(child);
	if (status != 128 + SIGKILL) {
		printf("# a child ended by itself: status %d\n", status);
		errno = ESRCH;
		tap_bail_out("a child did not wait for its end");
	}
}

#endif
