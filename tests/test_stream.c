/* SPDX-License-Identifier: MIT */
/* Reading a stream and closing it, over real sockets; the other side is a plain
 * blocking socket. */
#include "support/fault.h"
#include "support/pair.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

/* What a continuation inside a read does. */
struct inside {
  vt_stream_t *stream;
  char buffer[4];
  struct seen first, second;
};

static void read_again(void *state, vt_result_t r) {
  struct inside *in = state;
  seen_k(&in->first, r);
  vt_await(vt_stream_read(in->stream, in->buffer, 4), seen_k, &in->second);
}

static void close_inside(void *state, vt_result_t r) {
  struct inside *in = state;
  seen_k(&in->first, r);
  vt_await(vt_stream_close(in->stream), seen_k, &in->second);
}

/* ---- reading ---- */

static void a_read_gets_what_the_peer_sent(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char buffer[16] = "";
  vt_await(vt_stream_read(p.stream, buffer, sizeof buffer), seen_k, &seen);
  pair_turns(f);
  assert_int_equal(seen.count, 0);
  net_send(p.fd, "value", 5);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_int(&seen, 5);
  assert_string_equal(buffer, "value");
  pair_close(f, &p);
}

static void a_small_buffer_loses_nothing(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[16] = "";
  net_send(p.fd, "abcdefg", 7);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 3)).value.u, 3);
  pair_turns(f);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer + 3, 3)).value.u, 3);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer + 6, 9)).value.u, 1);
  assert_string_equal(buffer, "abcdefg");
  pair_close(f, &p);
}

static void what_comes_while_nobody_reads_is_kept(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[16] = "";
  net_send(p.fd, "one", 3);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 9)).value.u, 3);
  net_send(p.fd, "two", 3);
  shutdown(p.fd, SHUT_WR);
  pair_turns(f);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 9)).value.u, 3);
  assert_memory_equal(buffer, "two", 3);
  assert_status(run(f, vt_stream_read(p.stream, buffer, 9)).status, UV_EOF);
  pair_close(f, &p);
}

static void the_end_stays_the_end(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[4];
  shutdown(p.fd, SHUT_WR);
  for (int i = 0; i < 3; i++)
    assert_status(run(f, vt_stream_read(p.stream, buffer, 4)).status, UV_EOF);
  assert_true(vt_in_hand(vt_stream_read(p.stream, buffer, 4)));
  assert_status(run(f, vt_stream_write(p.stream, "x", 1)).status, 0);
  pair_close(f, &p);
}

static void the_end_after_a_hang_up_comes_last(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[16];
  assert_status(run(f, vt_stream_shutdown(p.stream)).status, 0);
  net_send(p.fd, "last", 4);
  close(p.fd);
  p.fd = -1;
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 16)).value.u, 4);
  pair_turns(f);
  assert_status(run(f, vt_stream_read(p.stream, buffer, 16)).status, UV_EOF);
  pair_close(f, &p);
}

static void a_continuation_may_read_again(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct inside in = {.stream = p.stream};
  vt_await(vt_stream_read(p.stream, in.buffer, 2), read_again, &in);
  net_send(p.fd, "abcd", 4);
  assert_true(fixture_run_until(f, &in.second.count, 1));
  assert_seen_int(&in.first, 2);
  assert_seen_int(&in.second, 2);
  assert_memory_equal(in.buffer, "cd", 2);
  pair_close(f, &p);
}

static void a_continuation_may_close(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct inside in = {.stream = p.stream};
  vt_await(vt_stream_read(p.stream, in.buffer, 4), close_inside, &in);
  net_send(p.fd, "abcdabcd", 8);
  assert_true(fixture_run(f));
  assert_seen_int(&in.first, 4);
  assert_seen_int(&in.second, 0);
  close(p.fd);
}

