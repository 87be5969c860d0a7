/* SPDX-License-Identifier: MIT */
/* The kinds that stand on an object: it is made for each attempt, gets its
 * event at some moment, and is closed at another. */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "race/race.h"

#include "support/tmp.h"

/* ---- streams ---- */

/* A stream over one end of a pair of sockets; the other end is the peer. */
static bool open_stream(struct attempt *a) {
  vt_stream_t *s;
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return false;
  a->peer = fds[1];
  a->object = vt_pipe_open(fds[0], false, &s) == 0 ? s : NULL;
  return a->object != NULL;
}

static vt_t close_stream(struct attempt *a) {
  return vt_stream_close(a->object);
}

static vt_t begin_read(struct attempt *a, uv_file file) {
  (void)file;
  if (!open_stream(a))
    return vt_failed(UV_ENOMEM);
  return vt_stream_read(a->object, a->room.bytes, sizeof a->room.bytes);
}

static void send_byte(struct attempt *a) {
  (void)!send(a->peer, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* More than the sockets hold, so that it waits for the peer. */
static vt_t begin_write(struct attempt *a, uv_file file) {
  static const char bytes[300 << 10];
  (void)file;
  if (!open_stream(a))
    return vt_failed(UV_ENOMEM);
  return vt_stream_write(a->object, bytes, sizeof bytes);
}

static void drain(struct attempt *a) {
  static char bytes[300 << 10];
  while (recv(a->peer, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
}

/* The operation is the close itself. */
static vt_t begin_stream_close(struct attempt *a, uv_file file) {
  (void)file;
  if (!open_stream(a))
    return vt_failed(UV_ENOMEM);
  vt_t v = vt_stream_close(a->object);
  a->object = NULL;
  return v;
}

/* ---- listeners ---- */

/* An abstract name: nothing of it stays, and no port is used up. */
static size_t make_name(const struct attempt *a, char *name, size_t size) {
  return 1 + (size_t)snprintf(name + 1, size - 1, "vt-race-%d-%p",
                              (int)getpid(), (const void *)a);
}

static bool open_listener(struct attempt *a) {
  char name[64] = "";
  vt_listener_t *l;
  size_t size = make_name(a, name, sizeof name);
  a->object = vt_pipe_listen2(name, size, 4, &l) == 0 ? l : NULL;
  return a->object != NULL;
}

static vt_t begin_accept(struct attempt *a, uv_file file) {
  (void)file;
  return open_listener(a) ? vt_listener_accept(a->object)
                          : vt_failed(UV_ENOMEM);
}

static void knock(struct attempt *a) {
  struct sockaddr_un addr = {.sun_family = AF_UNIX};
  size_t size = make_name(a, addr.sun_path, sizeof addr.sun_path);
  if (a->peer < 0)
    a->peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  (void)connect(a->peer, (struct sockaddr *)&addr,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
}

static void take_stream(struct attempt *a) {
  vt_forget(vt_stream_close(a->last.value.p));
}

static vt_t close_listener(struct attempt *a) {
  return vt_listener_close(a->object);
}

/* By a name with a file, since libuv 1.44 connects to no other. */
static vt_t begin_connect(struct attempt *a, uv_file file) {
  char name[108];
  vt_listener_t *l;
  (void)file;
  snprintf(name, sizeof name, "%s/vt-race-%d-%p", tmp_folder(), (int)getpid(),
           (void *)a);
  if (vt_pipe_listen(name, 4, &l) != 0)
    return vt_failed(UV_ENOMEM);
  a->object = l;
  return vt_pipe_connect(name);
}

/* A TCP socket that listens; each connect goes to another address of the
 * loopback, so that no two need the same ports. */
static vt_t begin_tcp_connect(struct attempt *a, uv_file file) {
  static uint32_t next;
  struct sockaddr_in addr = {.sin_family = AF_INET};
  socklen_t size = sizeof addr;
  (void)file;
  next = next % 0xfffff0 + 1;
  addr.sin_addr.s_addr = htonl(0x7f000000 + next);
  a->peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(a->peer, (struct sockaddr *)&addr, size) != 0 ||
      listen(a->peer, 4) != 0 ||
      getsockname(a->peer, (struct sockaddr *)&addr, &size) != 0)
    return vt_failed(UV_ENOMEM);
  return vt_tcp_connect((struct sockaddr *)&addr);
}

static void take_tcp(struct attempt *a) {
  vt_forget(vt_tcp_close_reset(a->last.value.p));
}

/* ---- datagrams ---- */

static vt_t begin_receive(struct attempt *a, uv_file file) {
  struct sockaddr_in addr;
  int size = sizeof addr;
  vt_udp_t *udp;
  (void)file;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  if (vt_udp_new(AF_INET, &udp) != 0)
    return vt_failed(UV_ENOMEM);
  a->object = udp;
  a->peer = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (uv_udp_bind(vt_udp_uv(udp), (struct sockaddr *)&addr, 0) != 0 ||
      uv_udp_getsockname(vt_udp_uv(udp), (struct sockaddr *)&addr, &size) ||
      connect(a->peer, (struct sockaddr *)&addr, sizeof addr) != 0)
    return vt_failed(UV_ENOMEM);
  return vt_udp_receive(udp, a->room.bytes, sizeof a->room.bytes, NULL);
}

static vt_t close_udp(struct attempt *a) { return vt_udp_close(a->object); }

/* ---- what comes again and again ---- */

static vt_t begin_poll(struct attempt *a, uv_file file) {
  vt_poll_t *poll;
  int fds[2];
  (void)file;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    return vt_failed(UV_ENOMEM);
  a->peer = fds[1];
  a->own = fds[0];
  if (vt_poll_new(fds[0], &poll) != 0)
    return vt_failed(UV_ENOMEM);
  a->object = poll;
  return vt_poll_wait(poll, UV_READABLE);
}

static vt_t close_poll(struct attempt *a) {
  vt_t v = vt_poll_close(a->object);
  close(a->own);
  return v;
}

static vt_t begin_signal(struct attempt *a, uv_file file) {
  vt_signal_t *signal;
  (void)file;
  if (vt_signal_new(SIGUSR1, &signal) != 0)
    return vt_failed(UV_ENOMEM);
  a->object = signal;
  return vt_signal_wait(signal);
}

/* To all that are open; each has one, so that it does not end the process. */
static void raise_signal(struct attempt *a) {
  (void)a;
  raise(SIGUSR1);
}

static vt_t close_signal(struct attempt *a) {
  return vt_signal_close(a->object);
}

/* Sent to from the pool's threads. */
static vt_t begin_async(struct attempt *a, uv_file file) {
  vt_async_t *async;
  (void)file;
  if (vt_async_new(&async) != 0)
    return vt_failed(UV_ENOMEM);
  a->object = async;
  return vt_async_wait(async);
}

static vt_result_t send_from_there(void *async) {
  vt_result_t done = {0, {0}};
  done.status = vt_async_send(async);
  return done;
}

static void send_async(struct attempt *a) {
  a->sending = vt_work(send_from_there, a->object);
}

/* The object must outlive who sends to it. */
static vt_t close_async(struct attempt *a) {
  if (a->sending.source != 0)
    (void)vt_loop_run(vt_loop_current(), a->sending);
  return vt_async_close(a->object);
}

/* ---- processes ---- */

static vt_t begin_process(struct attempt *a, uv_file file) {
  char *args[] = {(char *)(uintptr_t) "true", NULL};
  uv_process_options_t options = {.file = "true", .args = args};
  vt_process_t *process;
  (void)file;
  if (vt_spawn(&options, &process) != 0)
    return vt_failed(UV_ENOMEM);
  a->object = process;
  return vt_process_wait(process);
}

static void kill_process(struct attempt *a) {
  (void)vt_process_kill(a->object, SIGKILL);
}

static vt_t close_process(struct attempt *a) {
  return vt_process_close(a->object);
}

/* ---- time ---- */

static vt_t begin_delay(struct attempt *a, uv_file file) {
  (void)file;
  return vt_delay((uintptr_t)a / sizeof *a % 3);
}

static vt_t begin_yield(struct attempt *a, uv_file file) {
  (void)a;
  (void)file;
  return vt_yield();
}

const struct race_kind race_objects[] = {
    {.name = "stream_read",
     .begin = begin_read,
     .event = send_byte,
     .close = close_stream},
    {.name = "stream_write",
     .begin = begin_write,
     .event = drain,
     .close = close_stream},
    {.name = "stream_close", .begin = begin_stream_close},
    {.name = "accept",
     .begin = begin_accept,
     .take = take_stream,
     .event = knock,
     .close = close_listener},
    {.name = "connect",
     .begin = begin_connect,
     .take = take_stream,
     .also = UV_ECONNRESET,
     .close = close_listener},
    {.name = "tcp_connect", .begin = begin_tcp_connect, .take = take_tcp},
    {.name = "udp_receive",
     .begin = begin_receive,
     .event = send_byte,
     .close = close_udp},
    {.name = "poll",
     .begin = begin_poll,
     .event = send_byte,
     .close = close_poll},
    {.name = "signal",
     .begin = begin_signal,
     .event = raise_signal,
     .close = close_signal},
    {.name = "async",
     .begin = begin_async,
     .event = send_async,
     .close = close_async},
    {.name = "process",
     .begin = begin_process,
     .event = kill_process,
     .close = close_process,
     .cost = 100},
    {.name = "delay", .begin = begin_delay},
    {.name = "yield", .begin = begin_yield},
    {.name = NULL},
};
