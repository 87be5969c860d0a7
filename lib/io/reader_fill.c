/* SPDX-License-Identifier: MIT */
/* What fills a reader's buffer, and ends it.
 *
 * Happy path: room is made behind the unread bytes, the stream reads into it,
 * and the call is answered anew; streams that answer in hand are asked again at
 * once. Where the stream lets wait, the call waits too, and on_filled goes on.
 * Of a large call the stream gets the caller's memory in place of the buffer.
 *
 * What can go wrong: a call that is cancelled or forgotten leaves, and the
 * stream's read is asked to end; what it brings all the same is kept, and until
 * then the next call waits for it. Where the caller's memory is written to, the
 * call stays until the stream is done. Without memory nothing was read.
 *
 * The stream is called outside of all scopes: what one scope's call began may
 * bring the bytes of another's. */
#include "io/reader.h"

#include "base/alloc.h"
#include "core/loop.h"
#include "core/waiter.h"
#include "io/byte_stream.h"
#include "vt/scope.h"

/* ---- the buffer ---- */

/* Another buffer of at least size bytes, the unread ones from at on. */
static int grow(vt_reader_t *r, size_t size, bool to_end) {
  size_t unread = vt__reader_unread(r);
  size_t capacity = r->capacity > 0 ? r->capacity : r->options.size;
  while (capacity < size)
    capacity *= 2;
  if (capacity > r->options.most)
    capacity = r->options.most;
  uint8_t *buffer = vt__malloc(capacity);
  if (!buffer)
    return UV_ENOMEM;
  size_t at = to_end ? capacity - unread : 0;
  if (unread > 0)
    memcpy(buffer + at, r->buffer + r->at, unread);
  vt__free(r->buffer);
  r->buffer = buffer;
  r->capacity = capacity;
  r->scan = r->scan - r->at + at;
  r->end = at + unread;
  r->at = at;
  return 0;
}

/* Moves the unread bytes within the buffer. */
static void shift(vt_reader_t *r, size_t at) {
  size_t unread = vt__reader_unread(r);
  if (at == r->at)
    return;
  if (unread > 0)
    memmove(r->buffer + at, r->buffer + r->at, unread);
  r->scan = r->scan - r->at + at;
  r->end = at + unread;
  r->at = at;
}

/* As many bytes as have to be there together before the call can go on. */
static size_t wanted(const vt_reader_t *r, const vt__read_call_t *c) {
  if (c->kind == VT__READ_PEEK || c->whole)
    return c->size;
  return vt__reader_unread(r) + 1;
}

/* Room behind the unread bytes. They move when no more than were read since
 * they moved last, or when they must. */
static int make_room(vt_reader_t *r, size_t want) {
  if (want > r->capacity)
    return grow(r, want, false);
  if (r->end == r->capacity || r->at >= vt__reader_unread(r))
    shift(r, 0);
  return 0;
}

int vt__reader_open_front(vt_reader_t *r, size_t n) {
  size_t size = vt__reader_unread(r) + n;
  if (r->filling)
    return UV_EBUSY;
  if (size > r->capacity)
    return grow(r, size, true);
  shift(r, r->capacity - vt__reader_unread(r));
  return 0;
}

/* ---- the stream ---- */

static void on_filled(void *state, vt_result_t result);

/* Whether v is over already, with *out; else k is called when it is. */
static bool is_over(vt_reader_t *r, vt_t v, vt_continuation_fn *k,
                    vt_result_t *out) {
  int rc = vt_in_hand(v) ? VT_COMPLETED : vt_on_completed(v, 0, k, r);
  if (rc == 0)
    return false;
  if (rc == VT_COMPLETED) {
    *out = vt_get_result(v);
    return true;
  }
  vt_cancel(v);
  vt_forget(v);
  r->lost = true;
  *out = vt__wait_status(rc);
  return true;
}

/* The stream's read, begun only when there is memory to await it. */
static vt_t begin(vt_reader_t *r, void *to) {
  vt_loop_t *loop = vt__current;
  if (vt__byte_stream_is_own(r->stream) || !loop)
    return r->stream->ops->read(r->stream, to, r->room);
  vt_op_t *reserved = vt__waiter_reserve(loop);
  if (!reserved)
    return vt_failed(UV_ENOMEM);
  vt_t v = r->stream->ops->read(r->stream, to, r->room);
  vt__waiter_unreserve(loop, reserved);
  return v;
}

