/* SPDX-License-Identifier: MIT */
/* The simulated libuv's own functions: a loop as libuv's manual has it, without
 * vt_sim_run. */
#include "support/fixture.h"
#include "support/tmp.h"

#include <string.h>
#include <vt_sim.h>

/* ---- helpers ---- */

/* What ran, as letters. A handle's data is its note. */
struct note {
  struct log *log;
  char letter;
  uv_timer_t *victim; /* stopped, or started when it is not active */
};

/* The handles live as long as the loop. */
struct log {
  uv_loop_t uv;
  char text[64];
  uint64_t now; /* at the last letter */
  uv_timer_t timers[4];
  uv_idle_t idle;
  uv_prepare_t prepare;
  uv_async_t async;
  uv_check_t check;
  struct note notes[5];
};

static void add(struct log *log, char letter) {
  size_t used = strlen(log->text);
  if (used < sizeof log->text - 1)
    log->text[used] = letter;
  log->now = uv_now(&log->uv);
}

static void note_timer(uv_timer_t *timer) {
  struct note *note = timer->data;
  add(note->log, note->letter);
  if (note->victim && uv_is_active((uv_handle_t *)note->victim))
    uv_timer_stop(note->victim);
  else if (note->victim)
    uv_timer_start(note->victim, note_timer, 0, 0);
}

/* Notes, and stops. */
#define NOTE_ONCE(name)                                                        \
  static void note_##name(uv_##name##_t *handle) {                             \
    struct note *note = handle->data;                                          \
    add(note->log, note->letter);                                              \
    uv_##name##_stop(handle);                                                  \
  }

NOTE_ONCE(idle)
NOTE_ONCE(prepare)
NOTE_ONCE(check)

static void note_async(uv_async_t *async) {
  struct note *note = async->data;
  add(note->log, note->letter);
  uv_unref((uv_handle_t *)async);
}

static void note_closed(uv_handle_t *handle) {
  struct note *note = handle->data;
  add(note->log, (char)(note->letter - 'a' + 'A'));
}

static void count_handle(uv_handle_t *handle, void *arg) {
  (void)handle;
  ++*(int *)arg;
}

