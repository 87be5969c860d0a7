/* SPDX-License-Identifier: MIT */
/* Channels between threads.
 *
 * Invariant, by the lock: as <vt/channel.h>'s, and a wait is in a list of the
 * channel until somebody claims it, once: who serves it, who closes, or its own
 * loop, for a cancel. capacity and owed are together no more than the slots.
 *
 * Happy path: a send claims the first receiver, puts the item into its wait and
 * posts that to the inbox of its loop, where it completes. The wait is its own
 * letter: nothing is allocated on the way, and nobody but its loop touches it
 * afterwards.
 *
 * What can go wrong: a wait that was claimed and has not arrived cannot leave
 * any more; forgotten meanwhile, its item goes back to the front, into the slot
 * that was reserved for it. The channel may lose its last user then: each wait
 * has a reference to its memory. A loop is not left by a claimed wait under
 * way, as that is pending.
 *
 * The lock is the one of the tasks: no user's code, no system call and no
 * allocation under it. Only a ring that grows, with the number of receivers
 * that wait at once, is copied there. */
#include "vt/shared_channel.h"

#include "base/alloc.h"
#include "core/oneshot.h"
#include "core/task.h"
#include "sync/link.h"
#include "sync/ring.h"
#include "sync/wait_list.h"

struct vt_shared_channel {
  size_t capacity;
  _Atomic size_t users;
  _Atomic size_t references; /* one of all users, and one of each wait */
  _Atomic bool locked;
  /* by the lock */
  vt__ring_t ring;
  vt_wait_link_t receivers;
  vt_wait_link_t senders;
  size_t owed;    /* receives whose item may come back */
  int64_t status; /* of the close; 0 while open */
};

struct wait {
  vt_op_t op; /* its own loop's */
  vt_shared_channel_t *channel;
  vt_wait_link_t link; /* alone once it is claimed; by the lock */
  vt_result_t outcome; /* of the claim; before that, the item of a send */
};

/* The answer where a receive has no slot to wait for. */
enum { NO_SLOT = VT_PENDING + 1 };

static struct wait *wait_of(vt_op_t *op) { return (struct wait *)(void *)op; }

static const vt_source_ops_t receive_ops;

static bool is_receive(const struct wait *w) {
  return w->op.source.ops == &receive_ops;
}

