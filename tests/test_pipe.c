/* SPDX-License-Identifier: MIT */
/* Local sockets and pipes: names, connecting, descriptors of the user's. */
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

static void close_stream(struct fixture *f, void *stream) {
  assert_non_null(stream);
  assert_status(run(f, vt_stream_close(stream)).status, 0);
}

static void close_listener(struct fixture *f, vt_listener_t *l) {
  assert_status(run(f, vt_listener_close(l)).status, 0);
}

/* A name that no file has. */
static void new_name(char *name) {
  tmp_file(name);
  unlink(name);
}

static vt_listener_t *listen_to(const char *name) {
  vt_listener_t *l = NULL;
  assert_int_equal(vt_pipe_listen(name, 8, &l), 0);
  return l;
}

/* Sends three bytes from one stream to the other. */
static void assert_connected(struct fixture *f, vt_stream_t *from,
                             vt_stream_t *to) {
  char back[4] = "";
  assert_status(run(f, vt_stream_write(from, "abc", 3)).status, 0);
  assert_int_equal(run(f, vt_stream_read_exact(to, back, 3)).value.u, 3);
  assert_string_equal(back, "abc");
}

/* The other side has closed. */
static void assert_hung_up(struct fixture *f, vt_stream_t *s) {
  char byte;
  assert_status(run(f, vt_stream_read(s, &byte, 1)).status, UV_EOF);
  close_stream(f, s);
}

/* ---- it works ---- */

static void uv_pipe_connect_completes(void **state) {
  struct fixture *f = *state;
  char name[TMP_PATH];
  new_name(name);
  vt_listener_t *l = listen_to(name);
  vt_result_t client = run(f, vt_pipe_connect(name));
  vt_result_t server = run(f, vt_listener_accept(l));
  assert_status(client.status, 0);
  assert_status(server.status, 0);
  assert_connected(f, client.value.p, server.value.p);
  assert_connected(f, server.value.p, client.value.p);
  close_stream(f, client.value.p);
  close_stream(f, server.value.p);
  close_listener(f, l);
  assert_int_equal(access(name, F_OK), -1); /* it went with the listener */
}

static void the_walk_tells_the_name(void **state) {
  struct fixture *f = *state;
  char name[TMP_PATH];
  new_name(name);
  vt_listener_t *l = listen_to(name);
  assert_int_equal(fixture_detach(f), UV_EBUSY);
  const struct fixture_report *r = fixture_take_report(f, VT_REPORT_LEFT);
  assert_non_null(r);
  assert_string_equal(r->what, "listener");
  assert_string_equal(r->subject, name);
  close_listener(f, l);
}

static void an_abstract_name_has_no_file(void **state) {
  struct fixture *f = *state;
  char name[64] = "";
  vt_listener_t *l = NULL;
  size_t size = 1 + (size_t)snprintf(name + 1, sizeof name - 1, "vt-test-%d",
                                     (int)getpid());
  assert_int_equal(vt_pipe_listen2(name, size, 8, &l), 0);
  vt_result_t client = run(f, vt_pipe_connect2(name, size));
  if (uv_version() < 0x012e00) {
    assert_status(client.status, UV_ENOTSUP);
  } else {
    vt_result_t server = run(f, vt_listener_accept(l));
    assert_connected(f, client.value.p, server.value.p);
    close_stream(f, client.value.p);
    close_stream(f, server.value.p);
  }
  close_listener(f, l);
}

static void both_ends_of_a_pipe_are_streams(void **state) {
  struct fixture *f = *state;
  vt_stream_t *from, *to;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(vt_pipe_open(fds[0], false, &to), 0);
  assert_int_equal(vt_pipe_open(fds[1], false, &from), 0);
  assert_connected(f, from, to);
  close_stream(f, from);
  assert_hung_up(f, to);
}

/* ---- it fails ---- */

static void uv_pipe_connect_fails(void **state) {
  struct fixture *f = *state;
  char name[TMP_PATH];
  new_name(name);
  assert_status(run(f, vt_pipe_connect(name)).status, UV_ENOENT);
  tmp_file(name); /* no socket */
  assert_status(run(f, vt_pipe_connect(name)).status, UV_ECONNREFUSED);
  unlink(name);
  assert_int_equal(fixture_detach(f), 0);
}

static void uv_pipe_connect_is_cancelled(void **state) {
  struct fixture *f = *state;
  char name[TMP_PATH];
  struct seen seen = {0};
  new_name(name);
  vt_listener_t *l = listen_to(name);
  int fds = tmp_count_fds();
  vt_t v = vt_pipe_connect(name);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_hung_up(f, run(f, vt_listener_accept(l)).value.p);
  assert_int_equal(tmp_count_fds(), fds);
  close_listener(f, l);
}

