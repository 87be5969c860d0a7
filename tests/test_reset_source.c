/* SPDX-License-Identifier: MIT */
/* The resettable source: what C#'s tests of its ManualResetValueTaskSourceCore
 * ask, with the differences that the headers name. */
#include "support/fixture.h"

#include <limits.h>

/* ---- helpers ---- */

/* What one call in each of the states answers to a value task. */
static bool is_refused(vt_t v, int64_t status) {
  struct seen seen = {0};
  return vt_status(v) == status && vt_get_result(v).status == status &&
         vt_on_completed(v, 0, seen_k, &seen) == status && seen.count == 0;
}

/* Awaits, completes and resets itself from its own continuation. */
struct rounds {
  vt_reset_source_t source;
  int left;
  int depth;
  int deepest;
  int refused; /* resets and sets that were not answered with 0 */
  int64_t sum;
};

static void round_k(void *state, vt_result_t result) {
  struct rounds *r = state;
  r->depth++;
  if (r->depth > r->deepest)
    r->deepest = r->depth;
  r->sum += result.value.i;
  if (--r->left > 0) {
    r->refused += vt_reset_source_reset(&r->source) != 0;
    vt_await(vt_reset_source_task(&r->source), round_k, r);
    r->refused += vt_reset_source_set(&r->source, result_int(1)) != 0;
  }
  r->depth--;
}

struct foreign {
  vt_reset_source_t *source;
  vt_t v;
  int set, reset;
  int64_t status, result;
  struct seen seen;
  const char *problem;
};

static void touch_from_elsewhere(void *arg) {
  struct foreign *t = arg;
  struct fixture f;
  t->problem = fixture_open_beside(&f);
  t->set = vt_reset_source_set(t->source, result_int(9));
  t->reset = vt_reset_source_reset(t->source);
  t->status = vt_status(t->v);
  t->result = vt_get_result(t->v).status;
  vt_await(t->v, seen_k, &t->seen);
  if (!t->problem)
    t->problem = fixture_close(&f);
}

/* A generator: one source, reset for each item; every other one at once. */
struct generator {
  vt_reset_source_t source;
  int next;
  bool waiting; /* the item is given by the loop */
};

static vt_t generate(struct generator *g, bool at_once) {
  vt_reset_source_reset(&g->source);
  g->waiting = !at_once;
  if (at_once)
    vt_reset_source_set(&g->source, result_int(g->next++));
  return vt_reset_source_task(&g->source);
}

static void on_idle(uv_idle_t *idle) {
  struct generator *g = idle->data;
  if (g->waiting) {
    g->waiting = false;
    vt_reset_source_set(&g->source, result_int(g->next++));
  }
}

struct sum_frame {
  vt_frame_t vt;
  struct generator *g;
  int i;
  int64_t sum;
};

static vt_t sum_body(void *frame) {
  struct sum_frame *f = frame;
  vt_value_t item;
  VT_BEGIN(f);
  for (f->i = 0; f->i < 20; f->i++) {
    VT_TRY_VALUE(f, item, generate(f->g, f->i % 2 == 0));
    f->sum += item.i;
  }
  VT_RETURN(f, vt_from_int(f->sum));
  VT_END(f);
}

/* ---- it works ---- */

static void the_first_token_is_zero(void **state) {
  vt_reset_source_t s;
  (void)state;
  vt_reset_source_init(&s, 0);
  assert_true(vt_reset_source_task(&s).value.u == 0);
  assert_status(vt_status(vt_reset_source_task(&s)), VT_PENDING);
  assert_status(vt_reset_source_reset(&s), 0);
  assert_true(vt_reset_source_task(&s).value.u == 1);
}

static void reset_serves_round_after_round(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t s;
  vt_reset_source_init(&s, 0);
  for (int i = 0; i < 6; i++) {
    struct seen seen[2] = {{0}};
    vt_t v = vt_reset_source_task(&s);
    vt_await(v, seen_k, &seen[0]);
    assert_status(vt_reset_source_set(&s, result_int(i)), 0);
    vt_await(v, seen_k, &seen[1]); /* the same token again */
    assert_true(fixture_run(f));
    assert_seen_int(&seen[0], i);
    assert_seen_int(&seen[1], i);
    assert_status(vt_reset_source_reset(&s), 0);
  }
}

