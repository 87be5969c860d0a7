/* SPDX-License-Identifier: MIT */
/* The parser of requests.
 *
 * A request is read by one function a state, each of which either moves p->at
 * on and returns RESP_GO_ON, or says what there is to say and changes nothing,
 * so that it can be called again with more bytes. No state looks at bytes whose
 * presence depends on the cut, which is why the cut cannot matter: lines are
 * searched for their end within RESP_LINE_MAX and nowhere else.
 *
 * A short cut in front of the states reads what is whole; it decides nothing
 * that they would decide otherwise.
 *
 * Arguments are kept as offsets until the request is whole, as the caller may
 * move the bytes in between. A request that goes over a limit keeps nothing
 * from there on: its bytes are used as they come, and still checked. */
#include "resp.h"
#include "inline.h"
#include "resp_quick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

#define BULK_DEFAULT ((size_t)64 * 1024 * 1024)
#define KEEP_ARGUMENTS 1024u /* slots that stay allocated between requests */
/* Of a request of 99 arguments of 99 bytes, the most that the short cut
 * reads. */
#define QUICK_MAX ((size_t)99 * 99)

enum state {
  START,  /* before a request */
  INLINE, /* in an inline command */
  COUNT,  /* behind *, before the end of that line */
  DOLLAR, /* before the $ of an argument */
  LENGTH, /* behind $, before the end of that line */
  BODY    /* before an argument's bytes, or their rest when skipping */
};

void resp_init(struct resp_parser *p, const struct resp_limits *limits) {
  *p = (struct resp_parser){.state = START};
  if (limits)
    p->limits = *limits;
  if (p->limits.bulk == 0)
    p->limits.bulk = BULK_DEFAULT;
  if (p->limits.request == 0)
    p->limits.request = p->limits.bulk + RESP_LINE_MAX;
  resp_guard(p, false);
}

void resp_guard(struct resp_parser *p, bool guarded) {
  p->guarded = guarded;
  p->quick =
      !guarded && p->limits.bulk >= QUICK_MAX && p->limits.request >= QUICK_MAX;
}

void resp_swap(struct resp_parser *a, struct resp_parser *b) {
  struct resp_slice *argv = a->argv;
  size_t capacity = a->capacity;
  a->argv = b->argv;
  a->capacity = b->capacity;
  b->argv = argv;
  b->capacity = capacity;
  a->argc = b->argc = 0;
}

void resp_close(struct resp_parser *p) {
  free(p->argv);
  p->argv = NULL;
  p->argc = 0;
  p->capacity = 0;
}

static enum resp_event bad(struct resp_parser *p, const char *what) {
  snprintf(p->error, sizeof p->error, "ERR Protocol error: %s", what);
  return RESP_BAD;
}

/* at is an offset; it becomes a pointer when the request is whole. */
static bool add(struct resp_parser *p, size_t at, size_t size) {
  if (p->argc == p->capacity) {
    size_t capacity = p->capacity ? 2 * p->capacity : 8;
    void *grown = realloc(p->argv, capacity * sizeof *p->argv);
    if (!grown)
      return false;
    p->argv = grown;
    p->capacity = capacity;
  }
  p->argv[p->argc++] =
      (struct resp_slice){.data = (const char *)(uintptr_t)at, .size = size};
  return true;
}

static void begin(struct resp_parser *p) {
  p->state = START;
  p->argc = 0;
  p->taken = 0;
  p->skipping = false;
  if (p->capacity > KEEP_ARGUMENTS)
    resp_close(p);
}

/* Finds the line end that belongs to p->at. Gives the offset of the LF. */
static enum resp_event find_line(struct resp_parser *p, const char *data,
                                 size_t size, const char *too_big,
                                 size_t *out_end) {
  size_t limit = size - p->at < RESP_LINE_MAX ? size : p->at + RESP_LINE_MAX;
  size_t from = p->scanned > p->at ? p->scanned : p->at;
  const char *end =
      from < limit ? memchr(data + from, '\n', limit - from) : NULL;
  p->scanned = limit;
  if (end) {
    *out_end = (size_t)(end - data);
    p->scanned = *out_end + 1;
    return RESP_GO_ON;
  }
  return limit - p->at == RESP_LINE_MAX ? bad(p, too_big) : RESP_MORE;
}

/* Digits as Redis takes them: no sign but -, no zeros in front, no blanks. All
 * that is good is far below 18 digits. */
