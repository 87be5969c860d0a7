/* SPDX-License-Identifier: MIT */
/* The reader of the RESP parser's tests. */
#include "samples/resp_reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_init(struct reader *r, const struct resp_limits *limits,
                 bool warm) {
  char first[] = "*1\r\n$1\r\nx\r\n";
  size_t used;
  memset(r, 0, sizeof *r);
  resp_init(&r->parser, limits);
  if (warm)
    assert_int_equal(resp_next(&r->parser, first, sizeof first - 1, &used),
                     RESP_REQUEST);
}

void reader_close(struct reader *r) {
  resp_close(&r->parser);
  free(r->held);
  r->held = NULL;
}

static void say(struct reader *r, const char *text) {
  size_t size = strlen(text);
  if (size >= sizeof r->text - r->length)
    size = sizeof r->text - r->length - 1;
  memcpy(r->text + r->length, text, size);
  r->length += size;
}

static void say_bytes(struct reader *r, const char *data, size_t size) {
  char hex[8];
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)data[i];
    snprintf(hex, sizeof hex, isprint(c) ? "%c" : "<%02x>", c);
    say(r, hex);
  }
}

static void note(struct reader *r, enum resp_event event) {
  if (event == RESP_REQUEST) {
    for (size_t i = 0; i < r->parser.argc; i++) {
      say(r, i ? "|" : "[");
      say_bytes(r, r->parser.argv[i].data, r->parser.argv[i].size);
    }
    say(r, "]");
    return;
  }
  r->over = event != RESP_TOO_BIG;
  say(r, event == RESP_FOREIGN ? "~" : event == RESP_TOO_BIG ? "#" : "!");
  if (event != RESP_FOREIGN)
    say(r, r->parser.error);
}

/* Keeps data[from..] in a block of its own, followed by more. */
static void hold(struct reader *r, size_t from, const char *more, size_t size) {
  size_t kept = r->size - from;
  char *held = malloc(kept + size + 1);
  assert_non_null(held);
  if (kept)
    memcpy(held, r->held + from, kept);
  if (size)
    memcpy(held + kept, more, size);
  held = realloc(held, kept + size ? kept + size : 1);
  free(r->held);
  r->held = held;
  r->size = kept + size;
  if (r->size > r->most)
    r->most = r->size;
}

void reader_feed(struct reader *r, const char *data, size_t size) {
  size_t used;
  if (r->over)
    return;
  hold(r, 0, data, size);
  for (;;) {
    enum resp_event event = resp_next(&r->parser, r->held, r->size, &used);
    assert_true(used <= r->size);
    if (event != RESP_MORE)
      note(r, event);
    hold(r, used, NULL, 0);
    if (event == RESP_MORE || r->over)
      return;
  }
}

/* The input, and what is to be made of it. */
struct input {
  const char *data;
  size_t size;
  const struct resp_limits *limits;
  const char *expected;
};

/* The first cut bytes at once, then the rest in pieces. */
static void expect_pieces(const struct input *in, size_t cut, size_t piece) {
  for (int warm = 0; warm < 2; warm++) {
    struct reader r;
    reader_init(&r, in->limits, warm);
    reader_feed(&r, in->data, cut);
    for (size_t at = cut; at < in->size; at += piece)
      reader_feed(&r, in->data + at,
                  in->size - at < piece ? in->size - at : piece);
    if (strcmp(r.text, in->expected) != 0)
      print_error("cut at %zu, pieces of %zu:\n%s\nwanted\n%s\n", cut, piece,
                  r.text, in->expected);
    assert_string_equal(r.text, in->expected);
    reader_close(&r);
  }
}

void expect_sized(const char *data, size_t size,
                  const struct resp_limits *limits, const char *expected) {
  struct input in = {data, size, limits, expected};
  for (size_t piece = 1; piece < 8; piece++)
    expect_pieces(&in, 0, piece);
  for (size_t cut = 0; cut <= size; cut++)
    expect_pieces(&in, cut, size);
}

void expect(const char *text, const char *expected) {
  expect_sized(text, strlen(text), NULL, expected);
}

void expect_long(const char *data, size_t size, const char *expected) {
  static const size_t pieces[] = {997, 4096, 65535, 65536, 65537, 1 << 20};
  struct input in = {data, size, NULL, expected};
  for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
    expect_pieces(&in, 0, pieces[i]);
}
