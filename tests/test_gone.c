/* SPDX-License-Identifier: MIT */
/* A source is through when it has called vt_resume, and may be freed or serve
 * another: nothing may look at it while its continuation is still queued. */
#include "support/fixture.h"
#include "support/gate.h"
#include "support/own_source.h"

#include <stdlib.h>
#include <string.h>

/* ---- helpers ---- */

struct await_frame {
  vt_frame_t vt;
  vt_t v;
};

static vt_t await_body(void *frame) {
  struct await_frame *f = frame;
  vt_value_t value;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, value, f->v);
  VT_RETURN(f, vt_from_value(value));
  VT_END(f);
}

static vt_t await_async(vt_t v) {
  struct await_frame frame = {.v = v};
  return vt_start(&frame, await_body);
}

/* Waits, then returns what is pending. */
static vt_t tail_body(void *frame) {
  struct await_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, f->v);
  VT_END(f);
}

/* Cancels itself while it runs; what it waited for serves a stranger then. */
struct running_frame {
  vt_frame_t vt;
  vt_t v;
  vt_t *self, *stranger_v;
  struct gate *stranger;
  int *rc;
};

static vt_t running_body(void *frame) {
  struct running_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  *f->stranger_v = gate_begin(f->stranger);
  *f->rc = vt_cancel(*f->self);
  VT_END(f);
}

static void walk_entry(void *arg, const vt_loop_entry_t *entry) {
  *(size_t *)arg += strlen(entry->kind) + strlen(entry->subject);
}

static void look_around(struct fixture *f) {
  size_t length = 0;
  vt_loop_walk(f->vt, walk_entry, &length);
}

static struct own_source *own_new(void) {
  struct own_source *own = malloc(sizeof *own);
  own_source_init(own);
  own->subject = "a subject";
  return own;
}

/* No sanitizer is needed to see a use: nothing of it is left as it was. */
static void own_free(struct own_source *own) {
  memset(own, 0xee, sizeof *own);
  free(own);
}

static void resume_and_free(void *arg) {
  own_source_complete(arg, result_int(4));
  own_free(arg);
}

/* A function that awaits another, which has returned a gate. At some depth of
 * nested completions the gate is opened; what is too deep is queued. */
struct deep {
  vt_reset_source_t steps[20];
  int next;
  int level; /* how far above the deepest the gate is opened */
  struct gate gate, stranger;
  vt_t gate_v, outer, stranger_v;
  bool reused; /* the stranger has the gate's memory, the function is queued */
  int cancel_rc;
  struct seen seen;
};

static void open_and_cancel(struct deep *d) {
  gate_open(&d->gate, result_int(1));
  d->stranger_v = gate_begin(&d->stranger);
  d->reused = d->seen.count == 0 && d->stranger_v.source == d->gate_v.source;
  d->cancel_rc = vt_cancel(d->outer);
}

static void deep_k(void *state, vt_result_t result) {
  struct deep *d = state;
  (void)result;
  if (d->next < 20) {
    vt_reset_source_t *step = &d->steps[d->next++];
    vt_reset_source_init(step, 0);
    vt_await(vt_reset_source_task(step), deep_k, d);
    vt_reset_source_set(step, result_int(0));
  }
  if (d->level-- == 0)
    open_and_cancel(d);
}

/* ---- it works ---- */

static void a_source_may_be_freed_once_it_is_resumed(void **state) {
  struct fixture *f = *state;
  struct own_source *own = own_new();
  struct seen seen = {0};
  vt_await(own_source_task(own), seen_k, &seen);
  own_source_complete_later(own, result_int(3));
  own_free(own);
  look_around(f);
  assert_status(vt_loop_detach(f->vt, NULL), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 3);
}

static void a_source_resumed_elsewhere_may_be_freed_there(void **state) {
  struct fixture *f = *state;
  struct own_source *own = own_new();
  struct seen seen = {0};
  vt_await(own_source_task(own), seen_k, &seen);
  fixture_on_thread(resume_and_free, own, 0);
  look_around(f);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 4);
}

static void a_function_that_awaited_it_may_be_cancelled(void **state) {
  struct fixture *f = *state;
  for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
    struct own_source *own = own_new();
    struct seen seen = {0};
    vt_t v = await_async(own_source_task(own));
    int rc;
    vt_await(v, seen_k, &seen);
    if (elsewhere) {
      fixture_on_thread(resume_and_free, own, 0);
    } else {
      own_source_complete_later(own, result_int(4));
      own_free(own);
    }
    look_around(f);
    rc = vt_cancel(v);
    assert_true(rc < 0); /* too late, whatever it is called */
    assert_true(fixture_run(f));
    assert_seen_int(&seen, 4);
  }
}

static void a_source_that_was_done_may_be_freed(void **state) {
  struct fixture *f = *state;
  struct own_source *own = own_new();
  struct seen seen = {0};
  own_source_complete(own, result_int(5));
  vt_await_with(own_source_task(own), VT_LATER, seen_k, &seen);
  assert_int_equal(own->taken, 1);
  own_free(own); /* its result was taken */
  look_around(f);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 5);
}

/* A function between its operation's completion and its own continuation: a
 * cancel comes too late, and hits no stranger. */
static void a_late_cancel_hits_no_stranger(void **state) {
  struct fixture *f = *state;
  int reused = 0;
  for (int level = 0; level < 8; level++) {
    struct deep d = {.level = level};
    struct await_frame tail;
    d.gate_v = tail.v = gate_begin_plain(&d.gate);
    d.outer = await_async(vt_start(&tail, tail_body));
    vt_await(d.outer, seen_k, &d.seen);
    for (int i = 0; i < 3; i++)
      fixture_turn(f); /* the inner one has returned its gate */
    deep_k(&d, result_int(0));
    assert_int_equal(d.stranger.cancels, 0);
    assert_true(d.cancel_rc < 0);
    reused += d.reused;
    gate_open(&d.stranger, result_int(2));
    assert_int_equal(vt_get_result(d.stranger_v).value.i, 2);
    assert_true(fixture_run(f));
    assert_seen_int(&d.seen, 1);
  }
  assert_true(reused > 0); /* else the case shows nothing */
}

/* A function that runs waits for nothing, whoever has the memory of what it
 * waited for. */
static void a_cancel_of_a_running_function_hits_no_stranger(void **state) {
  struct fixture *f = *state;
  struct gate gate = {0}, stranger = {0};
  struct seen seen = {0};
  vt_t self, stranger_v;
  int rc = 1;
  struct running_frame frame = {.v = gate_begin(&gate),
                                .self = &self,
                                .stranger = &stranger,
                                .stranger_v = &stranger_v,
                                .rc = &rc};
  vt_t first = frame.v;
  self = vt_start(&frame, running_body);
  vt_await(self, seen_k, &seen);
  gate_open(&gate, result_int(1));
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_true(stranger_v.source == first.source); /* else it shows nothing */
  assert_true(rc < 0);
  assert_int_equal(stranger.cancels, 0);
  gate_open(&stranger, result_int(2));
  assert_int_equal(vt_get_result(stranger_v).value.i, 2);
  assert_true(fixture_run(f)); /* the cancel, which finds nobody */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_source_may_be_freed_once_it_is_resumed),
      fixture_test(a_source_resumed_elsewhere_may_be_freed_there),
      fixture_test(a_function_that_awaited_it_may_be_cancelled),
      fixture_test(a_source_that_was_done_may_be_freed),
      fixture_test(a_late_cancel_hits_no_stranger),
      fixture_test(a_cancel_of_a_running_function_hits_no_stranger),
  };
  return fixture_main("gone", tests);
}
