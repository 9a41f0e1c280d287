// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test guest: runs the commands of /job, prints the kernel log,
 * and turns the guest off.
 *
 * A line of /job is "SECONDS COMMAND ARG...".  Around each command the lines
 * "# run COMMAND ARG..." and "# exit STATUS" are printed; a command that runs
 * longer is killed, with all that it started, and has the status 124.  The last
 * line, "guest: all done", tells the host that nothing was cut short.
 *
 * In C, and static, so that it runs on every architecture with nothing beside.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_ARGS = 32, TIMED_OUT = 124, CANNOT_RUN = 127 };

static void mount_all(void)
{
	static const struct { const char *type, *dir; } fs[] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" },
		{ "devtmpfs", "/dev" }, { "tmpfs", "/tmp" },
		{ "debugfs", "/sys/kernel/debug" },
	};

	for (size_t i = 0; i < sizeof(fs) / sizeof(*fs); i++) {
		mkdir(fs[i].dir, 0755);
		if (mount(fs[i].type, fs[i].dir, fs[i].type, 0, NULL))
			printf("guest: cannot mount %s: %s\n", fs[i].dir,
			       strerror(errno));
	}
	chmod("/tmp", 01777);
}

/* A kernel message in the middle of a line of TAP would break both */
static void quiet_console(void)
{
	klogctl(8 /* SYSLOG_ACTION_CONSOLE_LEVEL */, NULL, 1);
}

static int run(char **argv, unsigned int seconds)
{
	struct timespec limit = { .tv_sec = seconds };
	sigset_t child;
	int status;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);

	pid = fork();
	if (!pid) {
		sigprocmask(SIG_UNBLOCK, &child, NULL);
		setpgid(0, 0);
		execv(argv[0], argv);
		printf("guest: cannot run %s: %s\n", argv[0], strerror(errno));
		fflush(stdout);
		_exit(CANNOT_RUN);
	}
	/* Orphans of the command are ours, too, and end before it does */
	for (;;) {
		pid_t ended = waitpid(-1, &status, WNOHANG);

		if (ended == pid)
			break;
		if (!ended && sigtimedwait(&child, NULL, &limit) < 0 &&
		    errno == EAGAIN) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return TIMED_OUT;
		}
	}
	kill(-pid, SIGKILL);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static void run_jobs(void)
{
	FILE *jobs = fopen("/job", "re");
	char line[1024];

	if (!jobs) {
		puts("guest: no /job");
		return;
	}
	while (fgets(line, sizeof(line), jobs)) {
		char *argv[MAX_ARGS + 1] = { NULL };
		char *word, *rest = NULL;
		unsigned int seconds;
		int argc = 0, skip = 0, status;

		line[strcspn(line, "\n")] = 0;
		if (sscanf(line, "%u %n", &seconds, &skip) < 1)
			continue;
		printf("# run %s\n", line + skip);
		fflush(stdout);
		for (word = strtok_r(line + skip, " ", &rest);
		     word && argc < MAX_ARGS; word = strtok_r(NULL, " ", &rest))
			argv[argc++] = word;
		if (!argc)
			continue;
		status = run(argv, seconds);
		printf("# exit %d\n", status);
		fflush(stdout);
	}
	fclose(jobs);
}

static void print_kernel_log(void)
{
	int size = klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
	char *log = malloc(size > 0 ? size : 1);
	int len = size > 0 && log ? klogctl(3 /* READ_ALL */, log, size) : 0;

	puts("guest: kernel log begins");
	if (len > 0)
		fwrite(log, 1, len, stdout);
	puts("guest: kernel log ends");
	free(log);
}

int main(void)
{
	setenv("PATH", "/tests:/bin:/sbin", 1);
	mount_all();
	quiet_console();
	run_jobs();
	print_kernel_log();
	puts("guest: all done");
	fflush(stdout);
	/* The host runs QEMU with -no-reboot; not every board can power off */
#ifdef __sparc__
	/* OpenBIOS does not return to itself: the kernel would panic, for ever */
	reboot(RB_POWER_OFF);
#endif
	reboot(RB_AUTOBOOT);
	return 0;
}
