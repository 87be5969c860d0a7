/* SPDX-License-Identifier: MIT */
/* Ticks, rates, debounce and throttle: arithmetic on the clock, and delays. */
#include "vt/pace.h"

#include "core/loop.h"
#include "vt/async.h"
#include "vt/delay.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* A moment that does not fit is never. */
static uint64_t after(uint64_t moment, uint64_t ms) {
  return ms < UINT64_MAX - moment ? moment + ms : UINT64_MAX;
}

/* ---- ticks ---- */

void vt_tick_init(vt_tick_t *tick, uint64_t period_ms) {
  tick->period_ms = period_ms ? period_ms : 1;
  tick->next_ms = after(vt__loop_fresh_now(), tick->period_ms);
}

struct tick_frame {
  vt_frame_t vt;
  vt_tick_t *tick;
};

/* How many are due; the next one is then ahead. */
static uint64_t take(vt_tick_t *tick) {
  uint64_t now = vt__loop_fresh_now();
  if (now < tick->next_ms)
    return 0;
  uint64_t due = (now - tick->next_ms) / tick->period_ms + 1;
  tick->next_ms = after(tick->next_ms, due * tick->period_ms);
  return due;
}

static vt_t wait_for(const vt_tick_t *tick) {
  uint64_t now = vt__loop_fresh_now();
  return vt_delay(tick->next_ms > now ? tick->next_ms - now : 0);
}

static vt_t tick_body(void *frame) {
  struct tick_frame *f = frame;
  uint64_t due;
  VT_BEGIN(f);
  while ((due = take(f->tick)) == 0)
    VT_TRY(f, wait_for(f->tick));
  VT_RETURN(f, vt_from_uint(due));
  VT_END(f);
}

vt_t vt_tick_async(vt_tick_t *tick) {
  struct tick_frame f = {.tick = tick};
  return vt_start(&f, tick_body);
}

/* ---- so many a second ---- */

void vt_rate_init(vt_rate_t *rate, uint64_t per_second, uint64_t burst) {
  if (per_second == 0)
    per_second = 1;
  rate->cost_ns = per_second < NS_PER_S ? NS_PER_S / per_second : 1;
  if (burst == 0)
    burst = 1;
  bool fits = burst < UINT64_MAX / 4 / rate->cost_ns;
  rate->burst_ns = fits ? burst * rate->cost_ns : UINT64_MAX / 4;
  rate->free_ns = 0;
}

/* What is granted is paid for one after the other; a burst may be owed. */
vt_t vt_rate_async(vt_rate_t *rate, uint64_t count) {
  uint64_t now = vt__loop_fresh_now() * NS_PER_MS;
  uint64_t start = rate->free_ns > now ? rate->free_ns : now;
  if (count > (UINT64_MAX - start) / rate->cost_ns)
    return vt_failed(UV_EINVAL);
  uint64_t paid = start + count * rate->cost_ns;
  vt_t v = vt_done();
  if (paid > now + rate->burst_ns) {
    uint64_t wait = paid - now - rate->burst_ns;
    v = vt_delay((wait + NS_PER_MS - 1) / NS_PER_MS);
  }
  if (!vt_is_failed(v))
    rate->free_ns = paid;
  return v;
}

/* ---- debounce, throttle ---- */

vt_t vt_debounce_async(vt_debounce_t *debounce, uint64_t ms) {
  vt_t before = debounce->last;
  vt_t v = vt_delay(ms);
  if (vt_is_failed(v))
    return v;
  if (vt_status(before) == VT_PENDING)
    vt_cancel(before);
  debounce->last = v;
  return v;
}

bool vt_throttle_try(vt_throttle_t *throttle, uint64_t ms) {
  uint64_t now = vt__loop_fresh_now();
  if (now < throttle->next_ms)
    return false;
  throttle->next_ms = after(now, ms);
  return true;
}