static void cancelled_it_loses_no_byte(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char buffer[8] = "";
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  vt_await(v, seen_k, &seen);
  net_send(p.fd, "abc", 3);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0); /* never inside the cancel */
  pair_turns(f);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(buffer[0], 0);
  assert_int_equal(run(f, vt_stream_read(p.stream, buffer, 8)).value.u, 3);
  assert_string_equal(buffer, "abc");
  pair_close(f, &p);
}

static void without_a_reader_it_keeps_no_loop(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char buffer[8];
  assert_false(uv_loop_alive(&f->uv));
  net_send(p.fd, "abc", 3);
  run(f, vt_stream_read(p.stream, buffer, 8));
  assert_false(uv_loop_alive(&f->uv));
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  assert_true(uv_loop_alive(&f->uv));
  vt_await(v, seen_k, &seen);
  vt_cancel(v);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  pair_close(f, &p);
}

static void a_second_read_is_ealready(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0};
  char buffer[8];
  vt_await(vt_stream_read(p.stream, buffer, 8), seen_k, &seen);
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  assert_status(vt_get_result(v).status, UV_EALREADY);
  net_send(p.fd, "abc", 3);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_int(&seen, 3);
  pair_close(f, &p);
}

static void a_reset_is_told_and_stays(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  net_reset(p.fd);
  p.fd = -1;
  for (int i = 0; i < 2; i++)
    assert_status(run(f, vt_stream_read(p.stream, buffer, 8)).status,
                  UV_ECONNRESET);
  pair_close(f, &p);
}

/* ---- closing ---- */

static void close_ends_all_before_itself(void **state) {
  struct fixture *f = *state;
  struct pair_order order;
  struct pair_name names[5];
  struct pair p = pair_open(f);
  char buffer[8], *data = calloc(8, MIB);
  pair_order_init(&order, names, 5);
  vt_await(vt_stream_read(p.stream, buffer, 8), pair_note, &names[0]);
  vt_await(vt_stream_write(p.stream, data, 8 * MIB), pair_note, &names[1]);
  vt_await(vt_stream_write(p.stream, data, 8), pair_note, &names[2]);
  vt_await(vt_stream_shutdown(p.stream), pair_note, &names[3]);
  vt_await(vt_stream_close(p.stream), pair_note, &names[4]);
  assert_int_equal(order.count, 0);
  assert_true(fixture_run(f));
  free(data);
  close(p.fd);
  int seen[5] = {0};
  assert_int_equal(order.count, 5);
  for (int i = 0; i < 5; i++) {
    seen[order.who[i]]++;
    assert_status(order.status[i], order.who[i] == 4 ? 0 : UV_ECANCELED);
  }
  assert_int_equal(order.who[4], 4);
  for (int i = 0; i < 5; i++)
    assert_int_equal(seen[i], 1);
}

static void closing_it_refuses_all_but_a_close(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct seen seen = {0}, again = {0};
  char buffer[8];
  vt_stream_t *s = p.stream;
  vt_await(vt_stream_close(s), seen_k, &seen);
  assert_status(vt_get_result(vt_stream_read(s, buffer, 8)).status, UV_EBADF);
  assert_status(vt_get_result(vt_stream_write(s, "x", 1)).status, UV_EBADF);
  assert_status(vt_get_result(vt_stream_shutdown(s)).status, UV_EBADF);
  vt_await(vt_stream_close(s), seen_k, &again);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_seen_int(&again, 0);
  close(p.fd);
}

static void a_forgotten_close_closes(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char byte;
  vt_forget(vt_stream_close(p.stream));
  assert_true(fixture_run(f));
  assert_int_equal(net_recv(p.fd, &byte, 1), 0);
  close(p.fd);
}

static void a_result_not_taken_outlives_its_stream(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  vt_t v = vt_stream_read(p.stream, buffer, 8);
  net_send(p.fd, "abc", 3);
  pair_turns(f);
  pair_close(f, &p);
  char text[128] = "";
  vt_loop_walk(f->vt, pair_note_subject, text);
  assert_string_equal(text, "stream_read ");
  assert_int_equal(vt_get_result(v).value.u, 3);
}

