/* SPDX-License-Identifier: MIT */
/* Readiness: what is its alone. tests/test_watch.c has what it shares. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- helpers ---- */

/* An object for one end of a pair of sockets. */
struct ends {
  int fd[2];
  vt_poll_t *poll; /* of fd[0] */
};

static struct ends open_ends(void) {
  struct ends e = {.poll = NULL};
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, e.fd), 0);
  assert_status(vt_poll_new(e.fd[0], &e.poll), 0);
  return e;
}

static void close_ends(struct fixture *f, struct ends *e) {
  assert_status(vt_loop_run(f->vt, vt_poll_close(e->poll)).status, 0);
  close(e->fd[0]);
  if (e->fd[1] >= 0)
    close(e->fd[1]);
}

static void send_byte(int fd) { assert_int_equal(write(fd, "x", 1), 1); }

static void on_poll(uv_poll_t *handle, int status, int events) {
  *(int *)handle->data = status == 0 ? events : status;
  uv_poll_stop(handle);
}

/* ---- it works ---- */

static void uv_poll_start_completes(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  vt_t v = vt_poll_wait(e.poll, UV_WRITABLE | UV_READABLE);
  assert_int_equal(vt_loop_run(f->vt, v).value.u, UV_WRITABLE);
  send_byte(e.fd[1]);
  v = vt_poll_wait(e.poll, UV_WRITABLE | UV_READABLE);
  assert_int_equal(vt_loop_run(f->vt, v).value.u, UV_WRITABLE | UV_READABLE);
  close_ends(f, &e);
}

static void each_is_told_its_own(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  struct seen reads[2] = {{0}, {0}}, writes = {0};
  vt_await(vt_poll_wait(e.poll, UV_READABLE), seen_k, &reads[0]);
  vt_await(vt_poll_wait(e.poll, UV_WRITABLE), seen_k, &writes);
  vt_await(vt_poll_wait(e.poll, UV_READABLE), seen_k, &reads[1]);
  assert_true(fixture_run_until(f, &writes.count, 1));
  assert_seen_int(&writes, UV_WRITABLE);
  assert_int_equal(reads[0].count, 0);
  send_byte(e.fd[1]);
  assert_true(fixture_run(f));
  for (int i = 0; i < 2; i++)
    assert_seen_int(&reads[i], UV_READABLE);
  close_ends(f, &e);
}

static void tells_of_a_peer_that_is_gone(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  close(e.fd[1]);
  e.fd[1] = -1;
  vt_t v = vt_poll_wait(e.poll, UV_READABLE | UV_DISCONNECT);
  assert_int_equal(vt_loop_run(f->vt, v).value.u, UV_READABLE | UV_DISCONNECT);
  close_ends(f, &e);
}

/* Readable all the time, the descriptor wakes the loop once for nobody. */
static void nobody_waiting_the_loop_does_not_spin(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  send_byte(e.fd[1]);
  vt_t v = vt_poll_wait(e.poll, UV_READABLE);
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_true(uv_is_active((uv_handle_t *)vt_poll_uv(e.poll)));
  for (int i = 0; i < 3; i++)
    assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
  assert_false(uv_is_active((uv_handle_t *)vt_poll_uv(e.poll)));
  v = vt_poll_wait(e.poll, UV_READABLE);
  assert_status(vt_loop_run(f->vt, v).status, 0);
  close_ends(f, &e);
}

static void the_descriptor_may_go_after_the_close(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  struct ends again;
  struct seen seen = {0};
  vt_await(vt_poll_wait(e.poll, UV_READABLE), seen_k, &seen);
  vt_forget(vt_poll_close(e.poll));
  close(e.fd[0]);
  close(e.fd[1]);
  again = open_ends(); /* of the same numbers */
  assert_int_equal(again.fd[0], e.fd[0]);
  vt_t v = vt_poll_wait(again.poll, UV_WRITABLE);
  assert_int_equal(vt_loop_run(f->vt, v).value.u, UV_WRITABLE);
  assert_seen_status(&seen, UV_ECANCELED);
  close_ends(f, &again);
}

