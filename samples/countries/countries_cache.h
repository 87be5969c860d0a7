/* SPDX-License-Identifier: MIT */
/* The cache of countries from within. Private to countries*.c. */
#ifndef COUNTRIES_CACHE_H
#define COUNTRIES_CACHE_H

#include "countries.h"
#include "country_store.h"

struct cache {
  countries_t public; /* first */
  vt_snapshot_t *snapshot;
  country_store_t *store;
  vt_cache_bus_t *bus;       /* NULL where there is none; then so is: */
  vt_cache_member_t *member; /* of the snapshot */
  vt_t watch;                /* pending, or in hand */
  uv_timer_t again;  /* to watch or look: a timer of ours needs no memory */
  uint64_t look_ms;  /* 0: no looks */
  bool believed;     /* it is too early for a look, or one is under way */
  size_t refreshing; /* while there are any what is loaded may end */
  uint64_t calls;    /* at the last tick */
  uint64_t changes;  /* heard of, and loaded */
  vt_task_t *look;   /* under way; NULL: none */
  bool closed;
  size_t users; /* the one who opened, the watch, changes, looks */
};

/* Ends one use of the cache; the last one ends the cache. */
void cache_leave(struct cache *c);

/* Loads what is newer than now, while the old stays. Holds the cache. The
 * status of the load. */
VT_MUST_USE vt_t cache_refresh(struct cache *c);

#endif
