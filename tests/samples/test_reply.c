/* SPDX-License-Identifier: MIT */
/* The buffer of replies: each kind, escaping, and running out of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "cache_server/reply.h"

/* ---- fixture ---- */

static int setup(void **state) {
  struct reply *r = malloc(sizeof *r);
  if (!r)
    return -1;
  reply_init(r);
  *state = r;
  return 0;
}

static int teardown(void **state) {
  reply_close(*state);
  free(*state);
  return 0;
}

static void expect(struct reply *r, const char *text) {
  assert_int_equal(r->status, 0);
  assert_int_equal(r->size, strlen(text));
  assert_memory_equal(r->data, text, r->size);
  reply_reset(r, 1 << 20);
}

/* ---- it works ---- */

static void each_kind_is_written(void **state) {
  struct reply *r = *state;
  reply_simple(r, "OK");
  expect(r, "+OK\r\n");
  reply_error(r, "ERR no");
  expect(r, "-ERR no\r\n");
  reply_integer(r, 249);
  expect(r, ":249\r\n");
  reply_bulk_string(r, "Germany");
  expect(r, "$7\r\nGermany\r\n");
  reply_null(r);
  expect(r, "$-1\r\n");
  reply_array(r, 2);
  expect(r, "*2\r\n");
  reply_raw(r, "abc", 3);
  expect(r, "abc");
}

static void each_kind_has_both_versions(void **state) {
  struct reply *r = *state;
  for (int version = 2; version <= 3; version++) {
    bool three = version == 3;
    r->resp3 = three;
    reply_null(r);
    expect(r, three ? "_\r\n" : "$-1\r\n");
    reply_map(r, 3);
    expect(r, three ? "%3\r\n" : "*6\r\n");
    reply_set(r, 3);
    expect(r, three ? "~3\r\n" : "*3\r\n");
    reply_push(r, 3);
    expect(r, three ? ">3\r\n" : "*3\r\n");
    reply_boolean(r, true);
    expect(r, three ? "#t\r\n" : ":1\r\n");
    reply_boolean(r, false);
    expect(r, three ? "#f\r\n" : ":0\r\n");
    reply_double(r, 1.5);
    expect(r, three ? ",1.5\r\n" : "$3\r\n1.5\r\n");
    reply_double(r, -HUGE_VAL);
    expect(r, three ? ",-inf\r\n" : "$4\r\n-inf\r\n");
    reply_double(r, NAN);
    expect(r, three ? ",nan\r\n" : "$3\r\nnan\r\n");
    reply_text(r, "a\r\n", 3);
    expect(r, three ? "=7\r\ntxt:a\r\n\r\n" : "$3\r\na\r\n\r\n");
  }
  reply_close(r);
  reply_null(r);
  expect(r, "_\r\n"); /* the version stays */
}

static void a_muted_buffer_takes_nothing(void **state) {
  struct reply *r = *state;
  reply_mute(r, true);
  reply_simple(r, "OK");
  assert_int_equal(r->size, 0);
  reply_mute(r, false);
  reply_simple(r, "OK");
  reply_mute(r, true);
  reply_error(r, "ERR no");
  reply_bulk(r, NULL, 0);
  reply_reset(r, 1 << 20);
  reply_integer(r, 1);
  reply_mute(r, false);
  reply_simple(r, "PONG");
  expect(r, "+PONG\r\n");
}

static void numbers_reach_their_ends(void **state) {
  struct reply *r = *state;
  reply_integer(r, 0);
  expect(r, ":0\r\n");
  reply_integer(r, INT64_MAX);
  expect(r, ":9223372036854775807\r\n");
  reply_integer(r, INT64_MIN);
  expect(r, ":-9223372036854775808\r\n");
}

static void bulks_are_binary_and_may_be_empty(void **state) {
  struct reply *r = *state;
  reply_bulk(r, "\r\n\0", 3);
  assert_int_equal(r->size, 9);
  assert_memory_equal(r->data, "$3\r\n\r\n\0\r\n", 9);
  reply_reset(r, 0);
  assert_null(r->data);
  reply_bulk(r, NULL, 0);
  expect(r, "$0\r\n\r\n");
}

static void an_error_is_one_line_whatever_is_in_it(void **state) {
  struct reply *r = *state;
  reply_error_begin(r);
  reply_error_text(r, "ERR unknown command '");
  reply_error_name(r, "a\r\n+OK\t\0\x1b\x7f\xc3\xa9", 12, REPLY_NAME_MAX);
  reply_error_text(r, "'");
  reply_error_end(r);
  expect(r, "-ERR unknown command 'a\\r\\n+OK\\t\\x00\\x1b\\x7f\xc3\xa9'\r\n");
  reply_error(r, "a\nb");
  expect(r, "-a\\nb\r\n");
}

static void a_name_is_cut(void **state) {
  struct reply *r = *state;
  char name[20000];
  memset(name, 'x', sizeof name);
  reply_error_name(r, name, sizeof name, REPLY_NAME_MAX);
  assert_int_equal(r->size, REPLY_NAME_MAX);
}

static void a_large_buffer_goes_at_reset(void **state) {
  struct reply *r = *state;
  char *text = calloc(1, 100000);
  assert_non_null(text);
  reply_bulk(r, text, 100000);
  free(text);
  assert_true(r->capacity >= 100000);
  reply_reset(r, 4096);
  assert_int_equal(r->capacity, 0);
  assert_null(r->data);
}

/* ---- it fails ---- */

void *__real_realloc(void *block, size_t size);
void *__wrap_realloc(void *block, size_t size);

/* The linker takes plain functions, so this must be static. */
static int reallocs_fail;

void *__wrap_realloc(void *block, size_t size) {
  return reallocs_fail ? NULL : __real_realloc(block, size);
}

static void no_memory_is_sticky_until_reset(void **state) {
  struct reply *r = *state;
  char large[1024] = "";
  reply_simple(r, "first");
  reallocs_fail = 1;
  reply_bulk(r, large, sizeof large);
  reallocs_fail = 0;
  assert_int_equal(r->status, UV_ENOMEM);
  assert_int_equal(r->size, 8);
  reply_simple(r, "second");
  reply_integer(r, 1);
  reply_error_name(r, "x", 1, 1);
  assert_int_equal(r->size, 8);
  reply_reset(r, 4096);
  reply_simple(r, "third");
  expect(r, "+third\r\n");
}

static void an_impossible_size_is_refused(void **state) {
  struct reply *r = *state;
  reply_raw(r, "", SIZE_MAX - 8);
  assert_int_equal(r->status, UV_ENOMEM);
  assert_int_equal(r->size, 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(each_kind_is_written),
      TEST(each_kind_has_both_versions),
      TEST(a_muted_buffer_takes_nothing),
      TEST(numbers_reach_their_ends),
      TEST(bulks_are_binary_and_may_be_empty),
      TEST(an_error_is_one_line_whatever_is_in_it),
      TEST(a_name_is_cut),
      TEST(a_large_buffer_goes_at_reset),
      TEST(no_memory_is_sticky_until_reset),
      TEST(an_impossible_size_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
