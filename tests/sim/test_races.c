/* SPDX-License-Identifier: MIT */
/* Completion, cancel, timeout and withdrawal race on random schedules, for
 * delays, work, files and functions, alone and in combinators: each
 * continuation runs once, each has one outcome, what was done and what is told
 * agree, and nothing is left. */
#include "sim/schedule.h"
#include "support/tmp.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- a schedule: some operations, each in a setting, each with an end ---- */

enum kind { DELAY, WORK, READ, OPEN, FUNCTION, KINDS };
enum setting {
  PLAIN,
  LATER,
  TIMEOUT,
  ANY,
  ALL,
  RACE,
  MAP,
  RETRY,
  NESTED,
  SCOPED,
  SETTINGS
};
enum actor { NOBODY, CANCELS, STOPS, BOTH, ACTORS };
enum outcome { GIVEN, GIVEN_UP, TIMED_OUT, WITHDRAWN, OUTCOMES };

enum { OPS = 4, MOST_MS = 4, ALL_OVER_MS = 60, MAPPED = 3 };

struct op {
  struct races_world *world;
  enum kind kind;
  enum setting setting;
  enum actor actor;
  vt_t v;                  /* what is awaited */
  vt_t join;               /* of the scope it is in */
  int joined;              /* calls of the join's continuation */
  int ran;                 /* the work was done */
  char buffer[8];          /* of a read; filled by it */
  unsigned own;            /* the operation's index in out */
  unsigned failures;       /* before it is tried at all, of retry */
  vt_result_t out[MAPPED]; /* of those that list results */
  vt_result_t outer[2];    /* of what a nested one is in */
  int count;               /* calls of the continuation */
  vt_result_t result;      /* of the last one */
  bool cancelled;          /* the actor asked for it */
  bool stopped;            /* the actor withdrew the continuation */
};

struct races_world {
  struct schedule schedule;
  struct op ops[OPS];
  uint64_t met[KINDS][SETTINGS][OUTCOMES];
};

static int zero_file; /* of zeros without end */

static unsigned pick(struct op *op, unsigned n) {
  return schedule_pick(&op->world->schedule, n);
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
  struct function f = {.op = op, .ms = pick(op, MOST_MS)};
  switch (op->kind) {
  case WORK:
    return vt_work(do_work, op);
  case READ:
    return vt_fs_read(zero_file, op->buffer, sizeof op->buffer, 0);
  case OPEN:
    return vt_fs_open("/dev/null", UV_FS_O_RDONLY, 0);
  case FUNCTION:
    return vt_start(&f, function_body);
  default:
    return vt_delay(pick(op, MOST_MS) + 1);
  }
}

/* ---- settings ---- */

static vt_t begin_mapped(void *arg, size_t index) {
  struct op *op = arg;
  return index == op->own ? begin_kind(op) : vt_delay(pick(op, MOST_MS));
}

static vt_t fail_body(void *frame) {
  struct function *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_delay(f->ms));
  VT_RETURN(f, vt_failed(UV_EAGAIN));
  VT_END(f);
}

static vt_t begin_attempt(void *arg, unsigned attempt) {
  struct op *op = arg;
  struct function f = {.op = op, .ms = pick(op, 2)};
  return attempt < op->failures ? vt_start(&f, fail_body) : begin_kind(op);
}

static void on_joined(void *state, vt_result_t r) {
  struct op *op = state;
  schedule_note(&op->world->schedule, 100, r.status);
  op->joined++;
}

static vt_t begin_scoped(struct op *op, uint64_t ms) {
  vt_scope_options_t options = {.timeout_ms = ms};
  vt_scope_t *scope;
  int rc = vt_scope_new(&options, &scope);
  if (rc != 0)
    return vt_failed(rc);
  op->cancelled = ms != 0;
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = begin_kind(op);
  vt_scope_leave(before);
  op->join = vt_scope_join(scope);
  vt_await(op->join, on_joined, op);
  return v;
}

