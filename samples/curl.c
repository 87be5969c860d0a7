/* SPDX-License-Identifier: MIT */
/* Shows: a library that calls back, awaited. libcurl's multi interface asks for
 * sockets to be watched (vt_poll_wait) and for one timer (vt_delay); what it
 * then does becomes a value task by vt_wrap_new, vt_wrap_started and
 * vt_wrap_complete, so that a fetch is one function to await: here many at
 * once, so many at a time, each with a deadline that cancels it.
 *
 * Usage: curl [-t MILLISECONDS] [-n AT_ONCE] URL...
 * Try:   build/release/samples/curl https://libuv.org https://curl.se
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

/* One for all transfers of a loop. */
struct client {
  CURLM *multi;
  vt_t timer; /* in hand: there is none */
};

struct page {
  const char *url;
  size_t size;
  const char *why; /* curl's text of what went wrong */
};

/* ---- a fetch: the memory of vt_wrap is the transfer ---- */

struct transfer {
  CURL *easy;
  struct client *client;
  struct page *page;
};

static size_t on_data(char *data, size_t one, size_t size, void *transfer) {
  struct transfer *t = transfer;
  (void)data;
  t->page->size += one * size;
  return one * size;
}

/* Completes the value task: with the HTTP status, or with a failure. */
static void end_transfer(struct transfer *t, int64_t status) {
  long code = 0;
  curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &code);
  curl_multi_remove_handle(t->client->multi, t->easy);
  curl_easy_cleanup(t->easy);
  vt_wrap_complete(t, status, (vt_value_t){.i = code});
}

static int cancel_transfer(void *transfer) {
  end_transfer(transfer, UV_ECANCELED);
  return 0;
}

static int begin_transfer(struct transfer *t) {
  CURL *easy = t->easy = curl_easy_init();
  if (!easy)
    return UV_ENOMEM;
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, t->page->url);
  if (rc == CURLE_OK &&
      curl_multi_add_handle(t->client->multi, easy) == CURLM_OK)
    return 0;
  curl_easy_cleanup(easy);
  return UV_ENOMEM;
}

/* The page at its URL; the HTTP status is in value.i. */
static vt_t fetch(struct client *c, struct page *page) {
  struct transfer *t = vt_wrap_new("fetch", sizeof *t);
  if (!t)
    return vt_wrap_started(t, 0);
  t->client = c;
  t->page = page;
  vt_wrap_set_cancel(t, cancel_transfer);
  return vt_wrap_started(t, begin_transfer(t));
}

/* ---- libcurl on the loop ---- */

static int64_t status_of(CURLcode code) {
  switch (code) {
  case CURLE_OK:
    return 0;
  case CURLE_OUT_OF_MEMORY:
    return UV_ENOMEM;
  case CURLE_COULDNT_RESOLVE_HOST:
    return UV_EAI_NONAME;
  case CURLE_COULDNT_CONNECT:
    return UV_ECONNREFUSED;
  default:
    return UV_EPROTO;
  }
}

/* Continuations run in here, and may fetch more: it is no callback of curl's,
 * in which that would be forbidden. */
static void advance(struct client *c, curl_socket_t fd, int events) {
  int count;
  const CURLMsg *message;
  curl_multi_socket_action(c->multi, fd, events, &count);
  while ((message = curl_multi_info_read(c->multi, &count)) != NULL) {
    CURLcode code = message->data.result;
    struct transfer *t = NULL;
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    t->page->why = code == CURLE_OK ? NULL : curl_easy_strerror(code);
    end_transfer(t, status_of(code));
  }
}

static int begin_wait(vt_t *wait, vt_t v, vt_continuation_fn *k, void *state) {
  if (vt_is_failed(v)) {
    vt_forget(v);
    return -1;
  }
  *wait = v;
  vt_await_with(v, VT_LATER, k, state); /* not inside a callback of curl's */
  return 0;
}

/* Gives a wait up: its continuation never runs. */
static void end_wait(vt_t *wait, vt_continuation_fn *k, void *state) {
  vt_t v = *wait;
  *wait = vt_done();
  vt_cancel(v);
  vt_await_stop(v, k, state);
}

static void on_time(void *client, vt_result_t r) {
  struct client *c = client;
  (void)r;
  c->timer = vt_done();
  advance(c, CURL_SOCKET_TIMEOUT, 0);
}

/* The waits are the client's, not those of the transfer in whose scope curl
 * asks for them. */
static int set_timer(CURLM *multi, long ms, void *client) {
  struct client *c = client;
  (void)multi;
  end_wait(&c->timer, on_time, c);
  if (ms < 0)
    return 0;
  vt_scope_t *before = vt_scope_enter(NULL);
  int rc = begin_wait(&c->timer, ms > 0 ? vt_delay((uint64_t)ms) : vt_yield(),
                      on_time, c);
  vt_scope_leave(before);
  return rc;
}

