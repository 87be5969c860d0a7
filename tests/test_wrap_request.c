/* SPDX-License-Identifier: MIT */
/* The bridge in its short form, as a user takes it: libuv requests, a handle,
 * and an API that is not libuv's. The pool has one thread here. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/plug.h"

#include <stdio.h>
#include <string.h>

/* ---- helpers: libuv's requests ---- */

static void on_random(uv_random_t *r, int status, void *buf, size_t size) {
  (void)buf;
  vt_wrap_complete(r, status, (vt_value_t){.u = size});
}

static vt_t random_async(void *buf, size_t size) {
  uv_random_t *r = vt_wrap_new("random", sizeof *r);
  return vt_wrap_started(
      r, r ? uv_random(vt_wrap_uv(r), r, buf, size, 0, on_random) : 0);
}

/* As in the sample of the header, and with more behind the request. */
struct stat_request {
  uv_fs_t fs;
  uint64_t *links;
};

static void on_stat(uv_fs_t *req) {
  struct stat_request *s = (struct stat_request *)req;
  int64_t status = req->result;
  if (status == 0)
    *s->links = req->statbuf.st_nlink;
  uv_fs_req_cleanup(req);
  vt_wrap_complete(s, status, (vt_value_t){0});
}

static vt_t stat_async(const char *path, uint64_t *links) {
  struct stat_request *s = vt_wrap_new("stat", sizeof *s);
  if (s)
    s->links = links;
  return vt_wrap_started(s, s ? uv_fs_stat(vt_wrap_uv(s), &s->fs, path, on_stat)
                              : 0);
}

static void ignore_work(uv_work_t *req) { (void)req; }

static void on_worked(uv_work_t *req, int status) {
  vt_wrap_complete(req, status, (vt_value_t){0});
}

static void on_addresses(uv_getaddrinfo_t *req, int status,
                         struct addrinfo *list) {
  uv_freeaddrinfo(list);
  vt_wrap_complete(req, status == UV_EAI_CANCELED ? UV_ECANCELED : status,
                   (vt_value_t){0});
}

static void on_names(uv_getnameinfo_t *req, int status, const char *host,
                     const char *service) {
  (void)host;
  (void)service;
  vt_wrap_complete(req, status == UV_EAI_CANCELED ? UV_ECANCELED : status,
                   (vt_value_t){0});
}

/* One of each that uv_cancel takes. */
static vt_t begin_kind(int kind, struct sockaddr_in *addr, uint64_t *word) {
  uv_work_t *w;
  uv_getaddrinfo_t *a;
  uv_getnameinfo_t *n;
  const struct sockaddr *sa = (const struct sockaddr *)addr;
  switch (kind) {
  case 0:
    w = vt_wrap_new("work", sizeof *w);
    return vt_wrap_started(
        w, uv_queue_work(vt_wrap_uv(w), w, ignore_work, on_worked));
  case 1:
    a = vt_wrap_new("addresses", sizeof *a);
    return vt_wrap_started(a, uv_getaddrinfo(vt_wrap_uv(a), a, on_addresses,
                                             "127.0.0.1", "80", NULL));
  case 2:
    n = vt_wrap_new("names", sizeof *n);
    return vt_wrap_started(n, uv_getnameinfo(vt_wrap_uv(n), n, on_names, sa,
                                             NI_NUMERICHOST | NI_NUMERICSERV));
  case 3:
    return stat_async("/", word);
  default:
    return random_async(word, sizeof *word);
  }
}

/* A handle: it completes when it is closed. */
static void on_timer_closed(uv_handle_t *handle) {
  vt_wrap_complete(handle, 0, (vt_value_t){.p = handle->data});
}

static void on_timer(uv_timer_t *timer) {
  uv_close((uv_handle_t *)timer, on_timer_closed);
}

static int cancel_timer(void *timer) {
  on_timer(timer);
  return 0;
}

