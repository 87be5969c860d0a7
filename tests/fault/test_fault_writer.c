/* SPDX-License-Identifier: MIT */
/* Each allocation of a writer fails once, and from there on: no byte is lost or
 * doubled, nobody waits for ever, and a close ends it. */
#include "support/output.h"
#include "support/own_source.h"
#include "support/scenario.h"
#include "support/sink.h"
#include "support/tmp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- helpers ---- */

enum { SIZE = 200 };

static vt_result_t run(struct run *r, vt_t v) {
  return vt_loop_run(r->f.vt, v);
}

/* After the faults: all is written and closed, and came once. */
static void finish(struct run *r, struct output *o, size_t size) {
  uint8_t data[SIZE], back[2 * SIZE];
  fault_disarm();
  fixture_run(&r->f);
  output_fill(data, sizeof data);
  if (run(r, vt_writer_flush_async(&o->w)).status != 0)
    run_tell(r, "not flushed, with memory");
  size_t came = tmp_read(o->fd, back, sizeof back);
  if (came != size || memcmp(back, data, size) != 0)
    run_tell(r, "not the bytes that were written");
  if (run(r, vt_writer_close_async(&o->w)).status != 0)
    run_tell(r, "not closed");
  close(o->fd);
}

/* ---- the scenarios ---- */

SCENARIO(writes_one_after_the_other) {
  static struct output o;
  uint8_t data[SIZE];
  size_t at = 0;
  output_fill(data, sizeof data);
  output_open(&o, 0);
  for (int tries = 0; at < SIZE && tries < 100; tries++) {
    size_t part = SIZE - at < 50 ? SIZE - at : 1 + at % 50;
    vt_result_t v = run(r, vt_writer_write_all_async(&o.w, data + at, part));
    at += (size_t)v.value.u;
    if (v.status == 0)
      continue;
    if (v.status != UV_ENOMEM)
      run_tell(r, "an error that is not ENOMEM");
    fault_disarm();
    fixture_run(&r->f);
  }
  finish(r, &o, SIZE);
}

/* A copy needs memory of its own where there is no room. */
SCENARIO(copies_and_texts_at_once) {
  static struct output o;
  uint8_t data[SIZE];
  size_t at = 0;
  output_fill(data, sizeof data);
  output_open(&o, 0);
  for (size_t i = 0; i < 8; i++) {
    const char *text = (const char *)data + at;
    int size = 5 + 2 * (int)i;
    vt_t v = i % 2 ? vt_writer_printf_async(&o.w, "%.*s", size, text)
                   : vt_writer_write_copy_async(&o.w, text, (size_t)size);
    vt_result_t over = run(r, v);
    at += (size_t)over.value.u;
    if (!run_is_clear(over.status))
      run_tell(r, "an error that is not ENOMEM");
  }
  finish(r, &o, at);
}

/* ---- a stream whose value tasks are a user's ---- */

struct foreign {
  vt_byte_stream_t base;
  struct own_source source;
  uint8_t bytes[SIZE];
  size_t count;
  const uint8_t *from; /* under way; NULL: nothing is */
  size_t size;
};

static vt_t foreign_write(vt_byte_stream_t *s, const uv_buf_t blocks[],
                          unsigned count) {
  struct foreign *f = (struct foreign *)(void *)s;
  (void)count;
  own_source_next(&f->source);
  f->from = (const uint8_t *)blocks->base;
  f->size = blocks->len;
  return own_source_task(&f->source);
}

/* The stream has taken its bytes from where they lie. */
static void foreign_let(struct foreign *f) {
  vt_result_t all = {0, {.u = f->size}};
  if (!f->from)
    return;
  memcpy(f->bytes + f->count, f->from, f->size);
  f->count += f->size;
  f->from = NULL;
  own_source_complete(&f->source, all);
}

static void finish_foreign(struct run *r, struct foreign *f, vt_writer_t *w,
                           size_t size) {
  uint8_t data[SIZE];
  struct seen seen = {0};
  output_fill(data, sizeof data);
  fault_disarm();
  if (f->from && vt_writer_discard(w) != UV_EBUSY)
    run_tell(r, "bytes under way are discarded");
  vt_await(vt_writer_close_async(w), seen_k, &seen);
  for (int turns = 0; seen.count == 0 && turns < 40; turns++) {
    foreign_let(f);
    fixture_turn(&r->f);
  }
  fixture_run(&r->f);
  if (seen.count != 1 || seen.result.status != 0)
    run_tell(r, "not closed");
  if (f->count != size || memcmp(f->bytes, data, size) != 0)
    run_tell(r, "not the bytes that were written");
}

/* Each write of the stream may be one that cannot be awaited. */
static void write_foreign(struct run *r, size_t part) {
  static const vt_byte_stream_ops_t ops = {.write = foreign_write};
  static struct foreign f;
  static vt_writer_t w;
  vt_writer_options_t options = {.size = 16};
  uint8_t data[SIZE];
  size_t at = 0;
  memset(&f, 0, sizeof f);
  f.base.ops = &ops;
  own_source_init(&f.source);
  output_fill(data, sizeof data);
  vt_writer_init(&w, &f.base, &options);
  for (int tries = 0; at + part <= SIZE / 2 && tries < 20; tries++) {
    struct seen seen = {0};
    vt_await(vt_writer_write_all_async(&w, data + at, part), seen_k, &seen);
    fixture_turn(&r->f);
    for (int turns = 0; seen.count == 0 && turns < 20; turns++) {
      foreign_let(&f);
      vt_writer_resume(&w); /* a call, which awaits what is stranded */
      fixture_turn(&r->f);
    }
    if (seen.count != 1 || !run_is_clear(seen.result.status))
      run_tell(r, "not answered once");
    at += (size_t)seen.result.value.u;
    if (seen.result.status != 0)
      fault_disarm();
  }
  finish_foreign(r, &f, &w, at);
}

