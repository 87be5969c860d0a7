/* SPDX-License-Identifier: MIT */
/* The ready queue: depth bound, order, and the budget that lets I/O in. */
#include "support/fixture.h"

#include <unistd.h>

#define MANY 1000000

/* ---- helpers ---- */

/* A pipe with a byte in it, and a poll that sees it. */
struct io {
  int fds[2];
  uv_poll_t poll;
  int seen;
};

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct io *io = poll->data;
  char byte;
  if (status == 0 && (events & UV_READABLE) && read(io->fds[0], &byte, 1) == 1)
    io->seen++;
}

static void io_begin(struct io *io, struct fixture *f) {
  io->seen = 0;
  assert_int_equal(uv_pipe(io->fds, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE), 0);
  assert_int_equal(write(io->fds[1], "x", 1), 1);
  uv_poll_init(&f->uv, &io->poll, io->fds[0]);
  io->poll.data = io;
  uv_poll_start(&io->poll, UV_READABLE, on_readable);
}

static void io_end(struct io *io) {
  uv_close((uv_handle_t *)&io->poll, NULL);
  close(io->fds[0]);
  close(io->fds[1]);
}

/* Queues itself again until the poll has run. */
struct busy {
  struct io io;
  int count;
  int when_seen; /* turns of its own until the poll had run; -1: never */
};

static void busy_again(struct busy *b, vt_continuation_fn *k) {
  if (b->io.seen > 0) {
    b->when_seen = b->count;
    uv_poll_stop(&b->io.poll);
  } else if (++b->count < MANY) {
    vt_await_with(vt_done(), VT_LATER, k, b);
  } else {
    uv_poll_stop(&b->io.poll);
  }
}

static void busy_k(void *state, vt_result_t result) {
  (void)result;
  busy_again(state, busy_k);
}

/* The same with a completion that is queued for another reason: a resettable
 * source, completed later in its own continuation. */
struct source_busy {
  struct busy busy;
  vt_reset_source_t source;
};

static void source_busy_k(void *state, vt_result_t result) {
  struct source_busy *s = state;
  (void)result;
  vt_reset_source_reset(&s->source);
  if (s->busy.io.seen > 0) {
    s->busy.when_seen = s->busy.count;
  } else if (++s->busy.count < MANY) {
    vt_await(vt_reset_source_task(&s->source), source_busy_k, s);
    vt_reset_source_set(&s->source, result_int(0));
    return;
  }
  uv_poll_stop(&s->busy.io.poll);
}

/* An async function that yields until the poll has run. */
struct yield_frame {
  vt_frame_t vt;
  struct io *io;
  int yields;
};

static vt_t yield_body(void *frame) {
  struct yield_frame *f = frame;
  VT_BEGIN(f);
  while (f->io->seen == 0 && f->yields < 100) {
    VT_TRY(f, vt_yield());
    f->yields++;
  }
  VT_RETURN(f, vt_from_int(f->yields));
  VT_END(f);
}

/* Counts the loop's polls. One function yields, and is slow; another's delays
 * are due in every turn by that. */
struct polls {
  int count;
  int left;    /* steps of the one that yields */
  int without; /* yields between which there was none */
};

static void on_check(uv_check_t *check) {
  ((struct polls *)check->data)->count++;
}

static void be_slow(void) {
  uint64_t until = uv_hrtime() + 1500000;
  while (uv_hrtime() < until)
    ;
}

struct poll_frame {
  vt_frame_t vt;
  struct polls *polls;
  uint64_t delay_ms; /* 0: the one that yields */
  int before;
};

static vt_t poll_body(void *frame) {
  struct poll_frame *f = frame;
  VT_BEGIN(f);
  while (f->polls->left > 0) {
    f->before = f->polls->count;
    if (f->delay_ms > 0) {
      VT_TRY(f, vt_delay(f->delay_ms));
      continue;
    }
    VT_TRY(f, vt_yield());
    f->polls->without += f->polls->count == f->before;
    f->polls->left--;
    be_slow();
  }
  VT_END(f);
}

/* An async function that takes hits, and one that waits for a queue entry. */
struct loop_frame {
  vt_frame_t vt;
  int64_t i;
};

static vt_t hits_body(void *frame) {
  struct loop_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  while (f->i < MANY) {
    VT_TRY_VALUE(f, value, vt_from_int(1));
    f->i += value.i;
  }
  VT_RETURN(f, vt_from_int(f->i));
  VT_END(f);
}

