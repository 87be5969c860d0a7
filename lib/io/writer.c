/* SPDX-License-Identifier: MIT */
/* The calls of the buffered writer.
 *
 * Happy path: what fits into the buffers is copied and in hand; a full buffer
 * is handed on and the spare is filled. Everything else is left to the pump
 * (writer_pump.c) and to the writes that wait (writer_write.c).
 *
 * What can go wrong: without memory for the second buffer the writer waits for
 * the first; without memory for an operation nothing was taken. */
#include "io/writer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "vt/delay.h"
#include "vt/scope.h"

enum { WRITER_SIZE = 64 << 10 };

/* ---- the buffers ---- */

/* One byte more than size, for the zero that ends a printed text. */
static uint8_t *new_buffer(const vt_writer_t *w) {
  return vt__malloc(w->options.size + 1);
}

/* The buffer may become the flying one, also during a sync. While a write's own
 * bytes are under way nothing is copied: it is the first that waits. */
static bool may_swap(const vt_writer_t *w) { return !w->flying; }

bool vt__writer_swap(vt_writer_t *w) {
  if (!may_swap(w) || w->count == 0)
    return false;
  w->flying = w->buffer;
  w->flying_count = w->count;
  w->flying_done = 0;
  w->buffer = w->spare;
  w->spare = NULL;
  w->count = 0;
  w->limit = 0;
  return true;
}

static size_t held(const vt_writer_t *w) {
  return vt__writer_flying(w) + w->count;
}

/* Room in the buffer, which is made where there is none; by the high mark, too,
 * which is noted when it is reached. */
static size_t room(vt_writer_t *w) {
  if (w->full)
    return 0;
  if (held(w) >= w->options.high) {
    w->full = true;
    return 0;
  }
  if (!w->buffer) {
    w->buffer = w->spare ? w->spare : new_buffer(w);
    w->spare = NULL;
  }
  size_t left = w->options.high - held(w);
  size_t free = w->buffer ? w->options.size - w->count : 0;
  return free < left ? free : left;
}

size_t vt__writer_copy(vt_writer_t *w, const void *data, size_t size) {
  const uint8_t *from = data;
  size_t done = 0;
  while (done < size) {
    size_t n = room(w);
    if (n == 0 && !(w->count == w->options.size && vt__writer_swap(w)))
      break;
    if (n > size - done)
      n = size - done;
    if (n == 0)
      continue;
    memcpy(w->buffer + w->count, from + done, n);
    w->count += n;
    done += n;
  }
  return done;
}

bool vt__writer_has_space(vt_writer_t *w, size_t size) {
  size_t first = room(w);
  if (size <= first)
    return true;
  if (first == 0 && w->full)
    return false;
  if (!may_swap(w) || size > w->options.high - held(w))
    return false;
  if (!w->spare && !(w->spare = new_buffer(w)))
    return false;
  return size <= w->options.size - w->count + w->options.size;
}

/* ---- in time ---- */

/* All bytes that were taken are to go out now. */
static void hurry(vt_writer_t *w) {
  if (w->goal < vt__writer_end(w))
    w->goal = vt__writer_end(w);
}

static void on_timer(void *state, vt_result_t r) {
  vt_writer_t *w = state;
  (void)r;
  w->armed = false;
  hurry(w);
  vt__writer_pump(w);
}

static void arm(vt_writer_t *w) {
  bool cork = w->options.flags & VT_WRITER_CORK;
  if (w->armed || held(w) == 0 || !(cork || w->options.interval_ms != 0))
    return;
  vt_scope_t *before = vt_scope_enter(NULL);
  w->timer = cork ? vt_yield() : vt_delay(w->options.interval_ms);
  vt_scope_leave(before);
  w->armed = vt_on_completed(w->timer, 0, on_timer, w) == 0;
  if (w->armed)
    return;
  vt_forget(w->timer); /* no memory: at once, then */
  hurry(w);
}

void vt__writer_disarm(vt_writer_t *w) {
  if (!w->armed)
    return;
  w->armed = false;
  vt_cancel(w->timer);
  vt_await_stop(w->timer, on_timer, w);
}

void vt__writer_took(vt_writer_t *w) {
  arm(w);
  if (w->options.flags & VT_WRITER_NODELAY)
    hurry(w);
  vt__writer_pump(w);
}

/* ---- writes ---- */

int64_t vt__writer_refusal(const vt_writer_t *w) {
  if (!w)
    return UV_EINVAL;
  if (w->phase != VT__WRITER_OPEN)
    return UV_EBADF;
  return w->error != 0 ? w->error : vt__wait_list_check(&w->flushes);
}

/* Whether a write may be copied before all others: none waits. */
static bool is_next(vt_writer_t *w, size_t size) {
  return vt__wait_list_is_empty(&w->writes) && vt__writer_has_space(w, size);
}

static vt_t copied(vt_writer_t *w, const void *data, size_t size) {
  vt__writer_copy(w, data, size);
  vt__writer_took(w);
  return vt_from_uint(size);
}

