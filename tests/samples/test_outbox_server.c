/* SPDX-License-Identifier: MIT */
/* The outbox in a server on the test's own loop, where something happens
 * between the answers of a turn and their way out. */
#include "cache_server/outbox.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache_server/client.h"
#include "countries/country_db.h"
#include "support/pair.h"

#define CSV "../samples/countries/iso_3166-1.csv"
#define GET_GERMANY "*2\r\n$3\r\nGET\r\n$10\r\ncountry:DE\r\n"
#define GERMANY "$7\r\nGermany\r\n"
#define GET_GUINEA "*2\r\n$3\r\nGET\r\n$10\r\ncountry:GQ\r\n"
#define GUINEA "$17\r\nEquatorial Guinea\r\n"

/* What waits at a peer is text, and nothing else. */
static void assert_has(int fd, const char *text) {
  char got[1024] = "";
  ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
  assert_true(n == (ssize_t)strlen(text) || (n < 0 && text[0] == '\0'));
  assert_string_equal(got, text);
}

static void assert_ended(int fd) {
  char byte;
  assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
}

struct hosted {
  char dir[64], db[96];
  struct fixture loop;
  countries_t *countries;
  struct server server;
  struct seen run;
  uv_check_t check;
  void (*act)(struct hosted *h); /* when a reply is posted; NULL: nothing */
  int acted;
};

static int hosted_setup(void **state) {
  struct hosted *h = calloc(1, sizeof *h);
  if (!h)
    return -1;
  strcpy(h->dir, "/tmp/vt-outbox-XXXXXX");
  if (!mkdtemp(h->dir))
    return -1;
  snprintf(h->db, sizeof h->db, "%s/c.db", h->dir);
  *state = h;
  return country_db_import(h->db, CSV, NULL, 0);
}

static int hosted_teardown(void **state) {
  struct hosted *h = *state;
  unlink(h->db);
  int status = rmdir(h->dir);
  free(h);
  return status;
}

#define hosted_test(name)                                                      \
  cmocka_unit_test_setup_teardown(name, hosted_setup, hosted_teardown)

/* It was started last, and so comes first. */
static void on_check(uv_check_t *check) {
  struct hosted *h = check->data;
  const struct seat *seat = h->server.seats; /* the newest */
  if (!seat || !seat->posted || !h->act)
    return;
  void (*act)(struct hosted * h) = h->act;
  h->act = NULL;
  h->acted++;
  act(h);
}

static void serve(struct hosted *h) {
  struct sockaddr_in address;
  struct server_options options = {.http_address = (struct sockaddr *)&address};
  assert_null(fixture_open(&h->loop));
  uv_ip4_addr("127.0.0.1", 0, &address);
  assert_int_equal(countries_open(h->db, &h->countries), 0);
  assert_int_equal(server_init(&h->server, (struct sockaddr *)&address,
                               h->countries, NULL, &options),
                   0);
  vt_await(server_run(&h->server), seen_k, &h->run);
  uv_check_init(&h->loop.uv, &h->check);
  uv_check_start(&h->check, on_check);
  uv_unref((uv_handle_t *)&h->check);
  h->check.data = h;
}

/* All that has come is answered: nothing here waits for another thread. */
static void turns(struct hosted *h) {
  for (int i = 0; i < 20; i++)
    fixture_turn(&h->loop);
}

/* But for the first answer, which waits for the database. */
static void turn_until_answered(struct hosted *h, int fd) {
  struct pollfd peer = {.fd = fd, .events = POLLIN};
  for (int i = 0; i < 10000 && poll(&peer, 1, 1) == 0; i++)
    fixture_turn(&h->loop);
}

/* A connection over a local socket, whose kernel says at once what it does not
 * take. */
static int connection_of(struct hosted *h, server_start_fn *start) {
  int fds[2];
  vt_stream_t *stream = NULL;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  assert_int_equal(vt_pipe_open(fds[0], false, &stream), 0);
  start(&h->server, stream);
  return fds[1];
}

/* A client that has been answered, so that the countries are in hand. */
static int client_of(struct hosted *h) {
  int fd = connection_of(h, client_start);
  assert_true(net_send(fd, GET_GERMANY, strlen(GET_GERMANY)));
  turn_until_answered(h, fd);
  assert_has(fd, GERMANY);
  return fd;
}

static void asks(struct hosted *h, int fd, const char *text) {
  assert_true(net_send(fd, text, strlen(text)));
  turns(h);
}

