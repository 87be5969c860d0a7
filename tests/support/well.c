/* SPDX-License-Identifier: MIT */
/* A byte stream to be read. */
#include "support/well.h"

#include <string.h>

struct well_frame {
  vt_frame_t vt;
  struct well *w;
  char *buffer;
  size_t size;
};

uint8_t well_byte(uint64_t i) {
  return (uint8_t)((i * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static size_t next_most(struct well *w) {
  w->seed = w->seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
  w->later = w->seed >> 40 & 1;
  return 1 + (w->seed >> 33) % 24;
}

static vt_t bring(struct well *w, char *buffer, size_t size) {
  uint64_t left = w->size - w->at;
  if (w->fails_at != 0 && w->reads >= w->fails_at) {
    w->fails_at = 0;
    return vt_failed(w->fails);
  }
  if (left == 0)
    return w->end != 0 ? vt_failed(w->end) : vt_from_uint(0);
  if (w->most != 0 && size > w->most)
    size = w->most;
  if (size > left)
    size = (size_t)left;
  if (w->text)
    memcpy(buffer, w->text + w->at, size);
  for (size_t i = 0; i < size && !w->text; i++)
    buffer[i] = (char)well_byte(w->at + i);
  w->at += size;
  return vt_from_uint(size);
}

static vt_t later_body(void *frame) {
  struct well_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, bring(f->w, f->buffer, f->size));
  VT_END(f);
}

static struct well *well_of(vt_byte_stream_t *s) {
  return (struct well *)(void *)s;
}

static vt_t well_read(vt_byte_stream_t *base, void *buffer, size_t size) {
  struct well *w = well_of(base);
  w->reads++;
  if (w->seed != 0)
    w->most = next_most(w);
  if (w->hold) {
    w->gate = (struct gate){.cancel_rc = w->stays ? UV_EBUSY : 0};
    w->buffer = buffer;
    w->room = size;
    return gate_begin(&w->gate);
  }
  struct well_frame f = {.w = w, .buffer = buffer, .size = size};
  return w->later ? vt_start(&f, later_body) : bring(w, buffer, size);
}

void well_let(struct well *w) {
  vt_t v = bring(w, w->buffer, w->room);
  gate_open(&w->gate, vt_get_result(v));
}

static vt_t well_close(vt_byte_stream_t *base) {
  struct well *w = well_of(base);
  w->closes++;
  return w->later ? vt_yield() : vt_done();
}

void well_init(struct well *w, uint64_t size) {
  static const vt_byte_stream_ops_t ops = {.read = well_read,
                                           .close = well_close};
  memset(w, 0, sizeof *w);
  w->base.ops = &ops;
  w->size = size;
}

void well_init_text(struct well *w, const char *text, size_t size) {
  well_init(w, size);
  w->text = text;
}
