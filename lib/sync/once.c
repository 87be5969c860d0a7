/* SPDX-License-Identifier: MIT */
/* Onces. Invariant: somebody waits only while fn runs. */
#include "vt/once.h"

#include "sync/wait_list.h"

static const vt__wait_rule_t rule = {.ops = VT__WAIT_OPS("once")};

int vt_once_init(vt_once_t *o) {
  if (!o)
    return UV_EINVAL;
  o->done = false;
  o->running = false;
  o->status = 0;
  vt__wait_list_init(&o->waiters);
  return 0;
}

static vt_t enlist(vt_once_t *o) {
  vt_value_t none = {0};
  return vt__wait_enlist(&o->waiters, &rule, none);
}

static void on_run(void *state, vt_result_t result) {
  vt_once_t *o = state;
  o->running = false;
  o->done = result.status == 0;
  o->value = result.value;
  vt__wait_list_end(&o->waiters, result);
}

/* What fn returned is complete, or cannot be awaited. */
static vt_t end_now(vt_once_t *o, vt_result_t result) {
  on_run(o, result);
  return vt_from_result(result);
}

/* fn is for all: a cancel of the first one's scope must not end it. */
static vt_t call(vt_once_fn *fn, void *arg) {
  vt_loop_t *loop = vt__current;
  if (!loop)
    return fn(arg);
  vt_scope_t *before = loop->scope;
  loop->scope = NULL;
  vt_t v = fn(arg);
  loop->scope = before;
  return v;
}

vt_t vt__once_run(vt_once_t *o, vt_once_fn *fn, void *arg) {
  int rc = vt__wait_list_check(&o->waiters);
  if (rc != 0 || o->status != 0 || !fn)
    return vt_failed(rc != 0 ? rc : o->status != 0 ? o->status : UV_EINVAL);
  if (o->running)
    return enlist(o);
  o->running = true;
  o->run = vt_done();
  vt_t v = call(fn, arg);
  if (o->status != 0) { /* closed by fn */
    vt_forget(v);
    return vt_failed(o->status);
  }
  o->run = v;
  if (vt_in_hand(v))
    return end_now(o, vt_get_result(v));
  rc = vt_on_completed(v, 0, on_run, o);
  if (rc == VT_COMPLETED)
    return end_now(o, vt_get_result(v));
  if (rc == 0)
    return enlist(o);
  if (rc == UV_ENOMEM) {
    vt_cancel(v);
    vt_forget(v);
  }
  return end_now(o, vt__wait_status(rc));
}

int vt_once_close(vt_once_t *o, int64_t status) {
  int rc = vt__wait_list_check(&o->waiters);
  if (rc != 0 || o->status != 0)
    return rc;
  if (o->running && !vt_in_hand(o->run) && !vt_await_stop(o->run, on_run, o))
    return (int)vt__misuse(VT_ETHREAD);
  o->done = false;
  o->running = false;
  return vt__wait_list_shut(&o->waiters, &o->status, status);
}
