// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the test guest: runs the commands of /job, prints the kernel log,
 * and turns the guest off.
 *
 * A line of /job is "SECONDS COMMAND ARG...", or "SECONDS setup COMMAND ARG..."
 * for one that prints no results.  First all of them are listed, so that the host
 * knows what must come.  Around each command the lines "# run COMMAND ARG..." (or
 * "# setup ...") and "# exit STATUS" are printed.  A command that runs longer has
 * the status 124: the tasks of the guest are dumped, and all of it is killed.
 * After the commands come, of a kernel with kmemleak, what was never freed, what
 * /proc/sys/kernel/tainted says, the kernel log, and
 * as the last line "guest: all done": nothing was cut short.  Each of these lines
 * is printed at the beginning of a line, whatever a command left unfinished.
 *
 * In C, and static, so that it runs on every architecture with nothing beside.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ARGS = 32, MAX_JOBS = 512, TIMED_OUT = 124, CANNOT_RUN = 127 };

struct job {
	unsigned int seconds;
	bool setup;
	char *command;
};

/*
 * A line of ours.  What ran before may have ended in the middle of a line: then
 * the newline before ends that, else it makes an empty line.
 */
__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list args;

	putchar('\n');
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

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
			say("guest: cannot mount %s: %s", fs[i].dir,
			    strerror(errno));
	}
	chmod("/tmp", 01777);
}

enum { LOG_READ_ALL = 3, LOG_CONSOLE_LEVEL = 8, LOG_SIZE = 10 };

/* A kernel message in the middle of a line of TAP would break both */
static void quiet_console(void)
{
	klogctl(LOG_CONSOLE_LEVEL, NULL, 1);
}

/* False if there is no such file, as in kernels without that option */
static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

static void say_tainted(const char *when)
{
	FILE *file = fopen("/proc/sys/kernel/tainted", "re");
	unsigned long long tainted;

	if (file && fscanf(file, "%llu", &tainted) == 1)
		say("guest: tainted at the %s: %llu", when, tainted);
	if (file)
		fclose(file);
}

/*
 * What every task waits for, on the console at once: the guest may be about to
 * stop for good, and the log buffer may be too small.
 */
static void dump_tasks(void)
{
	say("guest: dump of all tasks");
	klogctl(LOG_CONSOLE_LEVEL, NULL, 8);
	if (!write_file("/proc/sysrq-trigger", "w") ||
	    !write_file("/proc/sysrq-trigger", "t"))
		say("guest: no /proc/sysrq-trigger: CONFIG_MAGIC_SYSRQ is off");
	quiet_console();
}

/*
 * Reap children until @pid has ended, or all of them if it is -1.  False if that
 * takes longer than @seconds.  SIGCHLD is blocked.
 */
static bool reap(pid_t pid, int *status, unsigned int seconds)
{
	struct timespec now, end;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (;;) {
		struct timespec left = { 0 };
		pid_t ended = waitpid(-1, status, WNOHANG);

		if (ended < 0 || ended == pid)
			return true;
		if (ended > 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &now);
		left.tv_sec = end.tv_sec - now.tv_sec;
		if (left.tv_sec <= 0)
			return false;
		sigtimedwait(&child, NULL, &left);
	}
}

