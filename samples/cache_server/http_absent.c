/* SPDX-License-Identifier: MIT */
/* The server without its HTTP side: the parser's package was not there when it
 * was built. */
#include "http.h"

#include "server.h"

int http_open(struct server *s) {
  (void)s;
  return UV_ENOTSUP;
}

void http_close(struct server *s) { (void)s; }

void http_start(struct server *s, vt_stream_t *stream) {
  (void)s;
  vt_forget(vt_stream_close(stream));
}

void http_tick(struct server *s) { (void)s; }

void http_stop(struct server *s) { (void)s; }

bool http_has_clients(const struct server *s) {
  (void)s;
  return false;
}