static void a_close_not_taken_outlives_its_stream(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char text[128] = "";
  vt_t v = vt_stream_close(p.stream);
  assert_true(fixture_run(f));
  vt_loop_walk(f->vt, pair_note_subject, text);
  assert_string_equal(text, "close stream");
  assert_status(vt_get_result(v).status, 0);
  close(p.fd);
}

/* ---- what holds for all ---- */

static void the_walk_tells_the_peer(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct sockaddr_in peer;
  socklen_t size = sizeof peer;
  char buffer[8], text[128], expected[128];
  getsockname(p.fd, (struct sockaddr *)&peer, &size);
  vt_forget(vt_stream_read(p.stream, buffer, 8));
  vt_loop_walk(f->vt, pair_note_subject, text);
  snprintf(expected, sizeof expected, "stream_read 127.0.0.1:%d",
           ntohs(peer.sin_port));
  assert_string_equal(text, expected);
  pair_close(f, &p);
}

static void its_handles_data_is_the_users(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  int mine = 0;
  char buffer[8];
  vt_stream_uv(p.stream)->data = &mine;
  net_send(p.fd, "abc", 3);
  run(f, vt_stream_read(p.stream, buffer, 8));
  run(f, vt_stream_write(p.stream, "abc", 3));
  run(f, vt_stream_shutdown(p.stream));
  assert_ptr_equal(vt_stream_uv(p.stream)->data, &mine);
  pair_close(f, &p);
}

static void bad_arguments_are_einval(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  char buffer[8];
  vt_stream_t *s = p.stream;
  assert_status(vt_get_result(vt_stream_read(s, NULL, 8)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_stream_read(s, buffer, 0)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_stream_write(s, NULL, 8)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_stream_read(NULL, buffer, 8)).status,
                UV_EINVAL);
  assert_status(vt_get_result(vt_stream_write(NULL, "x", 1)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_stream_shutdown(NULL)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_stream_close(NULL)).status, UV_EINVAL);
  pair_close(f, &p);
}

struct stranger {
  vt_stream_t *stream;
  int64_t without_loop, with_loop[4];
  const char *problem;
};

static void use_from_elsewhere(void *arg) {
  struct stranger *s = arg;
  struct fixture f;
  char buffer[8];
  vt_t v = vt_stream_read(s->stream, buffer, 8);
  s->without_loop = vt_get_result(v).status;
  s->problem = fixture_open(&f);
  if (s->problem)
    return;
  v = vt_stream_read(s->stream, buffer, 8);
  s->with_loop[0] = vt_get_result(v).status;
  v = vt_stream_write(s->stream, "x", 1);
  s->with_loop[1] = vt_get_result(v).status;
  v = vt_stream_shutdown(s->stream);
  s->with_loop[2] = vt_get_result(v).status;
  v = vt_stream_close(s->stream);
  s->with_loop[3] = vt_get_result(v).status;
  s->problem = fixture_close(&f);
}

static void another_thread_is_refused(void **state) {
  struct fixture *f = *state;
  struct pair p = pair_open(f);
  struct stranger stranger = {.stream = p.stream};
  fixture_on_thread(use_from_elsewhere, &stranger, 0);
  assert_null(stranger.problem);
  assert_status(stranger.without_loop, VT_ENOLOOP);
  for (int i = 0; i < 4; i++)
    assert_status(stranger.with_loop[i], VT_ETHREAD);
  pair_close(f, &p);
}

/* ---- without memory ---- */

struct steps {
  struct fixture f;
  struct pair p;
  struct seen read, write, shutdown;
  char buffer[8];
  char *data;
};

