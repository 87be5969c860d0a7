/* SPDX-License-Identifier: MIT */
/* The common mistakes with C#'s ValueTask: awaiting twice, taking early,
 * storing; and what each gives here. Built twice: plain, and with VT_DEBUG. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/output.h"
#include "support/pending.h"

/* ---- helpers ---- */

static vt_result_t do_work(void *arg) {
  (void)arg;
  return result_int(7);
}

struct pause_frame {
  vt_frame_t vt;
};

static vt_t pause_body(void *frame) {
  struct pause_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, vt_from_int(7));
  VT_END(f);
}

static vt_t begin_delay(void) { return vt_delay(1); }
static vt_t begin_yield(void) { return vt_yield(); }
static vt_t begin_work(void) { return vt_work(do_work, NULL); }

static vt_t begin_function(void) {
  struct pause_frame frame;
  return vt_start(&frame, pause_body);
}

/* One-shot operations of every make. */
static vt_t (*const one_shots[])(void) = {begin_delay, begin_yield, begin_work,
                                          begin_function};

#define ONE_SHOTS (sizeof one_shots / sizeof *one_shots)

static uint64_t misuse_of(const struct fixture *f) {
  vt_loop_stats_t stats;
  vt_loop_stats(f->vt, &stats);
  return stats.misuse;
}

/* A result that is kept, as the wrong cache does. */
struct cache {
  bool filled;
  vt_t v;
};

static vt_t cache_get(struct cache *cache) {
  if (!cache->filled)
    cache->v = vt_work(do_work, NULL);
  cache->filled = true;
  return cache->v;
}

struct twice_frame {
  vt_frame_t vt;
  vt_t v;
  vt_value_t first;
  int64_t *after; /* written when both awaits were good */
};

static vt_t twice_body(void *frame) {
  struct twice_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, f->first, f->v);
  VT_TRY(f, f->v);
  *f->after = f->first.i;
  VT_END(f);
}

/* ---- awaiting twice ---- */

static void awaiting_a_one_shot_twice_is_refused(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < ONE_SHOTS; i++) {
    struct seen first = {0}, second = {0}, late = {0};
    uint64_t misuse = misuse_of(f);
    vt_t v = one_shots[i]();
    vt_await(v, seen_k, &first);
    vt_await(v, seen_k, &second);
    assert_seen_status(&second, VT_EAWAITED);
    assert_int_equal(first.count, 0);
    assert_true(fixture_run(f));
    assert_int_equal(first.count, 1);
    assert_status(first.result.status, 0);
    vt_await(v, seen_k, &late);
    assert_seen_status(&late, VT_ESTALE);
    assert_int_equal(second.count, 1);
    assert_int_equal(misuse_of(f) - misuse, 2);
  }
}

static void awaiting_a_task_backed_one_twice_gives_it_to_both(void **state) {
  struct fixture *f = *state;
  struct pending p;
  struct seen seen[3] = {{0}};
  pending_begin(&p, TASK_BACKED);
  vt_await(p.v, seen_k, &seen[0]);
  vt_await(p.v, seen_k, &seen[1]);
  pending_complete(&p, 5);
  assert_true(fixture_run(f));
  vt_await(p.v, seen_k, &seen[2]);
  for (int i = 0; i < 3; i++)
    assert_seen_int(&seen[i], 5);
  assert_int_equal(misuse_of(f), 0);
  pending_end(&p);
}

static void
awaiting_a_resettable_one_twice_works_when_it_is_complete(void **state) {
  struct fixture *f = *state;
  struct pending p;
  struct seen seen[4] = {{0}};
  pending_begin(&p, RESETTABLE);
  vt_await(p.v, seen_k, &seen[0]);
  vt_await(p.v, seen_k, &seen[1]);
  assert_seen_status(&seen[1], VT_EAWAITED);
  pending_complete(&p, 5);
  assert_true(fixture_run(f));
  assert_seen_int(&seen[0], 5);
  vt_await(p.v, seen_k, &seen[2]);
  assert_seen_int(&seen[2], 5);
  assert_status(vt_reset_source_reset(&p.source), 0);
  vt_await(p.v, seen_k, &seen[3]);
  assert_seen_status(&seen[3], VT_ESTALE);
}

static void awaiting_in_hand_twice_gives_it_again(void **state) {
  struct fixture *f = *state;
  const vt_t good = vt_from_int(5), bad = vt_failed(UV_EIO);
  uint64_t before = fixture_allocations();
  for (int i = 0; i < 3; i++) {
    assert_int_equal((vt_loop_run)(f->vt, good).value.i, 5);
    assert_status((vt_loop_run)(f->vt, bad).status, UV_EIO);
  }
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(misuse_of(f), 0);
}

static void awaiting_twice_ends_an_async_function(void **state) {
  struct fixture *f = *state;
  int64_t after = -1;
  struct twice_frame frame = {.v = vt_delay(1), .after = &after};
  vt_result_t r = vt_loop_run(f->vt, vt_start(&frame, twice_body));
  assert_status(r.status, VT_ESTALE);
  assert_int_equal(after, -1);
  frame = (struct twice_frame){.v = vt_from_int(3), .after = &after};
  r = vt_loop_run(f->vt, vt_start(&frame, twice_body));
  assert_status(r.status, 0);
  assert_int_equal(after, 3);
}