vt_t vt_writer_write_copy_async(vt_writer_t *w, const void *data, size_t size) {
  int64_t status = vt__writer_refusal(w);
  if (status == 0 && !data && size > 0)
    status = UV_EINVAL;
  if (status != 0)
    return vt_failed(status);
  if (size == 0)
    return vt_from_uint(0);
  return is_next(w, size) ? copied(w, data, size)
                          : vt__write_enlist_copy(w, data, size);
}

vt_t vt__writer_write(vt_writer_t *w, uint8_t byte) {
  vt_t v = vt_writer_write_copy_async(w, &byte, 1);
  if (v.source == 0)
    return vt_done();
  if (!vt_in_hand(v))
    ((vt__write_t *)v.source)->single = true;
  return v;
}

vt_t vt__writer_write_all(vt_writer_t *w, const void *data, size_t size) {
  uv_buf_t block = {.base = (char *)(uintptr_t)data, .len = size};
  return vt_writer_writev_async(w, &block, 1);
}

static bool are_blocks(const uv_buf_t blocks[], unsigned count, size_t *size) {
  *size = 0;
  for (unsigned i = 0; i < count; i++) {
    if (!blocks || (!blocks[i].base && blocks[i].len > 0) ||
        blocks[i].len > SIZE_MAX - *size)
      return false;
    *size += blocks[i].len;
  }
  return true;
}

vt_t vt_writer_writev_async(vt_writer_t *w, const uv_buf_t blocks[],
                            unsigned count) {
  size_t size = 0;
  int64_t status = vt__writer_refusal(w);
  if (status == 0 && !are_blocks(blocks, count, &size))
    status = UV_EINVAL;
  if (status != 0)
    return vt_failed(status);
  if (size == 0)
    return vt_from_uint(0);
  if (!is_next(w, size) || (size > w->options.size && w->count == 0))
    return vt__write_enlist(w, blocks, count, NULL);
  for (unsigned i = 0; i < count; i++)
    vt__writer_copy(w, blocks[i].base, blocks[i].len);
  vt__writer_took(w);
  return vt_from_uint(size);
}

/* ---- printed text ---- */

/* Prints into the buffer; the length, also of what did not fit. */
static int print(vt_writer_t *w, const char *format, va_list args) {
  size_t n = w->limit > w->count ? w->limit - w->count : 0;
  char *at = n > 0 ? (char *)w->buffer + w->count : NULL;
  return vsnprintf(at, n > 0 ? n + 1 : 0, format, args);
}

/* Prints into memory of its own. */
static vt_t print_aside(vt_writer_t *w, size_t size, const char *format,
                        va_list args) {
  char *text = vt__malloc(size + 1);
  if (!text)
    return vt_failed(UV_ENOMEM);
  vsnprintf(text, size + 1, format, args);
  uv_buf_t block = {.base = text, .len = size};
  if (!is_next(w, size))
    return vt__write_enlist(w, &block, 1, text);
  vt_t v = copied(w, text, size);
  vt__free(text);
  return v;
}

static vt_t print_any(vt_writer_t *w, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  size_t most = w->limit > w->count ? w->limit - w->count : 0;
  int size = print(w, format, args);
  vt_t v;
  if (size < 0) {
    v = vt_failed(UV_EINVAL);
  } else if ((size_t)size <= most || size == 0) {
    w->count += (size_t)size;
    v = vt_from_int(size);
  } else {
    v = print_aside(w, (size_t)size, format, again);
  }
  va_end(again);
  return v;
}

vt_t vt_writer_printf_async(vt_writer_t *w, const char *format, ...) {
  int64_t status = vt__writer_refusal(w);
  if (status == 0 && !format)
    status = UV_EINVAL;
  if (status != 0)
    return vt_failed(status);
  va_list args;
  va_start(args, format);
  vt_t v = print_any(w, format, args);
  va_end(args);
  return v;
}

/* ---- flush, sync, close ---- */

static const vt__wait_rule_t flush_rule = {.ops = VT__WAIT_OPS("writer_flush")};
static const vt__wait_rule_t sync_rule = {.ops = VT__WAIT_OPS("writer_sync")};

static int never(vt__wait_t *wait) {
  (void)wait;
  return UV_ENOSYS;
}

static const vt__wait_rule_t close_rule = {
    .ops = VT__WAIT_OPS("writer_close"), .cancel = never, .stays = true};

/* What the pump has completed already is in hand. */
static vt_t settled(vt_t v) {
  return vt_is_completed(v) ? vt_from_result(vt_get_result(v)) : v;
}

/* Waits in list until the byte before number end is there. Refused, nothing
 * has begun. */
static vt_t enlist(vt_wait_list_t *list, const vt__wait_rule_t *rule,
                   uint64_t end) {
  vt_value_t about = {.u = end};
  return vt__wait_enlist(list, rule, about);
}