static void rounds_need_no_memory(void **state) {
  struct fixture *f = *state;
  struct rounds r = {.left = 10};
  uint64_t before;
  vt_reset_source_init(&r.source, 0);
  vt_await(vt_reset_source_task(&r.source), round_k, &r);
  vt_reset_source_set(&r.source, result_int(1));
  assert_true(fixture_run(f));
  before = fixture_allocations();
  r.left = 10000;
  assert_status(vt_reset_source_reset(&r.source), 0);
  vt_await(vt_reset_source_task(&r.source), round_k, &r);
  vt_reset_source_set(&r.source, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(fixture_allocations(), before);
  assert_int_equal(r.sum, 10010);
}

/* The inline depth is bounded by 8; past it the ready queue. */
static void rounds_in_its_continuation_keep_the_stack(void **state) {
  struct fixture *f = *state;
  struct rounds r = {.left = 100000};
  vt_reset_source_init(&r.source, 0);
  vt_await(vt_reset_source_task(&r.source), round_k, &r);
  vt_reset_source_set(&r.source, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(r.sum, 100000);
  assert_int_equal(r.refused, 0);
  assert_in_range(r.deepest, 1, 9);
}

static void set_before_the_await_is_there_at_once(void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {0, UV_EIO, UV_ECANCELED};
  for (size_t i = 0; i < 3; i++) {
    struct seen seen = {0};
    vt_reset_source_t s;
    vt_t v;
    vt_reset_source_init(&s, 0);
    v = vt_reset_source_task(&s);
    assert_status(vt_reset_source_set(&s, result_failed(statuses[i])), 0);
    assert_status(vt_status(v), statuses[i]);
    assert_status(vt_get_result(v).status, statuses[i]);
    assert_status(vt_get_result(v).status, statuses[i]);
    assert_int_equal(vt_on_completed(v, 0, seen_k, &seen), VT_COMPLETED);
    vt_await(v, seen_k, &seen);
    assert_true(fixture_run(f));
    assert_seen_status(&seen, statuses[i]);
    assert_true(vt_equal(v, vt_reset_source_task(&s)));
    assert_int_equal(vt_is_cancelled(v), statuses[i] == UV_ECANCELED);
    assert_int_equal(vt_is_failed(v), statuses[i] == UV_EIO);
  }
}

static void set_later_is_readable_before_the_continuation_ran(void **state) {
  struct fixture *f = *state;
  static const int64_t statuses[] = {0, UV_EIO};
  for (size_t i = 0; i < 2; i++) {
    struct seen seen = {0};
    vt_reset_source_t s;
    vt_t v;
    vt_reset_source_init(&s, VT_COMPLETE_LATER);
    v = vt_reset_source_task(&s);
    assert_status(vt_on_completed(v, 0, seen_k, &seen), 0);
    assert_status(vt_status(v), VT_PENDING);
    fixture_turn(f);
    assert_int_equal(seen.count, 0);
    assert_status(vt_reset_source_set(&s, result_failed(statuses[i])), 0);
    assert_status(vt_status(v), statuses[i]);
    assert_status(vt_get_result(v).status, statuses[i]);
    assert_int_equal(seen.count, 0);
    assert_true(fixture_run(f));
    assert_seen_status(&seen, statuses[i]);
  }
}

static void complete_later_decides_where_it_runs(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t inlined, queued;
  vt_reset_source_init(&inlined, ~VT_COMPLETE_LATER); /* unknown: ignored */
  vt_reset_source_init(&queued, VT_COMPLETE_LATER);
  for (int i = 0; i < 10; i++) {
    struct seen now = {0}, later = {0};
    vt_await(vt_reset_source_task(&inlined), seen_k, &now);
    vt_await(vt_reset_source_task(&queued), seen_k, &later);
    assert_status(vt_reset_source_set(&inlined, result_int(i)), 0);
    assert_status(vt_reset_source_set(&queued, result_int(i)), 0);
    assert_seen_int(&now, i);
    assert_int_equal(later.count, 0);
    assert_status(vt_reset_source_reset(&inlined), 0);
    assert_status(vt_reset_source_reset(&queued), VT_EAWAITED);
    assert_true(fixture_run(f));
    assert_seen_int(&later, i);
    assert_status(vt_reset_source_reset(&queued), 0);
  }
}

/* The flag of the await holds whatever the flag of the source says, and a reset
 * at once cannot take the result away from what is queued. */
static void an_await_for_later_survives_a_reset(void **state) {
  struct fixture *f = *state;
  for (unsigned flags = 0; flags <= VT_COMPLETE_LATER; flags++) {
    vt_reset_source_t s;
    vt_reset_source_init(&s, flags);
    for (int i = 0; i < 10; i++) {
      struct seen seen = {0};
      int rc;
      vt_reset_source_set(&s, result_int(i));
      vt_await_with(vt_reset_source_task(&s), VT_LATER, seen_k, &seen);
      rc = vt_reset_source_reset(&s);
      assert_int_equal(seen.count, 0);
      assert_true(fixture_run(f));
      assert_seen_int(&seen, i);
      assert_true(rc == 0 || rc == VT_EAWAITED);
      if (rc != 0)
        assert_status(vt_reset_source_reset(&s), 0);
    }
  }
}

static void unknown_flags_of_an_await_are_ignored(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_reset_source_t s;
  vt_reset_source_init(&s, 0);
  vt_await_with(vt_reset_source_task(&s), INT_MAX, seen_k, &seen);
  vt_reset_source_set(&s, result_int(8));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 8);
}

static void a_task_may_be_made_of_each_operation(void **state) {
  struct fixture *f = *state;
  vt_reset_source_t s;
  vt_task_t *a, *b, *pending;
  vt_reset_source_init(&s, 0);
  vt_reset_source_set(&s, result_int(42));
  a = vt_as_task(vt_reset_source_task(&s));
  b = vt_as_task(vt_reset_source_task(&s)); /* allowed until the reset */
  assert_int_equal(vt_task_result(a).value.i, 42);
  assert_int_equal(vt_task_result(b).value.i, 42);
  vt_reset_source_reset(&s);
  pending = vt_as_task(vt_reset_source_task(&s));
  assert_status(vt_task_status(pending), VT_PENDING);
  vt_reset_source_set(&s, result_failed(UV_EIO));
  assert_true(fixture_run(f));
  assert_status(vt_task_result(pending).status, UV_EIO);
  vt_task_unref(a);
  vt_task_unref(b);
  vt_task_unref(pending);
}

static void a_generator_gives_its_items(void **state) {
  struct fixture *f = *state;
  struct generator g = {.next = 0};
  struct sum_frame frame = {.g = &g};
  struct seen seen = {0};
  uv_idle_t idle;
  vt_reset_source_init(&g.source, 0);
  uv_idle_init(&f->uv, &idle);
  idle.data = &g;
  uv_idle_start(&idle, on_idle);
  vt_await(vt_start(&frame, sum_body), seen_k, &seen);
  fixture_run_until(f, &seen.count, 1);
  uv_close((uv_handle_t *)&idle, NULL);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 190);
}

