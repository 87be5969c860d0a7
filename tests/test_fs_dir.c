/* SPDX-License-Identifier: MIT */
/* Folders: each function completes, fails and is cancelled; large folders, and
 * what is done to one out of turn. */
#include "support/fault.h"
#include "support/fs_call.h"
#include "support/plug.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

/* Whether entries are those of a place. */
static bool is_place(const uv_dirent_t *entries, size_t count) {
  int seen = 0;
  for (size_t i = 0; i < count; i++) {
    const uv_dirent_t *e = &entries[i];
    seen += strcmp(e->name, "file") == 0 && e->type == UV_DIRENT_FILE;
    seen += strcmp(e->name, "link") == 0 && e->type == UV_DIRENT_LINK;
    seen += strcmp(e->name, "empty") == 0 && e->type == UV_DIRENT_DIR;
  }
  return count == 3 && seen == 3;
}

/* A file of the process that is open on the folder: the dir's own. */
static int fd_of(const char *folder) {
  struct stat of, st;
  assert_int_equal(stat(folder, &of), 0);
  for (int fd = 3; fd < 4096; fd++)
    if (fstat(fd, &st) == 0 && st.st_ino == of.st_ino && st.st_dev == of.st_dev)
      return fd;
  return -1;
}

static vt_dir_t *open_dir(struct fs_place *p, const char *path) {
  vt_result_t r = fs_run(p, vt_fs_opendir(path));
  assert_status(r.status, 0);
  return r.value.p;
}

/* ---- the rows ---- */

static vt_t scandir_it(struct fs_place *p) {
  return vt_fs_scandir(p->folder, 0);
}

static vt_t scandir_bad(struct fs_place *p) {
  return vt_fs_scandir(p->file, 0);
}

static bool is_listed(struct fs_place *p, vt_result_t r) {
  const vt_dirents_t *list = r.value.p;
  (void)p;
  return r.status == 0 && is_place(list->entries, list->count);
}

static void free_list(vt_value_t list) { vt_dirents_free(list.p); }

static const struct fs_call scandir_call = {.kind = "fs_scandir",
                                            .subject = "%",
                                            .begin = scandir_it,
                                            .begin_bad = scandir_bad,
                                            .error = UV_ENOTDIR,
                                            .is_done = is_listed,
                                            .release = free_list,
                                            .allocates = 1};

static vt_t opendir_it(struct fs_place *p) { return vt_fs_opendir(p->folder); }

static vt_t opendir_bad(struct fs_place *p) { return vt_fs_opendir(p->file); }

static bool is_opened(struct fs_place *p, vt_result_t r) {
  if (r.status == 0)
    p->dir = r.value.p;
  return r.status == 0 && fd_of(p->folder) >= 0;
}

static const struct fs_call opendir_call = {.kind = "fs_opendir",
                                            .subject = "%",
                                            .begin = opendir_it,
                                            .begin_bad = opendir_bad,
                                            .error = UV_ENOTDIR,
                                            .is_done = is_opened,
                                            .allocates = 1};

static vt_t readdir_it(struct fs_place *p) {
  return vt_fs_readdir(p->dir, &p->filled.entries);
}

/* A folder that is a device suddenly. */
static vt_t readdir_bad(struct fs_place *p) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  dup2(fd, fd_of(p->folder));
  close(fd);
  return vt_fs_readdir(p->dir, &p->filled.entries);
}

static bool is_read(struct fs_place *p, vt_result_t r) {
  return r.status == 0 && is_place(p->filled.entries, r.value.u);
}

static const struct fs_call readdir_call = {.kind = "fs_readdir",
                                            .subject = "%",
                                            .begin = readdir_it,
                                            .begin_bad = readdir_bad,
                                            .error = UV_ENOTDIR,
                                            .is_done = is_read,
                                            .cancel = FS_WAITED,
                                            .on_dir = true};

static vt_t closedir_it(struct fs_place *p) { return vt_fs_closedir(p->dir); }

static vt_t closedir_bad(struct fs_place *p) {
  (void)p;
  return vt_fs_closedir(NULL);
}

