/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lack of memory, made in a guest with little of it and a swap disk, for secret.c and
 * large-file.c.  Needs root, and the guest for itself.
 */
#ifndef PRESSURE_H
#define PRESSURE_H

#include "../../files/tools/testing/selftests/vm/race.h"
#include "../sys.h"
#include "../util.h"

#define SWAP_DISK	"/dev/vda"

/*
 * Pages of the swap disk, in use as such from now on; gives up if there is none.  The group
 * where keepers are has @group_mb.  The OOM killer never chooses a child that is started
 * after this.
 */
size_t pressure_begin(unsigned int group_mb);

/*
 * A cycle: the hogs of the two memory cgroups fill what the swap disk has left, until
 * one after the other is killed; a hog outside takes what memory and swap there is, goes
 * over its pages in random order for some seconds, and goes; swapoff and swapon.
 */
void pressure_cycle(bool swapoff_too);

/* Compaction, drop_caches, and tasks that fork and exec, beside all this */
void disturb_begin(bool drop_caches);
void disturb_end(void);

/* Compactions of all memory that have ended */
unsigned int compactions(void);

/* This task is to have its memory in the cgroup where a hog is, too */
void join_group(void);

/* Cycles in which the swap disk was full, and those that ended with swapoff */
unsigned int times_full(void);
unsigned int swapoffs(void);

/* Pages read from @disk, "vda", or written to it, since the boot */
unsigned long long disk_pages(const char *disk, bool written);

/*
 * The entries of @pages pages of a task, "self" or its number.  The kernel needs memory
 * for that, which there may be none of for a while: tries again, and then says false.
 */
bool read_pagemap(const char *task, const void *addr, uint64_t *entries, size_t pages);

/* Where the program itself is called as one that ends at once */
#define NOTHING	"--nothing"

#endif