static void a_stopped_await_lets_it_be_reset(void **state) {
  struct fixture *f = *state;
  struct seen old = {0}, seen = {0};
  vt_reset_source_t s;
  vt_t v;
  vt_reset_source_init(&s, 0);
  v = vt_reset_source_task(&s);
  vt_await(v, seen_k, &old);
  assert_true(vt_await_stop(v, seen_k, &old));
  vt_reset_source_set(&s, result_int(1));
  assert_true(fixture_run(f));
  assert_int_equal(old.count, 0);
  assert_status(vt_reset_source_reset(&s), 0);
  vt_await(vt_reset_source_task(&s), seen_k, &seen);
  vt_reset_source_set(&s, result_int(2));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
}

/* Nobody waits any more: the next operation may begin before this one ends. */
static void a_stopped_await_lets_it_be_reset_at_once(void **state) {
  struct fixture *f = *state;
  struct seen old = {0}, seen = {0};
  vt_reset_source_t s;
  vt_reset_source_init(&s, 0);
  vt_await(vt_reset_source_task(&s), seen_k, &old);
  assert_true(vt_await_stop(vt_reset_source_task(&s), seen_k, &old));
  assert_status(vt_reset_source_reset(&s), 0);
  vt_await(vt_reset_source_task(&s), seen_k, &seen);
  vt_reset_source_set(&s, result_int(2));
  assert_true(fixture_run(f));
  assert_int_equal(old.count, 0);
  assert_seen_int(&seen, 2);
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- it fails ---- */

static void an_older_and_a_newer_token_are_stale(void **state) {
  vt_reset_source_t s;
  vt_t v;
  (void)state;
  vt_reset_source_init(&s, 0);
  assert_status(vt_reset_source_reset(&s), 0);
  v = vt_reset_source_task(&s);
  v.value.u = 0;
  assert_true(is_refused(v, VT_ESTALE));
  v.value.u = 2;
  assert_true(is_refused(v, VT_ESTALE));
  vt_reset_source_set(&s, result_int(1)); /* completed: the same */
  assert_true(is_refused(v, VT_ESTALE));
  v.value.u = 0;
  assert_true(is_refused(v, VT_ESTALE));
}

static void a_second_set_changes_nothing(void **state) {
  (void)state;
  for (int i = 0; i < 4; i++) {
    vt_result_t first = i & 1 ? result_failed(UV_EIO) : result_int(1);
    vt_result_t second = i & 2 ? result_failed(UV_EPIPE) : result_int(2);
    vt_reset_source_t s;
    vt_result_t r;
    vt_reset_source_init(&s, 0);
    assert_status(vt_reset_source_set(&s, first), 0);
    assert_status(vt_reset_source_set(&s, second), VT_EDONE);
    r = vt_get_result(vt_reset_source_task(&s));
    assert_status(r.status, first.status);
    assert_true(first.status != 0 || r.value.i == 1);
  }
}

static void a_result_before_completion_is_refused(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_reset_source_t s;
  vt_reset_source_init(&s, 0);
  assert_status(vt_get_result(vt_reset_source_task(&s)).status, VT_EPENDING);
  vt_await(vt_reset_source_task(&s), seen_k, &seen);
  assert_true(vt_get_result(vt_reset_source_task(&s)).status < 0);
  assert_status(vt_status(vt_reset_source_task(&s)), VT_PENDING);
  vt_reset_source_set(&s, result_int(3));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 3);
}

