// SPDX-License-Identifier: GPL-2.0
/*
 * secrets - a buffer for secrets that never reaches swap, sized for the worst case
 *
 *   gcc -O2 -o secrets secrets.c
 *
 * Usage: secrets [MiB] (default 64) < secrets
 *
 * Copy what stands between the lines of dashes.  The buffer is one mapping, so large
 * that it need never grow or move, and memory is used for what it holds:
 *
 * - where the kernel has mlock2(), the whole buffer is locked on fault, once: each
 *   page is locked when a secret is written to it.  RLIMIT_MEMLOCK has to allow the
 *   whole buffer;
 * - where it has not, or where the limit is too low for that, mlock() locks the
 *   buffer step by step, always before a secret is written.  Then it may be full
 *   earlier than planned: secrets_reserve() fails, and the secret is not taken.
 *
 * What cannot be locked is refused, and not stored.
 *
 * What a lock does not help against: hibernation, which writes all memory to disk; a
 * debugger, or root, that reads the memory of the process; copies that the program
 * makes elsewhere: in buffers of stdio, on the stack, in registers.
 */
/* ------------------------------------------------------------------------- */

#define _GNU_SOURCE		/* before the first #include of the file */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * For headers of before Linux 4.4 (explicit_bzero() takes glibc 2.25 or musl 1.1.20).
 * Elsewhere than on x86-64 such headers leave step by step; mlock2(2) has the numbers.
 */
#ifndef MLOCK_ONFAULT
# define MLOCK_ONFAULT 1
#endif
#if !defined(SYS_mlock2) && defined(__x86_64__) && !defined(__ILP32__)
# define SYS_mlock2 325
#endif

struct secrets {
	char *base;
	size_t size;		/* of the mapping: the worst case */
	size_t locked;		/* bytes that may be written to */
	bool on_fault;		/* all of it is locked, each page when it is touched */
};

enum { SECRETS_STEP = 64 * 1024 };	/* where there is no lock on fault */

/*
 * The system call itself: for want of it glibc says EINVAL, as for a bad flag, and
 * musl ENOSYS.
 */
static int lock_on_fault(void *addr, size_t len)
{
#ifdef SYS_mlock2
	return syscall(SYS_mlock2, addr, len, MLOCK_ONFAULT);
#else
	(void)addr;
	(void)len;
	errno = ENOSYS;
	return -1;
#endif
}

/* Once, after secrets_open() has succeeded.  munmap() ends the lock, so wipe first */
static void secrets_close(struct secrets *secrets, size_t used)
{
	const int err = errno;

	explicit_bzero(secrets->base, used);
	munmap(secrets->base, secrets->size);
	errno = err;
}

/* 0, or -1 and errno: EPERM if RLIMIT_MEMLOCK is 0, where there is mlock2() */
static int secrets_open(struct secrets *secrets, size_t size)
{
	size_t page = sysconf(_SC_PAGESIZE);

	*secrets = (struct secrets){ .size = (size + page - 1) & -page };
	/* Not malloc(): a lock, and its end, is for whole pages */
	secrets->base = mmap(NULL, secrets->size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (secrets->base == MAP_FAILED)
		return -1;
	/*
	 * A child of fork() inherits no lock: it is to have no copy either, or the
	 * page that stays with it goes to swap.  It has no buffer at all, and a touch
	 * is SIGSEGV there: call this after daemon().  Nor is a core dump to have one.
	 */
	if (madvise(secrets->base, secrets->size, MADV_DONTFORK) ||
	    madvise(secrets->base, secrets->size, MADV_DONTDUMP)) {
		secrets_close(secrets, 0);
		return -1;
	}
	/* Else the first secret may take a huge page */
	madvise(secrets->base, secrets->size, MADV_NOHUGEPAGE);
	/* Before the first secret: what has been in swap may be found there */
	if (!lock_on_fault(secrets->base, secrets->size)) {
		secrets->on_fault = true;
		secrets->locked = secrets->size;
	} else if (errno == EPERM) {
		secrets_close(secrets, 0);
		return -1;
	}
	/* Else no such call (ENOSYS), or less is allowed (ENOMEM): step by step */
	return 0;
}

/*
 * Call this before more than was reserved earlier is written, and write nothing if
 * it fails: ENOMEM if the buffer, or what this user may lock, is full.
 */
static int secrets_reserve(struct secrets *secrets, size_t bytes)
{
	while (bytes > secrets->locked && secrets->locked < secrets->size) {
		size_t left = secrets->size - secrets->locked;
		size_t step = left < SECRETS_STEP ? left : SECRETS_STEP;

		if (mlock(secrets->base + secrets->locked, step))
			return -1;
		secrets->locked += step;
	}
	if (bytes > secrets->size) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

/* ------------------------------------------------------------------------- */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	size_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 64, used = 0;
	struct secrets secrets;

	if (argc > 2 || !mib || mib > SIZE_MAX >> 20) {
		fputs("usage: secrets [MiB] < FILE\n", stderr);
		return 2;
	}
	if (secrets_open(&secrets, mib << 20)) {
		fprintf(stderr, "secrets: no buffer: %s%s\n", strerror(errno),
			errno == EPERM ? ": raise RLIMIT_MEMLOCK (ulimit -l)" : "");
		return 1;
	}
	printf("%zu MiB at %lx: %s\n", mib, (unsigned long)secrets.base,
	       secrets.on_fault ? "locked on fault" : "locked step by step");
	fflush(stdout);
	for (;;) {
		size_t left = secrets.size - used;
		size_t some = left < SECRETS_STEP / 16 ? left : SECRETS_STEP / 16;
		ssize_t got;

		/* Full: is this the end of the input? */
		if (!some && read(STDIN_FILENO, &(char){ 0 }, 1) > 0)
			some = 1;
		if (secrets_reserve(&secrets, used + some)) {
			fprintf(stderr, "secrets: no room for more after %zu bytes: %s\n",
				used, strerror(errno));
			secrets_close(&secrets, used);
			return 1;
		}
		/* Not by stdio, whose buffers are not locked */
		got = read(STDIN_FILENO, secrets.base + used, some);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		used += got;
		printf("%zu bytes\n", used);
		fflush(stdout);
	}
	secrets_close(&secrets, used);
	puts("wiped");
	return 0;
}
