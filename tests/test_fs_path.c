/* SPDX-License-Identifier: MIT */
/* Paths: each function completes, fails and is cancelled. */
#include "support/fs_call.h"
#include "support/plug.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what shows that it was done ---- */

static bool is_there(const char *path) { return access(path, F_OK) == 0; }

static struct stat lstat_of(const char *path) {
  struct stat st;
  memset(&st, 0, sizeof st);
  lstat(path, &st);
  return st;
}

static bool is_gone(struct fs_place *p, vt_result_t r) {
  (void)r;
  return !is_there(p->file);
}

static bool is_made(struct fs_place *p, vt_result_t r) {
  (void)r;
  struct stat st = lstat_of(p->made);
  return S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700;
}

static bool is_removed(struct fs_place *p, vt_result_t r) {
  (void)r;
  return !is_there(p->empty);
}

static bool is_moved(struct fs_place *p, vt_result_t r) {
  (void)r;
  return !is_there(p->file) && lstat_of(p->made).st_size == 10;
}

static bool is_copied(struct fs_place *p, vt_result_t r) {
  (void)r;
  struct stat st = lstat_of(p->made);
  return st.st_size == 10 && st.st_ino != lstat_of(p->file).st_ino;
}

static bool is_linked(struct fs_place *p, vt_result_t r) {
  (void)r;
  return lstat_of(p->made).st_ino == lstat_of(p->file).st_ino;
}

static bool is_symlink(struct fs_place *p, vt_result_t r) {
  char text[TMP_PATH] = "";
  (void)r;
  return readlink(p->made, text, sizeof text - 1) > 0 &&
         strcmp(text, "what it says") == 0;
}

static bool is_read(struct fs_place *p, vt_result_t r) {
  return r.value.u == 4 && strcmp(p->filled.text, "file") == 0;
}

static bool is_real(struct fs_place *p, vt_result_t r) {
  char *real = realpath(p->file, NULL);
  bool same =
      real && r.value.u == strlen(real) && strcmp(p->filled.text, real) == 0;
  free(real);
  return same;
}

static bool has_mode(struct fs_place *p, vt_result_t r) {
  (void)r;
  return (lstat_of(p->file).st_mode & 0777) == 0640;
}

/* A change of owner, to the same one too, takes the set-user-ID bit away. */
static bool has_owner(struct fs_place *p, vt_result_t r) {
  (void)r;
  return (lstat_of(p->file).st_mode & 04000) == 0;
}

/* The owner can be another one for root only. */
static uid_t other_owner(void) { return geteuid() == 0 ? 12345 : getuid(); }

static bool link_has_owner(struct fs_place *p, vt_result_t r) {
  return r.status == 0 && lstat_of(p->link).st_uid == other_owner() &&
         lstat_of(p->file).st_uid == geteuid();
}

static bool has_times(const char *path) {
  struct stat st = lstat_of(path);
  return st.st_atim.tv_sec == 1000 && st.st_mtim.tv_sec == 2000 &&
         st.st_mtim.tv_nsec == 250000000;
}

static bool file_has_times(struct fs_place *p, vt_result_t r) {
  (void)r;
  return has_times(p->file) && !has_times(p->link);
}

/* Its own, and not those of the file. */
static bool link_has_times(struct fs_place *p, vt_result_t r) {
  (void)r;
  return has_times(p->link) && !has_times(p->file);
}

/* ---- the rows ---- */

static vt_t unlink_it(struct fs_place *p) { return vt_fs_unlink(p->file); }

static vt_t unlink_bad(struct fs_place *p) { return vt_fs_unlink(p->none); }

static const struct fs_call unlink_call = {.kind = "fs_unlink",
                                           .subject = "%/file",
                                           .begin = unlink_it,
                                           .begin_bad = unlink_bad,
                                           .error = UV_ENOENT,
                                           .is_done = is_gone};

static vt_t mkdir_it(struct fs_place *p) { return vt_fs_mkdir(p->made, 0700); }

static vt_t mkdir_bad(struct fs_place *p) {
  return vt_fs_mkdir(p->empty, 0700);
}

static const struct fs_call mkdir_call = {.kind = "fs_mkdir",
                                          .subject = "%/made",
                                          .begin = mkdir_it,
                                          .begin_bad = mkdir_bad,
                                          .error = UV_EEXIST,
                                          .is_done = is_made};

