/* SPDX-License-Identifier: MIT */
/* Answers: heads, and bodies that are copied or stay where they are. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http_client.h"

/* An answer. What it points to is borrowed until the call returns; the body of
 * a snapshot, or one that is the program's own, for as long as it is written.
 * No field comes from a client. */
struct http_answer {
  int status;
  const char *fields; /* more of the head, each with its CRLF */
  size_t fields_size;
  const char *body;
  uint64_t size;
  struct http_snapshot *snapshot; /* where the body lies; NULL: nowhere */
  bool is_static;                 /* the body is the program's own */
  bool follows;                   /* the body comes later: see http_search.h */
};

#define HTTP_JSON_FIELDS "Content-Type: application/json\r\n"
#define HTTP_NO_STORE "Cache-Control: no-store\r\n"

/* Adds the answer to the request in c->head. A long body is not copied: then
 * nothing may be added before it is written. */
void http_reply(struct http_client *c, const struct http_answer *a);

/* Adds an answer that is a status and no more. fields as above, a string. */
void http_reply_status(struct http_client *c, int status, const char *fields);

/* The same for what is no good request, or ends the connection: the last one
 * on it. */
void http_refuse(struct http_client *c, int status);

/* Makes the lines that change once a second anew, when it is time. */
void http_reply_tick(struct http *h);

/* The status at a place of the table, 0 behind its end, and its place. */
int http_status_at(size_t i);
size_t http_status_place(int status);

#endif
