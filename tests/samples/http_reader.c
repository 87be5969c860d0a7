/* SPDX-License-Identifier: MIT */
/* The reader of the HTTP tests: what a connection does, without one. */
#include "samples/http_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache_server/http_body.h"
#include "cache_server/http_target.h"

#define SHORT 512u

struct reader {
  char *held; /* exactly what is not used, so that a sanitizer sees overreads */
  size_t size;
  struct http_memo memo;
  struct http_scan scan;
  struct http_head head;
  struct http_body body;
  bool within; /* a body */
  bool over;
  uint64_t dropped; /* of the body */
  char text[10000]; /* a path may be as long as a line */
  size_t length;
};

static void say(struct reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(struct reader *r, const char *format, ...) {
  va_list list;
  va_start(list, format);
  int n =
      vsnprintf(r->text + r->length, sizeof r->text - r->length, format, list);
  va_end(list);
  r->length += (size_t)n;
  assert_true(r->length < sizeof r->text);
}

/* Keeps data[from..] in a block of its own, followed by more. */
static void hold(struct reader *r, size_t from, const char *more, size_t size) {
  size_t kept = r->size - from;
  char *held = malloc(kept + size ? kept + size : 1);
  assert_non_null(held);
  if (kept)
    memcpy(held, r->held + from, kept);
  if (size)
    memcpy(held + kept, more, size);
  free(r->held);
  r->held = held;
  r->size = kept + size;
}

static void refuse(struct reader *r, int status) {
  say(r, "!%d", status);
  r->over = true;
}

/* The target is checked for the methods that have an answer. */
static void tell_request(struct reader *r) {
  struct http_target t = {{"*", 1}, {NULL, 0}};
  char *target = r->held + (r->head.target.data - r->held);
  if (r->head.verb != HTTP_VERB_OTHER &&
      !http_target_read(&t, target, r->head.target.size)) {
    refuse(r, 400);
    return;
  }
  say(r, "[%.*s %.*s", (int)r->head.method.size, r->head.method.data,
      (int)t.path.size, t.path.data);
  if (t.query.size)
    say(r, "?%.*s", (int)t.query.size, t.query.data);
  if (r->head.expects)
    say(r, "+100");
  if (!r->head.keep_alive)
    say(r, "-");
  say(r, "]");
  r->over = !r->head.keep_alive;
}

/* False when more is wanted. */
static bool read_head(struct reader *r) {
  int status = 0;
  long n = (long)http_memo_read(&r->memo, &r->head, r->held, r->size);
  if (n == 0) {
    n = http_scan(&r->scan, r->held, r->size);
    if (n == 0)
      return false;
    status = n < 0 ? (int)-n : http_head_read(&r->head, r->held, (size_t)n);
    if (status == 0)
      http_memo_keep(&r->memo, &r->head, r->held, (size_t)n);
  }
  if (status == 0)
    status = http_body_begin(&r->body, &r->head);
  if (status == 0)
    tell_request(r);
  else
    refuse(r, status);
  r->scan = (struct http_scan){0};
  r->within = r->body.state != HTTP_BODY_DONE;
  r->dropped = 0;
  if (!r->over || r->within)
    hold(r, (size_t)(n > 0 ? n : 0), NULL, 0);
  return true;
}

static bool read_body(struct reader *r) {
  size_t used;
  int status = http_body_take(&r->body, r->held, r->size, &used);
  r->dropped += used;
  hold(r, used, NULL, 0);
  if (status != 0)
    refuse(r, status);
  if (status != 0 || r->body.state != HTTP_BODY_DONE)
    return false;
  say(r, "{%d}", (int)r->dropped);
  r->within = false;
  return true;
}

static void feed(struct reader *r, const char *data, size_t size) {
  if (r->over)
    return;
  hold(r, 0, data, size);
  while (!r->over && (r->within ? read_body(r) : read_head(r)))
    ;
}

/* A warm reader knows the fields that most inputs have. */
static void warm_up(struct reader *r) {
  static const char known[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  struct http_head head;
  assert_int_equal(http_head_read(&head, known, sizeof known - 1), 0);
  http_memo_keep(&r->memo, &head, known, sizeof known - 1);
}

/* The transcript is in out->text. */
static void read_cut(struct reader *out, bool warm, const char *data,
                     size_t size, size_t cut, size_t piece) {
  memset(out, 0, sizeof *out);
  if (warm)
    warm_up(out);
  feed(out, data, cut);
  for (size_t at = cut; at < size; at += piece)
    feed(out, data + at, size - at < piece ? size - at : piece);
  free(out->held);
}

static void expect_from(bool warm, const char *data, size_t size, size_t cut,
                        size_t piece, const char *wanted) {
  struct reader r;
  read_cut(&r, warm, data, size, cut, piece);
  if (strcmp(r.text, wanted) != 0)
    print_error("%.*s\ncut at %zu, pieces of %zu: %s, wanted %s\n",
                size < 200 ? (int)size : 200, data, cut, piece, r.text, wanted);
  assert_string_equal(r.text, wanted);
}

static void expect_pieces(const char *data, size_t size, size_t cut,
                          size_t piece, const char *wanted) {
  expect_from(false, data, size, cut, piece, wanted);
  expect_from(true, data, size, cut, piece, wanted);
}

static void expect_short(const char *data, size_t size, const char *wanted) {
  for (size_t piece = 1; piece < 8; piece++)
    expect_pieces(data, size, 0, piece, wanted);
  for (size_t cut = 0; cut <= size; cut++)
    expect_pieces(data, size, cut, size, wanted);
}

void http_expect(const char *text, const char *wanted) {
  expect_short(text, strlen(text), wanted);
}

static void expect_long(const char *data, size_t size, const char *wanted) {
  static const size_t pieces[] = {1000, 4096, 16384, SIZE_MAX / 2};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
    for (size_t cut = 0; cut < 3; cut++)
      expect_pieces(data, size, cut, pieces[i], wanted);
}

void http_expect_alike(const char *data, size_t size, int refused) {
  struct reader whole;
  char end[8] = "";
  read_cut(&whole, false, data, size, size, size);
  const char *at = strchr(whole.text, '!');
  if (refused)
    snprintf(end, sizeof end, "!%d", refused);
  assert_string_equal(at ? at : "", end);
  if (size <= SHORT)
    expect_short(data, size, whole.text);
  else
    expect_long(data, size, whole.text);
}
