/* SPDX-License-Identifier: MIT */
/* vt_bench_bare_server PORT http|resp: answers whatever comes on libuv alone,
 * nothing looked up and next to nothing parsed: 100 bytes of JSON with the
 * fewest fields, or a bulk of RESP for each request. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define BODY                                                                   \
  "{\"numeric\":276,\"alpha_2\":\"DE\",\"alpha_3\":\"DEU\",\"name\":"          \
  "\"Germany\",\"of_name\":\"Federal Republic of Germany\"}"

_Static_assert(sizeof BODY - 1 == 103, "its length is told below");

#define BULK "$7\r\nGermany\r\n"
#define BATCH 512u

static char input[64 * 1024];
static char answers[BATCH * 64];
static size_t answer_size;
static bool counts; /* requests, by how they begin */

static void on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out) {
  (void)handle;
  (void)size;
  *out = uv_buf_init(input, sizeof input);
}

static void on_closed(uv_handle_t *handle) { free(handle); }

/* How many answers are due: of one read, which ends where a request does. */
static unsigned due(const char *data, size_t size) {
  const char *at = data, *end = data + size;
  unsigned n = 0;
  while (counts && at < end && (at = memchr(at, '*', (size_t)(end - at)))) {
    n++;
    at++;
  }
  return n == 0 ? 1 : n < BATCH ? n : BATCH;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  size_t size = n > 0 ? answer_size * due(buf->base, (size_t)n) : 0;
  uv_buf_t out = uv_buf_init(answers, (unsigned)size);
  if (n < 0 || (n > 0 && uv_try_write(stream, &out, 1) != (int)size))
    uv_close((uv_handle_t *)stream, on_closed);
}

static void on_connection(uv_stream_t *server, int status) {
  uv_tcp_t *client = status == 0 ? malloc(sizeof *client) : NULL;
  if (!client)
    return;
  uv_tcp_init(server->loop, client);
  if (uv_accept(server, (uv_stream_t *)client) != 0) {
    uv_close((uv_handle_t *)client, on_closed);
    return;
  }
  uv_tcp_nodelay(client, 1);
  uv_read_start((uv_stream_t *)client, on_alloc, on_read);
}

static void prepare(void) {
  const char *http = "HTTP/1.1 200 OK\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: 103\r\n\r\n" BODY;
  answer_size = strlen(counts ? BULK : http);
  for (size_t i = 0; counts && i < BATCH; i++)
    memcpy(answers + i * answer_size, BULK, answer_size);
  if (!counts)
    memcpy(answers, http, answer_size);
}

int main(int argc, char **argv) {
  struct sockaddr_in address;
  uv_tcp_t server;
  uv_loop_t *loop = uv_default_loop();
  if (argc != 3)
    return 2;
  counts = strcmp(argv[2], "resp") == 0;
  prepare();
  uv_tcp_init(loop, &server);
  uv_ip4_addr("127.0.0.1", atoi(argv[1]), &address);
  int status = uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
  if (status == 0)
    status = uv_listen((uv_stream_t *)&server, 511, on_connection);
  return status == 0 ? uv_run(loop, UV_RUN_DEFAULT) : 1;
}