/* What depth a completion inside a completion is at. */
#define STEPS 1000

struct steps {
  vt_reset_source_t sources[STEPS];
  int next, ran;
  int depth, deepest;
  int order_wrong;
};

static void step_k(void *state, vt_result_t result) {
  struct steps *s = state;
  int next = s->next + 1;
  s->depth++;
  if (s->depth > s->deepest)
    s->deepest = s->depth;
  s->order_wrong += result.value.i != s->ran;
  s->ran++;
  s->next = next;
  if (next < STEPS)
    vt_reset_source_set(&s->sources[next], result_int(next));
  s->depth--;
}

static void queue_k(void *state, vt_result_t result) {
  (void)result;
  vt_await_with(vt_from_int(7), VT_LATER, seen_k, state);
}

/* Begins a delay, cancels it, and does so again in its continuation. */
struct cancelling {
  struct seen *other;
  int count;
};

static void cancel_again_k(void *state, vt_result_t result) {
  struct cancelling *c = state;
  vt_t v;
  (void)result;
  if (c->other->count > 0 || ++c->count >= MANY)
    return;
  v = vt_delay(3600 * 1000);
  vt_await(v, cancel_again_k, c);
  vt_cancel(v);
}

/* ---- it works ---- */

static void completions_in_completions_are_bounded(void **state) {
  struct fixture *f = *state;
  static struct steps s;
  for (int i = 0; i < STEPS; i++) {
    vt_reset_source_init(&s.sources[i], 0);
    vt_await(vt_reset_source_task(&s.sources[i]), step_k, &s);
  }
  vt_reset_source_set(&s.sources[0], result_int(0));
  assert_in_range(s.ran, 1, 9); /* the others are queued */
  assert_true(fixture_run(f));
  assert_int_equal(s.ran, STEPS);
  assert_int_equal(s.order_wrong, 0);
  assert_in_range(s.deepest, 1, 9);
}

static void a_busy_queue_lets_io_in(void **state) {
  struct fixture *f = *state;
  struct busy b = {.when_seen = -1};
  io_begin(&b.io, f);
  vt_await_with(vt_done(), VT_LATER, busy_k, &b);
  fixture_run(f);
  io_end(&b.io);
  assert_true(fixture_run(f));
  assert_in_range(b.when_seen, 0, MANY - 1);
}

static void a_busy_source_lets_io_in(void **state) {
  struct fixture *f = *state;
  struct source_busy s = {.busy.when_seen = -1};
  vt_reset_source_init(&s.source, VT_COMPLETE_LATER);
  io_begin(&s.busy.io, f);
  vt_await(vt_reset_source_task(&s.source), source_busy_k, &s);
  vt_reset_source_set(&s.source, result_int(0));
  fixture_run(f);
  io_end(&s.busy.io);
  assert_true(fixture_run(f));
  assert_in_range(s.busy.when_seen, 0, MANY - 1);
}

static void cancelled_delays_let_the_queue_run(void **state) {
  struct fixture *f = *state;
  struct seen other = {0};
  struct cancelling c = {.other = &other};
  vt_await_with(vt_done(), VT_LATER, cancel_again_k, &c);
  vt_await(vt_yield(), seen_k, &other);
  assert_true(fixture_run(f));
  assert_int_equal(other.count, 1);
  assert_in_range(c.count, 0, MANY - 1);
}

/* Polls are counted, not time: one that sleeps polls a few times, one that
 * spins some hundred times a millisecond. */
static void a_pending_delay_lets_the_loop_sleep(void **state) {
  struct fixture *f = *state;
  struct polls polls = {.count = 0};
  vt_t longer = vt_delay(3600 * 1000);
  uv_check_t check;
  vt_result_t r;
  uv_check_init(&f->uv, &check);
  check.data = &polls;
  uv_check_start(&check, on_check);
  uv_unref((uv_handle_t *)&check);
  r = vt_loop_run(f->vt, vt_delay(30));
  vt_cancel(longer);
  vt_forget(longer);
  uv_close((uv_handle_t *)&check, NULL);
  assert_true(fixture_run(f));
  assert_status(r.status, 0);
  assert_in_range(polls.count, 1, 50);
}

