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
#include "sync/wait_list.h"

enum { SPARE_SLOTS = 8 };
#define MOST_SLOTS (SIZE_MAX / 4 / sizeof(vt_value_t))

struct vt_channel {
  vt_value_t *items; /* a ring: count of slots are used, from head on */
  size_t mask;       /* slots - 1; their number is a power of 2 */
  size_t head;       /* counts on */
  size_t count;
  size_t limit; /* below it an item goes in and nothing else is to be done */
  vt_loop_t *loop;
  size_t capacity;
  int64_t status; /* of the close; 0 while open */
  vt_wait_list_t receivers;
  vt_wait_list_t senders;
  size_t references;
};

/* ---- the ring ---- */

static void push(vt_channel_t *c, vt_value_t item) {
  c->items[(c->head + c->count++) & c->mask] = item;
}

static void push_front(vt_channel_t *c, vt_value_t item) {
  c->items[--c->head & c->mask] = item;
  c->count++;
}

static vt_value_t pop(vt_channel_t *c) {
  c->count--;
  return c->items[c->head++ & c->mask];
}

/* Makes room for so many slots or more. */
static int grow(vt_channel_t *c, size_t need) {
  size_t slots = SPARE_SLOTS;
  if (need > MOST_SLOTS)
    return UV_ENOMEM;
  while (slots < need)
    slots *= 2;
  vt_value_t *items = vt__malloc(slots * sizeof *items);
  if (!items)
    return UV_ENOMEM;
  for (size_t i = 0; i < c->count; i++)
    items[i] = c->items[(c->head + i) & c->mask];
  vt__free(c->items);
  c->items = items;
  c->mask = slots - 1;
  c->head = 0;
  return 0;
}

/* Room for so many items more, or receivers. Those of a bounded channel have
 * it. */
static int reserve(vt_channel_t *c, size_t items, size_t receivers) {
  bool bounded = c->capacity != VT_CHANNEL_UNBOUNDED;
  size_t need = (bounded ? c->capacity : c->count + items) +
                c->receivers.count + receivers;
  return VT_LIKELY(need <= c->mask + 1) ? 0 : grow(c, need);
}

/* Closed, receivers that wait, and slots that are theirs are folded into limit.
 * It may stay too low when a receiver goes: the next send sets it again. */
static void set_limit(vt_channel_t *c) {
  size_t room = c->mask + 1 - c->receivers.count;
  c->limit = room < c->capacity ? room : c->capacity;
  if (c->status != 0 || !vt__wait_list_is_empty(&c->receivers))
    c->limit = 0;
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
    push_front(c, w->op.result.value);
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
  while (c->count < c->capacity && take_from_sender(c, &item))
    push(c, item);
}

/* ---- the calls ---- */

static int check(const vt_channel_t *c) {
  if (!VT_LIKELY(c != NULL))
    return UV_EINVAL;
  return VT_LIKELY(c->loop == vt__current) ? 0 : (int)vt__misuse(VT_ETHREAD);
}

int vt_channel_new(size_t capacity, vt_channel_t **out) {
  bool bounded = capacity != VT_CHANNEL_UNBOUNDED;
  if (!out)
    return UV_EINVAL;
  if (!vt__current)
    return (int)vt__misuse(VT_ENOLOOP);
  vt_channel_t *c = vt__calloc(1, sizeof *c);
  if (!c || (bounded && capacity > MOST_SLOTS) ||
      grow(c, (bounded ? capacity : 0) + SPARE_SLOTS) != 0) {
    vt__free(c);
    return UV_ENOMEM;
  }
  c->capacity = capacity;
  c->loop = vt__current;
  c->references = 1;
  vt__wait_list_init(&c->receivers);
  vt__wait_list_init(&c->senders);
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
  vt__free(c->items);
  vt__free(c);
}

/* 0, VT_PENDING where it has to wait, or why it cannot be. */
static int64_t offer(vt_channel_t *c, vt_value_t item) {
  int rc = check(c);
  if (rc != 0 || c->status != 0)
    return rc != 0 ? rc : c->status;
  vt__wait_t *receiver = vt__wait_first(&c->receivers);
  if (!receiver && c->count >= c->capacity)
    return VT_PENDING;
  rc = receiver ? 0 : reserve(c, 1, 0);
  if (rc != 0)
    return rc;
  if (receiver)
    hand(receiver, item);
  else
    push(c, item);
  set_limit(c);
  return 0;
}

int vt_channel_try_send(vt_channel_t *c, vt_value_t item) {
  int64_t status = offer(c, item);
  return status == VT_PENDING ? UV_EAGAIN : (int)status;
}

static VT_COLD vt_t send_slowly(vt_channel_t *c, vt_value_t item) {
  int64_t status = offer(c, item);
  if (status == 0)
    return vt_done();
  if (status != VT_PENDING)
    return vt_failed(status);
  return vt__wait_enlist(&c->senders, &send_rule, item);
}

vt_t vt_channel_send_async(vt_channel_t *c, vt_value_t item) {
  if (!VT_LIKELY(c && c->loop == vt__current && c->count < c->limit))
    return send_slowly(c, item);
  push(c, item);
  return vt_done();
}

/* The first item in *out, or as offer. */
static int64_t obtain(vt_channel_t *c, vt_value_t *out) {
  int rc = check(c);
  if (rc != 0)
    return rc;
  if (c->count > 0) {
    *out = pop(c);
    move_up(c);
    return 0;
  }
  if (take_from_sender(c, out))
    return 0;
  return c->status != 0 ? c->status : VT_PENDING;
}

int vt_channel_try_receive(vt_channel_t *c, vt_value_t *out) {
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
  vt_t v = vt__wait_enlist(&c->receivers, &receive_rule, item);
  set_limit(c);
  return v;
}

vt_t vt_channel_receive_async(vt_channel_t *c) {
  if (!VT_LIKELY(c && c->loop == vt__current && c->count > 0 &&
                 c->senders.count == 0))
    return receive_slowly(c);
  return vt_from_value(pop(c));
}

int vt_channel_close(vt_channel_t *c, int64_t status) {
  int rc = check(c);
  if (rc != 0 || c->status != 0)
    return rc;
  c->status = vt__wait_list_reason(status, UV_EOF);
  c->limit = 0;
  vt__wait_list_end(&c->senders, vt__wait_status(c->status));
  vt__wait_list_end(&c->receivers, vt__wait_status(c->status));
  return 0;
}

size_t vt_channel_count(const vt_channel_t *c) { return c ? c->count : 0; }
