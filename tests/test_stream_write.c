/* SPDX-License-Identifier: MIT */
/* Writing to a stream and shutting it down, over real sockets; the other side
 * is a plain blocking socket, in a thread where it must go on while the loop
 * does. */
#include "support/fault.h"
#include "support/pair.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* A peer that sends pieces, and takes each back. */
struct talker {
  int fd;
  int pieces;
  size_t piece;
  int good;
  bool ended;
};

static void talk(void *arg) {
  struct talker *t = arg;
  char *data = malloc(t->piece), *back = malloc(t->piece), byte;
  for (int i = 0; i < t->pieces; i++) {
    pair_fill(data, t->piece, (size_t)i);
    if (net_send(t->fd, data, t->piece) &&
        net_recv(t->fd, back, t->piece) == (long)t->piece &&
        pair_count_wrong(back, t->piece, (size_t)i) == 0)
      t->good++;
  }
  shutdown(t->fd, SHUT_WR);
  t->ended = net_recv(t->fd, &byte, 1) == 0;
  free(data);
  free(back);
}

struct echo_frame {
  vt_frame_t vt;
  vt_stream_t *stream;
  vt_result_t r;
  char buffer[5000];
};

static vt_t echo_body(void *frame) {
  struct echo_frame *f = frame;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, f->r, vt_stream_read(f->stream, f->buffer, sizeof f->buffer));
    if (f->r.status != 0)
      break;
    VT_TRY(f, vt_stream_write(f->stream, f->buffer, f->r.value.u));
  }
  if (f->r.status == UV_EOF)
    VT_TRY(f, vt_stream_shutdown(f->stream));
  VT_RETURN(f, vt_from_result(f->r));
  VT_END(f);
}

/* ---- writing ---- */

static void a_small_write_is_in_hand(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char back[8] = "";
  vt_t v = vt_stream_write(p.stream, "abc", 3);
  assert_true(vt_in_hand(v));
  assert_int_equal(vt_get_result(v).value.u, 3);
  assert_true(vt_equal(vt_stream_write(p.stream, NULL, 0), vt_done()));
  assert_int_equal(net_recv(p.fd, back, 3), 3);
  assert_string_equal(back, "abc");
  pair_close(f, &p);
}

static void a_large_write_waits_and_arrives_whole(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  size_t size = 24 * (size_t)MIB;
  struct reader peer;
  struct seen seen = {0};
  char *data = malloc(size);
  pair_fill(data, size, 0);
  vt_t v = vt_stream_write(p.stream, data, size);
  assert_false(vt_in_hand(v));
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), UV_ENOSYS);
  reader_start(&peer, p.fd, size);
  fixture_run_until(f, &seen.count, 1);
  reader_join(&peer);
  free(data);
  assert_seen_int(&seen, (int64_t)size);
  assert_int_equal(peer.came, size);
  assert_int_equal(peer.wrong, 0);
  pair_close(f, &p);
}

static void writes_arrive_in_their_order(void **state) {
  enum { SIZE = 8 * MIB, PIECES = 7 };
  static const size_t ends[PIECES] = {6 * MIB, 6 * MIB + 1, 6 * MIB + 10,
                                      7 * MIB, 7 * MIB + 3, 7 * MIB + 99,
                                      SIZE};
  struct pair_order order;
  struct pair_name names[PIECES];
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct reader peer;
  char *data = malloc(SIZE);
  size_t from = 0;
  pair_order_init(&order, names, PIECES);
  pair_fill(data, SIZE, 0);
  for (int i = 0; i < PIECES; i++) {
    vt_await(vt_stream_write(p.stream, data + from, ends[i] - from), pair_note,
             &names[i]);
    from = ends[i];
  }
  reader_start(&peer, p.fd, SIZE);
  fixture_run_until(f, &order.count, PIECES);
  reader_join(&peer);
  free(data);
  assert_int_equal(peer.came, SIZE);
  assert_int_equal(peer.wrong, 0);
  assert_int_equal(order.count, PIECES);
  for (int i = 0; i < PIECES; i++) {
    assert_int_equal(order.who[i], i);
    assert_status(order.status[i], 0);
  }
  pair_close(f, &p);
}

static void an_echo_gives_all_back(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct talker peer = {.fd = p.fd, .pieces = 40, .piece = 64 * 1024};
  struct echo_frame frame = {.stream = p.stream};
  uv_thread_t thread;
  vt_t v = vt_start_boxed(&frame, sizeof frame, echo_body);
  assert_int_equal(uv_thread_create(&thread, talk, &peer), 0);
  int64_t status = run(f, v).status;
  uv_thread_join(&thread);
  assert_status(status, UV_EOF);
  assert_int_equal(peer.good, 40);
  assert_true(peer.ended);
  pair_close(f, &p);
}

