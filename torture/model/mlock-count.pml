/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mlock-count.pml - one page, page->mlock_count, and all orders in which tasks
 * and an rmap walk can meet there
 *
 * A model of what both queues do with PG_mlocked and page->mlock_count of a
 * small page, for spin, which tries every interleaving: scripts/model runs it.
 *
 * TASKS processes have an mm of their own each, with one VMA that may map the
 * page.  They fault it in, lock, munlock, munmap (which stands for exec, exit,
 * MAP_FIXED and copy on write, too), in any order, for ever.  Another process
 * migrates the page, which may fail half-way, or reclaims it, which may stop
 * half-way; with TRUNCATE it also truncates what is mapped, and a lock may lose its
 * mark, which is an exception of docs/limitations.md; with ISOLATE it does no more
 * than take the page off its list and put it back.  With THREAD the first mm has
 * another thread, which faults the page in, and takes it away by MADV_DONTNEED or a
 * copy on write.
 *
 * What the model has of the kernel:
 *
 *   mmap_sem      mlock() and munlock() hold it for write until their walk, and
 *                 the checks that it asks for, are done; rmap walks do not take it
 *   ptl           a lock for each pte
 *   page lock     rmap walks hold it, and faults of a page of a file
 *   lru_lock      PG_mlocked, the count and PG_lru change under it; what is read
 *                 there and belongs to none of it (the page lock, mapcount) is read
 *                 in a step of its own
 *   VM_LOCKED     munlock() clears it, with the range that it has yet to visit
 *                 noted before; the range moves under the ptl
 *
 * What it does not have: memory that is reordered (see the barriers at
 * mlock_count_usable()), lists and pagevecs, huge pages, KSM, two pages.
 *
 * When no task is in a call and no walk is under way, PG_mlocked has to be set if
 * and only if a VM_LOCKED VMA maps the page, and a count that is known has to be
 * the number of those mappings.  At any time a count that is known means that
 * PG_mlocked is set, and nobody may wait for ever.
 *
 * PLANT is the number of a defect of torture/model/plants.tsv, 0 for none.
 */
#ifndef TASKS
#define TASKS 2
#endif
#ifndef PLANT
#define PLANT 0
#endif

#define NONE		0
#define PRESENT		1
#define MIGRATING	2

bit mlocked, page_lock, lru_lock;
bit lru = 1;			/* PG_lru */
byte count;			/* mlock_count; 0: not known */
byte mapcount;
byte pte[TASKS];
bit ptl[TASKS];
bit vm_locked[TASKS];
bit pending[TASKS];		/* munlock() has yet to visit the pte */
byte busy;			/* tasks and walks that are under way */
byte readers[TASKS];		/* of mmap_sem */
bit writer[TASKS];

#define take(lock)	atomic { !lock -> lock = 1 }
#define drop(lock)	lock = 0

#define down_read(who)	atomic { !writer[who] -> readers[who]++ }
#define up_read(who)	readers[who]--
#define down_write(who)	atomic { !writer[who] && !readers[who] -> writer[who] = 1 }
#define up_write(who)	writer[who] = 0

#define begin()		busy++
inline end()
{
	atomic {
		busy--;
		if
		:: !busy ->
			i = 0;
			found = 0;
			do
			:: i < TASKS ->
				if
				:: pte[i] == PRESENT && vm_locked[i] -> found++
				:: else
				fi;
				i++
			:: else -> break
			od;
#ifdef TRUNCATE
			assert(!mlocked || found);
			assert(count <= found);
#else
			assert(mlocked == (found > 0));		/* the books */
			assert(!count || count == found);
#endif
			assert(lru);
			i = 0;
			found = 0
		:: else
		fi
	}
}

/* mlock_count_page() */
inline mlock_count_page()
{
	atomic {
		!lru_lock ->
		if
		:: mlocked && count ->
			if
			:: PLANT != 2 -> count++
			:: else
			fi
		:: mlocked && !count
		:: !mlocked ->
			mlocked = 1;
			if
			:: lru -> count = 1
			:: else
			fi
		fi;
		assert(!count || mlocked);
		assert(!count || page_lock || count <= mapcount)
	}
}

/* mlock_page_again() */
inline mlock_page_again()
{
	if
	:: PLANT == 8 && mlocked && !count
	:: else ->
		atomic {
			!lru_lock ->
			mlocked = 1;
			if
			:: PLANT != 5 -> count = 0
			:: else
			fi
		}
	fi
}

/*
 * munlock_mapped_ptes() of one pte, with its lock held: munlock_gather_page(), or
 * munlock_gather_migrating().  Sets check.
 */