/* A read of the stream: true when it is over, with *out. */
static bool ask(vt_reader_t *r, void *to, size_t room, vt_result_t *out) {
  vt_scope_t *before = vt_scope_enter(NULL);
  r->room = room;
  r->stopped = false;
  r->call = begin(r, to);
  r->filling = !is_over(r, r->call, on_filled, out);
  vt_scope_leave(before);
  return !r->filling;
}

/* What did not even begin is no error of the stream. */
static bool is_refusal(int64_t status) {
  return status == UV_ENOMEM || status == VT_ENOLOOP || status == UV_ECANCELED;
}

/* Takes what a read of the stream brought: 0, or why the call has to end though
 * the stream has not. */
static int64_t settle(vt_reader_t *r, vt_result_t got) {
  vt__read_t *direct = r->direct;
  r->direct = NULL;
  if (got.status == 0 && got.value.u > r->room)
    got.status = UV_EIO;
  if (got.status == 0 && got.value.u == 0)
    got.status = UV_EOF;
  if (got.status == UV_ECANCELED && r->stopped)
    return 0;
  if (is_refusal(got.status) && !r->lost)
    return got.status;
  if (got.status != 0)
    r->error = got.status;
  else if (direct)
    direct->call.done += got.value.u;
  else
    r->end += got.value.u;
  return 0;
}

/* One read of the stream for a call: true when it is over, with *out, or could
 * not be begun. */
static bool fill(vt_reader_t *r, vt__read_call_t *c, vt_result_t *out) {
  if (c->large && c->waits && vt__reader_unread(r) == 0) {
    r->direct = (char *)c - offsetof(vt__read_t, call);
    return ask(r, c->out + c->done, c->size - c->done, out);
  }
  int rc = make_room(r, wanted(r, c));
  if (rc == 0)
    return ask(r, r->buffer + r->end, r->capacity - r->end, out);
  *out = vt__wait_status(rc);
  return true;
}

/* Answers a call, with as many reads as it takes: false when it has to wait. */
static bool run(vt_reader_t *r, vt__read_call_t *c) {
  vt_result_t got;
  while (!vt__reader_answer(r, c)) {
    if (r->filling)
      return false;
    if (c->cancelled)
      return vt__reader_over(r, c, UV_ECANCELED, c->done);
    if (!fill(r, c, &got))
      return false;
    int64_t status = settle(r, got);
    if (status != 0)
      return vt__reader_over(r, c, status, c->done);
  }
  return true;
}

/* ---- a call that waits ---- */

static vt__read_t *read_of(vt__wait_t *wait) {
  return (vt__read_t *)(void *)wait;
}

/* A large call that was forgotten has kept its place: it can be handed
 * nothing. */
static bool is_forgotten(const vt__read_t *read) {
  const vt_op_t *op = &read->wait.op;
  return op->phase == VT__AWAITED && !op->k;
}

static void end_read(vt__read_t *read) {
  if (read->call.result.status == 0 && !is_forgotten(read))
    vt__wait_hand(&read->wait, read->call.result);
  else
    vt__wait_end(&read->wait, read->call.result);
}

static void stop_filling(vt_reader_t *r) {
  if (!r->filling || r->stopped)
    return;
  r->stopped = true;
  vt_cancel(r->call);
}

static int read_cancel(vt__wait_t *wait) {
  vt__read_t *read = read_of(wait);
  vt_reader_t *r = read->r;
  if (r->direct == read) {
    read->call.cancelled = true;
  } else {
    vt__reader_over(r, &read->call, UV_ECANCELED, read->call.done);
    end_read(read);
  }
  stop_filling(r);
  return 0;
}

/* Nobody waits any more. */
static void left(vt_wait_list_t *list) {
  stop_filling(vt__reader_of_calls(list));
}

/* Nobody has taken the result: its bytes are unread again. No other call came
 * between, so they are where they were. */
static void give_back(vt_wait_list_t *list, vt__wait_t *wait) {
  vt_reader_t *r = vt__reader_of_calls(list);
  r->at -= read_of(wait)->call.consumed;
  r->scan = r->at;
}

/* Its bytes are in the caller's memory. */
static void keep(vt_wait_list_t *list, vt__wait_t *wait) {
  (void)list;
  (void)wait;
}

static const vt__wait_rule_t read_rule = {.ops = VT__WAIT_OPS("reader_read"),
                                          .left = left,
                                          .give_back = give_back,
                                          .cancel = read_cancel};
