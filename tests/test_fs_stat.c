/* SPDX-License-Identifier: MIT */
/* What is known of files: each function completes, fails and is cancelled. */
#include "support/fs_call.h"
#include "support/plug.h"

#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* ---- helpers ---- */

static bool is_of(const uv_stat_t *st, const struct stat *of) {
  return st->st_ino == of->st_ino && st->st_dev == of->st_dev &&
         st->st_size == (uint64_t)of->st_size && st->st_mode == of->st_mode;
}

/* ---- the rows ---- */

static vt_t stat_it(struct fs_place *p) {
  return vt_fs_stat(p->link, &p->filled.st);
}

static vt_t stat_none(struct fs_place *p) {
  return vt_fs_stat(p->none, &p->filled.st);
}

static bool is_file(struct fs_place *p, vt_result_t r) {
  struct stat st;
  (void)r;
  return stat(p->file, &st) == 0 && is_of(&p->filled.st, &st);
}

static const struct fs_call stat_call = {.kind = "fs_stat",
                                         .subject = "%/link",
                                         .begin = stat_it,
                                         .begin_bad = stat_none,
                                         .error = UV_ENOENT,
                                         .is_done = is_file};

static vt_t lstat_it(struct fs_place *p) {
  return vt_fs_lstat(p->link, &p->filled.st);
}

static vt_t lstat_none(struct fs_place *p) {
  return vt_fs_lstat(p->none, &p->filled.st);
}

static bool is_link(struct fs_place *p, vt_result_t r) {
  struct stat st;
  (void)r;
  return lstat(p->link, &st) == 0 && is_of(&p->filled.st, &st);
}

static const struct fs_call lstat_call = {.kind = "fs_lstat",
                                          .subject = "%/link",
                                          .begin = lstat_it,
                                          .begin_bad = lstat_none,
                                          .error = UV_ENOENT,
                                          .is_done = is_link};

static vt_t fstat_it(struct fs_place *p) {
  return vt_fs_fstat(p->fd, &p->filled.st);
}

static vt_t fstat_bad(struct fs_place *p) {
  return vt_fs_fstat(9999, &p->filled.st);
}

static const struct fs_call fstat_call = {.kind = "fs_fstat",
                                          .subject = "file #",
                                          .begin = fstat_it,
                                          .begin_bad = fstat_bad,
                                          .error = UV_EBADF,
                                          .is_done = is_file};

static vt_t statfs_it(struct fs_place *p) {
  return vt_fs_statfs(p->folder, &p->filled.fs);
}

static vt_t statfs_none(struct fs_place *p) {
  return vt_fs_statfs(p->none, &p->filled.fs);
}

static bool is_fs(struct fs_place *p, vt_result_t r) {
  struct statfs fs;
  (void)r;
  return statfs(p->folder, &fs) == 0 &&
         p->filled.fs.f_type == (uint64_t)fs.f_type &&
         p->filled.fs.f_bsize == (uint64_t)fs.f_bsize &&
         p->filled.fs.f_blocks == fs.f_blocks;
}

static const struct fs_call statfs_call = {.kind = "fs_statfs",
                                           .subject = "%",
                                           .begin = statfs_it,
                                           .begin_bad = statfs_none,
                                           .error = UV_ENOENT,
                                           .is_done = is_fs};

static vt_t access_it(struct fs_place *p) {
  return vt_fs_access(p->file, R_OK | W_OK);
}

static vt_t access_none(struct fs_place *p) {
  return vt_fs_access(p->none, F_OK);
}

static bool is_granted(struct fs_place *p, vt_result_t r) {
  (void)p;
  return r.status == 0;
}

static const struct fs_call access_call = {.kind = "fs_access",
                                           .subject = "%/file",
                                           .begin = access_it,
                                           .begin_bad = access_none,
                                           .error = UV_ENOENT,
                                           .is_done = is_granted};

FS_CASES(stat)
FS_CASES(lstat)
FS_CASES(fstat)
FS_CASES(statfs)
FS_CASES(access)

static void an_access_is_refused(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  fs_place_open(&p, f, &access_call);
  assert_status(fs_run(&p, vt_fs_access(p.file, X_OK)).status, UV_EACCES);
  fs_place_close(&p);
}

static void bad_arguments_are_einval(void **state) {
  uv_stat_t st;
  uv_statfs_t fs;
  (void)state;
  const vt_t bad[] = {vt_fs_stat(NULL, &st),   vt_fs_stat("/", NULL),
                      vt_fs_lstat(NULL, &st),  vt_fs_lstat("/", NULL),
                      vt_fs_fstat(0, NULL),    vt_fs_statfs(NULL, &fs),
                      vt_fs_statfs("/", NULL), vt_fs_access(NULL, 0)};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_status(vt_get_result(bad[i]).status, UV_EINVAL);
}

/* ---- all of them ---- */

static const struct fs_call *const rows[] = {
    &stat_call, &lstat_call, &fstat_call, &statfs_call, &access_call, NULL};

FS_GROUP_CASES(rows)

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_stat_completes),
      fixture_test(uv_fs_stat_fails),
      fixture_test(uv_fs_stat_is_cancelled),
      fixture_test(uv_fs_lstat_completes),
      fixture_test(uv_fs_lstat_fails),
      fixture_test(uv_fs_lstat_is_cancelled),
      fixture_test(uv_fs_fstat_completes),
      fixture_test(uv_fs_fstat_fails),
      fixture_test(uv_fs_fstat_is_cancelled),
      fixture_test(uv_fs_statfs_completes),
      fixture_test(uv_fs_statfs_fails),
      fixture_test(uv_fs_statfs_is_cancelled),
      fixture_test(uv_fs_access_completes),
      fixture_test(uv_fs_access_fails),
      fixture_test(uv_fs_access_is_cancelled),
      fixture_test(an_access_is_refused),
      cmocka_unit_test(bad_arguments_are_einval),
      FS_GROUP_TESTS,
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
