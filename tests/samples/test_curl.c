/* SPDX-License-Identifier: MIT */
/* The curl sample, against an HTTP server that these cases are: on a vt
 * listener, on the loop that also waits for the program's end. */
#include "support/fixture.h"
#include "support/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the server ---- */

enum { SERVED_MOST = 1 << 20, CLIENTS = 16, URLS = 8 };

struct site {
  struct fixture *f;
  vt_listener_t *listener;
  int port;
  int together; /* requests for /together that are held */
  int wanted;   /* so many are answered at once */
  struct visit {
    struct site *site;
    vt_stream_t *stream; /* NULL: free */
    char request[1024];
    size_t have;
    char *reply;
    bool held;
  } visits[CLIENTS];
  char output[4096]; /* of the program */
  size_t printed;
  int ends; /* of the program and of its output */
  int64_t exit_status;
};

static void on_closed(void *visit, vt_result_t r) {
  struct visit *v = visit;
  (void)r;
  free(v->reply);
  memset(v, 0, sizeof *v);
}

static void end_visit(struct visit *v) {
  vt_stream_t *stream = v->stream;
  if (stream)
    vt_await(vt_stream_close(stream), on_closed, v);
}

static void on_replied(void *visit, vt_result_t r) {
  (void)r;
  end_visit(visit);
}

static void reply(struct visit *v, int code, size_t size) {
  v->reply = malloc(size + 256);
  if (!v->reply) {
    end_visit(v);
    return;
  }
  int head = snprintf(v->reply, 256,
                      "HTTP/1.1 %d Fine\r\nContent-Length: %zu\r\n"
                      "Connection: close\r\n\r\n",
                      code, size);
  memset(v->reply + head, 'x', size);
  vt_await(vt_stream_write(v->stream, v->reply, (size_t)head + size),
           on_replied, v);
}

/* Answers all that are held, when they are as many as wanted. */
static void hold(struct visit *v) {
  struct site *s = v->site;
  v->held = true;
  if (++s->together < s->wanted)
    return;
  for (int i = 0; i < CLIENTS; i++)
    if (s->visits[i].held)
      reply(&s->visits[i], 200, 7);
}

static void answer(struct visit *v) {
  size_t size = 0;
  if (strncmp(v->request, "GET /together ", 14) == 0)
    hold(v);
  else if (sscanf(v->request, "GET /size/%zu ", &size) == 1)
    reply(v, 200, size < SERVED_MOST ? size : SERVED_MOST);
  else if (strncmp(v->request, "GET /rubbish ", 13) == 0)
    vt_await(vt_stream_write(v->stream, "rubbish\r\n\r\n", 11), on_replied, v);
  else if (strncmp(v->request, "GET /never ", 11) != 0)
    reply(v, 404, 3);
}

static void read_more(struct visit *v);

static void on_read(void *visit, vt_result_t r) {
  struct visit *v = visit;
  if (r.status != 0) {
    end_visit(v);
    return;
  }
  v->have += r.value.u;
  v->request[v->have] = '\0';
  bool whole = strstr(v->request, "\r\n\r\n") != NULL;
  if (whole)
    answer(v);
  if (!whole || strncmp(v->request, "GET /never ", 11) == 0)
    read_more(v);
}

static void read_more(struct visit *v) {
  size_t room = sizeof v->request - 1 - v->have;
  vt_await(vt_stream_read(v->stream, v->request + v->have, room), on_read, v);
}

static void on_visit(void *site, vt_result_t r) {
  struct site *s = site;
  int i = 0;
  if (r.status != 0)
    return;
  while (i < CLIENTS && s->visits[i].stream)
    i++;
  if (i == CLIENTS) {
    vt_forget(vt_stream_close(r.value.p));
  } else {
    s->visits[i].site = s;
    s->visits[i].stream = r.value.p;
    read_more(&s->visits[i]);
  }
  vt_await_with(vt_listener_accept(s->listener), VT_LATER, on_visit, s);
}

/* ---- the program ---- */

static void on_program_end(uv_process_t *process, int64_t status, int signal) {
  struct site *s = process->data;
  s->exit_status = signal ? -signal : status;
  uv_close((uv_handle_t *)process, NULL);
  s->ends++;
}

static void on_alloc(uv_handle_t *pipe, size_t size, uv_buf_t *buf) {
  struct site *s = pipe->data;
  (void)size;
  buf->base = s->output + s->printed;
  buf->len = sizeof s->output - 1 - s->printed;
}

static void on_output(uv_stream_t *pipe, ssize_t n, const uv_buf_t *buf) {
  struct site *s = pipe->data;
  (void)buf;
  if (n >= 0) {
    s->printed += (size_t)n;
    return;
  }
  s->output[s->printed] = '\0';
  uv_close((uv_handle_t *)pipe, NULL);
  s->ends++;
}

/* Runs the program with options and URLs, in which % is the server; what it
 * printed, with the port as PORT, is in the site's output. */
