/* SPDX-License-Identifier: MIT */
/* Writes that wait for room: one-shot operations in the order of the calls.
 *
 * What can go wrong: cancelled, one whose bytes are under way from where they
 * lie completes when the stream is done with them; every other one leaves at
 * once, and a flush that was to follow it has fewer bytes to wait for. */
#include "base/alloc.h"
#include "io/writer.h"

/* ---- its bytes ---- */

unsigned vt__write_rest(const vt__write_t *write, uv_buf_t out[],
                        unsigned room) {
  unsigned count = 0;
  for (unsigned i = 0; i < write->left && count < room; i++) {
    if (write->blocks[i].len > 0)
      out[count++] = write->blocks[i];
  }
  if (count > 0) {
    out[0].base += write->at;
    out[0].len -= write->at;
  }
  return count;
}

/* The first block that is not all taken. */
static void skip(vt__write_t *write) {
  while (write->left > 0 && write->at == write->blocks->len) {
    write->blocks++;
    write->left--;
    write->at = 0;
  }
}

void vt__write_advance(vt__write_t *write, size_t n) {
  write->taken += n;
  write->w->queued -= n;
  while (n > 0) {
    size_t rest = write->blocks->len - write->at;
    size_t step = n < rest ? n : rest;
    write->at += step;
    n -= step;
    skip(write);
  }
}

void vt__write_copy(vt__write_t *write) {
  uv_buf_t next;
  size_t n = 1;
  while (n > 0 && vt__write_rest(write, &next, 1) > 0) {
    n = vt__writer_copy(write->w, next.base, next.len);
    vt__write_advance(write, n);
  }
}

/* ---- the operation ---- */

void vt__write_end(vt__write_t *write, int64_t status) {
  vt_result_t r = {status, {0}};
  if (!write->single)
    r.value.u = write->taken;
  write->w->queued -= write->size - write->taken;
  vt__free(write->owned);
  vt__wait_end(&write->wait, r);
}

/* The numbers of bytes after the write's last one are that many less. */
static void lower(vt_wait_list_t *list, uint64_t last, uint64_t by) {
  for (vt_wait_link_t *at = list->first; at != &list->ring; at = at->next) {
    if (vt__wait_of(at)->about.u >= last)
      vt__wait_of(at)->about.u -= by;
  }
}

static uint64_t last_of(const vt__write_t *write) {
  const vt_writer_t *w = write->w;
  uint64_t end = vt__writer_end(w);
  for (vt_wait_link_t *at = w->writes.first; at != &w->writes.ring;
       at = at->next) {
    const vt__write_t *next = (vt__write_t *)(void *)vt__wait_of(at);
    end += next->size - next->taken;
    if (next == write)
      break;
  }
  return end;
}

void vt__write_withdraw(vt__write_t *write) {
  vt_writer_t *w = write->w;
  uint64_t last = last_of(write);
  uint64_t rest = write->size - write->taken;
  lower(&w->flushes, last, rest);
  lower(&w->syncs, last, rest);
  if (w->goal >= last)
    w->goal -= rest;
  if (w->split >= last)
    w->split -= rest;
  if (w->syncing >= last)
    w->syncing -= rest;
  vt__write_end(write, UV_ECANCELED);
}

static int write_cancel(vt__wait_t *wait) {
  vt__write_t *write = (vt__write_t *)(void *)wait;
  vt_writer_t *w = write->w;
  if (w->direct != write) {
    vt__write_withdraw(write);
    vt__writer_pump(w);
    return 0;
  }
  write->cancelled = true;
  vt_cancel(w->call);
  return 0;
}

static const vt__wait_rule_t write_rule = {
    .ops = VT__WAIT_OPS("writer_write"), .cancel = write_cancel, .stays = true};

static size_t size_of(const uv_buf_t blocks[], unsigned count) {
  size_t size = 0;
  for (unsigned i = 0; i < count; i++)
    size += blocks[i].len;
  return size;
}

/* Over already and well, it is in hand; a failure in hand could not tell what
 * was taken. */
static vt_t settled(vt_t v) {
  return vt_is_succeeded(v) ? vt_from_result(vt_get_result(v)) : v;
}

/* A single block's array need not stay. */
static void set_blocks(vt__write_t *write, const uv_buf_t blocks[],
                       unsigned count) {
  write->one = blocks[0];
  write->blocks = count == 1 ? &write->one : blocks;
  write->left = count;
  write->at = 0;
  write->size = size_of(blocks, count);
  write->taken = 0;
  write->w->queued += write->size;
  write->cancelled = false;
  skip(write);
}

/* A wait without bytes yet; NULL, and its failure in *v. */
static vt__write_t *enlist(vt_writer_t *w, vt_t *v) {
  vt_value_t none = {0};
  *v =
      vt__wait_enlist_block(&w->writes, &write_rule, sizeof(vt__write_t), none);
  if (vt_in_hand(*v))
    return NULL;
  vt__write_t *write = (vt__write_t *)v->source;
  write->w = w;
  write->owned = NULL;
  write->single = false;
  return write;
}

vt_t vt__write_enlist(vt_writer_t *w, const uv_buf_t blocks[], unsigned count,
                      void *owned) {
  vt_t v;
  vt__write_t *write = enlist(w, &v);
  if (!write) {
    vt__free(owned);
    return v;
  }
  write->owned = owned;
  set_blocks(write, blocks, count);
  vt__writer_took(w);
  return settled(v);
}

/* Without memory for so few bytes but that of the operation. */
static vt_t enlist_small(vt_writer_t *w, const void *data, size_t size) {
  vt_t v;
  vt__write_t *write = enlist(w, &v);
  if (!write)
    return v;
  uv_buf_t block = {.base = (char *)write->small, .len = size};
  memcpy(write->small, data, size);
  set_blocks(write, &block, 1);
  vt__writer_took(w);
  return settled(v);
}

vt_t vt__write_enlist_copy(vt_writer_t *w, const void *data, size_t size) {
  if (size <= sizeof((vt__write_t *)0)->small)
    return enlist_small(w, data, size);
  void *owned = vt__malloc(size);
  if (!owned)
    return vt_failed(UV_ENOMEM);
  uv_buf_t block = {.base = owned, .len = size};
  memcpy(owned, data, size);
  return vt__write_enlist(w, &block, 1, owned);
}