inline munlock_pte(who)
{
	check = 0;
	if
	:: pte[who] == PRESENT && mlocked ->
		take(lru_lock);
		usable = count && (PLANT == 12 || !page_lock);
		if
		:: usable ->
			atomic {
				assert(mlocked);
				if
				:: count > 1 || PLANT == 3 ->
					if
					:: PLANT != 1 -> count--
					:: else
					fi
				:: else ->
					mlocked = 0;
					count = 0
				fi;
				lru_lock = 0
			}
		:: !usable && mlocked ->
			atomic { mlocked = 0; count = 0 };
			atomic { check = mapcount > 1; lru_lock = 0 }
		:: else -> lru_lock = 0
		fi
	:: pte[who] == MIGRATING && mlocked && PLANT != 14 ->
		atomic {
			!lru_lock ->
			mlocked = 0;
			count = 0;
			check = 1
		}
	:: else
	fi
}

/* page_remove_rmap(), clear_page_mlock() */
inline page_remove_rmap()
{
	atomic { mapcount--; last = !mapcount };
	if
	:: last && mlocked ->
		take(lru_lock);
		/* mapped again by now? */
		if
		:: mlocked && (PLANT == 18 || !mapcount) -> atomic { mlocked = 0; count = 0 }
		:: else
		fi;
		drop(lru_lock)
	:: else
	fi;
	last = 0
}

/* pte_is_mlocked(): the flags first, then the range */
inline pte_is_mlocked(who)
{
	if
	:: vm_locked[who] -> is_mlocked = 1
	:: else -> is_mlocked = pending[who]
	fi
}

/* munlock_check_page(): try_to_munlock(), with the page lock held */
inline munlock_check_page()
{
	i = 0;
	do
	:: i < TASKS && mapcount ->
		pte_is_mlocked(i);
		if
		:: PLANT == 11 -> is_mlocked = vm_locked[i]
		:: else
		fi;
		if
		:: is_mlocked ->
			take(ptl[i]);
			if
			:: pte[i] == PRESENT ->
				pte_is_mlocked(i);
				if
				:: PLANT == 11 -> is_mlocked = vm_locked[i]
				:: else
				fi;
				if
				:: is_mlocked -> mlock_page_again(); found = 1
				:: else
				fi
			:: else
			fi;
			drop(ptl[i])
		:: else
		fi;
		is_mlocked = 0;
		if
		:: found -> break
		:: else -> i++
		fi
	:: else -> break
	od;
	i = 0;
	found = 0
}

/* munlock_gather_finish() */
inline munlock_gather_finish()
{
	if
	:: check ->
		take(page_lock);
		munlock_check_page();
		drop(page_lock);
		check = 0
	:: else
	fi
}

/* do_read_fault(), finish_fault(): the page lock is held */
inline fault()
{
	down_read(me);
	take(page_lock);
	take(ptl[me]);
	if
	:: pte[me] == NONE ->
		atomic { pte[me] = PRESENT; mapcount++ };
		if
		:: vm_locked[me] -> mlock_count_page()
		:: else
		fi
	:: PLANT == 15 && pte[me] == PRESENT && vm_locked[me] -> mlock_count_page()
	:: else
	fi;
	drop(ptl[me]);
	drop(page_lock);
	up_read(me)
}

inline mlock_()
{
	down_write(me);
	vm_locked[me] = 1;
	take(ptl[me]);
	if
	:: pte[me] == PRESENT -> mlock_count_page()
	:: else
	fi;
	drop(ptl[me]);
	up_write(me)
}

inline munlock()
{
	down_write(me);
	if
	:: PLANT != 9 -> pending[me] = 1
	:: else
	fi;
	vm_locked[me] = 0;
	if
	:: PLANT == 21 -> atomic { up_write(me); readers[me]++ }
	:: else
	fi;
	take(ptl[me]);
	munlock_pte(me);
	if
	:: PLANT != 10 -> pending[me] = 0
	:: else
	fi;
	drop(ptl[me]);
	munlock_gather_finish();
	pending[me] = 0;
	if
	:: PLANT == 21 -> up_read(me)
	:: else -> up_write(me)
	fi
}

/* zap_pte_range(), wp_page_copy() */
inline unmap()
{
	down_read(me);
	take(ptl[me]);
	if
	:: vm_locked[me] && PLANT != 7 -> munlock_pte(me)
	:: else
	fi;
	if
	:: PLANT == 17 -> drop(ptl[me]); take(ptl[me])
	:: else
	fi;
	if
	:: vm_locked[me] && pte[me] == PRESENT ->
		/* The mmu_gather is full: this pte has to wait */
		if
		:: PLANT != 6 -> mlock_count_page()
		:: else
		fi
	:: pte[me] == PRESENT ->
		pte[me] = NONE;
		page_remove_rmap()
	:: else -> pte[me] = NONE
	fi;
	drop(ptl[me]);
	munlock_gather_finish();
	up_read(me)
}