static void run_curl(struct site *s, const char *const words[]) {
  char text[URLS][64];
  char *args[URLS + 2] = {getenv("VT_CURL")};
  uv_process_t process = {.data = s};
  uv_pipe_t pipe;
  int rc, n = 0;
  for (; words[n]; n++) {
    if (words[n][0] == '%')
      snprintf(text[n], sizeof text[n], "http://127.0.0.1:%d%s", s->port,
               words[n] + 1);
    else
      snprintf(text[n], sizeof text[n], "%s", words[n]);
    args[n + 1] = text[n];
  }
  uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
                                   {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE},
                                   {.flags = UV_INHERIT_FD, .data.fd = 2}};
  uv_process_options_t options = {.exit_cb = on_program_end,
                                  .file = args[0],
                                  .args = args,
                                  .stdio_count = 3,
                                  .stdio = stdio};
  assert_non_null(args[0]);
  uv_pipe_init(&s->f->uv, &pipe, 0);
  pipe.data = s;
  stdio[1].data.stream = (uv_stream_t *)&pipe;
  s->printed = 0;
  s->ends = 0;
  rc = uv_spawn(&s->f->uv, &process, &options);
  assert_int_equal(rc, 0);
  uv_read_start((uv_stream_t *)&pipe, on_alloc, on_output);
  assert_true(fixture_run_until(s->f, &s->ends, 2));
  fixture_turn(s->f); /* both are closed */
}

/* A line that the program is to print about a page of the server. */
static void assert_line(const struct site *s, const char *what,
                        const char *path) {
  char line[256];
  snprintf(line, sizeof line, "%s http://127.0.0.1:%d%s\n", what, s->port,
           path);
  if (!strstr(s->output, line))
    fail_msg("no line '%s' in:\n%s", line, s->output);
}

static int site_setup(void **state) {
  struct site *s = calloc(1, sizeof *s);
  void *fixture = NULL;
  if (!s || fixture_setup(&fixture) != 0)
    return -1;
  *state = s;
  s->f = fixture;
  s->listener = net_listen();
  if (!s->listener)
    return -1;
  s->port = ntohs(net_address(s->listener).sin_port);
  vt_await(vt_listener_accept(s->listener), on_visit, s);
  return 0;
}

static int site_teardown(void **state) {
  struct site *s = *state;
  void *fixture = s->f;
  vt_forget(vt_listener_close(s->listener));
  for (int i = 0; i < CLIENTS; i++)
    end_visit(&s->visits[i]);
  bool ended = fixture_run(s->f);
  free(s);
  return ended ? fixture_teardown(&fixture) : -1;
}

#define site_test(name)                                                        \
  cmocka_unit_test_setup_teardown(name, site_setup, site_teardown)

/* ---- cases ---- */

static void pages_come_with_status_and_size(void **state) {
  struct site *s = *state;
  run_curl(s, (const char *[]){"%/size/5", "%/size/300000", "%/size/0",
                               "%/missing", NULL});
  assert_line(s, "200 5 bytes", "/size/5");
  assert_line(s, "200 300000 bytes", "/size/300000");
  assert_line(s, "200 0 bytes", "/size/0");
  assert_line(s, "404 3 bytes", "/missing");
  assert_int_equal(s->exit_status, 0);
}

static void pages_are_fetched_together(void **state) {
  struct site *s = *state;
  s->wanted = 4;
  run_curl(s, (const char *[]){"%/together", "%/together", "%/together",
                               "%/together", NULL});
  assert_line(s, "200 7 bytes", "/together");
  assert_int_equal(s->together, 4);
  assert_int_equal(s->exit_status, 0);
}

/* The third is begun when the first two have timed out, and frees itself. */
static void no_more_at_once_than_allowed(void **state) {
  struct site *s = *state;
  s->wanted = 3;
  run_curl(s, (const char *[]){"-t", "200", "-n", "2", "%/together",
                               "%/together", "%/together", NULL});
  assert_int_equal(s->together, 3);
  assert_line(s, "connection timed out", "/together");
  assert_line(s, "200 7 bytes", "/together");
  assert_int_equal(s->exit_status, 1);
}

static void a_slow_page_is_cancelled_alone(void **state) {
  struct site *s = *state;
  run_curl(s, (const char *[]){"-t", "300", "%/never", "%/size/9", NULL});
  assert_line(s, "connection timed out", "/never");
  assert_line(s, "200 9 bytes", "/size/9");
  assert_int_equal(s->exit_status, 1);
}

static void failures_are_told_in_words(void **state) {
  struct site *s = *state;
  run_curl(s, (const char *[]){"%/rubbish", "nonsense://x",
                               "http://127.0.0.1:1/", NULL});
  assert_line(s, "Unsupported protocol", "/rubbish");
  assert_non_null(strstr(s->output, "Unsupported protocol nonsense://x\n"));
  assert_non_null(strstr(s->output, " http://127.0.0.1:1/\n"));
  assert_int_equal(s->exit_status, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      site_test(pages_come_with_status_and_size),
      site_test(pages_are_fetched_together),
      site_test(no_more_at_once_than_allowed),
      site_test(a_slow_page_is_cancelled_alone),
      site_test(failures_are_told_in_words),
  };
  return fixture_main("curl", tests);
}
