/* SPDX-License-Identifier: MIT */
/* Datagrams, over the loopback and over local sockets, where the kernel makes a
 * sender wait. */
#include "support/fixture.h"
#include "support/net.h"
#include "support/pair.h"
#include "support/scenario.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* A socket on a free port, and its address. */
static vt_udp_t *bound(struct sockaddr_in *out) {
  vt_udp_t *u = NULL;
  int size = sizeof *out;
  uv_ip4_addr("127.0.0.1", 0, out);
  assert_int_equal(vt_udp_new(0, &u), 0);
  assert_int_equal(uv_udp_bind(vt_udp_uv(u), (struct sockaddr *)out, 0), 0);
  uv_udp_getsockname(vt_udp_uv(u), (struct sockaddr *)out, &size);
  return u;
}

static void close_udp(struct fixture *f, vt_udp_t *u) {
  assert_status(run(f, vt_udp_close(u)).status, 0);
}

/* Two sockets. */
struct two {
  vt_udp_t *from, *to;
  struct sockaddr_in from_addr, to_addr;
};

static void two_open(struct two *t) {
  t->from = bound(&t->from_addr);
  t->to = bound(&t->to_addr);
}

static void two_close(struct fixture *f, struct two *t) {
  close_udp(f, t->from);
  close_udp(f, t->to);
}

static vt_t send_to(struct two *t, const void *data, size_t size) {
  return vt_udp_send(t->from, data, size, (struct sockaddr *)&t->to_addr);
}

static void send_text(struct fixture *f, struct two *t, const char *text) {
  size_t size = strlen(text);
  assert_int_equal(run(f, send_to(t, text, size)).value.u, size);
}

/* A socket of ours that is connected to a plain one, and cannot send more. */
struct full {
  vt_udp_t *udp;
  int fd;
  int sent; /* in hand, a byte each */
  struct seen seen;
  vt_t last; /* pending */
};

static void full_open(struct full *b) {
  int fds[2];
  memset(b, 0, sizeof *b);
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(vt_udp_new(0, &b->udp), 0);
  assert_int_equal(uv_udp_open(vt_udp_uv(b->udp), fds[0]), 0);
  b->fd = fds[1];
  b->last = vt_udp_send(b->udp, "x", 1, NULL);
  while (vt_in_hand(b->last) && b->sent < 10000) {
    assert_status(vt_status(b->last), 0);
    b->sent++;
    b->last = vt_udp_send(b->udp, "x", 1, NULL);
  }
  assert_false(vt_in_hand(b->last));
  vt_await(b->last, seen_k, &b->seen);
}

/* ---- receiving ---- */

static void uv_udp_recv_start_completes(void **state) {
  struct fixture *f = *state;
  struct two t;
  struct sockaddr_storage from;
  struct seen seen = {0};
  char buffer[16] = "";
  two_open(&t);
  vt_await(vt_udp_receive(t.to, buffer, sizeof buffer, &from), seen_k, &seen);
  pair_turns(f);
  assert_int_equal(seen.count, 0);
  send_text(f, &t, "abc");
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_int(&seen, 3);
  assert_string_equal(buffer, "abc");
  assert_memory_equal(&from, &t.from_addr, sizeof t.from_addr);
  two_close(f, &t);
}

static void each_datagram_is_one_receive(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[8] = "", text[] = "0";
  two_open(&t);
  vt_t first = vt_udp_receive(t.to, buffer, 8, NULL);
  for (int i = 0; i < 100; i++) {
    text[0] = (char)('0' + i % 10);
    send_text(f, &t, text);
  }
  assert_int_equal(run(f, first).value.u, 1);
  pair_turns(f); /* libuv finds that nobody receives */
  for (int i = 1; i < 100; i++) {
    vt_result_t r = run(f, vt_udp_receive(t.to, buffer, 8, NULL));
    assert_int_equal(r.value.u, 1);
    assert_int_equal(buffer[0], '0' + i % 10);
  }
  two_close(f, &t);
}

