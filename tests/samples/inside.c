/* SPDX-License-Identifier: MIT */
/* Runs the cache server on a thread. */
#include "samples/inside.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "countries/country_db.h"
#include "support/net.h"

#define CSV "../samples/countries/iso_3166-1.csv"

static void on_stop(uv_async_t *async) {
  struct inside *in = async->data;
  server_stop(&in->server);
  uv_close((uv_handle_t *)async, NULL);
}

static const char *serve(struct inside *in) {
  struct sockaddr_in address;
  countries_t *countries;
  uv_ip4_addr("127.0.0.1", 0, &address);
  if (countries_open(in->db, &countries) != 0)
    return "no cache";
  if (in->http)
    in->options.http_address = (struct sockaddr *)&address;
  if (server_init(&in->server, (struct sockaddr *)&address, countries, NULL,
                  &in->options) != 0)
    return "no server";
  in->stop.data = in;
  uv_async_init(&in->loop.uv, &in->stop, on_stop);
  if (in->on_thread)
    in->on_thread();
  uv_sem_post(&in->ready);
  vt_result_t r = vt_loop_run(in->loop.vt, server_run(&in->server));
  countries_close(countries);
  fixture_run(&in->loop);
  return r.status == 0 ? NULL : "the run failed";
}

static void run(void *arg) {
  struct inside *in = arg;
  in->problem = fixture_open(&in->loop);
  if (!in->problem)
    in->problem = serve(in);
  if (in->problem)
    uv_sem_post(&in->ready);
  const char *left = fixture_close(&in->loop);
  if (!in->problem)
    in->problem = left;
}

int inside_setup(void **state) {
  struct inside *in = calloc(1, sizeof *in);
  if (!in)
    return -1;
  strcpy(in->dir, "/tmp/vt-inside-XXXXXX");
  if (!mkdtemp(in->dir))
    return -1;
  snprintf(in->db, sizeof in->db, "%s/c.db", in->dir);
  uv_sem_init(&in->ready, 0);
  *state = in;
  return country_db_import(in->db, CSV, NULL, 0);
}

int inside_teardown(void **state) {
  struct inside *in = *state;
  if (in->runs)
    uv_async_send(&in->stop);
  uv_thread_join(&in->thread);
  const char *problem = in->problem;
  if (problem)
    print_error("%s\n", problem);
  uv_sem_destroy(&in->ready);
  unlink(in->db);
  int status = rmdir(in->dir);
  free(in);
  return problem ? -1 : status;
}

void inside_start(struct inside *in) {
  assert_int_equal(uv_thread_create(&in->thread, run, in), 0);
  uv_sem_wait(&in->ready);
  in->runs = in->problem == NULL;
  assert_true(in->runs);
}

static int connect_to(int port) {
  struct sockaddr_in address;
  struct timeval patience = {.tv_sec = 10};
  uv_ip4_addr("127.0.0.1", port, &address);
  int fd = net_connect(&address);
  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return fd;
}

int inside_connect(const struct inside *in) {
  return connect_to(in->server.port);
}

int inside_connect_http(const struct inside *in) {
  return connect_to(in->server.http_port);
}

void inside_says(int fd, const char *request, const char *wanted) {
  char got[256] = "";
  assert_true(net_send(fd, request, strlen(request)));
  assert_int_equal(net_recv(fd, got, strlen(wanted)), (long)strlen(wanted));
  assert_string_equal(got, wanted);
}
