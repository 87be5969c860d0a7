/* SPDX-License-Identifier: MIT */
/* The access log.
 *
 * A line that fits into the writer's buffer is in hand. When the buffer is
 * full, or a tick comes, a flush begins; the writer then fills its other
 * buffer. When that is full as well, callers wait for the flush, on one task,
 * but no longer than STALL_MS. */
#include "access_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUFFER_SIZE ((size_t)128 * 1024)
#define WORDS_MAX 4u /* of a request */
#define WORD_MAX 64u /* bytes of each */
#define LINE_SIZE (128 + WORDS_MAX * (4 * WORD_MAX + 3))
#define STALL_MS 1000

struct access_log {
  vt_writer_t writer;
  vt_byte_file_t file;
  bool flushing;
  uint64_t flush_ms;  /* when it began */
  bool stalled;       /* it takes too long: nobody waits for it */
  vt_promise_t *room; /* of those who wait; NULL: nobody */
  int64_t told;       /* the failure that stderr was told; 0: none */
  uint64_t dropped;
  uint64_t dropped_noted; /* of them, those that the log itself mentions */
  time_t second;
  char time[32]; /* of that second */
};

int access_log_new(uv_file file, struct access_log **out) {
  static const vt_writer_options_t options = {.size = BUFFER_SIZE,
                                              .flags = VT_WRITER_OWNS};
  struct access_log *log = calloc(1, sizeof *log);
  if (!log) {
    uv_fs_t req;
    uv_fs_close(NULL, &req, file, NULL);
    uv_fs_req_cleanup(&req);
    return UV_ENOMEM;
  }
  vt_byte_file_init(&log->file, file, -1);
  vt_writer_init(&log->writer, &log->file.base, &options);
  *out = log;
  return 0;
}

uint64_t access_log_dropped(const struct access_log *log) {
  return log->dropped;
}

static bool fits(const struct access_log *log, size_t size) {
  return log->writer.error == 0 && size <= BUFFER_SIZE - log->writer.count;
}

static void on_put(void *state, vt_result_t r) {
  struct access_log *log = state;
  if (r.status != 0)
    log->dropped++;
}

/* In hand, but without memory for the writer's buffers. */
static void put(struct access_log *log, const char *line, size_t size) {
  vt_await(vt_writer_write_copy_async(&log->writer, line, size), on_put, log);
}

static uint64_t count_lines(uv_buf_t block) {
  uint64_t lines = 0;
  for (size_t i = 0; i < block.len; i++)
    lines += block.base[i] == '\n';
  return lines;
}

/* What could not be written is dropped, so that the log can go on when the disk
 * can; a failure is told once. */
static void give_up(struct access_log *log, int64_t status) {
  uv_buf_t rest[2];
  vt_writer_unwritten(&log->writer, rest);
  uint64_t lines = count_lines(rest[0]) + count_lines(rest[1]);
  if (vt_writer_discard(&log->writer) == 0)
    log->dropped += lines;
  if (log->told != status)
    fprintf(stderr, "vt-cache-server: access log: %s, lines are dropped\n",
            vt_strerror(status));
  log->told = status;
}

static void note_dropped(struct access_log *log) {
  char line[64];
  int size = snprintf(line, sizeof line, "- %llu lines were dropped\n",
                      (unsigned long long)(log->dropped - log->dropped_noted));
  if (log->dropped == log->dropped_noted || !fits(log, (size_t)size))
    return;
  log->dropped_noted = log->dropped;
  put(log, line, (size_t)size);
}

/* Those who waited run from the ready queue, not here. */
static void wake(struct access_log *log) {
  vt_promise_t *room = log->room;
  vt_value_t none = {0};
  log->room = NULL;
  if (!room)
    return;
  vt_promise_set(room, none);
  vt_promise_free(room);
}

bool access_log_has_room(const struct access_log *log) {
  return !log->flushing || log->stalled ||
         log->writer.count + LINE_SIZE <= BUFFER_SIZE;
}

