/* SPDX-License-Identifier: MIT */
/* What the connections of both ports share: how many there may be, how many of
 * one address, and their memory. */
#include "samples/http_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/net.h"

/* ---- helpers ---- */

static void start(struct inside *in) {
  in->http = true;
  inside_start(in);
}

static void ping(int fd) { inside_says(fd, "PING\r\n", "+PONG\r\n"); }

static void is_healthy(int fd) { http_says(fd, "/healthz", 200, "ok\n"); }

static void is_told(int fd, const char *refusal) {
  char got[64] = "", byte;
  assert_int_equal(net_recv(fd, got, strlen(refusal)), (long)strlen(refusal));
  assert_string_equal(got, refusal);
  assert_int_equal(net_recv(fd, &byte, 1), 0);
}

static void is_told_503(int fd) {
  struct http_got got;
  http_read(fd, &got, false);
  assert_int_equal(got.status, 503);
  http_got_free(&got);
  http_ends(fd);
}

static bool is_closed(int fd) {
  char byte;
  ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* Waits until the server has read so many bytes on its first port, or has
 * closed the connection. */
static void wait_for_bytes(struct inside *in, int fd, uint64_t bytes) {
  struct server_stats stats = {0};
  for (int ms = 0; stats.bytes_in < bytes && !is_closed(fd) && ms < 10000;
       ms += 2) {
    usleep(2000);
    server_stats(&in->server, &stats);
  }
  assert_true(stats.bytes_in >= bytes || is_closed(fd));
}

/* Begins a head of about so many bytes. */
static void begin_head(int fd, size_t size) {
  char text[16384];
  memset(text, 'a', sizeof text);
  memcpy(text, "GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", 35);
  assert_true(net_send(fd, text, size));
}

static void end_head(int fd) {
  struct http_got got;
  assert_true(net_send(fd, "\r\n\r\n", 4));
  http_read(fd, &got, false);
  assert_int_equal(got.status, 200);
  http_got_free(&got);
}

/* ---- places ---- */

static void an_address_has_one_share_of_both_ports(void **state) {
  struct inside *in = *state;
  in->options.address_max = 2;
  start(in);
  int idle = inside_connect(in), web = inside_connect_http(in);
  char byte;
  ping(idle);
  is_healthy(web);
  begin_head(web, 100);
  int second = inside_connect_http(in); /* the idle one makes room */
  is_healthy(second);
  assert_int_equal(net_recv(idle, &byte, 1), 0);
  int third = inside_connect(in); /* for the other port as well */
  inside_says(third, "PING\r\nPI", "+PONG\r\n");
  http_ends(second);
  int fourth = inside_connect_http(in), fifth = inside_connect(in);
  is_told_503(fourth); /* nobody is idle */
  is_told(fifth, "-ERR max number of clients of this address reached\r\n");
  end_head(web);
  inside_says(third, "NG\r\n", "+PONG\r\n");
  const int fds[] = {idle, web, second, third, fourth, fifth};
  for (size_t i = 0; i < 6; i++)
    close(fds[i]);
}

static void who_takes_a_place_over_needs_no_other(void **state) {
  struct inside *in = *state;
  struct server_stats stats;
  in->options.address_max = 2;
  in->options.clients_max = 2;
  start(in);
  int first = inside_connect(in), second = inside_connect_http(in);
  ping(first);
  is_healthy(second);
  for (int i = 0; i < 10; i++) {
    int next = i % 2 ? inside_connect_http(in) : inside_connect(in);
    i % 2 ? is_healthy(next) : ping(next);
    server_stats(&in->server, &stats);
    assert_int_equal(stats.connected, 2);
    close(first);
    first = second;
    second = next;
  }
  assert_int_equal(stats.rejected, 0);
  assert_int_equal(stats.evicted, 10);
  close(first);
  close(second);
}

static void the_places_are_those_of_both_ports(void **state) {
  struct inside *in = *state;
  struct server_stats stats;
  in->options.clients_max = 2;
  start(in);
  int client = inside_connect(in), web = inside_connect_http(in);
  ping(client);
  is_healthy(web);
  int third = inside_connect(in), fourth = inside_connect_http(in);
  is_told(third, "-ERR max number of clients reached\r\n");
  is_told_503(fourth);
  server_stats(&in->server, &stats);
  assert_int_equal(stats.connected, 2);
  assert_int_equal(stats.rejected, 2);
  const int fds[] = {client, web, third, fourth};
  for (size_t i = 0; i < 4; i++)
    close(fds[i]);
}

/* Being told takes a connection too, so not everybody is. */
static void a_crowd_is_closed_unheard(void **state) {
  struct inside *in = *state;
  enum { CROWD = 400 };
  int fds[CROWD], told = 0;
  char byte;
  in->options.clients_max = 1;
  start(in);
  int first = inside_connect_http(in);
  is_healthy(first);
  for (int i = 0; i < CROWD; i++)
    fds[i] = inside_connect_http(in);
  for (int i = 0; i < CROWD; i++) {
    told += recv(fds[i], &byte, 1, 0) == 1;
    close(fds[i]);
  }
  assert_true(told > 0 && told < CROWD);
  is_healthy(first);
  close(first);
}

/* ---- memory ---- */

static void the_largest_goes_whoever_grows(void **state) {
  struct inside *in = *state;
  enum { LARGE = 250000, WEB = 8 };
  char *data = calloc(1, LARGE);
  struct server_stats stats;
  int web[WEB];
  assert_non_null(data);
  in->options.held_max = 320000;
  start(in);
  int large = inside_connect(in);
  assert_true(net_send(large, "*2\r\n$4\r\nECHO\r\n$250000\r\n", 23));
  assert_true(net_send(large, data, 200000));
  wait_for_bytes(in, large, 200023);
  for (int i = 0; i < WEB; i++) {
    web[i] = inside_connect_http(in);
    is_healthy(web[i]);
    begin_head(web[i], 12000);
  }
  for (int ms = 0; !is_closed(large) && ms < 10000; ms += 5)
    usleep(5000);
  assert_true(is_closed(large));
  for (int i = 0; i < WEB; i++) {
    end_head(web[i]);
    close(web[i]);
  }
  server_stats(&in->server, &stats);
  assert_int_equal(stats.evicted, 1);
  close(large);
  free(data);
}

static void a_large_head_makes_room_for_a_command(void **state) {
  struct inside *in = *state;
  struct server_stats stats = {0};
  char text[4090];
  in->options.held_max = 24000;
  start(in);
  int web = inside_connect_http(in), client = inside_connect(in);
  begin_head(web, 12000);
  for (int ms = 0; stats.client_memory < 16384 && ms < 10000; ms += 2) {
    usleep(2000);
    server_stats(&in->server, &stats);
  }
  memset(text, 'a', sizeof text);
  assert_true(net_send(client, "ECHO ", 5));
  assert_true(net_send(client, text, sizeof text));
  assert_true(net_send(client, text, 200)); /* 8 KiB hold that */
  http_ends(web);
  inside_says(client, "\r\n", "$4290\r\naaaa");
  close(client);
  close(web);
}

/* Each of them has little, and all of them more than they may. */
static void many_halves_of_requests_have_a_limit(void **state) {
  struct inside *in = *state;
  enum { MANY = 60, HALF = 60000, MOST = 1 << 20 };
  char *data = calloc(1, HALF);
  int fds[MANY];
  struct server_stats stats;
  assert_non_null(data);
  memset(data, 'a', HALF);
  in->options.held_max = MOST;
  start(in);
  for (int i = 0; i < MANY; i++) {
    server_stats(&in->server, &stats);
    uint64_t before = stats.bytes_in;
    fds[i] = inside_connect(in);
    net_send(fds[i], data, HALF); /* fails for one that is closed */
    wait_for_bytes(in, fds[i], before + HALF);
    server_stats(&in->server, &stats);
    assert_true(stats.client_memory <= MOST);
  }
  assert_true(stats.evicted > 0);
  for (int i = 0; i < MANY; i++)
    close(fds[i]);
  free(data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      inside_test(an_address_has_one_share_of_both_ports),
      inside_test(who_takes_a_place_over_needs_no_other),
      inside_test(the_places_are_those_of_both_ports),
      inside_test(a_crowd_is_closed_unheard),
      inside_test(the_largest_goes_whoever_grows),
      inside_test(a_large_head_makes_room_for_a_command),
      inside_test(many_halves_of_requests_have_a_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
