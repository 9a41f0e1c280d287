// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the kernel's random numbers ready at once: a guest of QEMU has next to no interrupts
 * that v4.2 would take them from, and getrandom() of sshd waits for minutes.  The numbers
 * protect nothing here.
 */
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	/* struct rand_pool_info: how many bits they are worth, how many bytes, the bytes */
	int pool[2 + 512 / sizeof(int)] = { 4096, 512 };
	char taken[64];
	int fd = open("/dev/urandom", O_RDWR);

	/* What is read goes from one of its pools to the other */
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, pool) ||
	    read(fd, taken, sizeof(taken)) != sizeof(taken)) {
		perror("/dev/urandom");
		return 1;
	}
	return 0;
}
