/* SPDX-License-Identifier: MIT */
/* Scopes: making, cancelling, joining.
 *
 * Happy path: the block of a scope is a one-shot operation of its parent, which
 * completes as the join when it was joined and its last member has left; that
 * is found out in a turn of the ready queue, never where the member is.
 * Deadlines are delays of no scope, called off when the scope is over.
 *
 * What can go wrong: a member that completes, frees or begins others while all
 * are cancelled: each is moved to another list before it is called, and nothing
 * else runs meanwhile; what is begun then is refused. */
#include "vt/scope.h"

#include "core/frame.h"
#include "core/oneshot.h"
#include "core/value_task.h"
#include "vt/delay.h"

typedef struct scope {
  vt__scope_block_t block;
  vt_scope_options_t options;
  vt__queue_t waiting; /* functions not begun */
  size_t running;      /* begun and not ended */
  int64_t failure;     /* of the first that failed */
  vt_t deadline;       /* the delay until it; done: none */
  vt_t cleanup;        /* the delay that ends the clean-ups; done: none */
} scope_t;

static scope_t *scope_of(const vt_op_t *op) {
  return (scope_t *)(void *)(uintptr_t)op;
}

static vt_loop_t *loop_of(const scope_t *s) { return vt__slab_of(s)->loop; }

static void part_init(vt_scope_t *part, vt__scope_block_t *block) {
  part->children = part->members = part->ended = NULL;
  part->reason = 0;
  part->block = block;
}

/* ---- time ---- */

/* Calls k(s) in ms: by a delay of no scope. Done in hand: it could not be. */
static vt_t call_in(scope_t *s, uint64_t ms, vt_continuation_fn *k) {
  vt_scope_t *before = vt_scope_enter(NULL);
  vt_t v = vt_delay(ms);
  vt_scope_leave(before);
  if (vt_in_hand(v))
    return vt_done();
  vt_await(v, k, s);
  return v;
}

static void call_off(scope_t *s, vt_t *delay, vt_continuation_fn *k) {
  vt_t v = *delay;
  *delay = vt_done();
  if (vt_in_hand(v))
    return;
  vt_await_stop(v, k, s);
  vt_cancel(v);
}

static void on_deadline(void *state, vt_result_t result);

/* ---- cancelling ---- */

static void end_list(vt_scope_t *part, vt_op_t **list) {
  while (*list) {
    vt_op_t *op = *list;
    vt__scope_move(op, &part->ended);
    if (op->source.ops->cancel)
      op->source.ops->cancel(&op->source, op->source.token);
  }
}

static void end_part(vt_scope_t *part, int64_t reason) {
  vt_loop_t *loop = vt__slab_of(part->block)->loop;
  part->reason = reason;
  loop->depth += VT__DEPTH;
  end_list(part, &part->children);
  end_list(part, &part->members);
  loop->depth -= VT__DEPTH;
}

/* The clean-ups have had their time: also for what they await and is of no
 * scope, for which those that were told to end are told again. */
static void on_cleanup(void *state, vt_result_t result) {
  scope_t *s = state;
  vt_scope_t *main = &s->block.main;
  vt_op_t *again = NULL;
  (void)result;
  s->cleanup = vt_done();
  end_part(&s->block.shield, UV_ECANCELED);
  while (main->ended)
    vt__scope_move(main->ended, &again);
  loop_of(s)->depth += VT__DEPTH;
  end_list(main, &again);
  loop_of(s)->depth -= VT__DEPTH;
}

static void cleanup_begin(scope_t *s) {
  vt_result_t none = {UV_ENOMEM, {0}};
  if (s->options.cleanup_ms == 0)
    return;
  s->cleanup = call_in(s, s->options.cleanup_ms, on_cleanup);
  if (vt_in_hand(s->cleanup))
    on_cleanup(s, none);
}

/* 0 where a scope may be touched. */
static int check(const vt_scope_t *scope) {
  if (!scope)
    return UV_EINVAL;
  return vt__slab_of(scope)->loop == vt__current ? 0
                                                 : (int)vt__misuse(VT_ETHREAD);
}

int vt_scope_cancel(vt_scope_t *scope, int64_t reason) {
  int rc = check(scope);
  if (rc != 0)
    return rc;
  if (reason >= 0)
    return UV_EINVAL;
  if (scope->reason != 0)
    return UV_EALREADY;
  scope_t *s = (scope_t *)scope->block;
  call_off(s, &s->deadline, on_deadline);
  while (s->waiting.head)
    vt__op_undo(vt__queue_pop(&s->waiting));
  end_part(&s->block.main, reason);
  cleanup_begin(s);
  return 0;
}

static void on_deadline(void *state, vt_result_t result) {
  scope_t *s = state;
  (void)result;
  s->deadline = vt_done();
  vt_scope_cancel(&s->block.main, UV_ETIMEDOUT);
}

/* UV_ENOMEM when the deadline could not be kept. */
static int deadline_begin(scope_t *s) {
  uint64_t ms = s->options.timeout_ms, at = s->options.deadline_ms;
  uint64_t now = vt__loop_fresh_now();
  if (at != 0 && at <= now) {
    s->block.main.reason = UV_ETIMEDOUT;
    return 0;
  }
  if (at != 0 && (ms == 0 || at - now < ms))
    ms = at - now;
  if (ms == 0)
    return 0;
  s->deadline = call_in(s, ms, on_deadline);
  return vt_in_hand(s->deadline) ? UV_ENOMEM : 0;
}

int64_t vt_scope_status(const vt_scope_t *scope) {
  int rc = check(scope);
  return rc != 0 ? rc : scope->reason;
}

/* ---- as a source ---- */

