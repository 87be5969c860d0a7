/* SPDX-License-Identifier: MIT */
/* vt_retry: an async function of attempts and delays. */
#include "vt/retry.h"

#include "core/loop.h"
#include "vt/async.h"
#include "vt/delay.h"

enum { FIRST_MS = 100, MOST_MS = 30000 };

struct retry_frame {
  vt_frame_t vt;
  vt_retry_t what;
  uint64_t random; /* the state of the jitter */
  uint64_t pause_ms;
  unsigned attempt;
};

/* Numbers for the jitter, which nobody needs to be secret (splitmix64). */
static uint64_t next_random(uint64_t *state) {
  uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

static bool is_worth_it(const struct retry_frame *f, int64_t status) {
  if (f->what.attempts != 0 && f->attempt >= f->what.attempts)
    return false;
  return f->what.again ? f->what.again(f->what.arg, status)
                       : status != UV_ECANCELED;
}

static uint64_t next_pause(struct retry_frame *f) {
  uint64_t whole =
      f->pause_ms < f->what.most_ms ? f->pause_ms : f->what.most_ms;
  f->pause_ms = 2 * whole;
  return whole - next_random(&f->random) % (whole / 2 + 1);
}

static vt_t retry_body(void *frame) {
  struct retry_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  for (;;) {
    VT_AWAIT(f, r, f->what.fn(f->what.arg, f->attempt));
    f->attempt++;
    if (r.status == 0 || !is_worth_it(f, r.status))
      VT_RETURN(f, vt_from_result(r));
    VT_TRY(f, vt_delay(next_pause(f)));
  }
  VT_END(f);
}

vt_t vt_retry(const vt_retry_t *what) {
  if (!what || !what->fn)
    return vt_failed(UV_EINVAL);
  struct retry_frame f = {.what = *what, .random = what->seed};
  if (f.what.first_ms == 0)
    f.what.first_ms = FIRST_MS;
  if (f.what.most_ms == 0)
    f.what.most_ms = MOST_MS;
  if (f.random == 0)
    f.random = vt__loop_fresh_now() ^ (uint64_t)(uintptr_t)what;
  f.pause_ms = f.what.first_ms;
  return vt_start(&f, retry_body);
}
