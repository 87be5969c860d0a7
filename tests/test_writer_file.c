/* SPDX-License-Identifier: MIT */
/* Writers to files of a name: appending, replacing as a whole, the rotation of
 * logs. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

/* A folder of the case's, and the names in it. */
struct place {
  char folder[64];
  char path[96];
  char other[96];
  int fds;
};

static void place_open(struct place *p) {
  strcpy(p->folder, "/tmp/vt-writer-XXXXXX");
  p->fds = tmp_count_fds();
  assert_non_null(mkdtemp(p->folder));
  snprintf(p->path, sizeof p->path, "%s/log", p->folder);
  snprintf(p->other, sizeof p->other, "%s/log.1", p->folder);
}

/* Nothing else is left in the folder, and no file is open. */
static void place_close(struct place *p) {
  unlink(p->path);
  unlink(p->other);
  assert_int_equal(rmdir(p->folder), 0);
  assert_int_equal(tmp_count_fds(), p->fds);
}

static void put_file(const char *path, const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static void assert_file(const char *path, const char *text) {
  char all[512] = "";
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  assert_true(fd >= 0);
  size_t size = tmp_read(fd, all, sizeof all - 1);
  close(fd);
  all[size] = '\0';
  assert_string_equal(all, text);
}

static int64_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v).status;
}

static void put(struct fixture *f, vt_writer_file_t *w, const char *text) {
  vt_t v = vt_writer_write_all_async(&w->writer, text, strlen(text));
  assert_int_equal(run(f, v), 0);
}

static int64_t open_how(struct fixture *f, vt_writer_file_t *w,
                        const char *path, int how) {
  vt_writer_file_options_t options = {.how = how};
  return run(f, vt_writer_open_async(w, path, &options));
}

static int64_t end(struct fixture *f, vt_writer_file_t *w) {
  return run(f, vt_writer_close_async(&w->writer));
}

/* ---- append, truncate ---- */

static void appended_to_a_file_goes_on(void **state) {
  struct fixture *f = *state;
  struct place p;
  vt_writer_file_t w;
  place_open(&p);
  assert_int_equal(run(f, vt_writer_open_async(&w, p.path, NULL)), 0);
  put(f, &w, "one\n");
  assert_int_equal(end(f, &w), 0);
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_APPEND), 0);
  put(f, &w, "two\n");
  assert_int_equal(end(f, &w), 0);
  assert_file(p.path, "one\ntwo\n");
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_TRUNCATE), 0);
  put(f, &w, "three\n");
  assert_int_equal(run(f, vt_writer_sync_async(&w.writer)), 0);
  assert_int_equal(end(f, &w), 0);
  assert_file(p.path, "three\n");
  place_close(&p);
}

static void what_cannot_be_opened_is_closed(void **state) {
  struct fixture *f = *state;
  vt_writer_file_t w;
  vt_writer_file_options_t wrong = {.how = 3};
  for (int how = VT_WRITER_APPEND; how <= VT_WRITER_REPLACE; how++) {
    assert_status(open_how(f, &w, "/nowhere/at/all", how), UV_ENOENT);
    assert_status(run(f, vt_writer_write_async(&w.writer, 1)), UV_EBADF);
    assert_status(end(f, &w), UV_EBADF);
  }
  assert_status(run(f, vt_writer_open_async(NULL, "x", NULL)), UV_EINVAL);
  assert_status(run(f, vt_writer_open_async(&w, NULL, NULL)), UV_EINVAL);
  assert_status(run(f, vt_writer_open_async(&w, "x", &wrong)), UV_EINVAL);
}

/* ---- replace ---- */

static void replaced_at_the_close_and_not_before(void **state) {
  struct fixture *f = *state;
  struct place p;
  struct stat st;
  vt_writer_file_t w;
  place_open(&p);
  put_file(p.path, "old");
  assert_int_equal(chmod(p.path, 0640), 0);
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_REPLACE), 0);
  put(f, &w, "new");
  assert_int_equal(run(f, vt_writer_sync_async(&w.writer)), 0);
  assert_file(p.path, "old");
  assert_int_equal(end(f, &w), 0);
  assert_file(p.path, "new");
  assert_int_equal(stat(p.path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0640);
  place_close(&p);
}

static void a_new_file_has_the_mode_that_is_asked(void **state) {
  struct fixture *f = *state;
  struct place p;
  struct stat st;
  vt_writer_file_t w;
  vt_writer_file_options_t options = {.how = VT_WRITER_REPLACE, .mode = 0604};
  place_open(&p);
  assert_int_equal(run(f, vt_writer_open_async(&w, p.path, &options)), 0);
  assert_int_equal(end(f, &w), 0);
  assert_int_equal(stat(p.path, &st), 0);
  assert_int_equal(st.st_mode & 07777, 0604);
  place_close(&p);
}

static void abandoned_it_leaves_the_old_file(void **state) {
  struct fixture *f = *state;
  struct place p;
  vt_writer_file_t w;
  place_open(&p);
  put_file(p.path, "old");
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_REPLACE), 0);
  put(f, &w, "new");
  assert_int_equal(vt_writer_abandon(&w), 0);
  assert_int_equal(end(f, &w), 0);
  assert_file(p.path, "old");
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_APPEND), 0);
  assert_int_equal(vt_writer_abandon(&w), UV_EINVAL);
  assert_status(run(f, vt_writer_reopen_async(&w, "/nowhere/x")), UV_ENOENT);
  assert_int_equal(end(f, &w), 0);
  place_close(&p);
}

