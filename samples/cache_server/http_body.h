/* SPDX-License-Identifier: MIT */
/* The frame of a body. Nothing here has a use for one: what a client sends is
 * counted and dropped, but where it ends must be beyond doubt. So it is framed
 * here and not by http_parser, which takes bare line feeds and does not look at
 * what ends a chunk. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http_head.h"

#define HTTP_BODY_MAX ((uint64_t)64 * 1024)
#define HTTP_EXTENSIONS_MAX 4096u /* of all chunks together */

enum http_body_state {
  HTTP_BODY_DONE,
  HTTP_BODY_LENGTH, /* so many bytes as were declared */
  HTTP_BODY_SIZE,   /* of a chunk */
  HTTP_BODY_EXTENSION,
  HTTP_BODY_SIZE_LF,
  HTTP_BODY_DATA,
  HTTP_BODY_DATA_CR,
  HTTP_BODY_DATA_LF,
  HTTP_BODY_NAME, /* of a trailer; at its beginning the end may come */
  HTTP_BODY_VALUE,
  HTTP_BODY_VALUE_LF,
  HTTP_BODY_END_LF
};

struct http_body {
  enum http_body_state state;
  unsigned digits;
  unsigned fields; /* trailers */
  size_t extra;    /* bytes of extensions, then of trailers */
  uint64_t left;   /* of the chunk, or of all */
  uint64_t total;
};

/* Begins the body of a head. 0, or the status that refuses it. */
int http_body_begin(struct http_body *b, const struct http_head *head);

/* Takes what it can of data; how much is in *out_used. 0, or the status that
 * refuses the body; it ended when the state is HTTP_BODY_DONE. */
int http_body_take(struct http_body *b, const char *data, size_t size,
                   size_t *out_used);

#endif
