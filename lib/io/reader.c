/* SPDX-License-Identifier: MIT */
/* The calls of the buffered reader.
 *
 * Happy path: a call is answered from the buffer and in hand. What is not there
 * is read from the stream (reader_fill.c), and the call is answered again.
 *
 * What can go wrong: the end or an error of the stream comes behind bytes that
 * are not read; a call that these satisfy gets them, every other one the error.
 * A line that is longer than the buffer may grow is cut: its rest is dropped by
 * the next call for a line. */
#include "io/reader.h"

#include "io/search.h"

enum { READER_SIZE = 64 << 10, READER_MOST = 1 << 20 };

/* ---- bytes ---- */

static size_t lesser(size_t a, size_t b) { return a < b ? a : b; }

/* Moves bytes to where the call wants them, or drops them. */
static void move(vt_reader_t *r, vt__read_call_t *c, size_t n) {
  if (c->out && n > 0)
    memcpy(c->out + c->done, r->buffer + r->at, n);
  vt__reader_consume(r, n);
}

bool vt__reader_over(vt_reader_t *r, vt__read_call_t *c, int64_t status,
                     size_t count) {
  c->result.status = status;
  c->result.value.u = count;
  r->data = c->out;
  r->size = count;
  return true;
}

/* The next size bytes are the result, taken of them are read by it. */
static bool slice(vt_reader_t *r, vt__read_call_t *c, size_t size,
                  size_t taken) {
  const uint8_t *data = r->buffer ? r->buffer + r->at : NULL;
  vt__reader_over(r, c, 0, size);
  r->data = data;
  c->consumed = taken;
  vt__reader_consume(r, taken);
  return true;
}

/* ---- answers, one function a kind ---- */

static bool answer_some(vt_reader_t *r, vt__read_call_t *c) {
  size_t n = lesser(vt__reader_unread(r), c->size);
  if (c->done == 0 && n > 0) {
    move(r, c, n);
    c->consumed = n;
    return vt__reader_over(r, c, 0, n);
  }
  if (c->done > 0)
    return vt__reader_over(r, c, 0, c->done);
  return r->error != 0 && vt__reader_over(r, c, r->error, 0);
}

static bool answer_exact(vt_reader_t *r, vt__read_call_t *c) {
  size_t n = lesser(vt__reader_unread(r), c->size - c->done);
  if (!c->whole || n == c->size) {
    move(r, c, n);
    c->done += n;
    c->consumed = c->whole ? n : 0;
  }
  if (c->done == c->size)
    return vt__reader_over(r, c, 0, c->size);
  return r->error != 0 && vt__reader_over(r, c, r->error, c->done);
}

static bool answer_peek(vt_reader_t *r, vt__read_call_t *c) {
  size_t n = vt__reader_unread(r);
  if (n >= c->size || (r->error != 0 && n > 0))
    return slice(r, c, n, 0);
  return r->error != 0 && vt__reader_over(r, c, r->error, 0);
}

static size_t find_lf(vt_reader_t *r) {
  const uint8_t *lf = NULL;
  if (r->scan < r->end)
    lf = memchr(r->buffer + r->scan, '\n', r->end - r->scan);
  if (lf)
    return (size_t)(lf - r->buffer) + 1 - r->at;
  r->scan = r->end;
  return 0;
}

/* How many bytes there are up to and with the next delimiter; 0: none yet. */
static size_t find(vt_reader_t *r, vt__read_call_t *c) {
  if (c->kind == VT__READ_LINE)
    return find_lf(r);
  size_t left = vt__reader_unread(r) - c->searched;
  size_t n = 0;
  if (left > 0)
    n = vt__search_run(r->search, r->buffer + r->at + c->searched, left);
  size_t found = n > 0 ? c->searched + n : 0;
  c->searched = n > 0 ? 0 : c->searched + left;
  return found;
}

static bool give_found(vt_reader_t *r, vt__read_call_t *c, size_t n) {
  const uint8_t *data = r->buffer + r->at;
  size_t size = n;
  if (c->kind == VT__READ_LINE)
    size--;
  if (size < n && size > 0 && data[size - 1] == '\r')
    size--;
  return slice(r, c, size, n);
}

/* How much of a line without its end is surely none of its delimiter. */
static size_t before_end(const vt_reader_t *r, const vt__read_call_t *c) {
  size_t matched = c->kind == VT__READ_LINE ? 0 : r->search->matched;
  return vt__reader_unread(r) - matched;
}

/* The beginning of a line that is too long. */
static bool cut(vt_reader_t *r, vt__read_call_t *c) {
  size_t n = before_end(r, c);
  r->cut = true;
  slice(r, c, n, n);
  c->result.status = UV_E2BIG;
  return true;
}

/* The rest of a line that was too long, which the end ends too: true when it is
 * dropped. */
static bool drop_rest(vt_reader_t *r, vt__read_call_t *c) {
  size_t n = find(r, c);
  r->cut = n == 0 && r->error != UV_EOF;
  if (n == 0)
    n = r->cut ? before_end(r, c) : vt__reader_unread(r);
  vt__reader_consume(r, n);
  c->searched = r->cut ? vt__reader_unread(r) : 0;
  return !r->cut;
}

static bool answer_line(vt_reader_t *r, vt__read_call_t *c) {
  if (!r->cut || drop_rest(r, c)) {
    size_t n = find(r, c);
    size_t rest = vt__reader_unread(r);
    if (n > 0)
      return give_found(r, c, n);
    if (r->error == UV_EOF && rest > 0)
      return slice(r, c, rest, rest);
    if (r->error == 0 && rest >= r->options.most)
      return cut(r, c);
  }
  return r->error != 0 && vt__reader_over(r, c, r->error, 0);
}

