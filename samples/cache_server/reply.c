/* SPDX-License-Identifier: MIT */
/* Writes replies into a buffer that doubles. A buffer that is muted, or has
 * failed, ends where it is filled: so the one compare that asks for room asks
 * for that, too. */
#include "reply.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define FIRST_CAPACITY 256u
#define NUMBER_SIZE 24u /* any 64-bit number, its type and CRLF */

void reply_init(struct reply *r) { *r = (struct reply){0}; }

static void set_end(struct reply *r) {
  r->end = r->muted || r->status != 0 ? r->size : r->capacity;
}

void reply_close(struct reply *r) {
  free(r->data);
  *r = (struct reply){.resp3 = r->resp3, .muted = r->muted};
}

void reply_reset(struct reply *r, size_t keep) {
  if (r->capacity > keep)
    reply_close(r);
  r->size = 0;
  r->status = 0;
  set_end(r);
}

void reply_swap(struct reply *a, struct reply *b) {
  char *data = a->data;
  size_t capacity = a->capacity;
  a->data = b->data;
  a->capacity = b->capacity;
  b->data = data;
  b->capacity = capacity;
  set_end(a);
  set_end(b);
}

void reply_mute(struct reply *r, bool muted) {
  r->muted = muted;
  set_end(r);
}

static char *fail(struct reply *r) {
  r->status = UV_ENOMEM;
  set_end(r);
  return NULL;
}

/* Room for size bytes at the end, or NULL. */
static char *grow(struct reply *r, size_t size) {
  size_t capacity = r->capacity ? r->capacity : FIRST_CAPACITY;
  if (r->muted || r->status != 0)
    return NULL;
  while (capacity - r->size < size) {
    if (capacity > SIZE_MAX / 2)
      return fail(r);
    capacity *= 2;
  }
  char *data = realloc(r->data, capacity);
  if (!data)
    return fail(r);
  r->data = data;
  r->capacity = r->end = capacity;
  return data + r->size;
}

/* Never of size 0. */
static inline char *room(struct reply *r, size_t size) {
  if (r->end - r->size >= size)
    return r->data + r->size;
  return grow(r, size);
}

void reply_raw(struct reply *r, const char *data, size_t size) {
  char *to = size ? room(r, size) : NULL;
  if (!to)
    return;
  memcpy(to, data, size);
  r->size += size;
}

static size_t put_long(char *to, char type, int64_t number) {
  char text[NUMBER_SIZE];
  size_t at = sizeof text;
  uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
  text[--at] = '\n';
  text[--at] = '\r';
  do
    text[--at] = (char)('0' + rest % 10);
  while (rest /= 10);
  if (number < 0)
    text[--at] = '-';
  text[--at] = type;
  memcpy(to, text + at, sizeof text - at);
  return sizeof text - at;
}

/* Most numbers have one digit, or two. */
static inline size_t put_number(char *to, char type, int64_t number) {
  char *at = to;
  if ((uint64_t)number >= 100)
    return put_long(to, type, number);
  *at++ = type;
  if (number >= 10)
    *at++ = (char)('0' + number / 10);
  *at++ = (char)('0' + number % 10);
  memcpy(at, "\r\n", 2);
  return (size_t)(at + 2 - to);
}

static void add_number(struct reply *r, char type, int64_t number) {
  char *to = room(r, NUMBER_SIZE);
  if (to)
    r->size += put_number(to, type, number);
}

void reply_simple(struct reply *r, const char *text) {
  size_t size = strlen(text);
  char *to = room(r, size + 3);
  if (!to)
    return;
  to[0] = '+';
  memcpy(to + 1, text, size);
  memcpy(to + 1 + size, "\r\n", 2);
  r->size += size + 3;
}

/* One byte of an error, at most four written. */
static size_t put_escaped(char *to, unsigned char c) {
  static const char hex[] = "0123456789abcdef";
  if (c >= 0x20 && c != 0x7f) {
    to[0] = (char)c;
    return 1;
  }
  to[0] = '\\';
  if (c == '\r' || c == '\n' || c == '\t') {
    to[1] = c == '\r' ? 'r' : c == '\n' ? 'n' : 't';
    return 2;
  }
  to[1] = 'x';
  to[2] = hex[c >> 4];
  to[3] = hex[c & 15];
  return 4;
}

void reply_error_begin(struct reply *r) { reply_raw(r, "-", 1); }

void reply_error_end(struct reply *r) { reply_raw(r, "\r\n", 2); }

void reply_error_name(struct reply *r, const char *name, size_t size,
                      size_t max) {
  if (size > max)
    size = max;
  char *to = size ? room(r, 4 * size) : NULL;
  for (size_t i = 0; to && i < size; i++) {
    size_t n = put_escaped(to, (unsigned char)name[i]);
    to += n;
    r->size += n;
  }
}

void reply_error_text(struct reply *r, const char *text) {
  size_t size = strlen(text);
  reply_error_name(r, text, size, size);
}

void reply_error(struct reply *r, const char *text) {
  reply_error_begin(r);
  reply_error_text(r, text);
  reply_error_end(r);
}

void reply_integer(struct reply *r, int64_t number) {
  add_number(r, ':', number);
}

void reply_bulk(struct reply *r, const char *data, size_t size) {
  char *to = room(r, NUMBER_SIZE + size + 2);
  if (!to)
    return;
  size_t n = put_number(to, '$', (int64_t)size);
  if (size)
    memcpy(to + n, data, size);
  memcpy(to + n + size, "\r\n", 2);
  r->size += n + size + 2;
}

void reply_bulk_head(struct reply *r, size_t size) {
  add_number(r, '$', (int64_t)size);
}

void reply_bulk_string(struct reply *r, const char *text) {
  reply_bulk(r, text, strlen(text));
}

void reply_null(struct reply *r) {
  if (r->resp3)
    reply_raw(r, "_\r\n", 3);
  else
    reply_raw(r, "$-1\r\n", 5);
}

void reply_array(struct reply *r, size_t count) {
  add_number(r, '*', (int64_t)count);
}

void reply_map(struct reply *r, size_t count) {
  if (r->resp3)
    add_number(r, '%', (int64_t)count);
  else
    reply_array(r, 2 * count);
}

void reply_set(struct reply *r, size_t count) {
  add_number(r, r->resp3 ? '~' : '*', (int64_t)count);
}

void reply_push(struct reply *r, size_t count) {
  add_number(r, r->resp3 ? '>' : '*', (int64_t)count);
}

void reply_boolean(struct reply *r, bool value) {
  if (r->resp3)
    reply_raw(r, value ? "#t\r\n" : "#f\r\n", 4);
  else
    reply_integer(r, value);
}

/* 17 digits tell all doubles apart. */
void reply_double(struct reply *r, double number) {
  char text[40] = ",nan\r\n";
  if (isinf(number))
    snprintf(text, sizeof text, ",%sinf\r\n", number < 0 ? "-" : "");
  else if (!isnan(number))
    snprintf(text, sizeof text, ",%.17g\r\n", number);
  size_t size = strlen(text);
  if (r->resp3)
    reply_raw(r, text, size);
  else
    reply_bulk(r, text + 1, size - 3);
}

void reply_text(struct reply *r, const char *text, size_t size) {
  if (!r->resp3) {
    reply_bulk(r, text, size);
    return;
  }
  add_number(r, '=', (int64_t)size + 4);
  reply_raw(r, "txt:", 4);
  reply_raw(r, text, size);
  reply_raw(r, "\r\n", 2);
}
