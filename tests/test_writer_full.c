/* SPDX-License-Identifier: MIT */
/* The writer on a small file system of its own that is full, and has room again
 * later. Skipped where a process may not mount one. */
#include "support/output.h"
#include "support/tmp.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

enum { ROOM = 256 << 10, SIZE = 600 << 10, SKIPPED = 77 };

static char folder[] = "/tmp/vt-full-XXXXXX";

/* ---- helpers ---- */

/* Only this process sees it. */
static bool mount_small(void) {
  char options[32];
  snprintf(options, sizeof options, "size=%d", ROOM);
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
    return false;
  return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
         mount("none", folder, "tmpfs", 0, options) == 0;
}

static int open_in(const char *name, int flags) {
  char path[64];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return open(path, flags | O_CLOEXEC, 0600);
}

static void take_room(void) {
  static const char block[64 << 10];
  int fd = open_in("other", O_WRONLY | O_CREAT);
  for (int i = 0; i < 2; i++)
    assert_int_equal(write(fd, block, sizeof block), sizeof block);
  close(fd);
}

static void free_room(void) {
  char path[64], options[48];
  snprintf(path, sizeof path, "%s/other", folder);
  unlink(path);
  snprintf(options, sizeof options, "size=%d", 4 * ROOM);
  assert_int_equal(mount("none", folder, "tmpfs", MS_REMOUNT, options), 0);
}

/* ---- it works ---- */

static void a_full_disk_is_waited_out(void **state) {
  struct fixture *f = *state;
  vt_writer_options_t options = {.size = 10000};
  vt_byte_file_t file;
  vt_writer_t w;
  uint8_t *data = test_malloc(SIZE), *back = test_malloc(SIZE + 1);
  size_t at = 0;
  int failures = 0;
  output_fill(data, SIZE);
  take_room();
  int fd = open_in("log", O_RDWR | O_CREAT);
  assert_int_equal(vt_byte_file_init(&file, fd, -1), 0);
  assert_int_equal(vt_writer_init(&w, &file.base, &options), 0);
  while (at < SIZE) {
    size_t size = SIZE - at < 7001 ? SIZE - at : 7001;
    vt_result_t r =
        vt_loop_run(f->vt, vt_writer_write_all_async(&w, data + at, size));
    at += (size_t)r.value.u;
    if (r.status == 0)
      continue;
    assert_status(r.status, UV_ENOSPC);
    if (++failures == 3)
      free_room();
    assert_true(failures <= 3);
    assert_int_equal(vt_writer_resume(&w), 0);
  }
  assert_int_equal(failures, 3);
  assert_status(vt_loop_run(f->vt, vt_writer_close_async(&w)).status, 0);
  assert_int_equal(tmp_read(fd, back, SIZE + 1), SIZE);
  assert_memory_equal(back, data, SIZE);
  close(fd);
  test_free(data);
  test_free(back);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_full_disk_is_waited_out),
  };
  if (!mkdtemp(folder))
    return 1;
  if (!mount_small()) {
    rmdir(folder);
    puts("skipped: no file system may be mounted here");
    return SKIPPED;
  }
  int failed = fixture_main("writer_full", tests);
  umount(folder);
  rmdir(folder);
  return failed;
}
