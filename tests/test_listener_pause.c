/* SPDX-License-Identifier: MIT */
/* A listener whose accept fails in the kernel: it pauses, tells what is no
 * shortage, and goes on by itself; nobody who waits in the backlog is
 * dropped. */
#include "support/fixture.h"
#include "support/net.h"
#include "support/tmp.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
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

/* Takes every descriptor up to a low limit. */
struct shortage {
  struct rlimit limit;
  int fds[64];
  int count;
};

static void shortage_begin(struct shortage *s) {
  struct rlimit low;
  getrlimit(RLIMIT_NOFILE, &s->limit);
  low = s->limit;
  low.rlim_cur = 64;
  setrlimit(RLIMIT_NOFILE, &low);
  s->count = 0;
  while (s->count < 64 && (s->fds[s->count] = dup(0)) >= 0)
    s->count++;
}

static void shortage_end(struct shortage *s) {
  while (s->count > 0)
    close(s->fds[--s->count]);
  setrlimit(RLIMIT_NOFILE, &s->limit);
}

/* Valgrind keeps the limit itself: it lets the kernel accept, and then closes
 * what is one too many. */
static bool limit_is_kept_by_valgrind(void) {
  const char *preload = getenv("LD_PRELOAD");
  return preload && strstr(preload, "vgpreload");
}

static void count_turn(uv_prepare_t *handle) { ++*(int *)handle->data; }

static void without_descriptors_it_pauses_and_goes_on(void **state) {
  struct fixture *f = *state;
  struct shortage shortage;
  struct seen seen = {0}, pause = {0};
  uv_prepare_t prepare;
  int turns = 0;
  if (limit_is_kept_by_valgrind())
    skip();
  vt_listener_t *l = net_listen();
  int one = connect_to(l), two = connect_to(l);
  uv_prepare_init(&f->uv, &prepare);
  prepare.data = &turns;
  uv_prepare_start(&prepare, count_turn);
  /* As after a re-open of libuv's reserve that failed. */
  close(f->uv.emfile_fd);
  f->uv.emfile_fd = -1;
  shortage_begin(&shortage);
  vt_await(vt_listener_accept(l), seen_k, &seen);
  vt_await(vt_delay(100), seen_k, &pause);
  fixture_run_until(f, &pause.count, 1);
  int waited = seen.count, turned = turns;
  shortage_end(&shortage);
  assert_true(fixture_run_until(f, &seen.count, 1));
  uv_close((uv_handle_t *)&prepare, NULL);
  assert_int_equal(waited, 0);
  assert_int_equal(pause.count, 1);
  if (uv_version() < 0x012d00) /* later ones tell no error */
    assert_in_range(turned, 1, 50);
  assert_status(seen.result.status, 0);
  close_stream(f, seen.result.value.p);
  vt_result_t r = run(f, vt_listener_accept(l)); /* nobody was dropped */
  assert_status(r.status, 0);
  close_stream(f, r.value.p);
  close(one);
  close(two);
  close_listener(f, l);
}

/* With room for itself alone it would have libuv drop all who wait. */
static void with_one_descriptor_it_still_pauses(void **state) {
  struct fixture *f = *state;
  struct shortage shortage;
  struct seen seen = {0}, pause = {0}, other = {0};
  if (limit_is_kept_by_valgrind())
    skip();
  vt_listener_t *l = net_listen();
  int fd = connect_to(l);
  close(f->uv.emfile_fd);
  f->uv.emfile_fd = -1;
  shortage_begin(&shortage);
  vt_await(vt_listener_accept(l), seen_k, &seen);
  vt_await(vt_delay(40), seen_k, &pause);
  fixture_run_until(f, &pause.count, 1);
  close(shortage.fds[--shortage.count]);
  vt_await(vt_delay(200), seen_k, &other);
  fixture_run_until(f, &other.count, 1);
  shortage_end(&shortage);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_status(seen.result.status, 0);
  close_stream(f, seen.result.value.p);
  close(fd);
  close_listener(f, l);
}