/* A write seems to bear it, until the buffers are full. */
static void awaiting_a_write_twice_works_on_a_hit_only(void **state) {
  struct fixture *f = *state;
  struct output o;
  vt_t v;
  output_open(&o, 0);
  v = vt_writer_write_async(&o.w, output_byte(0));
  for (int i = 0; i < 2; i++)
    assert_status(vt_loop_run(f->vt, v).status, 0);
  for (size_t i = 1; i < 2 * OUTPUT_BUFFER; i++)
    assert_status(vt_status(vt_writer_write_async(&o.w, output_byte(i))), 0);
  v = vt_writer_write_async(&o.w, output_byte(2 * OUTPUT_BUFFER));
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_status(vt_loop_run(f->vt, v).status, VT_ESTALE);
  output_assert_kept(&o, 2 * OUTPUT_BUFFER + 1);
  output_close(f, &o);
}

/* ---- taking the result early ---- */

static void taking_the_result_early_changes_nothing(void **state) {
  struct fixture *f = *state;
  for (int kind = 0; kind < PENDING_KINDS; kind++) {
    struct pending p;
    struct seen seen = {0};
    uint64_t misuse = misuse_of(f);
    pending_begin(&p, (enum pending_kind)kind);
    for (int i = 0; i < 2; i++)
      assert_status(vt_get_result(p.v).status, VT_EPENDING);
    assert_int_equal(misuse_of(f) - misuse, 2);
    assert_status(vt_status(p.v), VT_PENDING);
    vt_await(p.v, seen_k, &seen);
    pending_complete(&p, 9);
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 9);
    pending_end(&p);
  }
}

static void taking_the_result_of_an_awaited_one_changes_nothing(void **state) {
  struct fixture *f = *state;
  for (size_t i = 0; i < ONE_SHOTS; i++) {
    struct seen seen = {0};
    vt_t v = one_shots[i]();
    vt_await(v, seen_k, &seen);
    assert_status(vt_get_result(v).status, VT_EAWAITED);
    assert_true(fixture_run(f));
    assert_int_equal(seen.count, 1);
    assert_status(seen.result.status, 0);
  }
}

/* ---- storing ---- */

static void storing_one_and_awaiting_it_later_works_once(void **state) {
  struct fixture *f = *state;
  struct cache cache = {0};
  vt_t stored = cache_get(&cache);
  assert_status(vt_loop_run(f->vt, vt_delay(1)).status, 0);
  assert_int_equal(vt_loop_run(f->vt, stored).value.i, 7);
  assert_status(vt_loop_run(f->vt, cache_get(&cache)).status, VT_ESTALE);
}

/* The memory that it names serves another by then: that one is not hit. */
static void a_stored_one_does_not_hit_the_next_owner(void **state) {
  struct fixture *f = *state;
  struct gate old = {0}, now = {0};
  struct seen late = {0}, seen = {0};
  vt_t stored = gate_begin(&old), v;
  gate_open(&old, result_int(1));
  vt_get_result(stored);
  v = gate_begin(&now);
  assert_true(v.source == stored.source); /* else it shows nothing */
  vt_await(stored, seen_k, &late);
  assert_seen_status(&late, VT_ESTALE);
  vt_await(v, seen_k, &seen);
  gate_open(&now, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
}

static void stored_as_a_task_it_is_awaited_at_will(void **state) {
  struct fixture *f = *state;
  vt_task_t *task;
  vt_t stored = vt_preserve(vt_work(do_work, NULL), &task);
  for (int i = 0; i < 3; i++)
    assert_int_equal(vt_loop_run(f->vt, stored).value.i, 7);
  vt_task_unref(task);
}

/* ---- without gain ---- */

static void count_site(void *arg, const vt_loop_site_t *site) {
  *(int *)arg += site->line != 0;
}

/* Nothing is counted for a file without VT_DEBUG. */
static void a_profile_wants_vt_debug(void **state) {
  struct fixture *f = *state;
  int sites = 0;
  assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
  vt_loop_report_sites(f->vt, count_site, &sites);
#ifdef VT_DEBUG
  assert_int_equal(sites, 1);
#else
  assert_int_equal(sites, 0);
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(awaiting_a_one_shot_twice_is_refused),
      fixture_test(awaiting_a_task_backed_one_twice_gives_it_to_both),
      fixture_test(awaiting_a_resettable_one_twice_works_when_it_is_complete),
      fixture_test(awaiting_in_hand_twice_gives_it_again),
      fixture_test(awaiting_twice_ends_an_async_function),
      fixture_test(awaiting_a_write_twice_works_on_a_hit_only),
      fixture_test(taking_the_result_early_changes_nothing),
      fixture_test(taking_the_result_of_an_awaited_one_changes_nothing),
      fixture_test(storing_one_and_awaiting_it_later_works_once),
      fixture_test(a_stored_one_does_not_hit_the_next_owner),
      fixture_test(stored_as_a_task_it_is_awaited_at_will),
      fixture_test(a_profile_wants_vt_debug),
  };
  return fixture_main("mistakes", tests);
}
