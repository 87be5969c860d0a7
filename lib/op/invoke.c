/* SPDX-License-Identifier: MIT */
/* vt_invoke_on: a function on another loop, its answer on this one.
 *
 * The operation is one of the calling loop. In its block lies a letter, a block
 * of its own kind that travels through the inboxes: out to the other loop's
 * ready queue, where fn is called, and home with the result, where the
 * operation completes. So neither way needs memory. While the letter is out the
 * other thread touches the letter, the result and the claim, never the
 * operation; the inbox orders one after the other.
 *
 * What can go wrong: a cancel and the start of fn are decided by the claim; a
 * value task that cannot be awaited over there gives its status; the other loop
 * does not detach while a letter or fn's value task is with it. */
#include "vt/invoke.h"

#include <stdatomic.h>

#include "core/oneshot.h"
#include "vt/bridge.h"

enum claim { UNDECIDED, STARTED, CANCELLED };

struct invoke_op {
  vt_op_t op;
  vt_op_t letter; /* its source.ops and link are all that is used */
  vt_loop_t *home;
  vt_invoke_fn *fn;
  void *arg;
  vt_result_t result;
  bool answered; /* on the way home */
  _Atomic(enum claim) claim;
};

static struct invoke_op *of_letter(vt_op_t *letter) {
  return (struct invoke_op *)(void *)((char *)letter -
                                      offsetof(struct invoke_op, letter));
}

static bool decide(struct invoke_op *i, enum claim claim) {
  enum claim undecided = UNDECIDED;
  return atomic_compare_exchange_strong(&i->claim, &undecided, claim);
}

static int invoke_cancel(vt_op_t *op) {
  return decide((struct invoke_op *)op, CANCELLED) ? 0 : UV_EBUSY;
}

static const vt_op_kind_t invoke_kind = {.ops = VT_OP_OPS("invoke"),
                                         .size = sizeof(struct invoke_op),
                                         .cancel = invoke_cancel};

/* ---- on the other loop ---- */

static void on_answer(void *state, vt_result_t result) {
  struct invoke_op *i = state;
  i->result = result;
  i->answered = true;
  vt__inbox_post(i->home, &i->letter);
}

static void call(struct invoke_op *i) {
  vt_result_t cancelled = {UV_ECANCELED, {0}};
  if (decide(i, STARTED))
    vt_await(i->fn(i->arg), on_answer, i);
  else
    on_answer(i, cancelled);
}

/* ---- the letter, on either loop ---- */

static void letter_ready(vt_loop_t *loop, vt_op_t *letter) {
  struct invoke_op *i = of_letter(letter);
  loop->scope = NULL;
  if (i->answered)
    vt_op_complete(i, i->result);
  else
    call(i);
}

static const struct vt__own_ops letter_own = {.ready = letter_ready,
                                              .arrive = vt__ready_push};

static const vt_source_ops_t letter_ops = {.kind = "invoke",
                                           .own = &letter_own};

vt_t vt_invoke_on(vt_loop_t *loop, vt_invoke_fn *fn, void *arg) {
  struct invoke_op *i;
  if (!loop || !fn)
    return vt_failed(UV_EINVAL);
  int rc = vt_op_begin(&invoke_kind, &i);
  if (rc != 0)
    return vt_failed(rc);
  i->letter.source.ops = &letter_ops;
  i->home = vt__current;
  i->fn = fn;
  i->arg = arg;
  i->answered = false;
  atomic_init(&i->claim, UNDECIDED);
  vt_t v = vt_op_started(i, 0);
  vt__inbox_post(loop, &i->letter);
  return v;
}