/* Not for ever: others must have their turn. */
static void what_has_come_is_in_hand_for_a_while(void **state) {
  struct fixture *f = *state;
  struct two t;
  struct sockaddr_storage from;
  char buffer[8];
  int hits = 0;
  two_open(&t);
  vt_t v = vt_udp_receive(t.to, buffer, 8, NULL);
  for (int i = 0; i < 100; i++)
    send_text(f, &t, "a");
  run(f, v);
  pair_turns(f);
  memset(&from, 0, sizeof from);
  for (;;) {
    v = vt_udp_receive(t.to, buffer, 8, &from);
    if (!vt_in_hand(v))
      break;
    assert_int_equal(vt_get_result(v).value.u, 1);
    assert_memory_equal(&from, &t.from_addr, sizeof t.from_addr);
    hits++;
  }
  assert_in_range(hits, 1, 64);
  assert_int_equal(run(f, v).value.u, 1);
  two_close(f, &t);
}

static void an_empty_datagram_is_one(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[8];
  two_open(&t);
  vt_t v = vt_udp_receive(t.to, buffer, 8, NULL);
  assert_status(run(f, send_to(&t, NULL, 0)).status, 0);
  vt_result_t r = run(f, v);
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, 0);
  two_close(f, &t);
}

static void what_is_too_large_is_cut_and_told(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[4] = "";
  two_open(&t);
  for (int i = 0; i < 2; i++) { /* by libuv, and in hand */
    send_text(f, &t, "abcdefg");
    send_text(f, &t, "next");
    vt_t v = vt_udp_receive(t.to, buffer, 4, NULL);
    assert_int_equal(vt_in_hand(v), i);
    assert_status(run(f, v).status, UV_EMSGSIZE);
    assert_memory_equal(buffer, "abcd", 4);
    assert_int_equal(run(f, vt_udp_receive(t.to, buffer, 4, NULL)).value.u, 4);
    assert_memory_equal(buffer, "next", 4);
    send_text(f, &t, "left"); /* so that libuv finds nobody */
    pair_turns(f);
    assert_int_equal(run(f, vt_udp_receive(t.to, buffer, 4, NULL)).value.u, 4);
  }
  two_close(f, &t);
}

static void what_the_kernel_drops_is_counted(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[1000] = "";
  uint32_t dropped = 1;
  int size = 2048, count = 0;
  two_open(&t);
  assert_int_equal(
      uv_recv_buffer_size((uv_handle_t *)vt_udp_uv(t.to), &size), 0);
  int rc = vt_udp_dropped(t.to, &dropped);
  if (rc == UV_ENOTSUP)
    skip();
  assert_int_equal(rc, 0);
  assert_int_equal(dropped, 0);
  for (int i = 0; i < 50; i++)
    assert_status(run(f, send_to(&t, buffer, sizeof buffer)).status, 0);
  assert_int_equal(vt_udp_dropped(t.to, &dropped), 0);
  vt_t v = vt_udp_receive(t.to, buffer, sizeof buffer, NULL);
  while (vt_is_completed(v) || (pair_turns(f), vt_is_completed(v))) {
    assert_status(vt_get_result(v).status, 0);
    count++;
    v = vt_udp_receive(t.to, buffer, sizeof buffer, NULL);
  }
  vt_forget(v);
  assert_true(dropped > 0);
  assert_int_equal(dropped + (unsigned)count, 50);
  two_close(f, &t);
}

static void uv_udp_recv_start_fails(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[8];
  two_open(&t);
  assert_int_equal(
      uv_udp_connect(vt_udp_uv(t.from), (struct sockaddr *)&t.to_addr), 0);
  close_udp(f, t.to);
  vt_t v = vt_udp_receive(t.from, buffer, 8, NULL);
  assert_status(run(f, vt_udp_send(t.from, "a", 1, NULL)).status, 0);
  assert_status(run(f, v).status, UV_ECONNREFUSED);
  t.to = bound(&t.from_addr); /* any; and the socket goes on */
  v = vt_udp_receive(t.from, buffer, 8, NULL);
  assert_int_equal(vt_cancel(v), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  two_close(f, &t);
}

static void a_refusal_is_no_failure_of_the_next_send(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[8];
  two_open(&t);
  assert_int_equal(
      uv_udp_connect(vt_udp_uv(t.from), (struct sockaddr *)&t.to_addr), 0);
  close_udp(f, t.to);
  for (int i = 0; i < 3; i++)
    assert_status(run(f, vt_udp_send(t.from, "a", 1, NULL)).status, 0);
  vt_t v = vt_udp_receive(t.from, buffer, 8, NULL);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_ECONNREFUSED);
  close_udp(f, t.from);
}

