/* SPDX-License-Identifier: MIT */
/* Members of scopes that note when they are told to end, and may do something
 * then: what stands for a callback registered with C#'s cancellation token. */
#ifndef VT_CONFORMANCE_TOLD_H
#define VT_CONFORMANCE_TOLD_H

#include "support/fixture.h"

enum { TOLD_MOST = 16 };

struct told;

/* What was told, in order. Zeroed at first. */
struct told_log {
  struct told *order[TOLD_MOST];
  int count;
};

struct told {
  struct told_log *log;
  void (*inside)(struct told *t); /* called when it is told; or NULL */
  void *arg;                      /* of inside */
  int64_t answer; /* of its cancel: 0 completes it, others leave it */
  int times;      /* it was told */
  void *op;       /* while it is pending */
  vt_t v;
  struct seen seen; /* of told_await */
};

/* Begins one in the current scope; t stays where it is. */
vt_t told_begin(struct told *t);

/* Begins it in a scope and awaits it. */
void told_await_in(vt_scope_t *scope, struct told *t);

/* Completes it with 0. */
void told_complete(struct told *t);

/* A scope, a child of parent or of none. */
vt_scope_t *told_scope(vt_scope_t *parent, const vt_scope_options_t *options);

/* Joins a scope and runs the loop until that is done: its status. */
int64_t told_join(struct fixture *f, vt_scope_t *scope);

#endif
