/* SPDX-License-Identifier: MIT */
/* The writer over sockets. */
#include "support/pair.h"

#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

struct line {
  struct pair pair;
  vt_byte_socket_t socket;
  vt_writer_t w;
};

static void line_open(struct fixture *f, struct line *l) {
  vt_writer_options_t options = {.size = 4096, .flags = VT_WRITER_OWNS};
  l->pair = pair_open(f);
  assert_int_equal(vt_byte_socket_init(&l->socket, l->pair.stream), 0);
  assert_int_equal(vt_writer_init(&l->w, &l->socket.base, &options), 0);
}

static int64_t run(struct fixture *f, vt_t v) {
  return vt_loop_run(f->vt, v).status;
}

/* Writes blocks of growing size, up to size bytes in all. */
struct blocks_frame {
  vt_frame_t vt;
  vt_writer_t *w;
  const char *data;
  size_t at, size, next;
};

static vt_t blocks_body(void *frame) {
  struct blocks_frame *f = frame;
  VT_BEGIN(f);
  for (; f->at < f->size; f->at += f->next) {
    f->next = 1 + f->at % 9000;
    if (f->next > f->size - f->at)
      f->next = f->size - f->at;
    VT_TRY(f, vt_writer_write_all_async(f->w, f->data + f->at, f->next));
  }
  VT_RETURN(f, vt_writer_flush_async(f->w));
  VT_END(f);
}

static vt_t write_blocks(struct line *l, const char *data, size_t size) {
  struct blocks_frame f = {.w = &l->w, .data = data, .size = size};
  return vt_start(&f, blocks_body);
}

/* ---- it works ---- */

static void a_slow_reader_gets_every_byte(void **state) {
  struct fixture *f = *state;
  struct line l;
  struct reader reader = {0};
  struct seen seen = {0};
  size_t size = 8 * MIB;
  char *data = test_malloc(size);
  pair_fill(data, size, 0);
  line_open(f, &l);
  vt_await(write_blocks(&l, data, size), seen_k, &seen);
  pair_turns(f);
  assert_int_equal(seen.count, 0); /* nobody reads: the writes wait */
  reader_start(&reader, l.pair.fd, size);
  assert_true(fixture_run_until(f, &seen.count, 1));
  reader_join(&reader);
  assert_seen_status(&seen, 0);
  assert_int_equal(reader.came, size);
  assert_int_equal(reader.wrong, 0);
  assert_int_equal(run(f, vt_writer_close_async(&l.w)), 0);
  close(l.pair.fd);
  test_free(data);
}

/* ---- it fails ---- */

static void a_peer_that_goes_away_is_told_to_all(void **state) {
  struct fixture *f = *state;
  struct line l;
  struct seen seen[3] = {0};
  size_t size = 8 * MIB;
  char *data = test_malloc(size);
  pair_fill(data, size, 0);
  line_open(f, &l);
  vt_await(write_blocks(&l, data, size), seen_k, &seen[0]);
  vt_await(vt_writer_flush_async(&l.w), seen_k, &seen[1]);
  pair_turns(f);
  net_reset(l.pair.fd);
  assert_true(fixture_run_until(f, &seen[0].count, 1));
  assert_true(fixture_run_until(f, &seen[1].count, 1));
  int64_t status = l.w.error;
  assert_true(status == UV_ECONNRESET || status == UV_EPIPE);
  assert_status(seen[0].result.status, status);
  assert_status(seen[1].result.status, status);
  assert_status(run(f, vt_writer_write_async(&l.w, 1)), status);
  assert_status(run(f, vt_writer_close_async(&l.w)), status);
  assert_int_equal(vt_writer_discard(&l.w), 0);
  test_free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_slow_reader_gets_every_byte),
      fixture_test(a_peer_that_goes_away_is_told_to_all),
  };
  return fixture_main("writer_socket", tests);
}
