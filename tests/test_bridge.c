/* SPDX-License-Identifier: MIT */
/* The bridge, as a user takes it to wrap libuv calls that the library does not
 * have. The states of an operation are tested with one_shot. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/plug.h"

#include <stdio.h>
#include <string.h>

/* ---- helpers: two wrapped calls, and one that answers too early ---- */

struct stat_op {
  vt_op_t op;
  uv_fs_t req;
};

static void stat_describe(const vt_op_t *op, char *text, size_t size) {
  const struct stat_op *s = (const struct stat_op *)op;
  snprintf(text, size, "%s", s->req.path ? s->req.path : "");
}

static const vt_op_kind_t stat_kind = {.ops = VT_OP_OPS("stat"),
                                       .size = sizeof(struct stat_op),
                                       .describe = stat_describe};

static void on_stat(uv_fs_t *req) {
  vt_result_t r = {req->result < 0 ? req->result : 0,
                   {(int64_t)req->statbuf.st_nlink}};
  uv_fs_req_cleanup(req);
  vt_op_complete(req->data, r);
}

static vt_t stat_async(const char *path) {
  struct stat_op *s;
  int rc = vt_op_begin(&stat_kind, &s);
  if (rc != 0)
    return vt_failed(rc);
  s->req.data = s;
  return vt_op_started(s, uv_fs_stat(vt_op_uv(s), &s->req, path, on_stat));
}

/* Room for the bytes is in the operation: it can be answered early. */
struct random_op {
  vt_op_t op;
  uv_random_t req;
  uint64_t word;
};

static struct {
  int cancels, discards;
  vt_result_t late;
} random_log;

static int random_cancel(vt_op_t *op) {
  struct random_op *r = (struct random_op *)op;
  random_log.cancels++;
  return uv_cancel((uv_req_t *)&r->req);
}

static void random_discard(vt_op_t *op, vt_result_t late) {
  (void)op;
  random_log.discards++;
  random_log.late = late;
}

static const vt_op_kind_t random_kind = {.ops = VT_OP_OPS("random"),
                                         .size = sizeof(struct random_op),
                                         .cancel = random_cancel,
                                         .discard = random_discard,
                                         .detachable = true};

static void on_random(uv_random_t *req, int status, void *buf, size_t size) {
  vt_result_t r = {status, {0}};
  struct random_op *op = req->data;
  (void)buf;
  (void)size;
  if (status == 0)
    r.value.u = op->word | 1;
  vt_op_complete(op, r);
}

static vt_t random_async(unsigned flags) {
  struct random_op *r;
  int rc = vt_op_begin(&random_kind, &r);
  if (rc != 0)
    return vt_failed(rc);
  memset(&random_log, 0, sizeof random_log);
  r->req.data = r;
  return vt_op_started(r, uv_random(vt_op_uv(r), &r->req, &r->word,
                                    sizeof r->word, flags, on_random));
}

static const vt_op_kind_t plain_kind = {.ops = VT_OP_OPS("plain"),
                                        .size = sizeof(vt_op_t)};

/* Completes before it is started, as a call that calls back at once would. */
static vt_t early_async(vt_result_t r) {
  vt_op_t *op;
  int rc = vt_op_begin(&plain_kind, &op);
  if (rc != 0)
    return vt_failed(rc);
  vt_op_complete(op, r);
  return vt_op_started(op, 0);
}

static void note_entry(void *arg, const vt_loop_entry_t *entry) {
  snprintf(arg, 128, "%s '%s'%s", entry->kind, entry->subject,
           entry->awaited ? " awaited" : "");
}

/* ---- it works ---- */

static void a_wrapped_call_gives_its_result(void **state) {
  struct fixture *f = *state;
  vt_result_t r = vt_loop_run(f->vt, stat_async("/"));
  assert_status(r.status, 0);
  assert_true(r.value.i > 0);
  r = vt_loop_run(f->vt, stat_async("/no/such/file"));
  assert_status(r.status, UV_ENOENT);
}

static void it_knows_its_loop(void **state) {
  struct fixture *f = *state;
  vt_op_t *op;
  vt_result_t done = {0, {0}};
  assert_int_equal(vt_op_begin(&plain_kind, &op), 0);
  assert_ptr_equal(vt_op_uv(op), &f->uv);
  vt_op_complete(op, done);
  assert_status(vt_get_result(vt_op_started(op, 0)).status, 0);
}

static void completed_before_it_is_started_it_is_complete(void **state) {
  struct seen seen = {0};
  (void)state;
  vt_t v = early_async(result_int(5));
  assert_true(vt_is_succeeded(v));
  vt_await(v, seen_k, &seen);
  assert_seen_int(&seen, 5);
  assert_status(vt_get_result(v).status, VT_ESTALE);
}