static bool is_closed(struct fs_place *p, vt_result_t r) {
  if (r.status == 0)
    p->dir = NULL;
  return fd_of(p->folder) < 0;
}

static const struct fs_call closedir_call = {.kind = "fs_closedir",
                                             .subject = "%",
                                             .begin = closedir_it,
                                             .begin_bad = closedir_bad,
                                             .error = UV_EINVAL,
                                             .is_done = is_closed,
                                             .cancel = FS_NEVER,
                                             .on_dir = true};

FS_CASES(scandir)
FS_CASES(opendir)
FS_CASES(readdir)
FS_CLOSE_CASES(closedir)

/* ---- in parts ---- */

enum { MANY = 300 };

static void fill(const char *folder, int count, int width) {
  char path[2 * TMP_PATH];
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%.400s/%0*d", folder, width, i);
    assert_int_equal(symlink("x", path), 0);
  }
}

static void empty(const char *folder, int count, int width) {
  char path[2 * TMP_PATH];
  for (int i = 0; i < count; i++) {
    snprintf(path, sizeof path, "%.400s/%0*d", folder, width, i);
    unlink(path);
  }
}

/* Reads all in parts and notes each number that is there; how many are. */
static int read_parts(struct fs_place *p, const char *folder, bool *there) {
  const uv_dirent_t *entries = NULL;
  int count = 0;
  vt_dir_t *dir = open_dir(p, folder);
  vt_result_t r;
  do {
    r = fs_run(p, vt_fs_readdir(dir, &entries));
    assert_status(r.status, 0);
    for (size_t i = 0; i < r.value.u; i++) {
      bool *one = &there[atoi(entries[i].name)];
      count += !*one;
      *one = true;
    }
  } while (r.value.u > 0);
  assert_status(fs_run(p, vt_fs_readdir(dir, &entries)).status, 0);
  assert_status(fs_run(p, vt_fs_closedir(dir)).status, 0);
  return count;
}

static void the_end_is_zero_again_and_again(void **state) {
  struct fs_place p;
  static bool there[MANY];
  fs_place_open(&p, *state, &opendir_call);
  memset(there, 0, sizeof there);
  assert_int_equal(read_parts(&p, p.empty, there), 0);
  fill(p.empty, MANY, 5);
  assert_int_equal(read_parts(&p, p.empty, there), MANY);
  empty(p.empty, MANY, 5);
  fs_place_close(&p);
}

static void reading_allocates_nothing(void **state) {
  struct fs_place p;
  const uv_dirent_t *entries;
  vt_result_t r = {0, {1}};
  fs_place_open(&p, *state, &opendir_call);
  fill(p.empty, MANY, 5);
  vt_dir_t *dir = open_dir(&p, p.empty);
  assert_status(fs_run(&p, vt_fs_readdir(dir, &entries)).status, 0);
  uint64_t before = fixture_allocations();
  while (r.value.u > 0)
    r = fs_run(&p, vt_fs_readdir(dir, &entries));
  assert_int_equal(fixture_allocations(), before);
  assert_status(fs_run(&p, vt_fs_closedir(dir)).status, 0);
  empty(p.empty, MANY, 5);
  fs_place_close(&p);
}

static void one_read_at_a_time(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  struct seen first = {0};
  const uv_dirent_t *other;
  fs_place_open(&p, f, &readdir_call);
  vt_await(readdir_it(&p), seen_k, &first);
  vt_t v = vt_fs_readdir(p.dir, &other);
  assert_true(vt_in_hand(v));
  assert_status(vt_get_result(v).status, UV_EALREADY);
  assert_true(fixture_run(f));
  assert_seen_int(&first, 3);
  fs_place_close(&p);
}

