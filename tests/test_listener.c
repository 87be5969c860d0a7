/* SPDX-License-Identifier: MIT */
/* Listening and accepting, over real sockets on a free port. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/net.h"
#include "support/tmp.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

static vt_result_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v);
}

static void close_listener(struct fixture *f, vt_listener_t *l) {
  assert_status(run(f, vt_listener_close(l)).status, 0);
}

static void close_stream(struct fixture *f, void *stream) {
  assert_non_null(stream);
  assert_status(run(f, vt_stream_close(stream)).status, 0);
}

static int connect_to(vt_listener_t *l) {
  struct sockaddr_in addr = net_address(l);
  int fd = net_connect(&addr);
  assert_true(fd >= 0);
  return fd;
}

/* Turns until libuv holds what the kernel has. */
static void settle(struct fixture *f) {
  for (int i = 0; i < 5; i++)
    vt_loop_run(f->vt, vt_yield());
}

/* True when the other side has closed: the end, or a reset. */
static bool is_hung_up(int fd) {
  char byte;
  return recv(fd, &byte, 1, 0) <= 0;
}

/* Accepts count connections, one after another, and closes them. */
struct many_frame {
  vt_frame_t vt;
  vt_listener_t *listener;
  vt_stream_t **streams;
  int count;
  int have;
};

static vt_t many_body(void *frame) {
  struct many_frame *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  while (f->have < f->count) {
    VT_TRY_VALUE(f, v, vt_listener_accept(f->listener));
    f->streams[f->have++] = v.p;
  }
  VT_RETURN(f, vt_from_int(f->have));
  VT_END(f);
}

/* What a continuation that goes on inside itself needs. */
struct again {
  vt_listener_t *listener;
  struct seen first, second;
};

static void accept_again(void *state, vt_result_t r) {
  struct again *again = state;
  seen_k(&again->first, r);
  vt_await(vt_listener_accept(again->listener), seen_k, &again->second);
}

static void close_inside(void *state, vt_result_t r) {
  struct again *again = state;
  seen_k(&again->first, r);
  vt_await(vt_listener_close(again->listener), seen_k, &again->second);
}

static void note_subject(void *arg, const vt_loop_entry_t *entry) {
  snprintf(arg, 128, "%s %s", entry->kind, entry->subject);
}

/* ---- it works ---- */

static void an_accept_waits_for_a_connection(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_listener_t *l = net_listen();
  vt_await(vt_listener_accept(l), seen_k, &seen);
  settle(f);
  assert_int_equal(seen.count, 0);
  int fd = connect_to(l);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_status(seen.result.status, 0);
  close_stream(f, seen.result.value.p);
  assert_true(is_hung_up(fd));
  close(fd);
  close_listener(f, l);
}

static void a_connection_that_has_come_is_in_hand(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  int one = connect_to(l), two = connect_to(l);
  settle(f);
  vt_t v = vt_listener_accept(l);
  assert_true(vt_in_hand(v));
  vt_result_t first = vt_get_result(v);
  vt_result_t second = run(f, vt_listener_accept(l));
  assert_status(second.status, 0);
  close_stream(f, first.value.p);
  close_stream(f, second.value.p);
  close(one);
  close(two);
  close_listener(f, l);
}

static void more_than_a_burst_are_all_accepted(void **state) {
  enum { MANY = 200 };
  struct fixture *f = *state;
  vt_stream_t *streams[MANY];
  int fds[MANY];
  vt_listener_t *l = net_listen();
  struct many_frame frame = {.listener = l, .streams = streams, .count = MANY};
  vt_t v = vt_start(&frame, many_body);
  for (int i = 0; i < MANY; i++)
    fds[i] = connect_to(l);
  assert_int_equal(run(f, v).value.i, MANY);
  for (int i = 0; i < MANY; i++) {
    close_stream(f, streams[i]);
    close(fds[i]);
  }
  close_listener(f, l);
}

static void its_continuation_may_accept_again(void **state) {
  struct fixture *f = *state;
  struct again again = {.listener = net_listen()};
  vt_await(vt_listener_accept(again.listener), accept_again, &again);
  int one = connect_to(again.listener), two = connect_to(again.listener);
  assert_true(fixture_run_until(f, &again.second.count, 1));
  close_stream(f, again.first.result.value.p);
  close_stream(f, again.second.result.value.p);
  close(one);
  close(two);
  close_listener(f, again.listener);
}

static void its_continuation_may_close_the_listener(void **state) {
  struct fixture *f = *state;
  struct again again = {.listener = net_listen()};
  vt_await(vt_listener_accept(again.listener), close_inside, &again);
  int one = connect_to(again.listener), two = connect_to(again.listener);
  assert_true(fixture_run_until(f, &again.second.count, 1));
  assert_seen_int(&again.second, 0);
  close_stream(f, again.first.result.value.p);
  close(one);
  close(two);
}

