/* SPDX-License-Identifier: MIT */
/* Shows: a log that bears a full disk and a rotation. What cannot be written is
 * kept until there is room again, and no line is lost, doubled or split. The
 * full disk is a limit on the size of files, which is lifted later.
 *
 * Usage: access_log FOLDER
 * Try:   build/release/samples/access_log /tmp
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <vt.h>

enum { LINES = 1000, ROOM = 4096, PATH_SIZE = 512 };

struct paths {
  char log[PATH_SIZE];
  char old[PATH_SIZE];
};

struct log_frame {
  vt_frame_t vt;
  vt_writer_file_t *log;
  const struct paths *paths;
  int next, end;
  char line[32];
  size_t size;
  size_t taken; /* of the line */
};

static void set_room(rlim_t size) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
    return;
  limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

/* A line is in hand while there is room for it. What was in hand before an
 * error is kept by the writer, and the line that meets the error knows how much
 * of it was taken. It is copied, as a frame may move while it waits. */
static vt_t add_body(void *frame) {
  struct log_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (f->next < f->end) {
    if (f->taken == f->size) {
      f->size =
          (size_t)snprintf(f->line, sizeof f->line, "request %d\n", f->next);
      f->taken = 0;
    }
    VT_AWAIT(f, r,
             vt_writer_write_copy_async(&f->log->writer, f->line + f->taken,
                                        f->size - f->taken));
    f->taken += (size_t)r.value.u;
    if (f->taken == f->size)
      f->next++;
    if (r.status == 0)
      continue;
    if (r.status != UV_EFBIG && r.status != UV_ENOSPC)
      VT_RETURN(f, vt_failed(r.status));
    printf("no room\n");
    set_room(RLIM_INFINITY); /* an operator makes room */
    vt_writer_resume(&f->log->writer);
  }
  VT_END(f);
}

static vt_t add_lines(vt_writer_file_t *log, int from, int end) {
  struct log_frame f = {.log = log, .next = from, .end = end};
  return vt_start(&f, add_body);
}

/* As logrotate does it: renamed first, then the writer goes on in a new one. */
static vt_t rotate_body(void *frame) {
  struct log_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_fs_rename(f->paths->log, f->paths->old));
  VT_TRY(f, vt_writer_reopen_async(f->log, NULL));
  printf("rotated\n");
  VT_END(f);
}

static vt_t rotate(vt_writer_file_t *log, const struct paths *paths) {
  struct log_frame f = {.log = log, .paths = paths};
  return vt_start(&f, rotate_body);
}

static vt_t run_body(void *frame) {
  static const vt_writer_file_options_t options = {
      .writer = {.size = 1024, .interval_ms = 200}};
  struct log_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_writer_open_async(f->log, f->paths->log, &options));
  VT_TRY(f, add_lines(f->log, 0, LINES));
  VT_TRY(f, rotate(f->log, f->paths));
  VT_TRY(f, add_lines(f->log, LINES, LINES + 10));
  VT_TRY(f, vt_writer_close_async(&f->log->writer));
  VT_END(f);
}

/* Those that are whole and in order, from number first on. */
static long count_lines(const char *path, int first) {
  FILE *file = fopen(path, "r");
  char line[32];
  int lines = 0;
  if (!file)
    return -1;
  while (fgets(line, sizeof line, file) &&
         strtol(line + strlen("request "), NULL, 10) == first + lines)
    lines++;
  return fclose(file) == 0 ? lines : -1;
}

int main(int argc, char **argv) {
  uv_loop_t uv;
  vt_loop_t *loop;
  vt_writer_file_t log;
  struct paths paths;
  if (argc != 2) {
    fprintf(stderr, "usage: access_log FOLDER\n");
    return EXIT_FAILURE;
  }
  snprintf(paths.log, sizeof paths.log, "%s/access.log", argv[1]);
  snprintf(paths.old, sizeof paths.old, "%s/access.log.1", argv[1]);
  if (uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &loop) != 0)
    return EXIT_FAILURE;
  signal(SIGXFSZ, SIG_IGN);
  set_room(ROOM);
  struct log_frame f = {.log = &log, .paths = &paths};
  vt_result_t r = vt_loop_run(loop, vt_start(&f, run_body));
  if (r.status != 0)
    fprintf(stderr, "access_log: %s\n", vt_strerror(r.status));
  printf("%ld lines, then %ld\n", count_lines(paths.old, 0),
         count_lines(paths.log, LINES));
  vt_loop_detach(loop, NULL);
  uv_run(&uv, UV_RUN_DEFAULT);
  return uv_loop_close(&uv) == 0 && r.status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
