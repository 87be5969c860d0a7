/* SPDX-License-Identifier: MIT */
/* The fixture of the tests: a uv loop with vt attached, a collector of reports,
 * runs that end, and a tear-down that proves nothing is left.
 *
 * Callbacks record, cases assert after the loop has returned: a failing cmocka
 * assert is a longjmp, and must not leave a libuv callback or a thread by it.
 * fixture_open and fixture_close therefore answer a text, NULL when all is
 * well, so that threads can use them too. */
#ifndef VT_TEST_FIXTURE_H
#define VT_TEST_FIXTURE_H

/* cmocka 1.1.5 wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <vt.h>

#define FIXTURE_REPORTS 32
#define FIXTURE_TEXT 192

/* A copy of one report, and its sentence. */
struct fixture_report {
  vt_report_kind_t kind;
  int64_t status;
  char what[32];
  char subject[64];
  bool has_file;
  unsigned line;
  char text[FIXTURE_TEXT];
};

struct fixture {
  uv_loop_t uv;  /* first: the detach callback finds the fixture by it */
  vt_loop_t *vt; /* NULL once it is detached */
  int detached;  /* how often the detach callback ran */
  uv_timer_t watchdog;
  uv_prepare_t prepare; /* of fixture_run_until: before the loop may sleep */
  const int *count;     /* is it */
  int target;           /* this yet? */
  bool timed_out;
  uint64_t blocks;     /* alive in the allocator before the attach */
  bool beside;         /* others allocate meanwhile: blocks says nothing */
  size_t report_count; /* all others that came; the first ones are kept */
  struct fixture_report reports[FIXTURE_REPORTS];
  size_t misuse_count; /* reports of misuse, which only VT_DEBUG makes */
  struct fixture_report misuse; /* the last of them */
  char problem[1024];
};

/* Opens a loop on this thread and attaches vt, reports collected. With the
 * environment's VT_TEST_COLD files are the pool's alone (<vt/hot.h>). */
const char *fixture_open(struct fixture *f);

/* The same on a thread beside others that have loops: blocks are not
 * counted. */
const char *fixture_open_beside(struct fixture *f);

/* Detaches, runs the loop out, closes it; names the operations and the handles
 * that are left, the reports that no case expected, and a count of blocks that
 * is not the one before fixture_open. */
const char *fixture_close(struct fixture *f);

/* The same for cmocka: *state is the fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

#define fixture_test(name)                                                     \
  cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* Runs a group; with the environment's VT_CASE only the cases that match it, a
 * pattern with * and ?. */
#define fixture_main(name, tests)                                              \
  (fixture_select(), cmocka_run_group_tests_name((name), (tests), NULL, NULL))

void fixture_select(void);

/* Detaches and turns the loop until the detach is complete. For cases that want
 * to see the reports of a detach; fixture_close then does the rest. The status
 * of vt_loop_detach. */
int fixture_detach(struct fixture *f);

/* uv_run until nothing is left. False when a watchdog had to stop it. */
bool fixture_run(struct fixture *f);

/* uv_run until *count is at least target. False when nothing was left before
 * that, or a watchdog had to stop it. */
bool fixture_run_until(struct fixture *f, const int *count, int target);

/* One turn that does not block. */
void fixture_turn(struct fixture *f);

/* Takes the oldest report of a kind, or NULL: true reports are expected by
 * being taken. Valid until the next call. */
const struct fixture_report *fixture_take_report(struct fixture *f,
                                                 vt_report_kind_t kind);

/* Operations, async functions and awaits that are not complete. */
uint64_t fixture_pending(const struct fixture *f);

/* Files are asked of memory, or not, as the environment says: what a fixture
 * opens with. */
void fixture_set_hot(struct fixture *f);

/* Allocations asked of the library's allocator so far. */
uint64_t fixture_allocations(void);

/* What a continuation has seen. */
struct seen {
  int count;
  vt_result_t result; /* of the last call */
  uv_thread_t thread; /* of the last call */
};

/* The continuation whose state is a struct seen. */
void seen_k(void *state, vt_result_t result);

/* A new promise; the case fails when there is none. */
vt_promise_t *fixture_promise(unsigned flags);

/* Runs fn(arg) on a thread of its own, with a stack of stack_size bytes (0: the
 * usual one), and waits for its end. */
void fixture_on_thread(void (*fn)(void *), void *arg, size_t stack_size);

/* A result by its status, or by its value. */
vt_result_t result_failed(int64_t status);
vt_result_t result_int(int64_t value);

void fixture_assert_status(int64_t actual, int64_t expected, const char *file,
                           int line);
void fixture_assert_seen(const struct seen *seen, int64_t status, int64_t value,
                         const char *file, int line);
void fixture_assert_report(struct fixture *f, vt_report_kind_t kind,
                           int64_t status, const char *file, int line);

/* Two statuses are the same; tells them by name. */
#define assert_status(actual, expected)                                        \
  fixture_assert_status((int64_t)(actual), (int64_t)(expected), __FILE__,      \
                        __LINE__)

/* The continuation ran exactly once, with this outcome. */
#define assert_seen_int(seen, value)                                           \
  fixture_assert_seen((seen), 0, (value), __FILE__, __LINE__)
#define assert_seen_status(seen, status)                                       \
  fixture_assert_seen((seen), (status), 0, __FILE__, __LINE__)

/* A report of this kind and status came; it is taken. */
#define assert_report(f, kind, status)                                         \
  fixture_assert_report((f), (kind), (status), __FILE__, __LINE__)

#endif
