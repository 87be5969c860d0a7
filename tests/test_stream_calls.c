/* SPDX-License-Identifier: MIT */
/* libuv's calls on streams, each completing, failing and cancelled; reads of an
 * exact size and writes of several buffers; and that none of them allocates
 * once it is warm. uv_write2 is in test_stream_handle.c, the connects in
 * test_tcp.c and test_pipe.c. */
#include "support/pair.h"
#include "support/scenario.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static int connect_to(vt_listener_t *l) {
  struct sockaddr_in addr = net_address(l);
  return net_connect(&addr);
}

static void close_listener(struct fixture *f, vt_listener_t *l) {
  assert_status(run(f, vt_listener_close(l)).status, 0);
}

/* ---- uv_listen ---- */

static void uv_listen_completes(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  int fd = connect_to(l);
  vt_result_t r = run(f, vt_listener_accept(l));
  assert_status(r.status, 0);
  assert_status(run(f, vt_stream_close(r.value.p)).status, 0);
  close(fd);
  close_listener(f, l);
}

static void uv_listen_fails(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen(), *other;
  struct sockaddr_in addr = net_address(l);
  assert_int_equal(vt_tcp_listen((struct sockaddr *)&addr, 8, &other),
                   UV_EADDRINUSE);
  close_listener(f, l);
}

static void uv_listen_is_cancelled(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  vt_t v = vt_listener_accept(l);
  assert_int_equal(vt_cancel(v), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  close_listener(f, l);
}

/* ---- uv_read_start ---- */

static void uv_read_start_completes(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  net_send(p.fd, "abc", 3);
  assert_int_equal(run(f, v).value.u, 3);
  pair_close(f, &p);
}

static void uv_read_start_fails(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  net_reset(p.fd);
  assert_status(run(f, v).status, UV_ECONNRESET);
  p.fd = -1;
  pair_close(f, &p);
}

static void uv_read_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  assert_int_equal(vt_cancel(v), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  pair_close(f, &p);
}

/* ---- uv_write ---- */

static void uv_write_completes(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct reader peer;
  char *data = malloc(8 * MIB);
  pair_fill(data, 8 * MIB, 0);
  vt_t v = vt_stream_write(p.stream, data, 8 * MIB);
  assert_false(vt_in_hand(v));
  reader_start(&peer, p.fd, 8 * MIB);
  vt_result_t r = run(f, v);
  reader_join(&peer);
  free(data);
  assert_int_equal(r.value.u, 8 * MIB);
  assert_int_equal(peer.wrong, 0);
  pair_close(f, &p);
}

static void uv_write_fails(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char *data = calloc(8, MIB);
  vt_t v = vt_stream_write(p.stream, data, 8 * MIB);
  net_reset(p.fd);
  int64_t status = run(f, v).status;
  assert_true(status == UV_ECONNRESET || status == UV_EPIPE);
  free(data);
  p.fd = -1;
  pair_close(f, &p);
}

static void uv_write_cannot_be_cancelled(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char *data = calloc(8, MIB);
  vt_t v = vt_stream_write(p.stream, data, 8 * MIB);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), UV_ENOSYS);
  pair_close(f, &p); /* which does */
  assert_seen_status(&seen, UV_ECANCELED);
  free(data);
}

/* ---- uv_shutdown ---- */

static void uv_shutdown_completes(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char byte;
  assert_status(run(f, vt_stream_shutdown(p.stream)).status, 0);
  assert_int_equal(net_recv(p.fd, &byte, 1), 0);
  pair_close(f, &p);
}

static void uv_shutdown_fails(void **state) {
  struct fixture *f = *state;
  uv_tcp_t tcp;
  vt_stream_t *s;
  uv_tcp_init(&f->uv, &tcp); /* connected to nobody */
  assert_int_equal(vt_stream_wrap((uv_stream_t *)&tcp, &s), 0);
  assert_status(run(f, vt_stream_shutdown(s)).status, UV_ENOTCONN);
  assert_status(run(f, vt_stream_close(s)).status, 0);
}

/* Answered at once: it holds nothing of the caller's. The shutdown goes on. */
static void uv_shutdown_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char byte;
  vt_t v = vt_stream_shutdown(p.stream);
  assert_int_equal(vt_cancel(v), 0);
  assert_status(run(f, v).status, UV_ECANCELED);
  assert_status(run(f, vt_stream_shutdown(p.stream)).status, 0);
  assert_int_equal(net_recv(p.fd, &byte, 1), 0);
  pair_close(f, &p);
}

/* ---- exactly so many ---- */

static void an_exact_read_waits_for_all(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char buffer[8] = "";
  vt_await(vt_stream_read_exact(p.stream, buffer, 5), seen_k, &seen);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(seen.count, 0);
    net_send(p.fd, &"abcde"[i], 1);
    pair_turns(f);
  }
  assert_seen_int(&seen, 5);
  assert_string_equal(buffer, "abcde");
  pair_close(f, &p);
}

