/* SPDX-License-Identifier: MIT */
/* The sockets that the cache server binds before it starts: how many, where,
 * who may connect, and what is in the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cache_server/sockets.h"

/* ---- helpers ---- */

struct desk {
  char dir[64], path[96], error[256];
  struct options options;
  struct sockets sockets;
};

static int set_up(void **state) {
  struct desk *d = calloc(1, sizeof *d);
  if (!d)
    return -1;
  strcpy(d->dir, "/tmp/vt-sockets-XXXXXX");
  if (!mkdtemp(d->dir))
    return -1;
  snprintf(d->path, sizeof d->path, "%s/s", d->dir);
  *state = d;
  return 0;
}

static int tear_down(void **state) {
  struct desk *d = *state;
  sockets_close(&d->sockets);
  unlink(d->path);
  int status = rmdir(d->dir);
  free(d);
  return status;
}

static int open_with(struct desk *d, const char *const *arguments) {
  const char *argv[24] = {"test", "--db", "x"};
  int argc = 3;
  while (*arguments)
    argv[argc++] = *arguments++;
  assert_int_equal(options_read(argc, (char **)(uintptr_t)argv, NULL,
                                &d->options, d->error, sizeof d->error),
                   0);
  return sockets_open(&d->options, &d->sockets, d->error, sizeof d->error);
}

#define OPEN(d, ...) open_with((d), (const char *const[]){__VA_ARGS__, NULL})

static struct sockaddr_un local_address(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  return address;
}

/* A socket bound to the path; it listens if that is asked for. */
static int bind_to(const char *path, bool listens) {
  struct sockaddr_un address = local_address(path);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  if (listens)
    assert_int_equal(listen(fd, 1), 0);
  return fd;
}

static mode_t mode_of(const char *path) {
  struct stat file;
  assert_int_equal(stat(path, &file), 0);
  return file.st_mode & 07777;
}

/* ---- it binds ---- */

static void each_address_has_a_socket(void **state) {
  struct desk *d = *state;
  assert_int_equal(OPEN(d, "--port", "0", "--bind", "127.0.0.1,127.0.0.2",
                        "--http-port", "0"),
                   0);
  assert_int_equal(d->sockets.count, 4);
  for (size_t i = 0; i < 4; i++) {
    const struct bound_socket *b = &d->sockets.list[i];
    assert_int_equal(b->count, 1);
    assert_true(b->port > 0);
    assert_int_equal(b->use, i < 2 ? SOCKET_RESP : SOCKET_HTTP);
    assert_true(fcntl(b->fds[0], F_GETFD) & FD_CLOEXEC);
    assert_non_null(strstr(b->name, i % 2 ? "127.0.0.2:" : "127.0.0.1:"));
  }
}

static void loops_have_sockets_of_one_port(void **state) {
  struct desk *d = *state;
  assert_int_equal(OPEN(d, "--port", "0", "--loops", "4"), 0);
  assert_int_equal(d->sockets.count, 1);
  assert_int_equal(d->sockets.list[0].count, 4);
  sockets_close(&d->sockets);
  assert_int_equal(OPEN(d, "--port", "0", "--loops", "4", "--reuse-port", "no"),
                   0);
  assert_int_equal(d->sockets.list[0].count, 1);
}

static void a_local_socket_is_for_its_owner(void **state) {
  struct desk *d = *state;
  mode_t mask = umask(0);
  assert_int_equal(OPEN(d, "--port", "0", "--unix-socket", d->path), 0);
  umask(mask);
  assert_int_equal(mode_of(d->path), 0600);
  sockets_close(&d->sockets);
  assert_int_equal(access(d->path, F_OK), -1);
  assert_int_equal(
      OPEN(d, "--port", "0", "--unix-socket", d->path, "--unix-mode", "660"),
      0);
  assert_int_equal(mode_of(d->path), 0660);
  assert_int_equal(umask(mask), mask); /* as it was */
}

static void what_was_left_behind_is_taken_over(void **state) {
  struct desk *d = *state;
  close(bind_to(d->path, true));
  assert_int_equal(OPEN(d, "--port", "0", "--unix-socket", d->path), 0);
  assert_int_equal(mode_of(d->path), 0600);
}

/* ---- it fails ---- */

static void what_is_in_use_stays(void **state) {
  struct desk *d = *state;
  int fd = bind_to(d->path, true);
  assert_int_equal(OPEN(d, "--port", "0", "--unix-socket", d->path),
                   UV_EADDRINUSE);
  assert_non_null(strstr(d->error, d->path));
  assert_int_equal(access(d->path, F_OK), 0);
  close(fd);
}

static void a_file_in_the_way_stays(void **state) {
  struct desk *d = *state;
  int fd = open(d->path, O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  close(fd);
  assert_int_equal(OPEN(d, "--port", "0", "--unix-socket", d->path),
                   UV_EADDRINUSE);
  assert_int_equal(access(d->path, F_OK), 0);
}

static void names_that_cannot_be_are_told(void **state) {
  struct desk *d = *state;
  char path[200];
  memset(path, 'a', sizeof path);
  path[0] = '/';
  path[sizeof path - 1] = '\0';
  assert_int_equal(OPEN(d, "--port", "0", "--unix-socket", path),
                   UV_ENAMETOOLONG);
  assert_int_equal(OPEN(d, "--port", "0", "--unix-socket", "/nowhere/s"),
                   UV_ENOENT);
  assert_string_equal(d->error, "/nowhere/s: no such file or directory");
  assert_int_equal(OPEN(d, "--port", "0", "--bind", "127.0.0.1,192.0.2.1"),
                   UV_EADDRNOTAVAIL);
  assert_string_equal(d->error, "192.0.2.1:0: address not available");
}

#define desk_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      desk_test(each_address_has_a_socket),
      desk_test(loops_have_sockets_of_one_port),
      desk_test(a_local_socket_is_for_its_owner),
      desk_test(what_was_left_behind_is_taken_over),
      desk_test(what_is_in_use_stays),
      desk_test(a_file_in_the_way_stays),
      desk_test(names_that_cannot_be_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
