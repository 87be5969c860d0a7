/* SPDX-License-Identifier: MIT */
/* What the cache server's HTTP port answers. */
#include "samples/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/net.h"

#define GERMANY                                                                \
  "{\"numeric\":276,\"alpha_2\":\"DE\",\"alpha_3\":\"DEU\",\"name\":"          \
  "\"Germany\",\"official_name\":\"Federal Republic of Germany\","             \
  "\"flag\":\"\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa\"}"
#define NOT_FOUND "{\"status\":404,\"error\":\"Not Found\"}\n"
#define BAD "{\"status\":400,\"error\":\"Bad Request\"}\n"

static int start(struct inside *in) {
  in->http = true;
  inside_start(in);
  return inside_connect_http(in);
}

static size_t count(const char *text, const char *what) {
  size_t n = 0;
  for (; (text = strstr(text, what)); text++)
    n++;
  return n;
}

/* ---- countries ---- */

static void all_countries_are_one_array(void **state) {
  int fd = start(*state);
  struct http_got got;
  for (int i = 0; i < 2; i++) { /* loaded, then from memory */
    http_ask(fd, "/countries", 200, &got);
    assert_int_equal(count(got.body, "{\"numeric\":"), 249);
    assert_memory_equal(got.body, "[{\"numeric\":4,", 14);
    assert_string_equal(got.body + got.size - 2, "}]");
    assert_non_null(strstr(got.body, "," GERMANY ","));
    assert_non_null(strstr(got.head, "Content-Type: application/json\r\n"));
    http_got_free(&got);
  }
  close(fd);
}

static void a_country_is_found_by_any_code(void **state) {
  int fd = start(*state);
  static const char *const good[] = {"276", "DE",   "DEU",   "de",
                                     "dEu", "0276", "%44%45"};
  static const char *const none[] = {
      "277", "D",   "DEUT",        "-1",         "27x",
      "",    "x/y", "99999999999", "4294967572", "d%C3%A9"};
  char target[64];
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    snprintf(target, sizeof target, "/countries/%s", good[i]);
    http_says(fd, target, 200, GERMANY);
  }
  for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
    snprintf(target, sizeof target, "/countries/%s", none[i]);
    http_says(fd, target, 404, NOT_FOUND);
  }
  http_says(fd, "/country", 404, NOT_FOUND);
  http_says(fd, "/countriesx", 404, NOT_FOUND);
  close(fd);
}

static void a_search_ignores_case(void **state) {
  int fd = start(*state);
  struct http_got got;
  http_says(fd, "/countries?fields=alpha_2&q=gErMaNy", 200,
            "[{\"alpha_2\":\"DE\"}]");
  http_says(fd, "/countries?q=%C3%A5land&fields=numeric,name", 200,
            "[{\"numeric\":248,\"name\":\"\xc3\x85land Islands\"}]");
  http_says(fd, "/countries?q=276", 200, "[" GERMANY "]");
  http_says(fd, "/countries?q=south+afr&fields=flag", 200,
            "[{\"flag\":\"\xf0\x9f\x87\xbf\xf0\x9f\x87\xa6\"}]");
  http_says(fd, "/countries?q=no+such", 200, "[]");
  http_ask(fd, "/countries?q=", 200, &got);
  assert_int_equal(count(got.body, "{"), 249);
  http_got_free(&got);
  http_ask(fd, "/countries?x=y", 200, &got);
  assert_int_equal(count(got.body, "{"), 249);
  http_got_free(&got);
  close(fd);
}

static void a_wrong_query_is_refused(void **state) {
  int fd = start(*state);
  static const char *const bad[] = {
      "fields=",
      "fields=x",
      "fields=name,",
      "fields=,name",
      "fields=Name",
      "fields=name,name",
      "q=%zz",
      "q=%00",
      "q=a&q=b",
      "q=%ff",
      "q=%",
      "fields=name&fields=flag",
      "fields=numeric,alpha_2,alpha_3,name,official_name,flag,x"};
  char target[256];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(target, sizeof target, "/countries?%s", bad[i]);
    http_says(fd, target, 400, BAD);
  }
  int size = snprintf(target, sizeof target, "/countries?q=");
  memset(target + size, 'a', 64);
  target[size + 64] = '\0';
  http_says(fd, target, 400, BAD);
  close(fd);
}

/* ---- what has not changed ---- */

static void expect_304(int fd, const char *target, const char *match) {
  char field[128];
  struct http_got got;
  snprintf(field, sizeof field, "If-None-Match: %s\r\n", match);
  http_get(fd, target, field);
  http_read(fd, &got, false);
  assert_int_equal(got.status, 304);
  http_got_free(&got);
}

static void a_known_etag_gets_no_body(void **state) {
  int fd = start(*state);
  static const char *const targets[] = {"/countries", "/countries/DE",
                                        "/countries?q=a", "/"};
  char etag[64], list[128];
  struct http_got got;
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    http_ask(fd, targets[i], 200, &got);
    http_field(&got, "ETag", etag, sizeof etag);
    assert_int_equal(strlen(etag), 18);
    http_got_free(&got);
    expect_304(fd, targets[i], etag);
    if (i < 3) {
      snprintf(list, sizeof list, "\"x\", W/%s", etag);
      expect_304(fd, targets[i], list);
      expect_304(fd, targets[i], "*");
    }
    http_get(fd, targets[i], "If-None-Match: \"0123456789abcdef\"\r\n");
    http_read(fd, &got, false);
    assert_int_equal(got.status, 200);
    http_got_free(&got);
  }
  close(fd);
}

