/* SPDX-License-Identifier: MIT */
/* Races of senders and receivers: each item that was sent arrives once, each
 * that was not does not, whoever cancels, times out, leaves or closes. */
#include "sim/waits.h"

#include <string.h>

/* ---- the world ---- */

enum { ACTED_MOST = 64 };

/* What is known of an item. */
struct item {
  bool sent, maybe; /* told so; or begun, and nobody was told */
  int received;
};

struct channels {
  struct waits waits;
  vt_channel_t *c;
  struct item items[WAITS_EACH + ACTED_MOST];
  int acted; /* items of act */
};

static struct channels *channels_of(struct waits *all) {
  return (struct channels *)all;
}

static void receive(struct channels *c, vt_value_t item) {
  if (item.u >= sizeof c->items / sizeof *c->items)
    waits_wrong(&c->waits, "an item that there is not");
  else
    c->items[item.u].received++;
}

/* ---- the kind ---- */

static void open_with(struct waits *all, size_t capacity) {
  struct channels *c = channels_of(all);
  memset(c->items, 0, sizeof c->items);
  c->acted = 0;
  c->c = NULL;
  if (vt_channel_new(capacity, &c->c) != 0)
    waits_wrong(all, "no channel");
}

static void open_0(struct waits *all) { open_with(all, 0); }
static void open_1(struct waits *all) { open_with(all, 1); }
static void open_3(struct waits *all) { open_with(all, 3); }
static void open_all(struct waits *all) {
  open_with(all, VT_CHANNEL_UNBOUNDED);
}

static vt_t begin(struct wait *w) {
  struct channels *c = channels_of(w->all);
  uint64_t index = (uint64_t)(w - w->all->each);
  w->about = schedule_pick(&w->all->schedule, 2); /* it sends */
  if (!w->about)
    return vt_channel_receive_async(c->c);
  c->items[index].maybe = true;
  return vt_channel_send_async(c->c, (vt_value_t){.u = index});
}

static void got(struct wait *w) {
  struct channels *c = channels_of(w->all);
  if (w->about)
    c->items[w - w->all->each].sent = true;
  else
    receive(c, w->value);
}

static void act(struct waits *all) {
  struct channels *c = channels_of(all);
  vt_value_t item;
  if (schedule_pick(&all->schedule, 2)) {
    if (vt_channel_try_receive(c->c, &item) == 0)
      receive(c, item);
    return;
  }
  if (c->acted == ACTED_MOST)
    return;
  item.u = WAITS_EACH + (uint64_t)c->acted;
  if (vt_channel_try_send(c->c, item) == 0)
    c->items[WAITS_EACH + c->acted++].sent = true;
}

/* A receiver for each sender that waits, and the other way round. */
static void finish(struct waits *all) {
  act(all);
  act(all);
}

static void close_it(struct waits *all, int64_t status) {
  if (vt_channel_close(channels_of(all)->c, status) != 0)
    waits_wrong(all, "not closed");
}

static void nothing(struct waits *all) { (void)all; }

/* What is left in it is taken; then the sum must be right. */
static void check_items(struct waits *all) {
  struct channels *c = channels_of(all);
  vt_value_t item;
  while (vt_channel_try_receive(c->c, &item) == 0)
    receive(c, item);
  for (size_t i = 0; i < sizeof c->items / sizeof *c->items; i++) {
    const struct item *at = &c->items[i];
    bool told_not = i < WAITS_EACH && at->maybe && !at->sent &&
                    !all->each[i].left && all->each[i].setting != FUNCTION;
    if (at->received > 1)
      waits_wrong(all, "an item came twice");
    if (at->sent && at->received != 1)
      waits_wrong(all, "an item was lost");
    if ((told_not || (!at->maybe && !at->sent)) && at->received != 0)
      waits_wrong(all, "an item came that was not sent");
  }
  vt_channel_unref(c->c);
}

/* ---- main ---- */

#define KIND(name_, open_)                                                     \
  {                                                                            \
    .name = (name_), .open = (open_), .begin = begin, .got = got, .act = act,  \
    .finish = finish, .close = close_it, .check = nothing, .end = check_items  \
  }

static const struct waits_kind kinds[] = {
    KIND("rendezvous", open_0), KIND("channel of 1", open_1),
    KIND("channel of 3", open_3), KIND("unbounded", open_all)};

static vt_t race(void *channels) {
  return waits_run(channels, kinds, sizeof kinds / sizeof *kinds);
}

int main(int argc, char **argv) {
  static struct channels channels;
  const struct races races = {.name = "sim/channels",
                              .world = &channels,
                              .size = sizeof channels,
                              .body = race,
                              .has_met_all = waits_have_met_all,
                              .count = 20000};
  return schedule_main(argc, argv, &races);
}
