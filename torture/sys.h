/* SPDX-License-Identifier: GPL-2.0 */
/* What a libc's headers may lack: numbers and flags of all the kernels we run on */
#ifndef SYS_H
#define SYS_H

#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#undef SYS_mlock2
#ifdef __x86_64__
# define SYS_mlock2	325
#elif defined(__i386__)
# define SYS_mlock2	376
#else
# error "the race fuzzer runs on x86"
#endif

#ifndef MLOCK_ONFAULT
# define MLOCK_ONFAULT	1
#endif
#ifndef MCL_ONFAULT
# define MCL_ONFAULT	4
#endif
#ifndef MREMAP_DONTUNMAP
# define MREMAP_DONTUNMAP	4
#endif
#ifndef MADV_FREE
# define MADV_FREE	8
#endif
#ifndef MADV_WIPEONFORK
# define MADV_WIPEONFORK	18
# define MADV_KEEPONFORK	19
#endif
#ifndef MADV_COLD
# define MADV_COLD	20
# define MADV_PAGEOUT	21
#endif
#ifndef MADV_POPULATE_READ
# define MADV_POPULATE_READ	22
# define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_DONTNEED_LOCKED
# define MADV_DONTNEED_LOCKED	24
#endif

/* One counter for all CPUs: QEMU's emulated CPUs share it */
static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high));
	return (uint64_t)high << 32 | low;
}

/* splitmix64: every state is a good one, and a seed is its whole state */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline unsigned int below(uint64_t *state, unsigned int n)
{
	return next_random(state) % n;
}

static inline int percent(uint64_t *state, unsigned int p)
{
	return below(state, 100) < p;
}

#endif
