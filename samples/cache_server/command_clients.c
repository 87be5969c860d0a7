/* SPDX-License-Identifier: MIT */
/* CLIENT LIST, INFO and KILL: who is connected. The clients of all loops are
 * visited, each on its own thread. */
#include "command.h"

#include <stdio.h>

#include "socket.h"

/* ---- a client in a line ---- */

static void local_address(struct client *c, char *to, size_t size) {
  struct sockaddr_storage address;
  int length = sizeof address;
  snprintf(to, size, "?");
  if (c->stream && vt_stream_uv(c->stream)->type == UV_TCP &&
      uv_tcp_getsockname((uv_tcp_t *)vt_stream_uv(c->stream),
                         (struct sockaddr *)&address, &length) == 0)
    socket_address((struct sockaddr *)&address, to, size);
}

static int descriptor(struct client *c) {
  uv_os_fd_t fd = -1;
  if (c->stream)
    uv_fileno((uv_handle_t *)vt_stream_uv(c->stream), &fd);
  return (int)fd;
}

/* Fields that have no meaning here have the values of an idle client. */
static void add_line(struct reply *to, struct client *c) {
  char line[512], local[64];
  uint64_t now = uv_now(c->server->uv);
  const struct session *s = &c->session;
  local_address(c, local, sizeof local);
  int n = snprintf(
      line, sizeof line,
      "id=%llu addr=%s laddr=%s fd=%d name=%s age=%llu idle=%llu flags=%s db=0 "
      "sub=0 psub=0 ssub=0 multi=-1 qbuf=%zu qbuf-free=%zu argv-mem=0 "
      "multi-mem=0 rbs=%zu rbp=%zu obl=%zu oll=0 omem=%zu tot-mem=%zu events=r "
      "cmd=%s user=default redir=-1 resp=%d lib-name=%s lib-ver=%s\n",
      (unsigned long long)c->id, c->peer, local, descriptor(c),
      c->name ? c->name : "", (unsigned long long)(now - s->began_ms) / 1000,
      (unsigned long long)(now - c->progress.since_ms) / 1000,
      c->seat.kept ? "e" : "N", c->in_size - c->in_start,
      c->in_capacity - c->in_size, c->reply.capacity, c->reply.capacity,
      c->reply.size, c->tail.size,
      sizeof *c + c->in_capacity + c->reply.capacity,
      s->command ? s->command->name : "NULL", c->reply.resp3 ? 3 : 2,
      s->library, s->version);
  if (n > 0)
    reply_raw(to, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

/* The lines become the reply. */
static void end_lines(struct client *c, struct reply *lines) {
  if (lines->status == 0)
    reply_text(&c->reply, lines->size ? lines->data : "", lines->size);
  else
    reply_error(&c->reply, "ERR not enough memory");
  reply_close(lines);
}

void command_client_info(struct client *c, const struct country_dict *dict) {
  struct reply lines;
  (void)dict;
  reply_init(&lines);
  add_line(&lines, c);
  end_lines(c, &lines);
}

/* ---- LIST ---- */

/* All clients are of one type. False with the error added for no type. */
static bool read_type(struct client *c, const struct resp_slice *type,
                      bool *out_normal) {
  *out_normal = command_is(type, "normal");
  if (*out_normal || command_is(type, "master") ||
      command_is(type, "replica") || command_is(type, "slave") ||
      command_is(type, "pubsub"))
    return true;
  command_error_with(c, "ERR Unknown client type '", type, "'");
  return false;
}

struct list_frame {
  vt_frame_t vt;
  struct client *c;
  bool ids; /* those of the request; else all */
  struct reply lines;
};

static struct client *find_id(const struct server *s, int64_t id) {
  struct client *c = s->clients;
  while (c && (int64_t)c->id != id)
    c = c->next;
  return c;
}

/* On the thread of s, while the client that asks waits. */
static vt_t list_ids(struct server *s, void *arg) {
  struct list_frame *f = arg;
  const struct resp_parser *p = &f->c->parser;
  int64_t id;
  for (size_t i = 3; i < p->argc; i++) {
    bool good = command_integer(&p->argv[i], &id);
    struct client *found = good ? find_id(s, id) : NULL;
    if (found)
      add_line(&f->lines, found);
  }
  return vt_done();
}

/* The oldest first. */
static vt_t list_all(struct server *s, void *arg) {
  struct list_frame *f = arg;
  struct client *at = s->clients;
  while (at && at->next)
    at = at->next;
  for (; at; at = at->previous)
    if (!at->refusal)
      add_line(&f->lines, at);
  return vt_done();
}

static vt_t list_body(void *frame) {
  struct list_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, server_each(f->c->server, f->ids ? list_ids : list_all, f));
  end_lines(f->c, &f->lines);
  VT_FINALLY(f);
  reply_close(&f->lines);
  VT_END(f);
}

/* Boxed from the start: the visits borrow it. */
static vt_t list(struct client *c, bool ids) {
  struct list_frame f = {.c = c, .ids = ids};
  return vt_start_boxed(&f, sizeof f, list_body);
}

/* False with the error added. */
static bool are_ids(struct client *c) {
  const struct resp_parser *p = &c->parser;
  int64_t id;
  if (p->argc > COMMAND_NAMES_MAX) {
    reply_error(&c->reply, "ERR too many client IDs");
    return false;
  }
  for (size_t i = 3; i < p->argc; i++) {
    if (!command_integer(&p->argv[i], &id)) {
      reply_error(&c->reply, "ERR Invalid client ID");
      return false;
    }
  }
  return true;
}

vt_t command_client_list(struct client *c) {
  const struct resp_parser *p = &c->parser;
  bool normal = true;
  if (p->argc > 3 && command_is(&p->argv[2], "id"))
    return are_ids(c) ? list(c, true) : vt_done();
  if (p->argc == 4 && command_is(&p->argv[2], "type")) {
    if (!read_type(c, &p->argv[3], &normal))
      return vt_done();
  } else if (p->argc != 2) {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return vt_done();
  }
  if (normal)
    return list(c, false);
  reply_text(&c->reply, "", 0);
  return vt_done();
}

/* ---- KILL ---- */

/* Whom to kill; zero and NULL ask for nothing. */
struct victims {
  int64_t id;
  const struct resp_slice *address, *local;
  bool none; /* of a type that nobody has */
  bool me;   /* too */
};

static bool is_victim(struct client *at, const struct victims *v) {
  char local[64];
  if (v->none || !at->stream || (v->id && (int64_t)at->id != v->id))
    return false;
  if (v->address && !command_is(v->address, at->peer))
    return false;
  if (v->local)
    local_address(at, local, sizeof local);
  return !v->local || command_is(v->local, local);
}

struct kill_frame {
  vt_frame_t vt;
  struct client *c;
  struct victims victims;
  int64_t count;
};

/* On the thread of s. The client that asks is told before it goes. */
static vt_t kill_there(struct server *s, void *arg) {
  struct kill_frame *f = arg;
  for (struct client *at = s->clients, *next; at; at = next) {
    next = at->next;
    if ((at == f->c && !f->victims.me) || !is_victim(at, &f->victims))
      continue;
    f->count++;
    if (at == f->c)
      at->leaving = true;
    else
      client_stop(at);
  }
  return vt_done();
}

static vt_t kill_body(void *frame) {
  struct kill_frame *f = frame;
  VT_BEGIN(f);
  VT_TRY(f, server_each(f->c->server, kill_there, f));
  if (f->c->parser.argc > 3)
    reply_integer(&f->c->reply, f->count);
  else if (f->count > 0)
    reply_simple(&f->c->reply, "OK");
  else
    reply_error(&f->c->reply, "ERR No such client");
  VT_END(f);
}

static vt_t kill_all(struct client *c, const struct victims *v) {
  struct kill_frame f = {.c = c, .victims = *v};
  return vt_start_boxed(&f, sizeof f, kill_body);
}

/* One option and its value. False with the error added. */
static bool read_victim(struct client *c, const struct resp_slice *option,
                        struct victims *v) {
  const struct resp_slice *value = option + 1;
  bool normal = true;
  if (command_is(option, "id")) {
    if (command_integer(value, &v->id) && v->id > 0)
      return true;
    reply_error(&c->reply, "ERR client-id should be greater than 0");
    return false;
  }
  if (command_is(option, "type")) {
    if (!read_type(c, value, &normal))
      return false;
    v->none |= !normal;
    return true;
  }
  if (command_is(option, "user")) {
    if (command_is(value, "default"))
      return true;
    command_error_with(c, "ERR No such user '", value, "'");
    return false;
  }
  if (command_is(option, "addr"))
    v->address = value;
  else if (command_is(option, "laddr"))
    v->local = value;
  else if (command_is(option, "skipme") &&
           (command_is(value, "yes") || command_is(value, "no")))
    v->me = command_is(value, "no");
  else {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return false;
  }
  return true;
}

/* With one argument an address, in which case this client may be meant. */
vt_t command_client_kill(struct client *c) {
  const struct resp_parser *p = &c->parser;
  struct victims v = {0};
  if (p->argc == 3) {
    v.address = &p->argv[2];
    v.me = true;
    return kill_all(c, &v);
  }
  if (p->argc % 2 != 0) {
    reply_error(&c->reply, COMMAND_SYNTAX);
    return vt_done();
  }
  for (size_t i = 2; i < p->argc; i += 2)
    if (!read_victim(c, &p->argv[i], &v))
      return vt_done();
  return kill_all(c, &v);
}