static void the_walk_tells_its_address(void **state) {
  struct fixture *f = *state;
  char text[128], expected[128];
  vt_listener_t *l = net_listen();
  vt_t v = vt_listener_accept(l);
  vt_loop_walk(f->vt, note_subject, text);
  snprintf(expected, sizeof expected, "listener_accept 127.0.0.1:%d",
           ntohs(net_address(l).sin_port));
  assert_string_equal(text, expected);
  vt_forget(v);
  close_listener(f, l);
}

static void its_handles_data_is_the_users(void **state) {
  struct fixture *f = *state;
  int mine = 0;
  vt_listener_t *l = net_listen();
  vt_listener_uv(l)->data = &mine;
  int fd = connect_to(l);
  vt_result_t r = run(f, vt_listener_accept(l));
  assert_ptr_equal(vt_listener_uv(l)->data, &mine);
  assert_null(vt_stream_uv(r.value.p)->data);
  close_stream(f, r.value.p);
  close(fd);
  close_listener(f, l);
}

static void an_ip6_address_is_listened_to(void **state) {
  struct fixture *f = *state;
  char text[128], expected[128];
  struct sockaddr_in6 addr;
  int size = sizeof addr;
  vt_listener_t *l = NULL;
  uv_ip6_addr("::1", 0, &addr);
  if (vt_tcp_listen((struct sockaddr *)&addr, 8, &l) != 0)
    skip();
  uv_tcp_getsockname((uv_tcp_t *)vt_listener_uv(l), (struct sockaddr *)&addr,
                     &size);
  vt_forget(vt_listener_accept(l));
  vt_loop_walk(f->vt, note_subject, text);
  snprintf(expected, sizeof expected, "listener_accept [::1]:%d",
           ntohs(addr.sin6_port));
  assert_string_equal(text, expected);
  close_listener(f, l);
}

/* ---- cancelled, forgotten, closed ---- */

static void cancelled_the_connection_stays_for_the_next(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_listener_t *l = net_listen();
  vt_t v = vt_listener_accept(l);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0); /* never inside the cancel */
  int fd = connect_to(l);
  settle(f);
  assert_seen_status(&seen, UV_ECANCELED);
  vt_result_t r = run(f, vt_listener_accept(l));
  assert_status(r.status, 0);
  close_stream(f, r.value.p);
  close(fd);
  close_listener(f, l);
}

static void forgotten_its_connection_is_closed(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  vt_forget(vt_listener_accept(l));
  int fd = connect_to(l);
  settle(f);
  assert_true(is_hung_up(fd));
  close(fd);
  close_listener(f, l);
}

static void never_taken_its_connection_is_told_at_detach(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  vt_t v = vt_listener_accept(l);
  int fd = connect_to(l);
  settle(f);
  assert_true(vt_is_succeeded(v));
  assert_false(vt_in_hand(v));
  close_listener(f, l);
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, "stream");
  close_stream(f, vt_get_result(v).value.p);
  assert_true(is_hung_up(fd));
  close(fd);
}

static void closed_a_pending_accept_is_cancelled_first(void **state) {
  struct fixture *f = *state;
  struct seen accepted = {0}, closed = {0}, again = {0};
  vt_listener_t *l = net_listen();
  vt_await(vt_listener_accept(l), seen_k, &accepted);
  vt_await(vt_listener_close(l), seen_k, &closed);
  assert_int_equal(accepted.count + closed.count, 0);
  assert_status(vt_get_result(vt_listener_accept(l)).status, UV_EBADF);
  vt_await(vt_listener_close(l), seen_k, &again);
  assert_true(fixture_run(f));
  assert_seen_status(&accepted, UV_ECANCELED);
  assert_seen_int(&closed, 0);
  assert_seen_int(&again, 0);
}

static void closed_a_waiting_connection_is_hung_up(void **state) {
  struct fixture *f = *state;
  int fds = tmp_count_fds();
  vt_listener_t *l = net_listen();
  int fd = connect_to(l);
  settle(f);
  close_listener(f, l);
  assert_true(is_hung_up(fd));
  close(fd);
  assert_true(tmp_count_fds() <= fds + 1); /* libuv's own reserve */
}

static void open_it_refuses_a_detach(void **state) {
  struct fixture *f = *state;
  char expected[64];
  vt_listener_t *l = net_listen();
  snprintf(expected, sizeof expected, "127.0.0.1:%d",
           ntohs(net_address(l).sin_port));
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, "listener");
  assert_string_equal(r->subject, expected);
  close_listener(f, l);
}

/* ---- it fails ---- */

static void a_second_accept_is_ealready(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_listener_t *l = net_listen();
  vt_await(vt_listener_accept(l), seen_k, &seen);
  assert_status(vt_get_result(vt_listener_accept(l)).status, UV_EALREADY);
  close_listener(f, l);
  assert_seen_status(&seen, UV_ECANCELED);
}

