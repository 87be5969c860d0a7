/* SPDX-License-Identifier: MIT */
/* What lies behind a cache in a test: answers at once, or by hand. */
#ifndef VT_TEST_BACKEND_H
#define VT_TEST_BACKEND_H

#include "support/fixture.h"
#include "support/gate.h"

enum { BACKEND_MOST = 64, BACKEND_TEXT = 64 };

/* Zeroed: each load waits for backend_answer or backend_fail. */
struct backend {
  vt_cache_t *cache;
  bool tells;     /* values that leave are counted: await the close then */
  bool at_once;   /* loads answer with the key and how many there were: "a1" */
  int64_t status; /* and fail, when it is not 0 */
  uint64_t delay_ms;                   /* and answer after that */
  int calls;                           /* of a loader */
  int many_calls;                      /* of load_many among them */
  int loads;                           /* keys */
  vt_cache_load_t *load[BACKEND_MOST]; /* in their order */
  struct gate gate[BACKEND_MOST];      /* one a call */
  void (*inside)(struct backend *b);   /* called by a loader; NULL: nothing */
  bool in_scope;                       /* a loader ran in one */
  int left[5];                         /* of each reason */
  int dropped;
  char last_left[BACKEND_TEXT];
};

/* A cache over it, which is opened with these options; load, arg and, where
 * it tells, left are set. */
void backend_open(struct backend *b, vt_cache_options_t options);

/* The same with load_many. */
void backend_open_many(struct backend *b, vt_cache_options_t options);

/* The same whose values are pointers. */
void backend_open_pointers(struct backend *b, vt_cache_options_t options);

/* Closes the cache, and nothing may have to be waited for. */
void backend_close(struct backend *b);

/* Load number i has the text; completes. */
void backend_answer(struct backend *b, int i, const char *text);
void backend_fail(struct backend *b, int i, int64_t status);

/* By a key that is a text. */
vt_t backend_get(struct backend *b, const char *key);
int backend_put(struct backend *b, const char *key, const char *text);
const char *backend_peek(struct backend *b, const char *key);
uint64_t backend_invalidate(struct backend *b, const char *key);
vt_cache_stats_t backend_stats(const struct backend *b);

/* The text of a hit, or NULL when the result is no value. */
const char *backend_text(vt_result_t r);

/* The text of a get that is in hand; NULL for a failure and what waits, which
 * is forgotten. */
const char *backend_hit(struct backend *b, const char *key);

/* A continuation's. */
struct got {
  int count;
  int64_t status;
  char text[BACKEND_TEXT];
};

void got_k(void *state, vt_result_t r);

/* A get, awaited by it. */
void backend_ask(struct backend *b, const char *key, struct got *got);

/* Until all that is queued has run, and what that has queued. */
void backend_turn(struct fixture *f);

/* It ran once, with this text, or with this status. */
#define assert_got(got, what)                                                  \
  do {                                                                         \
    assert_int_equal((got)->count, 1);                                         \
    assert_status((got)->status, 0);                                           \
    assert_string_equal((got)->text, what);                                    \
  } while (0)

#define assert_got_status(got, code)                                           \
  do {                                                                         \
    assert_int_equal((got)->count, 1);                                         \
    assert_status((got)->status, code);                                        \
  } while (0)

#endif