static void release(vt_shared_channel_t *c) {
  if (atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
    return;
  vt__free(c->ring.items);
  vt__free(c);
}

/* ---- by the lock ---- */

static void lock(vt_shared_channel_t *c) { vt__spin_lock(&c->locked); }

static void unlock(vt_shared_channel_t *c) { vt__spin_unlock(&c->locked); }

static struct wait *first_of(const vt_wait_link_t *list) {
  if (vt__link_is_alone(list))
    return NULL;
  return (struct wait *)(void *)((char *)list->next -
                                 offsetof(struct wait, link));
}

static void claim(struct wait *w, int64_t status, vt_value_t value) {
  vt__link_leave(&w->link);
  vt__link_init(&w->link);
  w->outcome.status = status;
  w->outcome.value = value;
  if (is_receive(w) && status != 0)
    w->channel->owed--;
}

static void enlist(struct wait *w, vt_wait_link_t *list, vt_value_t item) {
  w->outcome.value = item;
  vt__link_append(list, &w->link);
}

/* The first send that waits, which is complete by it; or NULL. */
static struct wait *claim_sender(vt_shared_channel_t *c, vt_value_t *out) {
  struct wait *sender = first_of(&c->senders);
  vt_value_t none = {0};
  if (!sender || c->status != 0)
    return NULL;
  *out = sender->outcome.value;
  claim(sender, 0, none);
  return sender;
}

/* 0, VT_PENDING where it has to wait, which w then does if there is one, or the
 * status of the close. *served: who can go on by it. */
static int64_t put(vt_shared_channel_t *c, vt_value_t item, struct wait *w,
                   struct wait **served) {
  struct wait *receiver = first_of(&c->receivers);
  if (c->status != 0)
    return c->status;
  if (receiver) {
    claim(receiver, 0, item);
    *served = receiver;
    return 0;
  }
  if (c->ring.count < c->capacity) {
    vt__ring_push(&c->ring, item);
    return 0;
  }
  if (w)
    enlist(w, &c->senders, item);
  return VT_PENDING;
}

/* The same for the first item, in *out. */
static int64_t take(vt_shared_channel_t *c, vt_value_t *out, struct wait *w,
                    struct wait **served) {
  vt_value_t next;
  if (c->ring.count > 0) {
    *out = vt__ring_pop(&c->ring);
    if (c->ring.count < c->capacity && (*served = claim_sender(c, &next)))
      vt__ring_push(&c->ring, next);
    return 0;
  }
  *served = claim_sender(c, out);
  if (*served || c->status != 0)
    return *served ? 0 : c->status;
  if (!w)
    return VT_PENDING;
  if (c->owed >= c->ring.mask + 1 - c->capacity)
    return NO_SLOT;
  c->owed++;
  enlist(w, &c->receivers, *out);
  return VT_PENDING;
}

/* ---- on the wait's own loop ---- */

/* The continuation is queued, never run here. */
static void arrive(vt_loop_t *loop, vt_op_t *op) {
  struct wait *w = wait_of(op);
  bool forgotten = op->phase == VT__AWAITED && !op->k;
  if (!is_receive(w) || w->outcome.status != 0)
    release(w->channel);
  if (is_receive(w) && w->outcome.status != 0 && forgotten)
    w->outcome.status = UV_ECANCELED; /* it had left: nobody missed the close */
  op->flags |= VT_LATER;
  vt__op_finish(op, w->outcome);
  vt__loop_release(loop);
}

/* Lets who was claimed go on. */
static void pass(struct wait *w) {
  if (!w)
    return;
  vt_loop_t *loop = vt__slab_of(w)->loop;
  if (loop == vt__current)
    arrive(loop, &w->op);
  else
    vt__inbox_post(loop, &w->op);
}

/* Claims a wait for its own loop; false when somebody else has. */
static bool leave(struct wait *w) {
  vt_value_t none = {0};
  lock(w->channel);
  bool listed = !vt__link_is_alone(&w->link);
  if (listed)
    claim(w, UV_ECANCELED, none);
  unlock(w->channel);
  return listed;
}

static int wait_cancel(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  int rc = vt__op_check_cancel(op, token);
  if (rc != 0)
    return rc;
  if (!leave(wait_of(op)))
    return UV_EBUSY;
  pass(wait_of(op));
  return 0;
}

/* A receive that has its item has it for good, or gives it back. */
static void settle(struct wait *w, bool back) {
  vt_shared_channel_t *c = w->channel;
  lock(c);
  struct wait *receiver = back ? first_of(&c->receivers) : NULL;
  if (receiver)
    claim(receiver, 0, w->outcome.value);
  else if (back)
    vt__ring_push_front(&c->ring, w->outcome.value);
  c->owed--;
  unlock(c);
  pass(receiver);
  release(c);
}

static bool has_item(const struct wait *w) {
  return is_receive(w) && w->outcome.status == 0;
}

static vt_result_t wait_result(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (vt__op_check(op, token) == 0 && op->phase == VT__DONE &&
      has_item(wait_of(op)))
    settle(wait_of(op), false);
  return vt__op_result(source, token);
}

static bool wait_owns(const vt_op_t *op) {
  return has_item((const struct wait *)(const void *)op);
}

static void wait_ready(vt_loop_t *loop, vt_op_t *op) {
  if (op->k && !(op->flags & VT__KEPT) && has_item(wait_of(op)))
    settle(wait_of(op), false);
  vt__op_ready(loop, op);
}

static void wait_discard(vt_op_t *op, vt_result_t late) {
  (void)late;
  if (has_item(wait_of(op)))
    settle(wait_of(op), true);
}

/* A forgotten receive is out of the channel at once, if nobody has served it; a
 * send keeps its place. */
static void abandon(vt_op_t *op) {
  struct wait *w = wait_of(op);
  if (!is_receive(w) || !leave(w))
    return;
  release(w->channel);
  vt__loop_release(vt__slab_of(op)->loop);
  vt__op_undo(op);
}

static void wait_forget(vt_source_t *source, uint64_t token) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  bool waits = vt__op_check(op, token) == 0 && op->phase == VT__PENDING;
  vt__op_forget(source, token);
  if (waits)
    abandon(op);
}

