/* SPDX-License-Identifier: MIT */
/* Names and addresses. No case asks a name server: localhost is in a file, and
 * what fails is known to before anybody is asked. The pool has one thread here,
 * so that what is queued and what runs can be told apart. */
#include "support/fault.h"
#include "support/fixture.h"
#include "support/plug.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* ---- helpers ---- */

static int lists_freed;

/* In the place of libuv's, which is this and no more. */
void uv_freeaddrinfo(struct addrinfo *list) {
  lists_freed += list != NULL;
  if (list)
    freeaddrinfo(list);
}

static const struct addrinfo tcp = {.ai_family = AF_INET,
                                    .ai_socktype = SOCK_STREAM};

static vt_t ask_localhost(void) {
  return vt_getaddrinfo("localhost", "0", &tcp);
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in addr;
  uv_ip4_addr("127.0.0.1", port, &addr);
  return addr;
}

static vt_t ask_name(vt_nameinfo_t *out) {
  struct sockaddr_in addr = loopback(80);
  return vt_getnameinfo((struct sockaddr *)&addr, NI_NUMERICSERV, out);
}

static int dns_setup(void **state) {
  lists_freed = 0;
  return fixture_setup(state);
}

#define dns_test(name)                                                         \
  cmocka_unit_test_setup_teardown(name, dns_setup, fixture_teardown)

/* A completed list of one address; its port. */
static int take_list(vt_t v, int family, const char *text) {
  char name[64] = "";
  vt_result_t r = vt_get_result(v);
  assert_status(r.status, 0);
  const struct addrinfo *list = r.value.p;
  assert_non_null(list);
  assert_int_equal(list->ai_family, family);
  uv_ip_name(list->ai_addr, name, sizeof name);
  assert_string_equal(name, text);
  int port =
      ntohs(((const struct sockaddr_in *)(void *)list->ai_addr)->sin_port);
  vt_freeaddrinfo(r.value.p);
  return port;
}

/* What a walk has besides, in files compiled so. */
#define LINE ", with its line"
#ifdef VT_DEBUG
#define DEBUG_LINE LINE
#else
#define DEBUG_LINE ""
#endif

static void note_subject(void *text, const vt_loop_entry_t *entry) {
  snprintf(text, 128, "%s %s%s", entry->kind, entry->subject,
           entry->file ? LINE : "");
}

/* ---- addresses ---- */

static void uv_getaddrinfo_completes(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  vt_t v = ask_localhost();
  assert_false(vt_is_completed(v));
  vt_await(v, seen_k, &seen);
  assert_true(fixture_run(f));
  assert_int_equal(seen.count, 1);
  assert_status(seen.result.status, 0);
  const struct addrinfo *list = seen.result.value.p;
  const struct sockaddr_in *in = (const void *)list->ai_addr;
  assert_int_equal(ntohl(in->sin_addr.s_addr) >> 24, 127);
  vt_freeaddrinfo(seen.result.value.p);
}

static void uv_getaddrinfo_fails(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_getaddrinfo("127.0.0.1", "no-such-service", &tcp);
  assert_false(vt_in_hand(v));
  assert_status(vt_loop_run(f->vt, v).status, UV_EAI_SERVICE);
}

static void uv_getaddrinfo_is_cancelled(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = ask_localhost();
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(lists_freed, 0);
}

static void cancelled_too_late_the_list_is_freed(void **state) {
  struct fixture *f = *state;
  struct seen seen = {0};
  struct plug plug;
  vt_t v = ask_localhost();
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_int_equal(lists_freed, 1);
}

static void a_forgotten_list_is_freed(void **state) {
  struct fixture *f = *state;
  vt_forget(ask_localhost());
  assert_true(fixture_run(f));
  assert_int_equal(lists_freed, 1);
  vt_forget(vt_getaddrinfo("127.0.0.1", "80", &tcp));
  assert_int_equal(lists_freed, 2);
}

static void a_list_left_at_detach_is_freed(void **state) {
  struct fixture *f = *state;
  vt_t v = vt_getaddrinfo("127.0.0.1", "80", &tcp);
  assert_true(vt_is_completed(v));
  assert_int_equal(fixture_detach(f), 0);
  assert_int_equal(lists_freed, 1);
  assert_report(f, VT_REPORT_NEVER_AWAITED, 0);
}

static void numeric_ones_need_no_pool(void **state) {
  struct fixture *f = *state;
  struct plug plug;
  struct addrinfo any = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
  any.ai_family = AF_INET;
  plug_in(&plug, &f->uv);
  assert_int_equal(
      take_list(vt_getaddrinfo("10.1.2.3", "8080", &tcp), AF_INET, "10.1.2.3"),
      8080);
  assert_int_equal(
      take_list(vt_getaddrinfo("10.1.2.3", NULL, NULL), AF_INET, "10.1.2.3"),
      0);
  assert_int_equal(take_list(vt_getaddrinfo("2001:db8::1", "443", NULL),
                             AF_INET6, "2001:db8::1"),
                   443);
  assert_int_equal(
      take_list(vt_getaddrinfo(NULL, "7", &any), AF_INET, "0.0.0.0"), 7);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_int_equal(lists_freed, 4);
}