/* Without memory to wait nobody does, and lines may be dropped. */
vt_t access_log_wait(struct access_log *log) {
  if (access_log_has_room(log))
    return vt_done();
  if (!log->room && vt_promise_new(VT_COMPLETE_LATER, &log->room) != 0) {
    log->stalled = true;
    return vt_done();
  }
  return vt_from_task(vt_promise_task(log->room));
}

static void on_flushed(void *state, vt_result_t r) {
  struct access_log *log = state;
  log->flushing = false;
  log->stalled = false;
  if (r.status == 0) {
    log->told = 0;
    note_dropped(log);
  } else if (r.status != UV_ENOMEM) { /* which is no fault of the file */
    give_up(log, r.status);
  }
  wake(log);
}

static void begin_flush(struct access_log *log) {
  if (log->flushing || log->writer.count == 0)
    return;
  log->flushing = true;
  log->flush_ms = uv_now(vt_loop_uv(vt_loop_current()));
  vt_await(vt_writer_flush_async(&log->writer), on_flushed, log);
}

void access_log_tick(struct access_log *log) {
  uint64_t now = uv_now(vt_loop_uv(vt_loop_current()));
  if (log->flushing && now - log->flush_ms > STALL_MS) {
    log->stalled = true;
    wake(log);
  }
  begin_flush(log);
}

/* A flush that begins leaves an empty buffer, where the other one is free. */
static void add_line(struct access_log *log, const char *line, size_t size) {
  if (!fits(log, size))
    begin_flush(log);
  if (fits(log, size))
    put(log, line, size);
  else
    log->dropped++;
}

/* ---- the line ---- */

/* 2025-11-21T01:23:45Z, made once a second. */
static const char *time_text(struct access_log *log) {
  time_t now = time(NULL);
  struct tm parts;
  if (now != log->second && gmtime_r(&now, &parts)) {
    log->second = now;
    strftime(log->time, sizeof log->time, "%Y-%m-%dT%H:%M:%SZ", &parts);
  }
  return log->time;
}

/* " \"word\"", at most 4 * WORD_MAX + 3 bytes. */
static size_t quote(char *to, const struct resp_slice *word) {
  static const char hex[] = "0123456789abcdef";
  size_t size = word->size < WORD_MAX ? word->size : WORD_MAX;
  char *at = to;
  *at++ = ' ';
  *at++ = '"';
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)word->data[i];
    if (c == '"' || c == '\\')
      *at++ = '\\';
    if (c >= 0x20 && c != 0x7f) {
      *at++ = (char)c;
      continue;
    }
    *at++ = '\\';
    *at++ = 'x';
    *at++ = hex[c >> 4];
    *at++ = hex[c & 15];
  }
  *at++ = '"';
  return (size_t)(at - to);
}

void access_log_add(struct access_log *log, const char *peer,
                    const struct resp_slice *argv, size_t argc) {
  char line[LINE_SIZE];
  int n = snprintf(line, 120, "%s %s", time_text(log), peer);
  size_t size = n > 0 && n < 120 ? (size_t)n : 0;
  for (size_t i = 0; i < argc && i < WORDS_MAX; i++)
    size += quote(line + size, &argv[i]);
  line[size++] = '\n';
  add_line(log, line, size);
}

/* ---- the end ---- */

struct close_frame {
  vt_frame_t vt;
  struct access_log *log;
};

static vt_t close_body(void *frame) {
  struct close_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_writer_close_async(&f->log->writer));
  if (vt_writer_discard(&f->log->writer) == 0) /* else it still writes */
    free(f->log);
  if (r.status != 0)
    VT_RETURN(f, vt_failed(r.status));
  VT_END(f);
}

vt_t access_log_close(struct access_log *log) {
  struct close_frame f = {.log = log};
  return vt_start(&f, close_body);
}
