/* SPDX-License-Identifier: MIT */
/* Reads a head: the fields that matter here, each by the strictest reading of
 * its rules. http_parser finds the fields and knows the methods and Connection;
 * it is given whole heads only, so that it calls once for each part. */
#include "http_head.h"

#include <http_parser.h>
#include <string.h>

#include "http_target.h"

struct reading {
  struct http_head *head;
  struct http_text name;
  int status; /* the first refusal; 0: none */
  bool has_host, has_length, has_coding, has_match;
};

static void refuse(struct reading *r, int status) {
  if (r->status == 0)
    r->status = status;
}

/* ---- the fields ---- */

static void read_host(struct reading *r, struct http_text value) {
  if (r->has_host || !http_is_authority(http_trim(value)))
    refuse(r, 400);
  r->has_host = true;
}

static void read_length(struct reading *r, struct http_text value) {
  uint64_t length = 0;
  bool good = !r->has_length && value.size > 0 && value.size < 20;
  for (size_t i = 0; good && i < value.size; i++) {
    good = http_is_digit(value.data[i]);
    length = 10 * length + (unsigned char)value.data[i] - '0';
  }
  if (!good)
    refuse(r, 400);
  r->has_length = true;
  r->head->length = length;
}

/* chunked and nothing else. Another coding is one that we do not have; a list,
 * or anything that is no word, is a trick. */
static void read_coding(struct reading *r, struct http_text value) {
  size_t word = 0;
  while (word < value.size && http_is_token((unsigned char)value.data[word]))
    word++;
  if (r->has_coding || word == 0 || word < value.size)
    refuse(r, 400);
  else if (!HTTP_IS(value, "chunked"))
    refuse(r, 501);
  r->has_coding = r->head->is_chunked = true;
}

static void read_expect(struct reading *r, struct http_text value) {
  if (HTTP_IS(http_trim(value), "100-continue"))
    r->head->expects = true;
  else
    refuse(r, 417);
}

static void read_match(struct reading *r, struct http_text value) {
  r->head->if_none_match =
      r->has_match ? (struct http_text){0} : http_trim(value);
  r->has_match = true;
}

static void read_field(struct reading *r, struct http_text value) {
  switch (r->name.size) {
  case 4:
    if (HTTP_IS(r->name, "host"))
      read_host(r, value);
    break;
  case 6:
    if (HTTP_IS(r->name, "expect"))
      read_expect(r, value);
    break;
  case 13:
    if (HTTP_IS(r->name, "if-none-match"))
      read_match(r, value);
    break;
  case 14:
    if (HTTP_IS(r->name, "content-length"))
      read_length(r, value);
    break;
  case 17:
    if (HTTP_IS(r->name, "transfer-encoding"))
      read_coding(r, value);
    break;
  default:
    break;
  }
}

/* ---- what the parser calls ---- */

static int on_url(http_parser *parser, const char *data, size_t size) {
  struct reading *r = parser->data;
  r->head->target = (struct http_text){data, size};
  return 0;
}

static int on_field(http_parser *parser, const char *data, size_t size) {
  struct reading *r = parser->data;
  r->name = (struct http_text){data, size};
  return 0;
}

static int on_value(http_parser *parser, const char *data, size_t size) {
  struct reading *r = parser->data;
  read_field(r, (struct http_text){data, size});
  return r->status != 0;
}

/* Close wins over keep-alive. 1: the body is not the parser's business. */
static int on_complete(http_parser *parser) {
  struct reading *r = parser->data;
  unsigned flags = parser->flags;
  r->head->is_old = parser->http_minor == 0;
  r->head->keep_alive = !(flags & F_CONNECTION_CLOSE) &&
                        (!r->head->is_old || (flags & F_CONNECTION_KEEP_ALIVE));
  r->head->verb = parser->method == HTTP_GET    ? HTTP_VERB_GET
                  : parser->method == HTTP_HEAD ? HTTP_VERB_HEAD
                                                : HTTP_VERB_OTHER;
  return 1;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_complete,
};

/* What the fields say together. */
static void check_fields(struct reading *r) {
  struct http_head *head = r->head;
  if (!r->has_host && !head->is_old)
    refuse(r, 400);
  if (r->has_coding && (head->is_old || r->has_length))
    refuse(r, 400);
  if (head->is_old || (!head->is_chunked && head->length == 0))
    head->expects = false;
}

static int status_of(const http_parser *parser) {
  return HTTP_PARSER_ERRNO(parser) == HPE_INVALID_METHOD ? 501 : 400;
}

static struct http_text first_word(const char *data, size_t size) {
  const char *end = memchr(data, ' ', size);
  return (struct http_text){data, end ? (size_t)(end - data) : 0};
}

int http_head_read(struct http_head *out, const char *data, size_t size) {
  struct reading r = {.head = out};
  http_parser parser;
  *out = (struct http_head){0};
  if (data[0] == '\r') { /* the empty line before it */
    data += 2;
    size -= 2;
  }
  out->method = first_word(data, size);
  http_parser_init(&parser, HTTP_REQUEST);
  parser.data = &r;
  http_parser_execute(&parser, &settings, data, size);
  enum http_errno error = HTTP_PARSER_ERRNO(&parser);
  if (r.status == 0 && error != HPE_OK)
    r.status = status_of(&parser);
  if (r.status == 0)
    check_fields(&r);
  return r.status;
}
