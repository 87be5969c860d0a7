/* SPDX-License-Identifier: MIT */
/* Channels.
 *
 * Invariant: receivers wait only while there is no item and no sender; senders
 * wait only while there is no room; a closed channel has nobody waiting. The
 * items, and the receivers that wait or have got one, are no more than slots.
 *
 * Happy path: a send puts its item into a ring of slots, or hands it to the
 * first receiver; a receive takes it from there, and the first waiting send
 * moves up into the room.
 *
 * What can go wrong: nobody takes an item that a receiver was handed. It goes
 * back to the front, which needs no memory: a slot was reserved for it when the
 * receiver began to wait, beside those of the capacity. */
#include "vt/channel.h"

#include "base/alloc.h"
#include "sync/ring.h"
#include "sync/wait_list.h"

struct vt_channel {
  vt__channel_head_t head; /* first: hits know it and nothing else */
  vt_loop_t *loop;
  size_t capacity;
  size_t spare;   /* of no item while receivers wait: so many have a slot */
  int64_t status; /* of the close; 0 while open */
  vt_wait_list_t receivers;
  vt_wait_list_t senders;
  size_t references;
};

/* ---- the ring ---- */

static bool is_bounded(const vt_channel_t *c) {
  return c->capacity != VT_CHANNEL_UNBOUNDED;
}

static int grow(vt_channel_t *c, size_t count, size_t receivers) {
  size_t slots = vt__ring_slots(count, receivers);
  vt_value_t *items = slots ? vt__malloc(slots * sizeof *items) : NULL;
  if (!items)
    return UV_ENOMEM;
  vt__free(vt__ring_move(&c->head.ring, items, slots));
  c->spare = is_bounded(c) ? slots - c->capacity : slots;
  return 0;
}

/* Room for so many items more, or receivers. Those of a bounded channel have
 * it. */
static int reserve(vt_channel_t *c, size_t items, size_t receivers) {
  size_t count = is_bounded(c) ? c->capacity : c->head.ring.count + items;
  receivers += c->receivers.count;
  return VT_LIKELY(count + receivers <= c->head.ring.mask + 1)
             ? 0
             : grow(c, count, receivers);
}

/* Closed, receivers that wait, and slots that are theirs are folded into limit.
 * It may stay too low when a receiver goes or is served: the next send sets it
 * again. */
static void set_limit(vt_channel_t *c) {
  size_t room = c->head.ring.mask + 1 - c->receivers.count;
  c->head.limit = room < c->capacity ? room : c->capacity;
  if (c->status != 0 || !vt__wait_list_is_empty(&c->receivers))
    c->head.limit = 0;
}

/* Closed, and senders that wait, whom a receive moves up, are folded into
 * floor. It may stay too high when one goes: the next receive sets it again. */
static void set_floor(vt_channel_t *c) {
  bool calm = c->status == 0 && vt__wait_list_is_empty(&c->senders);
  c->head.floor = calm ? 0 : SIZE_MAX;
}

/* ---- those who wait ---- */

static void hand(vt__wait_t *receiver, vt_value_t item) {
  vt_result_t r = {0, item};
  vt__wait_hand(receiver, r);
}

static void give_back(vt_wait_list_t *list, vt__wait_t *w) {
  vt_channel_t *c = VT__WAIT_OWNER(list, vt_channel_t, receivers);
  vt__wait_t *receiver = vt__wait_first(list);
  if (receiver)
    hand(receiver, w->op.result.value);
  else
    vt__ring_push_front(&c->head.ring, w->op.result.value);
}

static const vt__wait_rule_t receive_rule = {
    .ops = VT__WAIT_OPS("channel receive"), .give_back = give_back};
static const vt__wait_rule_t send_rule = {.ops = VT__WAIT_OPS("channel send"),
                                          .stays = true};

/* The item of the first waiting send, which is complete by it. */
static bool take_from_sender(vt_channel_t *c, vt_value_t *out) {
  vt__wait_t *sender = vt__wait_first(&c->senders);
  if (!sender)
    return false;
  *out = sender->about;
  vt__wait_end(sender, vt__wait_status(0));
  return true;
}

static void move_up(vt_channel_t *c) {
  vt_value_t item;
  while (c->head.ring.count < c->capacity && take_from_sender(c, &item))
    vt__ring_push(&c->head.ring, item);
}

/* ---- the calls ---- */

static int check(const vt_channel_t *c) {
  if (!VT_LIKELY(c != NULL))
    return UV_EINVAL;
  return VT_LIKELY(c->loop == vt__current) ? 0 : (int)vt__misuse(VT_ETHREAD);
}

bool vt__channel_is_here(const vt_channel_t *c) {
  return c->loop == vt__current;
}