static void an_exact_read_takes_no_more(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8] = "";
  net_send(p.fd, "abcdefg", 7);
  for (int i = 0; i < 6; i += 2)
    run(f, vt_stream_read_exact(p.stream, buffer + i, 2));
  assert_string_equal(buffer, "abcdef");
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 8)).value.u, 1);
  pair_close(f, &p);
}

static void the_end_tells_what_came_before(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8] = "";
  net_send(p.fd, "abc", 3);
  shutdown(p.fd, SHUT_WR);
  vt_result_t r = run(f, vt_stream_read_exact(p.stream, buffer, 8));
  assert_status(r.status, UV_EOF);
  assert_int_equal(r.value.u, 3);
  assert_string_equal(buffer, "abc");
  pair_close(f, &p);
}

static void a_cancel_tells_what_came_before(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8] = "";
  vt_t v = vt_stream_read_exact(p.stream, buffer, 5);
  net_send(p.fd, "abc", 3);
  pair_turns(f);
  assert_int_equal(vt_cancel(v), 0);
  vt_result_t r = run(f, v);
  assert_status(r.status, UV_ECANCELED);
  assert_int_equal(r.value.u, 3);
  net_send(p.fd, "de", 2);
  v = vt_stream_read_exact(p.stream, buffer + r.value.u, 2);
  assert_int_equal(run(f, v).value.u, 2);
  assert_string_equal(buffer, "abcde");
  pair_close(f, &p);
}

/* ---- in hand ---- */

static void bytes_that_nobody_read_are_in_hand(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8] = "";
  net_send(p.fd, "a", 1);
  run(f, vt_stream_read(p.stream, buffer, 8));
  net_send(p.fd, "abcdef", 6);
  pair_turns(f); /* libuv finds that nobody reads */
  for (int i = 0; i < 6; i += 2) {
    vt_t v = vt_stream_read(p.stream, buffer + i, 2);
    assert_true(vt_in_hand(v));
    assert_int_equal(vt_get_result(v).value.u, 2);
  }
  assert_string_equal(buffer, "abcdef");
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  assert_false(vt_in_hand(v));
  shutdown(p.fd, SHUT_WR);
  assert_status(run(f, v).status, UV_EOF);
  pair_close(f, &p);
}

static void behind_a_full_buffer_there_may_be_more(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8] = "";
  vt_t v = vt_stream_read(p.stream, buffer, 2);
  assert_false(vt_in_hand(v));
  net_send(p.fd, "abcdef", 6);
  assert_int_equal(run(f, v).value.u, 2);
  v = vt_stream_read(p.stream, buffer + 2, 5);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 4);
  assert_string_equal(buffer, "abcdef");
  for (int i = 0; i < 2; i++) { /* what fills it is all there is */
    v = vt_stream_read(p.stream, buffer, 2);
    assert_false(vt_in_hand(v));
    net_send(p.fd, "gh", 2);
    assert_int_equal(run(f, v).value.u, 2);
  }
  pair_close(f, &p);
}

static void the_end_comes_after_what_is_in_hand(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  net_send(p.fd, "a", 1);
  run(f, vt_stream_read(p.stream, buffer, 8));
  net_send(p.fd, "abc", 3);
  shutdown(p.fd, SHUT_WR);
  pair_turns(f);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 8)).value.u, 3);
  for (int i = 0; i < 2; i++) {
    vt_t v = vt_stream_read(p.stream, buffer, 8);
    assert_true(vt_in_hand(v));
    assert_status(vt_status(v), UV_EOF);
  }
  pair_close(f, &p);
}

/* A peer that never stops must not keep the loop from the others. */
static void hits_in_a_row_are_bounded(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char data[1000], back[1000], *at = back;
  pair_fill(data, sizeof data, 0);
  net_send(p.fd, data, 1);
  run(f, vt_stream_read(p.stream, at++, 1));
  net_send(p.fd, data + 1, sizeof data - 1);
  pair_turns(f);
  int in_a_row = 0, most = 0;
  while (at < back + sizeof back) {
    vt_t v = vt_stream_read(p.stream, at, 1);
    in_a_row = vt_in_hand(v) ? in_a_row + 1 : 0;
    most = in_a_row > most ? in_a_row : most;
    assert_int_equal(run(f, v).value.u, 1);
    at++;
  }
  assert_in_range(most, 1, 64);
  assert_int_equal(pair_count_wrong(back, sizeof back, 0), 0);
  pair_close(f, &p);
}

/* ---- several buffers ---- */

/* Cuts data into count buffers of uneven sizes, some of them empty. */
static void cut(char *data, size_t size, uv_buf_t *bufs, unsigned count) {
  size_t from = 0;
  for (unsigned i = 0; i < count; i++) {
    size_t some = i + 1 == count ? size - from : i % 3 * (size / count / 2);
    bufs[i].base = data + from;
    bufs[i].len = some;
    from += some;
  }
}

