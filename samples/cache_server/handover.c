/* SPDX-License-Identifier: MIT */
/* A handle belongs to its loop; what moves is a second descriptor. */
#include "handover.h"

#include <stdlib.h>
#include <unistd.h>

#include "socket.h"

struct handed {
  struct handed *next;
  uv_os_sock_t fd;
  bool local;
  server_start_fn *start;
};

int inbox_init(struct inbox *b) {
  *b = (struct inbox){.first = NULL};
  b->end = &b->first;
  return uv_mutex_init(&b->lock);
}

static struct handed *take_all(struct inbox *b) {
  uv_mutex_lock(&b->lock);
  struct handed *first = b->first;
  b->first = NULL;
  b->end = &b->first;
  atomic_store(&b->count, 0);
  uv_mutex_unlock(&b->lock);
  return first;
}

void inbox_close(struct inbox *b) {
  struct handed *h = take_all(b);
  while (h) {
    struct handed *next = h->next;
    close(h->fd);
    free(h);
    h = next;
  }
  uv_mutex_destroy(&b->lock);
}

static struct handed *wrap(vt_stream_t *stream, server_start_fn *start) {
  uv_stream_t *handle = vt_stream_uv(stream);
  struct handed *h = calloc(1, sizeof *h);
  uv_os_fd_t fd;
  if (!h)
    return NULL;
  h->start = start;
  h->local = handle->type != UV_TCP;
  h->fd =
      uv_fileno((uv_handle_t *)handle, &fd) == 0 ? socket_duplicate(fd) : -1;
  if (h->fd >= 0)
    return h;
  free(h);
  return NULL;
}

bool inbox_put(struct inbox *b, struct server *s, vt_stream_t *stream,
               server_start_fn *start) {
  struct handed *h = wrap(stream, start);
  server_close_stream(s, stream);
  if (!h)
    return false;
  uv_mutex_lock(&b->lock);
  *b->end = h;
  b->end = &h->next;
  atomic_fetch_add(&b->count, 1);
  uv_mutex_unlock(&b->lock);
  return true;
}

void inbox_take(struct inbox *b, struct server *s) {
  struct handed *h = take_all(b);
  while (h) {
    struct handed *next = h->next;
    vt_stream_t *stream;
    if (s->stopping)
      close(h->fd);
    else if (socket_open(h->fd, h->local, &stream) == 0)
      h->start(s, stream);
    free(h);
    h = next;
  }
}
