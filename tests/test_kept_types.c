/* SPDX-License-Identifier: MIT */
/* Files, folders, lists, connections, permits and items in a combinator that
 * nobody takes the result of: each is dropped as its type is. */
#include "support/fixture.h"
#include "support/net.h"
#include "support/tmp.h"

#include <sys/socket.h>
#include <unistd.h>

/* ---- wholes of operations that own something ---- */

enum whole { ALL, ANY, RACE, TIMEOUT, RETRY, MAP, FUNCTION, WHOLES };
enum fate { FORGOTTEN, STOPPED, DROPPED, UNTAKEN, FATES };

typedef vt_t begin_fn(void);

struct many {
  begin_fn *begin;
};

static vt_t retried(void *arg, unsigned attempt) {
  (void)attempt;
  return ((struct many *)arg)->begin();
}

static vt_t mapped(void *arg, size_t index) {
  (void)index;
  return ((struct many *)arg)->begin();
}

struct function {
  vt_frame_t vt;
  begin_fn *begin;
};

static vt_t function_body(void *frame) {
  struct function *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, vt_yield());
  VT_RETURN(f, f->begin());
  VT_END(f);
}

static vt_t make(enum whole whole, struct many *m) {
  vt_retry_t retry = {.fn = retried, .arg = m};
  vt_map_t map = {.fn = mapped, .arg = m, .limit = 2};
  struct function function = {.begin = m->begin};
  switch (whole) {
  case ALL:
    return VT_ALL(0, NULL, m->begin(), m->begin());
  case ANY:
    return VT_ANY(0, NULL, m->begin(), m->begin());
  case RACE:
    return VT_RACE(0, m->begin(), m->begin());
  case TIMEOUT:
    return vt_with_timeout(m->begin(), 3600000);
  case RETRY:
    return vt_retry(&retry);
  case MAP:
    return vt_map_limit(&map, 2, NULL);
  default:
    return vt_start(&function, function_body);
  }
}

/* Untaken ones are left to the detach. */
static void end(struct fixture *f, vt_t v, enum fate fate) {
  struct seen seen = {0};
  if (fate == FORGOTTEN)
    vt_forget(v);
  if (fate == STOPPED) {
    vt_await_with(v, VT_LATER, seen_k, &seen);
    assert_true(vt_await_stop(v, seen_k, &seen));
  }
  while (fate > STOPPED && vt_status(v) == VT_PENDING)
    fixture_turn(f);
  if (fate == DROPPED)
    vt_forget(v);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 0);
}

/* All wholes with all fates; how many lie untaken. */
static int end_all(struct fixture *f, begin_fn *begin) {
  struct many m = {begin};
  for (enum whole w = 0; w < WHOLES; w++)
    for (enum fate fate = 0; fate < FATES; fate++)
      end(f, make(w, &m), fate);
  return WHOLES;
}

static void detach_with(struct fixture *f, int untaken) {
  assert_status(fixture_detach(f), 0);
  for (int i = 0; i < untaken; i++)
    assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
}

/* ---- what the process owns ---- */

static vt_t open_file(void) {
  return vt_fs_open("/dev/null", UV_FS_O_RDONLY, 0);
}

static vt_t open_folder(void) { return vt_fs_opendir("/"); }

static vt_t list_folder(void) { return vt_fs_scandir("/", 0); }

static vt_t look_up(void) { return vt_getaddrinfo("localhost", "7", NULL); }

static vt_t look_up_at_once(void) {
  return vt_getaddrinfo("127.0.0.1", "7", NULL);
}

static void files_are_closed(void **state) {
  int fds = tmp_count_fds();
  detach_with(*state, end_all(*state, open_file));
  assert_in_range(tmp_count_fds(), 0, fds);
}

/* And lists are freed: what checks memory finds them. */
static void folders_are_closed(void **state) {
  int fds = tmp_count_fds();
  int untaken = end_all(*state, open_folder) + end_all(*state, list_folder);
  detach_with(*state, untaken);
  assert_in_range(tmp_count_fds(), 0, fds);
}

static void addresses_are_freed(void **state) {
  int untaken = end_all(*state, look_up) + end_all(*state, look_up_at_once);
  detach_with(*state, untaken);
}

static void the_losers_files_are_closed(void **state) {
  struct fixture *f = *state;
  int fds = tmp_count_fds();
  for (int i = 0; i < 20; i++) {
    vt_t race = VT_RACE(i % 2 ? VT_KEEP : 0, open_file(), open_file());
    vt_result_t r = vt_loop_run(f->vt, race);
    assert_status(r.status, 0);
    assert_true(fixture_run(f));
    assert_int_equal(tmp_count_fds(), fds + 1);
    assert_int_equal(close((int)r.value.i), 0);
  }
}

static void a_given_file_stays_open(void **state) {
  struct fixture *f = *state;
  struct many m = {open_file};
  for (enum whole w = TIMEOUT; w < WHOLES; w++) {
    if (w == MAP)
      continue;
    vt_result_t r = vt_loop_run(f->vt, make(w, &m));
    assert_status(r.status, 0);
    assert_int_equal(close((int)r.value.i), 0);
  }
}

static void a_late_file_of_a_timeout_is_closed(void **state) {
  struct fixture *f = *state;
  int fds = tmp_count_fds();
  for (int i = 0; i < 20; i++) {
    vt_result_t r = vt_loop_run(f->vt, vt_with_timeout(open_file(), 0));
    if (r.status == 0)
      assert_int_equal(close((int)r.value.i), 0);
    else
      assert_status(r.status, UV_ETIMEDOUT);
    assert_true(fixture_run(f));
  }
  assert_in_range(tmp_count_fds(), 0, fds);
}

