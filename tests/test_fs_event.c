/* SPDX-License-Identifier: MIT */
/* Changes of files: what is theirs alone. tests/test_watch.c has what they
 * share. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers: a folder, whose new folders are one event each ---- */

struct folder {
  char path[TMP_PATH];
  int made;
};

static void path_of(const struct folder *d, int i, char *path) {
  snprintf(path, TMP_PATH, "%.400s/new-%d", d->path, i);
}

static struct folder open_folder(void) {
  struct folder d = {.made = 0};
  tmp_file(d.path);
  assert_int_equal(unlink(d.path), 0);
  assert_int_equal(mkdir(d.path, 0700), 0);
  return d;
}

static void make_new(struct folder *d) {
  char path[TMP_PATH];
  path_of(d, d->made++, path);
  assert_int_equal(mkdir(path, 0700), 0);
}

static void close_folder(struct folder *d) {
  char path[TMP_PATH];
  while (d->made > 0) {
    path_of(d, --d->made, path);
    assert_int_equal(rmdir(path), 0);
  }
  assert_int_equal(rmdir(d->path), 0);
}

static vt_fs_event_t *watch_folder(const struct folder *d, size_t keep) {
  vt_fs_event_t *e = NULL;
  assert_status(vt_fs_event_new(d->path, 0, keep, &e), 0);
  return e;
}

static void close_event(struct fixture *f, vt_fs_event_t *e) {
  assert_status(vt_loop_run(f->vt, vt_fs_event_close(e)).status, 0);
}

static void turns(struct fixture *f) {
  for (int i = 0; i < 5; i++)
    assert_status(vt_loop_run(f->vt, vt_yield()).status, 0);
}

static void on_event(uv_fs_event_t *handle, const char *name, int events,
                     int status) {
  (void)name;
  (void)events;
  *(int *)handle->data += status == 0;
}

/* ---- it works ---- */

static void uv_fs_event_start_completes(void **state) {
  struct fixture *f = *state;
  struct folder d = open_folder();
  vt_fs_event_t *e = watch_folder(&d, 0);
  struct seen seen = {0};
  vt_fs_change_t change;
  vt_await(vt_fs_event_wait(e, &change), seen_k, &seen);
  make_new(&d);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, UV_RENAME);
  assert_int_equal(change.events, UV_RENAME);
  assert_int_equal(change.dropped, 0);
  assert_string_equal(change.name, "new-0");
  close_event(f, e);
  close_folder(&d);
}

static void keeps_what_comes_between_two_waits(void **state) {
  struct fixture *f = *state;
  struct folder d = open_folder();
  vt_fs_event_t *e = watch_folder(&d, 0);
  vt_fs_change_t change;
  char name[16];
  for (int i = 0; i < 64; i++)
    make_new(&d);
  turns(f);
  for (int i = 0; i < 64; i++) {
    vt_t v = vt_fs_event_wait(e, &change);
    assert_true(vt_in_hand(v));
    snprintf(name, sizeof name, "new-%d", i);
    assert_string_equal(change.name, name);
    assert_int_equal(change.dropped, 0);
  }
  close_event(f, e);
  close_folder(&d);
}

static void tells_what_there_was_no_room_for(void **state) {
  struct fixture *f = *state;
  struct folder d = open_folder();
  vt_fs_event_t *e = watch_folder(&d, 2);
  vt_fs_change_t change;
  for (int i = 0; i < 5; i++)
    make_new(&d);
  turns(f);
  assert_true(vt_in_hand(vt_fs_event_wait(e, &change)));
  assert_string_equal(change.name, "new-3");
  assert_int_equal(change.dropped, 3);
  assert_true(vt_in_hand(vt_fs_event_wait(e, &change)));
  assert_string_equal(change.name, "new-4");
  assert_int_equal(change.dropped, 0);
  make_new(&d);
  assert_status(vt_loop_run(f->vt, vt_fs_event_wait(e, &change)).status, 0);
  assert_string_equal(change.name, "new-5");
  close_event(f, e);
  close_folder(&d);
}

static void unwrapped_a_handle_serves_its_user(void **state) {
  struct fixture *f = *state;
  struct folder d = open_folder();
  uv_fs_event_t uv;
  vt_fs_event_t *e;
  int came = 0;
  uv_fs_event_init(&f->uv, &uv);
  uv.data = &came;
  assert_status(vt_fs_event_wrap(&uv, "/no/such", 0, 0, &e), UV_ENOENT);
  assert_status(vt_fs_event_wrap(&uv, d.path, 0, 0, &e), 0);
  assert_status(vt_fs_event_unwrap(e), 0);
  assert_status(uv_fs_event_start(&uv, on_event, d.path, 0), 0);
  make_new(&d);
  assert_true(fixture_run_until(f, &came, 1));
  assert_status(vt_loop_run(f->vt, vt_close((uv_handle_t *)&uv)).status, 0);
  close_folder(&d);
}

/* ---- it fails ---- */

static void uv_fs_event_start_fails(void **state) {
  struct fixture *f = *state;
  struct folder d = open_folder();
  vt_fs_event_t *e = NULL;
  assert_status(vt_fs_event_new("/no/such/file", 0, 0, &e), UV_ENOENT);
  assert_status(vt_fs_event_new(NULL, 0, 0, &e), UV_EINVAL);
  assert_status(vt_fs_event_new(d.path, 0, 1 << 20, &e), UV_EINVAL);
  assert_null(e);
  assert_true(fixture_run(f));
  e = watch_folder(&d, 0);
  assert_status(vt_status(vt_fs_event_wait(e, NULL)), UV_EINVAL);
  close_event(f, e);
  close_folder(&d);
}

static void uv_fs_event_start_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct folder d = open_folder();
  vt_fs_event_t *e = watch_folder(&d, 0);
  struct seen seen = {0};
  vt_fs_change_t change = {.events = 77};
  vt_t v = vt_fs_event_wait(e, &change);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  make_new(&d);
  turns(f);
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(change.events, 77);
  close_event(f, e);
  close_folder(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_event_start_completes),
      fixture_test(keeps_what_comes_between_two_waits),
      fixture_test(tells_what_there_was_no_room_for),
      fixture_test(unwrapped_a_handle_serves_its_user),
      fixture_test(uv_fs_event_start_fails),
      fixture_test(uv_fs_event_start_is_cancelled),
  };
  return fixture_main("fs_event", tests);
}
