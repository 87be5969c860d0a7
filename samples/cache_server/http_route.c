/* SPDX-License-Identifier: MIT */
/* What there is to ask for:
 *
 *     /                  the page
 *     /countries         all, or those that q and fields choose
 *     /countries/CODE    one: a number, an alpha-2 or alpha-3 code in any case
 *     /metrics           for Prometheus
 *     /healthz           200 once the countries can be had, else 503
 */
#include "http_reply.h"
#include "http_target.h"
#include "page.h"

#include <string.h>

#define COUNTRIES "/countries"
#define COUNTRIES_SIZE (sizeof COUNTRIES - 1)
#define CODE_MAX 10u

/* ---- the data ---- */

/* The snapshot of a dictionary: the last one, or a new one. Borrows. */
static struct http_snapshot *snapshot_of(struct http *h,
                                         const struct country_dict *dict) {
  struct http_snapshot *made;
  if (h->snapshot && h->snapshot->dict == dict)
    return h->snapshot;
  if (http_snapshot_new(dict, &made) != 0)
    return NULL;
  http_snapshot_release(h->snapshot);
  h->snapshot = made;
  return made;
}

/* A part of the snapshot, or that it has not changed. */
static void reply_part(struct http_client *c, struct http_snapshot *s,
                       struct http_text body) {
  struct http_answer a = {.status = 200,
                          .fields = s->fields,
                          .fields_size = s->fields_size,
                          .body = body.data,
                          .size = body.size,
                          .snapshot = s};
  if (c->head.if_none_match.data &&
      http_snapshot_matches(s, c->head.if_none_match))
    a.status = 304;
  http_reply(c, &a);
}

/* ---- one country ---- */

static const country_t *find_number(const struct country_dict *dict,
                                    struct http_text code) {
  uint64_t number = 0;
  for (size_t i = 0; i < code.size; i++) {
    if (!http_is_digit(code.data[i]))
      return NULL;
    number = 10 * number + (unsigned char)code.data[i] - '0';
  }
  return number > INT32_MAX ? NULL : country_dict_by_numeric(dict, (int)number);
}

static const country_t *find(const struct country_dict *dict,
                             struct http_text code) {
  char upper[CODE_MAX];
  if (code.size == 0 || code.size > CODE_MAX)
    return NULL;
  if (http_is_digit(code.data[0]))
    return find_number(dict, code);
  for (size_t i = 0; i < code.size; i++) {
    char c = code.data[i];
    upper[i] = c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
  }
  return country_dict_by_alpha(dict, upper, code.size);
}

static void reply_country(struct http_client *c, struct http_snapshot *s,
                          struct http_text code) {
  const country_t *country = find(s->dict, code);
  if (!country) {
    http_reply_status(c, 404, "");
    return;
  }
  size_t row = (size_t)(country - country_dict_rows(s->dict));
  reply_part(c, s, http_snapshot_row(s, row));
}

/* ---- many ---- */

/* A search is begun here, and answered when it is measured. */
static void reply_countries(struct http_client *c, struct http_snapshot *s,
                            struct http_text query) {
  bool is_known = c->head.if_none_match.data &&
                  http_snapshot_matches(s, c->head.if_none_match);
  if (query.size == 0 || is_known) {
    reply_part(c, s, (struct http_text){s->json, s->size});
    return;
  }
  int status = http_search_new(s, query, &c->search);
  if (status != 0)
    http_reply_status(c, status == UV_EINVAL ? 400 : 503, "");
}

static void reply_data(struct http_client *c, const struct country_dict *dict,
                       const struct http_target *t) {
  struct http_snapshot *s = snapshot_of(c->http, dict);
  if (!s)
    http_reply_status(c, 503, "Retry-After: 1\r\n");
  else if (t->path.size == COUNTRIES_SIZE)
    reply_countries(c, s, t->query);
  else
    reply_country(c, s,
                  (struct http_text){t->path.data + COUNTRIES_SIZE + 1,
                                     t->path.size - COUNTRIES_SIZE - 1});
}

/* ---- the rest ---- */