static void past_its_limit_it_is_enobufs(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  size_t size = 70 * (size_t)MIB;
  struct seen large = {0}, small = {0};
  char *data = calloc(1, size), *back = malloc(MIB);
  vt_await(vt_stream_write(p.stream, data, size), seen_k, &large);
  assert_int_equal(large.count, 0); /* a single larger one is let in */
  vt_t v = vt_stream_write(p.stream, data, 1);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_ENOBUFS);
  while (large.count == 0) {
    recv(p.fd, back, MIB, MSG_DONTWAIT);
    fixture_turn(f);
  }
  vt_await(vt_stream_write(p.stream, data, 1), seen_k, &small);
  assert_true(fixture_run(f));
  free(data);
  free(back);
  assert_seen_int(&large, (int64_t)size);
  assert_seen_int(&small, 1);
  pair_close(f, &p);
}

static void its_limit_counts_operations_too(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  size_t size = 60 * (size_t)MIB;
  struct seen seen = {0};
  char *data = calloc(1, size);
  vt_await(vt_stream_write(p.stream, data, size), seen_k, &seen);
  for (int i = 0; i < 100000 && seen.count == 0; i++)
    vt_await(vt_stream_write(p.stream, data, 1), seen_k, &seen);
  assert_seen_status(&seen, UV_ENOBUFS);
  pair_close(f, &p);
  free(data);
}

/* And what does not fit is the caller's still. */
static void a_try_writes_what_fits(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  size_t size = 24 * (size_t)MIB, sent = 0;
  struct reader peer;
  struct seen seen = {0};
  char *data = malloc(size);
  int n;
  pair_fill(data, size, 0);
  while ((n = vt_stream_try_write(p.stream, data + sent, size - sent)) > 0)
    sent += (size_t)n;
  assert_int_equal(n, UV_EAGAIN);
  assert_in_range(sent, 1, size - 1);
  vt_await(vt_stream_write(p.stream, data + sent, size - sent), seen_k, &seen);
  assert_int_equal(vt_stream_try_write(p.stream, data, 1), UV_EAGAIN);
  reader_start(&peer, p.fd, size);
  fixture_run_until(f, &seen.count, 1);
  reader_join(&peer);
  assert_seen_int(&seen, (int64_t)(size - sent));
  assert_int_equal(peer.came, size);
  assert_int_equal(peer.wrong, 0);
  assert_int_equal(vt_stream_try_write(p.stream, data, 1), 1);
  free(data);
  pair_close(f, &p);
}

static void a_try_that_cannot_write_says_why(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  assert_int_equal(vt_stream_try_write(NULL, "x", 1), UV_EINVAL);
  assert_int_equal(vt_stream_try_write(p.stream, NULL, 1), UV_EINVAL);
  assert_int_equal(vt_stream_try_write(p.stream, NULL, 0), 0);
  vt_t v = vt_stream_shutdown(p.stream);
  assert_int_equal(vt_stream_try_write(p.stream, "x", 1), UV_EPIPE);
  assert_status(run(f, v).status, 0);
  v = vt_stream_close(p.stream);
  assert_int_equal(vt_stream_try_write(p.stream, "x", 1), UV_EBADF);
  assert_status(run(f, v).status, 0);
  close(p.fd);
}

static void a_gone_peer_is_told(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  int64_t status = 0;
  net_reset(p.fd);
  p.fd = -1;
  for (int i = 0; i < 3 && status == 0; i++)
    status = run(f, vt_stream_write(p.stream, "x", 1)).status;
  assert_true(status == UV_EPIPE || status == UV_ECONNRESET);
  assert_true(run(f, vt_stream_write(p.stream, "x", 1)).status < 0);
  pair_close(f, &p);
}

static void a_failed_write_ends_the_writing_side(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char *data = calloc(8, MIB);
  vt_await(vt_stream_write(p.stream, data, 8 * MIB), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  net_reset(p.fd);
  p.fd = -1;
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_true(seen.result.status < 0);
  vt_t v = vt_stream_write(p.stream, data, 1);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), seen.result.status);
  free(data);
  pair_close(f, &p);
}

/* ---- shutting down ---- */