static void an_address_in_use_is_told(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen(), *other = NULL;
  struct sockaddr_in addr = net_address(l);
  assert_int_equal(vt_tcp_listen((struct sockaddr *)&addr, 8, &other),
                   UV_EADDRINUSE);
  assert_null(other);
  close_listener(f, l);
}

static void bad_arguments_are_einval(void **state) {
  vt_listener_t *l;
  struct sockaddr_in addr;
  struct sockaddr odd = {.sa_family = AF_UNIX};
  (void)state;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  assert_int_equal(vt_tcp_listen(NULL, 1, &l), UV_EINVAL);
  assert_int_equal(vt_tcp_listen((struct sockaddr *)&addr, 1, NULL), UV_EINVAL);
  assert_int_equal(vt_tcp_listen(&odd, 1, &l), UV_EINVAL);
  assert_status(vt_get_result(vt_listener_accept(NULL)).status, UV_EINVAL);
  assert_status(vt_get_result(vt_listener_close(NULL)).status, UV_EINVAL);
}

static void without_a_loop_is_enoloop(void **state) {
  vt_listener_t *l;
  struct sockaddr_in addr;
  (void)state;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  assert_int_equal(vt_tcp_listen((struct sockaddr *)&addr, 1, &l), VT_ENOLOOP);
}

struct stranger {
  vt_listener_t *listener;
  int64_t without_loop, accepted, closed;
  const char *problem;
};

static void use_from_elsewhere(void *arg) {
  struct stranger *s = arg;
  struct fixture f;
  s->without_loop = vt_get_result(vt_listener_accept(s->listener)).status;
  s->problem = fixture_open(&f);
  if (s->problem)
    return;
  s->accepted = vt_get_result(vt_listener_accept(s->listener)).status;
  s->closed = vt_get_result(vt_listener_close(s->listener)).status;
  s->problem = fixture_close(&f);
}

static void another_thread_is_refused(void **state) {
  struct fixture *f = *state;
  struct stranger stranger = {.listener = net_listen()};
  fixture_on_thread(use_from_elsewhere, &stranger, 0);
  assert_null(stranger.problem);
  assert_status(stranger.without_loop, VT_ENOLOOP);
  assert_status(stranger.accepted, VT_ETHREAD);
  assert_status(stranger.closed, VT_ETHREAD);
  close_listener(f, stranger.listener);
}

/* Refused for memory, a step changes nothing: done again it works. */
static const char *accept_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  struct sockaddr_in addr;
  vt_listener_t *l = NULL;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  fault_arm(n, mode);
  int rc = vt_tcp_listen((struct sockaddr *)&addr, 8, &l);
  if (rc == UV_ENOMEM) {
    fault_disarm();
    rc = vt_tcp_listen((struct sockaddr *)&addr, 8, &l);
  }
  if (rc != 0)
    return "no listener";
  addr = net_address(l);
  vt_t v = vt_listener_accept(l);
  int fd = net_connect(&addr);
  vt_result_t r = run(&f, v);
  if (r.status == UV_ENOMEM) {
    fault_disarm();
    r = run(&f, vt_listener_accept(l));
  }
  if (r.status != 0)
    return "not accepted";
  int64_t closed = run(&f, vt_stream_close(r.value.p)).status;
  int64_t ended = run(&f, vt_listener_close(l)).status;
  close(fd);
  fault_disarm();
  fixture_run(&f);
  if ((closed != 0 && closed != UV_ENOMEM) ||
      (ended != 0 && ended != UV_ENOMEM))
    return "not closed";
  return fixture_close(&f);
}

static void without_memory_each_step_can_be_repeated(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(accept_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(an_accept_waits_for_a_connection),
      fixture_test(a_connection_that_has_come_is_in_hand),
      fixture_test(more_than_a_burst_are_all_accepted),
      fixture_test(its_continuation_may_accept_again),
      fixture_test(its_continuation_may_close_the_listener),
      fixture_test(the_walk_tells_its_address),
      fixture_test(its_handles_data_is_the_users),
      fixture_test(an_ip6_address_is_listened_to),
      fixture_test(cancelled_the_connection_stays_for_the_next),
      fixture_test(forgotten_its_connection_is_closed),
      fixture_test(never_taken_its_connection_is_told_at_detach),
      fixture_test(closed_a_pending_accept_is_cancelled_first),
      fixture_test(closed_a_waiting_connection_is_hung_up),
      fixture_test(open_it_refuses_a_detach),
      fixture_test(a_second_accept_is_ealready),
      fixture_test(an_address_in_use_is_told),
      fixture_test(bad_arguments_are_einval),
      cmocka_unit_test(without_a_loop_is_enoloop),
      fixture_test(another_thread_is_refused),
      cmocka_unit_test(without_memory_each_step_can_be_repeated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
