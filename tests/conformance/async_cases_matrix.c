/* SPDX-License-Identifier: MIT */
/* Everything that can be awaited, in every way there is to await it, in async
 * functions that give value tasks and such that give tasks. */
#include "conformance/async_cases.h"
#include "conformance/operand.h"

/* ---- helpers: what stands between the operand and the await ---- */

struct way_frame {
  vt_frame_t vt;
  vt_t v;
  vt_result_t r;
  vt_value_t value;
};

static vt_t try_body(void *frame) {
  struct way_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, f->v);
  VT_END(f);
}

static vt_t try_value_body(void *frame) {
  struct way_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, f->value, f->v);
  VT_RETURN(f, vt_from_value(f->value));
  VT_END(f);
}

static vt_t await_body(void *frame) {
  struct way_frame *f = frame;
  VT_BEGIN(f);
  VT_AWAIT(f, f->r, f->v);
  VT_RETURN(f, vt_from_result(f->r));
  VT_END(f);
}

static vt_t return_body(void *frame) {
  struct way_frame *f = frame;
  VT_BEGIN(f);
  VT_RETURN(f, f->v);
  VT_END(f);
}

static vt_t finally_body(void *frame) {
  struct way_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, f->value, f->v);
  VT_RETURN(f, vt_from_value(f->value));
  VT_FINALLY(f);
  VT_TRY(f, vt_yield());
  VT_END(f);
}

/* NULL: the operand itself is awaited. */
static vt_body_fn *const ways[] = {NULL,       try_body,    try_value_body,
                                   await_body, return_body, finally_body};

enum { WAYS = sizeof ways / sizeof *ways, EACH = OPERANDS * WAYS * 2 };

/* ---- helpers: the method that awaits them all ---- */

struct matrix {
  start_fn *start;
  struct operand operand;
  int awaited;
  int wrong;
  int first_wrong; /* its number */
};

/* Number 0 to EACH - 1; as a task every other one, whose reference goes to
 * *out. */
static vt_t begin(struct matrix *x, int number, vt_task_t **out) {
  vt_t v = operand_begin(&x->operand, number / 2 / WAYS);
  struct way_frame frame = {.v = v};
  vt_body_fn *way = ways[number / 2 % WAYS];
  if (way)
    v = x->start(&frame, sizeof frame, way);
  if (number % 2) {
    *out = vt_as_task(v);
    v = vt_from_task(*out);
  }
  return v;
}

static void check(struct matrix *x, int number, vt_result_t r) {
  vt_result_t expected = x->operand.result;
  if (ways[number / 2 % WAYS] == try_body)
    expected.value.i = 0; /* a function without a value */
  x->awaited++;
  if (r.status == expected.status && r.value.i == expected.value.i)
    return;
  if (x->wrong++ == 0)
    x->first_wrong = number;
}

struct matrix_frame {
  vt_frame_t vt;
  struct matrix *x;
  vt_task_t *task;
  bool generic;
  int round, number;
};

static vt_t matrix_body(void *frame) {
  struct matrix_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (f->round = 0; f->round < 3; f->round++)
    for (f->number = 0; f->number < EACH; f->number++) {
      f->task = NULL;
      VT_AWAIT(f, r, begin(f->x, f->number, &f->task));
      vt_task_unref(f->task);
      check(f->x, f->number, r);
    }
  if (f->generic)
    VT_RETURN(f, vt_from_int(18));
  VT_END(f);
}

/* Completes what the method awaits until it has returned. */
static void drive(struct fixture *f, struct matrix *x,
                  const struct seen *seen) {
  for (int turns = 0; seen->count == 0 && turns < 100 * EACH; turns++) {
    operand_complete(&x->operand);
    fixture_turn(f);
  }
}

static void check_method(const struct method *m, bool as_task, bool generic) {
  struct matrix x = {.start = m->start};
  struct matrix_frame frame = {.x = &x, .generic = generic};
  struct seen seen = {0};
  vt_task_t *task = NULL;
  vt_t v;
  operand_init(&x.operand);
  v = m->start(&frame, sizeof frame, matrix_body);
  if (as_task) {
    task = vt_as_task(v);
    v = vt_from_task(task);
  }
  vt_await(v, seen_k, &seen);
  assert_int_equal(seen.count, 0);
  drive(m->f, &x, &seen);
  operand_end(&x.operand);
  assert_seen_int(&seen, generic ? 18 : 0);
  assert_int_equal(x.awaited, 3 * EACH);
  if (x.wrong != 0)
    print_error("the first wrong one is number %d\n", x.first_wrong);
  assert_int_equal(x.wrong, 0);
  vt_task_unref(task);
}

/* ---- the case ---- */

void method_await_tasks_and_value_tasks_in_task_and_value_task_methods(
    const struct method *m) {
  for (int repeat = 0; repeat < 2; repeat++)
    for (int kind = 0; kind < 4; kind++)
      check_method(m, kind & 1, kind & 2);
}
