/* SPDX-License-Identifier: MIT */
#include "channel_kinds.h"

size_t channel_capacity(int kind) {
  static const size_t capacities[] = {0, 1, VT_CHANNEL_UNBOUNDED};
  return capacities[kind];
}

vt_channel_t *channel_create(int kind) {
  vt_channel_t *c = NULL;
  assert_status(vt_channel_new(channel_capacity(kind), &c), 0);
  return c;
}

vt_channel_t *channel_create_full(int kind) {
  if (channel_capacity(kind) == VT_CHANNEL_UNBOUNDED)
    return NULL;
  vt_channel_t *c = channel_create(kind);
  while (vt_channel_try_send(c, (vt_value_t){.i = 7}) == 0)
    continue;
  return c;
}

vt_t channel_write(vt_channel_t *c, int64_t i) {
  return vt_channel_send_async(c, (vt_value_t){.i = i});
}