static void several_buffers_are_one_write(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char text[] = "abcdef", back[8] = "";
  uv_buf_t bufs[] = {
      {.base = text, .len = 2}, {.len = 0}, {.base = text + 2, .len = 4}};
  vt_t v = vt_stream_writev(p.stream, bufs, 3);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 6);
  assert_int_equal(net_recv(p.fd, back, 6), 6);
  assert_string_equal(back, text);
  assert_true(vt_equal(vt_stream_writev(p.stream, bufs, 0), vt_done()));
  pair_close(f, &p);
}

static void many_large_buffers_arrive_whole(void **state) {
  enum { SIZE = 12 * MIB, COUNT = 3000 }; /* more than the kernel's limit */
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct reader peer;
  uv_buf_t *bufs = calloc(COUNT, sizeof *bufs);
  char *data = malloc(SIZE);
  pair_fill(data, SIZE, 0);
  cut(data, SIZE, bufs, COUNT);
  vt_t v = vt_stream_writev(p.stream, bufs, COUNT);
  assert_false(vt_in_hand(v));
  free(bufs); /* the array is not borrowed on */
  reader_start(&peer, p.fd, SIZE);
  vt_result_t r = run(f, v);
  reader_join(&peer);
  free(data);
  assert_int_equal(r.value.u, SIZE);
  assert_int_equal(peer.came, SIZE);
  assert_int_equal(peer.wrong, 0);
  pair_close(f, &p);
}

static void bad_buffers_are_einval(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  uv_buf_t none = {.base = NULL, .len = 1};
  vt_stream_t *s = p.stream;
  assert_status(vt_status(vt_stream_writev(s, NULL, 1)), UV_EINVAL);
  assert_status(vt_status(vt_stream_writev(s, &none, 1)), UV_EINVAL);
  assert_status(vt_status(vt_stream_writev(NULL, &none, 0)), UV_EINVAL);
  pair_close(f, &p);
}

/* ---- memory ---- */

static void warm_nothing_allocates(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  uint64_t before = 0;
  for (int i = 0; i < 50; i++) {
    if (i == 2)
      before = fixture_allocations();
    vt_t v = vt_stream_read_exact(p.stream, buffer, 8);
    net_send(p.fd, "abcdefgh", 8);
    assert_int_equal(run(f, v).value.u, 8);
    v = vt_stream_read(p.stream, buffer, 8);
    assert_int_equal(vt_cancel(v), 0);
    assert_status(run(f, v).status, UV_ECANCELED);
    assert_status(run(f, vt_stream_write(p.stream, buffer, 8)).status, 0);
  }
  assert_int_equal(fixture_allocations(), before);
  pair_close(f, &p);
}

SCENARIO(without_memory_each_call_is_clear) {
  struct pair p;
  char buffer[8], text[] = "ab";
  uv_buf_t buf = {.base = text, .len = 2};
  if (pair_make(&r->f, &p)) { /* for want of memory: nothing to look at */
    close(p.fd);
    return;
  }
  vt_t v = vt_stream_read_exact(p.stream, buffer, 8);
  run_await(r, vt_stream_writev(p.stream, &buf, 1));
  net_send(p.fd, "abcdefgh", 8);
  run_await(r, v);
  run_await(r, vt_stream_shutdown(p.stream));
  fixture_run(&r->f);
  run_await(r, vt_stream_close(p.stream));
  close(p.fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_listen_completes),
      fixture_test(uv_listen_fails),
      fixture_test(uv_listen_is_cancelled),
      fixture_test(uv_read_start_completes),
      fixture_test(uv_read_start_fails),
      fixture_test(uv_read_start_is_cancelled),
      fixture_test(uv_write_completes),
      fixture_test(uv_write_fails),
      fixture_test(uv_write_cannot_be_cancelled),
      fixture_test(uv_shutdown_completes),
      fixture_test(uv_shutdown_fails),
      fixture_test(uv_shutdown_is_cancelled),
      fixture_test(an_exact_read_waits_for_all),
      fixture_test(an_exact_read_takes_no_more),
      fixture_test(the_end_tells_what_came_before),
      fixture_test(a_cancel_tells_what_came_before),
      fixture_test(bytes_that_nobody_read_are_in_hand),
      fixture_test(behind_a_full_buffer_there_may_be_more),
      fixture_test(the_end_comes_after_what_is_in_hand),
      fixture_test(hits_in_a_row_are_bounded),
      fixture_test(several_buffers_are_one_write),
      fixture_test(many_large_buffers_arrive_whole),
      fixture_test(bad_buffers_are_einval),
      fixture_test(warm_nothing_allocates),
      cmocka_unit_test(without_memory_each_call_is_clear),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("stream_calls", tests);
}