static bool read_length(const char *s, size_t size, int64_t *out) {
  bool negative = size > 0 && *s == '-';
  size_t i = negative ? 1 : 0;
  int64_t n = 0;
  if (i == size || size > 18 || (s[i] == '0' && size > 1))
    return false;
  for (; i < size; i++) {
    if (s[i] < '0' || s[i] > '9')
      return false;
    n = 10 * n + (s[i] - '0');
  }
  *out = negative ? -n : n;
  return true;
}

/* What is said of a line that holds a length when it is not good. */
struct length_errors {
  const char *too_big, *invalid;
};

static const struct length_errors count_errors = {"too big mbulk count string",
                                                  "invalid multibulk length"};
static const struct length_errors bulk_errors = {"too big bulk count string",
                                                 "invalid bulk length"};

/* Such a line, from p->at to its CRLF. */
static enum resp_event read_length_line(struct resp_parser *p, const char *data,
                                        size_t size,
                                        const struct length_errors *errors,
                                        int64_t *out) {
  size_t end;
  enum resp_event e = find_line(p, data, size, errors->too_big, &end);
  if (e != RESP_GO_ON)
    return e;
  if (end == p->at || data[end - 1] != '\r' ||
      !read_length(data + p->at, end - 1 - p->at, out))
    return bad(p, errors->invalid);
  p->at = end + 1;
  return RESP_GO_ON;
}

static enum resp_event whole(struct resp_parser *p, const char *data) {
  for (size_t i = 0; i < p->argc; i++)
    p->argv[i].data = data + (uintptr_t)p->argv[i].data;
  p->state = START;
  return RESP_REQUEST;
}

/* ---- the states, the last one of a request first ---- */

static enum resp_event on_body(struct resp_parser *p, const char *data,
                               size_t size) {
  if (p->skipping) {
    size_t part = size - p->at < p->bulk ? size - p->at : p->bulk;
    p->at += part;
    p->bulk -= part;
  }
  size_t have = size - p->at;
  if (have > p->bulk && data[p->at + p->bulk] != '\r')
    return bad(p, "bulk is not followed by CRLF");
  if (have < p->bulk + 2)
    return RESP_MORE;
  if (data[p->at + p->bulk + 1] != '\n')
    return bad(p, "bulk is not followed by CRLF");
  if (!p->skipping && !add(p, p->at, p->bulk))
    return RESP_NOMEM;
  p->at += p->bulk + 2;
  p->state = DOLLAR;
  if (--p->left > 0)
    return RESP_GO_ON;
  whole(p, data);
  return p->skipping ? RESP_TOO_BIG : RESP_REQUEST;
}

/* From here on nothing of the request stays. The first reason is told. */
static void skip(struct resp_parser *p, const char *what, size_t limit) {
  if (p->skipping)
    return;
  p->skipping = true;
  p->argc = 0;
  snprintf(p->error, sizeof p->error, "ERR %s exceeds the limit of %zu bytes",
           what, limit);
}

static enum resp_event on_length(struct resp_parser *p, const char *data,
                                 size_t size) {
  int64_t length;
  enum resp_event e = read_length_line(p, data, size, &bulk_errors, &length);
  if (e != RESP_GO_ON)
    return e;
  if (length < 0 || length > RESP_BULK_NEVER)
    return bad(p, bulk_errors.invalid);
  if (p->guarded && length > RESP_GUARDED_BULK)
    return bad(p, "unauthenticated bulk length");
  p->bulk = (size_t)length;
  if (p->bulk > p->limits.bulk)
    skip(p, "argument", p->limits.bulk);
  else if (p->bulk > p->limits.request - p->taken)
    skip(p, "request", p->limits.request);
  else
    p->taken += p->bulk;
  p->state = BODY;
  return on_body(p, data, size);
}

static enum resp_event on_dollar(struct resp_parser *p, const char *data,
                                 size_t size) {
  char what[32];
  if (p->at == size)
    return RESP_MORE;
  unsigned char first = (unsigned char)data[p->at];
  if (first != '$') {
    bool plain = first >= 0x20 && first < 0x7f;
    snprintf(what, sizeof what,
             plain ? "expected '$', got '%c'" : "expected '$', got '\\x%02x'",
             first);
    return bad(p, what);
  }
  p->at++;
  p->state = LENGTH;
  return on_length(p, data, size);
}

