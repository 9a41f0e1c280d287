/* SPDX-License-Identifier: GPL-2.0 */
/* What a test writes to memory that may be swapped out, and looks for on the swap disk */
#ifndef MARKER_H
#define MARKER_H

#include "../../files/tools/testing/selftests/vm/swap_out.h"

enum { MARKER = 32 };

/* Made byte by byte where it is to stand: this program has it nowhere else */
static inline void write_marker(char *to, unsigned int which)
{
	uint64_t state = 0x9e3779b97f4a7c15ULL * (which + 1);
	int i;

	for (i = 0; i < MARKER - 1; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		to[i] = 'a' + state % 26;
	}
	to[MARKER - 1] = '\n';
}

/* On the swap disk, by reads that no cache answers */
static inline bool is_on_disk(unsigned int which)
{
	const size_t len = 1 << 20;
	char marker[MARKER], *part = map_pages(len / page_size());
	int fd = open(RAM_DISK, O_RDONLY | O_DIRECT | O_CLOEXEC);
	bool found = false;
	ssize_t got;

	if (fd < 0)
		tap_bail_out(RAM_DISK);
	write_marker(marker, which);
	while ((got = read(fd, part, len)) > 0 && !found)
		found = memmem(part, got, marker, MARKER);
	if (got < 0)
		tap_bail_out("read of the swap disk");
	memset(marker, 0, MARKER);
	close(fd);
	munmap(part, len);
	return found;
}

#endif
