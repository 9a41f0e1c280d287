// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into a shell: a fork() that returns late in the parent, as on a busy machine.
 * It returns when the child has ended, or when the file SLOW_FORK exists and a signal has
 * come after that, so that the signal finds a shell that does not know its child yet.
 * The parent's name is added to SLOW_FORK.met then.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Half of a pipe is blocked until its parent starts the other half: go on then */
#define MS_BEFORE_FILE	3000
#define MS_AFTER_FILE	3000

/* Sleep for a millisecond; true if a signal came */
static int a_moment(void)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	return nanosleep(&ms, NULL) && errno == EINTR;
}

static int ended(pid_t child)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid;
}

static void met(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	dprintf(fd, "%s\n", program_invocation_short_name);
	close(fd);
}

pid_t fork(void)
{
	pid_t (*real_fork)(void) = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
	const char *file = getenv("SLOW_FORK");
	pid_t child = real_fork();
	int ms, saved = errno;
	char name[4096];

	if (child <= 0 || !file)
		return child;
	snprintf(name, sizeof(name), "%s.met", file);
	/* Once is enough: how the script ends is not what is slow */
	if (!access(name, F_OK))
		return child;
	for (ms = 0; ms < MS_BEFORE_FILE && access(file, F_OK) && !ended(child); ms++)
		a_moment();
	for (ms = 0; ms < MS_AFTER_FILE && !access(file, F_OK) && !ended(child); ms++) {
		if (a_moment()) {
			met(name);
			break;
		}
	}
	errno = saved;
	return child;
}
