/* SPDX-License-Identifier: MIT */
/* Hears of changes of the countries in PostgreSQL, on a connection of its own
 * that is made again for as long as it takes: what was not heard meanwhile may
 * have been a change, so that a new connection counts as one. */
#include "country_pg.h"

#define CONNECT_MS 10000
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 10000

struct watch_frame {
  vt_frame_t vt;
  struct pg_store *store;
  struct pg *pg;
  vt_result_t r;
  bool listens;
};

static vt_t listen_body(void *frame) {
  struct watch_frame *f = frame;
  VT_BEGIN(f);
  f->store->users++;
  f->store->listening = true;
  f->pg->deadline_ms = vt_deadline_in(CONNECT_MS);
  VT_TRY(f, pg_connect(f->pg));
  VT_TRY(f, pg_query(f->pg, "LISTEN country_changed", NULL, 0));
  f->listens = true;
  VT_FINALLY(f);
  f->pg->deadline_ms = 0;
  if (!f->listens)
    pg_disconnect(f->pg);
  f->store->listening = false;
  pg_store_leave(f->store);
  VT_END(f);
}

/* Without memory a try may be given up, and go on for nobody. */
static vt_t try_to_listen(void *arg, unsigned attempt) {
  struct pg_store *s = arg;
  struct watch_frame f = {.store = s, .pg = &s->listener};
  (void)attempt;
  if (s->listening)
    return vt_failed(UV_EBUSY);
  return vt_start_boxed(&f, sizeof f, listen_body);
}

static vt_t listen_at_last(struct pg_store *s) {
  const vt_retry_t how = {.fn = try_to_listen,
                          .arg = s,
                          .first_ms = FIRST_PAUSE_MS,
                          .most_ms = LONGEST_PAUSE_MS};
  return vt_retry(&how);
}

static vt_t watch_body(void *frame) {
  struct watch_frame *f = frame;
  VT_BEGIN(f);
  f->store->users++;
  f->r.status = UV_ENOTCONN;
  if (f->pg->conn && !f->store->listening)
    VT_AWAIT(f, f->r, pg_notified(f->pg));
  if (f->r.status == UV_ENOTCONN || f->r.status == UV_ECONNRESET)
    VT_AWAIT(f, f->r, listen_at_last(f->store));
  VT_RETURN(f, f->r.status == 0 ? vt_done() : vt_failed(f->r.status));
  VT_FINALLY(f);
  pg_store_leave(f->store);
  VT_END(f);
}

vt_t country_pg_watch(country_store_t *store) {
  struct pg_store *s = (struct pg_store *)store;
  struct watch_frame f = {.store = s, .pg = &s->listener};
  return vt_start_boxed(&f, sizeof f, watch_body);
}