static void close_handle(uv_handle_t *handle, void *arg) {
  (void)arg;
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static int open_log(void **state) {
  static struct log log;
  memset(&log, 0, sizeof log);
  *state = &log;
  return uv_loop_init(&log.uv);
}

static int close_log(void **state) {
  struct log *log = *state;
  uv_walk(&log->uv, close_handle, NULL);
  uv_run(&log->uv, UV_RUN_DEFAULT);
  return uv_loop_close(&log->uv);
}

#define log_test(name)                                                         \
  cmocka_unit_test_setup_teardown(name, open_log, close_log)

/* Timers a, b, c, ... */
static void init_timers(struct log *log, int count) {
  for (int i = 0; i < count; i++) {
    log->notes[i] = (struct note){.log = log, .letter = (char)('a' + i)};
    uv_timer_init(&log->uv, &log->timers[i]);
    log->timers[i].data = &log->notes[i];
  }
}

/* ---- timers ---- */

static void timers_run_by_time_then_by_start(void **state) {
  struct log *log = *state;
  uv_timer_t *timers = log->timers;
  uint64_t start = uv_now(&log->uv);
  init_timers(log, 4);
  uv_timer_start(&timers[2], note_timer, 20, 0);
  uv_timer_start(&timers[0], note_timer, 20, 0);
  uv_timer_start(&timers[1], note_timer, 10, 0);
  uv_timer_start(&timers[3], note_timer, UINT64_C(3600000), 0);
  assert_int_equal(uv_timer_get_due_in(&timers[3]), 3600000);
  assert_int_equal(uv_backend_timeout(&log->uv), 10);
  assert_int_equal(uv_run(&log->uv, UV_RUN_DEFAULT), 0);
  assert_string_equal(log->text, "bcad");
  assert_int_equal(log->now - start, 3600000);
  assert_in_range(uv_hrtime() / 1000000 - start, 3600000, 3600001);
}

static void timer_stopped_by_another_does_not_run(void **state) {
  struct log *log = *state;
  uv_timer_t *timers = log->timers;
  init_timers(log, 2);
  log->notes[0].victim = &timers[1];
  uv_timer_start(&timers[0], note_timer, 5, 0);
  uv_timer_start(&timers[1], note_timer, 5, 0);
  uv_run(&log->uv, UV_RUN_DEFAULT);
  assert_string_equal(log->text, "a");
}

static void timer_started_by_itself_waits_for_the_next_turn(void **state) {
  struct log *log = *state;
  uv_timer_t *timer = log->timers;
  init_timers(log, 1);
  log->notes[0].victim = timer;
  uv_timer_start(timer, note_timer, 0, 0);
  assert_int_equal(uv_run(&log->uv, UV_RUN_NOWAIT), 1);
  assert_string_equal(log->text, "a");
  assert_int_equal(uv_run(&log->uv, UV_RUN_NOWAIT), 1);
  assert_string_equal(log->text, "aa");
}

static void repeating_timer_repeats(void **state) {
  struct log *log = *state;
  uv_timer_t *timer = log->timers;
  uint64_t start = uv_now(&log->uv);
  init_timers(log, 1);
  assert_int_equal(uv_timer_again(timer), UV_EINVAL);
  uv_timer_start(timer, note_timer, 10, 7);
  assert_int_equal(uv_timer_get_repeat(timer), 7);
  for (int i = 0; i < 3; i++)
    uv_run(&log->uv, UV_RUN_ONCE);
  assert_string_equal(log->text, "aaa");
  assert_int_equal(log->now - start, 24);
  uv_timer_set_repeat(timer, 0);
  assert_int_equal(uv_run(&log->uv, UV_RUN_DEFAULT), 0);
  assert_string_equal(log->text, "aaaa");
}

/* ---- phases, references, closing ---- */

static void phases_run_in_libuvs_order(void **state) {
  struct log *log = *state;
  static const char letters[] = "tipsc";
  uv_handle_t *handles[] = {
      (uv_handle_t *)&log->timers[0], (uv_handle_t *)&log->idle,
      (uv_handle_t *)&log->prepare, (uv_handle_t *)&log->async,
      (uv_handle_t *)&log->check};
  uv_timer_init(&log->uv, &log->timers[0]);
  uv_idle_init(&log->uv, &log->idle);
  uv_prepare_init(&log->uv, &log->prepare);
  uv_async_init(&log->uv, &log->async, note_async);
  uv_check_init(&log->uv, &log->check);
  for (int i = 0; i < 5; i++) {
    log->notes[i] = (struct note){.log = log, .letter = letters[i]};
    handles[i]->data = &log->notes[i];
  }
  uv_check_start(&log->check, note_check);
  uv_prepare_start(&log->prepare, note_prepare);
  uv_idle_start(&log->idle, note_idle);
  uv_timer_start(&log->timers[0], note_timer, 0, 0);
  uv_async_send(&log->async);
  uv_async_send(&log->async);
  assert_int_equal(uv_backend_timeout(&log->uv), 0);
  uv_run(&log->uv, UV_RUN_DEFAULT);
  assert_string_equal(log->text, "tipsc");
}

static void closed_handles_are_told_last_first(void **state) {
  struct log *log = *state;
  uv_timer_t *timers = log->timers;
  int count = 0;
  init_timers(log, 3);
  uv_timer_start(&timers[1], note_timer, 1, 0);
  uv_walk(&log->uv, count_handle, &count);
  assert_int_equal(count, 3);
  for (int i = 0; i < 3; i++)
    uv_close((uv_handle_t *)&timers[i], note_closed);
  assert_true(uv_is_closing((uv_handle_t *)&timers[1]));
  assert_false(uv_is_active((uv_handle_t *)&timers[1]));
  assert_int_equal(uv_timer_start(&timers[1], note_timer, 1, 0), UV_EINVAL);
  assert_int_equal(uv_loop_close(&log->uv), UV_EBUSY);
  uv_run(&log->uv, UV_RUN_DEFAULT);
  assert_string_equal(log->text, "CBA");
}

static void unreferenced_handles_keep_no_loop_alive(void **state) {
  struct log *log = *state;
  uv_timer_t *timer = log->timers;
  init_timers(log, 1);
  uv_timer_start(timer, note_timer, 10, 0);
  uv_unref((uv_handle_t *)timer);
  uv_unref((uv_handle_t *)timer);
  assert_false(uv_has_ref((uv_handle_t *)timer));
  assert_int_equal(uv_loop_alive(&log->uv), 0);
  assert_int_equal(uv_run(&log->uv, UV_RUN_DEFAULT), 0);
  assert_string_equal(log->text, "");
  uv_ref((uv_handle_t *)timer);
  assert_int_equal(uv_loop_alive(&log->uv), 1);
  uv_run(&log->uv, UV_RUN_DEFAULT);
  assert_string_equal(log->text, "a");
}

static void stop_ends_a_run(void **state) {
  struct log *log = *state;
  uv_timer_t *timer = log->timers;
  init_timers(log, 1);
  uv_timer_start(timer, note_timer, 10, 0);
  uv_stop(&log->uv);
  assert_int_equal(uv_run(&log->uv, UV_RUN_DEFAULT), 1);
  assert_string_equal(log->text, "");
  assert_int_equal(uv_run(&log->uv, UV_RUN_DEFAULT), 0);
  assert_string_equal(log->text, "a");
}

static void default_loop_opens_again_after_its_close(void **state) {
  (void)state;
  for (int i = 0; i < 2; i++) {
    uv_loop_t *uv = uv_default_loop();
    assert_non_null(uv);
    assert_ptr_equal(uv, uv_default_loop());
    assert_int_equal(uv_run(uv, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(uv), 0);
  }
}

static void sleep_passes_virtual_time(void **state) {
  uint64_t start = uv_hrtime();
  (void)state;
  uv_sleep(3600000);
  uv_sleep(0);
  assert_int_equal(uv_hrtime() - start, UINT64_C(3600000000000));
}

static void clock_moves_for_who_waits_for_it(void **state) {
  uint64_t start = uv_hrtime();
  (void)state;
  while (uv_hrtime() < start + 30000000)
    ;
  assert_in_range(uv_hrtime() - start, 30000000, 30010000);
}

/* ---- requests ---- */

struct work {
  uv_work_t req;
  int ran, done, status;
};

static void run_work(uv_work_t *req) { ((struct work *)req)->ran++; }

static void work_done(uv_work_t *req, int status) {
  ((struct work *)req)->done++;
  ((struct work *)req)->status = status;
}

/* Cancelled in the turn after it was queued: it has begun, or it never does. */
static void cancel_works_until_the_request_begins(void **state) {
  struct log *log = *state;
  int cancelled = 0, busy = 0;
  for (int i = 0; i < 200; i++) {
    struct work work = {.ran = 0};
    assert_int_equal(uv_queue_work(&log->uv, &work.req, run_work, work_done),
                     0);
    uv_run(&log->uv, UV_RUN_NOWAIT);
    int rc = uv_cancel((uv_req_t *)&work.req);
    int ran = work.ran;
    uv_run(&log->uv, UV_RUN_DEFAULT);
    assert_int_equal(rc, ran ? UV_EBUSY : 0);
    assert_int_equal(work.ran, ran);
    assert_int_equal(work.done, 1);
    assert_int_equal(work.status, ran ? 0 : UV_ECANCELED);
    cancelled += rc == 0;
    busy += rc != 0;
  }
  assert_in_range(cancelled, 20, 180);
  assert_in_range(busy, 20, 180);
}

static void files_work_without_a_callback(void **state) {
  char path[TMP_PATH], back[8] = "";
  uv_buf_t parts[6];
  uv_fs_t req;
  (void)state;
  tmp_file(path);
  uv_file file = uv_fs_open(NULL, &req, path, UV_FS_O_RDWR, 0, NULL);
  uv_fs_req_cleanup(&req);
  assert_in_range(file, 0, 4096);
  for (int i = 0; i < 6; i++)
    parts[i] = uv_buf_init((char *)(uintptr_t) "abcdef" + i, 1);
  assert_int_equal(uv_fs_write(NULL, &req, file, parts, 6, -1, NULL), 6);
  uv_fs_req_cleanup(&req);
  assert_int_equal(uv_fs_fstat(NULL, &req, file, NULL), 0);
  assert_int_equal(req.statbuf.st_size, 6);
  uv_fs_req_cleanup(&req);
  parts[0] = uv_buf_init(back, sizeof back);
  assert_int_equal(uv_fs_read(NULL, &req, file, parts, 1, 1, NULL), 5);
  assert_string_equal(back, "bcdef");
  uv_fs_req_cleanup(&req);
  assert_int_equal(uv_fs_close(NULL, &req, file, NULL), 0);
  assert_int_equal(uv_fs_close(NULL, &req, file, NULL), UV_EBADF);
  assert_int_equal(uv_fs_open(NULL, &req, NULL, 0, 0, NULL), UV_EINVAL);
  remove(path);
}

static void the_rest_of_libuv_is_refused(void **state) {
  struct log *log = *state;
  static uv_tcp_t tcp;
  struct sockaddr_in addr;
  uv_os_fd_t fd;
  uv_signal_t signal;
  uv_fs_t req;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  assert_int_equal(uv_tcp_init(&log->uv, &tcp), 0);
  assert_int_equal(uv_tcp_bind(&tcp, (struct sockaddr *)&addr, 0), UV_ENOSYS);
  assert_int_equal(uv_listen((uv_stream_t *)&tcp, 1, NULL), UV_ENOSYS);
  assert_int_equal(uv_fileno((uv_handle_t *)&tcp, &fd), UV_EBADF);
  assert_int_equal(uv_signal_init(&log->uv, &signal), UV_ENOSYS);
  assert_int_equal(uv_fs_unlink(&log->uv, &req, "/none", NULL), UV_ENOSYS);
  assert_int_equal(uv_backend_fd(&log->uv), -1);
}

static vt_t listen_body(void *arg) {
  struct sockaddr_in addr;
  vt_listener_t **listener = arg;
  uv_ip4_addr("127.0.0.1", 0, &addr);
  int rc = vt_tcp_listen((struct sockaddr *)&addr, 1, listener);
  return rc == 0 ? vt_done() : vt_failed(rc);
}

static vt_t connect_body(void *arg) {
  struct sockaddr_in addr;
  vt_udp_t *udp;
  vt_stream_t *tty;
  (void)arg;
  uv_ip4_addr("127.0.0.1", 1, &addr);
  if (vt_udp_new(0, &udp) != UV_ENOSYS || vt_tty_open(0, &tty) != UV_ENOSYS ||
      vt_status(vt_pipe_connect("/none")) != UV_ENOSYS)
    return vt_failed(UV_EINVAL);
  return vt_tcp_connect((struct sockaddr *)&addr);
}

static void connects_of_vt_are_refused_and_leave_nothing(void **state) {
  vt_sim_result_t out;
  (void)state;
  vt_sim_run(NULL, connect_body, NULL, &out);
  assert_status(out.status, UV_ENOSYS);
  assert_string_equal(out.text, "the body failed: function not implemented");
}

static void streams_of_vt_are_refused_and_leave_nothing(void **state) {
  vt_listener_t *listener = NULL;
  vt_sim_result_t out;
  (void)state;
  vt_sim_run(NULL, listen_body, &listener, &out);
  assert_status(out.status, UV_ENOSYS);
  assert_string_equal(out.text, "the body failed: function not implemented");
  assert_null(listener);
}

/* ---- real threads ---- */

static void send_from_thread(void *arg) { uv_async_send(arg); }

static void a_thread_wakes_a_loop_that_waits(void **state) {
  struct log *log = *state;
  uv_thread_t thread;
  log->notes[0] = (struct note){.log = log, .letter = 'a'};
  uv_async_init(&log->uv, &log->async, note_async);
  log->async.data = &log->notes[0];
  assert_int_equal(uv_thread_create(&thread, send_from_thread, &log->async), 0);
  assert_int_equal(uv_run(&log->uv, UV_RUN_DEFAULT), 0);
  uv_thread_join(&thread);
  assert_string_equal(log->text, "a");
}

/* Awaits the task of a promise that a thread completes. */
struct helped {
  vt_frame_t vt;
  vt_promise_t *promise;
  uv_thread_t thread;
  vt_result_t result;
};

static void complete_from_thread(void *promise) {
  vt_value_t five = {.i = 5};
  vt_promise_set(promise, five);
}

static vt_t helped_body(void *frame) {
  struct helped *f = frame;
  VT_BEGIN(f);
  if (uv_thread_create(&f->thread, complete_from_thread, f->promise) != 0)
    VT_RETURN(f, vt_failed(UV_EAGAIN));
  VT_AWAIT(f, f->result, vt_from_task(vt_promise_task(f->promise)));
  uv_thread_join(&f->thread);
  VT_RETURN(f, vt_from_result(f->result));
  VT_FINALLY(f);
  vt_promise_free(f->promise);
  VT_END(f);
}

static vt_t wait_for_thread(void *arg) {
  struct helped f = {.promise = NULL};
  (void)arg;
  int rc = vt_promise_new(0, &f.promise);
  return rc == 0 ? vt_start(&f, helped_body) : vt_failed(rc);
}

static void a_run_waits_for_real_threads_when_told(void **state) {
  vt_sim_options_t options = {.threads_ms = 30000};
  vt_sim_result_t out;
  (void)state;
  assert_status(vt_sim_run(&options, wait_for_thread, NULL, &out), 0);
  assert_int_equal(out.value.i, 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      log_test(timers_run_by_time_then_by_start),
      log_test(timer_stopped_by_another_does_not_run),
      log_test(timer_started_by_itself_waits_for_the_next_turn),
      log_test(repeating_timer_repeats),
      log_test(phases_run_in_libuvs_order),
      log_test(closed_handles_are_told_last_first),
      log_test(unreferenced_handles_keep_no_loop_alive),
      log_test(stop_ends_a_run),
      log_test(default_loop_opens_again_after_its_close),
      log_test(sleep_passes_virtual_time),
      log_test(clock_moves_for_who_waits_for_it),
      log_test(cancel_works_until_the_request_begins),
      log_test(files_work_without_a_callback),
      log_test(the_rest_of_libuv_is_refused),
      cmocka_unit_test(connects_of_vt_are_refused_and_leave_nothing),
      cmocka_unit_test(streams_of_vt_are_refused_and_leave_nothing),
      log_test(a_thread_wakes_a_loop_that_waits),
      cmocka_unit_test(a_run_waits_for_real_threads_when_told),
  };
  return fixture_main("sim_loop", tests);
}
