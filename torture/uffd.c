// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are filled in by userfaultfd, v4.3 and later.
 *
 * The caller registers the range, answers the faults of its process's other
 * threads for a while, unregisters the range and closes: that wakes who still
 * waits, so that nobody can hang, even if the caller is killed.  close() alone
 * may never return: it waits for mmap_lock, which mlock() of another thread
 * holds and does not give back, as its faults are told to try again until close()
 * is done (the kernels here; mainline has "mm/userfaultfd: fix release hang over
 * concurrent GUP" since v6.15).
 */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "sys.h"

#ifndef SYS_userfaultfd
# ifdef __x86_64__
#  define SYS_userfaultfd	323
# else
#  define SYS_userfaultfd	374
# endif
#endif

int serve_faults(char *addr, size_t bytes, unsigned int arg)
{
	static char page[4096] __attribute__((aligned(4096)));
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)addr, bytes },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	uint64_t end = ticks() + (1ULL << (18 + arg % 6));
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), err = 0;
	struct uffd_msg msg;

	if (fd < 0)
		return errno;
	if (ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		err = errno;
	while (!err && ticks() < end && !ctl->stop) {
		if (read(fd, &msg, sizeof(msg)) != sizeof(msg) ||
		    msg.event != UFFD_EVENT_PAGEFAULT)
			continue;
		if (arg & 0x80) {
			struct uffdio_zeropage zero = {
				.range = { msg.arg.pagefault.address & -4096ULL, 4096 },
			};

			ioctl(fd, UFFDIO_ZEROPAGE, &zero);
		} else {
			struct uffdio_copy copy = {
				.dst = msg.arg.pagefault.address & -4096ULL,
				.src = (uintptr_t)page, .len = 4096,
			};

			ioctl(fd, UFFDIO_COPY, &copy);
		}
	}
	if (!err)
		ioctl(fd, UFFDIO_UNREGISTER, &reg.range);
	close(fd);
	return err;
}