static void a_positive_status_becomes_estatus(void **state) {
  vt_result_t positive = {1, {0}};
  (void)state;
  assert_status(vt_get_result(early_async(positive)).status, VT_ESTATUS);
}

static void its_members_are_the_users(void **state) {
  struct fixture *f = *state;
  struct big {
    vt_op_t op;
    unsigned char bytes[100000];
  } * first, *second;
  static const vt_op_kind_t kind = {.ops = VT_OP_OPS("big"),
                                    .size = sizeof(struct big)};
  assert_int_equal(vt_op_begin(&kind, &first), 0);
  assert_int_equal(vt_op_begin(&kind, &second), 0);
  memset(first->bytes, 1, sizeof first->bytes);
  memset(second->bytes, 2, sizeof second->bytes);
  for (size_t i = 0; i < sizeof first->bytes; i += 99)
    assert_int_equal(first->bytes[i], 1);
  vt_t v = vt_op_started(first, 0), w = vt_op_started(second, 0);
  vt_op_complete(first, result_int(1));
  vt_op_complete(second, result_int(2));
  assert_int_equal(vt_get_result(w).value.i, 2);
  assert_int_equal(vt_get_result(v).value.i, 1);
  assert_int_equal(fixture_pending(f), 0);
}

static void the_walk_shows_kind_and_subject(void **state) {
  struct fixture *f = *state;
  char text[128] = "";
  struct seen seen = {0};
  vt_t v = stat_async("/");
  vt_loop_walk(f->vt, note_entry, text);
  assert_string_equal(text, "stat '/'");
  vt_await(v, seen_k, &seen);
  vt_loop_walk(f->vt, note_entry, text);
  assert_string_equal(text, "stat '/' awaited");
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
}

static void cancelled_in_time_the_call_says_so(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = random_async(0);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(random_log.cancels, 1);
  assert_int_equal(random_log.discards, 0);
}

static void cancelled_too_late_the_result_is_discarded(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  vt_t v = random_async(0);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(random_log.discards, 1);
  assert_status(random_log.late.status, 0);
  assert_true(random_log.late.value.u != 0);
}

static void forgotten_the_result_is_discarded(void **state) {
  struct fixture *f = *state;
  vt_forget(random_async(0));
  assert_true(fixture_run(f));
  assert_int_equal(random_log.discards, 1);
}

static void allocates_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  uint64_t before = 0;
  for (int round = 0; round < 3; round++) {
    if (round == 1)
      before = fixture_allocations();
    for (int i = 0; i < 50; i++)
      vt_await(random_async(0), seen_k, &seen);
    assert_true(fixture_run(f));
  }
  assert_int_equal(seen.count, 150);
  assert_int_equal(fixture_allocations(), before);
}

/* ---- it fails ---- */

static void a_call_that_refuses_is_in_hand(void **state) {
  struct fixture *f = *state;
  vt_t v = random_async(99);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_EINVAL);
  assert_int_equal(fixture_pending(f), 0);
}

static void too_large_a_struct_is_enomem(void **state) {
  static const vt_op_kind_t kind = {.ops = VT_OP_OPS("huge"),
                                    .size = (size_t)1 << 40};
  vt_op_t *op = NULL;
  (void)state;
  assert_int_equal(vt_op_begin(&kind, &op), UV_ENOMEM);
  assert_null(op);
}

static void without_a_loop_is_enoloop(void **state) {
  vt_op_t *op = NULL;
  (void)state;
  assert_int_equal(vt_op_begin(&plain_kind, &op), VT_ENOLOOP);
  assert_null(op);
}

static const char *wrapped_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fault_arm(n, mode);
  vt_t v = stat_async("/");
  bool refused = vt_in_hand(v);
  vt_result_t r = vt_loop_run(f.vt, v);
  fault_disarm();
  if (r.status != (refused ? UV_ENOMEM : 0))
    return "neither refused nor done";
  return fixture_close(&f);
}

static void without_memory_it_is_refused(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(wrapped_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_wrapped_call_gives_its_result),
      fixture_test(it_knows_its_loop),
      fixture_test(completed_before_it_is_started_it_is_complete),
      fixture_test(a_positive_status_becomes_estatus),
      fixture_test(its_members_are_the_users),
      fixture_test(the_walk_shows_kind_and_subject),
      fixture_test(cancelled_in_time_the_call_says_so),
      fixture_test(cancelled_too_late_the_result_is_discarded),
      fixture_test(forgotten_the_result_is_discarded),
      fixture_test(allocates_nothing_after_warm_up),
      fixture_test(a_call_that_refuses_is_in_hand),
      fixture_test(too_large_a_struct_is_enomem),
      cmocka_unit_test(without_a_loop_is_enoloop),
      cmocka_unit_test(without_memory_it_is_refused),
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
