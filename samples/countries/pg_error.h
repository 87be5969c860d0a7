/* SPDX-License-Identifier: MIT */
/* PostgreSQL's failures as statuses and one-line messages. Private to pg.c. */
#ifndef PG_ERROR_H
#define PG_ERROR_H

#include <stdbool.h>

#include "pg.h"

/* The status of a connection that could not be made, told to pg->error. */
int pg_refused(struct pg *pg);

/* Gives up a connection that failed; its status, told to pg->error. */
int pg_lost(struct pg *pg);

/* True for a result that tells a failure; NULL is none. */
bool pg_is_failure(const PGresult *result);

/* The status of the failure in pg->result, told to pg->error. */
int pg_failed(struct pg *pg);

#endif
