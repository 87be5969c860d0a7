/* SPDX-License-Identifier: MIT */
/* What moves a writer's bytes.
 *
 * Happy path: a full buffer becomes the flying one and is given to the stream;
 * on_written counts what was taken, gives the rest again, and when nothing is
 * left the buffer is the spare. Writes that wait are copied as room comes; a
 * large one is given to the stream from where it lies, behind the flying
 * buffer, in the same call. At most one call of the stream is under way.
 *
 * What can go wrong: the stream takes a part (the rest is given again), nothing
 * (UV_EIO), or fails: the error stays, all that waits is told, and no byte
 * moves until it is cleared. Without memory for a call that waits is told so,
 * and the next one tries again. A write of the stream that cannot be awaited
 * for lack of memory is stranded: it stays the one under way, who waits is told
 * UV_ENOMEM, and the next call of the writer awaits it again; the write whose
 * own bytes are with it is told nothing before. Any other call that cannot be
 * awaited leaves unknown what it did: that error cannot be cleared.
 *
 * The stream is called outside of all scopes: what one scope's write began
 * carries the bytes of others. */
#include "io/writer.h"

#include "vt/delay.h"
#include "vt/scope.h"

/* ---- limits ---- */

/* The one place that decides whether a byte may be stored without a call. */
static void set_limit(vt_writer_t *w) {
  const vt_writer_options_t *o = &w->options;
  size_t flying = vt__writer_flying(w);
  bool timed = o->flags & VT_WRITER_CORK || o->interval_ms != 0;
  w->limit = 0;
  if (w->phase != VT__WRITER_OPEN || w->error != 0 || !w->buffer || w->full)
    return;
  if (!vt__wait_list_is_empty(&w->writes) || o->flags & VT_WRITER_NODELAY)
    return;
  if ((timed && !w->armed) || flying >= o->high)
    return;
  w->limit = o->high - flying < o->size ? o->high - flying : o->size;
}

/* ---- what is told ---- */

static void fail_list(vt_wait_list_t *list, int64_t status) {
  vt__wait_list_end(list, vt__wait_status(status));
}

/* All that waits, but for the close. */
static void fail_all(vt_writer_t *w, int64_t status) {
  vt__write_t *write;
  while ((write = vt__writer_first(w)))
    vt__write_end(write, status);
  fail_list(&w->flushes, status);
  fail_list(&w->syncs, status);
  w->goal = w->written;
  w->syncing = w->synced;
  vt__writer_clamp(w);
}

/* Whether a call has not even begun, which is no error of the stream. */
static bool is_refusal(int64_t status) {
  return status == UV_ENOMEM || status == VT_ENOLOOP;
}

/* The stream has failed. After a refusal the next call tries again, but a close
 * cannot. */
static void fail(vt_writer_t *w, int64_t status) {
  if (!is_refusal(status) || w->phase != VT__WRITER_OPEN || w->poison)
    w->error = status;
  fail_all(w, status);
}

/* Completes those whose bytes have come as far as they asked. */
static void answer(vt_wait_list_t *list, uint64_t reached) {
  vt__wait_t *wait;
  while ((wait = vt__wait_first(list)) && wait->about.u <= reached)
    vt__wait_end(wait, vt__wait_status(0));
}

static void mark_room(vt_writer_t *w) {
  size_t held = vt__writer_flying(w) + w->count;
  if (held <= w->options.low)
    w->full = false;
}

/* Nobody needs the writer any more; what could not be written stays. */
static void end(vt_writer_t *w) {
  vt__writer_disarm(w);
  if (vt__writer_flying(w) + w->count == 0)
    vt__writer_free(w);
  vt__wait_list_end(&w->closes, vt__wait_status(w->error));
}

/* Without memory for a buffer, and with nothing under way that would free one,
 * a write would wait for ever. */