static vt_t rmdir_it(struct fs_place *p) { return vt_fs_rmdir(p->empty); }

static vt_t rmdir_bad(struct fs_place *p) { return vt_fs_rmdir(p->folder); }

static const struct fs_call rmdir_call = {.kind = "fs_rmdir",
                                          .subject = "%/empty",
                                          .begin = rmdir_it,
                                          .begin_bad = rmdir_bad,
                                          .error = UV_ENOTEMPTY,
                                          .is_done = is_removed};

static vt_t rename_it(struct fs_place *p) {
  return vt_fs_rename(p->file, p->made);
}

static vt_t rename_bad(struct fs_place *p) {
  return vt_fs_rename(p->none, p->made);
}

static const struct fs_call rename_call = {.kind = "fs_rename",
                                           .subject = "%/file to %/made",
                                           .begin = rename_it,
                                           .begin_bad = rename_bad,
                                           .error = UV_ENOENT,
                                           .is_done = is_moved};

static vt_t copyfile_it(struct fs_place *p) {
  return vt_fs_copyfile(p->file, p->made, 0);
}

static vt_t copyfile_bad(struct fs_place *p) {
  return vt_fs_copyfile(p->file, p->link, UV_FS_COPYFILE_EXCL);
}

static const struct fs_call copyfile_call = {.kind = "fs_copyfile",
                                             .subject = "%/file to %/made",
                                             .begin = copyfile_it,
                                             .begin_bad = copyfile_bad,
                                             .error = UV_EEXIST,
                                             .is_done = is_copied};

static vt_t link_it(struct fs_place *p) { return vt_fs_link(p->file, p->made); }

static vt_t link_bad(struct fs_place *p) {
  return vt_fs_link(p->file, p->link);
}

static const struct fs_call link_call = {.kind = "fs_link",
                                         .subject = "%/file to %/made",
                                         .begin = link_it,
                                         .begin_bad = link_bad,
                                         .error = UV_EEXIST,
                                         .is_done = is_linked};

static vt_t symlink_it(struct fs_place *p) {
  return vt_fs_symlink("what it says", p->made, 0);
}

static vt_t symlink_bad(struct fs_place *p) {
  return vt_fs_symlink("what it says", p->file, 0);
}

static const struct fs_call symlink_call = {.kind = "fs_symlink",
                                            .subject = "what it says to %/made",
                                            .begin = symlink_it,
                                            .begin_bad = symlink_bad,
                                            .error = UV_EEXIST,
                                            .is_done = is_symlink};

static vt_t readlink_it(struct fs_place *p) {
  return vt_fs_readlink(p->link, p->filled.text, TMP_PATH);
}

static vt_t readlink_bad(struct fs_place *p) {
  return vt_fs_readlink(p->file, p->filled.text, TMP_PATH);
}

static const struct fs_call readlink_call = {.kind = "fs_readlink",
                                             .subject = "%/link",
                                             .begin = readlink_it,
                                             .begin_bad = readlink_bad,
                                             .error = UV_EINVAL,
                                             .is_done = is_read};

static vt_t realpath_it(struct fs_place *p) {
  return vt_fs_realpath(p->link, p->filled.text, TMP_PATH);
}

static vt_t realpath_bad(struct fs_place *p) {
  return vt_fs_realpath(p->none, p->filled.text, TMP_PATH);
}

static const struct fs_call realpath_call = {.kind = "fs_realpath",
                                             .subject = "%/link",
                                             .begin = realpath_it,
                                             .begin_bad = realpath_bad,
                                             .error = UV_ENOENT,
                                             .is_done = is_real};

static vt_t chmod_it(struct fs_place *p) { return vt_fs_chmod(p->link, 0640); }

static vt_t chmod_bad(struct fs_place *p) { return vt_fs_chmod(p->none, 0640); }

static const struct fs_call chmod_call = {.kind = "fs_chmod",
                                          .subject = "%/link",
                                          .begin = chmod_it,
                                          .begin_bad = chmod_bad,
                                          .error = UV_ENOENT,
                                          .is_done = has_mode};

