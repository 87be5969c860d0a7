/* SPDX-License-Identifier: MIT */
/* PostgreSQL's connections and queries as value tasks.
 *
 * A wait has a poll object of its own: libpq may close its socket, and open
 * another under the same number, in any of its calls, and a poll object must be
 * closed before its descriptor.
 *
 * All is boxed from the start: without memory to wait an await is given up, and
 * what it began would go on with a connection that others use.
 *
 * What the server says comes by pg_failed; a lost connection is given up at
 * once, and the next pg_connect makes a new one. */
#include "pg.h"
#include "pg_error.h"

#include <stdbool.h>
#include <string.h>

/* The server ends what takes longer, also when nobody waits for it any more. */
#define SETUP                                                                  \
  "SET statement_timeout = '8s'; SET lock_timeout = '5s';"                     \
  "SET idle_in_transaction_session_timeout = '10s';"                           \
  "SET client_min_messages = warning"

/* ---- waiting ---- */

struct wait_frame {
  vt_frame_t vt;
  struct pg *pg;
  int events;
  vt_poll_t *poll;
  vt_result_t r;
};

static vt_t poll_wait(const struct pg *pg, vt_poll_t *poll, int events) {
  vt_t v = vt_poll_wait(poll, events);
  return pg->deadline_ms ? vt_with_deadline(v, pg->deadline_ms) : v;
}

/* What the kernel calls an error of the socket is told to libpq as readiness:
 * its next call names it. Value 1 then. */
static vt_t wait_body(void *frame) {
  struct wait_frame *f = frame;
  VT_BEGIN(f);
  f->r.status = vt_poll_new(PQsocket(f->pg->conn), &f->poll);
  if (f->r.status != 0)
    VT_RETURN(f, vt_failed(f->r.status));
  VT_AWAIT(f, f->r, poll_wait(f->pg, f->poll, f->events));
  if (f->r.status == UV_EBADF)
    VT_RETURN(f, vt_from_uint(1));
  if (f->r.status == UV_ETIMEDOUT)
    country_error_set(&f->pg->error, UV_ETIMEDOUT, "no answer in time");
  VT_RETURN(f, f->r.status == 0 ? vt_done() : vt_failed(f->r.status));
  VT_FINALLY(f);
  if (f->poll)
    vt_forget(vt_poll_close(f->poll));
  VT_END(f);
}

static vt_t wait_for(struct pg *pg, int events) {
  struct wait_frame f = {.pg = pg, .events = events};
  return vt_start_boxed(&f, sizeof f, wait_body);
}

struct pg_frame {
  vt_frame_t vt;
  struct pg *pg;
  int polling;
  bool good;
};

/* Waits for bytes and takes them. */
static vt_t read_body(void *frame) {
  struct pg_frame *f = frame;
  vt_value_t error;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, error, wait_for(f->pg, UV_READABLE));
  if (!PQconsumeInput(f->pg->conn) || (error.u && PQisBusy(f->pg->conn)))
    VT_RETURN(f, vt_failed(pg_lost(f->pg)));
  VT_END(f);
}

static vt_t read_more(struct pg *pg) {
  struct pg_frame f = {.pg = pg};
  return vt_start_boxed(&f, sizeof f, read_body);
}

/* ---- connecting ---- */

static void say_nothing(void *arg, const char *message) {
  (void)arg;
  (void)message;
}

/* On the pool: it looks up names and reads files. What stands behind the URL
 * cannot be changed by it, what stands before is a default. */
static vt_result_t start_on_pool(void *arg) {
  static const char *const words[] = {"gssencmode",
                                      "keepalives_idle",
                                      "keepalives_interval",
                                      "keepalives_count",
                                      "fallback_application_name",
                                      "dbname",
                                      "client_encoding",
                                      NULL};
  struct pg *pg = arg;
  const char *const values[] = {"disable",      "30",    "10",   "3",
                                "vt-countries", pg->url, "UTF8", NULL};
  pg->conn = PQconnectStartParams(words, values, 1);
  return (vt_result_t){pg->conn ? 0 : UV_ENOMEM, {0}};
}

static bool is_alive(struct pg *pg) {
  return pg->conn && PQconsumeInput(pg->conn) &&
         PQstatus(pg->conn) == CONNECTION_OK &&
         PQtransactionStatus(pg->conn) == PQTRANS_IDLE;
}

