/* SPDX-License-Identifier: MIT */
/* The channels on which C#'s ChannelTestBase runs: a rendezvous, one with room
 * for one item, an unbounded one. */
#ifndef VT_CONFORMANCE_CHANNEL_KINDS_H
#define VT_CONFORMANCE_CHANNEL_KINDS_H

#include "support/fixture.h"

enum { CHANNELS = 3 };

/* Room for so many items. */
size_t channel_capacity(int kind);

/* Gives an empty one (vt_channel_unref). */
vt_channel_t *channel_create(int kind);

/* Gives one into which no item fits any more, each of them a 7; NULL for the
 * kind that is never full. */
vt_channel_t *channel_create_full(int kind);

/* C#'s WriteAsync. */
VT_MUST_USE vt_t channel_write(vt_channel_t *c, int64_t i);

#endif
