/* SPDX-License-Identifier: MIT */
/* Asks over HTTP, and looks closely at the answers. */
#include "samples/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/net.h"

void http_get(int fd, const char *target, const char *fields) {
  char text[1024];
  int size = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n",
                      target, fields);
  assert_true(net_send(fd, text, (size_t)size));
}

static void read_head(int fd, struct http_got *out) {
  size_t size = 0;
  while (size < 4 || memcmp(out->head + size - 4, "\r\n\r\n", 4) != 0) {
    assert_true(size + 1 < sizeof out->head);
    assert_int_equal(net_recv(fd, out->head + size, 1), 1);
    size++;
  }
  out->head[size] = '\0';
  assert_memory_equal(out->head, "HTTP/1.1 ", 9);
  out->status = atoi(out->head + 9);
}

void http_field(const struct http_got *got, const char *name, char *out,
                size_t size) {
  char wanted[64];
  snprintf(wanted, sizeof wanted, "\r\n%s: ", name);
  const char *at = strstr(got->head, wanted);
  const char *value = at ? at + strlen(wanted) : "\r\n";
  snprintf(out, size, "%.*s", (int)strcspn(value, "\r"), value);
}

void http_read(int fd, struct http_got *out, bool head_only) {
  char length[32], date[64];
  memset(out, 0, sizeof *out);
  read_head(fd, out);
  http_field(out, "Date", date, sizeof date);
  http_field(out, "Content-Length", length, sizeof length);
  assert_int_equal(strlen(date), out->status == 100 ? 0 : 29);
  assert_int_equal(*length == '\0', out->status == 304 || out->status == 100);
  out->size = head_only ? 0 : (size_t)atoi(length);
  out->body = calloc(1, out->size + 1);
  assert_non_null(out->body);
  assert_int_equal(net_recv(fd, out->body, out->size), (long)out->size);
}

void http_got_free(struct http_got *got) { free(got->body); }

void http_ask(int fd, const char *target, int status, struct http_got *out) {
  http_get(fd, target, "");
  http_read(fd, out, false);
  assert_int_equal(out->status, status);
}

void http_says(int fd, const char *target, int status, const char *body) {
  struct http_got got;
  http_ask(fd, target, status, &got);
  assert_string_equal(got.body, body);
  http_got_free(&got);
}

void http_ends(int fd) {
  char byte;
  assert_int_equal(net_recv(fd, &byte, 1), 0);
}
