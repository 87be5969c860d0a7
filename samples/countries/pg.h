/* SPDX-License-Identifier: MIT */
/* A connection to PostgreSQL that never blocks the loop: libpq in its
 * non-blocking mode on vt's poll. One thing at a time on a connection; one that
 * fails, or is cancelled, may leave it in the middle: pg_settle. Past the
 * deadline all answer UV_ETIMEDOUT. Private to samples/countries. */
#ifndef PG_H
#define PG_H

#include <libpq-fe.h>
#include <vt.h>

#include "country_error.h"

/* Zeroed but for the first two, and not connected. */
struct pg {
  const char *url;            /* as the operator gave it */
  struct country_error error; /* what failed last */
  uint64_t deadline_ms;       /* of all that follows; 0: none */
  PGconn *conn;               /* NULL while there is none */
  PGresult *result;           /* of the last query */
};

/* Connects, unless it is connected and the server has not gone away since.
 * UV_EACCES: the password is wrong or missing. UV_ECONNREFUSED: any other
 * reason, which the message tells. UV_EINVAL: no good URL. UV_ENOMEM.
 * Host names are looked up on libuv's pool. */
VT_MUST_USE vt_t pg_connect(struct pg *pg);

/* Runs a statement with count parameters ("$1", ...; NULL is SQL's null), which
 * are never part of the SQL; or, without parameters, any number of statements,
 * the first failure of which ends them. pg->result is that of the last one.
 * Borrows until it returns. UV_ECONNRESET: the connection is lost. The server's
 * refusals: UV_EEXIST (a value that must be unique), UV_EINVAL, UV_EACCES,
 * UV_EBUSY (locks), UV_ETIMEDOUT, UV_ENOSPC, UV_ENOMEM, UV_EIO. */
VT_MUST_USE vt_t pg_query(struct pg *pg, const char *sql,
                          const char *const *params, size_t count);

/* After a query, good or bad or cancelled: ends a transaction that is open, and
 * the connection where that is not possible. */
VT_MUST_USE vt_t pg_settle(struct pg *pg);

/* Completes when a notification has come on a channel that was listened to.
 * UV_ECONNRESET: the connection is lost, and there is none any more. */
VT_MUST_USE vt_t pg_notified(struct pg *pg);

/* Ends the connection, if there is one, at once. Nothing may be under way. */
void pg_disconnect(struct pg *pg);

#endif
