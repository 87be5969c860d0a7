/* SPDX-License-Identifier: MIT */
/* Shows: vt in a server that is there already. The libuv guide's echo server,
 * which keeps its uv_listen, uv_read_start, uv_write, its data and its uv_run,
 * and now echoes the number of a country with the country's name. What was
 * added to plain_server.c: attaching vt, vt_await(get_country(...)) in the read
 * callback, and withdrawing the answer of a client that closes.
 *
 * Usage: existing_server DATABASE [PORT]    (samples/demo.sh makes a database;
 *        on 127.0.0.1; default 7000, 0: a free one)
 * Try:   build/release/samples/existing_server build/demo/countries.db &
 *        nc 127.0.0.1 7000 <<<276
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <vt.h>

#include "countries/countries.h"

struct server {
  uv_loop_t loop;
  uv_tcp_t tcp; /* the data of each handle of ours is the server */
  uv_signal_t interrupt;
  vt_loop_t *vt;
  countries_t *countries;
};

struct client {
  uv_tcp_t tcp;
  struct message *waiting; /* for their countries */
};

struct message {
  uv_write_t req;
  uv_buf_t buf;
  struct client *client;
  struct message *next; /* that waits */
  vt_t country;
  int number;
  size_t room; /* of buf.base */
};

static void free_message(struct message *m) {
  free(m->buf.base);
  free(m);
}

static void on_written(uv_write_t *req, int status) {
  if (status != 0 && status != UV_ECANCELED)
    fprintf(stderr, "write: %s\n", uv_strerror(status));
  free_message(req->data);
}

static void echo(struct message *m) {
  uv_stream_t *stream = (uv_stream_t *)&m->client->tcp;
  m->req.data = m;
  int rc = uv_write(&m->req, stream, &m->buf, 1, on_written);
  if (rc == 0)
    return;
  fprintf(stderr, "write: %s\n", uv_strerror(rc));
  free_message(m);
}

static void on_country(void *message, vt_result_t r) {
  struct message *m = message;
  struct message **at = &m->client->waiting;
  const country_t *country = country_value(r);
  const char *text = country ? country->name : "no such country";
  while (*at != m)
    at = &(*at)->next;
  *at = m->next;
  if (r.status != 0)
    text = vt_strerror(r.status);
  int n = snprintf(m->buf.base, m->room, "%d %s\n", m->number, text);
  m->buf.len = n < (int)m->room ? (size_t)n : m->room - 1;
  echo(m);
}

static void ask(struct message *m, size_t room) {
  struct client *c = m->client;
  struct server *s = c->tcp.data;
  m->buf.base[m->buf.len < room ? m->buf.len : room - 1] = '\0';
  m->number = atoi(m->buf.base);
  m->room = room;
  m->next = c->waiting;
  c->waiting = m;
  m->country = get_country(s->countries, m->number);
  vt_await(m->country, on_country, m);
}

static void on_closed(uv_handle_t *handle) { free(handle); }

static void close_client(struct client *c) {
  while (c->waiting) {
    struct message *m = c->waiting;
    c->waiting = m->next;
    vt_await_stop(m->country, on_country, m); /* it will never run */
    free_message(m);
  }
  uv_close((uv_handle_t *)&c->tcp, on_closed);
}

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *buf) {
  (void)handle;
  buf->base = malloc(size);
  buf->len = buf->base ? size : 0;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  struct client *c = (struct client *)stream;
  struct message *m = n > 0 ? calloc(1, sizeof *m) : NULL;
  if (m) {
    m->client = c;
    m->buf = *buf;
    m->buf.len = (size_t)n;
    ask(m, buf->len);
    return;
  }
  free(buf->base);
  if (n != 0) /* the end, an error, or no memory */
    close_client(c);
}

static void on_connection(uv_stream_t *listener, int status) {
  struct client *c = status == 0 ? calloc(1, sizeof *c) : NULL;
  if (!c || uv_tcp_init(listener->loop, &c->tcp) != 0) {
    fprintf(stderr, "connection: %s\n",
            uv_strerror(status ? status : UV_ENOMEM));
    free(c);
    return;
  }
  c->tcp.data = listener->data;
  status = uv_accept(listener, (uv_stream_t *)&c->tcp);
  if (status == 0)
    status = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
  if (status != 0)
    close_client(c);
}

/* ---- begin and end ---- */

static void close_ours(uv_handle_t *handle, void *server) {
  struct server *s = server;
  if (handle->data != s || uv_is_closing(handle))
    return;
  if (handle->type == UV_TCP && handle != (uv_handle_t *)&s->tcp)
    close_client((struct client *)handle);
  else
    uv_close(handle, NULL);
}

static void stop(struct server *s) {
  uv_walk(&s->loop, close_ours, s);
  countries_close(s->countries);
  s->countries = NULL;
}

static void on_interrupt(uv_signal_t *handle, int number) {
  (void)number;
  stop(handle->data);
}

static int listen_on(struct server *s, int port) {
  struct sockaddr_in addr;
  int size = sizeof addr;
  int rc = uv_tcp_init(&s->loop, &s->tcp);
  if (rc != 0)
    return rc;
  s->tcp.data = s;
  rc = uv_ip4_addr("127.0.0.1", port, &addr);
  if (rc == 0)
    rc = uv_tcp_bind(&s->tcp, (struct sockaddr *)&addr, 0);
  if (rc == 0)
    rc = uv_listen((uv_stream_t *)&s->tcp, 128, on_connection);
  if (rc == 0)
    rc = uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&addr, &size);
  if (rc == 0)
    printf("listening on 127.0.0.1:%d\n", ntohs(addr.sin_port));
  fflush(stdout);
  return rc;
}

static int start(struct server *s, const char *database, int port) {
  int rc = vt_loop_attach(&s->loop, &s->vt);
  if (rc != 0)
    return rc;
  vt_loop_set_report(s->vt, vt_report_stderr, NULL);
  rc = countries_open(database, &s->countries);
  if (rc == 0)
    rc = uv_signal_init(&s->loop, &s->interrupt);
  if (rc != 0)
    return rc;
  s->interrupt.data = s;
  rc = uv_signal_start(&s->interrupt, on_interrupt, SIGINT);
  if (rc == 0)
    rc = listen_on(s, port);
  return rc;
}

int main(int argc, char **argv) {
  struct server s = {.tcp = {.data = NULL}};
  int port = argc > 2 ? atoi(argv[2]) : 7000;
  if (argc < 2 || port < 0 || port > 65535) {
    fprintf(stderr, "usage: existing_server DATABASE [PORT]\n");
    return 2;
  }
  int rc = uv_loop_init(&s.loop);
  if (rc != 0)
    return 1;
  signal(SIGPIPE, SIG_IGN);
  rc = start(&s, argv[1], port);
  if (rc != 0) {
    fprintf(stderr, "existing_server: %s\n", vt_strerror(rc));
    stop(&s);
  }
  uv_run(&s.loop, UV_RUN_DEFAULT);
  if (s.vt && vt_loop_detach(s.vt, NULL) == 0)
    uv_run(&s.loop, UV_RUN_DEFAULT);
  return uv_loop_close(&s.loop) == 0 && rc == 0 ? 0 : 1;
}
