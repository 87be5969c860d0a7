/* SPDX-License-Identifier: MIT */
/* Chains of continuations over one kind of source. */
#include "links.h"

#include <stdlib.h>

/* ---- the kinds ---- */

static void no_init(union place *p) { (void)p; }

static void no_end(union place *p) { (void)p; }

static void own_init(union place *p) { own_source_init(&p->own); }

static vt_t own_begin(union place *p) {
  own_source_next(&p->own);
  return own_source_task(&p->own);
}

static int own_complete(union place *p, vt_result_t r) {
  return own_source_complete(&p->own, r);
}

const struct source_kind links_own = {own_init, own_begin, own_complete,
                                      no_end};

static void reset_init(union place *p) { vt_reset_source_init(&p->reset, 0); }

static void reset_init_later(union place *p) {
  vt_reset_source_init(&p->reset, VT_COMPLETE_LATER);
}

static vt_t reset_begin(union place *p) {
  int rc = vt_reset_source_reset(&p->reset);
  return rc == 0 ? vt_reset_source_task(&p->reset) : vt_failed(rc);
}

static int reset_complete(union place *p, vt_result_t r) {
  return vt_reset_source_set(&p->reset, r);
}

const struct source_kind links_reset = {reset_init, reset_begin, reset_complete,
                                        no_end};
const struct source_kind links_reset_later = {reset_init_later, reset_begin,
                                              reset_complete, no_end};

static vt_t promise_begin(union place *p) {
  int rc = vt_promise_new(0, &p->promise);
  return rc == 0 ? vt_from_task(vt_promise_task(p->promise)) : vt_failed(rc);
}

static int promise_complete(union place *p, vt_result_t r) {
  return r.status == 0 ? vt_promise_set(p->promise, r.value)
                       : vt_promise_fail(p->promise, r.status);
}

static void promise_end(union place *p) { vt_promise_free(p->promise); }

const struct source_kind links_promise = {no_init, promise_begin,
                                          promise_complete, promise_end};

static vt_t gate_begin_at(union place *p) { return gate_begin(&p->gate); }

static int gate_complete(union place *p, vt_result_t r) {
  gate_open(&p->gate, r);
  return 0;
}

static void gate_init(union place *p) { p->gate = (struct gate){0}; }

const struct source_kind links_gate = {gate_init, gate_begin_at, gate_complete,
                                       no_end};

/* What link i of a chain completes with. */
static vt_result_t nth(uint64_t i) { return result_int((int64_t)i); }

static void check(struct narrow *n, vt_result_t r) {
  n->wrong += r.status != 0 || r.value.i != (int64_t)n->done;
}

/* ---- rolling ---- */

struct rolling {
  struct narrow *n;
  union place place;
};

static void rolling_k(void *state, vt_result_t r);

static void roll(struct rolling *x) {
  const struct source_kind *kind = x->n->kind;
  vt_await(kind->begin(&x->place), rolling_k, x);
  narrow_note(x->n, kind->complete(&x->place, nth(x->n->done)));
}

static void rolling_k(void *state, vt_result_t r) {
  struct rolling *x = state;
  const struct source_kind *kind = x->n->kind;
  check(x->n, r);
  kind->end(&x->place);
  if (++x->n->done < x->n->links)
    roll(x);
}

void links_run_rolling(struct narrow *n) {
  const struct source_kind *kind = n->kind;
  struct rolling x = {.n = n};
  kind->init(&x.place);
  roll(&x);
  fixture_run(n->f);
}

/* ---- built ---- */

struct link {
  struct built *built;
  union place place;
};

struct built {
  struct narrow *n;
  struct link *links;
  uint64_t count;
  uint64_t next;
};

static void complete_next(struct built *b) {
  const struct source_kind *kind = b->n->kind;
  struct link *link = &b->links[b->next++];
  narrow_note(b->n, kind->complete(&link->place, nth(b->n->done)));
}

static void built_k(void *state, vt_result_t r) {
  struct link *link = state;
  struct built *b = link->built;
  const struct source_kind *kind = b->n->kind;
  check(b->n, r);
  kind->end(&link->place);
  b->n->done++;
  if (b->next < b->count)
    complete_next(b);
}

static void run_round(struct built *b) {
  const struct source_kind *kind = b->n->kind;
  b->next = 0;
  for (uint64_t i = 0; i < b->count; i++) {
    struct link *link = &b->links[i];
    link->built = b;
    kind->init(&link->place);
    vt_await(kind->begin(&link->place), built_k, link);
  }
  complete_next(b);
  fixture_run(b->n->f);
}

void links_run_built(struct narrow *n) {
  struct built b = {.n = n};
  b.links = malloc(narrow_round(n, 0) * sizeof *b.links);
  if (!b.links)
    return; /* none is done: the case fails */
  while ((b.count = narrow_round(n, n->done)) > 0) {
    uint64_t before = n->done;
    run_round(&b);
    narrow_round_end(n);
    if (n->done == before)
      break;
  }
  free(b.links);
}

/* ---- ready ---- */

struct ready_frame {
  vt_frame_t vt;
  struct rolling *x;
};

static vt_t begin_completed(struct rolling *x) {
  const struct source_kind *kind = x->n->kind;
  vt_t v = kind->begin(&x->place);
  narrow_note(x->n, kind->complete(&x->place, nth(x->n->done)));
  return v;
}

static vt_t ready_body(void *frame) {
  struct ready_frame *f = frame;
  vt_result_t r = {0, {0}};
  VT_BEGIN(f);
  while (f->x->n->done < f->x->n->links) {
    VT_AWAIT(f, r, begin_completed(f->x));
    check(f->x->n, r);
    ((const struct source_kind *)f->x->n->kind)->end(&f->x->place);
    f->x->n->done++;
  }
  VT_END(f);
}

void links_run_ready(struct narrow *n) {
  const struct source_kind *kind = n->kind;
  struct rolling x = {.n = n};
  struct ready_frame frame = {.x = &x};
  kind->init(&x.place);
  n->wrong += !vt_in_hand(vt_start(&frame, ready_body));
}