/* ---- connections ---- */

static void a_connection_is_closed(void **state) {
  struct fixture *f = *state;
  vt_listener_t *l = net_listen();
  struct sockaddr_in addr = net_address(l);
  char byte;
  for (int stopped = 0; stopped < 2; stopped++) {
    struct seen seen = {0};
    vt_t v = vt_with_timeout(vt_listener_accept(l), 3600000);
    vt_await(v, stopped ? seen_k : NULL, &seen);
    if (stopped)
      assert_true(vt_await_stop(v, seen_k, &seen));
    int fd = net_connect(&addr);
    assert_true(fd >= 0);
    vt_loop_stats_t stats;
    do {
      fixture_turn(f);
      vt_loop_stats(f->vt, &stats);
    } while (stats.pending > 0);
    fixture_turn(f);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
  }
  assert_status(vt_loop_run(f->vt, vt_listener_close(l)).status, 0);
}

/* ---- permits and items ---- */

static vt_semaphore_t permits;

static vt_t acquire(void) { return vt_semaphore_acquire_async(&permits, 1); }

static void permits_are_given_back(void **state) {
  struct fixture *f = *state;
  struct many m = {acquire};
  for (enum whole w = 0; w < WHOLES; w++)
    for (int stopped = 0; stopped < 2; stopped++) {
      struct seen seen = {0};
      vt_semaphore_init(&permits, 0);
      vt_t v = make(w, &m);
      vt_await(v, stopped ? seen_k : NULL, &seen);
      if (stopped)
        assert_true(vt_await_stop(v, seen_k, &seen));
      for (int i = 0; i < 3; i++)
        fixture_turn(f); /* the function has asked for it */
      vt_semaphore_release(&permits, 3);
      assert_true(fixture_run(f));
      assert_int_equal(seen.count, 0);
      assert_int_equal(vt_semaphore_available(&permits), 3);
      vt_semaphore_close(&permits, 0);
    }
}

static void a_lock_of_all_is_held(void **state) {
  struct fixture *f = *state;
  vt_mutex_t m[2];
  struct seen seen = {0};
  for (int i = 0; i < 2; i++) {
    vt_mutex_init(&m[i]);
    assert_true(vt_mutex_try_lock(&m[i]));
  }
  vt_await(
      VT_ALL(0, NULL, vt_mutex_lock_async(&m[0]), vt_mutex_lock_async(&m[1])),
      seen_k, &seen);
  for (int i = 0; i < 2; i++)
    assert_status(vt_mutex_unlock(&m[i]), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 2);
  for (int i = 0; i < 2; i++) {
    assert_true(vt_mutex_is_locked(&m[i]));
    assert_status(vt_mutex_unlock(&m[i]), 0);
    assert_false(vt_mutex_is_locked(&m[i]));
  }
}

/* The one that waits behind it gets the lock in its turn. */
static void a_lock_that_nobody_takes_goes_on(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_mutex_t m;
  vt_mutex_init(&m);
  assert_true(vt_mutex_try_lock(&m));
  vt_forget(vt_with_timeout(vt_mutex_lock_async(&m), 3600000));
  vt_await(vt_mutex_lock_async(&m), seen_k, &seen);
  assert_status(vt_mutex_unlock(&m), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 0);
  assert_status(vt_mutex_unlock(&m), 0);
  assert_false(vt_mutex_is_locked(&m));
}

static void a_permit_outlives_the_close(void **state) {
  struct fixture *f = *state;
  vt_semaphore_t *s = test_malloc(sizeof *s);
  vt_semaphore_init(s, 0);
  vt_t v = vt_with_timeout(vt_semaphore_acquire_async(s, 1), 3600000);
  vt_semaphore_release(s, 1);
  while (vt_status(v) == VT_PENDING)
    fixture_turn(f);
  vt_semaphore_close(s, 0);
  test_free(s);
  vt_forget(v);
  assert_true(fixture_run(f));
}

static void an_item_goes_to_the_next_receiver(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_channel_t *c;
  assert_status(vt_channel_new(1, &c), 0);
  vt_forget(vt_with_timeout(vt_channel_receive_async(c), 3600000));
  vt_await(vt_channel_receive_async(c), seen_k, &seen);
  assert_status(vt_channel_try_send(c, (vt_value_t){.i = 7}), 0);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, 7);
  vt_forget(VT_RACE(0, vt_channel_receive_async(c), vt_delay(1)));
  assert_status(vt_channel_try_send(c, (vt_value_t){.i = 8}), 0);
  assert_true(fixture_run(f));
  assert_int_equal(vt_channel_count(c), 1);
  vt_channel_unref(c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(files_are_closed),
      fixture_test(folders_are_closed),
      fixture_test(addresses_are_freed),
      fixture_test(the_losers_files_are_closed),
      fixture_test(a_given_file_stays_open),
      fixture_test(a_late_file_of_a_timeout_is_closed),
      fixture_test(a_connection_is_closed),
      fixture_test(permits_are_given_back),
      fixture_test(a_lock_of_all_is_held),
      fixture_test(a_lock_that_nobody_takes_goes_on),
      fixture_test(a_permit_outlives_the_close),
      fixture_test(an_item_goes_to_the_next_receiver),
  };
  return fixture_main("kept_types", tests);
}
