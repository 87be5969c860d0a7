/* SPDX-License-Identifier: MIT */
/* Streams and listeners around handles that the user opened and owns. */
#include "support/fault.h"
#include "support/pair.h"
#include "support/tmp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

/* A handle of the user's over one end of a socket pair. */
struct mine {
  uv_pipe_t pipe;
  int fd; /* the other end, blocking */
};

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static uv_stream_t *stream_of(struct mine *m) {
  return (uv_stream_t *)&m->pipe;
}

static void mine_open(struct fixture *f, struct mine *m) {
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  uv_pipe_init(&f->uv, &m->pipe, 0);
  assert_int_equal(uv_pipe_open(&m->pipe, fds[0]), 0);
  m->pipe.data = m;
  m->fd = fds[1];
}

static void mine_close(struct fixture *f, struct mine *m) {
  vt_t v = vt_close((uv_handle_t *)&m->pipe);
  assert_status(run(f, v).status, 0);
  close(m->fd);
}

static vt_stream_t *wrap(struct mine *m) {
  vt_stream_t *s = NULL;
  assert_int_equal(vt_stream_wrap(stream_of(m), &s), 0);
  return s;
}

/* Reads in libuv's way, once. */
struct plain_read {
  char bytes[8];
  int count;
  ssize_t came;
};

static void plain_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  struct plain_read *r = handle->data;
  (void)suggested;
  *buf = uv_buf_init(r->bytes, sizeof r->bytes);
}

static void plain_on_read(uv_stream_t *handle, ssize_t n, const uv_buf_t *buf) {
  struct plain_read *r = handle->data;
  (void)buf;
  if (n == 0)
    return;
  r->came = n;
  r->count++;
  uv_read_stop(handle);
}

/* ---- streams: it works ---- */

