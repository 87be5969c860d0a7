/* SPDX-License-Identifier: MIT */
/* A listener that pauses: what to do when the kernel's accept fails.
 *
 * libuv 1.44 calls accept again after every error it has told, inside the same
 * callback, so without descriptors or memory the loop never comes back; only
 * closing the handle ends it. So the handle is closed, and the listening socket
 * lives on, with all that knock at it, by a second descriptor that was made
 * when there were some. The timer opens the handle again on a duplicate: after
 * 10 ms, then twice as long each time up to 1 s, until a connection comes.
 *
 * What can go wrong: opening again too early. libuv drops all waiting
 * connections when it has a descriptor for none of them, so it is done only
 * when the listener and one connection find room. A failure there is one more
 * pause. */
#include "op/fd.h"
#include "op/listener.h"

enum { PAUSE_FIRST_MS = 10, PAUSE_MOST_MS = 1000 };

static void on_timer(uv_timer_t *timer);

static void start_timer(vt_listener_t *l, unsigned ms) {
  uv_update_time(l->timer.loop);
  uv_timer_start(&l->timer, on_timer, ms, 0);
}

void vt__listener_later(vt_listener_t *l) { start_timer(l, 0); }

void vt__listener_socket_closed(uv_handle_t *handle) {
  vt_listener_t *l = (vt_listener_t *)vt__handle_owner(handle);
  if (!l->head.closing)
    start_timer(l, l->pause_ms);
  vt__listener_handle_closed(l);
}

void vt__listener_pause(vt_listener_t *l) {
  unsigned ms = l->pause_ms == 0 ? PAUSE_FIRST_MS : l->pause_ms * 2;
  l->pause_ms = ms < PAUSE_MOST_MS ? ms : PAUSE_MOST_MS;
  l->ready = false;
  l->open = false;
  uv_close(&l->own.handle, vt__listener_socket_closed);
}

/* A duplicate of the reserve, when there is room for a connection too. */
static int duplicate_reserve(const vt_listener_t *l) {
  int fd = vt__fd_duplicate(l->reserve);
  if (fd < 0)
    return fd;
  int room = vt__fd_duplicate(fd);
  vt__fd_close(room >= 0 ? room : fd);
  return room >= 0 ? fd : room;
}

/* Listens on a descriptor, which it takes. */
static int listen_on(vt_listener_t *l, int fd) {
  int rc = l->is_pipe ? uv_pipe_open(&l->own.pipe, fd)
                      : uv_tcp_open(&l->own.tcp, (uv_os_sock_t)fd);
  if (rc != 0) {
    vt__fd_close(fd);
    return rc;
  }
  return vt__listener_listen(l);
}

static int listen_again(vt_listener_t *l) {
  int fd = duplicate_reserve(l);
  return fd < 0 ? fd : listen_on(l, fd);
}

static void on_timer(uv_timer_t *timer) {
  vt_listener_t *l = timer->data;
  if (l->open) {
    vt__listener_retry(l);
    return;
  }
  if (vt__listener_open(l) != 0)
    start_timer(l, l->pause_ms);
  else if (listen_again(l) != 0)
    vt__listener_pause(l);
}

/* What has no socket makes libuv tell no errors either: it never pauses. */
static int make_reserve(vt_listener_t *l) {
  if (!vt__fd_is_socket(&l->own.handle))
    return 0;
  int fd = vt__fd_of(&l->own.handle);
  l->reserve = fd < 0 ? fd : vt__fd_duplicate(fd);
  return l->reserve < 0 ? l->reserve : 0;
}

int vt__listener_start(vt_listener_t *l) {
  int rc = vt__listener_listen(l);
  return rc == 0 ? make_reserve(l) : rc;
}

int vt__listener_start_on(vt_listener_t *l, int fd) {
  int rc = listen_on(l, fd);
  return rc == 0 ? make_reserve(l) : rc;
}
