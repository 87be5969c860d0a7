/* SPDX-License-Identifier: MIT */
/* What every file function has to show. */
#include "support/fs_call.h"

#include "support/fault.h"
#include "support/plug.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the place ---- */

static void name(char *path, const char *folder, const char *last) {
  snprintf(path, TMP_PATH, "%.250s/%.255s", folder, last);
}

static bool fill_folder(struct fs_place *p) {
  if (mkdir(p->empty, 0700) != 0 || symlink("file", p->link) != 0)
    return false;
  p->fd = open(p->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return write(p->fd, "value task", 10) == 10 && lseek(p->fd, 0, SEEK_SET) == 0;
}

void fs_place_open_in(struct fs_place *p, struct fixture *f,
                      const struct fs_call *call, const char *parent) {
  memset(p, 0, sizeof *p);
  memset(&p->filled, FS_UNTOUCHED, sizeof p->filled);
  p->f = f;
  p->fds = tmp_count_fds();
  name(p->folder, parent, "vt-test-XXXXXX");
  assert_non_null(mkdtemp(p->folder));
  name(p->file, p->folder, "file");
  name(p->link, p->folder, "link");
  name(p->empty, p->folder, "empty");
  name(p->none, p->folder, "none/none");
  name(p->made, p->folder, "made");
  name(p->temp, p->folder, "temp-XXXXXX");
  assert_true(fill_folder(p));
  if (!call->on_dir)
    return;
  vt_result_t r = fs_run(p, vt_fs_opendir(p->folder));
  assert_status(r.status, 0);
  p->dir = r.value.p;
}

void fs_place_open(struct fs_place *p, struct fixture *f,
                   const struct fs_call *call) {
  fs_place_open_in(p, f, call, tmp_folder());
}

int fs_count_temp(const struct fs_place *p) {
  struct dirent *entry;
  int count = 0;
  DIR *dir = opendir(p->folder);
  while (dir && (entry = readdir(dir)) != NULL)
    count += strncmp(entry->d_name, "temp-", 5) == 0;
  if (dir)
    closedir(dir);
  return count;
}

void fs_place_close(struct fs_place *p) {
  close(p->fd);
  if (p->dir)
    assert_status(fs_run(p, vt_fs_closedir(p->dir)).status, 0);
  assert_int_equal(tmp_remove_folder(p->folder), 0);
  assert_int_equal(tmp_count_fds(), p->fds);
}

bool fs_is_untouched(const struct fs_place *p) {
  const unsigned char *bytes = (const unsigned char *)&p->filled;
  for (size_t i = 0; i < sizeof p->filled; i++)
    if (bytes[i] != FS_UNTOUCHED)
      return false;
  return true;
}

vt_result_t fs_run(struct fs_place *p, vt_t v) {
  return vt_loop_run(p->f->vt, v);
}

/* ---- one row ---- */

/* Ends a case in which the call was done. */
static void take(struct fs_place *p, const struct fs_call *call,
                 vt_result_t r) {
  assert_status(r.status, 0);
  assert_true(call->is_done(p, r));
  if (call->release)
    call->release(r.value);
  fs_place_close(p);
}

void fs_call_completes(struct fixture *f, const struct fs_call *call) {
  struct fs_place p;
  fs_place_open(&p, f, call);
  vt_result_t r = fs_run(&p, call->begin(&p));
  take(&p, call, r);
}

void fs_call_fails(struct fixture *f, const struct fs_call *call) {
  struct fs_place p;
  fs_place_open(&p, f, call);
  vt_result_t r = fs_run(&p, call->begin_bad(&p));
  assert_status(r.status, call->error);
  assert_true(fs_is_untouched(&p));
  fs_place_close(&p);
}

/* For cases about requests in the pool. */
static void use_pool(struct fixture *f) { vt_fs_set_hot(f->vt, false); }

static void cancelled(struct fs_place *p, const struct seen *seen) {
  assert_true(fixture_run(p->f));
  assert_seen_status(seen, UV_ECANCELED);
  assert_true(fs_is_untouched(p));
  assert_int_equal(fs_count_temp(p), 0);
  assert_int_equal(fixture_pending(p->f), 0);
}

/* The pool has not begun: nothing of it is done. */
static void cancel_queued(struct fixture *f, const struct fs_call *call) {
  struct seen seen = {0};
  struct fs_place p;
  struct plug plug;
  fs_place_open(&p, f, call);
  plug_in(&plug, &f->uv);
  vt_t v = call->begin(&p);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), 0);
  plug_out(&plug);
  cancelled(&p, &seen);
  assert_false(call->is_done(&p, seen.result));
  fs_place_close(&p);
}

/* A thread has done it, and the loop does not know. */
static void cancel_late(struct fixture *f, const struct fs_call *call) {
  struct seen seen = {0};
  struct fs_place p;
  struct plug plug;
  fs_place_open(&p, f, call);
  vt_t v = call->begin(&p);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  if (call->cancel == FS_ANSWERED) {
    assert_status(vt_cancel(v), 0);
    assert_int_equal(seen.count, 0);
    cancelled(&p, &seen);
    fs_place_close(&p);
    return;
  }
  assert_status(vt_cancel(v), UV_EBUSY);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  take(&p, call, seen.result);
}

void fs_call_is_cancelled(struct fixture *f, const struct fs_call *call) {
  use_pool(f);
  cancel_queued(f, call);
  cancel_late(f, call);
}

void fs_call_cannot_be_cancelled(struct fixture *f,
                                 const struct fs_call *call) {
  struct seen seen = {0};
  struct fs_place p;
  struct plug plug;
  fs_place_open(&p, f, call);
  plug_in(&plug, &f->uv);
  vt_t v = call->begin(&p);
  vt_await(v, seen_k, &seen);
  assert_status(vt_cancel(v), UV_ENOSYS);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  take(&p, call, seen.result);
}

