/* SPDX-License-Identifier: MIT */
/* The whole server, its threads and its sockets, where one call after another
 * fails: memory, descriptors, threads, locks, a loop of several that cannot
 * listen. It either says why in a line and exits with 1, or it serves; and
 * nothing of it is left. Each run is a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "samples/site.h"
#include "support/net.h"

/* ---- what fails ---- */

/* Of the run, seen by both processes. */
struct faults {
  atomic_int left; /* calls until the first failure; -1: none fails */
  atomic_bool forever;
  atomic_int failures;
  atomic_bool watched; /* in the server */
};

static struct faults *faults;

static bool refuse(void) {
  if (!faults || !atomic_load(&faults->watched))
    return false;
  int left = atomic_load(&faults->left);
  while (left > 0)
    if (atomic_compare_exchange_weak(&faults->left, &left, left - 1))
      return false;
  if (left < 0)
    return false;
  if (!atomic_load(&faults->forever) &&
      !atomic_compare_exchange_strong(&faults->left, &left, -1))
    return false;
  atomic_fetch_add(&faults->failures, 1);
  return true;
}

/* The linker gives the server these in place of the real ones. */
#define WRAPPED(type, name, parameters, call, failure)                         \
  type __real_##name parameters;                                               \
  type __wrap_##name parameters;                                               \
  type __wrap_##name parameters {                                              \
    return refuse() ? (failure) : __real_##name call;                          \
  }

static int fail_with(int error) {
  errno = error;
  return -1;
}

WRAPPED(void *, malloc, (size_t size), (size), NULL)
WRAPPED(void *, calloc, (size_t count, size_t size), (count, size), NULL)
WRAPPED(void *, realloc, (void *block, size_t size), (block, size), NULL)
WRAPPED(int, socket, (int domain, int type, int protocol),
        (domain, type, protocol), fail_with(EMFILE))
WRAPPED(int, bind, (int fd, const struct sockaddr *address, socklen_t size),
        (fd, address, size), fail_with(EADDRINUSE))
WRAPPED(int, chmod, (const char *path, mode_t mode), (path, mode),
        fail_with(EPERM))
WRAPPED(int, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
        (fd, address, size), fail_with(ENOBUFS))
WRAPPED(int, uv_loop_init, (uv_loop_t * loop), (loop), UV_EMFILE)
WRAPPED(int, uv_mutex_init, (uv_mutex_t * lock), (lock), UV_EAGAIN)
WRAPPED(int, uv_sem_init, (uv_sem_t * sem, unsigned value), (sem, value),
        UV_EAGAIN)
WRAPPED(int, uv_thread_create,
        (uv_thread_t * thread, uv_thread_cb entry, void *arg),
        (thread, entry, arg), UV_EAGAIN)
WRAPPED(int, uv_listen,
        (uv_stream_t * stream, int backlog, uv_connection_cb cb),
        (stream, backlog, cb), UV_EADDRINUSE)
WRAPPED(int, uv_tcp_open, (uv_tcp_t * tcp, uv_os_sock_t fd), (tcp, fd),
        UV_EEXIST)
WRAPPED(int, uv_pipe_open, (uv_pipe_t * pipe, uv_os_sock_t fd), (pipe, fd),
        UV_EINVAL)
WRAPPED(int, uv_signal_init, (uv_loop_t * loop, uv_signal_t *signal),
        (loop, signal), UV_EMFILE)
WRAPPED(int, uv_signal_start,
        (uv_signal_t * signal, uv_signal_cb cb, int number),
        (signal, cb, number), UV_EINVAL)

/* ---- the server, in a process ---- */

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

enum { SAME_FILES = 0, MORE_FILES = 9, SOCKETS = 2 };

struct plan {
  const char *const *arguments; /* a list that ends in NULL */
  bool inherits;                /* sockets, in place of a port */
};

