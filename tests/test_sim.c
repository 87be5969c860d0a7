/* SPDX-License-Identifier: MIT */
/* The simulated libuv as a user has it: virtual time, schedules by seed, the
 * search, what a run is blamed for, and faults of files. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <stdio.h>
#include <string.h>
#include <vt_sim.h>

/* Seeds that a case tries. */
#define SEEDS 200

/* ---- helpers ---- */

static vt_sim_result_t run(uint64_t seed, vt_sim_body_fn *body, void *arg) {
  vt_sim_options_t options = {.seed = seed};
  vt_sim_result_t out;
  vt_sim_run(&options, body, arg, &out);
  return out;
}

static void assert_same(const vt_sim_result_t *a, const vt_sim_result_t *b) {
  assert_status(a->status, b->status);
  assert_int_equal(a->seed, b->seed);
  assert_int_equal(a->passed_ms, b->passed_ms);
  assert_int_equal(a->turns, b->turns);
  assert_int_equal(a->value.i, b->value.i);
  assert_string_equal(a->text, b->text);
}

/* The order in which what was begun completed, as digits. */
struct order {
  int64_t digits;
  struct item {
    struct order *order;
    int64_t digit;
  } items[9];
};

static void item_k(void *state, vt_result_t result) {
  struct item *item = state;
  (void)result;
  item->order->digits = item->order->digits * 10 + item->digit;
}

static void watch(struct order *order, int digit, vt_t v) {
  struct item *item = &order->items[digit - 1];
  item->order = order;
  item->digit = digit;
  vt_await(v, item_k, item);
}

static vt_result_t no_work(void *arg) {
  (void)arg;
  return result_int(0);
}

/* ---- time and order ---- */

struct hour {
  vt_frame_t vt;
  int minutes;
};

static vt_t hour_body(void *frame) {
  struct hour *f = frame;
  VT_BEGIN(f);
  for (; f->minutes < 60; f->minutes++)
    VT_TRY(f, vt_delay(60000));
  VT_RETURN(f, vt_from_int(f->minutes));
  VT_END(f);
}

static vt_t wait_an_hour(void *arg) {
  struct hour f = {.minutes = 0};
  (void)arg;
  return vt_start(&f, hour_body);
}

static void an_hour_of_delays_takes_no_time(void **state) {
  (void)state;
  vt_sim_result_t out = run(1, wait_an_hour, NULL);
  assert_status(out.status, 0);
  assert_int_equal(out.value.i, 60);
  assert_int_equal(out.passed_ms, 3600000);
  assert_in_range(out.turns, 60, 600);
  assert_string_equal(out.text, "");
}

static vt_t equal_delays(void *arg) {
  struct order *order = arg;
  order->digits = 0;
  for (int digit = 1; digit <= 9; digit++)
    watch(order, digit, vt_delay(digit <= 5 ? 20 : 10));
  return vt_delay(30);
}

static void equal_due_times_keep_their_order(void **state) {
  struct order order;
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    assert_status(run(seed, equal_delays, &order).status, 0);
    assert_int_equal(order.digits, 678912345);
  }
}

static vt_t five_works(void *arg) {
  struct order *order = arg;
  order->digits = 0;
  for (int digit = 1; digit <= 5; digit++)
    watch(order, digit, vt_work(no_work, NULL));
  return vt_delay(10);
}

static void same_seed_gives_the_same_order(void **state) {
  struct order order;
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    vt_sim_result_t first = run(seed, five_works, &order);
    int64_t digits = order.digits;
    vt_sim_result_t second = run(seed, five_works, &order);
    assert_same(&first, &second);
    assert_int_equal(order.digits, digits);
  }
}

static void another_seed_gives_another_order(void **state) {
  static char seen[54322];
  struct order order;
  int orders = 0;
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    assert_status(run(seed, five_works, &order).status, 0);
    assert_in_range(order.digits, 12345, 54321);
    orders += !seen[order.digits];
    seen[order.digits] = 1;
  }
  assert_in_range(orders, 50, 120);
}

static vt_t work_and_file(void *arg) {
  struct order *order = arg;
  order->digits = 0;
  watch(order, 1, vt_work(no_work, NULL));
  watch(order, 2, vt_fs_fsync(-1));
  watch(order, 3, vt_delay(2));
  return vt_delay(10);
}