static const vt__wait_rule_t large_rule = {.ops = VT__WAIT_OPS("reader_read"),
                                           .give_back = keep,
                                           .cancel = read_cancel,
                                           .stays = true};

static vt_t enlist(vt_reader_t *r, const vt__read_call_t *c) {
  vt_value_t none = {0};
  const vt__wait_rule_t *rule = c->large ? &large_rule : &read_rule;
  vt_t v = vt__wait_enlist_block(&r->calls, rule, sizeof(vt__read_t), none);
  if (vt_in_hand(v))
    return v;
  vt__read_t *read = (vt__read_t *)v.source;
  read->r = r;
  read->call = *c;
  read->call.waits = true;
  return v;
}

/* A large call waits before the stream gets its memory. */
static vt_t run_large(vt_reader_t *r, vt_t v) {
  vt__read_t *read = (vt__read_t *)v.source;
  if (!run(r, &read->call))
    return v;
  end_read(read);
  return vt_from_result(vt_get_result(v));
}

/* A large call that cannot wait goes through the buffer. */
vt_t vt__reader_wait(vt_reader_t *r, vt__read_call_t *c) {
  vt_t v = c->large ? enlist(r, c) : vt_done();
  if (!vt_in_hand(v))
    return run_large(r, v);
  if (run(r, c))
    return vt_from_result(c->result);
  v = enlist(r, c);
  if (!vt_in_hand(v))
    return v;
  r->size = c->done;
  stop_filling(r);
  return v;
}

static void close_on(vt_reader_t *r);

static void on_filled(void *state, vt_result_t result) {
  vt_reader_t *r = state;
  r->filling = false;
  int64_t status = settle(r, result);
  vt__wait_t *wait = vt__wait_first(&r->calls);
  if (wait) {
    vt__read_call_t *c = &read_of(wait)->call;
    if (status != 0)
      vt__reader_over(r, c, status, c->done);
    else if (!run(r, c))
      return;
    end_read(read_of(wait));
  }
  close_on(r);
}

/* ---- the end ---- */

static int never(vt__wait_t *wait) {
  (void)wait;
  return UV_ENOSYS;
}

static const vt__wait_rule_t close_rule = {
    .ops = VT__WAIT_OPS("reader_close"), .cancel = never, .stays = true};

static void on_closed(void *state, vt_result_t result) {
  vt_reader_t *r = state;
  bool owns = r->options.flags & VT_READER_OWNS;
  if (!r->lost || owns)
    vt__free(r->buffer);
  vt__free(r->search);
  r->buffer = NULL;
  r->search = NULL;
  r->data = NULL;
  r->size = r->at = r->end = r->scan = 0;
  r->error = result.status;
  r->phase = VT__READER_CLOSED;
  vt__wait_list_close(&r->calls);
  vt__wait_list_end(&r->closes, vt__wait_status(result.status));
}

/* Goes on closing as soon as nothing of the stream is under way. */
static void close_on(vt_reader_t *r) {
  vt_result_t result;
  if (r->phase != VT__READER_CLOSING || r->filling)
    return;
  bool closes = r->options.flags & VT_READER_OWNS && r->stream->ops->close;
  vt_scope_t *before = vt_scope_enter(NULL);
  r->phase = VT__READER_ENDING;
  if (is_over(r, closes ? r->stream->ops->close(r->stream) : vt_done(),
              on_closed, &result))
    on_closed(r, result);
  vt_scope_leave(before);
}

/* A close belongs to a clean-up, also where its scope is cancelled. */
static vt_t enlist_close(vt_reader_t *r) {
  vt_value_t none = {0};
  vt_scope_t *before = vt__shield();
  vt_t v = vt__wait_enlist(&r->closes, &close_rule, none);
  if (before)
    vt__unshield(before, v);
  return v;
}

vt_t vt_reader_close(vt_reader_t *r) {
  if (!r)
    return vt_failed(UV_EINVAL);
  if (r->phase == VT__READER_CLOSED)
    return vt_failed(UV_EBADF);
  int rc = vt__wait_list_check(&r->calls);
  if (rc != 0)
    return vt_failed(rc);
  if (r->phase == VT__READER_OPEN) {
    vt__wait_t *wait = vt__wait_first(&r->calls);
    r->phase = VT__READER_CLOSING;
    r->limit = 0;
    if (wait)
      read_cancel(wait);
    stop_filling(r);
    close_on(r);
  }
  if (r->phase == VT__READER_CLOSED)
    return vt_from_result(vt__wait_status(r->error));
  return enlist_close(r);
}