static void a_complete_list_is_given_once(void **state) {
  struct seen seen = {0};
  (void)state;
  vt_t v = vt_getaddrinfo("127.0.0.1", "80", &tcp);
  vt_await(v, seen_k, &seen);
  assert_int_equal(seen.count, 1);
  assert_status(vt_get_result(v).status, VT_ESTALE);
  vt_freeaddrinfo(seen.result.value.p);
}

static void numeric_only_never_asks(void **state) {
  struct fixture *f = *state;
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = vt_getaddrinfo("localhost", "80", &hints);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), UV_EAI_NONAME);
  v = vt_getaddrinfo("127.0.0.1", "http", &hints);
  assert_true(vt_in_hand(v));
  assert_true(vt_is_failed(v));
  plug_out(&plug);
  assert_true(fixture_run(f));
}

static void a_timeout_does_not_wait_for_the_resolver(void **state) {
  struct fixture *f = *state;
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_result_t r = vt_loop_run(f->vt, vt_with_timeout(ask_localhost(), 1));
  assert_status(r.status, UV_ETIMEDOUT);
  plug_out(&plug);
  assert_true(fixture_run(f));
}

static void the_walk_shows_the_node(void **state) {
  struct fixture *f = *state;
  char text[128] = "";
  vt_nameinfo_t names;
  vt_t v = ask_localhost();
  vt_loop_walk(f->vt, note_subject, text);
  assert_string_equal(text, "getaddrinfo localhost" DEBUG_LINE);
  vt_freeaddrinfo(vt_loop_run(f->vt, v).value.p);
  v = ask_name(&names);
  vt_loop_walk(f->vt, note_subject, text);
  assert_string_equal(text, "getnameinfo 127.0.0.1" DEBUG_LINE);
  assert_status(vt_loop_run(f->vt, v).status, 0);
}

static void neither_node_nor_service_is_einval(void **state) {
  (void)state;
  assert_status(vt_status(vt_getaddrinfo(NULL, NULL, &tcp)), UV_EINVAL);
  vt_freeaddrinfo(NULL);
}

static void what_libuv_refuses_is_in_hand(void **state) {
  struct fixture *f = *state;
  char node[2000];
  memset(node, 'x', sizeof node - 1);
  node[sizeof node - 1] = '\0';
  vt_t v = vt_getaddrinfo(node, "http", &tcp);
  assert_true(vt_in_hand(v));
  assert_true(vt_is_failed(v));
  assert_int_equal(fixture_pending(f), 0);
}

/* ---- names ---- */

static void uv_getnameinfo_completes(void **state) {
  struct fixture *f = *state;
  vt_nameinfo_t names = {.host = ""};
  vt_t v = ask_name(&names);
  assert_false(vt_in_hand(v));
  assert_status(vt_loop_run(f->vt, v).status, 0);
  assert_true(names.host[0] != '\0');
  assert_string_equal(names.service, "80");
}

static void uv_getnameinfo_fails(void **state) {
  struct fixture *f = *state;
  vt_nameinfo_t names = {.host = "untouched"};
  struct sockaddr_in addr = loopback(80);
  vt_t v = vt_getnameinfo((struct sockaddr *)&addr,
                          NI_NUMERICHOST | NI_NAMEREQD, &names);
  assert_false(vt_in_hand(v));
  assert_status(vt_loop_run(f->vt, v).status, UV_EAI_NONAME);
  assert_string_equal(names.host, "untouched");
}

static void uv_getnameinfo_is_cancelled(void **state) {
  struct fixture *f = *state;
  vt_nameinfo_t names = {.host = "untouched"};
  struct seen seen = {0};
  struct plug plug;
  plug_in(&plug, &f->uv);
  vt_t v = ask_name(&names);
  vt_await(v, seen_k, &seen);
  assert_int_equal(vt_cancel(v), 0);
  plug_out(&plug);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_string_equal(names.host, "untouched");
}

static void cancelled_too_late_no_name_is_written(void **state) {
  struct fixture *f = *state;
  vt_nameinfo_t names = {.host = "untouched"};
  struct seen seen = {0};
  struct plug plug;
  vt_t v = ask_name(&names);
  vt_await(v, seen_k, &seen);
  plug_drain(&plug, &f->uv);
  assert_int_equal(vt_cancel(v), 0);
  assert_true(fixture_run(f));
  assert_seen_status(&seen, UV_ECANCELED);
  assert_string_equal(names.host, "untouched");
}