/* What the file system refuses at the last moment. */
static void a_failure_leaves_the_old_file(void **state) {
  struct fixture *f = *state;
  struct place p;
  vt_writer_file_t w;
  place_open(&p);
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_REPLACE), 0);
  put(f, &w, "new");
  assert_int_equal(mkdir(p.path, 0700), 0);
  assert_status(end(f, &w), UV_EISDIR);
  assert_int_equal(rmdir(p.path), 0);
  assert_status(run(f, vt_writer_reopen_async(&w, NULL)), UV_EBADF);
  place_close(&p);
}

static void cancelled_an_open_leaves_nothing(void **state) {
  struct fixture *f = *state;
  for (int how = VT_WRITER_APPEND; how <= VT_WRITER_REPLACE; how++) {
    for (int turns = 0; turns < 12; turns++) {
      struct place p;
      struct seen seen = {0};
      vt_writer_file_t w;
      vt_writer_file_options_t options = {.how = how};
      place_open(&p);
      vt_t v = vt_writer_open_async(&w, p.path, &options);
      vt_await(v, seen_k, &seen);
      for (int i = 0; i < turns && seen.count == 0; i++)
        fixture_turn(f);
      if (seen.count == 0)
        vt_cancel(v);
      assert_true(fixture_run(f));
      assert_int_equal(seen.count, 1);
      if (seen.result.status == 0) {
        vt_writer_abandon(&w);
        assert_int_equal(end(f, &w), 0);
      }
      place_close(&p);
    }
  }
}

/* ---- reopen ---- */

static void reopened_no_line_is_lost_or_split(void **state) {
  struct fixture *f = *state;
  for (size_t size = 1; size <= 40; size++) {
    struct place p;
    struct seen seen[2] = {0};
    vt_writer_file_t w;
    vt_writer_file_options_t options = {.writer.size = size};
    place_open(&p);
    assert_int_equal(run(f, vt_writer_open_async(&w, p.path, &options)), 0);
    put(f, &w, "first line\n");
    assert_int_equal(rename(p.path, p.other), 0);
    vt_t v = vt_writer_reopen_async(&w, NULL);
    vt_await(v, seen_k, &seen[0]);
    assert_status(run(f, vt_writer_reopen_async(&w, NULL)), UV_EALREADY);
    vt_await(vt_writer_write_all_async(&w.writer, "second line\n", 12), seen_k,
             &seen[1]);
    while (w.next < 0 && seen[0].count == 0)
      fixture_turn(f);
    put(f, &w, "third line\n");
    assert_true(fixture_run(f));
    assert_seen_status(&seen[0], 0);
    assert_seen_int(&seen[1], 12);
    put(f, &w, "fourth line\n");
    assert_int_equal(end(f, &w), 0);
    assert_file(p.other, "first line\nsecond line\n");
    assert_file(p.path, "third line\nfourth line\n");
    place_close(&p);
  }
}

static void the_old_file_stays_where_the_new_is_not(void **state) {
  struct fixture *f = *state;
  struct place p;
  vt_writer_file_t w;
  place_open(&p);
  assert_int_equal(open_how(f, &w, p.path, VT_WRITER_APPEND), 0);
  put(f, &w, "one\n");
  assert_status(run(f, vt_writer_reopen_async(&w, p.folder)), UV_EISDIR);
  put(f, &w, "two\n");
  assert_int_equal(run(f, vt_writer_reopen_async(&w, p.other)), 0);
  put(f, &w, "three\n");
  assert_int_equal(end(f, &w), 0);
  assert_file(p.path, "one\ntwo\n");
  assert_file(p.other, "three\n");
  place_close(&p);
}

/* Cancelled or closed after any number of turns: each line is in one file,
 * whole, and the files are closed. */
static void a_reopening_ends_at_any_point(void **state) {
  struct fixture *f = *state;
  for (int turns = 0; turns < 16; turns++) {
    for (int closes = 0; closes < 2; closes++) {
      struct place p;
      struct seen seen = {0};
      char all[64] = "";
      vt_writer_file_t w;
      vt_writer_file_options_t options = {.writer.size = 8};
      place_open(&p);
      assert_int_equal(run(f, vt_writer_open_async(&w, p.path, &options)), 0);
      put(f, &w, "a line\n");
      vt_t v = vt_writer_reopen_async(&w, p.other);
      vt_await(v, seen_k, &seen);
      put(f, &w, "another\n");
      for (int i = 0; i < turns && seen.count == 0; i++)
        fixture_turn(f);
      if (!closes && seen.count == 0)
        vt_cancel(v);
      assert_int_equal(end(f, &w), 0);
      assert_true(fixture_run(f));
      assert_int_equal(seen.count, 1);
      for (int i = 0; i < 2; i++) {
        int fd = open(i == 0 ? p.path : p.other, O_RDONLY | O_CLOEXEC);
        size_t at = strlen(all);
        if (fd >= 0)
          tmp_read(fd, all + at, sizeof all - at - 1);
        close(fd);
      }
      assert_string_equal(all, "a line\nanother\n");
      place_close(&p);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(appended_to_a_file_goes_on),
      fixture_test(what_cannot_be_opened_is_closed),
      fixture_test(replaced_at_the_close_and_not_before),
      fixture_test(a_new_file_has_the_mode_that_is_asked),
      fixture_test(abandoned_it_leaves_the_old_file),
      fixture_test(a_failure_leaves_the_old_file),
      fixture_test(cancelled_an_open_leaves_nothing),
      fixture_test(reopened_no_line_is_lost_or_split),
      fixture_test(the_old_file_stays_where_the_new_is_not),
      fixture_test(a_reopening_ends_at_any_point),
  };
  return fixture_main("writer_file", tests);
}
