/* SPDX-License-Identifier: MIT */
/* Shows: questions as datagrams, which get lost: asked again when no answer has
 * come in time. The server, in the same program, does not hear a question that
 * it is asked for the first time.
 *
 * Usage: udp_ask QUESTION...
 * Try:   build/release/samples/udp_ask who what
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <vt.h>

enum { SIZE = 64, PATIENCE_MS = 100 };

/* ---- the server ---- */

struct server {
  vt_frame_t vt;
  vt_udp_t *udp;
  struct sockaddr_storage from;
  char question[SIZE], lost[SIZE];
};

static vt_t server_body(void *frame) {
  struct server *f = frame;
  vt_value_t v;
  VT_BEGIN(f);
  for (;;) {
    VT_TRY_VALUE(f, v, vt_udp_receive(f->udp, f->question, SIZE, &f->from));
    if (v.u != SIZE)
      continue; /* no question of ours */
    if (memcmp(f->question, f->lost, SIZE) != 0) {
      memcpy(f->lost, f->question, SIZE);
      continue;
    }
    for (char *c = f->question; *c; c++)
      *c = (char)toupper((unsigned char)*c);
    VT_TRY(f,
           vt_udp_send(f->udp, f->question, SIZE, (struct sockaddr *)&f->from));
  }
  VT_FINALLY(f);
  VT_TRY(f, vt_udp_close(f->udp));
  VT_END(f);
}

/* ---- the client ---- */

struct client {
  vt_udp_t *udp;
  char question[SIZE], answer[SIZE]; /* padded with zeros */
  unsigned asked;
};

struct exchange {
  vt_frame_t vt;
  struct client *client;
};

/* An answer that comes too late is that of another question, mostly. */
static bool is_answer(const struct client *c) {
  for (size_t i = 0; i < SIZE; i++)
    if (c->answer[i] != toupper((unsigned char)c->question[i]))
      return false;
  return true;
}

static vt_t exchange_body(void *frame) {
  struct exchange *f = frame;
  struct client *c = f->client;
  VT_BEGIN(f);
  VT_TRY(f, vt_udp_send(c->udp, c->question, SIZE, NULL));
  do {
    memset(c->answer, 0, SIZE);
    VT_TRY(f, vt_udp_receive(c->udp, c->answer, SIZE, NULL));
  } while (!is_answer(c));
  VT_END(f);
}

static vt_t attempt(void *client, unsigned number) {
  struct exchange f = {.client = client};
  f.client->asked = number + 1;
  return vt_with_timeout(vt_start(&f, exchange_body), PATIENCE_MS);
}

/* Asks one after the other; 0, or what the last one failed with. */
static int64_t ask_all(vt_loop_t *loop, struct client *c, char **questions) {
  vt_retry_t again = {.fn = attempt, .arg = c, .attempts = 50, .first_ms = 1};
  int64_t status = 0;
  for (; *questions && status == 0; questions++) {
    memset(c->question, 0, SIZE);
    snprintf(c->question, SIZE, "%s", *questions);
    status = vt_loop_run(loop, vt_retry(&again)).status;
    if (status == 0)
      printf("%s: %s%s\n", c->question, c->answer,
             c->asked > 1 ? ", asked again" : "");
  }
  return status;
}

/* ---- both ---- */

static int open_both(struct server *s, struct client *c) {
  struct sockaddr_in addr;
  int size = sizeof addr;
  int rc = uv_ip4_addr("127.0.0.1", 0, &addr);
  if (rc == 0)
    rc = vt_udp_new(AF_INET, &s->udp);
  if (rc == 0)
    rc = uv_udp_bind(vt_udp_uv(s->udp), (struct sockaddr *)&addr, 0);
  if (rc == 0)
    rc = uv_udp_getsockname(vt_udp_uv(s->udp), (struct sockaddr *)&addr, &size);
  if (rc == 0)
    rc = vt_udp_new(AF_INET, &c->udp);
  if (rc == 0)
    rc = uv_udp_connect(vt_udp_uv(c->udp), (struct sockaddr *)&addr);
  return rc;
}

static int64_t run(vt_loop_t *loop, char **questions) {
  struct server s = {.udp = NULL};
  struct client c = {.udp = NULL};
  vt_scope_t *scope;
  int64_t status = vt_scope_new(NULL, &scope);
  if (status != 0)
    return status;
  status = open_both(&s, &c);
  if (status == 0)
    status = vt_scope_start(scope, &s, sizeof s, server_body);
  if (status != 0 && s.udp)
    vt_forget(vt_udp_close(s.udp));
  if (status == 0)
    status = ask_all(loop, &c, questions);
  vt_scope_cancel(scope, UV_ECANCELED);
  vt_loop_run(loop, vt_scope_join(scope));
  if (c.udp)
    vt_loop_run(loop, vt_udp_close(c.udp));
  return status;
}

int main(int argc, char **argv) {
  vt_loop_t *loop = NULL;
  if (argc < 2 || vt_loop_attach(uv_default_loop(), &loop) != 0)
    return 2;
  vt_loop_set_report(loop, vt_report_stderr, NULL);
  int64_t status = run(loop, argv + 1);
  if (status != 0)
    fprintf(stderr, "udp_ask: %s\n", vt_strerror(status));
  uv_run(uv_default_loop(), UV_RUN_DEFAULT); /* the last timeout's delay */
  if (vt_loop_detach(loop, NULL) != 0)
    return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  return uv_loop_close(uv_default_loop()) == 0 && status == 0 ? 0 : 1;
}
