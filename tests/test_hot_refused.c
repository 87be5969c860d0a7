/* SPDX-License-Identifier: MIT */
/* vt/hot.h in a sandbox: a seccomp filter refuses the calls by which memory is
 * asked, and all goes on in the pool. Each case in a process of its own, as a
 * filter stays. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/tmp.h"

#if defined(__linux__) && defined(SYS_openat2) && defined(SYS_statx)

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

/* From now on a system call fails with error. */
static bool refuse(unsigned call, unsigned error) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof code / sizeof *code, code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* The path is opened, measured and read, twice; a text when that went wrong. */
static const char *use_file(struct fixture *f, const char *path) {
  char data[16];
  uv_stat_t st;
  for (int i = 0; i < 2; i++) {
    vt_result_t file = vt_loop_run(f->vt, vt_fs_open(path, O_RDONLY, 0));
    if (file.status != 0)
      return "open";
    int fd = (int)file.value.i;
    vt_result_t r = vt_loop_run(f->vt, vt_fs_fstat(fd, &st));
    if (r.status != 0 || st.st_size != 10)
      return "fstat";
    r = vt_loop_run(f->vt, vt_fs_read(fd, data, sizeof data, 0));
    if (r.status != 0 || r.value.u != 10 || memcmp(data, "value task", 10) != 0)
      return "read";
    if (vt_loop_run(f->vt, vt_fs_close(fd)).status != 0)
      return "close";
  }
  return NULL;
}

enum { FINE, WRONG, NO_FILTER };

/* In a child: what came of it. */
static int use_refused(const char *path, unsigned call, unsigned error) {
  struct fixture f;
  if (!refuse(call, error))
    return NO_FILTER;
  const char *problem = fixture_open(&f);
  if (!problem)
    problem = use_file(&f, path);
  if (!problem)
    problem = fixture_close(&f);
  if (problem)
    print_error("call %u, error %u: %s\n", call, error, problem);
  return problem ? WRONG : FINE;
}

/* libuv goes on without statx for all of these errors but EACCES. */
static void assert_goes_on(unsigned call) {
  static const unsigned errors[] = {ENOSYS, EPERM, EINVAL, EACCES};
  char path[TMP_PATH];
  tmp_file(path);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  assert_int_equal(write(fd, "value task", 10), 10);
  close(fd);
  int status = 0;
  size_t count = sizeof errors / sizeof *errors - (call == SYS_statx);
  for (size_t i = 0; i < count && status == 0; i++) {
    pid_t child = fork();
    if (child == 0)
      _exit(use_refused(path, call, errors[i]));
    waitpid(child, &status, 0);
  }
  unlink(path);
  if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER)
    skip();
  assert_int_equal(status, 0);
}

static void without_preadv2_all_goes_on(void **state) {
  (void)state;
  assert_goes_on(SYS_preadv2);
}

static void without_openat2_all_goes_on(void **state) {
  (void)state;
  assert_goes_on(SYS_openat2);
}

static void without_statx_all_goes_on(void **state) {
  (void)state;
  assert_goes_on(SYS_statx);
}

#else

static void without_preadv2_all_goes_on(void **state) {
  (void)state;
  skip();
}

static void without_openat2_all_goes_on(void **state) {
  (void)state;
  skip();
}

static void without_statx_all_goes_on(void **state) {
  (void)state;
  skip();
}

#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(without_preadv2_all_goes_on),
      cmocka_unit_test(without_openat2_all_goes_on),
      cmocka_unit_test(without_statx_all_goes_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
