/* SPDX-License-Identifier: MIT */
/* Files and folders of a new name: each function completes, fails and is
 * cancelled, and nothing stays whose name nobody learnt. */
#include "support/fs_call.h"
#include "support/plug.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the rows ---- */

/* The mode of what is there under the name, which is like the template. */
static mode_t made_mode(const struct fs_place *p) {
  struct stat st;
  size_t same = strlen(p->temp) - 6;
  if (strncmp(p->filled.text, p->temp, same) != 0 ||
      strlen(p->filled.text) != same + 6 || stat(p->filled.text, &st) != 0)
    return 0;
  return st.st_mode;
}

static bool is_folder(struct fs_place *p, vt_result_t r) {
  return r.status == 0 && S_ISDIR(made_mode(p));
}

static bool is_file(struct fs_place *p, vt_result_t r) {
  return r.status == 0 && S_ISREG(made_mode(p)) &&
         write((int)r.value.i, "abc", 3) == 3;
}

static void close_file(vt_value_t file) { close((int)file.i); }

static vt_t mkdtemp_it(struct fs_place *p) {
  return vt_fs_mkdtemp(p->temp, p->filled.text, TMP_PATH);
}

static vt_t mkdtemp_bad(struct fs_place *p) {
  return vt_fs_mkdtemp(p->file, p->filled.text, TMP_PATH);
}

static const struct fs_call mkdtemp_call = {.kind = "fs_mkdtemp",
                                            .subject = "%/temp-XXXXXX",
                                            .begin = mkdtemp_it,
                                            .begin_bad = mkdtemp_bad,
                                            .error = UV_EINVAL,
                                            .is_done = is_folder};

static vt_t mkstemp_it(struct fs_place *p) {
  return vt_fs_mkstemp(p->temp, p->filled.text, TMP_PATH);
}

static vt_t mkstemp_bad(struct fs_place *p) {
  return vt_fs_mkstemp(p->file, p->filled.text, TMP_PATH);
}

static const struct fs_call mkstemp_call = {.kind = "fs_mkstemp",
                                            .subject = "%/temp-XXXXXX",
                                            .begin = mkstemp_it,
                                            .begin_bad = mkstemp_bad,
                                            .error = UV_EINVAL,
                                            .is_done = is_file,
                                            .release = close_file};

FS_CASES(mkdtemp)
FS_CASES(mkstemp)

static const struct fs_call *const rows[] = {&mkdtemp_call, &mkstemp_call,
                                             NULL};

/* ---- what nobody learnt ---- */

/* Forgotten, its block is still in a scope, whose cancel must not reach the
 * request that removes it. */
static void a_cancel_leaves_the_undoing_alone(void **state) {
  struct fixture *f = *state;
  for (const struct fs_call *const *row = rows; *row; row++) {
    struct fs_place p;
    struct seen joined = {0};
    struct plug drained, plug;
    vt_scope_t *scope;
    fs_place_open(&p, f, *row);
    assert_status(vt_scope_new(NULL, &scope), 0);
    vt_scope_t *before = vt_scope_enter(scope);
    vt_forget((*row)->begin(&p));
    vt_scope_leave(before);
    plug_drain(&drained, &f->uv);
    plug_in(&plug, &f->uv);
    fixture_turn(f); /* the undoing waits in the queue */
    assert_int_equal(fs_count_temp(&p), 1);
    vt_scope_cancel(scope, UV_ECANCELED);
    plug_out(&plug);
    vt_await(vt_scope_join(scope), seen_k, &joined);
    assert_true(fixture_run(f));
    assert_int_equal(joined.count, 1);
    assert_int_equal(fs_count_temp(&p), 0);
    fs_place_close(&p);
  }
}

/* libuv's memory; refused, it cannot copy a path. */
static bool refuses;
static int refused;

static void *uv_malloc(size_t size) {
  refused += refuses;
  return refuses ? NULL : malloc(size);
}

static void without_libuvs_memory_it_is_removed_all_the_same(void **state) {
  struct fixture *f = *state;
  for (const struct fs_call *const *row = rows; *row; row++) {
    struct fs_place p;
    struct plug plug;
    fs_place_open(&p, f, *row);
    vt_forget((*row)->begin(&p));
    plug_drain(&plug, &f->uv);
    assert_int_equal(fs_count_temp(&p), 1);
    refused = 0;
    refuses = true;
    bool ended = fixture_run(f);
    refuses = false;
    assert_true(ended);
    assert_int_equal(refused, 1);
    assert_int_equal(fs_count_temp(&p), 0);
    fs_place_close(&p);
  }
}

/* Its name is in the caller's hands; only the file is closed. */
static void left_untaken_it_stays(void **state) {
  struct fixture *f = *state;
  for (const struct fs_call *const *row = rows; *row; row++) {
    struct fs_place p;
    fs_place_open(&p, f, *row);
    vt_t v = (*row)->begin(&p);
    assert_true(fixture_run(f));
    vt_forget(v);
    assert_int_equal(fs_count_temp(&p), 1);
    assert_int_not_equal(made_mode(&p), 0);
    fs_place_close(&p);
  }
}

/* ---- it fails ---- */

static void too_little_room_is_enobufs_in_hand(void **state) {
  char out[16] = "same";
  (void)state;
  vt_t v = vt_fs_mkdtemp("/tmp/vt-XXXXXX", out, 14);
  assert_true(vt_in_hand(v));
  assert_status(vt_get_result(v).status, UV_ENOBUFS);
  assert_status(vt_get_result(vt_fs_mkstemp("XXXXXX", out, 0)).status,
                UV_ENOBUFS);
  assert_string_equal(out, "same");
}

static void bad_arguments_are_einval(void **state) {
  char out[8];
  (void)state;
  const vt_t bad[] = {
      vt_fs_mkdtemp(NULL, out, 8), vt_fs_mkdtemp("XXXXXX", NULL, 8),
      vt_fs_mkstemp(NULL, out, 8), vt_fs_mkstemp("XXXXXX", NULL, 8)};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_status(vt_get_result(bad[i]).status, UV_EINVAL);
}

/* ---- all of them ---- */

FS_GROUP_CASES(rows)

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_mkdtemp_completes),
      fixture_test(uv_fs_mkdtemp_fails),
      fixture_test(uv_fs_mkdtemp_is_cancelled),
      fixture_test(uv_fs_mkstemp_completes),
      fixture_test(uv_fs_mkstemp_fails),
      fixture_test(uv_fs_mkstemp_is_cancelled),
      fixture_test(a_cancel_leaves_the_undoing_alone),
      fixture_test(without_libuvs_memory_it_is_removed_all_the_same),
      fixture_test(left_untaken_it_stays),
      cmocka_unit_test(too_little_room_is_enobufs_in_hand),
      cmocka_unit_test(bad_arguments_are_einval),
      FS_GROUP_TESTS,
  };
  plug_prepare();
  if (uv_replace_allocator(uv_malloc, realloc, calloc, free) != 0)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