/* Nothing of it is left: what the join completes with. */
static vt_result_t end(scope_t *s) {
  vt_result_t result = {s->block.main.reason, {0}};
  if (result.status == 0)
    result.status = s->failure;
  call_off(s, &s->deadline, on_deadline);
  call_off(s, &s->cleanup, on_cleanup);
  vt__scope_report(&s->block);
  return result;
}

/* The join's turn: its awaiter is to run, or it may be over. */
static void scope_ready(vt_loop_t *loop, vt_op_t *op) {
  scope_t *s = scope_of(op);
  if (op->phase == VT__QUEUED) {
    vt__op_ready(loop, op);
    return;
  }
  loop->scope = op->source.scope;
  s->block.queued = false;
  if (s->block.count == 0)
    vt__op_finish(op, end(s));
}

static int scope_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check_cancel(op, token);
  if (rc != 0)
    return rc;
  return vt_scope_cancel(&scope_of(op)->block.main, UV_ECANCELED);
}

static const struct vt__own_ops scope_own = {
    .attach = vt__op_attach,
    .stop = vt__op_stop,
    .forget = vt__op_forget,
    .drop = vt__op_drop,
    .ready = scope_ready,
};

static const vt_source_ops_t scope_ops = {
    .kind = "scope",
    .status = vt__op_status,
    .result = vt__op_result,
    .on_completed = vt__op_on_completed,
    .cancel = scope_cancel,
    .own = &scope_own,
};

int vt_scope_new(const vt_scope_options_t *options, vt_scope_t **out) {
  static const vt_scope_options_t none = {0};
  vt_op_t *op;
  if (!out)
    return UV_EINVAL;
  int rc = vt__op_new(&scope_ops, sizeof(scope_t), &op);
  if (rc != 0)
    return rc;
  scope_t *s = scope_of(op);
  op->aux = (uint32_t)vt__loop_now(loop_of(s));
  part_init(&s->block.main, &s->block);
  part_init(&s->block.shield, &s->block);
  s->block.untaken = NULL;
  s->block.count = 0;
  s->block.used = s->block.joined = s->block.queued = false;
  s->options = options ? *options : none;
  s->waiting.head = NULL;
  s->running = 0;
  s->failure = 0;
  s->deadline = s->cleanup = vt_done();
  rc = deadline_begin(s);
  if (rc != 0) {
    vt__op_undo(op);
    return rc;
  }
  if (op->source.scope)
    vt__scope_move(op, &op->source.scope->children);
  *out = &s->block.main;
  return 0;
}

/* Whether nothing of a scope can be on the stack beneath. */
static bool is_over(const vt_loop_t *loop, const vt__scope_block_t *block) {
  bool entered = loop->scope && loop->scope->block == block;
  return block->count == 0 && !entered && (!block->used || loop->depth == 0);
}

vt_t vt_scope_join(vt_scope_t *scope) {
  int rc = check(scope);
  if (rc != 0)
    return vt_failed(rc);
  vt__scope_block_t *block = scope->block;
  if (block->joined)
    return vt_failed(vt__misuse(VT_EAWAITED));
  block->joined = true;
  if (is_over(vt__current, block)) {
    vt_t v = vt_from_result(end((scope_t *)block));
    vt__op_undo(&block->op);
    return v;
  }
  vt__scope_hold(scope);
  vt__scope_release(scope); /* looks again when nobody is left */
  return vt__op_task(&block->op);
}

/* ---- functions ---- */

static void note_ended(scope_t *s, int64_t status) {
  s->running--;
  if (status == 0)
    return;
  if (s->failure == 0)
    s->failure = status;
  if (s->options.flags & VT_SCOPE_FAIL_FAST)
    vt_scope_cancel(&s->block.main, status);
}

static void on_ended(void *state, vt_result_t result);

/* Begins those that wait, as many as may run. */
static void run_waiting(scope_t *s) {
  size_t limit = s->options.limit ? s->options.limit : SIZE_MAX;
  vt_scope_t *before = vt_scope_enter(&s->block.main);
  while (s->waiting.head && s->running < limit) {
    s->running++;
    vt_t v = vt__box_run(vt__queue_pop(&s->waiting));
    if (vt__register(v, 0, on_ended, s) != 0)
      note_ended(s, vt_get_result(v).status);
  }
  vt_scope_leave(before);
}

static void on_ended(void *state, vt_result_t result) {
  note_ended(state, result.status);
  run_waiting(state);
}

int vt_scope_start(vt_scope_t *scope, const void *frame, size_t size,
                   vt_body_fn *body) {
  vt_op_t *box;
  int rc = check(scope);
  if (rc == 0 && scope->reason != 0)
    rc = UV_ECANCELED;
  if (rc != 0)
    return rc;
  vt_scope_t *before = vt_scope_enter(scope);
  rc = vt__box_prepare(frame, size, body, &box);
  vt_scope_leave(before);
  if (rc != 0)
    return rc;
  scope_t *s = (scope_t *)scope->block;
  vt__queue_push(&s->waiting, box);
  run_waiting(s);
  return 0;
}

/* ---- the current one ---- */

vt_scope_t *vt_scope_current(void) {
  vt_scope_t *scope = vt__current ? vt__current->scope : NULL;
  return scope ? &scope->block->main : NULL;
}

vt_scope_t *vt_scope_enter(vt_scope_t *scope) {
  vt_loop_t *loop = vt__current;
  vt_scope_t *before = loop ? loop->scope : NULL;
  if (!scope || check(scope) == 0)
    vt_scope_leave(scope);
  return before;
}

void vt_scope_leave(vt_scope_t *before) {
  if (vt__current)
    vt__current->scope = before;
}
