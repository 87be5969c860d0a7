/* SPDX-License-Identifier: MIT */
/* Redis' patterns of keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cache_server/glob.h"

static bool match(const char *pattern, const char *text) {
  return glob_match(pattern, strlen(pattern), text, strlen(text));
}

static void plain_text_matches_itself(void **state) {
  (void)state;
  assert_true(match("", ""));
  assert_true(match("abc", "abc"));
  assert_false(match("abc", "ab"));
  assert_false(match("ab", "abc"));
  assert_false(match("abc", "abd"));
}

static void a_star_matches_any_number(void **state) {
  (void)state;
  assert_true(match("*", ""));
  assert_true(match("**", "abc"));
  assert_true(match("a*c", "ac"));
  assert_true(match("a*c", "abcbc"));
  assert_true(match("*b*d*", "abcd"));
  assert_false(match("a*c", "abd"));
  assert_false(match("*b", "bc"));
}

static void a_question_mark_matches_one(void **state) {
  (void)state;
  assert_true(match("a?c", "abc"));
  assert_false(match("a?c", "ac"));
  assert_false(match("?", ""));
}

static void a_class_matches_one_of_its_own(void **state) {
  (void)state;
  assert_true(match("[abc]x", "bx"));
  assert_true(match("[a-c]x", "bx"));
  assert_true(match("[c-a]x", "bx"));
  assert_true(match("[^a-c]x", "dx"));
  assert_true(match("[\\]]", "]"));
  assert_true(match("[a", "a"));
  assert_false(match("[a-c]", "d"));
  assert_false(match("[^a-c]", "b"));
  assert_false(match("[", "x"));
  assert_false(match("[]", "x"));
}

static void a_backslash_takes_the_meaning_away(void **state) {
  (void)state;
  assert_true(match("\\*", "*"));
  assert_true(match("a\\", "a\\"));
  assert_false(match("\\*", "a"));
  assert_false(match("\\?", "a"));
}

/* A recursive matcher would take for ever. */
static void many_stars_end_in_time(void **state) {
  (void)state;
  char pattern[400], text[1000];
  for (size_t i = 0; i < sizeof pattern; i += 2)
    memcpy(pattern + i, "a*", 2);
  memset(text, 'a', sizeof text);
  text[sizeof text - 1] = 'b';
  pattern[sizeof pattern - 1] = 'c';
  assert_false(glob_match(pattern, sizeof pattern, text, sizeof text));
}

static void pieces_end_where_they_end(void **state) {
  (void)state;
  static const char *const pattern = "[^a-\\*?[b-";
  for (size_t size = 0; size <= strlen(pattern); size++) {
    char *copy = malloc(size ? size : 1); /* a sanitizer sees overreads */
    assert_non_null(copy);
    memcpy(copy, pattern, size);
    glob_match(copy, size, "xyz", 3);
    free(copy);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_text_matches_itself),
      cmocka_unit_test(a_star_matches_any_number),
      cmocka_unit_test(a_question_mark_matches_one),
      cmocka_unit_test(a_class_matches_one_of_its_own),
      cmocka_unit_test(a_backslash_takes_the_meaning_away),
      cmocka_unit_test(many_stars_end_in_time),
      cmocka_unit_test(pieces_end_where_they_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