SCENARIO(small_writes_to_a_stream_of_a_users) { write_foreign(r, 7); }

SCENARIO(large_writes_to_a_stream_of_a_users) { write_foreign(r, 40); }

/* With a cork and an interval: what is not armed goes at once. */
static void timed(struct run *r, const vt_writer_options_t *options) {
  static struct sink s;
  static vt_writer_t w;
  sink_init(&s);
  vt_writer_init(&w, &s.base, options);
  size_t taken = 0;
  for (int i = 0; i < 20; i++)
    taken += run(r, vt_writer_write_async(&w, 7)).status == 0;
  fixture_run(&r->f);
  if (s.count != taken)
    run_tell(r, "bytes stay without a timer");
  fault_disarm();
  if (run(r, vt_writer_close_async(&w)).status != 0 || s.count != taken)
    run_tell(r, "not closed");
}

SCENARIO(corked_bytes_go) {
  vt_writer_options_t options = {.flags = VT_WRITER_CORK};
  timed(r, &options);
}

SCENARIO(bytes_go_by_the_interval) {
  vt_writer_options_t options = {.interval_ms = 1};
  timed(r, &options);
}

/* Written, or kept and told; the file is closed in any case. */
SCENARIO(a_close_with_bytes) {
  static struct output o;
  uv_buf_t rest[2];
  int fds = tmp_count_fds();
  vt_writer_options_t options = {.size = 16,
                                 .flags = VT_WRITER_OWNS | VT_WRITER_SYNC};
  output_open(&o, 0);
  vt_writer_init(&o.w, &o.file.base, &options);
  vt_forget(vt_writer_write_async(&o.w, output_byte(0)));
  int64_t status = run(r, vt_writer_close_async(&o.w)).status;
  fixture_run(&r->f);
  fault_disarm();
  size_t left = vt_writer_unwritten(&o.w, rest);
  if (!run_is_clear(status) || left > (status == 0 ? 0 : 1))
    run_tell(r, "neither written nor kept");
  if (vt_status(vt_writer_close_async(&o.w)) != UV_EBADF)
    run_tell(r, "not closed");
  if (vt_writer_discard(&o.w) != 0 || tmp_count_fds() != fds)
    run_tell(r, "the file is still open");
}

/* ---- files of a name ---- */

/* The old file or the new one, and none is left open. */
static void replace(struct run *r, const char *path) {
  static vt_writer_file_t w;
  vt_writer_file_options_t options = {.how = VT_WRITER_REPLACE};
  char text[8] = "";
  int fds = tmp_count_fds();
  int64_t status = run(r, vt_writer_open_async(&w, path, &options)).status;
  bool open = status == 0;
  if (open)
    run(r, vt_writer_write_copy_async(&w.writer, "new", 3));
  if (open)
    status = run(r, vt_writer_close_async(&w.writer)).status;
  fixture_run(&r->f);
  fault_disarm();
  if (open && vt_writer_discard(&w.writer) != 0)
    run_tell(r, "still at work");
  FILE *file = fopen(path, "r");
  if (file && !fgets(text, sizeof text, file))
    text[0] = '\0';
  if (file)
    fclose(file);
  if (!run_is_clear(status))
    run_tell(r, "an error that is not ENOMEM");
  if (strcmp(text, "old") != 0 && strcmp(text, "new") != 0 && text[0] != '\0')
    run_tell(r, "neither the old file nor the new one");
  if (tmp_count_fds() != fds)
    run_tell(r, "a file is still open");
}

SCENARIO(a_file_that_is_replaced) {
  char folder[] = "/tmp/vt-fault-XXXXXX", command[64], path[64];
  if (!mkdtemp(folder))
    return;
  snprintf(path, sizeof path, "%s/file", folder);
  FILE *file = fopen(path, "w");
  fputs("old", file);
  fclose(file);
  replace(r, path);
  snprintf(command, sizeof command, "rm -r %s", folder);
  if (system(command) != 0)
    run_tell(r, "the folder is not removed");
}

SCENARIO(a_log_that_is_reopened) {
  static vt_writer_file_t w;
  int fds = tmp_count_fds();
  char path[TMP_PATH];
  tmp_file(path);
  if (run(r, vt_writer_open_async(&w, path, NULL)).status == 0) {
    run(r, vt_writer_write_copy_async(&w.writer, "line", 4));
    int64_t status = run(r, vt_writer_reopen_async(&w, NULL)).status;
    if (!run_is_clear(status))
      run_tell(r, "an error that is not ENOMEM");
    run(r, vt_writer_write_copy_async(&w.writer, "line", 4));
    run(r, vt_writer_close_async(&w.writer));
    fixture_run(&r->f);
    fault_disarm();
    if (vt_writer_discard(&w.writer) != 0)
      run_tell(r, "still at work");
  }
  unlink(path);
  if (tmp_count_fds() != fds)
    run_tell(r, "a file is still open");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_one_after_the_other),
      cmocka_unit_test(copies_and_texts_at_once),
      cmocka_unit_test(small_writes_to_a_stream_of_a_users),
      cmocka_unit_test(large_writes_to_a_stream_of_a_users),
      cmocka_unit_test(corked_bytes_go),
      cmocka_unit_test(bytes_go_by_the_interval),
      cmocka_unit_test(a_close_with_bytes),
      cmocka_unit_test(a_file_that_is_replaced),
      cmocka_unit_test(a_log_that_is_reopened),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault/writer", tests);
}
