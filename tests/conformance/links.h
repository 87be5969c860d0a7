/* SPDX-License-Identifier: MIT */
/* Chains of continuations over one kind of source: each completion completes
 * the next, or each has completed when it is awaited. n->kind is a source_kind;
 * all are for narrow_assert_keeps. */
#ifndef VT_TEST_LINKS_H
#define VT_TEST_LINKS_H

#include "narrow.h"
#include "support/gate.h"
#include "support/own_source.h"

/* Where one operation at a time is, of any of the kinds. */
union place {
  struct own_source own;
  vt_reset_source_t reset;
  vt_promise_t *promise;
  struct gate gate;
};

/* A kind of source. */
struct source_kind {
  void (*init)(union place *p);
  vt_t (*begin)(union place *p); /* the next operation, pending */
  int (*complete)(union place *p, vt_result_t r); /* may run its continuation */
  void (*end)(union place *p);                    /* completed and taken */
};

extern const struct source_kind links_own;
extern const struct source_kind links_reset;
extern const struct source_kind links_reset_later;
extern const struct source_kind links_promise;
extern const struct source_kind links_gate; /* operations of the bridge */

/* One place: its continuation begins the next operation, awaits it with itself,
 * and completes it. Ten million of them take no memory. */
void links_run_rolling(struct narrow *n);

/* Many places, all awaited: the continuation of each completes the next. */
void links_run_built(struct narrow *n);

/* One place, which has completed when an async function awaits it, again and
 * again. */
void links_run_ready(struct narrow *n);

#endif
