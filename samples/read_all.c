/* SPDX-License-Identifier: MIT */
/* Shows: many files at once, so many at a time (vt_map_limit), all within a
 * deadline (a scope). The first failure ends the others; whatever happens, each
 * file that was opened is closed.
 *
 * Usage: read-all [-t MILLISECONDS] FILE...
 * Try:   build/release/samples/read-all -t 100 README.md LICENSE
 *        build/release/samples/read-all -t 100 README.md /dev/zero
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

enum { AT_ONCE = 8 };

struct files {
  char **paths;
  size_t count;
  uint64_t timeout_ms;  /* 0: no deadline */
  vt_result_t *results; /* sizes */
};

struct read_frame {
  vt_frame_t vt;
  const char *path;
  uv_file file;
  uint64_t size;
  char block[16384];
};

static vt_t read_body(void *frame) {
  struct read_frame *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  VT_TRY_VALUE(f, v, vt_fs_open(f->path, UV_FS_O_RDONLY, 0));
  f->file = (uv_file)v.i;
  do {
    VT_TRY_VALUE(f, v, vt_fs_read(f->file, f->block, sizeof f->block, -1));
    f->size += v.u;
  } while (v.u != 0);
  VT_RETURN(f, vt_from_uint(f->size));
  VT_FINALLY(f);
  if (f->file >= 0)
    VT_TRY(f, vt_fs_close(f->file));
  VT_END(f);
}

/* In a box from the start: the block that is read into must not move. */
static vt_t read_file(void *files, size_t index) {
  struct read_frame f = {.path = ((struct files *)files)->paths[index],
                         .file = -1};
  return vt_start_boxed(&f, sizeof f, read_body);
}

/* What is begun in the scope is cancelled when its time is over. */
static int64_t read_all(vt_loop_t *loop, struct files *files) {
  vt_map_t what = {read_file, files, AT_ONCE, VT_FAIL_FAST};
  vt_scope_options_t options = {.timeout_ms = files->timeout_ms};
  vt_scope_t *scope;
  int rc = vt_scope_new(&options, &scope);
  if (rc != 0)
    return rc;
  vt_scope_t *before = vt_scope_enter(scope);
  vt_t v = vt_map_limit(&what, files->count, files->results);
  vt_scope_leave(before);
  vt_result_t sizes = vt_loop_run(loop, v);
  vt_result_t end = vt_loop_run(loop, vt_scope_join(scope));
  return end.status != 0 ? end.status : sizes.status;
}

/* The files' sizes and their sum, or who has failed; those that were ended for
 * it are not told of. */
static void print(const struct files *files, int64_t status) {
  uint64_t total = 0;
  for (size_t i = 0; i < files->count; i++) {
    vt_result_t r = files->results[i];
    total += r.value.u;
    if (status == 0)
      printf("%10llu %s\n", (unsigned long long)r.value.u, files->paths[i]);
    else if (r.status != 0 && r.status != UV_ECANCELED)
      fprintf(stderr, "read-all: %s: %s\n", files->paths[i],
              vt_strerror(r.status));
  }
  if (status == 0)
    printf("%10llu in all\n", (unsigned long long)total);
  else
    fprintf(stderr, "read-all: %s\n", vt_strerror(status));
}

static int run(uv_loop_t *uv, struct files *files) {
  vt_loop_t *loop = NULL;
  int64_t status = vt_loop_attach(uv, &loop);
  if (status != 0)
    return 1;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  status = read_all(loop, files);
  print(files, status);
  uv_run(uv, UV_RUN_DEFAULT); /* what the time has run out for ends */
  int left = vt_loop_detach(loop, NULL);
  uv_run(uv, UV_RUN_DEFAULT);
  return status != 0 || left != 0;
}

int main(int argc, char **argv) {
  struct files files = {.paths = argv + 1, .count = (size_t)argc - 1};
  uv_loop_t uv;
  if (argc > 2 && strcmp(argv[1], "-t") == 0) {
    files.timeout_ms = strtoull(argv[2], NULL, 10);
    files.paths += 2;
    files.count -= 2;
  }
  if (argc < 2 || files.count == 0) {
    fprintf(stderr, "usage: read-all [-t MILLISECONDS] FILE...\n");
    return 2;
  }
  files.results = calloc(files.count, sizeof *files.results);
  if (!files.results || uv_loop_init(&uv) != 0) {
    free(files.results);
    return 1;
  }
  int failed = run(&uv, &files);
  free(files.results);
  return uv_loop_close(&uv) == 0 && !failed ? 0 : 1;
}