static void a_yield_lets_io_in(void **state) {
  struct fixture *f = *state;
  struct io io;
  struct yield_frame frame = {.io = &io};
  vt_result_t r;
  io_begin(&io, f);
  r = vt_loop_run(f->vt, vt_start(&frame, yield_body));
  io_end(&io);
  fixture_turn(f);
  assert_status(r.status, 0);
  assert_in_range(r.value.i, 1, 3); /* at once, but for the turn it is in */
}

static void a_poll_lies_between_two_yields(void **state) {
  struct fixture *f = *state;
  struct poll_frame yields = {.delay_ms = 0}, delays = {.delay_ms = 1};
  struct polls polls = {.left = 40};
  struct seen seen[2] = {{0}};
  uv_check_t check;
  uv_check_init(&f->uv, &check);
  check.data = &polls;
  uv_check_start(&check, on_check);
  uv_unref((uv_handle_t *)&check);
  yields.polls = delays.polls = &polls;
  vt_await(vt_start(&yields, poll_body), seen_k, &seen[0]);
  vt_await(vt_start(&delays, poll_body), seen_k, &seen[1]);
  fixture_run(f);
  uv_close((uv_handle_t *)&check, NULL);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], 0);
  assert_seen_status(&seen[1], 0);
  assert_int_equal(polls.without, 0);
}

/* Each yield's continuation queues another, while more yields are ready. */
static void what_a_yield_queues_runs_too(void **state) {
  struct fixture *f = *state;
  struct seen queued[10] = {{0}};
  for (int i = 0; i < 10; i++)
    vt_await(vt_yield(), queue_k, &queued[i]);
  assert_true(fixture_run(f));
  for (int i = 0; i < 10; i++)
    assert_seen_int(&queued[i], 7);
}

static void a_yield_is_never_in_hand(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, later = {0};
  vt_t v = vt_yield();
  assert_status(vt_status(v), VT_PENDING);
  vt_await(v, seen_k, &seen);
  vt_await_with(vt_yield(), VT_LATER, seen_k, &later);
  assert_int_equal(seen.count + later.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  assert_seen_status(&later, 0);
}

static void a_yield_can_be_cancelled_or_forgotten(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_yield();
  int rc;
  vt_forget(vt_yield());
  vt_await(v, seen_k, &seen);
  rc = vt_cancel(v);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  assert_true(seen.result.status == (rc == 0 ? UV_ECANCELED : 0));
  assert_int_equal(fixture_pending(f), 0);
}

static void a_cancelled_yield_is_cancelled_in_its_turn(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = vt_yield(), late = vt_yield();
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_cancel(v), VT_ESTALE);
  assert_status(vt_cancel(late), UV_EALREADY);
  assert_status(vt_get_result(late).status, 0);
}

static void a_loop_of_hits_keeps_the_stack(void **state) {
  struct loop_frame frame = {.i = 0};
  vt_t v = vt_start(&frame, hits_body);
  (void)state;
  assert_int_equal(vt_get_result(v).value.i, MANY);
}

static void continuations_are_counted(void **state) {
  struct fixture *f = *state;
  vt_loop_stats_t before, during, after;
  struct seen seen = {0};
  vt_loop_stats(f->vt, &before);
  for (int i = 0; i < 10; i++)
    vt_await_with(vt_done(), VT_LATER, seen_k, &seen);
  vt_loop_stats(f->vt, &during);
  assert_true(fixture_run(f));
  vt_loop_stats(f->vt, &after);
  assert_int_equal(before.queued, 0);
  assert_int_equal(during.queued, 10);
  assert_int_equal(after.queued, 0);
  assert_int_equal(after.continuations - before.continuations, 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(completions_in_completions_are_bounded),
      fixture_test(a_busy_queue_lets_io_in),
      fixture_test(a_busy_source_lets_io_in),
      fixture_test(cancelled_delays_let_the_queue_run),
      fixture_test(a_pending_delay_lets_the_loop_sleep),
      fixture_test(a_yield_lets_io_in),
      fixture_test(a_poll_lies_between_two_yields),
      fixture_test(what_a_yield_queues_runs_too),
      fixture_test(a_yield_is_never_in_hand),
      fixture_test(a_yield_can_be_cancelled_or_forgotten),
      fixture_test(a_cancelled_yield_is_cancelled_in_its_turn),
      fixture_test(a_loop_of_hits_keeps_the_stack),
      fixture_test(continuations_are_counted),
  };
  return fixture_main("ready", tests);
}