static void paused_it_can_be_closed(void **state) {
  struct fixture *f = *state;
  struct shortage shortage;
  struct seen seen = {0}, closed = {0};
  if (limit_is_kept_by_valgrind())
    skip();
  vt_listener_t *l = net_listen();
  int fd = connect_to(l);
  close(f->uv.emfile_fd);
  f->uv.emfile_fd = -1;
  shortage_begin(&shortage);
  vt_await(vt_listener_accept(l), seen_k, &seen);
  settle(f);
  vt_await(vt_listener_close(l), seen_k, &closed);
  fixture_run_until(f, &closed.count, 1);
  shortage_end(&shortage);
  assert_seen_int(&closed, 0);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_true(is_hung_up(fd));
  close(fd);
}

static int connect_to_name(const char *name) {
  struct sockaddr_un addr = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  strncpy(addr.sun_path, name, sizeof addr.sun_path - 1);
  assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof addr), 0);
  return fd;
}

/* libuv deletes the file with the handle, which the pause closes. */
static void a_local_socket_keeps_its_name(void **state) {
  struct fixture *f = *state;
  struct shortage shortage;
  struct seen seen = {0}, pause = {0};
  char name[TMP_PATH];
  vt_listener_t *l;
  if (limit_is_kept_by_valgrind())
    skip();
  tmp_file(name);
  unlink(name);
  assert_int_equal(vt_pipe_listen(name, 8, &l), 0);
  int one = connect_to_name(name);
  close(f->uv.emfile_fd);
  f->uv.emfile_fd = -1;
  shortage_begin(&shortage);
  vt_await(vt_listener_accept(l), seen_k, &seen);
  vt_await(vt_delay(40), seen_k, &pause);
  fixture_run_until(f, &pause.count, 1);
  int waited = seen.count;
  shortage_end(&shortage);
  assert_int_equal(waited, 0);
  int two = connect_to_name(name); /* paused or not */
  assert_true(fixture_run_until(f, &seen.count, 1));
  close_stream(f, seen.result.value.p);
  close_stream(f, run(f, vt_listener_accept(l)).value.p);
  close(one);
  close(two);
  close_listener(f, l);
  assert_int_equal(access(name, F_OK), -1);
}

/* Makes the kernel's accept fail with UV_EINVAL until it listens again. */
static void break_socket(vt_listener_t *l) {
  uv_os_fd_t fd;
  assert_int_equal(uv_fileno((uv_handle_t *)vt_listener_uv(l), &fd), 0);
  assert_int_equal(shutdown(fd, SHUT_RD), 0);
}

static void wait_ms(struct fixture *f, uint64_t ms) {
  assert_status(run(f, vt_delay(ms)).status, 0);
}

static void another_error_is_told_and_it_goes_on(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, again = {0};
  vt_listener_t *l = net_listen();
  if (uv_version() >= 0x012d00)
    skip(); /* it tells no error */
  vt_await(vt_listener_accept(l), seen_k, &seen);
  break_socket(l);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_status(&seen, UV_EINVAL);
  vt_t v = vt_listener_accept(l); /* while it pauses */
  assert_false(vt_in_hand(v));
  vt_await(v, seen_k, &again);
  wait_ms(f, 30);
  int fd = connect_to(l); /* on the port that the kernel gave it anew */
  assert_true(fixture_run_until(f, &again.count, 1));
  assert_status(again.result.status, 0);
  close_stream(f, again.result.value.p);
  close(fd);
  close_listener(f, l);
}

static void an_error_before_an_accept_is_told_to_the_next(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  if (uv_version() >= 0x012d00)
    skip();
  break_socket(l);
  wait_ms(f, 1);
  assert_false(uv_loop_alive(&f->uv)); /* not by the pause either */
  vt_t v = vt_listener_accept(l);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_EINVAL);
  wait_ms(f, 30);
  assert_false(uv_loop_alive(&f->uv)); /* nor when it is over */
  int fd = connect_to(l);
  vt_result_t r = run(f, vt_listener_accept(l));
  assert_status(r.status, 0);
  close_stream(f, r.value.p);
  close(fd);
  close_listener(f, l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(without_descriptors_it_pauses_and_goes_on),
      fixture_test(with_one_descriptor_it_still_pauses),
      fixture_test(paused_it_can_be_closed),
      fixture_test(a_local_socket_keeps_its_name),
      fixture_test(another_error_is_told_and_it_goes_on),
      fixture_test(an_error_before_an_accept_is_told_to_the_next),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
