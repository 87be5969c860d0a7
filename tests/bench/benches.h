/* SPDX-License-Identifier: MIT */
/* The benches, one function each. */
#ifndef BENCH_BENCHES_H
#define BENCH_BENCHES_H

#include "bench.h"

void bench_await_hit(struct bench *b);
void bench_all_hit(struct bench *b);
void bench_async_hit(struct bench *b);
void bench_write_byte_hit(struct bench *b);
void bench_write_byte(struct bench *b);
void bench_write_line(struct bench *b);
void bench_read_line(struct bench *b);
void bench_task_hit(struct bench *b);
void bench_sync_hit(struct bench *b);
void bench_snapshot_hit(struct bench *b);
void bench_country_hit(struct bench *b);
void bench_cache_hit(struct bench *b);
void bench_miss_storm(struct bench *b);
void bench_hit_ratio(struct bench *b);
void bench_await_pending(struct bench *b);
void bench_ping_pong(struct bench *b);
void bench_chain(struct bench *b);
void bench_fs_read_pool(struct bench *b);
void bench_fs_read_hot(struct bench *b);
void bench_fs_hot(struct bench *b);
void bench_work(struct bench *b);
void bench_delay_million(struct bench *b);
void bench_any_million(struct bench *b);
void bench_tick_drift(struct bench *b);
void bench_echo(struct bench *b);
void bench_resp_get(struct bench *b);
void bench_resp_loops(struct bench *b);
void bench_http_get(struct bench *b);

#endif
