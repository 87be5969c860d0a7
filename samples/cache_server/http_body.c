/* SPDX-License-Identifier: MIT */
/* Frames bodies: by length, or by chunks, byte after byte but for the data. */
#include "http_body.h"

int http_body_begin(struct http_body *b, const struct http_head *head) {
  *b = (struct http_body){.left = head->length};
  if (head->is_chunked) {
    b->left = 0;
    b->state = HTTP_BODY_SIZE;
  } else if (head->length > 0) {
    b->state = HTTP_BODY_LENGTH;
  }
  return head->length > HTTP_BODY_MAX && !head->is_chunked ? 413 : 0;
}

static int go(struct http_body *b, enum http_body_state state) {
  b->state = state;
  return 0;
}

/* The end of a chunk's size. */
static int end_size(struct http_body *b, char c) {
  if (b->digits == 0)
    return 400;
  if (b->left > HTTP_BODY_MAX - b->total)
    return 413;
  b->total += b->left;
  return go(b, c == ';' ? HTTP_BODY_EXTENSION : HTTP_BODY_SIZE_LF);
}

static int take_size(struct http_body *b, char c) {
  int digit = http_hex(c);
  if (digit < 0)
    return c == ';' || c == '\r' ? end_size(b, c) : 400;
  if (++b->digits > 16)
    return 400;
  b->left = b->left << 4 | (unsigned)digit;
  return 0;
}

static bool is_text(unsigned char c) {
  return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static int take_extension(struct http_body *b, char c) {
  if (c == '\r')
    return go(b, HTTP_BODY_SIZE_LF);
  return is_text((unsigned char)c) && ++b->extra <= HTTP_EXTENSIONS_MAX ? 0
                                                                        : 400;
}

static int take_size_lf(struct http_body *b, char c) {
  if (c != '\n')
    return 400;
  b->digits = 0;
  if (b->left > 0)
    return go(b, HTTP_BODY_DATA);
  b->extra = 0;
  return go(b, HTTP_BODY_NAME);
}

/* digits counts those of the name here. */
static int take_name(struct http_body *b, char c) {
  if (c == '\r' && b->digits == 0)
    return go(b, HTTP_BODY_END_LF);
  if (++b->extra > HTTP_FIELDS_MAX)
    return 431;
  if (c == ':' && b->digits > 0)
    return ++b->fields > HTTP_FIELD_COUNT_MAX ? 431 : go(b, HTTP_BODY_VALUE);
  b->digits = 1;
  return http_is_token((unsigned char)c) ? 0 : 400;
}

static int take_value(struct http_body *b, char c) {
  if (++b->extra > HTTP_FIELDS_MAX)
    return 431;
  if (c == '\r')
    return go(b, HTTP_BODY_VALUE_LF);
  return is_text((unsigned char)c) ? 0 : 400;
}

static int take_byte(struct http_body *b, char c) {
  switch (b->state) {
  case HTTP_BODY_SIZE:
    return take_size(b, c);
  case HTTP_BODY_EXTENSION:
    return take_extension(b, c);
  case HTTP_BODY_SIZE_LF:
    return take_size_lf(b, c);
  case HTTP_BODY_DATA_CR:
    return c == '\r' ? go(b, HTTP_BODY_DATA_LF) : 400;
  case HTTP_BODY_DATA_LF:
    return c == '\n' ? go(b, HTTP_BODY_SIZE) : 400;
  case HTTP_BODY_NAME:
    return take_name(b, c);
  case HTTP_BODY_VALUE:
    return take_value(b, c);
  case HTTP_BODY_VALUE_LF:
    b->digits = 0;
    return c == '\n' ? go(b, HTTP_BODY_NAME) : 400;
  default:
    return c == '\n' ? go(b, HTTP_BODY_DONE) : 400;
  }
}

static size_t take_data(struct http_body *b, size_t size) {
  size_t n = size < b->left ? size : (size_t)b->left;
  b->left -= n;
  if (b->left == 0)
    go(b, b->state == HTTP_BODY_DATA ? HTTP_BODY_DATA_CR : HTTP_BODY_DONE);
  return n;
}

int http_body_take(struct http_body *b, const char *data, size_t size,
                   size_t *out_used) {
  size_t at = 0;
  int status = 0;
  while (status == 0 && at < size && b->state != HTTP_BODY_DONE) {
    if (b->state == HTTP_BODY_DATA || b->state == HTTP_BODY_LENGTH)
      at += take_data(b, size - at);
    else
      status = take_byte(b, data[at++]);
  }
  *out_used = at;
  return status;
}
