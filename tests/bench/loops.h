/* SPDX-License-Identifier: MIT */
/* The loops that callgrind counts, ours and baselines. */
#ifndef BENCH_LOOPS_H
#define BENCH_LOOPS_H

#include "bench.h"

extern const struct bench_loop int_call_loop;
extern const struct bench_loop struct_call_loop;
extern const struct bench_loop await_hit_loop;
extern const struct bench_loop all_hit_loop;
extern const struct bench_loop async_hit_loop;
extern const struct bench_loop async_hit_far_loop;
extern const struct bench_loop async_hit_hand_loop;
extern const struct bench_loop task_static_loop;
extern const struct bench_loop task_fresh_loop;
extern const struct bench_loop write_byte_hit_loop;
extern const struct bench_loop write_byte_call_loop;
extern const struct bench_loop write_byte_hand_loop;
extern const struct bench_loop putc_unlocked_loop;
extern const struct bench_loop putc_loop;
extern const struct bench_loop semaphore_hit_loop;
extern const struct bench_loop mutex_hit_loop;
extern const struct bench_loop channel_hit_loop;
extern const struct bench_loop counter_hand_loop;
extern const struct bench_loop flag_hand_loop;
extern const struct bench_loop ring_hand_loop;
extern const struct bench_loop read_line_loop;
extern const struct bench_loop getline_loop;
extern const struct bench_loop country_hit_loop;
extern const struct bench_loop country_call_loop;
extern const struct bench_loop snapshot_hit_loop;
extern const struct bench_loop snapshot_call_loop;
extern const struct bench_loop cache_hit_loop;
extern const struct bench_loop cache_table_loop;
extern const struct bench_loop echo_loop;
extern const struct bench_loop echo_hand_loop;

/* The loop of that symbol, or NULL. */
const struct bench_loop *bench_loop_find(const char *symbol);

#endif
