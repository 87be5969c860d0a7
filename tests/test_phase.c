/* SPDX-License-Identifier: MIT */
/* Phases of a turn: what is theirs alone. tests/test_watch.c has what they
 * share. */
#include "support/fixture.h"

/* ---- helpers ---- */

static vt_phase_t *open_phase(uv_handle_type type) {
  vt_phase_t *p = NULL;
  assert_status(vt_phase_new(type, &p), 0);
  return p;
}

static void close_phase(struct fixture *f, vt_phase_t *p) {
  assert_status(vt_loop_run(f->vt, vt_phase_close(p)).status, 0);
}

/* Waits for a phase again and again, and notes which came in which order. */
struct order {
  int count;
  uv_handle_type type[16];
};

struct follower {
  struct order *order;
  vt_phase_t *phase;
  int left;
};

static void follow_k(void *state, vt_result_t r) {
  struct follower *f = state;
  if (r.status == 0)
    f->order->type[f->order->count++] = vt_phase_uv(f->phase)->type;
  if (r.status == 0 && --f->left > 0)
    vt_await(vt_phase_wait(f->phase), follow_k, f);
}

/* Waits for a phase; the loop turns without sleeping. */
static void completes(struct fixture *f, uv_handle_type type) {
  vt_phase_t *p = open_phase(type);
  struct seen seen = {0};
  vt_phase_uv(p)->data = f;
  vt_await(vt_phase_wait(p), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  assert_int_equal(uv_is_active(vt_phase_uv(p)) != 0, 1);
  fixture_turn(f);
  assert_seen_int(&seen, 0);
  assert_int_equal(uv_is_active(vt_phase_uv(p)), 0);
  assert_ptr_equal(vt_phase_uv(p)->data, f);
  close_phase(f, p);
}

static void is_cancelled(struct fixture *f, uv_handle_type type) {
  vt_phase_t *p = open_phase(type);
  struct seen seen = {0};
  vt_t v = vt_phase_wait(p);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  close_phase(f, p);
}

static void fails(struct fixture *f, uv_handle_type type) {
  vt_phase_t *p = open_phase(type);
  vt_t closed = vt_phase_close(p);
  assert_status(vt_status(vt_phase_wait(p)), UV_EBADF);
  assert_status(vt_loop_run(f->vt, closed).status, 0);
}

/* ---- it works ---- */

static void uv_idle_start_completes(void **state) {
  completes(*state, UV_IDLE);
}

static void uv_prepare_start_completes(void **state) {
  completes(*state, UV_PREPARE);
}

static void uv_check_start_completes(void **state) {
  completes(*state, UV_CHECK);
}

/* Waited for again in its own phase, idle leaves the others their turn. */
static void the_phases_of_each_turn_come_in_order(void **state) {
  static const uv_handle_type types[] = {UV_CHECK, UV_PREPARE, UV_IDLE};
  struct fixture *f = *state;
  struct order order = {0};
  struct follower followers[3];
  for (int i = 0; i < 3; i++) {
    struct follower follower = {&order, open_phase(types[i]), 3};
    followers[i] = follower;
    vt_await(vt_phase_wait(follower.phase), follow_k, &followers[i]);
  }
  for (int i = 0; i < 3; i++)
    fixture_turn(f);
  assert_int_equal(order.count, 9);
  for (int i = 0; i < 9; i++)
    assert_int_equal(order.type[i], types[2 - i % 3]);
  for (int i = 0; i < 3; i++)
    close_phase(f, followers[i].phase);
}

static void on_check(uv_check_t *handle) {
  ++*(int *)handle->data;
  uv_check_stop(handle);
}

static void unwrapped_a_handle_serves_its_user(void **state) {
  struct fixture *f = *state;
  uv_check_t uv;
  vt_phase_t *p;
  int came = 0;
  uv_check_init(&f->uv, &uv);
  uv.data = &came;
  uv_check_start(&uv, on_check);
  assert_status(vt_phase_wrap((uv_handle_t *)&uv, &p), UV_EBUSY);
  uv_check_stop(&uv);
  assert_status(vt_phase_wrap((uv_handle_t *)&uv, &p), 0);
  assert_status(vt_phase_unwrap(p), 0);
  uv_check_start(&uv, on_check);
  fixture_turn(f);
  assert_int_equal(came, 1);
  assert_status(vt_loop_run(f->vt, vt_close((uv_handle_t *)&uv)).status, 0);
}

/* ---- it fails ---- */

static void uv_idle_start_fails(void **state) { fails(*state, UV_IDLE); }
static void uv_prepare_start_fails(void **state) { fails(*state, UV_PREPARE); }
static void uv_check_start_fails(void **state) { fails(*state, UV_CHECK); }

static void refuses_other_types(void **state) {
  struct fixture *f = *state;
  vt_phase_t *p = NULL;
  assert_status(vt_phase_new(UV_TIMER, &p), UV_EINVAL);
  assert_status(vt_phase_wrap((uv_handle_t *)&f->watchdog, &p), UV_EINVAL);
  assert_status(vt_phase_wrap(NULL, &p), UV_EINVAL);
  assert_null(p);
}

static void uv_idle_start_is_cancelled(void **state) {
  is_cancelled(*state, UV_IDLE);
}

static void uv_prepare_start_is_cancelled(void **state) {
  is_cancelled(*state, UV_PREPARE);
}

static void uv_check_start_is_cancelled(void **state) {
  is_cancelled(*state, UV_CHECK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_idle_start_completes),
      fixture_test(uv_prepare_start_completes),
      fixture_test(uv_check_start_completes),
      fixture_test(the_phases_of_each_turn_come_in_order),
      fixture_test(unwrapped_a_handle_serves_its_user),
      fixture_test(uv_idle_start_fails),
      fixture_test(uv_prepare_start_fails),
      fixture_test(uv_check_start_fails),
      fixture_test(refuses_other_types),
      fixture_test(uv_idle_start_is_cancelled),
      fixture_test(uv_prepare_start_is_cancelled),
      fixture_test(uv_check_start_is_cancelled),
  };
  return fixture_main("phase", tests);
}
