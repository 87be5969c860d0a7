/* SPDX-License-Identifier: MIT */
/* Writes answers. */
#include "http_reply.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct status {
  int code;
  const char *reason;
} statuses[] = {
    {200, "OK"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {417, "Expectation Failed"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

#define STATUSES (sizeof statuses / sizeof *statuses)

_Static_assert(STATUSES <= METRICS_STATUSES, "each has its counter");

int http_status_at(size_t i) { return i < STATUSES ? statuses[i].code : 0; }

size_t http_status_place(int status) {
  size_t i = 0;
  while (i + 1 < STATUSES && statuses[i].code != status)
    i++;
  return i;
}

void http_reply_tick(struct http *h) {
  time_t now = time(NULL);
  struct tm parts;
  if (h->second == (uint64_t)now || !gmtime_r(&now, &parts))
    return;
  h->second = (uint64_t)now;
  h->date_size = strftime(h->date, sizeof h->date,
                          "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  h->ok_size =
      (size_t)snprintf(h->ok, sizeof h->ok, "HTTP/1.1 200 OK\r\n%s", h->date);
}

/* ---- the head ---- */

static void put_status_line(struct http_client *c, int status) {
  const struct http *h = c->http;
  char line[64];
  if (status == 200) {
    reply_raw(&c->out, h->ok, h->ok_size);
    return;
  }
  int n = snprintf(line, sizeof line, "HTTP/1.1 %d %s\r\n", status,
                   statuses[http_status_place(status)].reason);
  reply_raw(&c->out, line, (size_t)n);
  reply_raw(&c->out, h->date, h->date_size);
}

static void put_length(struct reply *out, uint64_t size) {
  static const char name[] = "Content-Length: ";
  char text[64];
  size_t at = sizeof text;
  text[--at] = '\n';
  text[--at] = '\r';
  do
    text[--at] = (char)('0' + size % 10);
  while (size /= 10);
  at -= sizeof name - 1;
  memcpy(text + at, name, sizeof name - 1);
  reply_raw(out, text + at, sizeof text - at);
}

/* Also the empty line. */
static void put_connection(struct http_client *c) {
  static const char end[] = "Connection: close\r\n\r\n";
  static const char keep[] = "Connection: keep-alive\r\n\r\n";
  if (c->leaving || !c->head.keep_alive)
    reply_raw(&c->out, end, sizeof end - 1);
  else if (c->head.is_old)
    reply_raw(&c->out, keep, sizeof keep - 1);
  else
    reply_raw(&c->out, "\r\n", 2);
}

static void put_body(struct http_client *c, const struct http_answer *a) {
  if (c->head.verb == HTTP_VERB_HEAD || a->follows || a->size == 0)
    return;
  if (a->size <= HTTP_OUTPUT_MAX || !(a->snapshot || a->is_static)) {
    reply_raw(&c->out, a->body, (size_t)a->size);
    return;
  }
  c->tail = (struct http_tail){a->body, (size_t)a->size,
                               a->snapshot ? http_snapshot_retain(a->snapshot)
                                           : NULL};
}

void http_reply(struct http_client *c, const struct http_answer *a) {
  server_count(&c->http->metrics.answers[http_status_place(a->status)], 1);
  put_status_line(c, a->status);
  reply_raw(&c->out, a->fields, a->fields_size);
  if (a->status != 304)
    put_length(&c->out, a->size);
  put_connection(c);
  if (a->status != 304)
    put_body(c, a);
  if (!c->head.keep_alive)
    c->leaving = true;
}

void http_reply_status(struct http_client *c, int status, const char *fields) {
  char body[96], all[128];
  int size = snprintf(body, sizeof body, "{\"status\":%d,\"error\":\"%s\"}\n",
                      status, statuses[http_status_place(status)].reason);
  int fields_size =
      snprintf(all, sizeof all, HTTP_JSON_FIELDS HTTP_NO_STORE "%s", fields);
  struct http_answer a = {.status = status,
                          .fields = all,
                          .fields_size = (size_t)fields_size,
                          .body = body,
                          .size = (uint64_t)size};
  http_reply(c, &a);
}

void http_refuse(struct http_client *c, int status) {
  c->leaving = true;
  http_reply_status(c, status, "");
}
