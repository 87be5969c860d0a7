/* SPDX-License-Identifier: MIT */
/* A bus of invalidations.
 *
 * Happy path: a notice is appended to the bus's list and counts the members
 * that are to read it; each member that had read all before begins with it. A
 * member that is told takes what it has not read, forgets that, and counts
 * itself off; the last reader frees the notice. So a notice is one block,
 * whatever the number of members.
 *
 * What can go wrong: there is no memory for a notice. Then each member is
 * marked to forget all, which needs none. So is one that does not come to read
 * while they grow to UNREAD_MOST; who is marked so is no reader of others. */
#include "vt/cache_bus.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "cache/cache.h"
#include "cache/circle.h"
#include "cache/snapshot.h"

enum kind { KEY, PREFIX };

enum { UNREAD_MOST = 1 << 20 }; /* bytes of notices */

typedef struct notice {
  struct notice *next; /* newer; by the lock */
  size_t readers;      /* that have not read it; by the lock */
  enum kind kind;
  size_t size;
  char bytes[];
} notice_t;

struct vt_cache_bus {
  vt__circle_t circle; /* first */
  _Atomic size_t references;
  /* by the lock */
  notice_t *newest; /* that somebody has not read */
  size_t unread;    /* bytes of those */
};

struct vt_cache_member {
  vt__member_t member; /* first */
  vt_cache_bus_t *bus;
  vt_cache_t *cache;       /* or */
  vt_snapshot_t *snapshot; /* which counts as the value of the key */
  notice_t *unread;        /* the oldest, or NULL, */
  notice_t *last;          /* and the newest; by the lock */
  bool all;                /* is to forget all; by the lock */
  size_t key_size;
  char key[];
};

static vt_cache_member_t *of(vt__member_t *m) {
  return (vt_cache_member_t *)(void *)m;
}

/* ---- the bus ---- */

int vt_cache_bus_new(vt_cache_bus_t **out) {
  vt_cache_bus_t *bus = out ? vt__malloc(sizeof *bus) : NULL;
  if (!bus)
    return out ? UV_ENOMEM : UV_EINVAL;
  vt__circle_init(&bus->circle);
  atomic_init(&bus->references, 1);
  bus->newest = NULL;
  bus->unread = 0;
  *out = bus;
  return 0;
}

vt_cache_bus_t *vt_cache_bus_ref(vt_cache_bus_t *bus) {
  if (bus)
    atomic_fetch_add_explicit(&bus->references, 1, memory_order_relaxed);
  return bus;
}

void vt_cache_bus_unref(vt_cache_bus_t *bus) {
  if (bus &&
      atomic_fetch_sub_explicit(&bus->references, 1, memory_order_acq_rel) == 1)
    vt__free(bus);
}

/* ---- reading ---- */

static size_t weight_of(const notice_t *n) { return sizeof *n + n->size; }

/* Counts a reader off the notices from first to last; gives those that nobody
 * has still to read, linked. By the lock. */
static notice_t *count_off(vt_cache_bus_t *bus, notice_t *first,
                           const notice_t *last) {
  notice_t *freed = NULL;
  for (notice_t *n = first; n;) {
    notice_t *next = n == last ? NULL : n->next;
    if (--n->readers == 0) {
      if (bus->newest == n)
        bus->newest = NULL;
      bus->unread -= weight_of(n);
      n->next = freed;
      freed = n;
    }
    n = next;
  }
  return freed;
}

static void free_notices(notice_t *n) {
  while (n) {
    notice_t *next = n->next;
    vt__free(n);
    n = next;
  }
}

static bool concerns(const vt_cache_member_t *m, const notice_t *n) {
  size_t size = n->size;
  bool fits = n->kind == KEY ? m->key_size == size : m->key_size >= size;
  return fits && (size == 0 || memcmp(m->key, n->bytes, size) == 0);
}

static void forget(const vt_cache_member_t *m, const notice_t *n) {
  if (m->snapshot && concerns(m, n))
    vt_snapshot_invalidate(m->snapshot);
  if (m->cache && n->kind == KEY)
    vt_cache_invalidate(m->cache, n->bytes, n->size);
  else if (m->cache)
    vt_cache_invalidate_prefix(m->cache, n->bytes, n->size);
}

static void forget_all(const vt_cache_member_t *m) {
  if (m->snapshot)
    vt_snapshot_invalidate(m->snapshot);
  if (m->cache)
    vt_cache_invalidate_all(m->cache);
}

