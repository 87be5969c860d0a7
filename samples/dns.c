/* SPDX-License-Identifier: MIT */
/* Shows: names to addresses and addresses to names, all asked for at once and
 * each within a time; a slow one holds up no other.
 *
 * Usage: dns [-t MILLISECONDS] NAME|ADDRESS...
 * Try:   build/release/samples/dns localhost 127.0.0.1 libuv.org
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

struct questions {
  char **texts;
  size_t count;
  uint64_t timeout_ms;
  vt_nameinfo_t *names; /* of those that are addresses */
  vt_result_t *results; /* of the others: lists */
};

static bool is_address(const char *text, struct sockaddr_storage *out) {
  return uv_ip4_addr(text, 0, (struct sockaddr_in *)out) == 0 ||
         uv_ip6_addr(text, 0, (struct sockaddr_in6 *)out) == 0;
}

static vt_t ask(void *questions, size_t i) {
  struct questions *q = questions;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct sockaddr_storage addr;
  if (!is_address(q->texts[i], &addr))
    return vt_with_timeout(vt_getaddrinfo(q->texts[i], NULL, &hints),
                           q->timeout_ms);
  return vt_with_timeout(vt_getnameinfo((struct sockaddr *)&addr,
                                        NI_NAMEREQD | NI_NUMERICSERV,
                                        &q->names[i]),
                         q->timeout_ms);
}

static void print_list(const char *name, struct addrinfo *list) {
  char text[64];
  for (struct addrinfo *a = list; a; a = a->ai_next)
    if (uv_ip_name(a->ai_addr, text, sizeof text) == 0)
      printf("%s: %s\n", name, text);
  vt_freeaddrinfo(list);
}

static void print_answers(const struct questions *q) {
  struct sockaddr_storage addr;
  for (size_t i = 0; i < q->count; i++) {
    if (q->results[i].status != 0)
      printf("%s: %s\n", q->texts[i], vt_strerror(q->results[i].status));
    else if (is_address(q->texts[i], &addr))
      printf("%s: %s\n", q->texts[i], q->names[i].host);
    else
      print_list(q->texts[i], q->results[i].value.p);
  }
}

/* 0 when all were answered. */
static int64_t run(struct questions *q, vt_loop_t *loop) {
  int64_t status = UV_ENOMEM;
  q->names = calloc(q->count, sizeof *q->names);
  q->results = calloc(q->count, sizeof *q->results);
  if (q->names && q->results) {
    vt_map_t what = {.fn = ask, .arg = q};
    status =
        vt_loop_run(loop, vt_map_limit(&what, q->count, q->results)).status;
    print_answers(q);
  }
  uv_run(vt_loop_uv(loop), UV_RUN_DEFAULT); /* what is late ends */
  free(q->names);
  free(q->results);
  return status;
}

int main(int argc, char **argv) {
  struct questions q = {.timeout_ms = 5000};
  vt_loop_t *loop = NULL;
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "-t") == 0) {
    q.timeout_ms = strtoul(argv[2], NULL, 10);
    first = 3;
  }
  q.texts = argv + first;
  q.count = first < argc ? (size_t)(argc - first) : 0;
  if (q.count == 0) {
    fprintf(stderr, "usage: dns [-t MILLISECONDS] NAME|ADDRESS...\n");
    return 2;
  }
  if (vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 1;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  int64_t status = run(&q, loop);
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && status == 0 ? 0 : 1;
}
