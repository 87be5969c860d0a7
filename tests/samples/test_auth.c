/* SPDX-License-Identifier: MIT */
/* The password of the cache server: its file, its check, and what a client may
 * do before it has said it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_server/auth.h"
#include "samples/inside.h"
#include "support/net.h"

#define NO_AUTH "-NOAUTH Authentication required.\r\n"
#define WRONG                                                                  \
  "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

/* ---- helpers ---- */

/* The status of reading a file of these bytes. */
static int read_from(const void *data, size_t size, struct auth **out) {
  char path[] = "/tmp/vt-auth-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, data, size), (ssize_t)size);
  close(fd);
  int status = auth_read(path, out);
  unlink(path);
  return status;
}

static struct auth *password(const char *text) {
  struct auth *a = NULL;
  assert_int_equal(read_from(text, strlen(text), &a), 0);
  return a;
}

/* A server that wants "secret", and a connection to it. */
static int start_guarded(struct inside *in) {
  in->options.auth = password("secret\n");
  inside_start(in);
  return inside_connect(in);
}

static int guarded_teardown(void **state) {
  struct inside *in = *state;
  struct auth *auth = (struct auth *)(uintptr_t)in->options.auth;
  int status = inside_teardown(state);
  auth_free(auth);
  return status;
}

#define guarded_test(name)                                                     \
  cmocka_unit_test_setup_teardown(name, inside_setup, guarded_teardown)

/* ---- the file ---- */

static void the_first_line_is_the_password(void **state) {
  (void)state;
  struct auth *a = password("secret\r\nmore\n");
  assert_true(auth_is(a, "secret", 6));
  assert_false(auth_is(a, "secre", 5));
  assert_false(auth_is(a, "secretx", 7));
  assert_false(auth_is(a, "Secret", 6));
  assert_false(auth_is(a, "secret\0", 7));
  assert_false(auth_is(a, "", 0));
  auth_free(a);
  auth_free(NULL);
}

static void a_long_password_is_compared_whole(void **state) {
  (void)state;
  static char text[AUTH_MAX + 600];
  memset(text, 'x', sizeof text);
  text[AUTH_MAX] = '\0';
  struct auth *a = password(text);
  assert_true(auth_is(a, text, AUTH_MAX));
  text[AUTH_MAX] = 'x';
  assert_false(auth_is(a, text, AUTH_MAX + 1));
  assert_false(auth_is(a, text, sizeof text));
  text[AUTH_MAX - 1] = 'y';
  assert_false(auth_is(a, text, AUTH_MAX));
  auth_free(a);
}

static void a_bad_file_is_refused(void **state) {
  (void)state;
  struct auth *a = NULL;
  char text[AUTH_MAX + 2];
  memset(text, 'x', sizeof text);
  assert_int_equal(read_from("", 0, &a), UV_EINVAL);
  assert_int_equal(read_from("\nsecret\n", 8, &a), UV_EINVAL);
  assert_int_equal(read_from("a\0b\n", 4, &a), UV_EINVAL);
  assert_int_equal(read_from(text, AUTH_MAX + 1, &a), UV_EINVAL);
  assert_int_equal(auth_read("/no/such/file", &a), UV_ENOENT);
  assert_int_equal(auth_read("/", &a), UV_EISDIR);
  assert_null(a);
}

static void failures_cost_more_each_time(void **state) {
  (void)state;
  assert_int_equal(auth_delay_ms(1), 100);
  assert_int_equal(auth_delay_ms(2), 200);
  assert_int_equal(auth_delay_ms(6), 3200);
  assert_int_equal(auth_delay_ms(7), 3200);
  assert_int_equal(auth_delay_ms(4000000000u), 3200);
}

/* ---- the server ---- */

static void nothing_is_answered_without_it(void **state) {
  int fd = start_guarded(*state);
  inside_says(fd, "GET country:DE\r\n", NO_AUTH);
  inside_says(fd, "PING\r\n", NO_AUTH);
  inside_says(fd, "COMMAND\r\n", NO_AUTH);
  inside_says(fd, "SHUTDOWN\r\n", NO_AUTH);
  inside_says(fd, "SET country:DE x\r\n", NO_AUTH);
  inside_says(fd, "HELLO 3\r\n",
              "-NOAUTH HELLO must be called with the client already "
              "authenticated, otherwise the HELLO <proto> AUTH <user> <pass> "
              "option can be used to authenticate the client and select the "
              "RESP protocol version at the same time\r\n");
  inside_says(fd, "AUTH\r\n",
              "-ERR wrong number of arguments for 'auth' command\r\n");
  inside_says(fd, "AUTH a b c\r\n", "-ERR syntax error\r\n");
  inside_says(fd, "RESET\r\n", "+RESET\r\n");
  inside_says(fd, "QUIT\r\n", "+OK\r\n");
  close(fd);
}