static void a_head_is_told_what_a_get_is(void **state) {
  int fd = start(*state);
  static const char *const targets[] = {
      "/", "/countries", "/healthz", "/countries?q=a", "/countries/DE", "/x"};
  char text[256], wanted[32], length[32];
  struct http_got got;
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    http_get(fd, targets[i], "");
    http_read(fd, &got, false);
    http_field(&got, "Content-Length", wanted, sizeof wanted);
    http_got_free(&got);
    int n = snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n",
                     targets[i]);
    assert_true(net_send(fd, text, (size_t)n));
    http_read(fd, &got, true);
    http_field(&got, "Content-Length", length, sizeof length);
    assert_string_equal(length, wanted);
    http_got_free(&got);
  }
  close(fd);
}

/* ---- the other places ---- */

static void numbers_are_in_prometheus_form(void **state) {
  int fd = start(*state);
  struct http_got got;
  char *at, *rest;
  http_says(fd, "/countries/276", 200, GERMANY);
  http_ask(fd, "/metrics", 200, &got);
  assert_non_null(strstr(got.head, "text/plain; version=0.0.4"));
  assert_non_null(
      strstr(got.body, "\nvt_http_responses_total{code=\"200\"} 1\n"));
  assert_non_null(strstr(got.body, "\nvt_http_connections 1\n"));
  assert_non_null(strstr(got.body, "\nvt_cache_loads_total 1\n"));
  assert_non_null(
      strstr(got.body, "\nvt_http_request_duration_seconds_count 1\n"));
  for (at = strtok_r(got.body, "\n", &rest); at;
       at = strtok_r(NULL, "\n", &rest)) {
    char name[80], label[40], type[16], value[32], more;
    if (sscanf(at, "# HELP %79[a-z_] %c", name, &more) == 2)
      continue;
    if (sscanf(at, "# TYPE %79[a-z_] %15s%c", name, type, &more) == 2)
      continue;
    if (sscanf(at, "%79[a-z_]{%39[^}]} %31[0-9.]%c", name, label, value,
               &more) == 3)
      continue;
    assert_int_equal(sscanf(at, "%79[a-z_] %31[0-9.]%c", name, value, &more),
                     2);
  }
  http_got_free(&got);
  close(fd);
}

static void the_page_may_do_no_more_than_it_does(void **state) {
  int fd = start(*state);
  char policy[512];
  struct http_got got;
  http_ask(fd, "/", 200, &got);
  http_field(&got, "Content-Security-Policy", policy, sizeof policy);
  assert_memory_equal(policy, "default-src 'none'; style-src 'sha256-", 38);
  assert_null(strstr(policy, "unsafe"));
  assert_non_null(strstr(got.body, "<!doctype html>"));
  assert_null(strstr(got.body, "http://"));
  assert_null(strstr(got.body, "https://"));
  http_got_free(&got);
  http_says(fd, "/healthz", 200, "ok\n");
  close(fd);
}

static void without_the_data_it_is_not_healthy(void **state) {
  struct inside *in = *state;
  struct http_got got;
  unlink(in->db);
  int fd = start(in);
  http_ask(fd, "/healthz", 503, &got);
  http_got_free(&got);
  http_ask(fd, "/countries/DE", 503, &got);
  assert_non_null(strstr(got.head, "Retry-After: 1\r\n"));
  http_got_free(&got);
  http_ask(fd, "/", 200, &got); /* the page comes all the same */
  http_got_free(&got);
  close(fd);
}

/* ---- methods ---- */

static void other_methods_are_not_allowed(void **state) {
  int fd = start(*state);
  static const char *const requests[] = {
      "POST /countries HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
      "DELETE /countries/DE HTTP/1.1\r\nHost: x\r\n\r\n",
      "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
      ("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
       "1\r\na\r\n0\r\n\r\n")};
  struct http_got got;
  for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
    assert_true(net_send(fd, requests[i], strlen(requests[i])));
    http_read(fd, &got, false);
    assert_int_equal(got.status, 405);
    assert_non_null(strstr(got.head, "\r\nAllow: GET, HEAD\r\n"));
    http_got_free(&got);
  }
  http_says(fd, "/countries/DE", 200, GERMANY);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      inside_test(all_countries_are_one_array),
      inside_test(a_country_is_found_by_any_code),
      inside_test(a_search_ignores_case),
      inside_test(a_wrong_query_is_refused),
      inside_test(a_known_etag_gets_no_body),
      inside_test(a_head_is_told_what_a_get_is),
      inside_test(numbers_are_in_prometheus_form),
      inside_test(the_page_may_do_no_more_than_it_does),
      inside_test(without_the_data_it_is_not_healthy),
      inside_test(other_methods_are_not_allowed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
