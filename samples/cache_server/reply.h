/* SPDX-License-Identifier: MIT */
/* A growing buffer of RESP2 replies. */
#ifndef REPLY_H
#define REPLY_H

#include <stddef.h>
#include <stdint.h>

/* How much of a name that a client sent is shown back in an error. */
#define REPLY_NAME_MAX 128

/* Caller's memory. Read-only: size bytes at data, and status: 0, or UV_ENOMEM
 * once a reply did not fit and no memory was left. Then nothing more is added,
 * whatever is asked, and the bytes must not be sent: a reply is missing. */
struct reply {
  char *data;
  size_t size;
  size_t capacity;
  int status;
};

/* Begins empty. Cannot fail. */
void reply_init(struct reply *r);

/* Frees the buffer. */
void reply_close(struct reply *r);

/* Empties the buffer; keeps its memory if it is at most keep bytes. */
void reply_reset(struct reply *r, size_t keep);

/* Bytes as they are: a part of a reply, or whole ones made elsewhere. */
void reply_raw(struct reply *r, const char *data, size_t size);

/* +text. The text is the server's own: no CR, no LF. */
void reply_simple(struct reply *r, const char *text);

/* -text. Control bytes in text are escaped, so that it cannot end the line. */
void reply_error(struct reply *r, const char *text);

/* An error in parts: begin, then texts and names, then end. A name is shown in
 * quotes of the caller's, cut to max bytes of the client's, control bytes
 * escaped. */
void reply_error_begin(struct reply *r);
void reply_error_text(struct reply *r, const char *text);
void reply_error_name(struct reply *r, const char *name, size_t size,
                      size_t max);
void reply_error_end(struct reply *r);

/* :number */
void reply_integer(struct reply *r, int64_t number);

/* $size, then the bytes, whatever they are. Copies. */
void reply_bulk(struct reply *r, const char *data, size_t size);

/* The head of a bulk; size bytes and CRLF must follow. */
void reply_bulk_head(struct reply *r, size_t size);

/* reply_bulk of a string. */
void reply_bulk_string(struct reply *r, const char *text);

/* The null bulk, $-1. */
void reply_null(struct reply *r);

/* The head of an array; count replies must follow. */
void reply_array(struct reply *r, size_t count);

#endif