static void a_close_waits_for_a_read(void **state) {
  struct fixture *f = *state;
  for (int late = 0; late < 2; late++) {
    struct fs_place p;
    struct seen reading = {0}, closed = {0};
    struct plug plug;
    fs_place_open(&p, f, &readdir_call);
    if (!late)
      plug_in(&plug, &f->uv);
    vt_await(readdir_it(&p), seen_k, &reading);
    if (late)
      plug_drain(&plug, &f->uv);
    vt_await(vt_fs_closedir(p.dir), seen_k, &closed);
    assert_status(vt_get_result(readdir_it(&p)).status, UV_EBADF);
    assert_status(vt_get_result(vt_fs_closedir(p.dir)).status, UV_EBADF);
    if (!late)
      plug_out(&plug);
    assert_true(fixture_run(f));
    assert_seen_status(&reading, UV_ECANCELED);
    assert_seen_int(&closed, 0);
    assert_true(fs_is_untouched(&p));
    p.dir = NULL;
    fs_place_close(&p);
  }
}

static void a_close_after_a_forgotten_read(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  fs_place_open(&p, f, &readdir_call);
  vt_forget(readdir_it(&p));
  assert_status(fs_run(&p, vt_fs_closedir(p.dir)).status, 0);
  p.dir = NULL;
  fs_place_close(&p);
}

static void left_untaken_at_detach_all_is_freed(void **state) {
  struct fixture *f = *state;
  int fds = tmp_count_fds();
  vt_t dir = vt_fs_opendir("/");
  vt_t list = vt_fs_scandir("/", 0);
  assert_true(fixture_run(f));
  assert_true(vt_is_completed(dir) && vt_is_completed(list));
  assert_int_equal(tmp_count_fds(), fds + 1);
  assert_int_equal(fixture_detach(f), 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
  assert_true(tmp_count_fds() <= fds);
}

/* ---- all at once ---- */

static void nothing_is_a_list_too(void **state) {
  struct fs_place p;
  fs_place_open(&p, *state, &scandir_call);
  vt_result_t r = fs_run(&p, vt_fs_scandir(p.empty, 0));
  assert_status(r.status, 0);
  assert_int_equal(((vt_dirents_t *)r.value.p)->count, 0);
  vt_dirents_free(r.value.p);
  vt_dirents_free(NULL);
  fs_place_close(&p);
}

/* Names longer than the list has room for at first. */
static void long_names_are_whole(void **state) {
  struct fs_place p;
  fs_place_open(&p, *state, &scandir_call);
  fill(p.empty, MANY, 200);
  vt_result_t r = fs_run(&p, vt_fs_scandir(p.empty, 0));
  assert_status(r.status, 0);
  const vt_dirents_t *list = r.value.p;
  assert_int_equal(list->count, MANY);
  for (int i = 0; i < MANY; i++) { /* libuv sorts them */
    assert_int_equal(strlen(list->entries[i].name), 200);
    assert_int_equal(atoi(list->entries[i].name), i);
    assert_int_equal(list->entries[i].type, UV_DIRENT_LINK);
  }
  vt_dirents_free(r.value.p);
  empty(p.empty, MANY, 200);
  fs_place_close(&p);
}

static void a_hundred_thousand_entries(void **state) {
  enum { HUGE_COUNT = 100000 };
  struct fs_place p;
  bool *there = calloc(HUGE_COUNT, 1);
  assert_non_null(there);
  fs_place_open_in(&p, *state, &scandir_call, tmp_memory());
  fill(p.empty, HUGE_COUNT, 6);
  vt_result_t r = fs_run(&p, vt_fs_scandir(p.empty, 0));
  assert_status(r.status, 0);
  const vt_dirents_t *list = r.value.p;
  assert_int_equal(list->count, HUGE_COUNT);
  assert_string_equal(list->entries[HUGE_COUNT - 1].name, "099999");
  vt_dirents_free(r.value.p);
  assert_int_equal(read_parts(&p, p.empty, there), HUGE_COUNT);
  empty(p.empty, HUGE_COUNT, 6);
  fs_place_close(&p);
  free(there);
}

/* ---- it fails ---- */

static void bad_arguments_are_einval(void **state) {
  const uv_dirent_t *entries;
  (void)state;
  const vt_t bad[] = {vt_fs_scandir(NULL, 0), vt_fs_opendir(NULL),
                      vt_fs_readdir(NULL, &entries), vt_fs_closedir(NULL)};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_status(vt_get_result(bad[i]).status, UV_EINVAL);
}

static void nowhere_for_the_entries_is_einval(void **state) {
  struct fs_place p;
  fs_place_open(&p, *state, &readdir_call);
  assert_status(vt_get_result(vt_fs_readdir(p.dir, NULL)).status, UV_EINVAL);
  fs_place_close(&p);
}

/* Without memory a list that grows is given up whole. */
static const char *long_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  struct fs_place p;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fs_place_open(&p, &f, &scandir_call);
  fill(p.empty, 20, 200);
  fault_arm(n, mode);
  vt_result_t r = fs_run(&p, vt_fs_scandir(p.empty, 0));
  fault_disarm();
  const vt_dirents_t *list = r.value.p;
  if (r.status == 0 ? list->count != 20 : r.status != UV_ENOMEM)
    problem = "neither refused nor done";
  if (r.status == 0)
    vt_dirents_free(r.value.p);
  empty(p.empty, 20, 200);
  fs_place_close(&p);
  const char *left = fixture_close(&f);
  return problem ? problem : left;
}

