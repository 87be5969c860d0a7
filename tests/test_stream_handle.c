/* SPDX-License-Identifier: MIT */
/* Handles passed through an IPC pipe. */
#include "support/fault.h"
#include "support/pair.h"
#include "support/tmp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

struct ipc {
  vt_stream_t *from;
  vt_stream_t *to;
};

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static void ipc_open(struct ipc *i) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(vt_pipe_open(fds[0], true, &i->from), 0);
  assert_int_equal(vt_pipe_open(fds[1], true, &i->to), 0);
}

static void close_stream(struct fixture *f, vt_stream_t *s) {
  assert_status(run(f, vt_stream_close(s)).status, 0);
}

static void ipc_close(struct fixture *f, struct ipc *i) {
  close_stream(f, i->from);
  close_stream(f, i->to);
}

static uv_handle_t *handle_of(vt_stream_t *s) {
  return (uv_handle_t *)vt_stream_uv(s);
}

/* Fills the pipe until a write waits. */
static char *block(vt_stream_t *s, struct seen *seen) {
  char *data = calloc(4, MIB);
  pair_fill(data, 4 * MIB, 0);
  vt_t v = vt_stream_write(s, data, 4 * MIB);
  assert_false(vt_in_hand(v));
  vt_await(v, seen_k, seen);
  return data;
}

/* ---- it works ---- */

static void a_connection_is_served_by_who_accepts_it(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  vt_stream_t *passed, *none;
  char byte, back[4] = "";
  ipc_open(&i);
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(p.stream));
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 1);
  assert_int_equal(vt_stream_accept(i.to, &passed), UV_EAGAIN);
  assert_int_equal(run(f, vt_stream_read(i.to, &byte, 1)).value.u, 1);
  assert_int_equal(vt_stream_accept(i.to, &passed), 0);
  assert_int_equal(vt_stream_accept(i.to, &none), UV_EAGAIN);
  close_stream(f, p.stream); /* the other keeps the connection */
  p.stream = passed;
  assert_status(run(f, vt_stream_write(passed, "abc", 3)).status, 0);
  assert_int_equal(net_recv(p.fd, back, 3), 3);
  assert_string_equal(back, "abc");
  pair_close(f, &p);
  ipc_close(f, &i);
}

static void uv_write2_completes(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  struct seen filled = {0}, sent = {0};
  vt_stream_t *passed;
  ipc_open(&i);
  char *data = block(i.from, &filled), *back = malloc(4 * MIB + 1);
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(p.stream));
  assert_false(vt_in_hand(v));
  vt_await(v, seen_k, &sent);
  vt_result_t r = run(f, vt_stream_read_exact(i.to, back, 4 * MIB + 1));
  assert_int_equal(r.value.u, 4 * MIB + 1);
  assert_int_equal(pair_count_wrong(back, 4 * MIB, 0), 0);
  assert_int_equal(back[4 * MIB], 'h');
  assert_seen_int(&filled, 4 * MIB);
  assert_seen_int(&sent, 1);
  assert_int_equal(vt_stream_accept(i.to, &passed), 0);
  close_stream(f, passed);
  free(data);
  free(back);
  pair_close(f, &p);
  ipc_close(f, &i);
}

static void local_sockets_pass_too(void **state) {
  struct fixture *f = *state;
  struct ipc i, other;
  vt_stream_t *passed;
  char byte;
  ipc_open(&i);
  ipc_open(&other);
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(other.to));
  assert_status(run(f, v).status, 0);
  assert_int_equal(run(f, vt_stream_read(i.to, &byte, 1)).value.u, 1);
  assert_int_equal(vt_stream_accept(i.to, &passed), 0);
  assert_int_equal(handle_of(passed)->type, UV_NAMED_PIPE);
  close_stream(f, passed);
  ipc_close(f, &other);
  ipc_close(f, &i);
}

/* libuv closes what nobody has accepted. */
static void not_accepted_it_is_closed_with_the_pipe(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  char byte;
  ipc_open(&i);
  int fds = tmp_count_fds();
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(p.stream));
  assert_status(run(f, v).status, 0);
  assert_int_equal(run(f, vt_stream_read(i.to, &byte, 1)).value.u, 1);
  assert_int_equal(tmp_count_fds(), fds + 1);
  ipc_close(f, &i);
  assert_int_equal(tmp_count_fds(), fds - 2);
  pair_close(f, &p);
}

/* ---- it fails ---- */

static void uv_write2_fails(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  ipc_open(&i);
  close_stream(f, i.to);
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(p.stream));
  assert_status(run(f, v).status, UV_EPIPE);
  close_stream(f, i.from);
  pair_close(f, &p);
}

static void uv_write2_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  struct seen filled = {0}, sent = {0};
  ipc_open(&i);
  char *data = block(i.from, &filled);
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(p.stream));
  vt_await(v, seen_k, &sent);
  assert_int_equal(vt_cancel(v), UV_ENOSYS);
  ipc_close(f, &i); /* which ends both */
  assert_seen_status(&filled, UV_ECANCELED);
  assert_seen_status(&sent, UV_ECANCELED);
  free(data);
  pair_close(f, &p);
}

static void what_cannot_pass_is_einval(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  uv_timer_t timer;
  vt_stream_t *s;
  uv_handle_t *h = handle_of(p.stream);
  ipc_open(&i);
  uv_timer_init(&f->uv, &timer);
  vt_t all[] = {
      vt_stream_write_handle(NULL, "h", 1, h),
      vt_stream_write_handle(p.stream, "h", 1, h),
      vt_stream_write_handle(i.from, "h", 0, h),
      vt_stream_write_handle(i.from, NULL, 1, h),
      vt_stream_write_handle(i.from, "h", 1, NULL),
      vt_stream_write_handle(i.from, "h", 1, (uv_handle_t *)&timer),
  };
  for (size_t n = 0; n < sizeof all / sizeof *all; n++)
    assert_status(vt_status(all[n]), UV_EINVAL);
  assert_int_equal(vt_stream_accept(NULL, &s), UV_EINVAL);
  assert_int_equal(vt_stream_accept(p.stream, &s), UV_EINVAL);
  assert_int_equal(vt_stream_accept(i.to, NULL), UV_EINVAL);
  assert_status(run(f, vt_close((uv_handle_t *)&timer)).status, 0);
  ipc_close(f, &i);
  pair_close(f, &p);
}

/* ---- without memory ---- */

static void without_memory_it_can_be_accepted_later(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct ipc i;
  vt_stream_t *passed = NULL;
  char byte;
  ipc_open(&i);
  vt_t v = vt_stream_write_handle(i.from, "h", 1, handle_of(p.stream));
  assert_status(run(f, v).status, 0);
  assert_int_equal(run(f, vt_stream_read(i.to, &byte, 1)).value.u, 1);
  fault_arm(1, FAULT_FROM);
  int rc = vt_stream_accept(i.to, &passed);
  fault_disarm();
  assert_int_equal(rc, UV_ENOMEM);
  assert_int_equal(vt_stream_accept(i.to, &passed), 0);
  close_stream(f, passed);
  ipc_close(f, &i);
  pair_close(f, &p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_connection_is_served_by_who_accepts_it),
      fixture_test(uv_write2_completes),
      fixture_test(local_sockets_pass_too),
      fixture_test(not_accepted_it_is_closed_with_the_pipe),
      fixture_test(uv_write2_fails),
      fixture_test(uv_write2_cannot_be_cancelled),
      fixture_test(what_cannot_pass_is_einval),
      fixture_test(without_memory_it_can_be_accepted_later),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("stream_handle", tests);
}