static void look(vt__member_t *member) {
  vt_cache_member_t *m = of(member);
  vt_cache_bus_t *bus = m->bus;
  vt__circle_lock(&bus->circle);
  notice_t *first = m->unread, *last = m->last;
  bool all = m->all;
  m->unread = NULL;
  m->all = false;
  vt__circle_unlock(&bus->circle);
  if (all)
    forget_all(m);
  for (notice_t *n = all ? NULL : first; n; n = n == last ? NULL : n->next)
    forget(m, n);
  vt__circle_lock(&bus->circle);
  notice_t *freed = count_off(bus, first, last);
  vt__circle_unlock(&bus->circle);
  free_notices(freed);
}

/* ---- members ---- */

static int join(vt_cache_bus_t *bus, const void *key, size_t key_size,
                vt_cache_member_t **out) {
  if (key_size > SIZE_MAX / 2)
    return UV_EINVAL;
  vt_cache_member_t *m = vt__calloc(1, sizeof *m + key_size);
  if (!m)
    return UV_ENOMEM;
  m->bus = bus;
  m->key_size = key_size;
  if (key_size != 0)
    memcpy(m->key, key, key_size);
  int rc = vt__circle_join(&bus->circle, &m->member, look);
  if (rc != 0) {
    vt__free(m);
    return rc;
  }
  vt_cache_bus_ref(bus);
  *out = m;
  return 0;
}

int vt_cache_bus_join_cache(vt_cache_bus_t *bus, vt_cache_t *cache,
                            vt_cache_member_t **out) {
  if (!bus || !cache || !out)
    return UV_EINVAL;
  int rc = vt__cache_check(cache);
  if (rc == 0)
    rc = join(bus, NULL, 0, out);
  if (rc == 0)
    (*out)->cache = cache;
  return rc;
}

int vt_cache_bus_join_snapshot(vt_cache_bus_t *bus, vt_snapshot_t *s,
                               const void *key, size_t key_size,
                               vt_cache_member_t **out) {
  if (!bus || !s || !out || (!key && key_size != 0))
    return UV_EINVAL;
  int rc = vt__loop_check(((const vt__snapshot_t *)(const void *)s)->loop);
  if (rc == 0)
    rc = join(bus, key, key_size, out);
  if (rc == 0)
    (*out)->snapshot = s;
  return rc;
}

int vt_cache_bus_leave(vt_cache_member_t *m) {
  int rc = m ? vt__loop_check(m->member.loop) : 0;
  if (!m || rc != 0)
    return rc;
  vt__circle_leave(&m->member);
  m->cache = NULL;
  m->snapshot = NULL;
  look(&m->member); /* counts it off what it has not read */
  vt_cache_bus_unref(m->bus);
  vt__free(m);
  return 0;
}

/* ---- telling ---- */

static void mark_all(vt__member_t *m, void *arg) {
  (void)arg;
  of(m)->all = true;
}

static void mark(vt__member_t *member, void *arg) {
  vt_cache_member_t *m = of(member);
  notice_t *n = arg;
  if (m->unread && m->bus->unread >= UNREAD_MOST)
    m->all = true;
  if (m->all)
    return;
  if (!m->unread)
    m->unread = n;
  m->last = n;
  n->readers++;
}

int vt_cache_bus_invalidate_all(vt_cache_bus_t *bus) {
  if (!bus)
    return UV_EINVAL;
  vt__circle_lock(&bus->circle);
  vt__circle_each(&bus->circle, mark_all, NULL);
  vt__circle_tell(&bus->circle);
  return 0;
}

/* Appends the notice, or frees it where nobody is to read it. */
static void publish(vt_cache_bus_t *bus, notice_t *n) {
  vt__circle_lock(&bus->circle);
  vt__circle_each(&bus->circle, mark, n);
  bool read = n->readers != 0;
  if (read) {
    if (bus->newest)
      bus->newest->next = n;
    bus->newest = n;
    bus->unread += weight_of(n);
  }
  vt__circle_tell(&bus->circle);
  if (!read)
    vt__free(n);
}

static int notify(vt_cache_bus_t *bus, enum kind kind, const void *bytes,
                  size_t size) {
  if (!bus || (!bytes && size != 0))
    return UV_EINVAL;
  notice_t *n = size > SIZE_MAX / 2 ? NULL : vt__malloc(sizeof *n + size);
  if (!n) {
    vt_cache_bus_invalidate_all(bus);
    return UV_ENOMEM;
  }
  n->next = NULL;
  n->readers = 0;
  n->kind = kind;
  n->size = size;
  if (size != 0)
    memcpy(n->bytes, bytes, size);
  publish(bus, n);
  return 0;
}

int vt_cache_bus_invalidate(vt_cache_bus_t *bus, const void *key,
                            size_t key_size) {
  return notify(bus, KEY, key, key_size);
}

int vt_cache_bus_invalidate_prefix(vt_cache_bus_t *bus, const void *prefix,
                                   size_t size) {
  return notify(bus, PREFIX, prefix, size);
}