static void end(struct hosted *h) {
  server_stop(&h->server);
  fixture_run_until(&h->loop, &h->run.count, 1);
  assert_seen_status(&h->run, 0);
  uv_close((uv_handle_t *)&h->check, NULL);
  countries_close(h->countries);
  fixture_run(&h->loop);
  assert_null(fixture_close(&h->loop));
}

/* act is called when the answer is posted, and not yet out. */
static void asks_then(struct hosted *h, int fd, const char *text,
                      void (*act)(struct hosted *h)) {
  h->act = act;
  asks(h, fd, text);
  assert_int_equal(h->acted, 1);
}

static void stop_server(struct hosted *h) { server_stop(&h->server); }

/* The newest connection. */
static void stop_newest(struct hosted *h) {
  h->server.seats->kind->stop(h->server.seats);
}

static vt_stream_t *stream_of_newest(const struct hosted *h) {
  return h->server.seats->kind->stream(h->server.seats);
}

/* ---- RESP ---- */

static void is_answered_before(struct hosted *h,
                               void (*act)(struct hosted *h)) {
  serve(h);
  int fd = client_of(h);
  asks_then(h, fd, GET_GUINEA, act);
  assert_has(fd, GUINEA);
  assert_ended(fd);
  close(fd);
  end(h);
}

static void a_stop_comes_after_what_is_posted(void **state) {
  is_answered_before(*state, stop_server);
}

static void one_who_is_killed_has_been_answered(void **state) {
  is_answered_before(*state, stop_newest);
}

static void a_stop_waits_for_what_is_owed(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = client_of(h);
  size_t size = pair_stuff(stream_of_newest(h));
  char *data = malloc(size);
  asks_then(h, fd, GET_GUINEA, stop_server);
  assert_int_equal(net_recv(fd, data, size), (long)size);
  turns(h);
  assert_has(fd, GUINEA);
  assert_ended(fd);
  free(data);
  close(fd);
  end(h);
}

/* A request that fills the buffer is followed in its turn by what comes behind
 * it. The reply to it is $-1. */
static void ask_to_the_brim(int fd, const struct hosted *h) {
  char request[1024];
  size_t room = h->server.clients->in_capacity;
  assert_in_range(room, 200, 1000);
  memset(request, 'x', sizeof request);
  int n = snprintf(request, sizeof request, "*2\r\n$3\r\nGET\r\n$%d\r\n",
                   (int)room - 21);
  request[n] = 'x';
  assert_int_equal(n + (int)room - 21 + 2, room);
  memcpy(request + room - 2, "\r\n", 2);
  assert_true(net_send(fd, request, room));
}

static void the_end_in_the_same_turn_comes_after_it(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = client_of(h);
  ask_to_the_brim(fd, h);
  shutdown(fd, SHUT_WR);
  turns(h);
  assert_has(fd, "$-1\r\n");
  assert_ended(fd);
  close(fd);
  end(h);
}

static void another_request_in_the_same_turn_comes_after_it(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = client_of(h);
  ask_to_the_brim(fd, h);
  asks(h, fd, "QUIT\r\n");
  assert_has(fd, "$-1\r\n+OK\r\n");
  assert_ended(fd);
  close(fd);
  end(h);
}

static void lose_outbox(struct hosted *h) {
  outbox_send(h->server.outbox);
  outbox_free(h->server.outbox);
  h->server.outbox = NULL;
}

static void without_one_replies_are_written_at_once(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = client_of(h);
  asks_then(h, fd, GET_GUINEA, lose_outbox);
  asks(h, fd, GET_GERMANY GET_GUINEA "PING\r\n");
  assert_has(fd, GUINEA GERMANY GUINEA "+PONG\r\n");
  close(fd);
  end(h);
}

#define FIVE(of) of of of of of
#define PAIRS FIVE(GET_GERMANY GET_GUINEA)
#define REPLIES FIVE(GERMANY GUINEA)

static enum client_phase phase_of(const struct hosted *h) {
  return h->server.clients ? h->server.clients->phase : CLIENT_DRAINING;
}

/* Asks until the server waits for its peer; how often. */
static size_t ask_until_it_waits(struct hosted *h, int fd) {
  size_t asked = 0, at = 0, size = sizeof PAIRS - 1;
  for (int i = 0; i < 100000 && phase_of(h) != CLIENT_WRITING; i++) {
    ssize_t n = send(fd, &PAIRS[at], size - at, MSG_DONTWAIT);
    at += n > 0 ? (size_t)n : 0;
    asked += at == size;
    at = at == size ? 0 : at;
    fixture_turn(&h->loop);
    assert_true(phase_of(h) == CLIENT_WRITING ||
                !client_owes(h->server.clients));
  }
  return asked;
}