/* Those that begin it themselves. */
static vt_t begin_inside(struct op *op, uint64_t ms) {
  const vt_map_t map = {.fn = begin_mapped,
                        .arg = op,
                        .limit = 1 + ms % 2,
                        .flags = ms % 3 ? 0 : VT_FAIL_FAST};
  const vt_retry_t retry = {
      .fn = begin_attempt, .arg = op, .first_ms = 1, .most_ms = 2, .seed = 1};
  op->own = op->setting == MAP ? pick(op, MAPPED) : 0;
  op->failures = pick(op, 3);
  if (op->setting == MAP)
    return vt_map_limit(&map, MAPPED, op->out);
  if (op->setting == RETRY)
    return vt_retry(&retry);
  return begin_scoped(op, ms);
}

static vt_t begin(struct op *op) {
  uint64_t ms = pick(op, MOST_MS + 1);
  if (op->setting == MAP || op->setting == RETRY || op->setting == SCOPED)
    return begin_inside(op, ms);
  vt_t v = begin_kind(op);
  switch (op->setting) {
  case TIMEOUT:
    return vt_with_timeout(v, ms);
  case ANY:
    return VT_ANY(0, op->out, v, vt_delay(ms + 1));
  case ALL:
    return VT_ALL(ms % 2 ? VT_FAIL_FAST : 0, op->out, v, vt_delay(ms + 1));
  case RACE:
    return VT_RACE(0, v, vt_delay(ms + 1));
  case NESTED:
    return VT_ALL(VT_FAIL_FAST, op->outer,
                  VT_ANY(0, op->out, v, vt_delay(ms + 1)), vt_delay(ms));
  default:
    return v;
  }
}

/* The result of the operation itself has a place in out. */
static bool is_listed(const struct op *op) {
  return op->setting == ANY || op->setting == ALL || op->setting == MAP ||
         op->setting == NESTED;
}

static void close_given(const struct op *op, vt_result_t r) {
  if (op->kind == OPEN && r.status == 0)
    vt_forget(vt_fs_close((uv_file)r.value.i));
}

static void on_result(void *state, vt_result_t r) {
  struct op *op = state;
  struct schedule *s = &op->world->schedule;
  op->count += 1 + schedule_is_planted(s);
  op->result = r;
  schedule_note(s, (uint64_t)(op - op->world->ops), r.status);
  close_given(op, is_listed(op) ? op->out[op->own] : r);
}

static void on_actor(void *state, vt_result_t r) {
  struct op *op = state;
  (void)r;
  if (op->actor != STOPS) {
    bool whole = op->setting == SCOPED && pick(op, 2);
    op->cancelled = true;
    vt_cancel(whole ? op->join : op->v);
  }
  if (op->actor != CANCELS)
    op->stopped = vt_await_stop(op->v, on_result, op);
}

/* What fails when nobody waits is reported; and a race has no place for the
 * file of a loser, nor those that list, or try again, when nobody waits. */
static bool is_sensible(const struct op *op) {
  bool stops = op->actor == STOPS || op->actor == BOTH;
  if (op->setting == TIMEOUT && stops)
    return false;
  if (op->kind != OPEN)
    return true;
  return op->setting != RACE &&
         !(stops && (is_listed(op) || op->setting == RETRY));
}

static void begin_op(struct races_world *world, struct op *op) {
  memset(op, 0, sizeof *op);
  memset(op->buffer, 'x', sizeof op->buffer);
  op->world = world;
  for (int i = 0; i < MAPPED; i++)
    op->out[i].status = UV_ECANCELED; /* where it never began */
  do {
    op->kind = (enum kind)pick(op, KINDS);
    op->setting = (enum setting)pick(op, SETTINGS);
    op->actor = (enum actor)pick(op, ACTORS);
  } while (!is_sensible(op));
  op->v = begin(op);
  vt_await_with(op->v, op->setting == LATER ? VT_LATER : 0, on_result, op);
  if (op->actor != NOBODY)
    vt_await(vt_delay(pick(op, MOST_MS + 1)), on_actor, op);
}

/* ---- rules ---- */

static int done_of(const struct op *op) {
  return op->kind == READ ? op->buffer[0] == 0 : op->ran;
}

