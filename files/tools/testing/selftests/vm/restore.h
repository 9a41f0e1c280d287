/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a test has changed of the machine is put back however it ends: by exit(), by
 * bailing out, or by a signal that can be caught, such as the SIGTERM of a runner whose
 * time is over.
 */
#ifndef RESTORE_H
#define RESTORE_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"

enum { RESTORE_MAX = 8 };

static struct {
	pid_t owner;
	int number;
	struct {
		void (*call)(void);
		const char *file;	/* or NULL */
		char text[128];
	} what[RESTORE_MAX];
} restore;

/* The last that was changed comes first.  Children inherit this, and do not do it. */
static inline void restore_all(void)
{
	int n, fd;

	if (restore.owner != getpid())
		return;
	while (restore.number) {
		n = --restore.number;
		if (!restore.what[n].file) {
			restore.what[n].call();
			continue;
		}
		fd = open(restore.what[n].file, O_WRONLY);
		if (fd < 0 || write(fd, restore.what[n].text,
				    strlen(restore.what[n].text)) < 0)
			perror(restore.what[n].file);
		if (fd >= 0)
			close(fd);
	}
}

static inline void restore_and_die(int sig)
{
	restore_all();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* Where what is to be restored goes next; once is enough: -1 if it stands there */
static inline int restore_next(void (*call)(void), const char *file)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	size_t i;

	if (!restore.owner) {
		restore.owner = getpid();
		atexit(restore_all);
		for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
			if (signal(ends[i], restore_and_die) == SIG_IGN)
				signal(ends[i], SIG_IGN);
	}
	for (i = 0; i < (size_t)restore.number; i++)
		if (restore.what[i].call == call && restore.what[i].file == file)
			return -1;
	if (restore.number == RESTORE_MAX) {
		errno = ENOSPC;
		tap_bail_out("restore");
	}
	return restore.number;
}

/* Have @call called at the end, maybe by the handler of a signal */
static inline void restore_by(void (*call)(void))
{
	int n = restore_next(call, NULL);

	if (n >= 0) {
		restore.what[n].call = call;
		restore.what[n].file = NULL;
		restore.number++;
	}
}

/*
 * Have @file, a setting in /proc/sys or /sys, written at the end as it is now: what
 * stands in brackets, if it lists what it could be.
 */
static inline void restore_setting(const char *file)
{
	int n = restore_next(NULL, file);
	char *text, *bracket;
	FILE *f;

	if (n < 0)
		return;
	text = restore.what[n].text;
	f = fopen(file, "re");
	if (!f || !fgets(text, sizeof(restore.what[n].text), f))
		tap_bail_out(file);
	fclose(f);
	bracket = strchr(text, '[');
	if (bracket)
		memmove(text, bracket + 1, strlen(bracket));
	text[strcspn(text, "]\n")] = 0;
	restore.what[n].call = NULL;
	restore.what[n].file = file;
	restore.number++;
}

#endif