static vt_t timer_async(uint64_t ms, void *data) {
  uv_timer_t *t = vt_wrap_new("timer", sizeof *t);
  if (!t)
    return vt_wrap_started(t, 0);
  uv_timer_init(vt_wrap_uv(t), t);
  t->data = data;
  vt_wrap_set_cancel(t, cancel_timer);
  return vt_wrap_started(t, uv_timer_start(t, on_timer, ms, 0));
}

/* ---- helpers: an API of somebody else ---- */

struct bell {
  void *waiter; /* what bell_async gave it */
};

static void bell_ring(struct bell *bell, int64_t status) {
  void *waiter = bell->waiter;
  bell->waiter = NULL;
  vt_wrap_complete(waiter, status, (vt_value_t){.i = 5});
}

struct bell_wait {
  struct bell *bell;
};

static int bell_cancel(void *wait) {
  bell_ring(((struct bell_wait *)wait)->bell, UV_ECANCELED);
  return 0;
}

static vt_t bell_async(struct bell *bell, bool cancellable) {
  struct bell_wait *w = vt_wrap_new("bell", sizeof *w);
  if (!w)
    return vt_wrap_started(w, 0);
  w->bell = bell;
  bell->waiter = w;
  if (cancellable)
    vt_wrap_set_cancel(w, bell_cancel);
  return vt_wrap_started(w, 0);
}

/* What a walk has besides, in files compiled so. */
#define LINE ", with its line"
#ifdef VT_DEBUG
#define DEBUG_LINE LINE
#else
#define DEBUG_LINE ""
#endif

static void note_subject(void *text, const vt_loop_entry_t *entry) {
  snprintf(text, 64, "%s %s%s", entry->kind, entry->subject,
           entry->file ? LINE : "");
}

/* ---- it works ---- */

static void a_wrapped_request_gives_its_result(void **state) {
  struct fixture *f = *state;
  unsigned char bytes[32] = {0}, none[32] = {0};
  uint64_t links = 0;
  vt_result_t r = vt_loop_run(f->vt, random_async(bytes, sizeof bytes));
  assert_status(r.status, 0);
  assert_int_equal(r.value.u, sizeof bytes);
  assert_memory_not_equal(bytes, none, sizeof bytes);
  assert_status(vt_loop_run(f->vt, stat_async("/", &links)).status, 0);
  assert_true(links > 0);
}

static void a_failure_comes_as_the_status(void **state) {
  struct fixture *f = *state;
  uint64_t links = 0;
  assert_status(vt_loop_run(f->vt, stat_async("/no/such", &links)).status,
                UV_ENOENT);
}

static void the_memory_is_zeroed_and_aligned(void **state) {
  (void)state;
  for (size_t size = 0; size <= 5000; size += 250) {
    for (int turn = 0; turn < 2; turn++) {
      unsigned char *memory = vt_wrap_new("room", size);
      assert_non_null(memory);
      assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
      for (size_t i = 0; i < size; i++)
        assert_int_equal(memory[i], 0);
      memset(memory, 0xff, size);
      assert_status(vt_status(vt_wrap_started(memory, UV_EIO)), UV_EIO);
    }
  }
}

static void a_handle_completes_when_it_is_closed(void **state) {
  struct fixture *f = *state;
  vt_result_t r = vt_loop_run(f->vt, timer_async(1, f));
  assert_status(r.status, 0);
  assert_ptr_equal(r.value.p, f);
}

static void what_is_not_libuvs_is_wrapped_too(void **state) {
  struct bell bell = {0};
  struct seen seen = {0};
  (void)state;
  vt_await(bell_async(&bell, false), seen_k, &seen);
  assert_int_equal(seen.count, 0);
  bell_ring(&bell, 0);
  assert_seen_int(&seen, 5);
}

static void completed_before_it_is_started_it_is_complete(void **state) {
  (void)state;
  void *memory = vt_wrap_new("early", 0);
  vt_wrap_complete(memory, 0, (vt_value_t){.i = 3});
  vt_t v = vt_wrap_started(memory, 0);
  assert_true(vt_is_succeeded(v));
  assert_int_equal(vt_get_result(v).value.i, 3);
}

