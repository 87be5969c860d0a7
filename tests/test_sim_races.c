/* SPDX-License-Identifier: MIT */
/* Completion, cancel, timeout and withdrawal race on random schedules: each
 * continuation runs once, each has one outcome, what was done and what is told
 * agree, and nothing is left. An argument is the number of schedules. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vt_sim.h>

/* ---- a schedule: some operations, each in a setting, each with an end ---- */

enum kind { DELAY, WORK, READ, OPEN, FUNCTION, KINDS };
enum setting { PLAIN, LATER, TIMEOUT, ANY, ALL, RACE, SETTINGS };
enum actor { NOBODY, CANCELS, STOPS, BOTH, ACTORS };
enum outcome { GIVEN, GIVEN_UP, TIMED_OUT, WITHDRAWN, OUTCOMES };

enum { OPS = 4, MOST_MS = 4, ALL_OVER_MS = 60 };

struct op {
  struct schedule *schedule;
  enum kind kind;
  enum setting setting;
  enum actor actor;
  vt_t v;             /* what is awaited */
  int ran;            /* the work was done */
  char buffer[8];     /* of a read; filled by it */
  vt_result_t out[2]; /* of any and all: the operation's and a delay's */
  int count;          /* calls of the continuation */
  vt_result_t result; /* of the last one */
  bool cancelled;     /* the actor asked for it */
  bool stopped;       /* the actor withdrew the continuation */
};

struct schedule {
  uint32_t random;
  uint64_t digest; /* of what ended how, in order */
  struct op ops[OPS];
};

struct races {
  uint64_t seed; /* of the next schedule */
  struct schedule schedule;
  char wrong[128]; /* the first rule that did not hold */
  uint64_t begun;
  uint64_t outcomes[KINDS][SETTINGS][OUTCOMES];
};

static int zero_file; /* of zeros without end */

static unsigned pick(struct schedule *s, unsigned n) {
  s->random = s->random * 1664525u + 1013904223u;
  return (s->random >> 8) % n;
}

/* ---- operations ---- */

static vt_result_t do_work(void *arg) {
  struct op *op = arg;
  op->ran++;
  return result_int(7);
}

struct function {
  vt_frame_t vt;
  struct op *op;
  uint64_t ms;
};

static vt_t function_body(void *frame) {
  struct function *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(f->ms));
  VT_TRY(f, vt_work(do_work, f->op));
  VT_RETURN(f, vt_from_int(7));
  VT_FINALLY(f);
  VT_TRY(f, vt_yield());
  VT_END(f);
}

static vt_t begin_kind(struct op *op) {
  struct function f = {.op = op, .ms = pick(op->schedule, MOST_MS)};
  switch (op->kind) {
  case WORK:
    return vt_work(do_work, op);
  case READ:
    memset(op->buffer, 'x', sizeof op->buffer);
    return vt_fs_read(zero_file, op->buffer, sizeof op->buffer, 0);
  case OPEN:
    return vt_fs_open("/dev/null", UV_FS_O_RDONLY, 0);
  case FUNCTION:
    return vt_start(&f, function_body);
  default:
    return vt_delay(pick(op->schedule, MOST_MS) + 1);
  }
}

static vt_t begin(struct op *op) {
  vt_t v = begin_kind(op);
  uint64_t ms = pick(op->schedule, MOST_MS + 1);
  switch (op->setting) {
  case TIMEOUT:
    return vt_with_timeout(v, ms);
  case ANY:
    return VT_ANY(0, op->out, v, vt_delay(ms + 1));
  case ALL:
    return VT_ALL(ms % 2 ? VT_FAIL_FAST : 0, op->out, v, vt_delay(ms + 1));
  case RACE:
    return VT_RACE(0, v, vt_delay(ms + 1));
  default:
    return v;
  }
}

static void close_given(const struct op *op, vt_result_t r) {
  if (op->kind == OPEN && r.status == 0)
    vt_forget(vt_fs_close((uv_file)r.value.i));
}