static void a_long_list_needs_memory(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(long_scenario);
  if (problem)
    fail_msg("%s", problem);
}

/* A dir on a thread that has no loop, and on one that has another. */
static void use_elsewhere(void *arg) {
  struct fs_place *p = arg;
  struct fixture f;
  const uv_dirent_t *entries;
  vt_t v = vt_fs_readdir(p->dir, &entries);
  p->fd = vt_get_result(v).status == VT_ENOLOOP ? p->fd : -1;
  if (fixture_open_beside(&f) != NULL)
    return;
  bool right =
      vt_get_result(vt_fs_readdir(p->dir, &entries)).status == VT_ETHREAD &&
      vt_get_result(vt_fs_closedir(p->dir)).status == VT_ETHREAD;
  p->filled.text[0] = right ? 'r' : 'w';
  fixture_close(&f);
}

static void on_another_thread_it_is_refused(void **state) {
  struct fs_place p;
  fs_place_open(&p, *state, &readdir_call);
  int fd = p.fd;
  fixture_on_thread(use_elsewhere, &p, 0);
  assert_int_equal(p.fd, fd);
  assert_int_equal(p.filled.text[0], 'r');
  fs_place_close(&p);
}

/* ---- all of them ---- */

static const struct fs_call *const rows[] = {
    &scandir_call, &opendir_call, &readdir_call, &closedir_call, NULL};

FS_GROUP_CASES(rows)

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_scandir_completes),
      fixture_test(uv_fs_scandir_fails),
      fixture_test(uv_fs_scandir_is_cancelled),
      fixture_test(uv_fs_opendir_completes),
      fixture_test(uv_fs_opendir_fails),
      fixture_test(uv_fs_opendir_is_cancelled),
      fixture_test(uv_fs_readdir_completes),
      fixture_test(uv_fs_readdir_fails),
      fixture_test(uv_fs_readdir_is_cancelled),
      fixture_test(uv_fs_closedir_completes),
      fixture_test(uv_fs_closedir_fails),
      fixture_test(uv_fs_closedir_cannot_be_cancelled),
      fixture_test(the_end_is_zero_again_and_again),
      fixture_test(reading_allocates_nothing),
      fixture_test(one_read_at_a_time),
      fixture_test(a_close_waits_for_a_read),
      fixture_test(a_close_after_a_forgotten_read),
      fixture_test(left_untaken_at_detach_all_is_freed),
      fixture_test(nothing_is_a_list_too),
      fixture_test(long_names_are_whole),
      fixture_test(a_hundred_thousand_entries),
      cmocka_unit_test(bad_arguments_are_einval),
      fixture_test(nowhere_for_the_entries_is_einval),
      fixture_test(on_another_thread_it_is_refused),
      cmocka_unit_test(a_long_list_needs_memory),
      FS_GROUP_TESTS,
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