static void unwrapped_a_handle_serves_its_user(void **state) {
  struct fixture *f = *state;
  uv_poll_t uv;
  vt_poll_t *p;
  int fd[2], came = 0;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
  uv_poll_init(&f->uv, &uv, fd[0]);
  uv.data = &came;
  uv_poll_start(&uv, UV_READABLE, on_poll);
  assert_status(vt_poll_wrap(&uv, &p), UV_EBUSY);
  uv_poll_stop(&uv);
  assert_status(vt_poll_wrap(&uv, &p), 0);
  vt_t v = vt_poll_wait(p, UV_WRITABLE);
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_false(uv_is_active((uv_handle_t *)&uv)); /* it would hold the loop */
  assert_status(vt_poll_unwrap(p), 0);
  uv_poll_start(&uv, UV_WRITABLE, on_poll);
  assert_true(fixture_run(f));
  assert_int_equal(came, UV_WRITABLE);
  assert_status(vt_loop_run(f->vt, vt_close((uv_handle_t *)&uv)).status, 0);
  close(fd[0]);
  close(fd[1]);
}

/* ---- it fails ---- */

static void uv_poll_start_fails(void **state) {
  struct fixture *f = *state;
  vt_poll_t *p = NULL;
  struct ends e = open_ends();
  int file = tmp_fd();
  assert_status(vt_poll_new(file, &p), UV_EPERM);
  assert_status(vt_poll_new(-1, &p), UV_EBADF);
  assert_null(p);
  assert_status(vt_status(vt_poll_wait(e.poll, 0)), UV_EINVAL);
  assert_status(vt_status(vt_poll_wait(e.poll, 1 << 10)), UV_EINVAL);
  assert_status(vt_status(vt_poll_wait(NULL, UV_READABLE)), UV_EINVAL);
  close(file);
  close_ends(f, &e);
}

static void a_descriptor_has_one_object(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  vt_poll_t *second = NULL;
  struct seen seen = {0};
  vt_await(vt_poll_wait(e.poll, UV_READABLE), seen_k, &seen);
  assert_status(vt_poll_new(e.fd[0], &second), UV_EEXIST);
  close_ends(f, &e);
  assert_seen_status(&seen, UV_ECANCELED);
}

/* The reading end gone, the kernel tells an error of the writing one. */
static void an_error_is_told_to_all(void **state) {
  struct fixture *f = *state;
  struct seen seen[2] = {{0}, {0}};
  vt_poll_t *p;
  char bytes[4096] = {0};
  int fd[2];
  assert_int_equal(pipe(fd), 0);
  assert_status(vt_poll_new(fd[1], &p), 0);
  while (write(fd[1], bytes, sizeof bytes) > 0)
    ;
  vt_await(vt_poll_wait(p, UV_READABLE), seen_k, &seen[0]);
  vt_await(vt_poll_wait(p, UV_DISCONNECT), seen_k, &seen[1]);
  close(fd[0]);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_EBADF);
  assert_seen_status(&seen[1], UV_EBADF);
  assert_status(vt_loop_run(f->vt, vt_poll_close(p)).status, 0);
  close(fd[1]);
}

static void uv_poll_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct ends e = open_ends();
  struct seen seen = {0};
  vt_t v = vt_poll_wait(e.poll, UV_READABLE);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  close_ends(f, &e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_poll_start_completes),
      fixture_test(each_is_told_its_own),
      fixture_test(tells_of_a_peer_that_is_gone),
      fixture_test(nobody_waiting_the_loop_does_not_spin),
      fixture_test(the_descriptor_may_go_after_the_close),
      fixture_test(unwrapped_a_handle_serves_its_user),
      fixture_test(uv_poll_start_fails),
      fixture_test(a_descriptor_has_one_object),
      fixture_test(an_error_is_told_to_all),
      fixture_test(uv_poll_start_is_cancelled),
  };
  return fixture_main("poll", tests);
}