/* A step that is refused changes nothing: with memory it works. */
static bool begin(vt_t v, struct seen *seen) {
  memset(seen, 0, sizeof *seen);
  vt_await(v, seen_k, seen);
  if (seen->count == 0)
    return true;
  fault_disarm();
  memset(seen, 0, sizeof *seen);
  return false;
}

static const char *steps_run(struct steps *s, uint64_t n,
                             enum fault_mode mode) {
  vt_stream_t *stream = s->p.stream;
  fault_arm(n, mode);
  if (!begin(vt_stream_read(stream, s->buffer, 8), &s->read))
    vt_await(vt_stream_read(stream, s->buffer, 8), seen_k, &s->read);
  if (!begin(vt_stream_shutdown(stream), &s->shutdown))
    vt_await(vt_stream_shutdown(stream), seen_k, &s->shutdown);
  int64_t closed = run(&s->f, vt_stream_close(stream)).status;
  fault_disarm();
  fixture_run(&s->f);
  if (s->read.count != 1 || s->read.result.status != UV_ECANCELED)
    return "the read was not ended once";
  if (s->shutdown.count != 1)
    return "the shutdown was not ended once";
  return closed == 0 || closed == UV_ENOMEM ? NULL : "not closed";
}

static const char *steps_scenario(uint64_t n, enum fault_mode mode) {
  struct steps s;
  const char *problem = fixture_open(&s.f);
  if (problem)
    return problem;
  problem = pair_make(&s.f, &s.p);
  if (!problem)
    problem = steps_run(&s, n, mode);
  close(s.p.fd);
  const char *left = fixture_close(&s.f);
  return problem ? problem : left;
}

static void without_memory_each_step_can_be_repeated(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(steps_scenario);
  if (problem)
    fail_msg("%s", problem);
}

/* Closes a handle again and again, until there is no block left for it. */
static void use_up_closes(uv_handle_t *handle) {
  vt_t v = vt_close(handle);
  while (!vt_in_hand(v)) {
    vt_forget(v);
    v = vt_close(handle);
  }
}

static void without_memory_a_close_closes(void **state) {
  struct fixture f;
  uv_timer_t timer;
  struct pair p;
  char byte;
  (void)state;
  assert_int_equal(fault_install(), 0);
  assert_null(fixture_open(&f));
  assert_null(pair_make(&f, &p));
  vt_stream_t *s = p.stream;
  uv_timer_init(&f.uv, &timer);
  fault_arm(1, FAULT_FROM);
  use_up_closes((uv_handle_t *)&timer);
  vt_t v = vt_stream_close(s);
  fault_disarm();
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_ENOMEM);
  assert_true(fixture_run(&f));
  assert_int_equal(net_recv(p.fd, &byte, 1), 0);
  close(p.fd);
  assert_null(fixture_close(&f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_read_gets_what_the_peer_sent),
      fixture_test(a_small_buffer_loses_nothing),
      fixture_test(what_comes_while_nobody_reads_is_kept),
      fixture_test(the_end_stays_the_end),
      fixture_test(the_end_after_a_hang_up_comes_last),
      fixture_test(a_continuation_may_read_again),
      fixture_test(a_continuation_may_close),
      fixture_test(cancelled_it_loses_no_byte),
      fixture_test(without_a_reader_it_keeps_no_loop),
      fixture_test(a_second_read_is_ealready),
      fixture_test(a_reset_is_told_and_stays),
      fixture_test(close_ends_all_before_itself),
      fixture_test(closing_it_refuses_all_but_a_close),
      fixture_test(a_forgotten_close_closes),
      fixture_test(a_result_not_taken_outlives_its_stream),
      fixture_test(a_close_not_taken_outlives_its_stream),
      fixture_test(the_walk_tells_the_peer),
      fixture_test(its_handles_data_is_the_users),
      fixture_test(bad_arguments_are_einval),
      fixture_test(another_thread_is_refused),
      cmocka_unit_test(without_memory_each_step_can_be_repeated),
      cmocka_unit_test(without_memory_a_close_closes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