static void reply_page(struct http_client *c) {
  struct http_text match = c->head.if_none_match;
  struct http_answer a = {.status = 200,
                          .fields = page_fields,
                          .fields_size = page_fields_size,
                          .body = page_html,
                          .size = page_html_size,
                          .is_static = true};
  if (match.size == page_etag_size &&
      memcmp(match.data, page_etag, match.size) == 0)
    a.status = 304;
  http_reply(c, &a);
}

static void reply_metrics(struct http_client *c) {
  static const char fields[] = "Content-Type: text/plain; version=0.0.4; "
                               "charset=utf-8\r\n" HTTP_NO_STORE;
  struct reply text;
  reply_init(&text);
  metrics_write(c->server, &text);
  struct http_answer a = {.status = 200,
                          .fields = fields,
                          .fields_size = sizeof fields - 1,
                          .body = text.data,
                          .size = text.size};
  if (text.status == 0)
    http_reply(c, &a);
  else
    http_reply_status(c, 503, "");
  reply_close(&text);
}

static void reply_health(struct http_client *c) {
  static const char fields[] = "Content-Type: text/plain\r\n" HTTP_NO_STORE;
  struct http_answer a = {.status = 200,
                          .fields = fields,
                          .fields_size = sizeof fields - 1,
                          .body = "ok\n",
                          .size = 3};
  http_reply(c, &a);
}

/* ---- the choice ---- */

enum place {
  PLACE_NONE,
  PLACE_COUNTRIES,
  PLACE_HEALTH,
  PLACE_METRICS,
  PLACE_PAGE
};

static enum place find_place(struct http_text path) {
  if (path.size >= COUNTRIES_SIZE &&
      memcmp(path.data, COUNTRIES, COUNTRIES_SIZE) == 0 &&
      (path.size == COUNTRIES_SIZE || path.data[COUNTRIES_SIZE] == '/'))
    return PLACE_COUNTRIES;
  if (path.size == 1)
    return PLACE_PAGE;
  if (path.size == 8 && memcmp(path.data, "/metrics", 8) == 0)
    return PLACE_METRICS;
  if (path.size == 8 && memcmp(path.data, "/healthz", 8) == 0)
    return PLACE_HEALTH;
  return PLACE_NONE;
}

/* The target as it lies in the input, where it may be decoded. */
static bool read_target(struct http_client *c, struct http_target *out) {
  char *target = c->in + (c->head.target.data - c->in);
  return http_target_read(out, target, c->head.target.size);
}

static void reply_at(struct http_client *c, enum place place) {
  switch (place) {
  case PLACE_PAGE:
    reply_page(c);
    break;
  case PLACE_METRICS:
    reply_metrics(c);
    break;
  default:
    http_reply_status(c, 404, "");
    break;
  }
}

/* With the data, or what it failed with. */
static void reply_with(struct http_client *c, vt_result_t loaded,
                       enum place place, const struct http_target *t) {
  if (loaded.status != 0)
    http_reply_status(c, 503, "Retry-After: 1\r\n");
  else if (place == PLACE_HEALTH)
    reply_health(c);
  else
    reply_data(c, loaded.value.p, t);
}

struct data_frame {
  vt_frame_t vt;
  struct http_client *c;
  enum place place;
  struct http_target target;
};

static vt_t data_body(void *frame) {
  struct data_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  VT_AWAIT(f, r, get_countries(server_countries(f->c->server)));
  reply_with(f->c, r, f->place, &f->target);
  VT_END(f);
}

vt_t http_route(struct http_client *c) {
  struct data_frame f = {.c = c};
  if (c->head.verb == HTTP_VERB_OTHER) {
    http_reply_status(c, 405, "Allow: GET, HEAD\r\n");
    return vt_done();
  }
  if (!read_target(c, &f.target)) {
    http_refuse(c, 400);
    return vt_done();
  }
  f.place = find_place(f.target.path);
  if (f.place != PLACE_COUNTRIES && f.place != PLACE_HEALTH) {
    reply_at(c, f.place);
    return vt_done();
  }
  countries_t *countries = server_countries(c->server);
  if (!countries_is_in_hand(countries))
    return vt_start(&f, data_body);
  reply_with(c, vt_get_result(get_countries(countries)), f.place, &f.target);
  return vt_done();
}
