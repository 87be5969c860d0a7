/* SPDX-License-Identifier: MIT */
/* Random scripts, played to the cache server and to redis-server with the same
 * data: the replies are the same bytes, but for what exceptions[] tells.
 *
 *     VT_SCRIPTS=100000  so many scripts of each kind
 *     VT_SCRIPT_SEED=N   only that one, shown
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples/redis_oracle.h"
#include "samples/site.h"

#define SCRIPTS 2000u
#define REPLIES_MAX ((size_t)1024 * 1024)

/* ---- where the two differ, and why that is wanted ---- */

enum difference {
  TEXT, /* of one reply; the next ones are compared */
  END,  /* ours ends the connection there */
  CR    /* the same, where the script has a CR without an LF behind it */
};

struct exception {
  enum difference kind;
  const char *ours, *theirs; /* beginnings; NULL: any; "": nothing came */
  const char *why;
};

#define PROTOCOL "-ERR Protocol error: "

static const struct exception exceptions[] = {
    {END, PROTOCOL "bulk is not followed by CRLF", NULL,
     "R12: redis takes any two bytes behind an argument"},
    {END, PROTOCOL "invalid multibulk length", NULL,
     "R2, R15: redis ignores counts below -1, and takes CR and any byte for a "
     "line end"},
    {END, PROTOCOL "invalid bulk length", NULL,
     "R15: redis takes CR and any byte for a line end"},
    {END, PROTOCOL "expected an array or an inline request", NULL,
     "R21: redis takes other types for an inline command"},
    {END, PROTOCOL "zero byte in inline request", NULL,
     "R17: redis waits for a line end that it does not find"},
    {TEXT, PROTOCOL "expected '$', got '\\x", PROTOCOL "expected '$', got '",
     "R36: redis echoes the byte as it is"},
    {TEXT, "-ERR unknown command '", "-ERR unknown command '",
     "R18, R36: redis ends names at a zero byte, and shows control bytes"},
    {END, PROTOCOL "expected '$', got '", "",
     "R11: redis looks at an argument's line when it is whole"},
    {TEXT, NULL, "-NOPERM ", "a spoiled name may be that of another command"},
    {CR, "", NULL, "R15, R16: redis takes CR and any byte for a line end"},
};

#define EXCEPTIONS (sizeof exceptions / sizeof *exceptions)

struct state {
  struct site *site;
  struct oracle oracle;
  char *ours, *theirs;
  bool bare_cr; /* the script has one */
  unsigned used[EXCEPTIONS];
};

/* ---- replies ---- */

/* The end of the line at data, behind its LF; NULL when it is not whole. */
static const char *line_end(const char *data, const char *end) {
  const char *lf = memchr(data, '\n', (size_t)(end - data));
  return lf ? lf + 1 : NULL;
}

/* The end of the reply at data; end when it is not whole. */
static const char *reply_end(const char *data, const char *end) {
  long left = 1; /* replies that are still to come */
  while (left > 0 && data < end) {
    const char *next = line_end(data, end);
    if (!next)
      return end;
    long number = strtol(data + 1, NULL, 10);
    left--;
    if (*data == '*' && number > 0)
      left += number;
    if (*data == '$' && number >= 0)
      next = end - next < number + 2 ? end : next + number + 2;
    data = next;
  }
  return data;
}

static bool begins(const char *data, const char *end, const char *text) {
  if (!text)
    return true;
  size_t size = strlen(text);
  if (size == 0)
    return data == end;
  return (size_t)(end - data) >= size && memcmp(data, text, size) == 0;
}

static const struct exception *find(struct state *s, const char *ours,
                                    const char *ours_end, const char *theirs,
                                    const char *theirs_end) {
  for (size_t i = 0; i < EXCEPTIONS; i++) {
    const struct exception *e = &exceptions[i];
    if ((e->kind == CR && !s->bare_cr) || !begins(ours, ours_end, e->ours) ||
        !begins(theirs, theirs_end, e->theirs))
      continue;
    s->used[i]++;
    return e;
  }
  return NULL;
}