static void work_files_and_delays_come_in_every_order(void **state) {
  static const int64_t all[] = {123, 132, 213, 231, 312, 321};
  int counts[6] = {0};
  struct order order;
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    assert_status(run(seed, work_and_file, &order).status, 0);
    for (size_t i = 0; i < 6; i++)
      counts[i] += order.digits == all[i];
  }
  for (size_t i = 0; i < 6; i++)
    assert_in_range(counts[i], 1, SEEDS);
}

/* ---- search ---- */

/* Two that each read a number, work, and write it back greater by one. */
struct adder {
  vt_frame_t vt;
  int *number;
  int read;
};

static vt_t adder_body(void *frame) {
  struct adder *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_work(no_work, NULL));
  f->read = *f->number;
  VT_TRY(f, vt_work(no_work, NULL));
  *f->number = f->read + 1;
  VT_END(f);
}

struct both {
  vt_frame_t vt;
  int *number;
};

static vt_t both_body(void *frame) {
  struct both *f = frame;
  VT_BEGIN(f);
  struct adder a = {.number = f->number}, b = {.number = f->number};
  VT_TRY(f,
         VT_ALL(0, NULL, vt_start(&a, adder_body), vt_start(&b, adder_body)));
  VT_RETURN(f, *f->number == 2 ? vt_done() : vt_failed(UV_EPROTO));
  VT_END(f);
}

static vt_t add_twice(void *arg) {
  struct both f = {.number = arg};
  *f.number = 0;
  return vt_start(&f, both_body);
}

static void planted_race_is_found_and_replays(void **state) {
  vt_sim_result_t found, again;
  vt_sim_options_t options = {.seed = 1};
  int number;
  (void)state;
  assert_status(vt_sim_search(&options, SEEDS, add_twice, &number, &found),
                UV_EPROTO);
  assert_status(found.status, UV_EPROTO);
  assert_string_equal(found.text, "the body failed: protocol error");
  options.seed = found.seed;
  for (int i = 0; i < 3; i++) {
    assert_status(vt_sim_run(&options, add_twice, &number, &again), UV_EPROTO);
    assert_same(&again, &found);
  }
}

static void race_is_not_in_every_order(void **state) {
  int number, right = 0;
  (void)state;
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    right += run(seed, add_twice, &number).status == 0;
  assert_in_range(right, 1, SEEDS - 1);
}

static void search_without_a_failure_ends_with_the_last_seed(void **state) {
  vt_sim_options_t options = {.seed = 7};
  vt_sim_result_t out;
  (void)state;
  assert_status(vt_sim_search(&options, 20, wait_an_hour, NULL, &out), 0);
  assert_int_equal(out.seed, 26);
  assert_status(vt_sim_search(&options, 0, wait_an_hour, NULL, &out),
                UV_EINVAL);
}

/* ---- what a run is blamed for ---- */

static vt_t leak(void *arg) {
  (void)arg;
  vt_task_t *task = vt_task_from_int(77);
  return vt_from_int(vt_task_result(task).value.i);
}

static vt_t leak_pending(void *arg) {
  vt_promise_t **promise = arg;
  return vt_promise_new(0, promise) == 0 ? vt_done() : vt_failed(UV_ENOMEM);
}

static vt_t unobserved(void *arg) {
  (void)arg;
  vt_task_unref(vt_task_from_result(result_failed(UV_EPERM)));
  return vt_done();
}

static vt_t forgotten(void *arg) {
  (void)arg;
  vt_forget(vt_fs_fsync(-1));
  return vt_delay(20);
}

static vt_t never_awaited(void *arg) {
  (void)arg;
  vt_t lost = vt_work(no_work, NULL);
  return lost.source != 0 ? vt_delay(20) : vt_failed(UV_ENOMEM);
}

static vt_t dropped(void *arg) {
  vt_promise_t *promise;
  (void)arg;
  int rc = vt_promise_new(0, &promise);
  if (rc == 0)
    vt_promise_free(promise);
  return rc == 0 ? vt_done() : vt_failed(rc);
}