static void uv_udp_recv_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct two t;
  struct seen seen = {0};
  char buffer[8] = "";
  two_open(&t);
  vt_t v = vt_udp_receive(t.to, buffer, 8, NULL);
  vt_await(v, seen_k, &seen);
  send_text(f, &t, "abc");
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0); /* never inside the cancel */
  pair_turns(f);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(buffer[0], 0);
  assert_int_equal(run(f, vt_udp_receive(t.to, buffer, 8, NULL)).value.u, 3);
  two_close(f, &t);
}

static void without_a_receiver_it_keeps_no_loop(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[8];
  two_open(&t);
  assert_false(uv_loop_alive(&f->uv));
  vt_t v = vt_udp_receive(t.to, buffer, 8, NULL);
  assert_true(uv_loop_alive(&f->uv));
  send_text(f, &t, "abc");
  run(f, v);
  assert_false(uv_loop_alive(&f->uv));
  two_close(f, &t);
}

/* ---- sending ---- */

static void uv_udp_send_completes(void **state) {
  struct fixture *f = *state;
  struct full b;
  char byte;
  full_open(&b);
  for (int i = 0; i < b.sent; i++)
    assert_int_equal(recv(b.fd, &byte, 1, 0), 1);
  assert_true(fixture_run_until(f, &b.seen.count, 1));
  assert_seen_int(&b.seen, 1);
  assert_int_equal(recv(b.fd, &byte, 1, MSG_DONTWAIT), 1);
  close_udp(f, b.udp);
  close(b.fd);
}

static void uv_udp_send_fails(void **state) {
  struct fixture *f = *state;
  struct two t;
  struct full b;
  static char large[70000];
  two_open(&t);
  assert_status(run(f, send_to(&t, large, sizeof large)).status, UV_EMSGSIZE);
  assert_status(run(f, vt_udp_send(t.from, "a", 1, NULL)).status,
                UV_EDESTADDRREQ);
  two_close(f, &t);
  full_open(&b);
  close(b.fd); /* of what is pending, too */
  assert_true(fixture_run_until(f, &b.seen.count, 1));
  assert_true(b.seen.result.status < 0);
  close_udp(f, b.udp);
}

static void uv_udp_send_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct full b;
  full_open(&b);
  assert_int_equal(vt_cancel(b.last), UV_ENOSYS);
  close_udp(f, b.udp); /* which does */
  assert_seen_status(&b.seen, UV_ECANCELED);
  close(b.fd);
}

static void the_queue_is_bounded(void **state) {
  struct fixture *f = *state;
  struct full b;
  static char large[1];
  full_open(&b);
  vt_t v = vt_udp_send(b.udp, large, 64u << 20, NULL); /* not looked at */
  assert_status(vt_status(v), UV_ENOBUFS);
  close_udp(f, b.udp);
  close(b.fd);
}

/* ---- passed, wrapped, refused ---- */

static void a_socket_passes_through_a_pipe(void **state) {
  struct fixture *f = *state;
  struct two t;
  vt_stream_t *in, *out, *none;
  vt_udp_t *passed;
  char buffer[8];
  int fds[2];
  two_open(&t);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(vt_pipe_open(fds[0], true, &in), 0);
  assert_int_equal(vt_pipe_open(fds[1], true, &out), 0);
  assert_int_equal(vt_udp_accept(out, &passed), UV_EAGAIN);
  vt_t v = vt_stream_write_handle(in, "h", 1, (uv_handle_t *)vt_udp_uv(t.to));
  assert_status(run(f, v).status, 0);
  assert_int_equal(run(f, vt_stream_read(out, buffer, 1)).value.u, 1);
  assert_int_equal(vt_stream_accept(out, &none), UV_EPROTOTYPE);
  assert_int_equal(vt_udp_accept(out, &passed), 0);
  close_udp(f, t.to);
  t.to = passed;
  send_text(f, &t, "abc");
  assert_int_equal(run(f, vt_udp_receive(passed, buffer, 8, NULL)).value.u, 3);
  assert_status(run(f, vt_stream_close(in)).status, 0);
  assert_status(run(f, vt_stream_close(out)).status, 0);
  two_close(f, &t);
}

