/* SPDX-License-Identifier: MIT */
/* Processes: what is theirs alone. tests/test_watch.c has what they share. */
#include "support/fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- helpers ---- */

/* A shell that runs a script. */
struct shell {
  char *args[4];
  uv_process_options_t options;
};

static void shell_init(struct shell *s, const char *script) {
  memset(s, 0, sizeof *s);
  s->args[0] = (char *)(uintptr_t) "sh";
  s->args[1] = (char *)(uintptr_t) "-c";
  s->args[2] = (char *)(uintptr_t)script;
  s->options.file = "sh";
  s->options.args = s->args;
}

static vt_process_t *spawn_shell(const char *script, unsigned flags) {
  struct shell s;
  vt_process_t *p = NULL;
  shell_init(&s, script);
  s.options.flags = flags;
  assert_status(vt_spawn(&s.options, &p), 0);
  return p;
}

static void close_process(struct fixture *f, vt_process_t *p) {
  assert_status(vt_loop_run(f->vt, vt_process_close(p)).status, 0);
}

/* No child is left, also none that has ended. */
static void assert_no_child(void) {
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
  assert_int_equal(errno, ECHILD);
}

/* ---- it works ---- */

static void uv_spawn_completes(void **state) {
  struct fixture *f = *state;
  vt_process_t *p = spawn_shell("exit 3", 0);
  struct seen seen[3] = {{0}, {0}, {0}};
  for (int i = 0; i < 2; i++)
    vt_await(vt_process_wait(p), seen_k, &seen[i]);
  assert_true(fixture_run(f));
  vt_t again = vt_process_wait(p);
  assert_true(vt_in_hand(again));
  vt_await(again, seen_k, &seen[2]);
  for (int i = 0; i < 3; i++)
    assert_seen_int(&seen[i], 3);
  assert_status(vt_process_kill(p, SIGTERM), UV_ESRCH);
  vt_process_uv(p)->pid = getpid(); /* another one has got its number */
  assert_status(vt_process_kill(p, 0), UV_ESRCH);
  close_process(f, p);
  assert_no_child();
}

static void tells_the_signal_that_ended_it(void **state) {
  struct fixture *f = *state;
  vt_process_t *p = spawn_shell("kill -USR1 $$; sleep 1000", 0);
  assert_int_equal(vt_loop_run(f->vt, vt_process_wait(p)).value.i, -SIGUSR1);
  close_process(f, p);
}

static void a_kill_ends_it(void **state) {
  struct fixture *f = *state;
  vt_process_t *p = spawn_shell("exec sleep 1000", 0);
  assert_status(vt_process_kill(p, 0), 0);
  assert_status(vt_process_kill(p, 12345), UV_EINVAL);
  assert_status(vt_process_kill(p, SIGTERM), 0);
  assert_int_equal(vt_loop_run(f->vt, vt_process_wait(p)).value.i, -SIGTERM);
  close_process(f, p);
}

static void reads_what_it_writes(void **state) {
  struct fixture *f = *state;
  struct shell s;
  vt_process_t *p;
  int fd[2];
  char text[16] = "";
  uv_stdio_container_t stdio[2] = {{.flags = UV_IGNORE},
                                   {.flags = UV_INHERIT_FD}};
  assert_int_equal(pipe(fd), 0);
  stdio[1].data.fd = fd[1];
  shell_init(&s, "echo hello");
  s.options.stdio = stdio;
  s.options.stdio_count = 2;
  assert_status(vt_spawn(&s.options, &p), 0);
  close(fd[1]);
  assert_int_equal(vt_loop_run(f->vt, vt_process_wait(p)).value.i, 0);
  assert_int_equal(read(fd[0], text, sizeof text - 1), 6);
  assert_string_equal(text, "hello\n");
  close(fd[0]);
  close_process(f, p);
}

static void many_at_once_are_told_apart(void **state) {
  enum { MANY = 20 };
  struct fixture *f = *state;
  vt_process_t *p[MANY];
  struct seen seen[MANY] = {{0}};
  char script[32];
  for (int i = 0; i < MANY; i++) {
    snprintf(script, sizeof script, "exit %d", i);
    p[i] = spawn_shell(script, 0);
    vt_await(vt_process_wait(p[i]), seen_k, &seen[i]);
  }
  assert_true(fixture_run(f));
  for (int i = 0; i < MANY; i++) {
    assert_seen_int(&seen[i], i);
    close_process(f, p[i]);
  }
  assert_no_child();
}