static void shutdown_comes_after_what_was_written(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  size_t size = 6 * (size_t)MIB;
  struct reader peer;
  struct seen seen = {0};
  struct pair_order order;
  struct pair_name names[3];
  char *data = malloc(size);
  pair_fill(data, size, 0);
  pair_order_init(&order, names, 3);
  vt_await(vt_stream_write(p.stream, data, size), pair_note, &names[0]);
  vt_await(vt_stream_shutdown(p.stream), pair_note, &names[1]);
  vt_await(vt_stream_shutdown(p.stream), pair_note, &names[2]);
  vt_await(vt_stream_write(p.stream, data, 1), seen_k, &seen);
  assert_seen_status(&seen, UV_EPIPE);
  reader_start(&peer, p.fd, size + 1); /* to the end */
  fixture_run_until(f, &order.count, 3);
  reader_join(&peer);
  free(data);
  assert_int_equal(peer.came, size);
  assert_int_equal(peer.wrong, 0);
  for (int i = 0; i < 3; i++) {
    assert_int_equal(order.who[i], i);
    assert_status(order.status[i], 0);
  }
  assert_true(vt_equal(vt_stream_shutdown(p.stream), vt_done()));
  pair_close(f, &p);
}

static void a_shutdown_is_cancelled_at_once(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0}, other = {0};
  char *data = calloc(8, MIB);
  vt_forget(vt_stream_write(p.stream, data, 8 * MIB));
  vt_t v = vt_stream_shutdown(p.stream);
  vt_await(v, seen_k, &seen);
  vt_await(vt_stream_shutdown(p.stream), seen_k, &other);
  assert_int_equal(vt_cancel(v), 0);
  pair_turns(f);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(other.count, 0);
  pair_close(f, &p);
  assert_seen_status(&other, UV_ECANCELED);
  free(data);
}

static void a_shutdown_that_fails_says_the_same_again(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  net_reset(p.fd);
  p.fd = -1;
  run(f, vt_stream_read(p.stream, buffer, 8));
  int64_t status = run(f, vt_stream_shutdown(p.stream)).status;
  assert_true(status < 0);
  assert_status(run(f, vt_stream_shutdown(p.stream)).status, status);
  pair_close(f, &p);
}

/* ---- memory ---- */

static void operations_allocate_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  size_t size = 4 * (size_t)MIB;
  char buffer[64], *data = calloc(1, size), *back = malloc(size);
  uint64_t before = 0;
  for (int round = 0; round < 3; round++) {
    struct seen seen = {0};
    if (round == 1)
      before = fixture_allocations();
    net_send(p.fd, "abc", 3);
    run(f, vt_stream_read(p.stream, buffer, 64));
    vt_await(vt_stream_write(p.stream, data, size), seen_k, &seen);
    while (seen.count == 0) {
      recv(p.fd, back, size, MSG_DONTWAIT);
      fixture_turn(f);
    }
  }
  uint64_t after = fixture_allocations();
  free(data);
  free(back);
  assert_int_equal(after, before);
  pair_close(f, &p);
}

static void without_memory_a_half_written_one_ends_the_writing(void **state) {
  struct fixture f;
  struct seen refused = {0};
  struct pair p;
  size_t size = 16 * (size_t)MIB;
  char *data = calloc(1, size);
  (void)state;
  assert_int_equal(fault_install(), 0);
  assert_null(fixture_open(&f));
  assert_null(pair_make(&f, &p));
  fault_arm(1, FAULT_FROM);
  pair_use_up_pool(&refused);
  vt_t v = vt_stream_write(p.stream, data, size);
  fault_disarm();
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_ENOMEM);
  v = vt_stream_write(p.stream, data, 1);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_ENOMEM);
  assert_true(fixture_run(&f));
  assert_status(vt_loop_run(f.vt, vt_stream_close(p.stream)).status, 0);
  close(p.fd);
  free(data);
  assert_null(fixture_close(&f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_small_write_is_in_hand),
      fixture_test(a_large_write_waits_and_arrives_whole),
      fixture_test(writes_arrive_in_their_order),
      fixture_test(an_echo_gives_all_back),
      fixture_test(past_its_limit_it_is_enobufs),
      fixture_test(its_limit_counts_operations_too),
      fixture_test(a_try_writes_what_fits),
      fixture_test(a_try_that_cannot_write_says_why),
      fixture_test(a_gone_peer_is_told),
      fixture_test(a_failed_write_ends_the_writing_side),
      fixture_test(shutdown_comes_after_what_was_written),
      fixture_test(a_shutdown_is_cancelled_at_once),
      fixture_test(a_shutdown_that_fails_says_the_same_again),
      fixture_test(operations_allocate_nothing_after_warm_up),
      cmocka_unit_test(without_memory_a_half_written_one_ends_the_writing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
