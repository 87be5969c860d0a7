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
#define ROOM 64u /* for a probe, or its reply */
#define RAW_MAX ((size_t)256 * 1024)

struct probe {
  const char *request, *reply;
};

struct play {
  const struct abuse_target *target;
  int fd;
  char *in, *wanted, *got;
  char *raw; /* of HTTP: what is no whole answer yet */
  size_t in_size, wanted_size, got_size, raw_size, sent;
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

/* What has come, as words, one more than are wanted at most. */
static void translate(struct play *p) {
  size_t used = 0, size = 1;
  char word[ABUSE_WORD];
  while (size > 0 && p->got_size <= p->wanted_size && used < p->raw_size) {
    bool more = p->got_size < p->wanted_size;
    size = abuse_answer(p->raw + used, p->raw_size - used,
                        more && p->wanted[p->got_size] == 'H', word);
    used += size;
    if (size > 0)
      p->got_size =
          (size_t)(put(p->got + p->got_size, word, strlen(word)) - p->got);
  }
  p->raw_size -= used;
  memmove(p->raw, p->raw + used, p->raw_size);
}

static ssize_t receive_some(struct play *p) {
  if (!p->target->is_http)
    return recv(p->fd, p->got + p->got_size, p->wanted_size + 1 - p->got_size,
                MSG_DONTWAIT);
  return recv(p->fd, p->raw + p->raw_size, RAW_MAX - p->raw_size, MSG_DONTWAIT);
}

static void take(struct play *p, size_t size) {
  if (p->target->is_http) {
    p->raw_size += size;
    translate(p);
  } else {
    p->got_size += size;
  }
}

static void receive(struct play *p) {
  while (!p->ended && p->got_size <= p->wanted_size) {
    ssize_t n = receive_some(p);
    if (n > 0) {
      take(p, (size_t)n);
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
  p->raw = p->target->is_http ? malloc(RAW_MAX) : NULL;
  p->until = time(NULL) + PATIENCE_S;
  return p->in && p->got && (p->raw || !p->target->is_http);
}

static struct probe probe_of(const struct play *p) {
  if (p->target->is_http)
    return (struct probe){"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200 "};
  return (struct probe){"*1\r\n$4\r\nPING\r\n",
                        p->target->pong ? p->target->pong : "+PONG\r\n"};
}

/* The server has accepted, and has served a request. */
static bool greet(struct play *p) {
  struct play hello = *p;
  struct probe probe = probe_of(p);
  char got[ROOM], in[ROOM], wanted[ROOM];
  hello.in = strcpy(in, probe.request);
  hello.in_size = strlen(in);
  hello.got = got;
  hello.wanted = strcpy(wanted, probe.reply);
  hello.wanted_size = strlen(wanted);
  send_until(&hello, hello.in_size);
  read_until_whole(&hello);
  return hello.got_size == hello.wanted_size && hello.raw_size == 0;
}

static void add_probe(struct play *p) {
  struct probe probe = probe_of(p);
  put(p->in + p->in_size, probe.request, strlen(probe.request));
  p->in_size += strlen(probe.request);
  put(p->wanted + p->wanted_size, probe.reply, strlen(probe.reply));
  p->wanted_size += strlen(probe.reply);
}

/* True when the end is the tabled one. */
static bool run(struct play *p, enum abuse_end end,
                const struct abuse_way *way) {
  bool half_close = end == WAITS || (end == STAYS && way->half_close);
  if (end == STAYS && !half_close)
    add_probe(p);
  send_all(p, way);
  if (end == WAITS) {
    read_until_whole(p);
    turn(p);
    receive(p);
    if (p->ended || p->got_size > p->wanted_size)
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
  if (p->raw_size > 0)
    show("and", p->raw, p->raw_size);
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
           p.got_size == p.wanted_size && p.raw_size == 0 &&
           memcmp(p.got, p.wanted, p.got_size) == 0;
    if (!good)
      explain(&p, a, way);
  }
  if (p.fd >= 0)
    net_reset(p.fd);
  free(p.in);
  free(p.wanted);
  free(p.got);
  free(p.raw);
  return good;
}
