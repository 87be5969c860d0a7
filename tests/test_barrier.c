/* SPDX-License-Identifier: MIT */
/* Barriers: nobody goes on before all have arrived, again and again. */
#include "support/fixture.h"
#include "support/line.h"

/* ---- helpers ---- */

static void open_for(vt_barrier_t *b, uint64_t count) {
  assert_status(vt_barrier_init(b, count), 0);
}

static void arrive(struct line *line, vt_barrier_t *b) {
  line_await(line, vt_barrier_arrive_async(b));
}

/* ---- it works ---- */

static void the_last_one_lets_all_go_on(void **state) {
  struct fixture *f = *state;
  vt_barrier_t b;
  uint64_t before = 0;
  open_for(&b, 3);
  for (int round = 0; round < 10; round++) {
    struct line line = {0};
    if (round == 2)
      before = fixture_allocations();
    arrive(&line, &b);
    arrive(&line, &b);
    assert_int_equal(line_turn(f, &line), 0);
    arrive(&line, &b);
    assert_went_with(&line, 2, 1, 1); /* in hand, and nobody inside */
    assert_int_equal(line.gone_on, 1);
    assert_int_equal(line_turn(f, &line), 3);
    assert_went(&line, 0, 2, 0);
    assert_went(&line, 1, 3, 0);
  }
  assert_int_equal(fixture_allocations(), before);
  assert_status(vt_barrier_close(&b, 0), 0);
}

static void alone_it_is_in_hand(void **state) {
  vt_barrier_t b;
  (void)state;
  open_for(&b, 1);
  for (int i = 0; i < 3; i++)
    assert_int_equal(vt_get_result(vt_barrier_arrive_async(&b)).value.u, 1);
  assert_status(vt_barrier_close(&b, 0), 0);
}

struct step_frame {
  vt_frame_t vt;
  vt_barrier_t *b;
  int *steps;
  int who;
  int spread; /* the most that anybody is ahead */
};

static vt_t steps_body(void *frame) {
  struct step_frame *f = frame;
  VT_BEGIN(f);
  while (f->steps[f->who] < 20) {
    f->steps[f->who]++;
    VT_TRY(f, vt_barrier_arrive_async(f->b));
    for (int i = 0; i < 3; i++)
      if (f->steps[i] < f->steps[f->who])
        f->spread++;
  }
  VT_RETURN(f, vt_from_int(f->spread));
  VT_END(f);
}

static void functions_go_step_by_step(void **state) {
  struct fixture *f = *state;
  struct seen seen[3] = {{0}};
  int steps[3] = {0};
  vt_barrier_t b;
  open_for(&b, 3);
  for (int i = 0; i < 3; i++) {
    struct step_frame frame = {.b = &b, .steps = steps, .who = i};
    vt_await(vt_start(&frame, steps_body), seen_k, &seen[i]);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < 3; i++) {
    assert_seen_int(&seen[i], 0);
    assert_int_equal(steps[i], 20);
  }
  assert_status(vt_barrier_close(&b, 0), 0);
}

/* ---- who does not wait any longer ---- */

static void cancelled_it_has_not_arrived(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_barrier_t b;
  open_for(&b, 2);
  arrive(&line, &b);
  assert_status(vt_cancel(line.waits[0].v), 0);
  arrive(&line, &b);
  assert_int_equal(line_turn(f, &line), 1);
  assert_went(&line, 0, 1, UV_ECANCELED);
  arrive(&line, &b);
  assert_status(vt_cancel(line.waits[1].v), UV_EALREADY);
  assert_int_equal(line_turn(f, &line), 3);
  assert_went(&line, 1, 3, 0);
  assert_status(vt_barrier_close(&b, 0), 0);
}

static void forgotten_it_has_arrived(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_barrier_t b;
  open_for(&b, 3);
  vt_forget(vt_barrier_arrive_async(&b));
  arrive(&line, &b);
  assert_true(line_stop(&line, 0));
  assert_int_equal(vt_get_result(vt_barrier_arrive_async(&b)).value.u, 1);
  fixture_turn(f);
  assert_int_equal(fixture_pending(f), 0);
  assert_status(vt_barrier_close(&b, 0), 0);
}

/* ---- it ends, it fails ---- */

static void close_ends_all_that_wait(void **state) {
  struct fixture *f = *state;
  struct line line = {0};
  vt_barrier_t b;
  assert_status(vt_barrier_init(NULL, 1), UV_EINVAL);
  assert_status(vt_barrier_init(&b, 0), UV_EINVAL);
  open_for(&b, 3);
  arrive(&line, &b);
  arrive(&line, &b);
  assert_status(vt_barrier_close(&b, 0), 0);
  assert_int_equal(line_turn(f, &line), 2);
  assert_went(&line, 0, 1, UV_ECANCELED);
  assert_went(&line, 1, 2, UV_ECANCELED);
  assert_status(vt_status(vt_barrier_arrive_async(&b)), UV_ECANCELED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(the_last_one_lets_all_go_on),
      fixture_test(alone_it_is_in_hand),
      fixture_test(functions_go_step_by_step),
      fixture_test(cancelled_it_has_not_arrived),
      fixture_test(forgotten_it_has_arrived),
      fixture_test(close_ends_all_that_wait),
  };
  return fixture_main("barrier", tests);
}