#if UV_VERSION_HEX >= 0x012e00
static void uv_pipe_connect2_completes(void **state) {
  uv_pipe_connect_completes(state);
}
static void uv_pipe_connect2_fails(void **state) {
  uv_pipe_connect_fails(state);
}
static void uv_pipe_connect2_is_cancelled(void **state) {
  uv_pipe_connect_is_cancelled(state);
}
#endif

/* The longest name is not cut, one that is longer is not connected to what its
 * first bytes name. */
static void a_long_name_is_never_cut(void **state) {
  struct fixture *f = *state;
  char folder[TMP_PATH], name[TMP_PATH], longer[TMP_PATH + 1];
  vt_listener_t *l = NULL;
  new_name(folder);
  snprintf(name, sizeof name, "%s", folder);
  for (size_t i = strlen(name); i < 107; i++)
    name[i] = 'x';
  name[107] = '\0';
  snprintf(longer, sizeof longer, "%sy", name);
  l = listen_to(name);
  assert_status(run(f, vt_pipe_connect(longer)).status, UV_ENAMETOOLONG);
  assert_int_equal(vt_pipe_listen(longer, 8, &l), UV_ENAMETOOLONG);
  vt_result_t r = run(f, vt_pipe_connect(name));
  assert_status(r.status, 0);
  close_stream(f, r.value.p);
  close_listener(f, l);
}

/* H7: by default the signal would end the process. */
static void a_write_to_nobody_is_no_signal(void **state) {
  struct fixture *f = *state;
  vt_stream_t *s;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  close(fds[0]);
  assert_int_equal(vt_pipe_open(fds[1], false, &s), 0);
  for (int i = 0; i < 2; i++)
    assert_status(run(f, vt_stream_write(s, "x", 1)).status, UV_EPIPE);
  close_stream(f, s);
}

static void a_name_in_use_is_told(void **state) {
  struct fixture *f = *state;
  char name[TMP_PATH];
  vt_listener_t *other = NULL;
  new_name(name);
  vt_listener_t *l = listen_to(name);
  assert_int_equal(vt_pipe_listen(name, 8, &other), UV_EADDRINUSE);
  assert_null(other);
  assert_int_equal(access(name, F_OK), 0); /* it is not the other's to delete */
  close_listener(f, l);
}

static void bad_arguments_are_einval(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l;
  vt_stream_t *s;
  assert_int_equal(vt_pipe_listen(NULL, 1, &l), UV_EINVAL);
  assert_int_equal(vt_pipe_listen("", 1, &l), UV_EINVAL);
  assert_int_equal(vt_pipe_listen("x", 1, NULL), UV_EINVAL);
  assert_int_equal(vt_pipe_listen2("a\0b", 3, 1, &l), UV_EINVAL);
  assert_int_equal(vt_pipe_open(0, false, NULL), UV_EINVAL);
  assert_int_equal(vt_pipe_open(-1, false, &s), UV_EBADF);
  assert_status(run(f, vt_pipe_connect(NULL)).status, UV_EINVAL);
  assert_status(run(f, vt_pipe_connect2("", 0)).status, UV_EINVAL);
}

/* ---- without memory ---- */

static const char *connect_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  char name[TMP_PATH];
  vt_listener_t *l = NULL;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  new_name(name);
  fault_arm(n, mode);
  int rc = vt_pipe_listen(name, 8, &l);
  vt_result_t r = {UV_ENOMEM, {0}};
  if (rc == 0)
    r = run(&f, vt_pipe_connect(name));
  fault_disarm();
  if ((rc != 0 && rc != UV_ENOMEM) || (r.status != 0 && r.status != UV_ENOMEM))
    return "another failure";
  if (r.status == 0)
    run(&f, vt_stream_close(r.value.p));
  if (rc == 0)
    run(&f, vt_listener_close(l));
  if (access(name, F_OK) == 0)
    return "the file is left";
  return fixture_close(&f);
}

static void without_memory_nothing_is_left(void **state) {
  (void)state;
  const char *problem = fault_walk(connect_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_pipe_connect_completes),
      fixture_test(the_walk_tells_the_name),
      fixture_test(an_abstract_name_has_no_file),
      fixture_test(both_ends_of_a_pipe_are_streams),
      fixture_test(uv_pipe_connect_fails),
      fixture_test(uv_pipe_connect_is_cancelled),
#if UV_VERSION_HEX >= 0x012e00
      fixture_test(uv_pipe_connect2_completes),
      fixture_test(uv_pipe_connect2_fails),
      fixture_test(uv_pipe_connect2_is_cancelled),
#endif
      fixture_test(a_long_name_is_never_cut),
      fixture_test(a_write_to_nobody_is_no_signal),
      fixture_test(a_name_in_use_is_told),
      fixture_test(bad_arguments_are_einval),
      cmocka_unit_test(without_memory_nothing_is_left),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("pipe", tests);
}
