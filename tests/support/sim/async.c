/* SPDX-License-Identifier: MIT */
/* Simulated async handles: the one door for real threads. What they touch, an
 * async's pending and the loop's woken, is under the loop's mutex. */
#include "support/sim/sim.h"

static void call_async(uv_handle_t *handle, void *arg) {
  uv_async_t *async = (uv_async_t *)handle;
  vt__sim_loop_t *sim = arg;
  uv_mutex_lock(&sim->mutex);
  bool sent = async->pending != 0;
  async->pending = 0;
  uv_mutex_unlock(&sim->mutex);
  if (sent && async->async_cb)
    async->async_cb(async);
}

void vt__sim_run_asyncs(uv_loop_t *uv) {
  vt__sim_loop_t *sim = vt__sim_of(uv);
  uv_mutex_lock(&sim->mutex);
  bool woken = sim->woken;
  sim->woken = false;
  uv_mutex_unlock(&sim->mutex);
  if (woken)
    vt__sim_ring_each(&sim->asyncs, VT__SIM_STARTED, call_async, sim);
}

bool vt__sim_async_wait(uv_loop_t *uv, uint64_t ms) {
  vt__sim_loop_t *sim = vt__sim_of(uv);
  int rc = 0;
  uv_mutex_lock(&sim->mutex);
  while (!sim->woken && ms != 0 && rc == 0) {
    if (ms == UINT64_MAX)
      uv_cond_wait(&sim->cond, &sim->mutex);
    else
      rc = uv_cond_timedwait(&sim->cond, &sim->mutex, ms * VT__SIM_MS);
  }
  bool woken = sim->woken;
  uv_mutex_unlock(&sim->mutex);
  return woken;
}

int uv_async_init(uv_loop_t *uv, uv_async_t *async, uv_async_cb cb) {
  vt__sim_handle_init(uv, (uv_handle_t *)async, UV_ASYNC);
  async->async_cb = cb;
  async->pending = 0;
  vt__sim_handle_start((uv_handle_t *)async, &vt__sim_of(uv)->asyncs);
  return 0;
}

/* Any thread. */
int uv_async_send(uv_async_t *async) {
  vt__sim_loop_t *sim = vt__sim_of(async->loop);
  uv_mutex_lock(&sim->mutex);
  async->pending = 1;
  sim->woken = true;
  uv_cond_signal(&sim->cond);
  uv_mutex_unlock(&sim->mutex);
  return 0;
}
