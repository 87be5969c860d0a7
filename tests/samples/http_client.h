/* SPDX-License-Identifier: MIT */
/* A client of the server's HTTP port. */
#ifndef VT_TEST_HTTP_CLIENT_H
#define VT_TEST_HTTP_CLIENT_H

#include "samples/inside.h"

/* An answer; strings. */
struct http_got {
  int status;
  char head[2048];
  char *body; /* http_got_free */
  size_t size;
};

/* Sends a request for GET of a target, with more fields or "". */
void http_get(int fd, const char *target, const char *fields);

/* Reads an answer, whole; without a body when head_only. Asserts its form. */
void http_read(int fd, struct http_got *out, bool head_only);

void http_got_free(struct http_got *got);

/* GET, and the answer; asserts the status. */
void http_ask(int fd, const char *target, int status, struct http_got *out);

/* GET, and asserts status and body. */
void http_says(int fd, const char *target, int status, const char *body);

/* The value of a field of the answer's head, copied to out; "" without. */
void http_field(const struct http_got *got, const char *name, char *out,
                size_t size);

/* Asserts that the server ends the connection. */
void http_ends(int fd);

#endif