bool vt__reader_answer(vt_reader_t *r, vt__read_call_t *c) {
  switch (c->kind) {
  case VT__READ_SOME:
    return answer_some(r, c);
  case VT__READ_EXACT:
    return answer_exact(r, c);
  case VT__READ_PEEK:
    return answer_peek(r, c);
  default:
    return answer_line(r, c);
  }
}

/* ---- the calls ---- */

/* Why nothing may begin; 0 where it may. */
static int refusal(const vt_reader_t *r) {
  if (!r)
    return UV_EINVAL;
  if (r->phase != VT__READER_OPEN)
    return UV_EBADF;
  int rc = vt__wait_list_check(&r->calls);
  if (rc == 0 && r->calls.count > 0)
    rc = UV_EALREADY;
  return rc;
}

/* Lines may be taken without a call as long as none waits. */
static void set_limit(vt_reader_t *r) {
  r->limit = r->calls.count == 0 && !r->cut ? r->end : 0;
}

static vt_t begin(vt_reader_t *r, vt__read_call_t c) {
  vt_t v;
  r->data = NULL;
  r->size = 0;
  r->limit = 0;
  if (c.kind < VT__READ_LINE)
    r->cut = false;
  if (vt__reader_answer(r, &c))
    v = vt_from_result(c.result);
  else
    v = vt__reader_wait(r, &c);
  set_limit(r);
  return v;
}

/* The caller's memory, for n bytes: what cannot be said in the call. */
static int memory_refusal(const vt_reader_t *r, const void *out, size_t n) {
  return !out && n > 0 ? UV_EINVAL : refusal(r);
}

vt_t vt_reader_read(vt_reader_t *r, void *out, size_t n) {
  int rc = memory_refusal(r, out, n);
  if (rc != 0)
    return vt_failed(rc);
  if (n == 0)
    return vt_from_uint(0);
  vt__read_call_t c = {.kind = VT__READ_SOME,
                       .large = n >= r->options.size,
                       .out = out,
                       .size = n};
  return begin(r, c);
}

vt_t vt_reader_read_exact(vt_reader_t *r, void *out, size_t n) {
  int rc = memory_refusal(r, out, n);
  if (rc != 0)
    return vt_failed(rc);
  bool large = n >= r->options.size;
  vt__read_call_t c = {.kind = VT__READ_EXACT,
                       .whole = !large,
                       .large = large,
                       .out = out,
                       .size = n};
  return begin(r, c);
}

vt_t vt_reader_skip(vt_reader_t *r, size_t n) {
  int rc = refusal(r);
  if (rc != 0)
    return vt_failed(rc);
  vt__read_call_t c = {.kind = VT__READ_EXACT, .size = n};
  return begin(r, c);
}

vt_t vt_reader_peek(vt_reader_t *r, size_t n) {
  int rc = refusal(r);
  if (rc == 0 && n > r->options.most)
    rc = UV_E2BIG;
  if (rc != 0)
    return vt_failed(rc);
  vt__read_call_t c = {.kind = VT__READ_PEEK, .size = n};
  return begin(r, c);
}

vt_t vt__reader_read_line(vt_reader_t *r) {
  int rc = refusal(r);
  if (rc != 0)
    return vt_failed(rc);
  vt__read_call_t c = {.kind = VT__READ_LINE};
  return begin(r, c);
}

vt_t vt_reader_read_until(vt_reader_t *r, const void *delimiter,
                          size_t length) {
  int rc = refusal(r);
  if (rc == 0 && (!delimiter || length == 0))
    rc = UV_EINVAL;
  if (rc == 0 && length > r->options.most)
    rc = UV_E2BIG;
  if (rc == 0)
    rc = vt__search_set(&r->search, delimiter, length);
  if (rc != 0)
    return vt_failed(rc);
  vt__read_call_t c = {.kind = VT__READ_UNTIL};
  return begin(r, c);
}

/* ---- at once ---- */

int vt_reader_unread(vt_reader_t *r, const void *data, size_t n) {
  int rc = memory_refusal(r, data, n);
  if (rc != 0 || n == 0)
    return rc;
  if (n > r->options.most || vt__reader_unread(r) > r->options.most - n)
    return UV_E2BIG;
  if (n > r->at)
    rc = vt__reader_open_front(r, n);
  if (rc != 0)
    return rc;
  r->at -= n;
  r->scan = r->at;
  memmove(r->buffer + r->at, data, n);
  set_limit(r);
  return 0;
}

int vt_reader_resume(vt_reader_t *r) {
  int rc = refusal(r);
  if (rc != 0)
    return rc;
  if (r->lost)
    return (int)r->error;
  r->error = 0;
  return 0;
}

int vt_reader_init(vt_reader_t *r, vt_byte_stream_t *stream,
                   const vt_reader_options_t *options) {
  vt_reader_options_t o = {0};
  if (!r || !stream || !stream->ops || !stream->ops->read)
    return UV_EINVAL;
  if (options)
    o = *options;
  if (o.size == 0)
    o.size = o.most > 0 && o.most < READER_SIZE ? o.most : READER_SIZE;
  if (o.most == 0)
    o.most = o.size > READER_MOST ? o.size : READER_MOST;
  if (o.most < o.size || o.most > SIZE_MAX / 4)
    return UV_EINVAL;
  *r = (vt_reader_t){.stream = stream, .options = o};
  vt__wait_list_init(&r->calls);
  vt__wait_list_init(&r->closes);
  return 0;
}
