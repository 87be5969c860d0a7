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
  bool now;
};

static vt_t stop_there(struct server *s, void *arg) {
  (void)arg;
  server_stop(s);
  return vt_done();
}

static vt_t hurry_there(struct server *s, void *arg) {
  (void)arg;
  server_hurry(s);
  return vt_done();
}

/* The client waits for all loops, and so keeps its own one. */
static vt_t shutdown_body(void *frame) {
  struct shutdown_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  f->c->leaving = true;
  VT_AWAIT(f, r,
           server_each(f->c->server, f->now ? hurry_there : stop_there, NULL));
  if (r.status != 0)
    reply_error(&f->c->reply, "ERR Errors trying to SHUTDOWN. Check logs.");
  VT_END(f);
}

enum { SAVE = 1, NOSAVE = 2, NOW = 4, FORCE = 8, ABORT = 16 };

/* The words of SHUTDOWN as one number; 0 when there are none, -1 when one is
 * unknown or they exclude each other. */
static int read_words(const struct resp_parser *p) {
  static const char *const names[] = {"save", "nosave", "now", "force",
                                      "abort"};
  int words = 0;
  for (size_t i = 1; i < p->argc; i++) {
    size_t name = 0;
    while (name < 5 && !command_is(&p->argv[i], names[name]))
      name++;
    if (name == 5)
      return -1;
    words |= 1 << name;
  }
  bool excluded = (words & (SAVE | NOSAVE)) == (SAVE | NOSAVE) ||
                  ((words & ABORT) && words != ABORT);
  return excluded ? -1 : words;
}

/* There is nothing to save, and no failure to force; NOW waits for no replies.
 * A shutdown in progress has closed the ports, and cannot be aborted: nobody is
 * left to ask for that. */
vt_t command_shutdown(struct client *c) {
  int words = read_words(&c->parser);
  if (words < 0) {
    reply_error(&c->reply, COMMAND_SYNTAX);
  } else if (words == ABORT) {
    reply_error(&c->reply, "ERR No shutdown in progress.");
  } else {
    struct shutdown_frame f = {.c = c, .now = (words & NOW) != 0};
    return vt_start(&f, shutdown_body);
  }
  return vt_done();
}