/* Listens on a free port as descriptor fd. */
static bool inherit(int fd) {
  struct sockaddr_in address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  int own = __real_socket(AF_INET, SOCK_STREAM, 0);
  if (own < 0 ||
      __real_bind(own, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(own, 8) != 0 || dup2(own, fd) < 0)
    return false;
  if (own != fd)
    close(own);
  return true;
}

static bool inherit_all(void) {
  char pid[16], count[16];
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  snprintf(count, sizeof count, "%d", (int)SOCKETS);
  setenv("LISTEN_PID", pid, 1);
  setenv("LISTEN_FDS", count, 1);
  setenv("LISTEN_FDNAMES", "resp:http", 1);
  for (int i = 0; i < SOCKETS; i++)
    if (!inherit(3 + i))
      return false;
  return true;
}

/* Does not return. The status, and 9 for descriptors that are left. */
static void become_server(struct site *s, const struct plan *plan, int out) {
  const char *argv[24] = {"vt-cache-server", "--db", s->db};
  int argc = 3, errors;
  for (const char *const *at = plan->arguments; *at; at++)
    argv[argc++] = *at;
  errors = open(s->errors, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  dup2(out, 1);
  dup2(errors, 2);
  if (plan->inherits && !inherit_all())
    _exit(8);
  const struct site self = {.pid = getpid()};
  int before = site_files(&self);
  atomic_store(&faults->watched, true);
  int status = __real_main(argc, (char **)(uintptr_t)argv);
  atomic_store(&faults->watched, false);
  int after = site_files(&self);
  fflush(stdout);
  exit(after > before ? MORE_FILES : status);
}

/* ---- a run ---- */

/* Its port, once it says that it listens; 0 when it ends before. */
static int read_port(int fd) {
  char text[2048] = "";
  size_t size = 0;
  const char *at = NULL;
  while (!at && size < sizeof text - 1) {
    ssize_t n = read(fd, text + size, sizeof text - 1 - size);
    if (n <= 0)
      return 0;
    size += (size_t)n;
    text[size] = '\0';
    at = strstr(text, "listening on 127.0.0.1:");
    at = at && strchr(at, '\n') ? at : NULL;
  }
  return at ? atoi(strrchr(strtok((char *)(uintptr_t)at, "\n"), ':') + 1) : 0;
}

static bool gets_germany(const struct site *s) {
  static const char wanted[] = "$7\r\nGermany\r\n";
  char got[sizeof wanted] = "";
  int fd = site_connect(s);
  bool good = fd >= 0 && net_send(fd, "GET country:DE\r\n", 16) &&
              net_recv(fd, got, sizeof wanted - 1) == sizeof wanted - 1 &&
              strcmp(got, wanted) == 0;
  if (fd >= 0)
    close(fd);
  return good;
}

/* True when all is well in the end: a client may bear the failure. */
static bool is_served(const struct site *s) {
  for (int i = 0; i < 4; i++)
    gets_germany(s);
  atomic_store(&faults->left, -1);
  return gets_germany(s);
}

static void says_why(struct site *s) {
  const char *errors = site_errors(s);
  print_message("%s", errors);
  assert_int_equal(strncmp(errors, "vt-cache-server: ", 17), 0);
  assert_true(strlen(errors) > 20);
  assert_int_equal(errors[strlen(errors) - 1], '\n');
}

/* True when nothing failed. */
static bool play(struct site *s, const struct plan *plan, int n, bool forever) {
  int out[2];
  assert_int_equal(pipe(out), 0);
  atomic_store(&faults->left, n);
  atomic_store(&faults->forever, forever);
  atomic_store(&faults->failures, 0);
  s->pid = fork();
  if (s->pid == 0)
    become_server(s, plan, out[1]);
  close(out[1]);
  s->port = read_port(out[0]);
  bool serves = s->port > 0 && is_served(s);
  int status = serves ? site_stop(s, SIGTERM) : site_wait(s);
  if (!serves || status != 0) { /* it may end when it has just begun to serve */
    assert_int_equal(status, 1);
    says_why(s);
  }
  close(out[0]);
  assert_int_equal(access(s->csv, F_OK), -1); /* the local socket */
  return atomic_load(&faults->failures) == 0;
}

static void walk(struct site *s, const struct plan *plan, bool forever) {
  int n = 0;
  unlink(s->csv);
  while (!play(s, plan, n, forever))
    assert_true(n++ < 2000);
  print_message("%d calls failed in turn\n", n);
  assert_true(n > 20);
}

/* ---- cases ---- */

static void each_call_of_loops_that_share_may_fail(void **state) {
  const char *const arguments[] = {"--port",  "0", "--http-port", "0",
                                   "--loops", "2", NULL};
  walk(*state, &(struct plan){.arguments = arguments}, false);
}

static void each_call_of_a_loop_that_hands_over_may_fail(void **state) {
  struct site *s = *state;
  const char *const arguments[] = {
      "--port", "0",     "--loops", "2", "--reuse-port", "no", "--unix-socket",
      s->csv,   "--log", s->log,    NULL};
  walk(s, &(struct plan){.arguments = arguments}, false);
}

static void each_call_with_inherited_sockets_may_fail(void **state) {
  const char *const arguments[] = {"--loops", "2", NULL};
  walk(*state, &(struct plan){.arguments = arguments, .inherits = true}, false);
}

static void all_calls_may_fail_from_one_on(void **state) {
  struct site *s = *state;
  const char *const arguments[] = {"--port",        "0",    "--loops", "2",
                                   "--unix-socket", s->csv, NULL};
  walk(s, &(struct plan){.arguments = arguments}, true);
}

/* Before libuv has descriptors of its own: a manager's come first. */
static void keep_places(void) {
  for (int i = 0; i < SOCKETS; i++)
    dup2(2, 3 + i);
}

/* What libuv opens once for a process. */
static void warm_up(void) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  uv_loop_close(&loop);
}

int __wrap_main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      site_test(each_call_of_loops_that_share_may_fail),
      site_test(each_call_of_a_loop_that_hands_over_may_fail),
      site_test(each_call_with_inherited_sockets_may_fail),
      site_test(all_calls_may_fail_from_one_on),
  };
  (void)argc;
  (void)argv;
  keep_places();
  warm_up();
  faults = mmap(NULL, sizeof *faults, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return faults == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