static void numeric_names_are_in_hand(void **state) {
  vt_nameinfo_t names;
  struct sockaddr_in addr = loopback(8080);
  (void)state;
  vt_t v = vt_getnameinfo((struct sockaddr *)&addr,
                          NI_NUMERICHOST | NI_NUMERICSERV, &names);
  assert_true(vt_in_hand(v));
  assert_status(vt_status(v), 0);
  assert_string_equal(names.host, "127.0.0.1");
  assert_string_equal(names.service, "8080");
}

static void no_address_and_no_room_are_einval(void **state) {
  vt_nameinfo_t names;
  struct sockaddr_in addr = loopback(1);
  struct sockaddr other = {.sa_family = AF_UNIX};
  const int numeric = NI_NUMERICHOST | NI_NUMERICSERV;
  (void)state;
  assert_status(vt_status(vt_getnameinfo(NULL, 0, &names)), UV_EINVAL);
  assert_status(vt_status(vt_getnameinfo((struct sockaddr *)&addr, 0, NULL)),
                UV_EINVAL);
  assert_status(vt_status(vt_getnameinfo(&other, 0, &names)), UV_EINVAL);
  assert_status(vt_status(vt_getnameinfo(&other, numeric, &names)), UV_EINVAL);
}

/* ---- memory ---- */

static void allocates_nothing_after_warm_up(void **state) {
  struct fixture *f = *state;
  vt_nameinfo_t names[8];
  struct seen seen = {0};
  uint64_t before = 0;
  for (int round = 0; round < 3; round++) {
    if (round == 1)
      before = fixture_allocations();
    for (int i = 0; i < 8; i++) {
      vt_forget(ask_localhost());
      vt_forget(vt_getaddrinfo("127.0.0.1", "80", NULL));
      vt_await(ask_name(&names[i]), seen_k, &seen);
    }
    assert_true(fixture_run(f));
  }
  assert_int_equal(seen.count, 24);
  assert_int_equal(lists_freed, 48);
  assert_int_equal(fixture_allocations(), before);
}

static void without_a_loop_is_enoloop(void **state) {
  vt_nameinfo_t names;
  struct sockaddr_in addr = loopback(1);
  (void)state;
  assert_status(vt_status(ask_localhost()), VT_ENOLOOP);
  assert_status(vt_status(vt_getaddrinfo("127.0.0.1", "1", NULL)), VT_ENOLOOP);
  assert_status(vt_status(ask_name(&names)), VT_ENOLOOP);
  assert_status(
      vt_status(vt_getnameinfo((struct sockaddr *)&addr,
                               NI_NUMERICHOST | NI_NUMERICSERV, &names)),
      VT_ENOLOOP);
}

static const char *dns_scenario(uint64_t n, enum fault_mode mode) {
  struct fixture f;
  vt_nameinfo_t names;
  vt_t v[3];
  const char *problem = fixture_open(&f);
  if (problem)
    return problem;
  fault_arm(n, mode);
  v[0] = ask_localhost();
  v[1] = vt_getaddrinfo("127.0.0.1", "80", &tcp);
  v[2] = ask_name(&names);
  for (int i = 0; i < 3; i++) {
    bool refused = vt_in_hand(v[i]);
    vt_result_t r = vt_loop_run(f.vt, v[i]);
    if (r.status != (refused ? UV_ENOMEM : 0))
      problem = "neither refused nor done";
    else if (!refused && i < 2)
      vt_freeaddrinfo(r.value.p);
  }
  fault_disarm();
  const char *left = fixture_close(&f);
  return problem ? problem : left;
}

static void without_memory_they_are_refused(void **state) {
  (void)state;
  assert_int_equal(fault_install(), 0);
  const char *problem = fault_walk(dns_scenario);
  if (problem)
    fail_msg("%s", problem);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      dns_test(uv_getaddrinfo_completes),
      dns_test(uv_getaddrinfo_fails),
      dns_test(uv_getaddrinfo_is_cancelled),
      dns_test(cancelled_too_late_the_list_is_freed),
      dns_test(a_forgotten_list_is_freed),
      dns_test(a_list_left_at_detach_is_freed),
      dns_test(numeric_ones_need_no_pool),
      dns_test(a_complete_list_is_given_once),
      dns_test(numeric_only_never_asks),
      dns_test(a_timeout_does_not_wait_for_the_resolver),
      dns_test(the_walk_shows_the_node),
      dns_test(neither_node_nor_service_is_einval),
      dns_test(what_libuv_refuses_is_in_hand),
      dns_test(uv_getnameinfo_completes),
      dns_test(uv_getnameinfo_fails),
      dns_test(uv_getnameinfo_is_cancelled),
      dns_test(cancelled_too_late_no_name_is_written),
      dns_test(numeric_names_are_in_hand),
      dns_test(no_address_and_no_room_are_einval),
      dns_test(allocates_nothing_after_warm_up),
      cmocka_unit_test(without_a_loop_is_enoloop),
      cmocka_unit_test(without_memory_they_are_refused),
  };
  plug_prepare();
  return fixture_main("dns", tests);
}
