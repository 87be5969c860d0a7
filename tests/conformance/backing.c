/* SPDX-License-Identifier: MIT */
/* What a value task can stand on. */
#include "conformance/backing.h"

#include <string.h>

int64_t form_value(enum form form) { return form == GENERIC ? 42 : 0; }

vt_result_t form_result(enum form form, int64_t status) {
  return status == 0 ? result_int(form_value(form)) : result_failed(status);
}

/* ---- made ---- */

static void begin(struct backing *b, enum backing_kind kind, enum form form) {
  memset(b, 0, sizeof *b);
  b->kind = kind;
  b->form = form;
  own_source_init(&b->own);
  vt_reset_source_init(&b->reset, 0);
}

static vt_t in_hand(enum form form, int64_t status) {
  if (form == NON_GENERIC)
    return status == 0 ? vt_done() : vt_failed(status);
  return status == 0 ? number_done(form_value(form)).vt
                     : number_failed(status).vt;
}

/* The value task on what stands behind it. */
static vt_t value_task(struct backing *b) {
  vt_t v = vt_done();
  if (b->kind == TASK)
    v = vt_from_task(b->task);
  else if (b->kind == OWN_SOURCE)
    v = own_source_task(&b->own);
  else if (b->kind == RESET_SOURCE)
    v = vt_reset_source_task(&b->reset);
  return b->form == GENERIC ? number_from(v).vt : v;
}

void backing_begin(struct backing *b, enum backing_kind kind, enum form form) {
  begin(b, kind, form);
  if (kind == TASK) {
    int rc = vt_promise_new(0, &b->promise);
    assert_status(rc, 0);
    b->task = vt_task_ref(vt_promise_task(b->promise));
  }
  b->v = value_task(b);
}

void backing_begin_completed(struct backing *b, enum backing_kind kind,
                             enum form form, int64_t status) {
  vt_result_t result = form_result(form, status);
  begin(b, kind, form);
  if (kind == TASK)
    b->task = vt_task_from_result(result);
  else if (kind == OWN_SOURCE)
    own_source_complete(&b->own, result);
  else if (kind == RESET_SOURCE)
    vt_reset_source_set(&b->reset, result);
  b->v = kind == IN_HAND ? in_hand(form, status) : value_task(b);
}

int backing_complete(struct backing *b, int64_t status) {
  vt_result_t result = form_result(b->form, status);
  if (b->kind == OWN_SOURCE)
    return own_source_complete(&b->own, result);
  if (b->kind == RESET_SOURCE)
    return vt_reset_source_set(&b->reset, result);
  return status == 0 ? vt_promise_set(b->promise, result.value)
                     : vt_promise_fail(b->promise, status);
}

void backing_end(struct backing *b) {
  vt_promise_free(b->promise);
  vt_task_unref(b->task);
}

/* ---- checked ---- */

static const char *name_of(const struct backing *b) {
  static const char *const names[] = {"in hand", "a task", "an own source",
                                      "a resettable source"};
  return names[b->kind];
}

void backing_check(const struct backing *b, int64_t status) {
  bool cancelled = status == UV_ECANCELED;
  if (vt_is_completed(b->v) != (status != VT_PENDING) ||
      vt_is_succeeded(b->v) != (status == 0) ||
      vt_is_cancelled(b->v) != cancelled ||
      vt_is_failed(b->v) != (status < 0 && !cancelled))
    fail_msg("%s: the flags are not those of %lld", name_of(b),
             (long long)status);
  assert_status(vt_status(b->v), status);
}

void backing_check_result(const struct backing *b, vt_result_t result,
                          int64_t status) {
  int64_t value =
      b->form == GENERIC ? number_value(result) : (int64_t)result.value.u;
  assert_status(result.status, status);
  if (status == 0 && value != form_value(b->form))
    fail_msg("%s: the value is %lld", name_of(b), (long long)value);
}

void backing_check_seen(const struct backing *b, const struct seen *seen,
                        int64_t status) {
  if (seen->count != 1)
    fail_msg("%s: the continuation ran %d times", name_of(b), seen->count);
  backing_check_result(b, seen->result, status);
}