static vt_t connect_body(void *frame) {
  struct pg_frame *f = frame;
  VT_BEGIN(f);
  pg_disconnect(f->pg);
  VT_TRY(f, vt_work(start_on_pool, f->pg));
  PQsetNoticeProcessor(f->pg->conn, say_nothing, NULL);
  f->polling = PGRES_POLLING_WRITING; /* so says libpq's manual */
  if (PQstatus(f->pg->conn) == CONNECTION_BAD)
    f->polling = PGRES_POLLING_FAILED;
  while (f->polling == PGRES_POLLING_WRITING ||
         f->polling == PGRES_POLLING_READING) {
    VT_TRY(f,
           wait_for(f->pg, f->polling == PGRES_POLLING_READING ? UV_READABLE
                                                               : UV_WRITABLE));
    f->polling = (int)PQconnectPoll(f->pg->conn);
  }
  if (f->polling != PGRES_POLLING_OK || PQsetnonblocking(f->pg->conn, 1) != 0)
    VT_RETURN(f, vt_failed(pg_refused(f->pg)));
  VT_TRY(f, pg_query(f->pg, SETUP, NULL, 0));
  f->good = true;
  VT_FINALLY(f);
  if (!f->good)
    pg_disconnect(f->pg);
  VT_END(f);
}

vt_t pg_connect(struct pg *pg) {
  struct pg_frame f = {.pg = pg};
  return is_alive(pg) ? vt_done() : vt_start_boxed(&f, sizeof f, connect_body);
}

void pg_disconnect(struct pg *pg) {
  PQclear(pg->result);
  PQfinish(pg->conn);
  pg->result = NULL;
  pg->conn = NULL;
}

/* ---- queries ---- */

static int send_query(struct pg *pg, const char *sql, const char *const *params,
                      size_t count) {
  PQclear(pg->result);
  pg->result = NULL;
  if (count == 0)
    return PQsendQuery(pg->conn, sql);
  return PQsendQueryParams(pg->conn, sql, (int)count, NULL, params, NULL, NULL,
                           0);
}

/* Keeps the result of the last statement, or of the one that failed. */
static void keep(struct pg *pg, PGresult *result) {
  if (pg_is_failure(pg->result)) {
    PQclear(result);
    return;
  }
  PQclear(pg->result);
  pg->result = result;
}

/* Takes results as they come: true when the last one is there. */
static bool take_results(struct pg *pg) {
  while (!PQisBusy(pg->conn)) {
    PGresult *result = PQgetResult(pg->conn);
    if (!result)
      return true;
    keep(pg, result);
  }
  return false;
}

static vt_t query_body(void *frame) {
  struct pg_frame *f = frame;
  vt_value_t error;
  VT_BEGIN(f);
  while ((f->polling = PQflush(f->pg->conn)) == 1) {
    VT_TRY_VALUE(f, error, wait_for(f->pg, UV_READABLE | UV_WRITABLE));
    if (!PQconsumeInput(f->pg->conn) || error.u)
      VT_RETURN(f, vt_failed(pg_lost(f->pg)));
  }
  if (f->polling != 0)
    VT_RETURN(f, vt_failed(pg_lost(f->pg)));
  while (!take_results(f->pg))
    VT_TRY(f, read_more(f->pg));
  if (pg_is_failure(f->pg->result))
    VT_RETURN(f, vt_failed(pg_failed(f->pg)));
  VT_END(f);
}

vt_t pg_query(struct pg *pg, const char *sql, const char *const *params,
              size_t count) {
  struct pg_frame f = {.pg = pg};
  if (!pg->conn)
    return vt_failed(UV_ENOTCONN);
  if (!send_query(pg, sql, params, count))
    return vt_failed(pg_lost(pg));
  return vt_start_boxed(&f, sizeof f, query_body);
}

/* ---- afterwards ---- */

static bool is_open(const struct pg *pg) {
  PGTransactionStatusType status = PQtransactionStatus(pg->conn);
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR;
}

static vt_t settle_body(void *frame) {
  struct pg_frame *f = frame;
  vt_result_t r = {0, {0}};
  VT_BEGIN(f);
  if (is_open(f->pg))
    VT_AWAIT(f, r, pg_query(f->pg, "ROLLBACK", NULL, 0));
  if (PQtransactionStatus(f->pg->conn) != PQTRANS_IDLE)
    pg_disconnect(f->pg);
  (void)r;
  VT_END(f);
}

vt_t pg_settle(struct pg *pg) {
  struct pg_frame f = {.pg = pg};
  PQclear(pg->result);
  pg->result = NULL;
  return vt_start_boxed(&f, sizeof f, settle_body);
}

/* Takes the notifications that have come; true when there were any. */
static bool take_notifications(struct pg *pg) {
  bool any = false;
  PGnotify *one;
  while ((one = PQnotifies(pg->conn))) {
    PQfreemem(one);
    any = true;
  }
  return any;
}

static vt_t notified_body(void *frame) {
  struct pg_frame *f = frame;
  vt_value_t error;
  VT_BEGIN(f);
  while (!take_notifications(f->pg)) {
    VT_TRY_VALUE(f, error, wait_for(f->pg, UV_READABLE));
    if (!PQconsumeInput(f->pg->conn) || error.u)
      VT_RETURN(f, vt_failed(pg_lost(f->pg)));
  }
  VT_END(f);
}

vt_t pg_notified(struct pg *pg) {
  struct pg_frame f = {.pg = pg};
  if (!pg->conn)
    return vt_failed(UV_ENOTCONN);
  return vt_start_boxed(&f, sizeof f, notified_body);
}
