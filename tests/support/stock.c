/* SPDX-License-Identifier: MIT */
/* A snapshot whose loads a test ends by hand. */
#include "support/stock.h"

static vt_t load(void *arg) {
  struct stock *s = arg;
  void (*inside)(struct stock *) = s->inside;
  struct gate *gate = &s->gates[s->loads++];
  s->inside = NULL;
  if (inside)
    inside(s);
  return s->at_once ? vt_from_result(s->result) : gate_begin(gate);
}

static void drop(void *arg, void *value) {
  struct stock *s = arg;
  s->drops++;
  s->dropped = (intptr_t)value;
}

void stock_options(struct stock *s, vt_snapshot_options_t *options) {
  options->load = load;
  options->drop = drop;
  options->arg = s;
}

void stock_open(struct stock *s, vt_snapshot_options_t options) {
  stock_options(s, &options);
  assert_status(vt_snapshot_new(&options, &s->snapshot), 0);
}

void stock_close(struct stock *s, struct fixture *f) {
  struct seen seen = {0};
  vt_await(vt_snapshot_close_async(s->snapshot), seen_k, &seen);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
}

void stock_get(struct stock *s) {
  line_await(&s->line, vt_snapshot_get(s->snapshot));
}

void stock_end(struct stock *s, int load_number, vt_result_t result) {
  gate_open(&s->gates[load_number], result);
}

void stock_has(struct stock *s, int64_t value) {
  s->at_once = true;
  s->result = result_int(value);
}

vt_snapshot_stats_t stock_stats(const struct stock *s) {
  vt_snapshot_stats_t stats;
  vt_snapshot_stats(s->snapshot, &stats);
  return stats;
}
