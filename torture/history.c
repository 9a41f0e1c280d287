// SPDX-License-Identifier: GPL-2.0
/* The history of a page: the last operations on where it is or was mapped. */
#include "races.h"

#include <stdio.h>
#include <stdlib.h>

#include "books.h"

enum { SHOWN = 24, MOST = ALL_SLOTS * RING };

struct event {
	const struct record *record;
	unsigned int slot;
};

static struct event events[MOST];

struct place { int region; unsigned int page; };

static void find_place(pid_t pid, uint64_t addr, void *arg)
{
	struct place *place = arg;
	unsigned int i;

	(void)pid;
	for (i = 0; i < ctl->group.regions; i++) {
		const struct region *r = &ctl->group.region[i];

		if (addr >= r->base && addr < r->base + (uint64_t)r->pages * page_size) {
			place->region = i;
			place->page = (addr - r->base) / page_size;
		}
	}
}

/* Does it concern the page, or everything? */
static bool concerns(const struct op *op, const struct place *place)
{
	switch (op->what) {
	case MLOCKALL: case MUNLOCKALL: case FORK: case EXIT: case KILL:
	case PERSONALITY: case COMPACT: case KSM_SWITCH: case HUGE_SWITCH:
	case SWAPOFF:
		return true;
	case TRUNCATE:
		return op->region == place->region && place->page >= op->off;
	case CALL: case SETRLIMIT: case UNSHARE: case DROP_CACHES: case GROUP_LIMIT:
	case SETUID: case LOOK:
		return false;
	case MREMAP: case REMAP_FILE_PAGES:
		if (op->region == place->region && place->page >= op->off2 &&
		    place->page < op->off2 + op->len)
			return true;
		/* fallthrough */
	default:
		return op->region == place->region && place->page >= op->off &&
			place->page < (unsigned int)op->off + op->len;
	}
}

static int by_time(const void *left, const void *right)
{
	const struct record *l = ((const struct event *)left)->record;
	const struct record *r = ((const struct event *)right)->record;

	return l->begin < r->begin ? -1 : l->begin > r->begin;
}

void print_history(uint64_t pfn)
{
	struct place place = { -1, 0 };
	unsigned int i, k, nr = 0;
	uint64_t first;
	char text[160], who[32];

	books_mappers(pfn, find_place, &place);
	if (place.region < 0) {
		puts("# it is in no region, so it has no history");
		return;
	}
	for (i = 0; i < ALL_SLOTS; i++) {
		const struct slot *slot = &ctl->slot[i];
		unsigned int from = slot->next > RING ? slot->next - RING : 0;

		for (k = from; k < slot->next; k++) {
			const struct record *rec = &slot->ring[k % RING];

			if (concerns(&rec->op, &place))
				events[nr++] = (struct event) { rec, i };
		}
	}
	qsort(events, nr, sizeof(*events), by_time);
	printf("# history of r%d+%u, the last %u of %u operations (us, from - to):\n",
	       place.region, place.page, nr < SHOWN ? nr : SHOWN, nr);
	i = nr > SHOWN ? nr - SHOWN : 0;
	for (first = nr ? events[i].record->begin : 0; i < nr; i++) {
		const struct record *rec = events[i].record;
		unsigned int s = events[i].slot;

		if (s < MAX_SLOTS)
			snprintf(who, sizeof(who), "s%u", s);
		else
			snprintf(who, sizeof(who), "s%u's kid %u",
				 (s - MAX_SLOTS) / KIDS, (s - MAX_SLOTS) % KIDS);
		describe_op(text, sizeof(text), &rec->op);
		printf("#   %8.1f - ", (rec->begin - first) / 1000.0);
		if (rec->end)
			printf("%8.1f", (rec->end - first) / 1000.0);
		else
			printf("     end");
		printf("  %-10s %s = %d", who, text, rec->err);
		if (rec->times > 1)
			printf(", %u times", rec->times);
		putchar('\n');
	}
}