static void refuse_stuck(vt_writer_t *w) {
  bool waits = !vt__wait_list_is_empty(&w->writes);
  if (waits && !w->busy && !w->buffer && w->error == 0)
    fail(w, UV_ENOMEM);
}

/* After all that could be done: tells, and opens the way for hits. */
static void conclude(vt_writer_t *w) {
  mark_room(w);
  refuse_stuck(w);
  answer(&w->flushes, w->written);
  answer(&w->syncs, w->synced);
  set_limit(w);
  if (w->phase == VT__WRITER_CLOSED)
    end(w);
}

/* ---- calls of the stream ---- */

static void on_written(void *state, vt_result_t r);

/* Nobody is told when the stream's write is over; its bytes stay where they
 * are. */
static void strand(vt_writer_t *w) {
  w->busy = w->stranded = true;
  if (!w->direct) {
    fail_all(w, UV_ENOMEM);
    return;
  }
  fail_list(&w->flushes, UV_ENOMEM);
  fail_list(&w->syncs, UV_ENOMEM);
}

/* Awaits a call: true when it is over and r its result. */
static bool call_over(vt_writer_t *w, vt_t v, vt_continuation_fn *k,
                      vt_result_t *r) {
  int rc = vt_in_hand(v) ? VT_COMPLETED : vt_on_completed(v, 0, k, w);
  w->busy = rc == 0;
  w->call = v;
  if (rc == 0)
    return false;
  if (rc == VT_COMPLETED) {
    *r = vt_get_result(v);
    return true;
  }
  if (rc == UV_ENOMEM && k == on_written) {
    strand(w);
    return false;
  }
  vt_forget(v);
  w->poison = true;
  *r = vt__wait_status(rc);
  return true;
}

/* ---- writing ---- */

static void land(vt_writer_t *w, size_t n) {
  size_t flying = vt__writer_flying(w);
  size_t own = n < flying ? n : flying;
  w->written += n;
  w->flying_done += own;
  if (w->flying && own == flying) {
    w->spare = w->flying;
    w->flying = NULL;
    w->flying_count = w->flying_done = 0;
  }
  if (n > own)
    vt__write_advance(w->direct, n - own);
}

static void settle_direct(vt_writer_t *w) {
  vt__write_t *write = w->direct;
  w->direct = NULL; /* before its end, which looks */
  if (write && write->taken == write->size)
    vt__write_end(write, 0);
  else if (write && write->cancelled)
    vt__write_withdraw(write);
}

/* False when the call was refused: the next one tries again, not this one. */
static bool settle_write(vt_writer_t *w, vt_result_t r) {
  const vt__write_t *direct = w->direct;
  bool asked = direct && direct->cancelled;
  size_t most =
      vt__writer_flying(w) + (direct ? direct->size - direct->taken : 0);
  if (r.status == 0 && (r.value.u == 0 || r.value.u > most))
    r.status = UV_EIO;
  if (r.status == 0)
    land(w, (size_t)r.value.u);
  settle_direct(w);
  if (r.status == 0 || (asked && r.status == UV_ECANCELED))
    return true;
  fail(w, r.status);
  return w->error != 0;
}

static void on_written(void *state, vt_result_t r) {
  vt_writer_t *w = state;
  w->busy = false;
  if (settle_write(w, r))
    vt__writer_pump(w);
  else
    conclude(w);
}

/* A write that waits and goes from where it lies. */
static vt__write_t *large(const vt_writer_t *w) {
  vt__write_t *write = vt__writer_first(w);
  if (write && write->size - write->taken > w->options.size)
    return write;
  return NULL;
}

/* Whether bytes are to go out now. */
static bool is_due(const vt_writer_t *w) {
  if (vt__writer_flying(w) > 0 || !vt__wait_list_is_empty(&w->writes))
    return true;
  return w->count > 0 &&
         (w->goal > w->written || w->full || w->count == w->options.size);
}