struct watch {
  vt_poll_t *poll;
  vt_t ready;
  struct client *client;
  curl_socket_t fd;
  int events;
};

static int wait_ready(struct watch *w);

/* Waits again first: curl may end the watch, and it is gone. */
static void on_ready(void *watch, vt_result_t r) {
  struct watch *w = watch;
  int events = r.status == 0 ? (int)r.value.u : 0;
  int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
              (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
  w->ready = vt_done();
  if (r.status != 0 || wait_ready(w) != 0)
    flags |= CURL_CSELECT_ERR;
  advance(w->client, w->fd, flags);
}

static int wait_ready(struct watch *w) {
  vt_scope_t *before = vt_scope_enter(NULL);
  int rc = begin_wait(&w->ready, vt_poll_wait(w->poll, w->events), on_ready, w);
  vt_scope_leave(before);
  return rc;
}

static struct watch *watch_new(struct client *c, curl_socket_t fd) {
  struct watch *w = calloc(1, sizeof *w);
  if (!w || vt_poll_new(fd, &w->poll) != 0) {
    free(w);
    return NULL;
  }
  w->client = c;
  w->fd = fd;
  curl_multi_assign(c->multi, fd, w);
  return w;
}

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *client,
                     void *watch) {
  struct watch *w = watch;
  (void)easy;
  if (w)
    end_wait(&w->ready, on_ready, w);
  if (what == CURL_POLL_REMOVE) {
    if (w)
      vt_forget(vt_poll_close(w->poll));
    free(w);
    return 0;
  }
  if (!w && !(w = watch_new(client, fd)))
    return -1;
  w->events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
              (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  return wait_ready(w);
}

static int client_open(struct client *c) {
  c->multi = curl_multi_init();
  if (!c->multi)
    return UV_ENOMEM;
  curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
  curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
  curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
  curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
  return 0;
}

static void client_close(struct client *c, uv_loop_t *uv) {
  curl_multi_cleanup(c->multi);
  end_wait(&c->timer, on_time, c);
  uv_run(uv, UV_RUN_DEFAULT); /* until all of it is closed */
}

/* ---- the program ---- */

struct job {
  struct client client;
  struct page *pages;
  vt_result_t *results;
  size_t count;
  size_t at_once;
  uint64_t timeout_ms;
};

static vt_t load(void *job, size_t i) {
  struct job *j = job;
  return vt_with_timeout(fetch(&j->client, &j->pages[i]), j->timeout_ms);
}

static void print_page(const struct page *page, vt_result_t r) {
  if (r.status == 0)
    printf("%lld %zu bytes %s\n", (long long)r.value.i, page->size, page->url);
  else
    printf("%s %s\n", page->why ? page->why : vt_strerror(r.status), page->url);
}

static int64_t run(struct job *j, vt_loop_t *loop) {
  int rc = client_open(&j->client);
  if (rc != 0)
    return rc;
  vt_map_t what = {.fn = load, .arg = j, .limit = j->at_once};
  vt_result_t r = vt_loop_run(loop, vt_map_limit(&what, j->count, j->results));
  for (size_t i = 0; i < j->count; i++)
    print_page(&j->pages[i], j->results[i]);
  client_close(&j->client, vt_loop_uv(loop));
  return r.status;
}

static int usage(void) {
  fprintf(stderr, "usage: curl [-t MILLISECONDS] [-n AT_ONCE] URL...\n");
  return 2;
}

static int read_options(struct job *j, int argc, char **argv) {
  int i = 1;
  for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
    long number = atol(argv[i + 1]);
    if (number <= 0)
      return -1;
    if (strcmp(argv[i], "-t") == 0)
      j->timeout_ms = (uint64_t)number;
    else if (strcmp(argv[i], "-n") == 0)
      j->at_once = (size_t)number;
    else
      return -1;
  }
  return i < argc && argv[i][0] != '-' ? i : -1;
}

int main(int argc, char **argv) {
  struct job j = {.at_once = 8, .timeout_ms = 10000};
  vt_loop_t *loop = NULL;
  int64_t status = UV_ENOMEM;
  int first = read_options(&j, argc, argv);
  if (first < 0)
    return usage();
  signal(SIGPIPE, SIG_IGN);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
      vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 1;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  j.count = (size_t)(argc - first);
  j.pages = calloc(j.count, sizeof *j.pages);
  j.results = calloc(j.count, sizeof *j.results);
  for (size_t i = 0; j.pages && i < j.count; i++)
    j.pages[i].url = argv[(size_t)first + i];
  if (j.pages && j.results)
    status = run(&j, loop);
  if (vt_loop_detach(loop, NULL) == 0)
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  free(j.pages);
  free(j.results);
  curl_global_cleanup();
  return uv_loop_close(uv_default_loop()) == 0 && status == 0 ? 0 : 1;
}
