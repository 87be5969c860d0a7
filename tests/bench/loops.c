/* SPDX-License-Identifier: MIT */
/* The table of the loops that callgrind counts. */
#include "loops.h"

#include <string.h>

static const struct bench_loop *const loops[] = {
    &int_call_loop,
    &struct_call_loop,
    &await_hit_loop,
    &all_hit_loop,
    &async_hit_loop,
    &async_hit_far_loop,
    &async_hit_hand_loop,
    &task_static_loop,
    &task_fresh_loop,
    &write_byte_hit_loop,
    &write_byte_call_loop,
    &write_byte_hand_loop,
    &putc_unlocked_loop,
    &putc_loop,
    &semaphore_hit_loop,
    &mutex_hit_loop,
    &channel_hit_loop,
    &counter_hand_loop,
    &flag_hand_loop,
    &ring_hand_loop,
    &read_line_loop,
    &getline_loop,
    &country_hit_loop,
    &country_call_loop,
    &snapshot_hit_loop,
    &snapshot_call_loop,
    &cache_hit_loop,
    &cache_table_loop,
    &echo_loop,
    &echo_hand_loop,
    NULL,
};

const struct bench_loop *bench_loop_find(const char *symbol) {
  const struct bench_loop *const *loop = loops;
  while (*loop && strcmp((*loop)->symbol, symbol) != 0)
    loop++;
  return *loop;
}
