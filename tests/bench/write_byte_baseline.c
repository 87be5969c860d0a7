/* SPDX-License-Identifier: MIT */
/* The baselines of write_byte: two buffers by hand, one filled while
 * uv_fs_write has the other; and stdio. */
#include "bench.h"
#include "write_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct output {
  uv_loop_t loop;
  uv_fs_t req;
  uint8_t *buffer; /* being filled */
  uint8_t *other;
  size_t count;
  int64_t offset;
  uint64_t done, size; /* bytes put */
  bool busy;           /* other is being written */
  int rc;
};

static void fill(struct output *o);

static void on_written(uv_fs_t *req) {
  struct output *o = req->data;
  if (req->result < 0)
    o->rc = (int)req->result;
  else
    o->offset += req->result;
  o->busy = false;
  uv_fs_req_cleanup(req);
  if (o->rc == 0)
    fill(o);
}

static void swap(struct output *o) {
  uint8_t *full = o->buffer;
  uv_buf_t buf = uv_buf_init((char *)full, (unsigned)o->count);
  o->buffer = o->other;
  o->other = full;
  o->count = 0;
  o->busy = true;
  o->req.data = o;
  o->rc = uv_fs_write(&o->loop, &o->req, write_file.file, &buf, 1, o->offset,
                      on_written);
}

static inline bool put(struct output *o, uint8_t byte) {
  if (o->count == BUFFER_SIZE) {
    if (o->busy)
      return false;
    swap(o);
  }
  o->buffer[o->count++] = byte;
  return true;
}

static void fill(struct output *o) {
  uint64_t done = o->done, size = o->size;
  while (done < size && put(o, (uint8_t)done))
    done++;
  o->done = done;
  if (o->done == o->size && o->count > 0 && !o->busy)
    swap(o);
}

int write_byte_pool_baseline(uint64_t n, double *out_ns) {
  static uint8_t buffers[2][BUFFER_SIZE];
  struct output o = {.buffer = buffers[0], .other = buffers[1], .size = n};
  int rc = uv_loop_init(&o.loop);
  if (rc != 0)
    return rc;
  uint64_t start = bench_cpu_ns();
  fill(&o);
  uv_run(&o.loop, UV_RUN_DEFAULT);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  rc = uv_loop_close(&o.loop);
  return o.rc != 0 ? o.rc : rc;
}

int write_byte_stdio_baseline(uint64_t n, double *out_ns) {
  static char buffer[BUFFER_SIZE];
  int fd = dup(write_file.file);
  FILE *file = fdopen(fd, "w");
  if (!file || lseek(fd, 0, SEEK_SET) != 0)
    return -1;
  setvbuf(file, buffer, _IOFBF, sizeof buffer);
  uint64_t start = bench_cpu_ns();
  for (uint64_t i = 0; i < n; i++)
    putc_unlocked((int)i, file);
  fflush(file);
  *out_ns = (double)(bench_cpu_ns() - start) / (double)n;
  return fclose(file);
}