static vt_t chown_it(struct fs_place *p) {
  assert_int_equal(chmod(p->file, 04755), 0);
  return vt_fs_chown(p->link, getuid(), getgid());
}

static vt_t chown_bad(struct fs_place *p) {
  return vt_fs_chown(p->none, getuid(), getgid());
}

static const struct fs_call chown_call = {.kind = "fs_chown",
                                          .subject = "%/link",
                                          .begin = chown_it,
                                          .begin_bad = chown_bad,
                                          .error = UV_ENOENT,
                                          .is_done = has_owner};

static vt_t lchown_it(struct fs_place *p) {
  return vt_fs_lchown(p->link, other_owner(), getgid());
}

static vt_t lchown_bad(struct fs_place *p) {
  return vt_fs_lchown(p->none, getuid(), getgid());
}

static const struct fs_call lchown_call = {.kind = "fs_lchown",
                                           .subject = "%/link",
                                           .begin = lchown_it,
                                           .begin_bad = lchown_bad,
                                           .error = UV_ENOENT,
                                           .is_done = link_has_owner};

static vt_t utime_it(struct fs_place *p) {
  return vt_fs_utime(p->link, 1000.5, 2000.25);
}

static vt_t utime_bad(struct fs_place *p) { return vt_fs_utime(p->none, 0, 0); }

static const struct fs_call utime_call = {.kind = "fs_utime",
                                          .subject = "%/link",
                                          .begin = utime_it,
                                          .begin_bad = utime_bad,
                                          .error = UV_ENOENT,
                                          .is_done = file_has_times};

static vt_t lutime_it(struct fs_place *p) {
  return vt_fs_lutime(p->link, 1000.5, 2000.25);
}

static vt_t lutime_bad(struct fs_place *p) {
  return vt_fs_lutime(p->none, 0, 0);
}

static const struct fs_call lutime_call = {.kind = "fs_lutime",
                                           .subject = "%/link",
                                           .begin = lutime_it,
                                           .begin_bad = lutime_bad,
                                           .error = UV_ENOENT,
                                           .is_done = link_has_times};

FS_CASES(unlink)
FS_CASES(mkdir)
FS_CASES(rmdir)
FS_CASES(rename)
FS_CASES(copyfile)
FS_CASES(link)
FS_CASES(symlink)
FS_CASES(readlink)
FS_CASES(realpath)
FS_CASES(chmod)
FS_CASES(chown)
FS_CASES(lchown)
FS_CASES(utime)
FS_CASES(lutime)

/* ---- it fails ---- */

static void too_little_room_is_enobufs(void **state) {
  struct fixture *f = *state;
  struct fs_place p;
  char out[5] = "same";
  fs_place_open(&p, f, &readlink_call);
  assert_status(fs_run(&p, vt_fs_readlink(p.link, out, 4)).status, UV_ENOBUFS);
  assert_status(fs_run(&p, vt_fs_readlink(p.link, out, 0)).status, UV_ENOBUFS);
  assert_status(fs_run(&p, vt_fs_realpath(p.link, out, 5)).status, UV_ENOBUFS);
  assert_string_equal(out, "same");
  assert_int_equal(fs_run(&p, vt_fs_readlink(p.link, out, 5)).value.u, 4);
  assert_string_equal(out, "file");
  fs_place_close(&p);
}

static void bad_arguments_are_einval(void **state) {
  char out[8];
  (void)state;
  const vt_t bad[] = {vt_fs_unlink(NULL),
                      vt_fs_mkdir(NULL, 0),
                      vt_fs_rmdir(NULL),
                      vt_fs_rename(NULL, "a"),
                      vt_fs_rename("a", NULL),
                      vt_fs_copyfile(NULL, "a", 0),
                      vt_fs_copyfile("a", NULL, 0),
                      vt_fs_link(NULL, "a"),
                      vt_fs_link("a", NULL),
                      vt_fs_symlink(NULL, "a", 0),
                      vt_fs_symlink("a", NULL, 0),
                      vt_fs_readlink(NULL, out, 8),
                      vt_fs_readlink("a", NULL, 8),
                      vt_fs_realpath(NULL, out, 8),
                      vt_fs_realpath("a", NULL, 8),
                      vt_fs_chmod(NULL, 0),
                      vt_fs_chown(NULL, 0, 0),
                      vt_fs_lchown(NULL, 0, 0),
                      vt_fs_utime(NULL, 0, 0),
                      vt_fs_lutime(NULL, 0, 0)};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_status(vt_get_result(bad[i]).status, UV_EINVAL);
}