static void on_result(void *state, vt_result_t r) {
  struct op *op = state;
  struct schedule *s = op->schedule;
  op->count++;
  op->result = r;
  s->digest = s->digest * 31 + (uint64_t)(op - s->ops) * 7 + (uint64_t)r.status;
  if (op->setting == ANY || op->setting == ALL)
    close_given(op, op->out[0]);
  else
    close_given(op, r);
}

static void on_actor(void *state, vt_result_t r) {
  struct op *op = state;
  (void)r;
  if (op->actor != STOPS) {
    op->cancelled = true;
    vt_cancel(op->v);
  }
  if (op->actor != CANCELS)
    op->stopped = vt_await_stop(op->v, on_result, op);
}

/* What fails when nobody waits is reported, and a race has no place for the
 * file of a loser. */
static bool is_sensible(const struct op *op) {
  bool stops = op->actor == STOPS || op->actor == BOTH;
  if (op->setting == TIMEOUT && stops)
    return false;
  if (op->kind != OPEN)
    return true;
  return op->setting != RACE &&
         !(stops && (op->setting == ANY || op->setting == ALL));
}

static void begin_op(struct schedule *s, struct op *op) {
  memset(op, 0, sizeof *op);
  op->schedule = s;
  do {
    op->kind = (enum kind)pick(s, KINDS);
    op->setting = (enum setting)pick(s, SETTINGS);
    op->actor = (enum actor)pick(s, ACTORS);
  } while (!is_sensible(op));
  op->v = begin(op);
  vt_await_with(op->v, op->setting == LATER ? VT_LATER : 0, on_result, op);
  if (op->actor != NOBODY)
    vt_await(vt_delay(pick(s, MOST_MS + 1)), on_actor, op);
}

/* ---- rules ---- */

static int done_of(const struct op *op) {
  return op->kind == READ ? op->buffer[0] == 0 : op->ran;
}

/* How the operation itself ended, where its setting tells. */
static bool told(const struct op *op, int64_t *status) {
  bool listed = op->setting == ANY || op->setting == ALL;
  *status = listed ? op->out[0].status : op->result.status;
  return op->setting != RACE && op->count == 1;
}

static const char *check_outcome(const struct op *op) {
  int64_t status = op->result.status;
  if (op->count != (op->stopped ? 0 : 1))
    return "the continuation did not run as often as it should";
  if (op->count == 0)
    return NULL;
  if (status == UV_ECANCELED && !op->cancelled)
    return "cancelled, and nobody asked for it";
  if (status == UV_ETIMEDOUT && op->setting != TIMEOUT)
    return "timed out without a timeout";
  if (status != 0 && status != UV_ECANCELED && status != UV_ETIMEDOUT)
    return vt_err_name(status);
  if (status == 0 && op->setting == ALL &&
      (op->out[0].status != 0 || op->out[1].status != 0))
    return "all succeeded with a failure";
  if (status == 0 && op->setting == ANY && !op->cancelled &&
      op->out[op->result.value.u].status != 0)
    return "the first one failed, and nobody asked for it";
  return NULL;
}

/* What was done and what was told of it agree. */
static const char *check_done(const struct op *op) {
  int64_t status;
  if (op->ran > 1)
    return "ran twice";
  if (op->kind == DELAY || op->kind == OPEN || !told(op, &status))
    return NULL;
  if (status == 0 && done_of(op) != 1)
    return "succeeded without being done";
  if (status != 0 && done_of(op) != 0 && op->kind != FUNCTION)
    return "done, and told otherwise";
  return NULL;
}

static enum outcome outcome_of(const struct op *op) {
  if (op->count == 0)
    return WITHDRAWN;
  if (op->result.status == UV_ETIMEDOUT)
    return TIMED_OUT;
  return op->result.status == 0 ? GIVEN : GIVEN_UP;
}

static void check(struct races *races, const struct op *op) {
  const char *wrong = check_outcome(op);
  if (!wrong)
    wrong = check_done(op);
  races->outcomes[op->kind][op->setting][outcome_of(op)]++;
  if (wrong && !races->wrong[0])
    snprintf(races->wrong, sizeof races->wrong,
             "kind %d, setting %d, actor %d: %s", op->kind, op->setting,
             op->actor, wrong);
}