/* How the operation itself ended, where its setting tells. */
static bool told(const struct op *op, int64_t *status) {
  *status = is_listed(op) ? op->out[op->own].status : op->result.status;
  return op->setting != RACE && op->count == 1;
}

static const char *check_result(const struct op *op) {
  int64_t status = op->result.status;
  if (status == UV_ECANCELED && !op->cancelled)
    return "cancelled, and nobody asked for it";
  if (status == UV_ETIMEDOUT && op->setting != TIMEOUT)
    return "timed out without a timeout";
  if (status != 0 && status != UV_ECANCELED && status != UV_ETIMEDOUT)
    return vt_err_name(status);
  if (status == 0 && op->setting == ALL &&
      (op->out[0].status != 0 || op->out[1].status != 0))
    return "all succeeded with a failure";
  if (status == 0 && op->setting == MAP &&
      (op->out[0].status | op->out[1].status | op->out[2].status) != 0)
    return "the map succeeded with a failure";
  if (status == 0 && op->setting == ANY && !op->cancelled &&
      op->out[op->result.value.u].status != 0)
    return "the first one failed, and nobody asked for it";
  return NULL;
}

static const char *check_outcome(const struct op *op) {
  if (op->count != (op->stopped ? 0 : 1))
    return "the continuation did not run as often as it should";
  if (op->joined != (op->setting == SCOPED))
    return "the scope was not joined once";
  return op->count == 0 ? NULL : check_result(op);
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

static void check(struct op *op) {
  char whom[64];
  const char *wrong = check_outcome(op);
  if (!wrong)
    wrong = check_done(op);
  op->world->met[op->kind][op->setting][outcome_of(op)]++;
  snprintf(whom, sizeof whom, "kind %d, setting %d, actor %d", op->kind,
           op->setting, op->actor);
  if (wrong)
    schedule_wrong(&op->world->schedule, whom, wrong);
}

/* ---- a run ---- */

struct body {
  vt_frame_t vt;
  struct races_world *world;
};

static vt_t body_of(void *frame) {
  struct body *f = frame;
  VT_BEGIN(f);
  for (int i = 0; i < OPS; i++)
    begin_op(f->world, &f->world->ops[i]);
  VT_TRY(f, vt_delay(ALL_OVER_MS));
  for (int i = 0; i < OPS; i++)
    check(&f->world->ops[i]);
  VT_RETURN(f, schedule_end(&f->world->schedule));
  VT_END(f);
}

static vt_t race(void *world) {
  struct body f = {.world = world};
  schedule_begin(&f.world->schedule);
  return vt_start(&f, body_of);
}

static bool is_possible(int kind, int setting, int outcome) {
  bool listed =
      setting == ANY || setting == ALL || setting == MAP || setting == NESTED;
  if (kind == OPEN && setting == RACE)
    return false;
  if (outcome == TIMED_OUT)
    return setting == TIMEOUT;
  if (outcome == WITHDRAWN)
    return setting != TIMEOUT &&
           !(kind == OPEN && (listed || setting == RETRY));
  return true;
}

static bool has_met_all(const void *arg, char *text, size_t size) {
  const struct races_world *world = arg;
  for (int i = 0; i < KINDS; i++)
    for (int j = 0; j < SETTINGS; j++)
      for (int k = 0; k < OUTCOMES; k++) {
        snprintf(text, size, "kind %d, setting %d, outcome %d", i, j, k);
        if (is_possible(i, j, k) && world->met[i][j][k] == 0)
          return false;
      }
  return true;
}

int main(int argc, char **argv) {
  static struct races_world world;
  const struct races races = {.name = "sim/races",
                              .world = &world,
                              .size = sizeof world,
                              .body = race,
                              .has_met_all = has_met_all,
                              .count = 20000};
  zero_file = tmp_fd();
  if (ftruncate(zero_file, sizeof world.ops[0].buffer) != 0)
    return 1;
  int rc = schedule_main(argc, argv, &races);
  close(zero_file);
  return rc;
}
