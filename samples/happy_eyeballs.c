/* SPDX-License-Identifier: MIT */
/* Shows: the connect of RFC 8305. The addresses of a name are tried one after
 * another, the families in turn, the next one 250 ms after the last or as soon
 * as that has failed; the first connection wins, and the others are cancelled,
 * all by one scope.
 *
 * Usage: happy_eyeballs PORT HOST...    (several: as one with all addresses)
 * Try:   build/release/samples/happy_eyeballs 443 libuv.org
 */
#include <stdio.h>
#include <vt.h>

enum { STAGGER_MS = 250, HOSTS = 16, ADDRESSES = 64 };

struct race {
  const char *port;
  char **hosts;
  size_t host_count;
  vt_result_t lists[HOSTS]; /* of a struct addrinfo each */
  const struct addrinfo *addresses[ADDRESSES];
  size_t count;
  vt_scope_t *scope; /* of the attempts */
  vt_event_t ended;  /* one of them has */
  int running;
  vt_stream_t *stream; /* the winner */
  int64_t status;      /* of the last that failed */
};

/* ---- the addresses ---- */

static vt_t resolve(void *race, size_t i) {
  const struct race *r = race;
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
  return vt_getaddrinfo(r->hosts[i], r->port, &hints);
}

static vt_t resolve_all(struct race *race) {
  vt_map_t what = {.fn = resolve, .arg = race};
  return vt_map_limit(&what, race->host_count, race->lists);
}

/* The family of the first address, the other, and so on; then the rest. */
static void take_in_turn(struct race *race) {
  const struct addrinfo *families[2][ADDRESSES];
  size_t counts[2] = {0, 0}, all = 0;
  int first = 0;
  for (size_t i = 0; i < race->host_count; i++) {
    const struct addrinfo *a = race->lists[i].value.p;
    for (; a && all < ADDRESSES; a = a->ai_next, all++) {
      first = all == 0 ? a->ai_family : first;
      int other = a->ai_family != first;
      families[other][counts[other]++] = a;
    }
  }
  for (size_t i = 0; race->count < all; i++)
    for (int other = 0; other < 2; other++)
      if (i < counts[other])
        race->addresses[race->count++] = families[other][i];
}

static void print_address(const char *what, const struct addrinfo *a) {
  char text[64] = "?";
  uv_ip_name(a->ai_addr, text, sizeof text);
  printf("%s %s\n", what, text);
}

/* ---- one attempt ---- */

struct attempt_frame {
  vt_frame_t vt;
  struct race *race;
  const struct addrinfo *address;
};

static vt_t attempt_body(void *frame) {
  struct attempt_frame *f = frame;
  struct race *race = f->race;
  vt_result_t r;
  VT_BEGIN(f);
  print_address("trying", f->address);
  VT_AWAIT(f, r, vt_tcp_connect(f->address->ai_addr));
  race->running--;
  if (r.status != 0) {
    race->status = r.status;
  } else if (race->stream) { /* too late */
    vt_forget(vt_stream_close(r.value.p));
  } else {
    race->stream = r.value.p;
    print_address("connected to", f->address);
  }
  vt_event_set(&race->ended);
  VT_END(f);
}

static int begin_attempt(struct race *race, const struct addrinfo *address) {
  struct attempt_frame f = {.race = race, .address = address};
  race->running++;
  int rc = vt_scope_start(race->scope, &f, sizeof f, attempt_body);
  race->running -= rc != 0;
  return rc;
}

/* ---- the race ---- */

struct connect_frame {
  vt_frame_t vt;
  struct race *race;
  size_t next;
};

/* Until an attempt has ended, or the next one is due. */
static vt_t wait_for_turn(const struct connect_frame *f) {
  vt_t ended = vt_event_wait_async(&f->race->ended);
  bool last = f->next == f->race->count;
  return last ? ended : vt_with_timeout(ended, STAGGER_MS);
}

static vt_t race_body(void *frame) {
  struct connect_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_TRY(f, resolve_all(f->race));
  take_in_turn(f->race);
  while (!f->race->stream && (f->next < f->race->count || f->race->running)) {
    if (f->next < f->race->count) {
      int rc = begin_attempt(f->race, f->race->addresses[f->next++]);
      if (rc != 0)
        VT_RETURN(f, vt_failed(rc));
    }
    VT_AWAIT(f, r, wait_for_turn(f));
    if (r.status != 0 && r.status != UV_ETIMEDOUT)
      VT_RETURN(f, vt_from_result(r));
  }
  VT_RETURN(f, f->race->stream ? vt_done() : vt_failed(f->race->status));
  VT_FINALLY(f);
  vt_scope_cancel(f->race->scope, UV_ECANCELED);
  VT_AWAIT(f, r, vt_scope_join(f->race->scope));
  vt_event_close(&f->race->ended, UV_ECANCELED);
  for (size_t i = 0; i < f->race->host_count; i++)
    vt_freeaddrinfo(f->race->lists[i].value.p);
  VT_END(f);
}

/* The stream would be used where it is closed here. */
static int64_t run(vt_loop_t *vt, struct race *race) {
  struct connect_frame f = {.race = race};
  int64_t status = vt_scope_new(NULL, &race->scope);
  if (status != 0)
    return status;
  vt_event_init(&race->ended, VT_EVENT_AUTO_RESET);
  status = vt_loop_run(vt, vt_start(&f, race_body)).status;
  if (race->stream)
    vt_loop_run(vt, vt_stream_close(race->stream));
  return status;
}

int main(int argc, char **argv) {
  uv_loop_t uv;
  vt_loop_t *vt;
  if (argc < 3 || argc - 2 > HOSTS) {
    fprintf(stderr, "usage: happy_eyeballs PORT HOST...\n");
    return 2;
  }
  struct race race = {.port = argv[1],
                      .hosts = argv + 2,
                      .host_count = (size_t)argc - 2,
                      .status = UV_EAI_NODATA};
  if (uv_loop_init(&uv) != 0 || vt_loop_attach(&uv, &vt) != 0)
    return 1;
  vt_loop_set_report(vt, vt_report_stderr, NULL);
  int64_t status = run(vt, &race);
  if (status != 0)
    fprintf(stderr, "happy_eyeballs: %s\n", vt_strerror(status));
  uv_run(&uv, UV_RUN_DEFAULT); /* the last timeout is still being cancelled */
  if (vt_loop_detach(vt, NULL) == 0)
    uv_run(&uv, UV_RUN_DEFAULT);
  return uv_loop_close(&uv) == 0 && status == 0 ? 0 : 1;
}
