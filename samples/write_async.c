/* SPDX-License-Identifier: MIT */
/* Shows: one byte into a buffer that is flushed when full, as a function that
 * returns a value task, and as functions that return tasks, made fresh for each
 * call or the static one; and what a million calls of each allocate.
 *
 * Usage: write_async [FILE]    (writes six million bytes; default /dev/null)
 * Try:   build/release/samples/write_async
 */
#include <stdio.h>
#include <vt.h>

enum { CALLS = 1000000 };

struct writer {
  uint8_t buffer[65536];
  size_t count;
  size_t flushed; /* of count, already in the file */
  uv_file file;
  uint64_t waits; /* calls that had to wait for a flush */
  uint64_t tasks; /* tasks made; the static one is nobody's */
};

/* ---- the value task ---- */

struct flush_frame {
  vt_frame_t vt;
  struct writer *w;
};

static vt_t flush_body(void *frame) {
  struct flush_frame *f = frame;
  vt_value_t n;
  VT_BEGIN(f);
  while (f->w->flushed < f->w->count) { /* the system may take a part only */
    VT_TRY_VALUE(f, n,
                 vt_fs_write(f->w->file, f->w->buffer + f->w->flushed,
                             f->w->count - f->w->flushed, -1));
    f->w->flushed += n.u;
  }
  f->w->count = 0;
  f->w->flushed = 0;
  VT_END(f);
}

/* All bytes of the buffer into the file. */
static vt_t flush_async(struct writer *w) {
  struct flush_frame f = {.w = w};
  return vt_start(&f, flush_body);
}

struct write_frame {
  vt_frame_t vt;
  struct writer *w;
  uint8_t byte;
};

static vt_t write_body(void *frame) {
  struct write_frame *f = frame;
  VT_BEGIN(f);
  f->w->waits++;
  VT_TRY(f, flush_async(f->w));
  f->w->buffer[f->w->count++] = f->byte;
  VT_RETURN(f, vt_done());
  VT_END(f);
}

/* A byte into the buffer; a full buffer is flushed first. A hit is the first
 * branch, and nothing else. */
static inline vt_t write_async(struct writer *w, uint8_t byte) {
  if (w->count < sizeof w->buffer) {
    w->buffer[w->count++] = byte;
    return vt_done();
  }
  struct write_frame f = {.w = w, .byte = byte};
  return vt_start(&f, write_body);
}

/* ---- the same function, returning a task: C#'s Task in place of ValueTask.
 *      The caller releases it with vt_task_unref. ---- */

static vt_task_t *write_fresh_task(struct writer *w, uint8_t byte) {
  vt_t v = write_async(w, byte);
  w->tasks++;
  return vt_in_hand(v) ? vt_task_from_result(vt_get_result(v)) : vt_as_task(v);
}

static vt_task_t *write_static_task(struct writer *w, uint8_t byte) {
  vt_task_t *task = vt_as_task(write_async(w, byte)); /* in hand: static */
  if (task != vt_task_completed())
    w->tasks++;
  return task;
}

/* ---- a million calls of each ---- */

struct run_frame {
  vt_frame_t vt;
  struct writer *w;
  vt_task_t *(*write)(struct writer *w, uint8_t byte); /* or write_async */
  vt_task_t *task;
  uint32_t i;
};

static vt_t run_value_tasks(void *frame) {
  struct run_frame *f = frame;
  VT_BEGIN(f);
  for (f->i = 0; f->i < CALLS; f->i++)
    VT_TRY(f, write_async(f->w, (uint8_t)f->i));
  VT_TRY(f, flush_async(f->w));
  VT_END(f);
}

static vt_t run_tasks(void *frame) {
  struct run_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (f->i = 0; f->i < CALLS; f->i++) {
    f->task = f->write(f->w, (uint8_t)f->i);
    VT_AWAIT(f, r, vt_from_task(f->task));
    vt_task_unref(f->task);
    if (r.status != 0)
      VT_RETURN(f, vt_from_result(r));
  }
  VT_TRY(f, flush_async(f->w));
  VT_END(f);
}

/* Runs one form and prints its line. The first run fills the pools, and the
 * second one is counted: what a program allocates again and again. */
static int64_t measure(vt_loop_t *loop, const char *name, struct run_frame form,
                       vt_body_fn *body) {
  vt_alloc_stats_t before, after;
  vt_result_t r = vt_loop_run(loop, vt_start(&form, body));
  if (r.status != 0)
    return r.status;
  form.w->waits = form.w->tasks = 0;
  vt_alloc_stats(&before);
  r = vt_loop_run(loop, vt_start(&form, body));
  vt_alloc_stats(&after);
  printf("%-18s %11llu %11llu %11llu\n", name,
         (unsigned long long)(after.calls - before.calls),
         (unsigned long long)form.w->tasks, (unsigned long long)form.w->waits);
  return r.status;
}

static int64_t measure_all(vt_loop_t *loop, struct writer *w) {
  struct run_frame value = {.w = w};
  struct run_frame fixed = {.w = w, .write = write_static_task};
  struct run_frame fresh = {.w = w, .write = write_fresh_task};
  printf("a million calls    allocations  tasks made       waits\n");
  int64_t status = measure(loop, "a value task", value, run_value_tasks);
  if (status == 0)
    status = measure(loop, "the static task", fixed, run_tasks);
  if (status == 0)
    status = measure(loop, "a fresh task", fresh, run_tasks);
  printf("\n"
         "allocations: calls of the allocator, by vt_alloc_stats\n"
         "tasks made:  blocks taken from the pool of tasks\n"
         "waits:       calls that found the buffer full; each takes blocks of "
         "the\n"
         "             loop's pools for its boxes and its request\n");
  return status;
}

static int64_t run(vt_loop_t *loop, const char *path) {
  struct writer w = {.count = 0};
  vt_result_t r = vt_loop_run(
      loop,
      vt_fs_open(path, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_TRUNC, 0644));
  if (r.status != 0)
    return r.status;
  w.file = (uv_file)r.value.i;
  int64_t status = measure_all(loop, &w);
  r = vt_loop_run(loop, vt_fs_close(w.file));
  return status != 0 ? status : r.status;
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "/dev/null";
  uv_loop_t uv;
  vt_loop_t *loop = NULL;
  int64_t status = uv_loop_init(&uv);
  if (status != 0)
    return 1;
  status = vt_loop_attach(&uv, &loop);
  if (status == 0) {
    vt_loop_set_report(loop, vt_report_stderr, NULL);
    status = run(loop, path);
    int left = vt_loop_detach(loop, NULL);
    uv_run(&uv, UV_RUN_DEFAULT);
    status = status != 0 ? status : left;
  }
  if (status != 0)
    fprintf(stderr, "write_async: %s: %s\n", path, vt_strerror(status));
  return uv_loop_close(&uv) == 0 && status == 0 ? 0 : 1;
}