static bool wait_stop(vt_source_t *source, uint64_t token,
                      vt_continuation_fn *k, void *state) {
  vt_op_t *op = (vt_op_t *)(void *)source;
  if (!vt__op_stop(source, token, k, state))
    return false;
  if (op->phase == VT__AWAITED)
    abandon(op);
  return true;
}

/* One that was told of the close has nothing to give back. */
static bool wait_may_leave(const vt_op_t *op) {
  return op->source.ops == &receive_ops &&
         (op->phase != VT__QUEUED || op->result.status == 0);
}

static const struct vt__own_ops wait_own = {
    .attach = vt__op_attach,
    .stop = wait_stop,
    .forget = wait_forget,
    .drop = vt__op_drop,
    .ready = wait_ready,
    .arrive = arrive,
    .discard = wait_discard,
    .may_leave = wait_may_leave,
    .owns = wait_owns,
};

#define WAIT_OPS(name)                                                         \
  {                                                                            \
    .kind = (name), .status = vt__op_status, .result = wait_result,            \
    .on_completed = vt__op_on_completed, .cancel = wait_cancel,                \
    .own = &wait_own                                                           \
  }

static const vt_source_ops_t receive_ops = WAIT_OPS("shared channel receive");
static const vt_source_ops_t send_ops = WAIT_OPS("shared channel send");

/* ---- waiting ---- */

static int wait_new(vt_shared_channel_t *c, const vt_source_ops_t *ops,
                    struct wait **out) {
  vt_op_t *op = NULL;
  int rc = vt__op_new(ops, sizeof(struct wait), &op);
  if (rc != 0)
    return rc;
  vt_loop_t *loop = vt__slab_of(op)->loop;
  op->aux = (uint32_t)vt__loop_now(loop);
  *out = wait_of(op);
  (*out)->channel = c;
  vt__link_init(&(*out)->link);
  vt__loop_hold(loop);
  atomic_fetch_add_explicit(&c->references, 1, memory_order_relaxed);
  return 0;
}

/* The value task of a wait, which it was not after all where status tells. */
static vt_t wait_begun(struct wait *w, int64_t status, vt_value_t value) {
  vt_result_t r = {status, value};
  if (status == VT_PENDING)
    return vt__op_task(&w->op);
  release(w->channel);
  vt__loop_release(vt__slab_of(w)->loop);
  vt__op_undo(&w->op);
  return vt_from_result(r);
}

/* Makes room for one receiver more. */
static int grow(vt_shared_channel_t *c) {
  lock(c);
  size_t slots = vt__ring_slots(c->capacity, c->owed + 1);
  unlock(c);
  vt_value_t *items = slots ? vt__malloc(slots * sizeof *items) : NULL;
  if (!items)
    return UV_ENOMEM;
  lock(c);
  if (slots > c->ring.mask + 1)
    items = vt__ring_move(&c->ring, items, slots);
  unlock(c);
  vt__free(items);
  return 0;
}

/* ---- the calls ---- */

