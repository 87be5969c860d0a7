/* SPDX-License-Identifier: MIT */
/* The life of sockets for datagrams: closed at any time, used from elsewhere,
 * in scopes, without memory. */
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

/* A socket of ours and a plain one, connected; NULL, or what went wrong. */
struct linked {
  vt_udp_t *udp;
  int fd;
};

static const char *link_make(struct linked *l) {
  int fds[2];
  l->udp = NULL;
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) != 0)
    return "no sockets";
  l->fd = fds[1];
  int rc = vt_udp_new(0, &l->udp);
  if (rc == 0)
    rc = uv_udp_open(vt_udp_uv(l->udp), fds[0]);
  if (rc == 0)
    return NULL;
  close(fds[0]);
  close(fds[1]);
  return "not opened";
}

static struct linked link_open(void) {
  struct linked l;
  assert_null(link_make(&l));
  return l;
}

static void link_close(struct fixture *f, struct linked *l) {
  assert_status(run(f, vt_udp_close(l->udp)).status, 0);
  close(l->fd);
}

/* Sends until one waits. */
static void fill(vt_udp_t *u, struct seen *seen) {
  vt_t v = vt_udp_send(u, "x", 1, NULL);
  while (vt_in_hand(v) && vt_status(v) == 0)
    v = vt_udp_send(u, "x", 1, NULL);
  vt_await(v, seen_k, seen);
}

/* A continuation that closes, or receives again. */
struct inside {
  vt_udp_t *udp;
  char buffer[8];
  struct seen first, second;
};

static void close_inside(void *state, vt_result_t r) {
  struct inside *in = state;
  seen_k(&in->first, r);
  vt_await(vt_udp_close(in->udp), seen_k, &in->second);
}

static void receive_inside(void *state, vt_result_t r) {
  struct inside *in = state;
  seen_k(&in->first, r);
  vt_await(vt_udp_receive(in->udp, in->buffer, 8, NULL), seen_k, &in->second);
}

/* ---- closed ---- */

/* libuv goes on to send in the same turn (H16, a7c44d674). */
static void a_receive_may_close_what_is_sending(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  struct inside in = {.udp = l.udp};
  struct seen sent = {0};
  char byte;
  fill(l.udp, &sent);
  vt_await(vt_udp_receive(l.udp, in.buffer, 8, NULL), close_inside, &in);
  assert_int_equal(send(l.fd, "abc", 3, 0), 3);
  while (recv(l.fd, &byte, 1, MSG_DONTWAIT) == 1) {
  }
  assert_true(fixture_run(f));
  assert_seen_int(&in.first, 3);
  assert_seen_int(&in.second, 0);
  assert_int_equal(sent.count, 1);
  close(l.fd);
}

static void a_continuation_may_receive_again(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  struct inside in = {.udp = l.udp};
  vt_await(vt_udp_receive(l.udp, in.buffer, 8, NULL), receive_inside, &in);
  assert_int_equal(send(l.fd, "abc", 3, 0), 3);
  assert_int_equal(send(l.fd, "de", 2, 0), 2);
  assert_true(fixture_run_until(f, &in.second.count, 1));
  assert_seen_int(&in.first, 3);
  assert_seen_int(&in.second, 2);
  link_close(f, &l);
}

static void closing_it_ends_all_and_refuses_more(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  struct seen received = {0}, sent = {0}, closed[2] = {0};
  char buffer[8];
  fill(l.udp, &sent);
  vt_await(vt_udp_receive(l.udp, buffer, 8, NULL), seen_k, &received);
  vt_await(vt_udp_close(l.udp), seen_k, &closed[0]);
  vt_t v = vt_udp_receive(l.udp, buffer, 8, NULL);
  assert_status(vt_status(v), UV_EBADF);
  assert_status(vt_status(vt_udp_send(l.udp, "x", 1, NULL)), UV_EBADF);
  vt_await(vt_udp_close(l.udp), seen_k, &closed[1]);
  assert_true(fixture_run(f));
  assert_seen_status(&received, UV_ECANCELED);
  assert_seen_status(&sent, UV_ECANCELED);
  assert_seen_int(&closed[0], 0);
  assert_seen_int(&closed[1], 0);
  close(l.fd);
}

static void a_result_not_taken_outlives_its_socket(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  char buffer[8], text[128] = "";
  vt_t v = vt_udp_receive(l.udp, buffer, 8, NULL);
  assert_int_equal(send(l.fd, "abc", 3, 0), 3);
  pair_turns(f);
  link_close(f, &l);
  vt_loop_walk(f->vt, pair_note_subject, text);
  assert_string_equal(text, "udp_receive ");
  assert_int_equal(vt_get_result(v).value.u, 3);
}

