/* SPDX-License-Identifier: MIT */
/* Plays the inputs of the table: sends and reads at once, so that neither side
 * waits for the other. */
#include "samples/abuse.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "support/net.h"

#define PATIENCE_S 20
#define PROBE "*1\r\n$4\r\nPING\r\n"
#define ROOM 64u /* for a probe, or its reply */

struct play {
  const struct abuse_target *target;
  int fd;
  char *in, *wanted, *got;
  size_t in_size, wanted_size, got_size, sent;
  bool ended, reset;
  time_t until;
};

/* ---- texts ---- */

size_t abuse_size(const struct abuse_text *text) {
  return text->head_size + text->unit_size * text->times + text->tail_size;
}

static char *put(char *to, const char *bytes, size_t size) {
  if (size)
    memcpy(to, bytes, size);
  return to + size;
}

/* With room for a probe, or its reply, behind it. */
char *abuse_make(const struct abuse_text *text, size_t *out_size) {
  *out_size = abuse_size(text);
  char *data = malloc(*out_size + ROOM);
  if (!data)
    return NULL;
  char *to = put(data, text->head, text->head_size);
  for (size_t i = 0; i < text->times; i++)
    to = put(to, text->unit, text->unit_size);
  put(to, text->tail, text->tail_size);
  return data;
}

static void show(const char *what, const char *data, size_t size) {
  fprintf(stderr, "  %s %zu bytes: ", what, size);
  for (size_t i = 0; i < size && i < 160; i++) {
    unsigned char c = (unsigned char)data[i];
    fprintf(stderr, isprint(c) ? "%c" : "<%02x>", c);
  }
  fputs("\n", stderr);
}

/* ---- moving bytes ---- */

static void receive(struct play *p) {
  while (!p->ended && p->got_size <= p->wanted_size) {
    ssize_t n = recv(p->fd, p->got + p->got_size,
                     p->wanted_size + 1 - p->got_size, MSG_DONTWAIT);
    if (n > 0) {
      p->got_size += (size_t)n;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      p->reset = n < 0;
      p->ended = true;
    } else if (errno == EAGAIN) {
      return;
    }
  }
}

/* A peer that is gone takes no more; what it said before that is still read. */
static void send_some(struct play *p, size_t until) {
  ssize_t n = send(p->fd, p->in + p->sent, until - p->sent,
                   MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0)
    p->sent += (size_t)n;
  else if (n < 0 && errno != EAGAIN && errno != EINTR)
    p->sent = p->in_size;
}

static bool is_late(const struct play *p) { return time(NULL) > p->until; }

static void turn(struct play *p) { p->target->turn(p->target->arg, p->fd); }

/* Sends up to there, and lets the server have it. */
static void send_until(struct play *p, size_t until) {
  while (p->sent < until && !is_late(p)) {
    send_some(p, until);
    receive(p);
    if (p->sent < until)
      turn(p);
  }
  if (until < p->in_size && until > 0)
    turn(p);
}

static void send_all(struct play *p, const struct abuse_way *way) {
  for (size_t at = 1; way->bytewise && at < p->in_size; at++)
    send_until(p, at);
  if (way->cut < p->in_size)
    send_until(p, way->cut);
  send_until(p, p->in_size);
}

static void read_until_end(struct play *p) {
  receive(p);
  while (!p->ended && p->got_size <= p->wanted_size && !is_late(p)) {
    turn(p);
    receive(p);
  }
}

static void read_until_whole(struct play *p) {
  receive(p);
  while (!p->ended && p->got_size < p->wanted_size && !is_late(p)) {
    turn(p);
    receive(p);
  }
}

/* ---- one input ---- */

static bool prepare(struct play *p, const struct abuse *a) {
  p->in = abuse_make(&a->in, &p->in_size);
  p->wanted = abuse_make(&a->out, &p->wanted_size);
  p->got = p->wanted ? malloc(p->wanted_size + ROOM) : NULL;
  p->until = time(NULL) + PATIENCE_S;
  return p->in && p->got;
}

static const char *pong(const struct play *p) {
  return p->target->pong ? p->target->pong : "+PONG\r\n";
}

/* The server has accepted, and has served a request. */
static bool greet(struct play *p) {
  struct play hello = {.target = p->target, .fd = p->fd, .until = p->until};
  char got[ROOM], in[] = PROBE;
  hello.in = in;
  hello.in_size = sizeof in - 1;
  hello.got = got;
  hello.wanted_size = strlen(pong(p));
  send_until(&hello, hello.in_size);
  read_until_whole(&hello);
  return hello.got_size == hello.wanted_size;
}

static void add_probe(struct play *p) {
  memcpy(p->in + p->in_size, PROBE, sizeof PROBE - 1);
  p->in_size += sizeof PROBE - 1;
  memcpy(p->wanted + p->wanted_size, pong(p), strlen(pong(p)));
  p->wanted_size += strlen(pong(p));
}

/* True when the end is the tabled one. */
static bool run(struct play *p, enum abuse_end end,
                const struct abuse_way *way) {
  bool half_close = end == WAITS || (end == STAYS && way->half_close);
  if (end == STAYS && !half_close)
    add_probe(p);
  send_all(p, way);
  if (end == WAITS) {
    turn(p);
    receive(p);
    if (p->ended || p->got_size > 0)
      return false;
  }
  if (half_close)
    shutdown(p->fd, SHUT_WR);
  if (end == STAYS && !half_close)
    read_until_whole(p);
  else
    read_until_end(p);
  if (end == STAYS && !half_close)
    return !p->ended;
  return p->ended && (end == SILENT || !p->reset);
}

static void explain(const struct play *p, const struct abuse *a,
                    const struct abuse_way *way) {
  fprintf(stderr, "%s, cut at %zu%s%s: not the tabled reaction\n", a->row,
          way->cut, way->bytewise ? ", byte by byte" : "",
          way->half_close ? ", then half closed" : "");
  show("sent", p->in, p->in_size);
  show("wanted", p->wanted, p->wanted_size);
  show("got", p->got, p->got_size);
  fprintf(stderr, "  %s\n",
          p->reset   ? "it was reset"
          : p->ended ? "it ended"
                     : "it did not end");
}

bool abuse_play(const struct abuse_target *target, const struct abuse *a,
                const struct abuse_way *way) {
  struct play p = {.target = target, .fd = -1};
  bool good = prepare(&p, a);
  if (good) {
    p.fd = target->connect(target->arg);
    good = p.fd >= 0 && greet(&p) && run(&p, a->end, way) &&
           p.got_size == p.wanted_size &&
           memcmp(p.got, p.wanted, p.got_size) == 0;
    if (!good)
      explain(&p, a, way);
  }
  if (p.fd >= 0)
    net_reset(p.fd);
  free(p.in);
  free(p.wanted);
  free(p.got);
  return good;
}
