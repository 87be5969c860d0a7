/* SPDX-License-Identifier: MIT */
/* libuv's thread pool, held still. */
#include "support/plug.h"

#include <stdlib.h>

void plug_prepare(void) { setenv("UV_THREADPOOL_SIZE", "1", 1); }

static void wait_in_pool(uv_work_t *req) {
  struct plug *plug = req->data;
  uv_sem_wait(&plug->sem);
}

static void post_in_pool(uv_work_t *req) {
  struct plug *plug = req->data;
  uv_sem_post(&plug->sem);
}

static void on_done(uv_work_t *req, int status) {
  struct plug *plug = req->data;
  (void)status;
  uv_sem_destroy(&plug->sem);
}

static void queue(struct plug *plug, uv_loop_t *uv, uv_work_cb cb) {
  uv_sem_init(&plug->sem, 0);
  plug->req.data = plug;
  uv_queue_work(uv, &plug->req, cb, on_done);
}

void plug_in(struct plug *plug, uv_loop_t *uv) {
  queue(plug, uv, wait_in_pool);
}

void plug_out(struct plug *plug) { uv_sem_post(&plug->sem); }

void plug_drain(struct plug *plug, uv_loop_t *uv) {
  queue(plug, uv, post_in_pool);
  uv_sem_wait(&plug->sem);
}
