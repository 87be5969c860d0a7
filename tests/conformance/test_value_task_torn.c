/* SPDX-License-Identifier: MIT */
/* C#'s ValueTaskTests: a value task read while another thread writes it, whose
 * two words do not belong together. One case for each method, named after it;
 * methods.md has both lists.
 *
 * The mixes are made by hand, all of them, in place of a race that makes some.
 * With a source's word each is refused and changes nothing; with a word of a
 * result in hand it is a result in hand, of the wrong value. */
#include "conformance/backing.h"
#include "support/gate.h"

#include <string.h>

/* ---- helpers ---- */

enum { RESULT, FAILURE, LIVE_TASK, PENDING_OWN, DONE_OWN, RESET, OPERATION };
enum { LIVE = OPERATION + 1, FREED_TASK = LIVE, FREED_OPERATION, PARTS };
enum { GARBAGE = 5, MIXES = PARTS * (PARTS + GARBAGE) };

/* Value tasks of all kinds; the freed ones' memory serves the live ones. */
struct torn {
  enum form form;
  vt_t parts[PARTS];
  struct backing backings[OPERATION];
  struct gate gate;
  vt_t mixes[MIXES];
  int count;
  int accepted; /* mixes that another thread was not refused */
};

static void begin_parts(struct torn *t) {
  struct backing freed;
  struct gate gate = {0};
  backing_begin_completed(&freed, TASK, t->form, 0);
  t->parts[FREED_TASK] = freed.v;
  backing_end(&freed);
  t->parts[FREED_OPERATION] = gate_begin(&gate);
  gate_open(&gate, form_result(t->form, 0));
  vt_get_result(t->parts[FREED_OPERATION]);
  backing_begin_completed(&t->backings[RESULT], IN_HAND, t->form, 0);
  backing_begin_completed(&t->backings[FAILURE], IN_HAND, t->form, UV_EIO);
  backing_begin(&t->backings[LIVE_TASK], TASK, t->form);
  backing_begin(&t->backings[PENDING_OWN], OWN_SOURCE, t->form);
  backing_begin_completed(&t->backings[DONE_OWN], OWN_SOURCE, t->form, 0);
  backing_begin(&t->backings[RESET], RESET_SOURCE, t->form);
  for (int i = 0; i < OPERATION; i++)
    t->parts[i] = t->backings[i].v;
  t->parts[OPERATION] = gate_begin(&t->gate);
}

static void add_mix(struct torn *t, uintptr_t source, uint64_t word) {
  vt_t v = {source, {.u = word}};
  for (int i = 0; i < LIVE; i++)
    if (vt_equal(v, t->parts[i]))
      return; /* not torn */
  t->mixes[t->count++] = v;
}

static void mix(struct torn *t) {
  static const uint64_t garbage[GARBAGE] = {1, 42, INT64_MAX, UINT64_C(1) << 63,
                                            UINT64_MAX};
  for (int i = 0; i < PARTS; i++) {
    for (int j = 0; j < PARTS; j++)
      add_mix(t, t->parts[i].source, t->parts[j].value.u);
    for (int j = 0; j < GARBAGE; j++)
      add_mix(t, t->parts[i].source, garbage[j]);
  }
}

/* The status of whatever can be done with v; VT_PENDING when they differ. */
static int64_t touch(vt_t v, unsigned flags) {
  struct seen seen = {0};
  vt_task_t *kept, *task = vt_as_task(v);
  vt_t preserved = vt_preserve(v, &kept);
  int64_t status = vt_task_result(task).status;
  bool same = vt_status(v) == status && vt_get_result(v).status == status &&
              vt_get_result(preserved).status == status;
  vt_task_unref(task);
  vt_task_unref(kept);
  same = same && !vt_await_stop(v, seen_k, &seen) && vt_cancel(v) != 0;
  vt_await_with(v, flags, seen_k, &seen);
  same = same && seen.count == 1 && seen.result.status == status;
  return same ? status : VT_PENDING;
}

static void check_mix(struct fixture *f, vt_t v) {
  struct seen later = {0}, never = {0};
  int64_t status = vt_in_hand(v) ? vt_status_in_hand(v) : VT_ESTALE;
  assert_status(touch(v, 0), status);
  assert_status(touch(v, VT_ANYWHERE), status);
  assert_status(vt_on_completed(v, 0, seen_k, &never),
                vt_in_hand(v) ? VT_COMPLETED : VT_ESTALE);
  vt_await_with(v, VT_LATER, seen_k, &later);
  assert_true(fixture_run_until(f, &later.count, 1));
  assert_int_equal(never.count, 0);
  assert_int_equal(later.count, 1);
  assert_status(later.result.status, status);
  if (!vt_in_hand(v))
    vt_forget(v); /* in hand a failure is reported, rightly */
}

static void touch_elsewhere(void *arg) {
  struct torn *t = arg;
  for (int i = 0; i < t->count; i++)
    if (!vt_in_hand(t->mixes[i])) {
      struct seen seen = {0};
      vt_await(t->mixes[i], seen_k, &seen);
      t->accepted += vt_status(t->mixes[i]) >= 0 || seen.count != 1 ||
                     seen.result.status >= 0;
    }
}

/* The whole ones have noticed nothing. */
static void check_parts(struct fixture *f, struct torn *t) {
  struct seen seen = {0};
  for (int i = 0; i < OPERATION; i++) {
    const struct own_source *own = &t->backings[i].own;
    assert_int_equal(own->asked + own->taken + own->cancelled, 0);
  }
  assert_int_equal(t->gate.cancels + t->gate.discards, 0);
  for (int i = LIVE_TASK; i < OPERATION; i++) {
    if (i != DONE_OWN)
      assert_status(backing_complete(&t->backings[i], 0), 0);
    backing_check(&t->backings[i], 0);
    backing_check_result(&t->backings[i], vt_get_result(t->parts[i]), 0);
    backing_end(&t->backings[i]);
  }
  vt_await(t->parts[OPERATION], seen_k, &seen);
  gate_open(&t->gate, form_result(t->form, 0));
  assert_true(fixture_run(f));
  assert_seen_int(&seen, form_value(t->form));
}

static void check_torn(struct fixture *f, enum form form) {
  struct torn t;
  memset(&t, 0, sizeof t);
  t.form = form;
  begin_parts(&t);
  mix(&t);
  for (int i = 0; i < t.count; i++)
    check_mix(f, t.mixes[i]);
  fixture_on_thread(touch_elsewhere, &t, 0);
  assert_int_equal(t.accepted, 0);
  check_parts(f, &t);
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- the cases ---- */

static void non_generic_torn_read_does_not_crash_or_hang(void **state) {
  check_torn(*state, NON_GENERIC);
}

static void generic_torn_read_does_not_crash_or_hang(void **state) {
  check_torn(*state, GENERIC);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(non_generic_torn_read_does_not_crash_or_hang),
      fixture_test(generic_torn_read_does_not_crash_or_hang),
  };
  return fixture_main("conformance/value_task_torn", tests);
}
