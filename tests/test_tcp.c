/* SPDX-License-Identifier: MIT */
/* TCP: connecting, a socket of the user's, and a close that resets; the other
 * side is a plain blocking socket. */
#include "support/pair.h"
#include "support/scenario.h"
#include "support/tmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* A plain socket on a free port; it listens, or refuses who connects. */
static int plain_server(bool listens, struct sockaddr_in *out) {
  socklen_t size = sizeof *out;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  uv_ip4_addr("127.0.0.1", 0, out);
  if (bind(fd, (struct sockaddr *)out, sizeof *out) != 0 ||
      getsockname(fd, (struct sockaddr *)out, &size) != 0 ||
      (listens && listen(fd, 64) != 0))
    fail_msg("no server");
  return fd;
}

static vt_t connect_to(const struct sockaddr_in *addr) {
  return vt_tcp_connect((const struct sockaddr *)addr);
}

static void close_stream(struct fixture *f, void *stream) {
  assert_non_null(stream);
  assert_status(run(f, vt_stream_close(stream)).status, 0);
}

/* Descriptors, and the one that libuv keeps with its first stream. */
static int count_fds(struct fixture *f) {
  struct pair p = pair_open(f);
  pair_close(f, &p);
  return tmp_count_fds();
}

/* ---- connect: it works ---- */

static void uv_tcp_connect_completes(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  char back[4] = "";
  int server = plain_server(true, &addr);
  vt_t v = connect_to(&addr);
  memset(&addr, 0, sizeof addr); /* was copied */
  vt_result_t r = run(f, v);
  assert_status(r.status, 0);
  int peer = accept(server, NULL, NULL);
  assert_status(run(f, vt_stream_write(r.value.p, "abc", 3)).status, 0);
  assert_int_equal(net_recv(peer, back, 3), 3);
  assert_string_equal(back, "abc");
  close_stream(f, r.value.p);
  close(peer);
  close(server);
}

static void a_connected_stream_keeps_no_loop(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  int server = plain_server(true, &addr);
  vt_result_t r = run(f, connect_to(&addr));
  assert_false(uv_loop_alive(&f->uv));
  close_stream(f, r.value.p);
  close(server);
}

static void forgotten_its_connection_is_closed(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  char byte;
  int server = plain_server(true, &addr);
  vt_forget(connect_to(&addr));
  assert_true(fixture_run(f));
  int peer = accept(server, NULL, NULL);
  assert_int_equal(net_recv(peer, &byte, 1), 0);
  close(peer);
  close(server);
}

static void the_walk_tells_where_it_connects(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  char text[128], expected[128];
  int server = plain_server(true, &addr);
  vt_t v = connect_to(&addr);
  vt_loop_walk(f->vt, pair_note_subject, text);
  snprintf(expected, sizeof expected, "tcp_connect 127.0.0.1:%d",
           ntohs(addr.sin_port));
  assert_string_equal(text, expected);
  close_stream(f, run(f, v).value.p);
  close(server);
}

/* ---- connect: it fails ---- */

/* It leaves nothing that a detach has to wait for. */
static void uv_tcp_connect_fails(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  struct sockaddr odd = {.sa_family = AF_UNIX};
  int server = plain_server(false, &addr);
  assert_status(run(f, connect_to(&addr)).status, UV_ECONNREFUSED);
  assert_status(run(f, vt_tcp_connect(&odd)).status, UV_EINVAL);
  assert_status(run(f, vt_tcp_connect(NULL)).status, UV_EINVAL);
  assert_int_equal(fixture_detach(f), 0);
  close(server);
}

static void uv_tcp_connect_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  struct seen seen = {0};
  char byte;
  int fds = count_fds(f), server = plain_server(true, &addr);
  vt_t v = connect_to(&addr);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0); /* never inside the cancel */
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  int peer = accept(server, NULL, NULL);
  assert_int_equal(net_recv(peer, &byte, 1), 0);
  close(peer);
  close(server);
  assert_int_equal(tmp_count_fds(), fds);
}

static void connect_is_cancelled_twice(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  struct seen seen = {0};
  int server = plain_server(true, &addr);
  vt_t v = connect_to(&addr);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(vt_cancel(v), UV_EALREADY);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  close(server);
}

static void a_timeout_closes_the_socket(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  int fds = count_fds(f), server = plain_server(true, &addr);
  vt_t v = vt_with_timeout(connect_to(&addr), 0);
  assert_status(run(f, v).status, UV_ETIMEDOUT);
  assert_true(fixture_run(f));
  close(server);
  assert_int_equal(tmp_count_fds(), fds);
}