static void a_bad_flag_of_copyfile_is_einval_in_hand(void **state) {
  (void)state;
  vt_t v = vt_fs_copyfile("/none/a", "/none/b", 1 << 20);
  assert_true(vt_in_hand(v));
  assert_status(vt_get_result(v).status, UV_EINVAL);
}

static void bad_paths_are_the_systems(void **state) {
  struct fixture *f = *state;
  static char path[8192];
  char out[8];
  memset(path, 'x', sizeof path - 1);
  assert_status(vt_loop_run(f->vt, vt_fs_unlink("")).status, UV_ENOENT);
  assert_status(vt_loop_run(f->vt, vt_fs_rename(path, path)).status,
                UV_ENAMETOOLONG);
  assert_status(vt_loop_run(f->vt, vt_fs_realpath(path, out, 8)).status,
                UV_ENAMETOOLONG);
}

/* ---- all of them ---- */

static const struct fs_call *const rows[] = {
    &unlink_call, &mkdir_call,   &rmdir_call,    &rename_call,   &copyfile_call,
    &link_call,   &symlink_call, &readlink_call, &realpath_call, &chmod_call,
    &chown_call,  &lchown_call,  &utime_call,    &lutime_call,   NULL};

FS_GROUP_CASES(rows)

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(uv_fs_unlink_completes),
      fixture_test(uv_fs_unlink_fails),
      fixture_test(uv_fs_unlink_is_cancelled),
      fixture_test(uv_fs_mkdir_completes),
      fixture_test(uv_fs_mkdir_fails),
      fixture_test(uv_fs_mkdir_is_cancelled),
      fixture_test(uv_fs_rmdir_completes),
      fixture_test(uv_fs_rmdir_fails),
      fixture_test(uv_fs_rmdir_is_cancelled),
      fixture_test(uv_fs_rename_completes),
      fixture_test(uv_fs_rename_fails),
      fixture_test(uv_fs_rename_is_cancelled),
      fixture_test(uv_fs_copyfile_completes),
      fixture_test(uv_fs_copyfile_fails),
      fixture_test(uv_fs_copyfile_is_cancelled),
      fixture_test(uv_fs_link_completes),
      fixture_test(uv_fs_link_fails),
      fixture_test(uv_fs_link_is_cancelled),
      fixture_test(uv_fs_symlink_completes),
      fixture_test(uv_fs_symlink_fails),
      fixture_test(uv_fs_symlink_is_cancelled),
      fixture_test(uv_fs_readlink_completes),
      fixture_test(uv_fs_readlink_fails),
      fixture_test(uv_fs_readlink_is_cancelled),
      fixture_test(uv_fs_realpath_completes),
      fixture_test(uv_fs_realpath_fails),
      fixture_test(uv_fs_realpath_is_cancelled),
      fixture_test(uv_fs_chmod_completes),
      fixture_test(uv_fs_chmod_fails),
      fixture_test(uv_fs_chmod_is_cancelled),
      fixture_test(uv_fs_chown_completes),
      fixture_test(uv_fs_chown_fails),
      fixture_test(uv_fs_chown_is_cancelled),
      fixture_test(uv_fs_lchown_completes),
      fixture_test(uv_fs_lchown_fails),
      fixture_test(uv_fs_lchown_is_cancelled),
      fixture_test(uv_fs_utime_completes),
      fixture_test(uv_fs_utime_fails),
      fixture_test(uv_fs_utime_is_cancelled),
      fixture_test(uv_fs_lutime_completes),
      fixture_test(uv_fs_lutime_fails),
      fixture_test(uv_fs_lutime_is_cancelled),
      fixture_test(too_little_room_is_enobufs),
      cmocka_unit_test(bad_arguments_are_einval),
      fixture_test(a_bad_flag_of_copyfile_is_einval_in_hand),
      fixture_test(bad_paths_are_the_systems),
      FS_GROUP_TESTS,
  };
  plug_prepare();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
