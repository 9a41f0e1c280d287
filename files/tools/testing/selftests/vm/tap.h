/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results in the Test Anything Protocol.  v4.2 has no ksft_*() for it, and v5.10
 * has other ones than later kernels: hence these.
 *
 * A program calls tap_plan() or tap_skip_all() once, then tap_check() once for
 * each claim, and returns tap_exit().
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What the kselftest runners know: 4 is a test that could not be run */
enum { TAP_EXIT_PASS = 0, TAP_EXIT_FAIL = 1, TAP_EXIT_SKIP = 4 };

static struct { unsigned int planned, done, failed; } tap;

static inline void tap_plan(unsigned int checks)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	tap.planned = checks;
	printf("TAP version 13\n1..%u\n", checks);
}

/* Instead of tap_plan(): this kernel or this user cannot run the test. */
static inline void __attribute__((noreturn)) tap_skip_all(const char *why)
{
	printf("TAP version 13\n1..0 # SKIP %s\n", why);
	exit(TAP_EXIT_SKIP);
}

/* The set-up broke, which says nothing about the kernel: give up. */
static inline void __attribute__((noreturn)) tap_bail_out(const char *what)
{
	printf("Bail out! %s: %m\n", what);
	exit(TAP_EXIT_FAIL);
}

/* One claim, worded as a sentence that is true when @pass; returns @pass. */
static inline bool tap_check(bool pass, const char *claim, ...)
{
	va_list args;

	tap.done++;
	tap.failed += !pass;
	printf("%sok %u - ", pass ? "" : "not ", tap.done);
	va_start(args, claim);
	vprintf(claim, args);
	va_end(args);
	putchar('\n');
	return pass;
}

/* A claim that cannot be looked at here, and why */
static inline void tap_skip(const char *claim, const char *why)
{
	printf("ok %u - %s # SKIP %s\n", ++tap.done, claim, why);
}

/* A check too few is a failure: a test may not end early. */
static inline int tap_exit(void)
{
	return tap.failed || tap.done != tap.planned ?
		TAP_EXIT_FAIL : TAP_EXIT_PASS;
}

#endif