static void the_password_opens_the_connection(void **state) {
  struct inside *in = *state;
  int fd = start_guarded(in);
  inside_says(fd, "AUTH secret\r\n", "+OK\r\n");
  inside_says(fd, "GET country:DE\r\n", "$7\r\nGermany\r\n");
  inside_says(fd, "RESET\r\n", "+RESET\r\n");
  inside_says(fd, "GET country:DE\r\n", NO_AUTH);
  inside_says(fd, "AUTH default secret\r\n", "+OK\r\n");
  inside_says(fd, "PING\r\n", "+PONG\r\n");
  close(fd);
  fd = inside_connect(in);
  inside_says(fd, "HELLO 3 AUTH default secret\r\n", "%7\r\n");
  close(fd);
}

static void a_wrong_one_does_not(void **state) {
  int fd = start_guarded(*state);
  inside_says(fd, "AUTH wrong\r\nGET country:DE\r\n", WRONG NO_AUTH);
  inside_says(fd, "AUTH bob secret\r\n", WRONG);
  inside_says(fd, "AUTH secret\r\n", "+OK\r\n");
  inside_says(fd, "HELLO 3 AUTH default wrong\r\n", WRONG);
  inside_says(fd, "PING\r\n", "+PONG\r\n");
  close(fd);
}

static void the_server_stops_while_a_failure_waits(void **state) {
  int fd = start_guarded(*state);
  for (int i = 0; i < 8; i++)
    assert_true(net_send(fd, "AUTH wrong\r\n", 12));
  int other = inside_connect(*state);
  inside_says(other, "AUTH secret\r\n", "+OK\r\n");
  inside_says(other, "CLIENT KILL ID 1\r\n", ":1\r\n");
  close(fd);
  close(other);
}

static void strangers_have_smaller_limits(void **state) {
  struct inside *in = *state;
  char text[64];
  static char body[16 * 1024 + 64];
  int fd = start_guarded(in);
  inside_says(fd, "*11\r\n",
              "-ERR Protocol error: unauthenticated multibulk length\r\n");
  close(fd);
  fd = inside_connect(in);
  inside_says(fd, "*2\r\n$4\r\nAUTH\r\n$16385\r\n",
              "-ERR Protocol error: unauthenticated bulk length\r\n");
  close(fd);
  fd = inside_connect(in);
  int size = sprintf(text, "*2\r\n$4\r\nECHO\r\n$16384\r\n");
  memset(body, 'x', sizeof body);
  memcpy(body + 16384, "\r\n", 3);
  assert_true(net_send(fd, text, (size_t)size));
  inside_says(fd, body, NO_AUTH);
  inside_says(fd, "AUTH secret\r\n", "+OK\r\n");
  inside_says(fd, "*11\r\n$4\r\nMGET\r\n", "");
  for (int i = 0; i < 10; i++)
    assert_true(net_send(fd, "$1\r\nx\r\n", 7));
  inside_says(fd, "", "*10\r\n");
  close(fd);
}

static void a_password_that_nobody_asks_for_is_told(void **state) {
  struct inside *in = *state;
  inside_start(in);
  int fd = inside_connect(in);
  inside_says(fd, "AUTH x\r\n",
              "-ERR AUTH <password> called without any password configured for "
              "the default user. Are you sure your configuration is "
              "correct?\r\n");
  inside_says(fd, "AUTH default x\r\n", "+OK\r\n");
  inside_says(fd, "AUTH bob x\r\n", WRONG);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_line_is_the_password),
      cmocka_unit_test(a_long_password_is_compared_whole),
      cmocka_unit_test(a_bad_file_is_refused),
      cmocka_unit_test(failures_cost_more_each_time),
      guarded_test(nothing_is_answered_without_it),
      guarded_test(the_password_opens_the_connection),
      guarded_test(a_wrong_one_does_not),
      guarded_test(the_server_stops_while_a_failure_waits),
      guarded_test(strangers_have_smaller_limits),
      guarded_test(a_password_that_nobody_asks_for_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