proctype task(byte me; bit thread)
{
	byte i, found;
	bit check, usable, last, is_mlocked;

	do
	:: begin(); fault(); end()
	:: !thread && !vm_locked[me] -> begin(); mlock_(); end()
	:: !thread && vm_locked[me] -> begin(); munlock(); end()
	:: pte[me] != NONE -> begin(); unmap(); end()
	:: TASKS > 1 && !thread && !vm_locked[me] && pte[me] == NONE ->
		/* fork(): without the page lock, of a pte of the parent; the child locks nothing */
		begin();
		i = (me + 1) % TASKS;
		do
		:: (i + 1) % TASKS != me -> i = (i + 1) % TASKS
		:: break
		od;
		take(ptl[i]);
		if
		:: pte[i] == PRESENT ->
			atomic { !ptl[me] -> pte[me] = PRESENT; mapcount++ }
		:: else
		fi;
		drop(ptl[i]);
		i = 0;
		end()
	od
}

/* try_to_unmap(TTU_MIGRATION), move_to_new_page(), remove_migration_ptes() */
inline migrate()
{
	atomic { !lru_lock -> count = 0 };	/* mlock_forget_count() */
	j = 0;
	do
	:: j < TASKS ->
		take(ptl[j]);
		if
		:: pte[j] == PRESENT ->
			pte[j] = MIGRATING;
			page_remove_rmap()
		:: true				/* it fails there, or nothing is there */
		fi;
		drop(ptl[j]);
		j++
	:: else -> break
	od;
	/*
	 * The copy has no mark, nor has a page that nothing maps: but for who has
	 * just unmapped it and has yet to clear it, whose reference lets it fail.
	 */
	j = 0;
	do
	:: j < TASKS ->
		take(ptl[j]);
		if
		:: pte[j] == MIGRATING ->
			atomic { pte[j] = PRESENT; mapcount++ };
			pte_is_mlocked(j);
			if
			:: (is_mlocked || PLANT == 16) && PLANT != 20 -> mlock_page_again()
			:: else
			fi;
			is_mlocked = 0
		:: else
		fi;
		drop(ptl[j]);
		j++
	:: else -> break
	od
}

/* try_to_unmap() of reclaim, munlock_after_unmap() */
inline reclaim()
{
	atomic { !lru_lock -> count = 0 };
	j = 0;
	do
	:: j < TASKS && !stop ->
		take(ptl[j]);
		if
		:: pte[j] == PRESENT && vm_locked[j] ->
			mlock_page_again();
			stop = 2
		:: pte[j] == PRESENT && !vm_locked[j] ->
			if
			:: pte[j] = NONE; page_remove_rmap()
			:: stop = 1		/* referenced: SWAP_FAIL */
			fi
		:: true			/* mprotect() has cleared it for a moment */
		fi;
		drop(ptl[j]);
		j++
	:: else -> break
	od;
	if
	:: mlocked && PLANT != 13 && (PLANT != 19 || mapcount) ->
		/* v4.2: not if a VM_LOCKED VMA was found */
		if
		:: true
		:: stop == 2 -> goto done
		fi;
		atomic { !lru_lock -> mlocked = 0; count = 0 };
		munlock_check_page()
	:: else
	fi;
done:	stop = 0
}

/* unmap_mapping_range(): munlock_gather_nowait(), which clears what it finds */
inline truncate()
{
	j = 0;
	do
	:: j < TASKS ->
		take(ptl[j]);
		if
		:: pte[j] == PRESENT && mlocked ->
			take(lru_lock);
			if
			:: mlocked ->
				atomic { mlocked = 0; count = 0 };
				check = check || mapcount > 1
			:: else
			fi;
			drop(lru_lock)
		:: else
		fi;
		if
		:: pte[j] == PRESENT -> pte[j] = NONE; page_remove_rmap()
		:: else
		fi;
		drop(ptl[j]);
		j++
	:: else -> break
	od;
	if
	:: check ->
		check = 0;
		if
		:: atomic { !page_lock -> page_lock = 1 };
			munlock_check_page();
			drop(page_lock)
		:: page_lock			/* busy: the mark is lost */
		fi
	:: else
	fi
}

proctype rmap_walk()
{
	byte i, j, found, stop;
	bit last, is_mlocked, check;

	do
	:: begin();
		atomic {
			!lru_lock ->
			lru = 0;
			if
			:: PLANT != 4 -> count = 0
			:: else
			fi
		};
#ifndef ISOLATE
		if
		:: take(page_lock); migrate(); drop(page_lock)
		:: take(page_lock); reclaim(); drop(page_lock)
#ifdef TRUNCATE
		:: truncate()
#endif
		:: true
		fi;
		j = 0;
#endif
		atomic { !lru_lock -> lru = 1 };
		end()
	od
}

init
{
	atomic {
		byte n = 0;
		do
		:: n < TASKS -> run task(n, 0); n++
		:: else -> break
		od;
#ifdef THREAD
		run task(0, 1);
#endif
		run rmap_walk()
	}
}