static void a_second_await_is_refused(void **state) {
  struct fixture *f = *state;
  struct seen first = {0}, second = {0};
  vt_reset_source_t s;
  vt_t v;
  vt_reset_source_init(&s, 0);
  v = vt_reset_source_task(&s);
  assert_status(vt_on_completed(v, 0, seen_k, &first), 0);
  assert_status(vt_on_completed(v, 0, seen_k, &second), VT_EAWAITED);
  vt_await(v, seen_k, &second);
  assert_seen_status(&second, VT_EAWAITED);
  assert_status(vt_reset_source_reset(&s), VT_EAWAITED);
  vt_reset_source_set(&s, result_int(4));
  assert_true(fixture_run(f));
  assert_seen_int(&first, 4);
  assert_seen_status(&second, VT_EAWAITED);
}

static void a_positive_status_is_estatus(void **state) {
  vt_reset_source_t s;
  (void)state;
  vt_reset_source_init(&s, 0);
  assert_status(vt_reset_source_set(&s, result_failed(5)), 0);
  assert_status(vt_status(vt_reset_source_task(&s)), VT_ESTATUS);
}

static void another_thread_is_refused(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_reset_source_t s;
  struct foreign t = {.source = &s};
  vt_reset_source_init(&s, 0);
  t.v = vt_reset_source_task(&s);
  vt_await(t.v, seen_k, &seen);
  fixture_on_thread(touch_from_elsewhere, &t, 0);
  assert_status(t.set, VT_ETHREAD);
  assert_status(t.reset, VT_ETHREAD);
  assert_status(t.status, VT_ETHREAD);
  assert_status(t.result, VT_ETHREAD);
  assert_seen_status(&t.seen, VT_ETHREAD);
  assert_null(t.problem);
  vt_reset_source_set(&s, result_int(1));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(the_first_token_is_zero),
      fixture_test(reset_serves_round_after_round),
      fixture_test(rounds_need_no_memory),
      fixture_test(rounds_in_its_continuation_keep_the_stack),
      fixture_test(set_before_the_await_is_there_at_once),
      fixture_test(set_later_is_readable_before_the_continuation_ran),
      fixture_test(complete_later_decides_where_it_runs),
      fixture_test(an_await_for_later_survives_a_reset),
      fixture_test(unknown_flags_of_an_await_are_ignored),
      fixture_test(a_task_may_be_made_of_each_operation),
      fixture_test(a_generator_gives_its_items),
      fixture_test(a_stopped_await_lets_it_be_reset),
      fixture_test(a_stopped_await_lets_it_be_reset_at_once),
      fixture_test(an_older_and_a_newer_token_are_stale),
      fixture_test(a_second_set_changes_nothing),
      fixture_test(a_result_before_completion_is_refused),
      fixture_test(a_second_await_is_refused),
      fixture_test(a_positive_status_is_estatus),
      fixture_test(another_thread_is_refused),
  };
  return fixture_main("reset_source", tests);
}
