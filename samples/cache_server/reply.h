/* SPDX-License-Identifier: MIT */
/* A growing buffer of replies, in RESP2 or RESP3. */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How much of a name that a client sent is shown back in an error. */
#define REPLY_NAME_MAX 128

/* Caller's memory. Read-only: size bytes at data, and status: 0, or UV_ENOMEM
 * once a reply did not fit and no memory was left. Then nothing more is added,
 * whatever is asked, and the bytes must not be sent: a reply is missing. resp3
 * may be set at any time: the types that only RESP3 has are then written as
 * such, and as what RESP2 has for them else. */
struct reply {
  char *data;
  size_t size;
  size_t end; /* private: what may be filled; below capacity when shut */
  size_t capacity;
  int status;
  bool resp3;
  bool muted; /* by reply_mute */
};

/* Begins empty, in RESP2. Cannot fail. */
void reply_init(struct reply *r);

/* Frees the buffer. The version stays. */
void reply_close(struct reply *r);

/* Muted, nothing is added whatever is asked. What is there stays. */
void reply_mute(struct reply *r, bool muted);

/* Exchanges the memory of two empty buffers. */
void reply_swap(struct reply *a, struct reply *b);

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

/* Nothing: _, or the null bulk, $-1. */
void reply_null(struct reply *r);

/* The head of an array; count replies must follow. */
void reply_array(struct reply *r, size_t count);

/* The head of a map; count times a key and its value must follow. An array of
 * both in RESP2. */
void reply_map(struct reply *r, size_t count);

/* The head of a set; count replies must follow. An array in RESP2. */
void reply_set(struct reply *r, size_t count);

/* The head of what comes unasked; count replies must follow. An array in
 * RESP2. */
void reply_push(struct reply *r, size_t count);

/* #t or #f; 1 or 0 in RESP2. */
void reply_boolean(struct reply *r, bool value);

/* ,number; a bulk of it in RESP2. So many digits as tell it from others. */
void reply_double(struct reply *r, double number);

/* Plain text for people: a verbatim string; a bulk in RESP2. Copies. */
void reply_text(struct reply *r, const char *text, size_t size);

#endif
