/* SPDX-License-Identifier: MIT */
/* The log.
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

#include "server_stats.h"

#define BUFFER_SIZE ((size_t)128 * 1024)
#define STALL_MS 2000

struct access_log {
  vt_writer_file_t file;
  bool json;
  bool reopening;
  bool flushing;
  uint64_t flush_ms;  /* when it began */
  bool stalled;       /* it takes too long: nobody waits for it */
  vt_promise_t *room; /* of those who wait; NULL: nobody */
  int64_t told;       /* the failure that stderr was told; 0: none */
  _Atomic uint64_t dropped;
  uint64_t dropped_noted; /* of them, those that the log itself mentions */
  time_t second;
  char time[40]; /* of that second, and less */
  size_t time_size;
};

/* ---- the beginning ---- */

struct open_frame {
  vt_frame_t vt;
  struct access_log *log;
  const char *path;
};

static vt_t open_body(void *frame) {
  static const vt_writer_file_options_t options = {
      .writer = {.size = BUFFER_SIZE}};
  struct open_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_writer_open_async(&f->log->file, f->path, &options));
  if (r.status != 0) {
    free(f->log);
    VT_RETURN(f, vt_failed(r.status));
  }
  VT_RETURN(f, vt_from_ptr(f->log));
  VT_END(f);
}

vt_t access_log_open(const char *path, bool json) {
  struct access_log *log = calloc(1, sizeof *log);
  if (!log)
    return vt_failed(UV_ENOMEM);
  log->json = json;
  struct open_frame f = {.log = log, .path = path};
  return vt_start(&f, open_body);
}

/* ---- lines ---- */

/* 2025-11-21T01:23:45.678Z; what is before the point is made once a second. */
static const char *time_text(struct access_log *log) {
  struct timespec now;
  struct tm parts;
  clock_gettime(CLOCK_REALTIME, &now);
  if (now.tv_sec != log->second && gmtime_r(&now.tv_sec, &parts)) {
    log->second = now.tv_sec;
    log->time_size =
        strftime(log->time, sizeof log->time, "%Y-%m-%dT%H:%M:%S", &parts);
  }
  snprintf(log->time + log->time_size, sizeof log->time - log->time_size,
           ".%03dZ", (int)(now.tv_nsec / 1000000));
  return log->time;
}

static size_t format(struct access_log *log, const struct log_line *line,
                     char *out) {
  struct log_line full = *line;
  full.time = time_text(log);
  if (!full.level)
    full.level = "info";
  return log_line_write(&full, log->json, out);
}

uint64_t access_log_dropped(const struct access_log *log) {
  return server_read(&log->dropped);
}

static bool fits(const struct access_log *log, size_t size) {
  return log->file.writer.error == 0 &&
         size <= BUFFER_SIZE - log->file.writer.count;
}

static void on_put(void *state, vt_result_t r) {
  struct access_log *log = state;
  if (r.status != 0)
    server_count(&log->dropped, 1);
}

/* In hand, but without memory for the writer's buffers. */
static void put(struct access_log *log, const char *line, size_t size) {
  vt_await(vt_writer_write_copy_async(&log->file.writer, line, size), on_put,
           log);
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
  vt_writer_unwritten(&log->file.writer, rest);
  uint64_t lines = count_lines(rest[0]) + count_lines(rest[1]);
  if (vt_writer_discard(&log->file.writer) == 0)
    server_count(&log->dropped, lines);
  if (log->told != status)
    fprintf(stderr, "vt-cache-server: access log: %s, lines are dropped\n",
            vt_strerror(status));
  log->told = status;
}

static void note_dropped(struct access_log *log) {
  char text[LOG_LINE_MAX], detail[64];
  uint64_t dropped = server_read(&log->dropped);
  if (dropped == log->dropped_noted)
    return;
  snprintf(detail, sizeof detail, "%llu lines",
           (unsigned long long)(dropped - log->dropped_noted));
  size_t size = format(
      log,
      &(struct log_line){.level = "warn", .event = "dropped", .detail = detail},
      text);
  if (!fits(log, size))
    return;
  log->dropped_noted = dropped;
  put(log, text, size);
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
         log->file.writer.count + LOG_LINE_MAX <= BUFFER_SIZE;
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
  if (log->flushing || log->file.writer.count == 0)
    return;
  log->flushing = true;
  log->flush_ms = uv_now(vt_loop_uv(vt_loop_current()));
  vt_await(vt_writer_flush_async(&log->file.writer), on_flushed, log);
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
    server_count(&log->dropped, 1);
}

void access_log_add(struct access_log *log, const struct log_line *line) {
  char text[LOG_LINE_MAX];
  add_line(log, text, format(log, line, text));
}

/* ---- rotation ---- */

static void on_reopened(void *state, vt_result_t r) {
  struct access_log *log = state;
  log->reopening = false;
  if (r.status == 0)
    return;
  if (log->file.writer.error != 0) /* the old file does not take its lines */
    give_up(log, r.status);
  else
    fprintf(stderr, "vt-cache-server: access log: %s, it was not reopened\n",
            vt_strerror(r.status));
}

void access_log_reopen(struct access_log *log) {
  if (log->reopening)
    return;
  log->reopening = true;
  vt_await(vt_writer_reopen_async(&log->file, NULL), on_reopened, log);
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
  while (f->log->reopening)
    VT_AWAIT(f, r, vt_delay(10));
  if (server_read(&f->log->dropped) != f->log->dropped_noted) {
    VT_AWAIT(f, r, vt_writer_flush_async(&f->log->file.writer));
    note_dropped(f->log); /* now it has room */
  }
  VT_AWAIT(f, r, vt_writer_close_async(&f->log->file.writer));
  if (vt_writer_discard(&f->log->file.writer) == 0) /* else it still writes */
    free(f->log);
  if (r.status != 0)
    VT_RETURN(f, vt_failed(r.status));
  VT_END(f);
}

vt_t access_log_close(struct access_log *log) {
  struct close_frame f = {.log = log};
  return vt_start(&f, close_body);
}
