/* SPDX-License-Identifier: GPL-2.0 */
/* Pages that KSM merges for us.  Needs root. */
#ifndef KSM_H
#define KSM_H

#include "page_state.h"
#include "restore.h"

#define KSM_DIR "/sys/kernel/mm/ksm/"

static struct { long long run, pages_to_scan, sleep_millisecs; } ksm_before;

static inline long long ksm_read(const char *file)
{
	long long value = -1;
	FILE *f = fopen(file, "re");

	if (f) {
		if (fscanf(f, "%lld", &value) != 1)
			value = -1;
		fclose(f);
	}
	return value;
}

static inline void ksm_write(const char *file, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	write_file(file, text);
}

/* False if this kernel has none; else it is ours until ksm_end() */
static inline bool ksm_begin(void)
{
	if (access(KSM_DIR "run", W_OK))
		return false;
	ksm_before.run = ksm_read(KSM_DIR "run");
	ksm_before.pages_to_scan = ksm_read(KSM_DIR "pages_to_scan");
	ksm_before.sleep_millisecs = ksm_read(KSM_DIR "sleep_millisecs");
	restore_setting(KSM_DIR "run");
	restore_setting(KSM_DIR "pages_to_scan");
	restore_setting(KSM_DIR "sleep_millisecs");
	ksm_write(KSM_DIR "pages_to_scan", 10000);
	ksm_write(KSM_DIR "sleep_millisecs", 1);
	return true;
}

static inline void ksm_end(void)
{
	ksm_write(KSM_DIR "pages_to_scan", ksm_before.pages_to_scan);
	ksm_write(KSM_DIR "sleep_millisecs", ksm_before.sleep_millisecs);
	ksm_write(KSM_DIR "run", ksm_before.run);
}

static inline bool same_page(const void *a, const void *b)
{
	return page_is_present(a) &&
		!((pagemap_entry(a) ^ pagemap_entry(b)) & PM_PFN_MASK);
}

/* Have all pages of @a and @b merged, which are alike; false if KSM does not */
static inline bool ksm_merge(char *a, char *b, size_t len)
{
	size_t at = 0;
	int tries;

	if (madvise(a, len, MADV_MERGEABLE) || madvise(b, len, MADV_MERGEABLE))
		return false;
	ksm_write(KSM_DIR "run", 1);
	for (tries = 0; at < len && tries < 1000; tries++) {
		while (at < len && same_page(a + at, b + at))
			at += page_size();
		if (at < len)
			usleep(10000);
	}
	ksm_write(KSM_DIR "run", ksm_before.run == 1);
	return at >= len;
}

#endif