/* Reply by reply. */
static bool is_same(struct state *s, long ours_size, long theirs_size) {
  const char *ours = s->ours, *theirs = s->theirs;
  const char *ours_last = ours + ours_size, *theirs_last = theirs + theirs_size;
  if (ours_size < 0 || theirs_size < 0)
    return false;
  while (ours < ours_last || theirs < theirs_last) {
    const char *ours_end = reply_end(ours, ours_last);
    const char *theirs_end = reply_end(theirs, theirs_last);
    if (ours_end - ours != theirs_end - theirs ||
        memcmp(ours, theirs, (size_t)(ours_end - ours)) != 0) {
      const struct exception *e = find(s, ours, ours_end, theirs, theirs_end);
      if (!e)
        return false;
      if (e->kind != TEXT)
        return ours_end == ours_last;
    }
    ours = ours_end;
    theirs = theirs_end;
  }
  return true;
}

/* ---- scripts ---- */

static void show(const char *what, const char *data, long size) {
  fprintf(stderr, "%s, %ld bytes:\n", what, size);
  for (long i = 0; i < size && i < 2000; i++) {
    unsigned char c = (unsigned char)data[i];
    bool plain = c >= ' ' && c < 0x7f && c != '\\';
    fprintf(stderr, plain ? "%c" : c == '\n' ? "\\n\n" : "\\x%02x", c);
  }
  fputs("\n", stderr);
}

static bool has_bare_cr(const struct script *script) {
  for (size_t i = 0; i < script->size; i++)
    if (script->data[i] == '\r' &&
        (i + 1 == script->size || script->data[i + 1] != '\n'))
      return true;
  return false;
}

static bool play(struct state *s, uint64_t seed, enum script_kind kind,
                 bool shown) {
  struct script script;
  script_make(&script, seed, kind);
  long ours = oracle_ask(site_connect(s->site), script.data, script.size,
                         s->ours, REPLIES_MAX);
  long theirs = oracle_ask(oracle_connect(&s->oracle), script.data, script.size,
                           s->theirs, REPLIES_MAX);
  s->bare_cr = has_bare_cr(&script);
  bool same = is_same(s, ours, theirs);
  if (!same || shown) {
    fprintf(stderr, "VT_SCRIPT_SEED=%llu\n", (unsigned long long)seed);
    show("script", script.data, (long)script.size);
    show("ours", s->ours, ours);
    show("redis", s->theirs, theirs);
  }
  return same;
}

static void compare(struct state *s, enum script_kind kind) {
  const char *one = getenv("VT_SCRIPT_SEED"), *many = getenv("VT_SCRIPTS");
  uint64_t first = one ? strtoull(one, NULL, 10) : 0;
  uint64_t count = one ? 1 : many ? strtoull(many, NULL, 10) : SCRIPTS;
  unsigned different = 0;
  assert_true(oracle_load(&s->oracle, s->site->db, kind));
  for (uint64_t i = 0; i < count && different < 5; i++)
    different += !play(s, first + i, kind, one != NULL);
  print_message("%llu scripts\n", (unsigned long long)count);
  for (size_t i = 0; i < EXCEPTIONS; i++)
    print_message("%7u %s\n", s->used[i], exceptions[i].why);
  assert_int_equal(different, 0);
  assert_true(site_serves(s->site));
  assert_int_equal(site_stop(s->site, SIGTERM), 0);
  assert_string_equal(site_errors(s->site), "");
}

static void strings_are_answered_as_by_redis(void **state) {
  compare(*state, SCRIPT_STRINGS);
}

static void hashes_are_answered_as_by_redis(void **state) {
  compare(*state, SCRIPT_HASHES);
}

/* ---- fixture ---- */

static int set_up(void **state) {
  struct state *s = calloc(1, sizeof *s);
  if (!s || site_setup((void **)&s->site) != 0)
    return -1;
  *state = s;
  s->ours = malloc(REPLIES_MAX);
  s->theirs = malloc(REPLIES_MAX);
  return s->ours && s->theirs && site_start(s->site, NULL, NULL) &&
                 oracle_start(&s->oracle)
             ? 0
             : -1;
}

static int tear_down(void **state) {
  struct state *s = *state;
  oracle_stop(&s->oracle);
  int status = site_teardown((void **)&s->site);
  free(s->ours);
  free(s->theirs);
  free(s);
  return status;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(strings_are_answered_as_by_redis, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(hashes_are_answered_as_by_redis, set_up,
                                      tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