static bool gets_replies(struct hosted *h, int fd) {
  char got[sizeof REPLIES] = "";
  size_t have = 0;
  for (int i = 0; have < sizeof REPLIES - 1 && i < 100000; i++) {
    ssize_t n = recv(fd, got + have, sizeof REPLIES - 1 - have, MSG_DONTWAIT);
    have += n > 0 ? (size_t)n : 0;
    fixture_turn(&h->loop);
  }
  return strcmp(got, REPLIES) == 0;
}

/* The kernel is full: the client owes, and reads no more until its peer
 * does. */
static void who_reads_late_gets_all_in_order(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = client_of(h);
  size_t asked = ask_until_it_waits(h, fd), got = 0;
  assert_int_equal(phase_of(h), CLIENT_WRITING);
  while (got < asked && gets_replies(h, fd))
    got++;
  assert_int_equal(got, asked);
  close(fd);
  end(h);
}

/* ---- over HTTP ---- */

#define HEALTHZ "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"

/* An answer has come whole; behind it, if ends, nothing does. */
static void assert_is_healthy(int fd, bool ends) {
  char got[1024] = "";
  ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
  assert_true(n > 20);
  assert_memory_equal(got, "HTTP/1.1 200 OK\r\n", 17);
  assert_string_equal(got + n - 7, "\r\n\r\nok\n");
  if (ends)
    assert_ended(fd);
}

/* A connection that has been answered. */
static int http_of(struct hosted *h) {
  int fd = connection_of(h, http_start);
  asks(h, fd, HEALTHZ);
  turn_until_answered(h, fd);
  assert_is_healthy(fd, false);
  return fd;
}

static void is_served_before(struct hosted *h, void (*act)(struct hosted *h)) {
  serve(h);
  int fd = http_of(h);
  asks_then(h, fd, HEALTHZ, act);
  assert_is_healthy(fd, true);
  close(fd);
  end(h);
}

static void a_stop_comes_after_an_answer(void **state) {
  is_served_before(*state, stop_server);
}

static void a_connection_that_is_closed_has_been_answered(void **state) {
  is_served_before(*state, stop_newest);
}

static void a_stop_waits_for_an_answer_that_is_owed(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = http_of(h);
  size_t size = pair_stuff(stream_of_newest(h));
  char *data = malloc(size);
  asks_then(h, fd, HEALTHZ, stop_server);
  assert_int_equal(net_recv(fd, data, size), (long)size);
  turns(h);
  assert_is_healthy(fd, true);
  free(data);
  close(fd);
  end(h);
}

/* The peer is full, and then there is room: it goes on as before. */
static void who_owed_an_answer_is_served_on(void **state) {
  struct hosted *h = *state;
  serve(h);
  int fd = http_of(h);
  size_t size = pair_stuff(stream_of_newest(h));
  char *data = malloc(size);
  asks(h, fd, HEALTHZ);
  asks(h, fd, HEALTHZ); /* is not read meanwhile */
  assert_int_equal(net_recv(fd, data, size), (long)size);
  turns(h);
  asks(h, fd, HEALTHZ);
  char got[1024] = "", *at = got;
  ssize_t n = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
  assert_true(n > 0);
  for (int i = 0; i < 3; i++, at += 4) {
    at = strstr(at, "\nok\n");
    assert_non_null(at);
  }
  assert_int_equal(at - got, n);
  free(data);
  close(fd);
  end(h);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      hosted_test(a_stop_comes_after_what_is_posted),
      hosted_test(a_stop_waits_for_what_is_owed),
      hosted_test(one_who_is_killed_has_been_answered),
      hosted_test(the_end_in_the_same_turn_comes_after_it),
      hosted_test(another_request_in_the_same_turn_comes_after_it),
      hosted_test(without_one_replies_are_written_at_once),
      hosted_test(who_reads_late_gets_all_in_order),
      hosted_test(a_stop_comes_after_an_answer),
      hosted_test(a_stop_waits_for_an_answer_that_is_owed),
      hosted_test(a_connection_that_is_closed_has_been_answered),
      hosted_test(who_owed_an_answer_is_served_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