vt_t vt_writer_flush_async(vt_writer_t *w) {
  int64_t status = vt__writer_refusal(w);
  if (status != 0)
    return vt_failed(status);
  uint64_t end = vt__writer_end_of_all(w);
  if (end == w->written)
    return vt_done();
  vt_t v = enlist(&w->flushes, &flush_rule, end);
  if (vt_in_hand(v))
    return v;
  w->goal = end;
  vt__writer_pump(w);
  return settled(v);
}

vt_t vt_writer_sync_async(vt_writer_t *w) {
  int64_t status = vt__writer_refusal(w);
  if (status != 0)
    return vt_failed(status);
  uint64_t end = vt__writer_end_of_all(w);
  if (end == w->synced)
    return vt_done();
  vt_t v = enlist(&w->syncs, &sync_rule, end);
  if (vt_in_hand(v))
    return v;
  w->goal = w->syncing = end;
  vt__writer_pump(w);
  return settled(v);
}

/* A close belongs to a clean-up, also where its scope is cancelled. */
static vt_t enlist_close(vt_writer_t *w) {
  vt_scope_t *before = vt__shield();
  vt_t v = enlist(&w->closes, &close_rule, UINT64_MAX);
  if (before)
    vt__unshield(before, v);
  return v;
}

vt_t vt_writer_close_async(vt_writer_t *w) {
  if (!w)
    return vt_failed(UV_EINVAL);
  if (w->phase == VT__WRITER_CLOSED)
    return vt_failed(UV_EBADF);
  vt_t v = enlist_close(w);
  if (vt_in_hand(v) && vt_status_in_hand(v) != UV_ENOMEM)
    return v;
  if (w->phase == VT__WRITER_OPEN) {
    w->phase = VT__WRITER_CLOSING;
    w->goal = vt__writer_end_of_all(w);
    if (w->options.flags & VT_WRITER_SYNC)
      w->syncing = w->goal;
  }
  vt__writer_pump(w);
  if (vt_in_hand(v) && w->phase == VT__WRITER_CLOSED)
    return vt_from_result(vt__wait_status(w->error));
  return settled(v);
}

/* ---- at once ---- */

static vt_writer_options_t completed(const vt_writer_options_t *options) {
  vt_writer_options_t o = {0};
  if (options)
    o = *options;
  if (o.size == 0)
    o.size = WRITER_SIZE;
  if (o.high == 0 || o.high > 2 * o.size)
    o.high = 2 * o.size;
  if (o.low == 0)
    o.low = o.high / 2;
  return o;
}

int vt_writer_init(vt_writer_t *w, vt_byte_stream_t *stream,
                   const vt_writer_options_t *options) {
  if (!w || !stream || !stream->ops ||
      (options && (options->size > SIZE_MAX / 4 ||
                   options->low > completed(options).high)))
    return UV_EINVAL;
  *w = (vt_writer_t){.stream = stream, .options = completed(options)};
  vt__wait_list_init(&w->writes);
  vt__wait_list_init(&w->flushes);
  vt__wait_list_init(&w->syncs);
  vt__wait_list_init(&w->closes);
  return 0;
}

size_t vt_writer_unwritten(const vt_writer_t *w, uv_buf_t out[2]) {
  static char none[1]; /* memcpy wants an address for no bytes, too */
  uv_buf_t *next = out;
  out[0].base = out[1].base = none;
  out[0].len = out[1].len = 0;
  if (vt__writer_flying(w) > 0) {
    next->base = (char *)w->flying + w->flying_done;
    next++->len = vt__writer_flying(w);
  }
  if (w->count > 0) {
    next->base = (char *)w->buffer;
    next->len = w->count;
  }
  return out[0].len + out[1].len;
}

int vt_writer_resume(vt_writer_t *w) {
  if (!w)
    return UV_EINVAL;
  if (w->phase != VT__WRITER_OPEN)
    return UV_EBADF;
  if (w->poison)
    return (int)w->error;
  w->error = 0;
  vt__writer_pump(w);
  return 0;
}

void vt__writer_free(vt_writer_t *w) {
  vt__free(w->buffer);
  vt__free(w->spare);
  vt__free(w->flying);
  w->buffer = w->spare = w->flying = NULL;
  w->count = w->limit = w->flying_count = w->flying_done = 0;
}

static void drop_bytes(vt_writer_t *w) {
  if (w->flying) {
    vt__free(w->spare);
    w->spare = w->flying;
    w->flying = NULL;
  }
  w->count = w->flying_count = w->flying_done = 0;
  vt__writer_clamp(w);
}

int vt_writer_discard(vt_writer_t *w) {
  if (!w)
    return UV_EINVAL;
  if (w->stranded)
    vt__writer_pump(w);
  if (w->busy)
    return UV_EBUSY;
  if (w->phase == VT__WRITER_CLOSED) {
    vt__writer_free(w);
    return 0;
  }
  if (w->poison)
    return (int)w->error;
  w->error = 0;
  drop_bytes(w);
  vt__writer_pump(w);
  return 0;
}