static void a_cancelled_scope_refuses_it(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  vt_scope_t *scope;
  int server = plain_server(true, &addr);
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = connect_to(&addr);
  vt_scope_leave(before);
  assert_int_equal(vt_scope_cancel(scope, UV_ECANCELED), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  assert_status(run(f, vt_scope_join(scope)).status, UV_ECANCELED);
  close(server);
}

static void connect_elsewhere(void *arg) {
  int64_t *status = arg;
  struct sockaddr_in addr;
  uv_ip4_addr("127.0.0.1", 1, &addr);
  *status = vt_status(connect_to(&addr));
}

static void without_a_loop_is_enoloop(void **state) {
  int64_t status = 0;
  vt_stream_t *s;
  (void)state;
  fixture_on_thread(connect_elsewhere, &status, 0);
  assert_status(status, VT_ENOLOOP);
  assert_int_equal(vt_tcp_open(0, &s), VT_ENOLOOP);
}

/* ---- a socket of the user's ---- */

static void a_socket_becomes_a_stream(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  vt_stream_t *s;
  char byte;
  int server = plain_server(true, &addr);
  assert_int_equal(vt_tcp_open(net_connect(&addr), &s), 0);
  int peer = accept(server, NULL, NULL);
  net_send(peer, "x", 1);
  assert_int_equal(run(f, vt_stream_read(s, &byte, 1)).value.u, 1);
  close_stream(f, s);
  close(peer);
  close(server);
}

static void what_is_no_descriptor_is_refused(void **state) {
  struct fixture *f = *state;
  vt_stream_t *s = NULL;
  assert_int_equal(vt_tcp_open(-1, &s), UV_EBADF);
  assert_int_equal(vt_tcp_open(0, NULL), UV_EINVAL);
  assert_null(s);
  assert_int_equal(fixture_detach(f), 0);
}

/* ---- the close that resets ---- */

static void uv_tcp_close_reset_completes(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen write = {0}, first = {0}, second = {0};
  char byte, *data = calloc(8, MIB);
  vt_await(vt_stream_write(p.stream, data, 8 * MIB), seen_k, &write);
  vt_await(vt_tcp_close_reset(p.stream), seen_k, &first);
  vt_await(vt_stream_close(p.stream), seen_k, &second);
  assert_true(fixture_run(f));
  assert_seen_status(&write, UV_ECANCELED);
  assert_seen_status(&first, 0);
  assert_seen_status(&second, 0);
  free(data);
  while (recv(p.fd, &byte, 1, 0) > 0) {
  }
  int error = errno;
  close(p.fd);
  assert_int_equal(error, ECONNRESET);
}

/* The stream stays open, and can be closed as any other. */
static void uv_tcp_close_reset_fails(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char *data = calloc(8, MIB);
  vt_forget(vt_stream_write(p.stream, data, 8 * MIB));
  vt_await(vt_stream_shutdown(p.stream), seen_k, &seen);
  assert_status(run(f, vt_tcp_close_reset(p.stream)).status, UV_EINVAL);
  assert_int_equal(seen.count, 0);
  assert_status(vt_status(vt_tcp_close_reset(NULL)), UV_EINVAL);
  pair_close(f, &p);
  free(data);
  assert_seen_status(&seen, UV_ECANCELED);
}

static void uv_tcp_close_reset_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  vt_t v = vt_tcp_close_reset(p.stream);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), UV_ENOSYS);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, 0);
  close(p.fd);
}

/* ---- without memory ---- */

/* Each status is success or no memory, and nothing is left open. */
SCENARIO(without_memory_a_connect_leaves_nothing) {
  struct sockaddr_in addr;
  socklen_t size = sizeof addr;
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  uv_ip4_addr("127.0.0.1", 0, &addr);
  if (bind(server, (struct sockaddr *)&addr, sizeof addr) != 0 ||
      getsockname(server, (struct sockaddr *)&addr, &size) != 0 ||
      listen(server, 8) != 0)
    run_tell(r, "no server");
  vt_result_t connected = vt_loop_run(r->f.vt, connect_to(&addr));
  if (!run_is_clear(connected.status))
    run_tell(r, "not connected");
  if (connected.status == 0)
    run_await(r, vt_stream_close(connected.value.p));
  close(server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_tcp_connect_completes),
      fixture_test(a_connected_stream_keeps_no_loop),
      fixture_test(forgotten_its_connection_is_closed),
      fixture_test(the_walk_tells_where_it_connects),
      fixture_test(uv_tcp_connect_fails),
      fixture_test(uv_tcp_connect_is_cancelled),
      fixture_test(connect_is_cancelled_twice),
      fixture_test(a_timeout_closes_the_socket),
      fixture_test(a_cancelled_scope_refuses_it),
      cmocka_unit_test(without_a_loop_is_enoloop),
      fixture_test(a_socket_becomes_a_stream),
      fixture_test(what_is_no_descriptor_is_refused),
      fixture_test(uv_tcp_close_reset_completes),
      fixture_test(uv_tcp_close_reset_fails),
      fixture_test(uv_tcp_close_reset_cannot_be_cancelled),
      cmocka_unit_test(without_memory_a_connect_leaves_nothing),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("tcp", tests);
}
