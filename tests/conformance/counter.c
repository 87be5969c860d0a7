/* SPDX-License-Identifier: MIT */
/* A generator on the resettable source. */
#include "conformance/counter.h"

void counter_init(struct counter *c, int items, int every) {
  *c = (struct counter){.items = items, .every = every};
  vt_reset_source_init(&c->source, 0);
}

static void step(struct counter *c) {
  vt_result_t r = {.value.i = c->next < c->items};
  if (r.value.i)
    c->current = c->next++;
  c->refused += vt_reset_source_set(&c->source, r) != 0;
}

static void on_turn(void *state, vt_result_t result) {
  struct counter *c = state;
  c->refused += result.status != 0;
  step(c);
}

vt_t counter_next(struct counter *c) {
  vt_t v;
  c->refused += vt_reset_source_reset(&c->source) != 0;
  v = vt_reset_source_task(&c->source);
  if (c->every == 0 || c->next % c->every != 0) {
    c->waited++;
    vt_await(vt_yield(), on_turn, c);
    return v;
  }
  step(c);
  return vt_from_result(vt_get_result(v));
}
