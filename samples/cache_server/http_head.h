/* SPDX-License-Identifier: MIT */
/* The head of a request: found in what has come, and read. The parser is
 * Debian's http_parser; what it lets pass and must not is refused around it
 * (RFC 9112, and stricter: one reading only of every request, whoever stands in
 * front of us).
 *
 * The same bytes give the same answer however they were cut. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http_text.h"

#define HTTP_LINE_MAX ((size_t)8 * 1024)    /* the request line */
#define HTTP_FIELDS_MAX ((size_t)16 * 1024) /* all fields, their names too */
#define HTTP_FIELD_COUNT_MAX 100u
/* No head is longer: a request line, fields, and an empty line on each side. */
#define HTTP_HEAD_MAX (HTTP_LINE_MAX + HTTP_FIELDS_MAX + 8)

enum http_verb { HTTP_VERB_GET, HTTP_VERB_HEAD, HTTP_VERB_OTHER };

/* What a head says. Texts borrow from the input. */
struct http_head {
  enum http_verb verb;
  struct http_text method;
  struct http_text target;
  struct http_text if_none_match; /* of several: not there */
  bool is_old;                    /* HTTP/1.0 */
  bool keep_alive;
  bool expects; /* 100-continue, before it sends the body */
  bool is_chunked;
  uint64_t length; /* of the body, unless it is chunked */
};

/* How far a head has been looked at. Zeroed: not at all. */
struct http_scan {
  size_t at;
  size_t line;    /* where the line begins */
  size_t fields;  /* where the fields begin; 0: in the request line */
  unsigned count; /* of fields */
};

/* Looks at what came since the last call; data begins where it did then. The
 * size of the head once it is whole, with the empty line; 0 for more; else the
 * status that refuses it, negated. */
long http_scan(struct http_scan *s, const char *data, size_t size);

/* Reads a whole head, size bytes that http_scan has passed, into *out. 0, or
 * the status that refuses it. */
int http_head_read(struct http_head *out, const char *data, size_t size);

/* The fields of the last head that was good. Programs send the same ones with
 * each request: what was read once need not be read again. Zeroed: none. */
struct http_memo {
  char fields[512]; /* from the end of the request line to the empty line */
  size_t size;
  struct http_head head; /* its texts are void */
};

/* Keeps the fields of a head that was read from data, size bytes, when they are
 * worth it. */
void http_memo_keep(struct http_memo *m, const struct http_head *head,
                    const char *data, size_t size);

/* Reads a whole head of GET into *out if its fields are those that are kept,
 * just as http_scan and http_head_read would. Its size, or 0: nothing is said
 * then. */
size_t http_memo_read(const struct http_memo *m, struct http_head *out,
                      const char *data, size_t size);

#endif