static void a_positive_status_becomes_estatus(void **state) {
  struct bell bell = {0};
  struct seen seen = {0};
  (void)state;
  vt_await(bell_async(&bell, false), seen_k, &seen);
  bell_ring(&bell, 1);
  assert_seen_status(&seen, VT_ESTATUS);
}

static void the_walk_shows_its_name(void **state) {
  struct fixture *f = *state;
  struct bell bell = {0};
  char text[64] = "";
  vt_t v = bell_async(&bell, false);
  vt_loop_walk(f->vt, note_subject, text);
  assert_string_equal(text, "wrap bell" DEBUG_LINE);
  bell_ring(&bell, 0);
  assert_int_equal(vt_get_result(v).value.i, 5);
}

static void allocates_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  struct seen seen = {0};
  uint64_t word[5], before = 0;
  uv_ip4_addr("127.0.0.1", 80, &addr);
  for (int round = 0; round < 3; round++) {
    if (round == 1)
      before = fixture_allocations();
    for (int kind = 0; kind < 5; kind++)
      vt_await(begin_kind(kind, &addr, &word[kind]), seen_k, &seen);
    assert_true(fixture_run(f));
  }
  assert_int_equal(seen.count, 15);
  assert_int_equal(fixture_allocations(), before);
}

/* ---- cancel ---- */

static void in_libuvs_queue_any_request_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct sockaddr_in addr;
  struct plug plug;
  uint64_t word = 0;
  struct seen seen[5] = {{0}};
  uv_ip4_addr("127.0.0.1", 80, &addr);
  plug_in(&plug, &f->uv);
  for (int kind = 0; kind < 5; kind++) {
    vt_t v = begin_kind(kind, &addr, &word);
    vt_await(v, seen_k, &seen[kind]);
    assert_int_equal(vt_cancel(v), 0);
  }
  plug_out(&plug);
  assert_true(fixture_run(f));
  for (int kind = 0; kind < 5; kind++)
    assert_seen_status(&seen[kind], UV_ECANCELED);
}

static void once_it_runs_the_result_comes(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  uint64_t word = 0;
  vt_t v = random_async(&word, sizeof word);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), UV_EBUSY);
  assert_true(fixture_run(f));
  assert_seen_int(&seen, sizeof word);
}

static void a_cancel_of_its_own_is_asked(void **state) {
  struct fixture *f = *state;
  struct bell bell = {0};
  struct seen seen[2] = {{0}};
  vt_t v = bell_async(&bell, true), w = timer_async(1000000, NULL);
  vt_await(v, seen_k, &seen[0]);
  vt_await(w, seen_k, &seen[1]);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(vt_cancel(w), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen[0], UV_ECANCELED);
  assert_int_equal(seen[1].count, 1);
}

/* Refuses twice, then agrees; counts. */
struct slow {
  int asked;
};

static int cancel_slow(void *slow) {
  return ++((struct slow *)slow)->asked < 3 ? UV_EBUSY : 0;
}

static void what_agreed_is_not_asked_again(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  struct slow *slow = vt_wrap_new("slow", sizeof *slow);
  vt_wrap_set_cancel(slow, cancel_slow);
  vt_t v = vt_wrap_started(slow, 0);
  vt_scope_leave(before);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), UV_EBUSY);
  assert_int_equal(vt_cancel(v), UV_EBUSY);
  assert_int_equal(vt_cancel(v), 0);
  assert_int_equal(vt_cancel(v), UV_EALREADY);
  vt_scope_cancel(scope, UV_ECANCELED);
  assert_int_equal(slow->asked, 3);
  vt_wrap_complete(slow, UV_ECANCELED, (vt_value_t){0});
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
}

static void without_one_it_is_refused(void **state) {
  struct bell bell = {0};
  struct seen seen = {0};
  (void)state;
  vt_t v = bell_async(&bell, false);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), UV_ENOSYS);
  bell_ring(&bell, 0);
  assert_seen_int(&seen, 5);
}

