/* SPDX-License-Identifier: MIT */
/* A byte stream in memory. */
#include "support/sink.h"

#include <string.h>

struct sink_frame {
  vt_frame_t vt;
  struct sink *s;
  uv_buf_t blocks[VT_BYTE_STREAM_BLOCKS];
  unsigned count;
};

static struct sink *sink_of(vt_byte_stream_t *s) {
  return (struct sink *)(void *)s;
}

static size_t take(struct sink *s, uv_buf_t block, size_t most) {
  size_t n = block.len < most ? block.len : most;
  if (s->discards)
    return n;
  if (n > SINK_ROOM - s->count)
    n = SINK_ROOM - s->count;
  memcpy(s->bytes + s->count, block.base, n);
  s->count += n;
  return n;
}

static vt_t take_all(struct sink *s, const uv_buf_t blocks[], unsigned count) {
  size_t most = s->most ? s->most : SIZE_MAX;
  size_t done = 0;
  if (s->fails != 0 && (s->fail_at == 0 || s->fail_at == s->writes))
    return vt_failed(s->fails);
  for (unsigned i = 0; i < count && done < most; i++)
    done += take(s, blocks[i], most - done);
  s->total += done;
  return vt_from_uint(done);
}

static vt_t write_body(void *frame) {
  struct sink_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, take_all(f->s, f->blocks, f->count));
  VT_END(f);
}

static vt_t sink_write(vt_byte_stream_t *base, const uv_buf_t blocks[],
                       unsigned count) {
  struct sink *s = sink_of(base);
  s->writes++;
  s->blocks = count;
  s->from = blocks[count - 1].base;
  if (!s->later)
    return take_all(s, blocks, count);
  struct sink_frame f = {.s = s, .count = count};
  memcpy(f.blocks, blocks, count * sizeof *blocks);
  return vt_start(&f, write_body);
}

static vt_t finish_sync(struct sink *s) {
  if (s->sync_fails != 0)
    return vt_failed(s->sync_fails);
  s->synced = s->count;
  return vt_done();
}

static vt_t sync_body(void *frame) {
  struct sink_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, finish_sync(f->s));
  VT_END(f);
}

static vt_t sink_sync(vt_byte_stream_t *base) {
  struct sink_frame f = {.s = sink_of(base)};
  f.s->syncs++;
  return f.s->later ? vt_start(&f, sync_body) : finish_sync(f.s);
}

static vt_t sink_close(vt_byte_stream_t *base) {
  struct sink *s = sink_of(base);
  s->closes++;
  return s->later ? vt_yield() : vt_done();
}

void sink_init(struct sink *s) {
  static const vt_byte_stream_ops_t ops = {
      .write = sink_write, .sync = sink_sync, .close = sink_close};
  memset(s, 0, sizeof *s);
  s->base.ops = &ops;
}

struct flow *flow_open(const vt_writer_options_t *options) {
  struct flow *flow = test_malloc(sizeof *flow);
  sink_init(&flow->sink);
  assert_int_equal(vt_writer_init(&flow->w, &flow->sink.base, options), 0);
  return flow;
}

int64_t flow_run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v).status;
}

void flow_close(struct fixture *f, struct flow *flow) {
  flow_run(f, vt_writer_close_async(&flow->w));
  vt_writer_discard(&flow->w);
  test_free(flow);
}