static void a_wrapped_handle_reads_and_writes(void **state) {
  struct fixture *f = *state;
  struct mine m;
  char back[8] = "";
  mine_open(f, &m);
  vt_stream_t *s = wrap(&m);
  net_send(m.fd, "abc", 3);
  assert_int_equal(run(f, vt_stream_read(s, back, 8)).value.u, 3);
  assert_status(run(f, vt_stream_write(s, back, 3)).status, 0);
  assert_int_equal(net_recv(m.fd, back + 3, 3), 3);
  assert_string_equal(back, "abcabc");
  assert_status(run(f, vt_stream_shutdown(s)).status, 0);
  assert_ptr_equal(vt_stream_uv(s), stream_of(&m));
  assert_ptr_equal(m.pipe.data, &m);
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void streams_of_both_kinds_are_found(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct mine m;
  char one[8], two[8];
  mine_open(f, &m);
  vt_stream_t *s = wrap(&m);
  net_send(m.fd, "abc", 3);
  net_send(p.fd, "de", 2);
  assert_int_equal(run(f, vt_stream_read(s, one, 8)).value.u, 3);
  assert_int_equal(run(f, vt_stream_read(p.stream, two, 8)).value.u, 2);
  assert_status(run(f, vt_stream_close(s)).status, 0);
  close(m.fd);
  pair_close(f, &p);
}

static void given_back_it_is_libuvs_again(void **state) {
  struct fixture *f = *state;
  struct mine m;
  struct plain_read plain = {{0}, 0, 0};
  char byte;
  mine_open(f, &m);
  vt_stream_t *s = wrap(&m);
  net_send(m.fd, "abcd", 4);
  assert_int_equal(run(f, vt_stream_read(s, &byte, 1)).value.u, 1);
  pair_turns(f);
  assert_int_equal(vt_stream_unwrap(s), 0);
  assert_false(uv_is_active((uv_handle_t *)&m.pipe));
  m.pipe.data = &plain;
  assert_int_equal(uv_read_start(stream_of(&m), plain_alloc, plain_on_read), 0);
  assert_true(fixture_run_until(f, &plain.count, 1));
  assert_int_equal(plain.came, 3); /* no byte lost */
  assert_memory_equal(plain.bytes, "bcd", 3);
  s = wrap(&m); /* and once more */
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void plain_written(uv_write_t *req, int status) {
  struct seen *seen = req->data;
  vt_result_t r = {status, {0}};
  seen_k(seen, r);
}

/* Also when the kernel has room again, and libuv has not seen it. */
static void what_was_queued_before_goes_first(void **state) {
  enum { ROOM = 64 * 1024 };
  struct fixture *f = *state;
  struct mine m;
  struct reader peer;
  struct seen first = {0}, second = {0};
  char *data = malloc(ROOM + MIB + 1), *back = malloc(ROOM);
  uv_buf_t buf = uv_buf_init(data, ROOM + MIB);
  uv_write_t req = {.data = &first};
  pair_fill(data, ROOM, 0);
  pair_fill(data + ROOM, MIB + 1, 0);
  mine_open(f, &m);
  assert_int_equal(uv_write(&req, stream_of(&m), &buf, 1, plain_written), 0);
  assert_true(uv_stream_get_write_queue_size(stream_of(&m)) > 0);
  vt_stream_t *s = wrap(&m);
  pair_turns(f);
  assert_int_equal(net_recv(m.fd, back, ROOM), ROOM);
  vt_await(vt_stream_write(s, data + ROOM + MIB, 1), seen_k, &second);
  assert_int_equal(second.count, 0);
  reader_start(&peer, m.fd, MIB + 1);
  fixture_run_until(f, &second.count, 1);
  reader_join(&peer);
  assert_seen_status(&first, 0);
  assert_seen_int(&second, 1);
  assert_int_equal(peer.came, MIB + 1);
  assert_int_equal(peer.wrong, 0);
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
  assert_int_equal(pair_count_wrong(back, ROOM, 0), 0);
  free(back);
  free(data);
}

static void plain_shut(uv_shutdown_t *req, int status) {
  vt_result_t r = {status, {0}};
  seen_k(req->data, r);
}

/* libuv ends the writing side in its next turn only. */
static void shut_down_before_it_takes_no_byte(void **state) {
  struct fixture *f = *state;
  struct mine m;
  struct seen shut = {0};
  char byte;
  uv_shutdown_t req = {.data = &shut};
  mine_open(f, &m);
  assert_int_equal(uv_shutdown(&req, stream_of(&m), plain_shut), 0);
  vt_stream_t *s = wrap(&m);
  assert_status(run(f, vt_stream_write(s, "x", 1)).status, UV_EPIPE);
  fixture_run_until(f, &shut.count, 1);
  assert_seen_status(&shut, 0);
  assert_int_equal(net_recv(m.fd, &byte, 1), 0);
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void whether_it_holds_the_loop_is_the_users(void **state) {
  struct fixture *f = *state;
  struct mine m;
  char byte;
  mine_open(f, &m);
  vt_stream_t *s = wrap(&m);
  assert_true(uv_has_ref((uv_handle_t *)&m.pipe));
  uv_unref((uv_handle_t *)&m.pipe);
  net_send(m.fd, "a", 1);
  assert_int_equal(run(f, vt_stream_read(s, &byte, 1)).value.u, 1);
  assert_false(uv_has_ref((uv_handle_t *)&m.pipe));
  assert_false(uv_loop_alive(&f->uv));
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void closed_either_way_it_is_freed(void **state) {
  struct fixture *f = *state;
  for (int i = 0; i < 2; i++) {
    struct mine m;
    struct seen read = {0};
    char byte;
    mine_open(f, &m);
    vt_stream_t *s = wrap(&m);
    vt_await(vt_stream_read(s, &byte, 1), seen_k, &read);
    vt_t v = i ? vt_stream_close(s) : vt_close((uv_handle_t *)&m.pipe);
    assert_status(run(f, v).status, 0);
    assert_seen_status(&read, UV_ECANCELED);
    close(m.fd);
  }
}

/* ---- streams: it fails ---- */

static void an_unwrap_waits_for_what_is_pending(void **state) {
  struct fixture *f = *state;
  struct mine m;
  struct seen read = {0}, write = {0}, shut = {0};
  char byte, *data = calloc(4, MIB);
  struct reader peer;
  mine_open(f, &m);
  pair_fill(data, 4 * MIB, 0);
  vt_stream_t *s = wrap(&m);
  vt_t v = vt_stream_read(s, &byte, 1);
  vt_await(v, seen_k, &read);
  assert_int_equal(vt_stream_unwrap(s), UV_EBUSY);
  vt_cancel(v);
  vt_await(vt_stream_write(s, data, 4 * MIB), seen_k, &write);
  assert_int_equal(vt_stream_unwrap(s), UV_EBUSY);
  reader_start(&peer, m.fd, 4 * MIB);
  fixture_run_until(f, &write.count, 1);
  vt_await(vt_stream_shutdown(s), seen_k, &shut);
  int shutting = vt_stream_unwrap(s);
  fixture_run_until(f, &shut.count, 1);
  reader_join(&peer);
  free(data);
  assert_int_equal(peer.wrong, 0);
  assert_int_equal(shutting, UV_EBUSY);
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void a_second_wrap_is_eexist(void **state) {
  struct fixture *f = *state;
  struct mine m;
  vt_stream_t *other = NULL;
  mine_open(f, &m);
  vt_stream_t *s = wrap(&m);
  assert_int_equal(vt_stream_wrap(stream_of(&m), &other), UV_EEXIST);
  assert_null(other);
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void what_is_no_open_stream_is_refused(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct mine m;
  uv_timer_t timer;
  vt_stream_t *s;
  mine_open(f, &m);
  uv_timer_init(&f->uv, &timer);
  assert_int_equal(vt_stream_wrap((uv_stream_t *)&timer, &s), UV_EINVAL);
  assert_int_equal(vt_stream_wrap(NULL, &s), UV_EINVAL);
  assert_int_equal(vt_stream_wrap(stream_of(&m), NULL), UV_EINVAL);
  assert_int_equal(vt_stream_unwrap(NULL), UV_EINVAL);
  assert_int_equal(vt_stream_unwrap(p.stream), UV_EINVAL);
  vt_forget(vt_close((uv_handle_t *)&timer));
  vt_t v = vt_close((uv_handle_t *)&m.pipe);
  assert_int_equal(vt_stream_wrap(stream_of(&m), &s), UV_EBADF);
  assert_status(run(f, v).status, 0);
  close(m.fd);
  pair_close(f, &p);
}

static void wrapped_it_refuses_a_detach(void **state) {
  struct fixture *f = *state;
  struct mine m;
  mine_open(f, &m);
  vt_stream_t *s = wrap(&m);
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  assert_report(f, VT_REPORT_LEFT, 0);
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

static void without_memory_the_handle_is_untouched(void **state) {
  struct fixture *f = *state;
  struct mine m;
  vt_stream_t *s = NULL;
  mine_open(f, &m);
  for (uint64_t n = 1; !s; n++) {
    fault_arm(n, FAULT_ONCE);
    int rc = vt_stream_wrap(stream_of(&m), &s);
    fault_disarm();
    assert_true(rc == 0 || rc == UV_ENOMEM);
  }
  assert_int_equal(vt_stream_unwrap(s), 0);
  mine_close(f, &m);
}

/* ---- listeners ---- */

/* A TCP handle of the user's, bound to a free port. */
static void bind_mine(struct fixture *f, uv_tcp_t *tcp) {
  struct sockaddr_in addr;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  uv_tcp_init(&f->uv, tcp);
  assert_int_equal(uv_tcp_bind(tcp, (struct sockaddr *)&addr, 0), 0);
}

static void a_bound_handle_is_listened_to(void **state) {
  struct fixture *f = *state;
  uv_tcp_t tcp;
  vt_listener_t *l;
  bind_mine(f, &tcp);
  int fds = tmp_count_fds();
  assert_int_equal(vt_listener_wrap((uv_stream_t *)&tcp, 8, &l), 0);
  assert_status(run(f, vt_close((uv_handle_t *)&tcp)).status, 0);
  struct sockaddr_in addr = net_address(l);
  int fd = net_connect(&addr);
  assert_true(fd >= 0);
  vt_result_t r = run(f, vt_listener_accept(l));
  assert_status(r.status, 0);
  assert_status(run(f, vt_stream_close(r.value.p)).status, 0);
  assert_status(run(f, vt_listener_close(l)).status, 0);
  close(fd);
  assert_int_equal(tmp_count_fds(), fds - 1);
}

static void an_address_in_use_is_told(void **state) {
  struct fixture *f = *state;
  uv_tcp_t tcp;
  vt_listener_t *l = net_listen(), *other = NULL;
  struct sockaddr_in addr = net_address(l);
  uv_tcp_init(&f->uv, &tcp);
  assert_int_equal(uv_tcp_bind(&tcp, (struct sockaddr *)&addr, 0), 0);
  assert_int_equal(vt_listener_wrap((uv_stream_t *)&tcp, 8, &other),
                   UV_EADDRINUSE);
  assert_status(run(f, vt_close((uv_handle_t *)&tcp)).status, 0);
  assert_status(run(f, vt_listener_close(l)).status, 0);
}

static void what_cannot_listen_is_refused(void **state) {
  struct fixture *f = *state;
  struct mine m;
  uv_tcp_t tcp;
  vt_listener_t *l = NULL;
  mine_open(f, &m);
  uv_tcp_init(&f->uv, &tcp);
  assert_int_equal(vt_listener_wrap(NULL, 8, &l), UV_EINVAL);
  assert_int_equal(vt_listener_wrap(stream_of(&m), 8, NULL), UV_EINVAL);
  assert_true(vt_listener_wrap(stream_of(&m), 8, &l) < 0); /* connected */
  assert_int_equal(vt_listener_wrap((uv_stream_t *)&tcp, 8, &l), UV_EBADF);
  vt_forget(vt_close((uv_handle_t *)&tcp));
  assert_null(l);
  mine_close(f, &m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_wrapped_handle_reads_and_writes),
      fixture_test(streams_of_both_kinds_are_found),
      fixture_test(given_back_it_is_libuvs_again),
      fixture_test(what_was_queued_before_goes_first),
      fixture_test(shut_down_before_it_takes_no_byte),
      fixture_test(whether_it_holds_the_loop_is_the_users),
      fixture_test(closed_either_way_it_is_freed),
      fixture_test(an_unwrap_waits_for_what_is_pending),
      fixture_test(a_second_wrap_is_eexist),
      fixture_test(what_is_no_open_stream_is_refused),
      fixture_test(wrapped_it_refuses_a_detach),
      fixture_test(without_memory_the_handle_is_untouched),
      fixture_test(a_bound_handle_is_listened_to),
      fixture_test(an_address_in_use_is_told),
      fixture_test(what_cannot_listen_is_refused),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("stream_wrap", tests);
}