int vt_shared_channel_new(size_t capacity, vt_shared_channel_t **out) {
  if (!out)
    return UV_EINVAL;
  size_t slots = vt__ring_slots(capacity, VT__RING_SPARE);
  vt_shared_channel_t *c = slots ? vt__calloc(1, sizeof *c) : NULL;
  vt_value_t *items = c ? vt__malloc(slots * sizeof *items) : NULL;
  if (!items) {
    vt__free(c);
    return UV_ENOMEM;
  }
  vt__ring_move(&c->ring, items, slots);
  c->capacity = capacity;
  atomic_init(&c->users, 1);
  atomic_init(&c->references, 1);
  vt__link_init(&c->receivers);
  vt__link_init(&c->senders);
  *out = c;
  return 0;
}

vt_shared_channel_t *vt_shared_channel_ref(vt_shared_channel_t *c) {
  if (c)
    atomic_fetch_add_explicit(&c->users, 1, memory_order_relaxed);
  return c;
}

void vt_shared_channel_unref(vt_shared_channel_t *c) {
  if (!c || atomic_fetch_sub_explicit(&c->users, 1, memory_order_acq_rel) != 1)
    return;
  vt_shared_channel_close(c, 0);
  release(c);
}

static int64_t try_put(vt_shared_channel_t *c, vt_value_t item,
                       struct wait *w) {
  struct wait *served = NULL;
  lock(c);
  int64_t status = put(c, item, w, &served);
  unlock(c);
  pass(served);
  return status;
}

static int64_t try_take(vt_shared_channel_t *c, vt_value_t *out,
                        struct wait *w) {
  struct wait *served = NULL;
  lock(c);
  int64_t status = take(c, out, w, &served);
  unlock(c);
  pass(served);
  return status;
}

int vt_shared_channel_try_send(vt_shared_channel_t *c, vt_value_t item) {
  int64_t status = c ? try_put(c, item, NULL) : UV_EINVAL;
  return status == VT_PENDING ? UV_EAGAIN : (int)status;
}

int vt_shared_channel_try_receive(vt_shared_channel_t *c, vt_value_t *out) {
  int64_t status = c && out ? try_take(c, out, NULL) : UV_EINVAL;
  return status == VT_PENDING ? UV_EAGAIN : (int)status;
}

vt_t vt_shared_channel_send_async(vt_shared_channel_t *c, vt_value_t item) {
  struct wait *w;
  vt_result_t r = {c ? try_put(c, item, NULL) : UV_EINVAL, {0}};
  if (r.status != VT_PENDING)
    return vt_from_result(r);
  int rc = wait_new(c, &send_ops, &w);
  if (rc != 0)
    return vt_failed(rc);
  return wait_begun(w, try_put(c, item, w), r.value);
}

vt_t vt_shared_channel_receive_async(vt_shared_channel_t *c) {
  struct wait *w;
  vt_result_t r = {0, {0}};
  r.status = c ? try_take(c, &r.value, NULL) : UV_EINVAL;
  if (r.status != VT_PENDING)
    return vt_from_result(r);
  int rc = wait_new(c, &receive_ops, &w);
  if (rc != 0)
    return vt_failed(rc);
  do {
    r.status = try_take(c, &r.value, w);
  } while (r.status == NO_SLOT && (rc = grow(c)) == 0);
  return wait_begun(w, rc != 0 ? rc : r.status, r.value);
}

/* Claims one that waits, for the close. */
static struct wait *claim_last(vt_shared_channel_t *c) {
  vt_value_t none = {0};
  lock(c);
  struct wait *w = first_of(&c->receivers);
  if (!w)
    w = first_of(&c->senders);
  if (w)
    claim(w, c->status, none);
  unlock(c);
  return w;
}

int vt_shared_channel_close(vt_shared_channel_t *c, int64_t status) {
  struct wait *w;
  if (!c)
    return UV_EINVAL;
  lock(c);
  if (c->status == 0)
    c->status = vt__wait_list_reason(status, UV_EOF);
  unlock(c);
  while ((w = claim_last(c)))
    pass(w);
  return 0;
}

size_t vt_shared_channel_count(vt_shared_channel_t *c) {
  if (!c)
    return 0;
  lock(c);
  size_t count = c->ring.count;
  unlock(c);
  return count;
}