static vt_t unfinished(void *arg) {
  (void)arg;
  vt_forget(vt_delay(5000));
  return vt_delay(10);
}

/* Left for good, as its loop is abandoned. */
static uv_timer_t open_timer;

static vt_t open_handle(void *arg) {
  (void)arg;
  uv_timer_init(vt_loop_uv(vt_loop_current()), &open_timer);
  return vt_done();
}

static vt_t deadlock(void *arg) {
  vt_promise_t **promise = arg;
  if (vt_promise_new(0, promise) != 0)
    return vt_failed(UV_ENOMEM);
  return vt_from_task(vt_promise_task(*promise));
}

static vt_t two_days(void *arg) {
  (void)arg;
  return vt_delay(2 * 86400000);
}

struct spin {
  vt_frame_t vt;
};

static vt_t spin_body(void *frame) {
  struct spin *f = frame;
  VT_BEGIN(f);
  for (;;)
    VT_TRY(f, vt_yield());
  VT_END(f);
}

static vt_t spin(void *arg) {
  struct spin f = {.vt = {NULL, 0}};
  (void)arg;
  return vt_start(&f, spin_body);
}

static vt_t fails(void *arg) {
  (void)arg;
  return vt_failed(UV_EPERM);
}

static const struct blame {
  vt_sim_body_fn *body;
  int64_t status;
  const char *text; /* in the sentence */
} blames[] = {
    {leak, VT_SIM_ELEAK, "1 tasks were never released"},
    {leak_pending, VT_SIM_ELEAK, "1 tasks were never released"},
    {unobserved, VT_SIM_EUNOBSERVED, "nobody observed it"},
    {forgotten, VT_SIM_EFORGOTTEN, "bad file descriptor [fs_fsync file -1]"},
    {never_awaited, VT_SIM_ENEVERAWAITED, "was never awaited"},
    {dropped, VT_SIM_EDROPPED, "[promise]"},
    {unfinished, VT_SIM_EUNFINISHED, "was: delay 5000 ms"},
    {open_handle, VT_SIM_EUNFINISHED, "over: timer"},
    {deadlock, VT_SIM_EDEADLOCK, "ever happen; waiting: "},
    {two_days, VT_SIM_ELIMIT, "passed; waiting: delay"},
    {spin, VT_SIM_ELIMIT, "async function"},
    {fails, UV_EPERM, "operation not permitted"},
};

/* Twice: the second run stands on what the first left behind. */
static void every_failure_is_blamed_and_replays(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof blames / sizeof *blames; i++) {
    vt_sim_options_t options = {.seed = i, .limit_turns = 5000};
    vt_promise_t *promises[2] = {NULL, NULL};
    vt_sim_result_t out[2];
    for (int j = 0; j < 2; j++) {
      vt_sim_run(&options, blames[i].body, &promises[j], &out[j]);
      assert_string_equal(vt_sim_err_name(out[j].status),
                          vt_sim_err_name(blames[i].status));
      assert_non_null(strstr(out[j].text, blames[i].text));
    }
    assert_same(&out[0], &out[1]);
    assert_null(vt_loop_current());
    vt_promise_free(promises[0]);
    vt_promise_free(promises[1]);
  }
}

static void right_body_is_not_blamed_after_all_that(void **state) {
  (void)state;
  assert_status(run(1, wait_an_hour, NULL).status, 0);
}

static void refused_without_a_body_and_inside_another(void **state) {
  uv_loop_t uv;
  vt_loop_t *vt;
  (void)state;
  assert_status(vt_sim_run(NULL, NULL, NULL, NULL), UV_EINVAL);
  assert_int_equal(uv_loop_init(&uv), 0);
  assert_int_equal(vt_loop_attach(&uv, &vt), 0);
  assert_status(vt_sim_run(NULL, wait_an_hour, NULL, NULL), UV_EBUSY);
  assert_int_equal(vt_loop_detach(vt, NULL), 0);
  uv_run(&uv, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&uv), 0);
}

/* ---- faults ---- */

/* Writes and reads back a whole file, however short each call is. */
struct copy {
  vt_frame_t vt;
  char path[TMP_PATH];
  size_t at;
  uv_file file;
  int *shorts;
};

static char text_in[2000], text_out[2000];