static void open_it_refuses_a_detach(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, "udp");
  link_close(f, &l);
}

static void forgotten_they_go_on(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  char buffer[8] = "";
  vt_forget(vt_udp_receive(l.udp, buffer, 8, NULL));
  assert_int_equal(send(l.fd, "abc", 3, 0), 3);
  assert_true(fixture_run(f));
  assert_string_equal(buffer, "abc");
  vt_forget(vt_udp_close(l.udp));
  assert_true(fixture_run(f));
  close(l.fd);
}

/* ---- elsewhere ---- */

struct stranger {
  vt_udp_t *udp;
  int64_t without_loop, received, sent, closed;
  const char *problem;
};

static void use_from_elsewhere(void *arg) {
  struct stranger *s = arg;
  struct fixture f;
  char buffer[8];
  s->without_loop = vt_status(vt_udp_send(s->udp, "x", 1, NULL));
  s->problem = fixture_open_beside(&f);
  if (s->problem)
    return;
  s->received = vt_status(vt_udp_receive(s->udp, buffer, 8, NULL));
  s->sent = vt_status(vt_udp_send(s->udp, "x", 1, NULL));
  s->closed = vt_status(vt_udp_close(s->udp));
  s->problem = fixture_close(&f);
}

static void another_thread_is_refused(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  struct stranger s = {.udp = l.udp};
  fixture_on_thread(use_from_elsewhere, &s, 0);
  assert_null(s.problem);
  assert_status(s.without_loop, VT_ENOLOOP);
  assert_status(s.received, VT_ETHREAD);
  assert_status(s.sent, VT_ETHREAD);
  assert_status(s.closed, VT_ETHREAD);
  link_close(f, &l);
}

/* The receive ends with its scope, the close does not. */
static void a_scope_ends_a_receive(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  vt_scope_t *scope;
  struct seen seen = {0};
  char buffer[8];
  assert_int_equal(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(vt_udp_receive(l.udp, buffer, 8, NULL), seen_k, &seen);
  assert_int_equal(vt_scope_cancel(scope, UV_ECANCELED), 0);
  vt_t refused = vt_udp_receive(l.udp, buffer, 8, NULL);
  vt_t closed = vt_udp_close(l.udp);
  vt_scope_leave(before);
  assert_true(vt_status(refused) < 0);
  assert_status(run(f, closed).status, 0);
  assert_status(run(f, vt_scope_join(scope)).status, UV_ECANCELED);
  assert_seen_status(&seen, UV_ECANCELED);
  close(l.fd);
}

/* ---- memory ---- */

static void warm_nothing_allocates(void **state) {
  struct fixture *f = *state;
  struct linked l = link_open();
  char buffer[8];
  uint64_t before = 0;
  for (int i = 0; i < 50; i++) {
    struct seen sent = {0};
    if (i == 2)
      before = fixture_allocations();
    vt_t v = vt_udp_receive(l.udp, buffer, 8, NULL);
    assert_int_equal(send(l.fd, "abc", 3, 0), 3);
    assert_int_equal(run(f, v).value.u, 3);
    fill(l.udp, &sent);
    while (sent.count == 0) {
      assert_int_equal(recv(l.fd, buffer, 1, 0), 1);
      pair_turns(f);
    }
    assert_seen_int(&sent, 1);
  }
  assert_int_equal(fixture_allocations(), before);
  link_close(f, &l);
}

SCENARIO(without_memory_each_call_is_clear) {
  struct linked l;
  char buffer[8];
  const char *problem = link_make(&l);
  if (problem) {
    if (l.udp)
      run_await(r, vt_udp_close(l.udp));
    return;
  }
  vt_t v = vt_udp_receive(l.udp, buffer, 8, NULL);
  if (send(l.fd, "abc", 3, 0) != 3)
    run_tell(r, "not sent");
  run_await(r, v);
  fill(l.udp, &r->seen[r->owed++]);
  while (recv(l.fd, buffer, 1, MSG_DONTWAIT) == 1) {
  }
  fixture_run(&r->f);
  run_await(r, vt_udp_close(l.udp));
  close(l.fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_receive_may_close_what_is_sending),
      fixture_test(a_continuation_may_receive_again),
      fixture_test(closing_it_ends_all_and_refuses_more),
      fixture_test(a_result_not_taken_outlives_its_socket),
      fixture_test(open_it_refuses_a_detach),
      fixture_test(forgotten_they_go_on),
      fixture_test(another_thread_is_refused),
      fixture_test(a_scope_ends_a_receive),
      fixture_test(warm_nothing_allocates),
      cmocka_unit_test(without_memory_each_call_is_clear),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("udp_life", tests);
}