/* A struct whose bytes happen to say that it is a request. */
static void what_looks_like_a_request_is_left_alone(void **state) {
  (void)state;
  for (int type = 0; type < UV_REQ_TYPE_MAX; type++) {
    for (size_t size = 0; size <= sizeof(uv_getnameinfo_t); size += 8) {
      uv_req_t like = {.type = (uv_req_type)type};
      void *memory = vt_wrap_new("like", size);
      assert_non_null(memory);
      memset(memory, 0x5a, size);
      memcpy(memory, &like, size < sizeof like ? size : sizeof like);
      vt_t v = vt_wrap_started(memory, 0);
      assert_int_equal(vt_cancel(v), UV_ENOSYS);
      vt_wrap_complete(memory, 0, (vt_value_t){0});
      assert_status(vt_get_result(v).status, 0);
    }
  }
}

static void a_scope_cancels_it(void **state) {
  struct fixture *f = *state;
  struct bell bell = {0};
  struct seen seen = {0}, joined = {0};
  vt_scope_t *scope;
  assert_status(vt_scope_new(NULL, &scope), 0);
  vt_scope_t *before = vt_scope_enter(scope);
  vt_await(bell_async(&bell, true), seen_k, &seen);
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_t late = bell_async(&bell, true);
  vt_scope_leave(before);
  assert_status(vt_status(late), UV_ECANCELED);
  vt_await(vt_scope_join(scope), seen_k, &joined);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(joined.count, 1);
}

/* ---- it fails ---- */

static void a_call_that_refuses_is_in_hand(void **state) {
  struct fixture *f = *state;
  char byte;
  vt_t v = random_async(&byte, (size_t)INT32_MAX + 1);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_E2BIG);
  assert_int_equal(fixture_pending(f), 0);
}

static void too_much_memory_is_enomem(void **state) {
  (void)state;
  const size_t sizes[] = {(size_t)3 << 29, SIZE_MAX, SIZE_MAX - 64};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    void *memory = vt_wrap_new("huge", sizes[i]);
    assert_null(memory);
    assert_status(vt_status(vt_wrap_started(memory, 0)), UV_ENOMEM);
  }
  assert_status(vt_status(vt_wrap_started(NULL, UV_EIO)), UV_EIO);
  vt_wrap_set_cancel(NULL, bell_cancel);
  assert_null(vt_wrap_uv(NULL));
}

static void without_a_loop_is_enoloop(void **state) {
  struct bell bell = {0};
  (void)state;
  assert_status(vt_status(bell_async(&bell, false)), VT_ENOLOOP);
  assert_null(bell.waiter);
}

static const char *wrap_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  uint64_t links = 0;
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fault_arm(n, mode);
  vt_t v = stat_async("/", &links);
  bool refused = vt_in_hand(v);
  vt_result_t r = vt_loop_run(f.vt, v);
  fault_disarm();
  if (r.status != (refused ? UV_ENOMEM : 0))
    return "neither refused nor done";
  return fixture_close(&f);
}

static void without_memory_it_is_refused(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(wrap_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      fixture_test(a_wrapped_request_gives_its_result),
      fixture_test(a_failure_comes_as_the_status),
      fixture_test(the_memory_is_zeroed_and_aligned),
      fixture_test(a_handle_completes_when_it_is_closed),
      fixture_test(what_is_not_libuvs_is_wrapped_too),
      fixture_test(completed_before_it_is_started_it_is_complete),
      fixture_test(a_positive_status_becomes_estatus),
      fixture_test(the_walk_shows_its_name),
      fixture_test(allocates_nothing_after_warm_up),
      fixture_test(in_libuvs_queue_any_request_is_cancelled),
      fixture_test(once_it_runs_the_result_comes),
      fixture_test(a_cancel_of_its_own_is_asked),
      fixture_test(what_agreed_is_not_asked_again),
      fixture_test(without_one_it_is_refused),
      fixture_test(what_looks_like_a_request_is_left_alone),
      fixture_test(a_scope_cancels_it),
      fixture_test(a_call_that_refuses_is_in_hand),
      fixture_test(too_much_memory_is_enomem),
      cmocka_unit_test(without_a_loop_is_enoloop),
      cmocka_unit_test(without_memory_it_is_refused),
  };
  plug_prepare();
  return fixture_main("wrap_request", tests);
}