static vt_t copy_body(void *frame) {
  struct copy *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, v, vt_fs_open(f->path, UV_FS_O_RDWR, 0));
  f->file = (uv_file)v.i;
  for (; f->at < sizeof text_in; f->at += v.u) {
    VT_TRY_VALUE(f, v,
                 vt_fs_write(f->file, text_in + f->at, sizeof text_in - f->at,
                             (int64_t)f->at));
    *f->shorts += v.u < sizeof text_in - f->at;
  }
  VT_TRY(f, vt_fs_fsync(f->file));
  for (f->at = 0; f->at < sizeof text_out; f->at += v.u) {
    VT_TRY_VALUE(f, v,
                 vt_fs_read(f->file, text_out + f->at, sizeof text_out - f->at,
                            (int64_t)f->at));
    *f->shorts += v.u < sizeof text_out - f->at;
  }
  VT_FINALLY(f);
  if (f->file >= 0)
    VT_TRY(f, vt_fs_close(f->file));
  VT_END(f);
}

static struct copy_arg {
  char path[TMP_PATH];
  int shorts;
} copy_arg;

static vt_t copy(void *arg) {
  struct copy_arg *c = arg;
  struct copy f = {.file = -1, .shorts = &c->shorts};
  memcpy(f.path, c->path, sizeof f.path);
  c->shorts = 0;
  memset(text_out, 0, sizeof text_out);
  return vt_start(&f, copy_body);
}

static void short_reads_and_writes_reach_the_caller(void **state) {
  vt_sim_options_t options = {.short_read_percent = 70,
                              .short_write_percent = 70};
  int shorts = 0;
  (void)state;
  for (size_t i = 0; i < sizeof text_in; i++)
    text_in[i] = (char)('a' + i % 26);
  tmp_file(copy_arg.path);
  for (; options.seed < 50; options.seed++) {
    assert_status(vt_sim_run(&options, copy, &copy_arg, NULL), 0);
    shorts += copy_arg.shorts;
    assert_memory_equal(text_in, text_out, sizeof text_in);
  }
  assert_in_range(shorts, 50, 5000);
  options.short_read_percent = 0;
  options.short_write_percent = 0;
  assert_status(vt_sim_run(&options, copy, &copy_arg, NULL), 0);
  assert_int_equal(copy_arg.shorts, 0);
  remove(copy_arg.path);
}

static void errors_of_files_reach_the_caller_and_close_all(void **state) {
  vt_sim_options_t options = {.fs_error_percent = 25};
  int fds = tmp_count_fds(), failed = 0;
  (void)state;
  tmp_file(copy_arg.path);
  for (; options.seed < 50; options.seed++) {
    int rc = vt_sim_run(&options, copy, &copy_arg, NULL);
    if (rc != 0)
      assert_true(rc == UV_EIO || rc == UV_ENOSPC || rc == UV_EFBIG ||
                  rc == UV_EMFILE || rc == UV_EACCES);
    failed += rc != 0;
    assert_int_equal(tmp_count_fds(), fds);
  }
  assert_in_range(failed, 10, 49);
  options.fs_error_percent = 100;
  assert_true(vt_sim_run(&options, copy, &copy_arg, NULL) != 0);
  remove(copy_arg.path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_hour_of_delays_takes_no_time),
      cmocka_unit_test(equal_due_times_keep_their_order),
      cmocka_unit_test(same_seed_gives_the_same_order),
      cmocka_unit_test(another_seed_gives_another_order),
      cmocka_unit_test(work_files_and_delays_come_in_every_order),
      cmocka_unit_test(planted_race_is_found_and_replays),
      cmocka_unit_test(race_is_not_in_every_order),
      cmocka_unit_test(search_without_a_failure_ends_with_the_last_seed),
      cmocka_unit_test(every_failure_is_blamed_and_replays),
      cmocka_unit_test(right_body_is_not_blamed_after_all_that),
      cmocka_unit_test(refused_without_a_body_and_inside_another),
      cmocka_unit_test(short_reads_and_writes_reach_the_caller),
      cmocka_unit_test(errors_of_files_reach_the_caller_and_close_all),
  };
  return fixture_main("sim", tests);
}
