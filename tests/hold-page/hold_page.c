// SPDX-License-Identifier: GPL-2.0
/*
 * hold_page - keep the page lock of a page, for a test
 *
 * Writing a page frame number to <debugfs>/hold_page takes a reference and the
 * page lock; writing 0 gives both back, as does removing the module.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>

static struct dentry *file;
static struct page *held;
static DEFINE_MUTEX(hold_mutex);

static int hold_page(void *data, u64 pfn)
{
	int ret = 0;

	mutex_lock(&hold_mutex);
	if (held) {
		unlock_page(held);
		put_page(held);
		held = NULL;
	}
	if (pfn && pfn_valid(pfn)) {
		held = pfn_to_page(pfn);
		get_page(held);
		lock_page(held);
	} else if (pfn) {
		ret = -EINVAL;
	}
	mutex_unlock(&hold_mutex);
	return ret;
}

static int held_pfn(void *data, u64 *pfn)
{
	*pfn = held ? page_to_pfn(held) : 0;
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(hold_fops, held_pfn, hold_page, "%llu\n");

static int __init hold_init(void)
{
	file = debugfs_create_file("hold_page", 0600, NULL, NULL, &hold_fops);
	return IS_ERR_OR_NULL(file) ? -ENODEV : 0;
}

static void __exit hold_exit(void)
{
	debugfs_remove(file);
	hold_page(NULL, 0);
}

module_init(hold_init);
module_exit(hold_exit);
MODULE_LICENSE("GPL");