/* ---- a run ---- */

struct body {
  vt_frame_t vt;
  struct races *races;
};

static vt_t body_of(void *frame) {
  struct body *f = frame;
  VT_BEGIN(f);
  for (int i = 0; i < OPS; i++)
    begin_op(&f->races->schedule, &f->races->schedule.ops[i]);
  VT_TRY(f, vt_delay(ALL_OVER_MS));
  for (int i = 0; i < OPS; i++)
    check(f->races, &f->races->schedule.ops[i]);
  f->races->begun += OPS;
  VT_RETURN(f, f->races->wrong[0] ? vt_failed(UV_EPROTO) : vt_done());
  VT_END(f);
}

static vt_t race(void *arg) {
  struct races *races = arg;
  struct body f = {.races = races};
  races->schedule.random = (uint32_t)(races->seed++ * 2654435761u);
  races->schedule.digest = 0;
  return vt_start(&f, body_of);
}

static uint64_t schedules = 20000;

static int open_files(void **state) {
  static struct races races;
  memset(&races, 0, sizeof races);
  *state = &races;
  zero_file = tmp_fd();
  return ftruncate(zero_file, sizeof races.schedule.ops[0].buffer);
}

static int close_files(void **state) {
  (void)state;
  return close(zero_file);
}

/* ---- cases ---- */

static uint64_t sum(const struct races *races) {
  uint64_t total = 0;
  for (int i = 0; i < KINDS; i++)
    for (int j = 0; j < SETTINGS; j++)
      for (int k = 0; k < OUTCOMES; k++)
        total += races->outcomes[i][j][k];
  return total;
}

static void every_race_has_one_outcome(void **state) {
  struct races *races = *state;
  vt_sim_options_t options = {.seed = 1};
  vt_sim_result_t out;
  int fds = tmp_count_fds();
  races->seed = options.seed;
  if (vt_sim_search(&options, schedules, race, races, &out) != 0)
    fail_msg("seed %llu: %s %s", (unsigned long long)out.seed, out.text,
             races->wrong);
  assert_int_equal(races->begun, schedules * OPS);
  assert_int_equal(sum(races), races->begun);
  assert_int_equal(tmp_count_fds(), fds);
}

/* Else the case above would show nothing. */
static void every_outcome_is_met(void **state) {
  struct races *races = *state;
  vt_sim_options_t options = {.seed = 1};
  races->seed = options.seed;
  assert_status(vt_sim_search(&options, 3000, race, races, NULL), 0);
  for (int i = 0; i < KINDS; i++)
    for (int j = 0; j < SETTINGS; j++) {
      const uint64_t *outcomes = races->outcomes[i][j];
      if (i == OPEN && j == RACE)
        continue;
      assert_true(outcomes[GIVEN] != 0);
      assert_true(outcomes[GIVEN_UP] != 0);
      if (j == TIMEOUT)
        assert_true(outcomes[TIMED_OUT] != 0);
      else if (i != OPEN || (j != ANY && j != ALL))
        assert_true(outcomes[WITHDRAWN] != 0);
    }
}

static void each_schedule_repeats(void **state) {
  struct races *races = *state;
  for (uint64_t seed = 0; seed < 200; seed++) {
    vt_sim_options_t options = {.seed = seed};
    vt_sim_result_t out[2];
    uint64_t digests[2];
    for (int i = 0; i < 2; i++) {
      races->seed = seed;
      assert_status(vt_sim_run(&options, race, races, &out[i]), 0);
      digests[i] = races->schedule.digest;
    }
    assert_int_equal(digests[0], digests[1]);
    assert_int_equal(out[0].turns, out[1].turns);
  }
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_race_has_one_outcome, open_files,
                                      close_files),
      cmocka_unit_test_setup_teardown(every_outcome_is_met, open_files,
                                      close_files),
      cmocka_unit_test_setup_teardown(each_schedule_repeats, open_files,
                                      close_files),
  };
  if (getenv("VT_VALGRIND"))
    schedules = 500;
  if (argc > 1)
    schedules = strtoull(argv[1], NULL, 10);
  return fixture_main("sim_races", tests);
}