/* ---- many rows ---- */

/* Whether memory answers may change from one call to the next (a symbolic link
 * is followed there unless its time of access must be set): the pool is warm
 * before any call counts. */
static void warm_pool(struct fixture *f, const struct fs_call *call) {
  struct fs_place p;
  use_pool(f);
  fs_place_open(&p, f, call);
  take(&p, call, fs_run(&p, call->begin(&p)));
  fixture_set_hot(f);
}

void fs_calls_allocate_nothing(struct fixture *f,
                               const struct fs_call *const *rows) {
  struct fs_place p;
  for (; *rows; rows++) {
    warm_pool(f, *rows);
    for (int round = 0; round < 3; round++) {
      fs_place_open(&p, f, *rows);
      uint64_t before = fixture_allocations();
      vt_result_t r = fs_run(&p, (*rows)->begin(&p));
      uint64_t made = fixture_allocations() - before;
      if (round > 0 && made != (uint64_t)(*rows)->allocates)
        fail_msg("%s allocates %u", (*rows)->kind, (unsigned)made);
      take(&p, *rows, r);
    }
  }
}

/* What vt_loop_walk shows. */
struct shown {
  int count;
  char text[3 * TMP_PATH];
};

static void show(void *arg, const vt_loop_entry_t *entry) {
  struct shown *shown = arg;
  shown->count++;
  snprintf(shown->text, sizeof shown->text, "%s %s", entry->kind,
           entry->subject);
}

/* The row's kind and subject as the walk should show them. */
static void expect(char *text, size_t size, const struct fs_place *p,
                   const struct fs_call *call) {
  int at = snprintf(text, size, "%s ", call->kind);
  for (const char *c = call->subject; *c; c++) {
    char *to = text + at;
    size_t left = size - (size_t)at;
    if (*c == '%')
      at += snprintf(to, left, "%s", p->folder);
    else if (*c == '#')
      at += snprintf(to, left, "%d", p->fd);
    else
      at += snprintf(to, left, "%c", *c);
  }
}

void fs_calls_tell_their_subject(struct fixture *f,
                                 const struct fs_call *const *rows) {
  struct fs_place p;
  char text[3 * TMP_PATH];
  use_pool(f);
  for (; *rows; rows++) {
    struct shown shown = {0};
    fs_place_open(&p, f, *rows);
    vt_t v = (*rows)->begin(&p);
    vt_loop_walk(f->vt, show, &shown);
    expect(text, sizeof text, &p, *rows);
    assert_int_equal(shown.count, 1);
    assert_string_equal(shown.text, text);
    vt_result_t r = fs_run(&p, v);
    take(&p, *rows, r);
  }
}

/* A file or folder that the call closes is the place's no more. */
static void after_close(struct fs_place *p, const struct fs_call *call) {
  if (call->cancel == FS_NEVER)
    p->dir = NULL;
}

/* Whether memory has answered what is forgotten. */
static bool forget(vt_t v) {
  bool hot = vt_is_completed(v);
  vt_forget(v);
  return hot;
}

void fs_calls_may_be_forgotten(struct fixture *f,
                               const struct fs_call *const *rows) {
  struct fs_place p;
  for (; *rows; rows++) {
    fs_place_open(&p, f, *rows);
    bool hot = forget((*rows)->begin(&p));
    after_close(&p, *rows);
    assert_true(fixture_run(f));
    if ((*rows)->cancel == FS_ANSWERED && !hot)
      assert_true(fs_is_untouched(&p));
    assert_int_equal(fs_count_temp(&p), 0);
    assert_int_equal(fixture_pending(f), 0);
    fs_place_close(&p);
  }
}

void fs_calls_may_be_left_untaken(struct fixture *f,
                                  const struct fs_call *const *rows) {
  struct fs_place p;
  for (; *rows; rows++) {
    fs_place_open(&p, f, *rows);
    vt_t v = (*rows)->begin(&p);
    after_close(&p, *rows);
    assert_true(fixture_run(f));
    assert_true(vt_is_completed(v));
    vt_forget(v);
    fs_place_close(&p);
  }
}

void fs_calls_need_a_loop(const struct fs_call *const *rows) {
  struct fs_place p;
  for (; *rows; rows++) {
    if ((*rows)->on_dir)
      continue;
    fs_place_open(&p, NULL, *rows);
    assert_status(vt_get_result((*rows)->begin(&p)).status, VT_ENOLOOP);
    fs_place_close(&p);
  }
}

/* Each is refused or done, and nothing is lost. */
static const struct fs_call *refused;

static const char *one_scenario(uint64_t n, enum fault_mode mode) {
  struct fs_place p;
  struct fixture f;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fs_place_open(&p, &f, refused);
  fault_arm(n, mode);
  vt_result_t r = fs_run(&p, refused->begin(&p));
  fault_disarm();
  if (r.status != 0 && r.status != UV_ENOMEM)
    return "neither refused nor done";
  if (r.status != 0 && fault_hits() == 0)
    return "refused with memory";
  if (r.status == 0 && refused->is_done(&p, r) && refused->release)
    refused->release(r.value);
  fs_place_close(&p);
  return fixture_close(&f);
}

void fs_calls_need_memory(const struct fs_call *const *rows) {
  assert_int_equal(fault_install(), 0);
  for (; *rows; rows++) {
    refused = *rows;
    const char *problem = fault_walk(one_scenario);
    if (problem)
      fail_msg("%s: %s", refused->kind, problem);
  }
}