static bool write_some(vt_writer_t *w) {
  uv_buf_t blocks[VT_BYTE_STREAM_BLOCKS];
  unsigned count = 0;
  vt_result_t r;
  if (vt__writer_flying(w) == 0)
    vt__writer_swap(w);
  if (vt__writer_flying(w) > 0) {
    blocks[0].base = (char *)w->flying + w->flying_done;
    blocks[0].len = vt__writer_flying(w);
    count = 1;
  }
  if (w->count == 0 && (w->direct = large(w)))
    count += vt__write_rest(w->direct, blocks + count,
                            VT_BYTE_STREAM_BLOCKS - count);
  if (count == 0)
    return false;
  vt_t v = w->stream->ops->write
               ? w->stream->ops->write(w->stream, blocks, count)
               : vt_failed(UV_ENOTSUP);
  if (!call_over(w, v, on_written, &r))
    return false;
  return settle_write(w, r);
}

/* ---- syncing and closing ---- */

static void settle_sync(vt_writer_t *w, vt_result_t r) {
  if (r.status == 0) {
    w->synced = w->sync_at;
    return;
  }
  if (r.status != UV_ECANCELED && !is_refusal(r.status))
    w->poison = true;
  fail(w, r.status);
}

static void on_synced(void *state, vt_result_t r) {
  vt_writer_t *w = state;
  w->busy = false;
  settle_sync(w, r);
  vt__writer_pump(w);
}

static bool sync_all(vt_writer_t *w) {
  vt_result_t r;
  w->sync_at = w->written;
  vt_t v = w->stream->ops->sync ? w->stream->ops->sync(w->stream) : vt_done();
  if (!call_over(w, v, on_synced, &r))
    return false;
  settle_sync(w, r);
  return true;
}

static void settle_close(vt_writer_t *w, vt_result_t r) {
  if (w->error == 0)
    w->error = r.status;
  w->phase = VT__WRITER_CLOSED;
}

static void on_closed(void *state, vt_result_t r) {
  vt_writer_t *w = state;
  w->busy = false;
  settle_close(w, r);
  vt__writer_pump(w);
}

static bool close_stream(vt_writer_t *w) {
  vt_result_t r;
  bool closes = w->options.flags & VT_WRITER_OWNS && w->stream->ops->close;
  vt_t v = closes ? w->stream->ops->close(w->stream) : vt_done();
  if (!call_over(w, v, on_closed, &r))
    return false;
  settle_close(w, r);
  return true;
}

/* ---- the pump ---- */

/* Takes bytes of the writes that wait, in their order. */
static void take(vt_writer_t *w) {
  vt__write_t *write;
  while (w->error == 0 && (write = vt__writer_first(w)) && !w->direct) {
    if (large(w))
      return;
    vt__write_copy(write);
    if (write->taken < write->size)
      return;
    vt__write_end(write, 0);
  }
}

/* One call of the stream; false when there is none to make, or it waits. */
static bool step(vt_writer_t *w) {
  if (w->busy || w->phase == VT__WRITER_CLOSED)
    return false;
  if (w->error == 0 && is_due(w))
    return write_some(w);
  if (w->error == 0 && w->syncing > w->synced && w->written >= w->syncing)
    return sync_all(w);
  return w->phase == VT__WRITER_CLOSING && close_stream(w);
}

/* Awaits a stranded write again. */
static void rescue(vt_writer_t *w) {
  vt_result_t r;
  w->stranded = false;
  if (call_over(w, w->call, on_written, &r))
    settle_write(w, r);
}

void vt__writer_pump(vt_writer_t *w) {
  if (w->pumping)
    return;
  vt_scope_t *before = vt_scope_enter(NULL);
  w->pumping = true;
  if (w->stranded)
    rescue(w);
  do {
    mark_room(w);
    take(w);
  } while (step(w));
  w->pumping = false;
  vt_scope_leave(before);
  conclude(w);
}
