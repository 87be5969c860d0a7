/* SPDX-License-Identifier: MIT */
/* Runs the cache server on the loop of the test's thread. */
#include "samples/abuse_host.h"

#include <dirent.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cache_server/http.h"
#include "support/net.h"

#if defined(__SANITIZE_ADDRESS__)
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

size_t host_memory(void) {
#if defined(__SANITIZE_ADDRESS__)
  return __sanitizer_get_current_allocated_bytes();
#elif defined(__SANITIZE_THREAD__)
  return 0;
#else
  struct mallinfo2 now = mallinfo2();
  return now.uordblks + now.hblkhd;
#endif
}

int host_files(void) {
  int count = 0;
  DIR *folder = opendir("/proc/self/fd");
  while (folder && readdir(folder))
    count++;
  if (folder)
    closedir(folder);
  return count;
}

static int connect_to(void *arg) {
  const struct host *h = arg;
  const struct server *s = &h->in->server;
  struct sockaddr_in address;
  int yes = 1;
  uv_ip4_addr("127.0.0.1", h->target.is_http ? s->http_port : s->port,
              &address);
  int fd = net_connect(&address);
  if (fd >= 0)
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

static void turn(void *arg, int fd) {
  (void)fd;
  host_turn(arg);
}

/* Nothing may be due: then it does not wait for the sweeper's next tick. */
void host_turn(struct host *h) {
  uv_loop_t *uv = &h->in->loop.uv;
  struct pollfd ready = {.fd = uv_backend_fd(uv), .events = POLLIN};
  poll(&ready, 1, uv_backend_timeout(uv) == 0 ? 0 : 1);
  uv_run(uv, UV_RUN_NOWAIT);
}

void host_rest(struct host *h) {
  uint64_t until = uv_hrtime() + 10000000000u;
  const struct server *s = &h->in->server;
  while ((s->clients || http_has_clients(s)) && uv_hrtime() < until)
    host_turn(h);
  for (int i = 0; i < 4; i++) /* what is closing, is closed */
    host_turn(h);
}

static void on_over(void *arg, vt_result_t r) {
  struct host *h = arg;
  h->result = r;
  h->over = true;
}

const char *host_open(struct host *h, struct inside *in) {
  struct sockaddr_in address;
  *h = (struct host){
      .in = in,
      .target = {
          .connect = connect_to, .turn = turn, .arg = h, .is_http = in->http}};
  const char *problem = fixture_open(&in->loop);
  if (problem)
    return problem;
  uv_ip4_addr("127.0.0.1", 0, &address);
  if (countries_open(in->db, &h->countries) != 0)
    return "no cache";
  if (in->http)
    in->options.http_address = (struct sockaddr *)&address;
  if (server_init(&in->server, (struct sockaddr *)&address, h->countries, NULL,
                  &in->options) != 0)
    return "no server";
  vt_await(server_run(&in->server), on_over, h);
  return NULL;
}

const char *host_close(struct host *h) {
  server_stop(&h->in->server);
  while (!h->over)
    host_turn(h);
  countries_close(h->countries);
  fixture_run(&h->in->loop);
  const char *left = fixture_close(&h->in->loop);
  return left ? left : h->result.status == 0 ? NULL : "the run failed";
}

int host_teardown(void **state) {
  struct inside *in = *state;
  unlink(in->db);
  int status = rmdir(in->dir);
  uv_sem_destroy(&in->ready);
  free(in);
  return status;
}