static int run(char **argv, unsigned int seconds)
{
	int status, ignored;
	sigset_t child;
	bool ended;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	pid = fork();
	if (pid < 0) {
		say("guest: cannot run %s: fork: %s", argv[0], strerror(errno));
		return CANNOT_RUN;
	}
	if (!pid) {
		sigprocmask(SIG_UNBLOCK, &child, NULL);
		/* A shell then needs no other process to get the console as its terminal */
		setsid();
		execv(argv[0], argv);
		say("guest: cannot run %s: %s", argv[0], strerror(errno));
		_exit(CANNOT_RUN);
	}
	ended = reap(pid, &status, seconds);
	if (!ended)
		dump_tasks();
	/* We are PID 1, and this reaches everybody else: what the command left */
	kill(-1, SIGKILL);
	if (!reap(-1, &ignored, 10))
		say("guest: cannot kill what %s left", argv[0]);
	if (!ended)
		return TIMED_OUT;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static int read_jobs(struct job *jobs)
{
	FILE *file = fopen("/job", "re");
	char line[1024];
	int count = 0;

	if (!file) {
		say("guest: no /job");
		return 0;
	}
	while (fgets(line, sizeof(line), file)) {
		struct job job = { 0 };
		int skip = 0;

		line[strcspn(line, "\n")] = 0;
		if (!*line)
			continue;
		if (sscanf(line, "%u %n", &job.seconds, &skip) < 1 ||
		    !line[skip] || count == MAX_JOBS) {
			say("guest: bad line in /job: %s", line);
			continue;
		}
		job.setup = !strncmp(line + skip, "setup ", 6);
		job.command = strdup(line + skip + (job.setup ? 6 : 0));
		if (!job.command) {
			say("guest: bad line in /job: no memory");
			break;
		}
		jobs[count++] = job;
	}
	fclose(file);
	return count;
}

static void run_jobs(void)
{
	static struct job jobs[MAX_JOBS];
	int count = read_jobs(jobs);

	for (int i = 0; i < count; i++)
		say("guest: will %s %s", jobs[i].setup ? "set up" : "run",
		    jobs[i].command);

	for (int i = 0; i < count; i++) {
		char *argv[MAX_ARGS + 1] = { NULL };
		char *word, *rest = NULL;
		int argc = 0;

		say("# %s %s", jobs[i].setup ? "setup" : "run", jobs[i].command);
		for (word = strtok_r(jobs[i].command, " ", &rest);
		     word && argc < MAX_ARGS; word = strtok_r(NULL, " ", &rest))
			argv[argc++] = word;
		if (word) {
			say("guest: cannot run %s: more than %d arguments",
			    argv[0], MAX_ARGS);
			argc = 0;
		}
		say("# exit %d", argc ? run(argv, jobs[i].seconds) : CANNOT_RUN);
	}
}

/*
 * What nothing points to any more.  An object that is younger than five seconds
 * does not count, and one that has changed since the scan before does not either.
 */
static void print_leaks(void)
{
	static const char kmemleak[] = "/sys/kernel/debug/kmemleak";
	char text[4096];
	ssize_t got = -1;
	int fd;

	if (access(kmemleak, F_OK))
		return;
	for (int scan = 0; scan < 2; scan++) {
		sleep(6);
		if (!write_file(kmemleak, "scan"))
			say("guest: kmemleak cannot scan: %s", strerror(errno));
	}
	say("guest: leaks begin");
	fd = open(kmemleak, O_RDONLY);
	while (fd >= 0 && (got = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, got, stdout);
	/* An empty list is content, and no list is not */
	if (got < 0)
		say("guest: kmemleak cannot be read: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	say("guest: leaks end");
}

static void print_kernel_log(void)
{
	int size = klogctl(LOG_SIZE, NULL, 0);
	char *log = malloc(size > 0 ? size : 1);
	int len = size > 0 && log ? klogctl(LOG_READ_ALL, log, size) : 0;

	say("guest: kernel log begins");
	if (len > 0)
		fwrite(log, 1, len, stdout);
	say("guest: kernel log ends");
	free(log);
}

int main(void)
{
	if (getpid() != 1) {
		fputs("init: is for PID 1 of a test guest: it would reboot this machine\n",
		      stderr);
		return 1;
	}
	setenv("PATH", "/tests:/bin:/sbin", 1);
	say("guest: begins");
	mount_all();
	quiet_console();
	/* An emulated CPU may wait long for a busy host: that is no lockup */
	write_file("/proc/sys/kernel/watchdog_thresh", "60");
	write_file("/proc/sys/kernel/hung_task_timeout_secs", "240");
	write_file("/sys/module/workqueue/parameters/watchdog_thresh", "120");
	/* Only at the end, when all is quiet: scans take long */
	write_file("/sys/kernel/debug/kmemleak", "scan=off");
	say_tainted("start");
	run_jobs();
	print_leaks();
	say_tainted("end");
	print_kernel_log();
	say("guest: all done");
	/* The host runs QEMU with -no-reboot; not every board can power off */
#ifdef __sparc__
	/* OpenBIOS does not return to itself: the kernel would panic, for ever */
	reboot(RB_POWER_OFF);
#endif
	reboot(RB_AUTOBOOT);
	return 0;
}
