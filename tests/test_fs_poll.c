/* SPDX-License-Identifier: MIT */
/* Changes of a file's uv_stat_t: what is theirs alone. tests/test_watch.c has
 * what they share. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

/* A file that is not there at the first look, so that what comes after is a
 * change. */
struct file {
  char path[TMP_PATH];
  vt_fs_poll_t *poll;
  vt_fs_poll_change_t change;
};

static vt_result_t wait_for(struct fixture *f, struct file *file) {
  return vt_loop_run(f->vt, vt_fs_poll_wait(file->poll, &file->change));
}

static void open_file(struct fixture *f, struct file *file) {
  memset(file, 0, sizeof *file);
  tmp_file(file->path);
  assert_int_equal(unlink(file->path), 0);
  assert_status(vt_fs_poll_new(file->path, 1, &file->poll), 0);
  assert_status(wait_for(f, file).status, UV_ENOENT);
}

/* The file with a text, at once: a look never finds it without. */
static void put(const struct file *file, const char *text) {
  char path[TMP_PATH];
  tmp_file(path);
  int fd = open(path, O_WRONLY);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
  assert_int_equal(rename(path, file->path), 0);
}

static void append(const struct file *file, const char *text) {
  int fd = open(file->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), strlen(text));
  close(fd);
}

static void close_file(struct fixture *f, struct file *file) {
  assert_status(vt_loop_run(f->vt, vt_fs_poll_close(file->poll)).status, 0);
  unlink(file->path);
}

static void on_poll(uv_fs_poll_t *handle, int status, const uv_stat_t *prev,
                    const uv_stat_t *curr) {
  (void)prev;
  (void)curr;
  *(int *)handle->data += status == UV_ENOENT;
}

/* ---- it works ---- */

static void uv_fs_poll_start_completes(void **state) {
  struct fixture *f = *state;
  struct file file;
  open_file(f, &file);
  append(&file, "");
  assert_int_equal(wait_for(f, &file).value.u, 1);
  put(&file, "four"); /* a write is seen before its size is */
  vt_result_t r = wait_for(f, &file);
  assert_status(r.status, 0);
  assert_int_equal(file.change.prev.st_size, 0);
  assert_int_equal(file.change.curr.st_size, 4);
  close_file(f, &file);
}

static void changes_between_two_waits_are_one(void **state) {
  struct fixture *f = *state;
  struct file file;
  uint64_t last = 0, steps = 1;
  open_file(f, &file);
  append(&file, "");
  assert_status(wait_for(f, &file).status, 0);
  for (int round = 0; round < 1000 && steps < 2; round++) {
    for (int i = 0; i < 3; i++) {
      append(&file, "x");
      assert_status(vt_loop_run(f->vt, vt_delay(3)).status, 0);
    }
    steps = wait_for(f, &file).value.u;
    assert_int_equal(file.change.prev.st_size, last);
    last = file.change.curr.st_size;
  }
  assert_true(steps >= 2);
  close_file(f, &file);
}

static void a_file_that_goes_is_told_once(void **state) {
  struct fixture *f = *state;
  struct file file;
  open_file(f, &file);
  put(&file, "x");
  assert_status(wait_for(f, &file).status, 0);
  assert_int_equal(unlink(file.path), 0);
  assert_status(wait_for(f, &file).status, UV_ENOENT);
  append(&file, "xy");
  assert_status(wait_for(f, &file).status, 0);
  close_file(f, &file);
}

static void unwrapped_a_handle_serves_its_user(void **state) {
  struct fixture *f = *state;
  uv_fs_poll_t uv;
  vt_fs_poll_t *p;
  int came = 0;
  uv_fs_poll_init(&f->uv, &uv);
  uv.data = &came;
  assert_status(vt_fs_poll_wrap(&uv, "/no/such/file", 1, &p), 0);
  vt_fs_poll_change_t change;
  vt_t v = vt_fs_poll_wait(p, &change);
  assert_status(vt_loop_run(f->vt, v).status, UV_ENOENT);
  assert_status(vt_fs_poll_unwrap(p), 0);
  assert_true(fixture_run(f)); /* a look that is under way ends */
  assert_status(uv_fs_poll_start(&uv, on_poll, "/no/such/file", 1), 0);
  assert_true(fixture_run_until(f, &came, 1));
  assert_status(vt_loop_run(f->vt, vt_close((uv_handle_t *)&uv)).status, 0);
}

/* ---- it fails ---- */

static void uv_fs_poll_start_fails(void **state) {
  struct fixture *f = *state;
  struct file file;
  vt_fs_poll_t *p = NULL;
  assert_status(vt_fs_poll_new(NULL, 1, &p), UV_EINVAL);
  assert_null(p);
  open_file(f, &file); /* and the first look fails */
  assert_status(vt_status(vt_fs_poll_wait(file.poll, NULL)), UV_EINVAL);
  close_file(f, &file);
}

static void uv_fs_poll_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct file file;
  struct seen seen = {0};
  open_file(f, &file);
  vt_t v = vt_fs_poll_wait(file.poll, &file.change);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  assert_int_equal(seen.count, 0);
  assert_true(fixture_run_until(f, &seen.count, 1));
  assert_seen_status(&seen, UV_ECANCELED);
  close_file(f, &file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_poll_start_completes),
      fixture_test(changes_between_two_waits_are_one),
      fixture_test(a_file_that_goes_is_told_once),
      fixture_test(unwrapped_a_handle_serves_its_user),
      fixture_test(uv_fs_poll_start_fails),
      fixture_test(uv_fs_poll_start_is_cancelled),
  };
  return fixture_main("fs_poll", tests);
}
