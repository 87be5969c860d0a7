/* SPDX-License-Identifier: MIT */
/* Shows: the connect of RFC 8305. The addresses are tried one after another,
 * the next one 250 ms after the last or as soon as that has failed; the first
 * connection wins, and the others are cancelled, all by one scope.
 *
 * Usage: happy_eyeballs PORT ADDRESS...    (numeric, those of a name)
 * Try:   build/release/samples/happy_eyeballs 80 2001:db8::1 192.0.2.1 127.0.0.1
 */
#include <stdio.h>
#include <stdlib.h>
#include <vt.h>

enum { STAGGER_MS = 250 };

struct race {
  vt_scope_t *scope; /* of the attempts */
  vt_event_t ended;  /* one of them has */
  int running;
  vt_stream_t *stream; /* the winner */
  const char *winner;
  int64_t status; /* of the last that failed */
};

/* ---- one attempt ---- */

struct attempt_frame {
  vt_frame_t vt;
  struct race *race;
  const char *text;
  struct sockaddr_storage addr;
};

static vt_t attempt_body(void *frame) {
  struct attempt_frame *f = frame;
  struct race *race = f->race;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, vt_tcp_connect((struct sockaddr *)&f->addr));
  race->running--;
  if (r.status != 0) {
    race->status = r.status;
  } else if (race->stream) { /* too late */
    vt_forget(vt_stream_close(r.value.p));
  } else {
    race->stream = r.value.p;
    race->winner = f->text;
  }
  vt_event_set(&race->ended);
  VT_END(f);
}

static int begin_attempt(struct race *race, const char *text, int port) {
  struct attempt_frame f = {.race = race, .text = text};
  int rc = uv_ip4_addr(text, port, (struct sockaddr_in *)&f.addr);
  if (rc != 0)
    rc = uv_ip6_addr(text, port, (struct sockaddr_in6 *)&f.addr);
  if (rc != 0)
    return rc;
  race->running++;
  rc = vt_scope_start(race->scope, &f, sizeof f, attempt_body);
  race->running -= rc != 0;
  return rc;
}

/* ---- the race ---- */

struct connect_frame {
  vt_frame_t vt;
  struct race *race;
  char **address; /* the next; NULL at the end */
  int port;
};

/* Gives the stream of the winner. */
static vt_t connect_body(void *frame) {
  struct connect_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  while (!f->race->stream && (*f->address || f->race->running > 0)) {
    if (!*f->address) {
      VT_TRY(f, vt_event_wait_async(&f->race->ended));
      continue;
    }
    int rc = begin_attempt(f->race, *f->address++, f->port);
    if (rc != 0)
      VT_RETURN(f, vt_failed(rc));
    VT_AWAIT(f, r,
             vt_with_timeout(vt_event_wait_async(&f->race->ended), STAGGER_MS));
    if (r.status != 0 && r.status != UV_ETIMEDOUT)
      VT_RETURN(f, vt_failed(r.status));
  }
  if (!f->race->stream)
    VT_RETURN(f, vt_failed(f->race->status));
  VT_RETURN(f, vt_from_ptr(f->race->stream));
  VT_END(f);
}

static int64_t run(vt_loop_t *vt, int port, char **addresses) {
  struct race race = {.status = UV_EINVAL};
  int64_t status = vt_scope_new(NULL, &race.scope);
  if (status != 0)
    return status;
  vt_event_init(&race.ended, VT_EVENT_AUTO_RESET);
  struct connect_frame f = {.race = &race, .address = addresses, .port = port};
  status = vt_loop_run(vt, vt_start(&f, connect_body)).status;
  vt_scope_cancel(race.scope, UV_ECANCELED);
  vt_loop_run(vt, vt_scope_join(race.scope));
  vt_event_close(&race.ended, UV_ECANCELED);
  if (race.stream)
    vt_loop_run(vt, vt_stream_close(race.stream));
  if (status == 0)
    printf("connected to %s\n", race.winner);
  return status;
}

int main(int argc, char **argv) {
  uv_loop_t uv;
  vt_loop_t *vt;
  int port = argc > 2 ? atoi(argv[1]) : 0;
  if (port <= 0 || port > 65535) {
    fprintf(stderr, "usage: happy_eyeballs PORT ADDRESS...\n");
    return 2;
  }
  if (uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &vt) != 0)
    return 1;
  vt_loop_set_report(vt, vt_report_stderr, NULL);
  int64_t status = run(vt, port, argv + 2);
  if (status != 0)
    fprintf(stderr, "happy_eyeballs: %s\n", vt_strerror(status));
  uv_run(&uv, UV_RUN_DEFAULT); /* the last timeout is still being cancelled */
  if (vt_loop_detach(vt, NULL) == 0)
    uv_run(&uv, UV_RUN_DEFAULT);
  return uv_loop_close(&uv) == 0 && status == 0 ? 0 : 1;
}
