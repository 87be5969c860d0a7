/* SPDX-License-Identifier: MIT */
/* Each allocation of each object whose events come again and again fails once,
 * and from there on: it is refused, and nothing of it is left, or it works. */
#include "support/scenario.h"
#include "support/watched.h"

#include <signal.h>

/* ---- helpers ---- */

/* Closes; refused for want of memory it closes all the same. */
static void end(struct run *r, struct watched *w) {
  int64_t status = vt_loop_run(r->f.vt, w->kind->close(w)).status;
  if (!run_is_clear(status))
    run_tell(r, "a close that is neither done nor UV_ENOMEM");
  fixture_run(&r->f);
  watched_clean(w);
}

/* An object, some waits, an event for each, and the end. */
static void use(struct run *r, size_t kind, bool wrapped) {
  enum { WAITS = 4 };
  struct watched w;
  int first = r->owed;
  int rc = watched_open(&w, &watched_kinds[kind], wrapped);
  if (!run_is_clear(rc))
    run_tell(r, "an object that is neither there nor UV_ENOMEM");
  if (rc != 0 && wrapped && !uv_is_closing(&w.uv.handle))
    uv_close(&w.uv.handle, NULL);
  if (rc != 0) {
    fixture_run(&r->f);
    watched_clean(&w);
    return;
  }
  for (int i = 0; i < WAITS; i++)
    run_await(r, w.kind->wait(&w));
  for (int i = 0; i < WAITS; i++) {
    w.kind->trigger(&w);
    fixture_run_until(&r->f, &r->seen[first + i].count, 1);
  }
  end(r, &w);
}

#define SCENARIO_OF(kind, name)                                                \
  SCENARIO(name) {                                                             \
    use(r, kind, false);                                                       \
    if (watched_kinds[kind].unwrap)                                            \
      use(r, kind, true);                                                      \
  }

/* ---- the kinds, by their places in watched_kinds ---- */

SCENARIO_OF(0, a_signal_awaited)
SCENARIO_OF(1, a_poll_awaited)
SCENARIO_OF(2, an_async_awaited)
SCENARIO_OF(3, a_process_awaited)
SCENARIO_OF(4, an_fs_event_awaited)
SCENARIO_OF(5, an_fs_poll_awaited)
SCENARIO_OF(6, an_idle_awaited)
SCENARIO_OF(7, a_prepare_awaited)
SCENARIO_OF(8, a_check_awaited)

SCENARIO(a_signal_awaited_once) {
  for (int i = 0; i < 4; i++)
    run_await(r, vt_signal_once(SIGUSR1));
  if (fixture_pending(&r->f) > 0) /* else it would end the process */
    raise(SIGUSR1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_signal_awaited),
      cmocka_unit_test(a_poll_awaited),
      cmocka_unit_test(an_async_awaited),
      cmocka_unit_test(a_process_awaited),
      cmocka_unit_test(an_fs_event_awaited),
      cmocka_unit_test(an_fs_poll_awaited),
      cmocka_unit_test(an_idle_awaited),
      cmocka_unit_test(a_prepare_awaited),
      cmocka_unit_test(a_check_awaited),
      cmocka_unit_test(a_signal_awaited_once),
  };
  if (fault_install() != 0)
    return 1;
  return fixture_main("fault_watch", tests);
}