static void a_wrapped_handle_stays_the_users(void **state) {
  struct fixture *f = *state;
  struct two t;
  uv_udp_t mine;
  vt_udp_t *u, *other;
  char buffer[8];
  struct sockaddr_in addr;
  two_open(&t);
  uv_udp_init(&f->uv, &mine);
  mine.data = &mine;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  uv_udp_bind(&mine, (struct sockaddr *)&addr, 0);
  assert_int_equal(vt_udp_wrap(&mine, &u), 0);
  assert_int_equal(vt_udp_wrap(&mine, &other), UV_EEXIST);
  vt_t v = vt_udp_send(u, "abc", 3, (struct sockaddr *)&t.to_addr);
  assert_status(run(f, v).status, 0);
  assert_int_equal(run(f, vt_udp_receive(t.to, buffer, 8, NULL)).value.u, 3);
  v = vt_udp_receive(u, buffer, 8, NULL);
  assert_int_equal(vt_udp_unwrap(u), UV_EBUSY);
  assert_int_equal(vt_cancel(v), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  assert_int_equal(vt_udp_unwrap(u), 0);
  assert_int_equal(vt_udp_unwrap(t.to), UV_EINVAL);
  assert_false(uv_is_active((uv_handle_t *)&mine));
  assert_ptr_equal(mine.data, &mine);
  assert_status(run(f, vt_close((uv_handle_t *)&mine)).status, 0);
  two_close(f, &t);
}

static void bad_arguments_are_refused(void **state) {
  struct fixture *f = *state;
  struct two t;
  char buffer[8];
  vt_udp_t *u;
  uint32_t count;
  two_open(&t);
  assert_int_equal(vt_udp_new(UV_UDP_RECVMMSG, &u), UV_EINVAL);
  assert_int_equal(vt_udp_new(0, NULL), UV_EINVAL);
  assert_int_equal(vt_udp_new(255, &u), UV_EINVAL); /* no family */
  assert_int_equal(vt_udp_wrap(NULL, &u), UV_EINVAL);
  assert_int_equal(vt_udp_accept(NULL, &u), UV_EINVAL);
  assert_int_equal(vt_udp_dropped(t.to, NULL), UV_EINVAL);
  assert_int_equal(vt_udp_dropped(NULL, &count), UV_EINVAL);
  assert_status(vt_status(vt_udp_send(NULL, "", 0, NULL)), UV_EINVAL);
  assert_status(vt_status(send_to(&t, NULL, 1)), UV_EINVAL);
  assert_status(vt_status(vt_udp_receive(t.to, NULL, 8, NULL)), UV_EINVAL);
  assert_status(vt_status(vt_udp_receive(t.to, buffer, 0, NULL)), UV_EINVAL);
  vt_forget(vt_udp_receive(t.to, buffer, 8, NULL));
  assert_status(vt_status(vt_udp_receive(t.to, buffer, 8, NULL)), UV_EALREADY);
  two_close(f, &t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_udp_recv_start_completes),
      fixture_test(each_datagram_is_one_receive),
      fixture_test(what_has_come_is_in_hand_for_a_while),
      fixture_test(an_empty_datagram_is_one),
      fixture_test(what_is_too_large_is_cut_and_told),
      fixture_test(what_the_kernel_drops_is_counted),
      fixture_test(uv_udp_recv_start_fails),
      fixture_test(a_refusal_is_no_failure_of_the_next_send),
      fixture_test(uv_udp_recv_start_is_cancelled),
      fixture_test(without_a_receiver_it_keeps_no_loop),
      fixture_test(uv_udp_send_completes),
      fixture_test(uv_udp_send_fails),
      fixture_test(uv_udp_send_cannot_be_cancelled),
      fixture_test(the_queue_is_bounded),
      fixture_test(a_socket_passes_through_a_pipe),
      fixture_test(a_wrapped_handle_stays_the_users),
      fixture_test(bad_arguments_are_refused),
  };
  return fixture_main("udp", tests);
}
