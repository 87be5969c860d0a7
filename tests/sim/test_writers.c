/* SPDX-License-Identifier: MIT */
/* Writers over files that fail, take a part and are late, by many seeds: what
 * was taken is in the file or in the buffers, in order and once, also behind a
 * failed sync. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vt_sim.h>

enum { SIZE = 900, BUFFER = 32, SEEDS = 400 };

/* ---- one run ---- */

struct output {
  vt_writer_t w;
  vt_byte_file_t file;
  char data[SIZE];
  size_t taken;
  bool offsets; /* else at the file's position */
  int failures, poisoned;
  char rest[SIZE]; /* what could not be written */
  size_t left;
};

static struct output out;

struct output_frame {
  vt_frame_t vt;
  unsigned round;
  uv_buf_t blocks[3];
};

/* Of one byte up to blocks that are larger than the buffer, together. */
static vt_t write_next(struct output_frame *f) {
  size_t left = SIZE - out.taken, size = 1 + f->round * 37 % 90;
  if (size > left)
    size = left;
  for (size_t i = 0, at = out.taken; i < 3; i++) {
    size_t part = i < 2 ? size / 3 : size - size / 3 * 2;
    f->blocks[i] = uv_buf_init(out.data + at, (unsigned)part);
    at += part;
  }
  return vt_writer_writev_async(&out.w, f->blocks, 3);
}

static int64_t go_on(int64_t status) {
  out.failures += status != 0;
  return status != 0 ? vt_writer_resume(&out.w) : 0;
}

/* What a closed writer still holds. */
static void read_out(void) {
  uv_buf_t rest[2];
  out.left = vt_writer_unwritten(&out.w, rest);
  memcpy(out.rest, rest[0].base, rest[0].len);
  memcpy(out.rest + rest[0].len, rest[1].base, rest[1].len);
  vt_writer_discard(&out.w);
}

static vt_t output_body(void *frame) {
  struct output_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (; out.taken < SIZE && !out.poisoned; f->round++) {
    VT_AWAIT(f, r, write_next(f));
    out.taken += r.value.u;
    out.poisoned = go_on(r.status) != 0;
    if (f->round % 8 == 7 && !out.poisoned) {
      VT_AWAIT(f, r, vt_writer_sync_async(&out.w));
      out.poisoned = go_on(r.status) != 0;
    }
  }
  VT_AWAIT(f, r, vt_writer_close_async(&out.w));
  read_out();
  VT_END(f);
}

static vt_t write_all(void *arg) {
  vt_writer_options_t options = {.size = BUFFER};
  struct output_frame f = {.round = 0};
  int fd = *(int *)arg;
  vt_byte_file_init(&out.file, fd, out.offsets ? 0 : -1);
  vt_writer_init(&out.w, &out.file.base, &options);
  return vt_start_boxed(&f, sizeof f, output_body);
}

/* ---- the cases ---- */

static void assert_kept(int fd) {
  uint8_t all[SIZE + 1];
  size_t have = tmp_read(fd, all, sizeof all);
  assert_int_equal(have + out.left, out.taken);
  assert_memory_equal(all, out.data, have);
  assert_memory_equal(out.rest, out.data + have, out.left);
}

static void no_byte_is_lost_whatever_fails(void **state) {
  int failures = 0, poisoned = 0;
  (void)state;
  for (size_t i = 0; i < SIZE; i++)
    out.data[i] = (char)(i * 37 / 5);
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    vt_sim_options_t options = {
        .seed = seed, .fs_error_percent = 10, .short_write_percent = 50};
    int fd = tmp_fd();
    out.taken = 0;
    out.offsets = seed % 2;
    out.failures = out.poisoned = 0;
    assert_status(vt_sim_run(&options, write_all, &fd, NULL), 0);
    assert_kept(fd);
    failures += out.failures;
    poisoned += out.poisoned;
    close(fd);
  }
  assert_true(failures > SEEDS && poisoned > 0 && poisoned < SEEDS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_byte_is_lost_whatever_fails),
  };
  return cmocka_run_group_tests_name("sim/writers", tests, NULL, NULL);
}
