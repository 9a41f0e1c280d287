// SPDX-License-Identifier: GPL-2.0
/*
 * hold_page - keep a page in a state that is over too soon otherwise, for a test
 *
 * Files in <debugfs>/hold_page.  The first four take a page frame number:
 *
 * lock		takes a reference and the page lock; 0 gives both back
 * isolate	takes the page off its LRU list; 0 puts it back
 * migrate	moves what the page holds to another one; EAGAIN if that fails
 * unmap	unmaps the page as reclaim does, until it meets a mapping that was
 *		used or is locked, and puts it back
 * stop		1: a page of a file that is migrated from now on stays unmapped,
 *		with migration entries in its place, until 0 is written
 *
 * The addresses of functions that the kernel does not export are parameters:
 * isolate_lru_page=, putback_lru_page=, migrate_pages= and try_to_unmap=.
 */
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/version.h>
#include <linux/vmstat.h>

static unsigned long isolate_addr, putback_addr, migrate_addr, unmap_addr;
module_param_named(isolate_lru_page, isolate_addr, ulong, 0400);
module_param_named(putback_lru_page, putback_addr, ulong, 0400);
module_param_named(migrate_pages, migrate_addr, ulong, 0400);
module_param_named(try_to_unmap, unmap_addr, ulong, 0400);

static struct dentry *dir;
static struct page *locked, *isolated;
static bool stop;
static DECLARE_COMPLETION(go_on);
static DEFINE_MUTEX(hold_mutex);
static DEFINE_MUTEX(migrate_mutex);

/* Takes a reference if it succeeds, and wants one to begin with */
static int isolate(struct page *page)
{
	int ret;

	get_page(page);
	ret = ((int (*)(struct page *))isolate_addr)(page);
	put_page(page);
	return ret;
}

static void putback(struct page *page)
{
	((void (*)(struct page *))putback_addr)(page);
}

static int hold_lock(void *data, u64 pfn)
{
	int ret = 0;

	mutex_lock(&hold_mutex);
	if (locked) {
		unlock_page(locked);
		put_page(locked);
		locked = NULL;
	}
	if (pfn && pfn_valid(pfn)) {
		locked = pfn_to_page(pfn);
		get_page(locked);
		lock_page(locked);
	} else if (pfn) {
		ret = -EINVAL;
	}
	mutex_unlock(&hold_mutex);
	return ret;
}
DEFINE_SIMPLE_ATTRIBUTE(lock_fops, NULL, hold_lock, "%llu\n");

static int hold_isolated(void *data, u64 pfn)
{
	int ret = 0;

	mutex_lock(&hold_mutex);
	if (isolated) {
		putback(isolated);
		isolated = NULL;
	}
	if (pfn && pfn_valid(pfn)) {
		ret = isolate(pfn_to_page(pfn));
		if (!ret)
			isolated = pfn_to_page(pfn);
	} else if (pfn) {
		ret = -EINVAL;
	}
	mutex_unlock(&hold_mutex);
	return ret;
}
DEFINE_SIMPLE_ATTRIBUTE(isolate_fops, NULL, hold_isolated, "%llu\n");

/* As reclaim and compaction do for what they take off the LRU */
static void count_isolated(struct page *page, int nr)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0)
	mod_zone_page_state(page_zone(page),
			    NR_ISOLATED_ANON + page_is_file_cache(page), nr);
#else
	mod_node_page_state(page_pgdat(page),
			    NR_ISOLATED_ANON + page_is_file_lru(page), nr);
#endif
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0)
static struct page *new_page(struct page *page, unsigned long data, int **result)
#else
static struct page *new_page(struct page *page, unsigned long data)
#endif
{
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

static const struct address_space_operations *real_ops;

static int migrate_later(struct address_space *mapping, struct page *new,
			 struct page *page, enum migrate_mode mode)
{
	wait_for_completion(&go_on);
	return real_ops->migratepage(mapping, new, page, mode);
}

static int do_migrate(struct page *page)
{
	struct address_space_operations ops;
	struct address_space *mapping = NULL;
	struct inode *inode = NULL;
	LIST_HEAD(pages);
	int ret;

	ret = isolate(page);
	if (ret)
		return ret;
	count_isolated(page, 1);
	list_add(&page->lru, &pages);
	if (stop && !PageAnon(page)) {
		mapping = page->mapping;
		inode = igrab(mapping->host);
		real_ops = mapping->a_ops;
		ops = *real_ops;
		ops.migratepage = migrate_later;
		mapping->a_ops = &ops;
	}
	ret = ((typeof(migrate_pages) *)migrate_addr)(&pages, new_page, NULL, 0,
						      MIGRATE_SYNC, MR_SYSCALL);
	if (mapping) {
		mapping->a_ops = real_ops;
		iput(inode);
	}
	if (!list_empty(&pages)) {
		list_del(&page->lru);
		count_isolated(page, -1);
		putback(page);
	}
	return ret ? -EAGAIN : 0;
}

static int migrate(void *data, u64 pfn)
{
	int ret;

	if (!pfn || !pfn_valid(pfn))
		return -EINVAL;
	mutex_lock(&migrate_mutex);
	ret = do_migrate(pfn_to_page(pfn));
	mutex_unlock(&migrate_mutex);
	return ret;
}
DEFINE_SIMPLE_ATTRIBUTE(migrate_fops, NULL, migrate, "%llu\n");

static int unmap(void *data, u64 pfn)
{
	struct page *page;
	int ret;

	if (!pfn || !pfn_valid(pfn))
		return -EINVAL;
	page = pfn_to_page(pfn);
	ret = isolate(page);
	if (ret)
		return ret;
	lock_page(page);
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 0, 0)
	((typeof(try_to_unmap) *)unmap_addr)(page, TTU_UNMAP);
#else
	((typeof(try_to_unmap) *)unmap_addr)(page, 0);
#endif
	unlock_page(page);
	putback(page);
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(unmap_fops, NULL, unmap, "%llu\n");

static int set_stop(void *data, u64 value)
{
	stop = value;
	if (stop)
		reinit_completion(&go_on);
	else
		complete_all(&go_on);
	return 0;
}
DEFINE_SIMPLE_ATTRIBUTE(stop_fops, NULL, set_stop, "%llu\n");

static int __init hold_init(void)
{
	if (!isolate_addr || !putback_addr || !migrate_addr || !unmap_addr)
		return -EINVAL;
	dir = debugfs_create_dir("hold_page", NULL);
	if (IS_ERR_OR_NULL(dir))
		return -ENODEV;
	debugfs_create_file("lock", 0200, dir, NULL, &lock_fops);
	debugfs_create_file("isolate", 0200, dir, NULL, &isolate_fops);
	debugfs_create_file("migrate", 0200, dir, NULL, &migrate_fops);
	debugfs_create_file("unmap", 0200, dir, NULL, &unmap_fops);
	debugfs_create_file("stop", 0200, dir, NULL, &stop_fops);
	return 0;
}

static void __exit hold_exit(void)
{
	debugfs_remove_recursive(dir);
	set_stop(NULL, 0);
	hold_lock(NULL, 0);
	hold_isolated(NULL, 0);
}

module_init(hold_init);
module_exit(hold_exit);
MODULE_LICENSE("GPL");
