/* SPDX-License-Identifier: MIT */
/* The commands that ask the server for its time and role, or end what it
 * has. */
#include "command.h"

#include <stdio.h>

/* The cache, not the database. */
void command_flushall(struct client *c, const struct country_dict *dict) {
  const struct resp_parser *p = &c->parser;
  bool good =
      p->argc == 1 || (p->argc == 2 && (command_is(&p->argv[1], "async") ||
                                        command_is(&p->argv[1], "sync")));
  (void)dict;
  if (!good) {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return;
  }
  server_invalidate(c->server);
  reply_simple(&c->reply, "OK");
}

static void reply_digits(struct reply *r, int64_t n) {
  char text[24];
  int size = snprintf(text, sizeof text, "%lld", (long long)n);
  reply_bulk(r, text, (size_t)size);
}

void command_time(struct client *c, const struct country_dict *dict) {
  uv_timeval64_t now = {0};
  (void)dict;
  uv_gettimeofday(&now);
  reply_array(&c->reply, 2);
  reply_digits(&c->reply, now.tv_sec);
  reply_digits(&c->reply, now.tv_usec);
}

/* A master whom nobody follows. */
void command_role(struct client *c, const struct country_dict *dict) {
  (void)dict;
  reply_array(&c->reply, 3);
  reply_bulk_string(&c->reply, "master");
  reply_integer(&c->reply, 0);
  reply_array(&c->reply, 0);
}

struct shutdown_frame {
  vt_frame_t vt;
  struct client *c;
};

static vt_t stop_there(struct server *s, void *arg) {
  (void)arg;
  server_stop(s);
  return vt_done();
}

/* The client waits for all loops, and so keeps its own one. */
static vt_t shutdown_body(void *frame) {
  struct shutdown_frame *f = frame;
  VT_BEGIN(f);
  f->c->leaving = true;
  VT_TRY(f, server_each(f->c->server, stop_there, NULL));
  VT_END(f);
}

/* There is nothing to save, so all ways to say it are one. */
vt_t command_shutdown(struct client *c) {
  const struct resp_parser *p = &c->parser;
  int save = 0, kept = 0, how = 0, abort = 0;
  for (size_t i = 1; i < p->argc && i < 8; i++) {
    kept += command_is(&p->argv[i], "nosave");
    save += command_is(&p->argv[i], "save");
    abort += command_is(&p->argv[i], "abort");
    how += command_is(&p->argv[i], "now") || command_is(&p->argv[i], "force");
  }
  size_t known = (size_t)(save + kept + how + abort);
  if (known != p->argc - 1 || (save && kept) || (abort && p->argc > 2)) {
    reply_error(&c->reply, COMMAND_SYNTAX);
  } else if (abort) {
    reply_error(&c->reply, "ERR No shutdown in progress.");
  } else {
    struct shutdown_frame f = {.c = c};
    return vt_start(&f, shutdown_body);
  }
  return vt_done();
}