int vt_channel_new(size_t capacity, vt_channel_t **out) {
  if (!out)
    return UV_EINVAL;
  if (!vt__current)
    return (int)vt__misuse(VT_ENOLOOP);
  vt_channel_t *c = vt__calloc(1, sizeof *c);
  if (!c)
    return UV_ENOMEM;
  c->capacity = capacity;
  if (grow(c, is_bounded(c) ? capacity : 0, VT__RING_SPARE) != 0) {
    vt__free(c);
    return UV_ENOMEM;
  }
  c->loop = vt__current;
  c->references = 1;
  vt__wait_list_init(&c->receivers);
  vt__wait_list_init(&c->senders);
  c->receivers.loop = c->loop;
  set_limit(c);
  *out = c;
  return 0;
}

vt_channel_t *vt_channel_ref(vt_channel_t *c) {
  if (c)
    c->references++;
  return c;
}

void vt_channel_unref(vt_channel_t *c) {
  if (!c || vt__wait_list_check(&c->receivers) != 0 ||
      vt__wait_list_check(&c->senders) != 0 || --c->references != 0)
    return;
  vt_channel_close(c, 0);
  vt__wait_list_close(&c->receivers);
  vt__free(c->head.ring.items);
  vt__free(c);
}

/* Hands it to the first receiver that waits. */
static bool hand_over(vt_channel_t *c, vt_value_t item) {
  vt__wait_t *receiver = vt__wait_first(&c->receivers);
  if (!receiver)
    return false;
  hand(receiver, item);
  return true;
}

/* 0, VT_PENDING where it has to wait, or why it cannot be. */
static int64_t offer(vt_channel_t *c, vt_value_t item) {
  int rc = check(c);
  if (rc != 0 || c->status != 0)
    return rc != 0 ? rc : c->status;
  if (hand_over(c, item))
    return 0;
  if (c->head.ring.count >= c->capacity)
    return VT_PENDING;
  rc = reserve(c, 1, 0);
  if (rc != 0)
    return rc;
  vt__ring_push(&c->head.ring, item);
  set_limit(c);
  return 0;
}

int vt__channel_try_send(vt_channel_t *c, vt_value_t item) {
  int64_t status = offer(c, item);
  return status == VT_PENDING ? UV_EAGAIN : (int)status;
}

static VT_COLD vt_t send_slowly(vt_channel_t *c, vt_value_t item) {
  int64_t status = offer(c, item);
  if (status == 0)
    return vt_done();
  if (status != VT_PENDING)
    return vt_failed(status);
  vt_t v = vt__wait_enlist(&c->senders, &send_rule, item);
  set_floor(c);
  return v;
}

vt_t vt__channel_send(vt_channel_t *c, vt_value_t item) {
  vt_result_t r = {0, item};
  if (VT_LIKELY(c && c->loop == vt__current &&
                vt__wait_hand_fast(c->loop, &c->receivers, r)))
    return vt_done();
  return send_slowly(c, item);
}

/* The first item in *out, or as offer. */
static int64_t obtain(vt_channel_t *c, vt_value_t *out) {
  int rc = check(c);
  if (rc != 0)
    return rc;
  if (c->head.ring.count > 0) {
    *out = vt__ring_pop(&c->head.ring);
    move_up(c);
    set_floor(c);
    return 0;
  }
  if (take_from_sender(c, out))
    return 0;
  return c->status != 0 ? c->status : VT_PENDING;
}

int vt__channel_try_receive(vt_channel_t *c, vt_value_t *out) {
  if (!out)
    return UV_EINVAL;
  int64_t status = obtain(c, out);
  return status == VT_PENDING ? UV_EAGAIN : (int)status;
}

static VT_COLD vt_t receive_slowly(vt_channel_t *c) {
  vt_value_t item = {0};
  int64_t status = obtain(c, &item);
  if (status == 0)
    return vt_from_value(item);
  if (status == VT_PENDING && reserve(c, 0, 1) != 0)
    status = UV_ENOMEM;
  if (status != VT_PENDING)
    return vt_failed(status);
  c->head.limit = 0;
  return vt__wait_enlist(&c->receivers, &receive_rule, item);
}

/* Whether vt__channel_take, which found no item above the floor, leaves nothing
 * but to wait, and no memory is needed for it. */
static bool is_dry(const vt_channel_t *c) {
  return c->head.floor == 0 && c->receivers.count < c->spare;
}

vt_t vt__channel_receive(vt_channel_t *c) {
  vt_op_t *op = NULL;
  if (VT_LIKELY(c && c->loop == vt__current && is_dry(c)))
    op = vt__wait_enlist_fast(c->loop, &c->receivers, &receive_rule);
  if (!VT_LIKELY(op != NULL))
    return receive_slowly(c);
  c->head.limit = 0;
  return vt__op_task(op);
}

int vt_channel_close(vt_channel_t *c, int64_t status) {
  int rc = check(c);
  if (rc != 0 || c->status != 0)
    return rc;
  c->status = vt__wait_list_reason(status, UV_EOF);
  c->head.limit = 0;
  c->head.floor = SIZE_MAX;
  vt__wait_list_end(&c->senders, vt__wait_status(c->status));
  vt__wait_list_end(&c->receivers, vt__wait_status(c->status));
  return 0;
}

size_t vt_channel_count(const vt_channel_t *c) {
  return c ? c->head.ring.count : 0;
}