static enum resp_event on_count(struct resp_parser *p, const char *data,
                                size_t size) {
  int64_t count;
  enum resp_event e = read_length_line(p, data, size, &count_errors, &count);
  if (e != RESP_GO_ON)
    return e;
  if (count < -1 || count > (int64_t)RESP_ARGUMENTS_MAX)
    return bad(p, count_errors.invalid);
  if (p->guarded && count > RESP_GUARDED_ARGUMENTS)
    return bad(p, "unauthenticated multibulk length");
  p->left = count > 0 ? (size_t)count : 0;
  p->state = count > 0 ? DOLLAR : START;
  return RESP_GO_ON;
}

static enum resp_event on_start(struct resp_parser *p, const char *data,
                                size_t size) {
  if (p->at == size)
    return RESP_MORE;
  char first = data[p->at];
  if (first == '*') {
    p->at++;
    p->state = COUNT;
    return on_count(p, data, size);
  }
  /* The other types of RESP2 and RESP3: no command begins like these. */
  if (first != '\0' && strchr("$+-:%~>|,#(!=_", first))
    return bad(p, "expected an array or an inline request");
  p->state = INLINE;
  return RESP_GO_ON;
}

static enum resp_event on_inline(struct resp_parser *p, char *data,
                                 size_t size) {
  size_t from = p->scanned > p->at ? p->scanned : p->at;
  size_t end = 0;
  enum resp_event e = find_line(p, data, size, "too big inline request", &end);
  size_t until = e == RESP_GO_ON ? end : p->scanned;
  if (until > from && memchr(data + from, '\0', until - from))
    return bad(p, "zero byte in inline request");
  if (e != RESP_GO_ON)
    return e;
  char *at = data + p->at;
  struct resp_slice word;
  enum inline_word w;
  while ((w = inline_next(&at, data + end, &word)) == INLINE_WORD)
    if (!add(p, (size_t)(word.data - data), word.size))
      return RESP_NOMEM;
  if (w == INLINE_UNBALANCED)
    return bad(p, "unbalanced quotes in request");
  p->at = end + 1;
  p->state = START;
  if (p->argc == 0)
    return RESP_GO_ON;
  whole(p, data);
  return inline_is_http(p->argv, p->argc) ? RESP_FOREIGN : RESP_REQUEST;
}

static enum resp_event step(struct resp_parser *p, char *data, size_t size) {
  switch ((enum state)p->state) {
  case START:
    return on_start(p, data, size);
  case INLINE:
    return on_inline(p, data, size);
  case COUNT:
    return on_count(p, data, size);
  case DOLLAR:
    return on_dollar(p, data, size);
  case LENGTH:
    return on_length(p, data, size);
  case BODY:
    return on_body(p, data, size);
  }
  return RESP_BAD;
}

/* ---- the short cut ---- */

/* Nearly every request is a short array of short arguments that has come whole:
 * read in one go, without a state. False, and nothing changed, for all others:
 * the states then say what they are. */
static bool read_whole(struct resp_parser *p, const char *data, size_t size,
                       size_t *out_used) {
  const char *s = data, *end = data + size;
  size_t count;
  if (size < RESP_QUICK_MIN || *s != '*' ||
      !(s = resp_read_digits(s + 1, &count)) || count == 0 ||
      count > p->capacity)
    return false;
  for (size_t i = 0; i < count; i++)
    if (end - s < RESP_QUICK_MIN || *s != '$' ||
        !(s = resp_read_bulk(s + 1, end, &p->argv[i])))
      return false;
  p->argc = count;
  *out_used = (size_t)(s - data);
  return true;
}

/* By the states, as long as one leads to the next. */
static VT_NOINLINE enum resp_event read_on(struct resp_parser *p, char *data,
                                           size_t size, size_t *out_used) {
  enum resp_event e;
  if (p->state == START)
    begin(p);
  do
    e = step(p, data, size);
  while (e == RESP_GO_ON);
  /* Lengths need not stay; arguments must, until the request is whole. */
  *out_used = e == RESP_MORE && p->argc > 0 ? 0 : p->at;
  p->at -= *out_used;
  p->scanned -= p->scanned < *out_used ? p->scanned : *out_used;
  return e;
}

bool resp_is_quick(const struct resp_parser *p) {
  return p->state == START && p->quick;
}

enum resp_event resp_next(struct resp_parser *p, char *data, size_t size,
                          size_t *out_used) {
  if (resp_is_quick(p) && p->capacity <= KEEP_ARGUMENTS &&
      read_whole(p, data, size, out_used))
    return RESP_REQUEST;
  return read_on(p, data, size, out_used);
}

bool resp_is_within(const struct resp_parser *p) { return p->state != START; }