/* ---- its end ---- */

static void closed_it_is_collected_when_it_ends(void **state) {
  struct fixture *f = *state;
  vt_process_t *p = spawn_shell("exec sleep 1000", 0);
  struct seen closed = {0}, ended = {0};
  vt_await(vt_process_wait(p), seen_k, &ended);
  vt_await(vt_process_close(p), seen_k, &closed);
  for (int i = 0; i < 5; i++)
    fixture_turn(f);
  assert_int_equal(closed.count, 0);
  assert_status(vt_status(vt_process_wait(p)), UV_EBADF);
  assert_status(vt_process_kill(p, SIGKILL), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&ended, -SIGKILL);
  assert_seen_status(&closed, 0);
  assert_no_child();
}

static void detached_it_is_let_go(void **state) {
  struct fixture *f = *state;
  vt_process_t *p = spawn_shell("exec sleep 1000", UV_PROCESS_DETACHED);
  pid_t pid = vt_process_uv(p)->pid;
  struct seen seen = {0};
  vt_await(vt_process_wait(p), seen_k, &seen);
  close_process(f, p);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(kill(pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* ---- it fails ---- */

/* H16: the handle of a failed uv_spawn is open, and closed by itself. */
static void uv_spawn_fails(void **state) {
  struct fixture *f = *state;
  struct shell s;
  vt_process_t *p = NULL;
  shell_init(&s, "true");
  s.options.file = "/no/such/program";
  assert_status(vt_spawn(&s.options, &p), UV_ENOENT);
  s.options.file = "/";
  assert_status(vt_spawn(&s.options, &p), UV_EACCES);
  shell_init(&s, "true");
  s.options.cwd = "/no/such/folder";
  assert_status(vt_spawn(&s.options, &p), UV_ENOENT);
  assert_null(p);
  assert_true(fixture_run(f));
  assert_no_child();
}

static void on_exit_of_user(uv_process_t *p, int64_t status, int signum) {
  (void)p;
  (void)status;
  (void)signum;
}

static void refuses_what_libuv_would_abort_for(void **state) {
  struct shell s;
  vt_process_t *p = NULL;
  uv_stdio_container_t stdio = {.flags = UV_CREATE_PIPE};
  (void)state;
  assert_status(vt_spawn(NULL, &p), UV_EINVAL);
  shell_init(&s, "true");
  s.options.file = NULL;
  assert_status(vt_spawn(&s.options, &p), UV_EINVAL);
  shell_init(&s, "true");
  s.options.flags = 1u << 20;
  assert_status(vt_spawn(&s.options, &p), UV_EINVAL);
  shell_init(&s, "true");
  s.options.stdio = &stdio;
  s.options.stdio_count = 1;
  assert_status(vt_spawn(&s.options, &p), UV_EINVAL);
  stdio.flags = UV_CREATE_PIPE | UV_INHERIT_FD;
  assert_status(vt_spawn(&s.options, &p), UV_EINVAL);
  shell_init(&s, "true");
  s.options.exit_cb = on_exit_of_user;
  assert_status(vt_spawn(&s.options, &p), UV_EINVAL);
  assert_null(p);
}

static void uv_spawn_is_cancelled(void **state) {
  struct fixture *f = *state;
  vt_process_t *p = spawn_shell("exec sleep 1000", 0);
  struct seen seen = {0};
  vt_t v = vt_process_wait(p);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_status(vt_process_kill(p, SIGKILL), 0); /* it runs on */
  close_process(f, p);
  assert_no_child();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_spawn_completes),
      fixture_test(tells_the_signal_that_ended_it),
      fixture_test(a_kill_ends_it),
      fixture_test(reads_what_it_writes),
      fixture_test(many_at_once_are_told_apart),
      fixture_test(closed_it_is_collected_when_it_ends),
      fixture_test(detached_it_is_let_go),
      fixture_test(uv_spawn_fails),
      fixture_test(refuses_what_libuv_would_abort_for),
      fixture_test(uv_spawn_is_cancelled),
  };
  return fixture_main("process", tests);
}
