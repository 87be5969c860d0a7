/* SPDX-License-Identifier: MIT */
/* A stream and its peer. */
#include "support/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

const char *pair_make(struct fixture *f, struct pair *p) {
  vt_listener_t *l = net_listen();
  struct timeval patience = {.tv_sec = 20};
  p->fd = -1;
  if (!l)
    return "no listener";
  struct sockaddr_in addr = net_address(l);
  p->fd = net_connect(&addr);
  setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  p->stream = vt_loop_run(f->vt, vt_listener_accept(l)).value.p;
  vt_loop_run(f->vt, vt_listener_close(l));
  return p->stream ? NULL : "no stream";
}

struct pair pair_open(struct fixture *f) {
  struct pair p;
  assert_null(pair_make(f, &p));
  return p;
}

void pair_close(struct fixture *f, struct pair *p) {
  vt_result_t r = vt_loop_run(f->vt, vt_stream_close(p->stream));
  if (p->fd >= 0)
    close(p->fd);
  assert_status(r.status, 0);
}

void pair_turns(struct fixture *f) {
  for (int i = 0; i < 5; i++)
    vt_loop_run(f->vt, vt_yield());
}

/* ---- bytes ---- */

static char byte_at(size_t i) { return (char)(i * 31 / 7); }

void pair_fill(char *data, size_t size, size_t from) {
  for (size_t i = 0; i < size; i++)
    data[i] = byte_at(from + i);
}

size_t pair_count_wrong(const char *data, size_t size, size_t from) {
  size_t wrong = 0;
  for (size_t i = 0; i < size; i++)
    wrong += data[i] != byte_at(from + i);
  return wrong;
}

size_t pair_stuff(vt_stream_t *stream) {
  char data[512] = "";
  size_t size = 0;
  int n;
  while ((n = vt_stream_try_write(stream, data, sizeof data)) > 0)
    size += (size_t)n;
  return size;
}

static void read_all(void *arg) {
  struct reader *r = arg;
  char *data = malloc(r->size + 1);
  r->came = net_recv(r->fd, data, r->size);
  if (r->came > 0)
    r->wrong = pair_count_wrong(data, (size_t)r->came, 0);
  free(data);
}

void reader_start(struct reader *r, int fd, size_t size) {
  *r = (struct reader){.fd = fd, .size = size};
  assert_int_equal(uv_thread_create(&r->thread, read_all, r), 0);
}

void reader_join(struct reader *r) { uv_thread_join(&r->thread); }

/* ---- what was seen ---- */

void pair_order_init(struct pair_order *order, struct pair_name *names,
                     int count) {
  order->count = 0;
  for (int i = 0; i < count; i++)
    names[i] = (struct pair_name){order, i};
}

void pair_note(void *name, vt_result_t r) {
  const struct pair_name *n = name;
  struct pair_order *order = n->order;
  if (order->count < 16) {
    order->who[order->count] = n->who;
    order->status[order->count] = r.status;
  }
  order->count++;
}

void pair_note_subject(void *text, const vt_loop_entry_t *entry) {
  snprintf(text, 128, "%s %s", entry->kind, entry->subject);
}

void pair_use_up_pool(struct seen *refused) {
  do
    vt_await(vt_yield(), seen_k, refused);
  while (refused->count == 0);
}
