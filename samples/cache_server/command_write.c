/* SPDX-License-Identifier: MIT */
/* SET, HSET, HMSET, DEL, UNLINK: written to the database, then the caches of
 * all loops load again; so who has its reply sees what it wrote, here and on
 * every other connection.
 *
 * Only countries are written. SET gives one its name, HSET any of its fields;
 * one that is not there yet comes by its number. What NX, XX, GET and DEL find
 * is what the database has when it does the write, whatever the cache says; a
 * code stands for the number that the cache has for it. */
#include <stdio.h>
#include <stdlib.h>

#include "command_key.h"

#define NOT_WRITTEN "ERR only keys country:NUMBER can be written"
#define NO_EXPIRY "ERR countries do not expire"
#define NAME_TEXT 2 /* of country_change's texts */

/* What SET is asked. */
struct set_options {
  bool only_new, only_old; /* NX, XX */
  bool tell;               /* GET */
};

struct write_frame {
  vt_frame_t vt;
  struct client *c;
  const struct country_dict *dict; /* retained while keys are looked up */
  struct country_found *found;     /* NULL: no matter */
  bool cached;   /* the cache has the country that may be written */
  bool doubtful; /* UV_EINVAL is the client's fault, not the database's */
  struct set_options options;
  size_t next, count;
  int *numerics;
};

/* ---- the change ---- */

/* A change and its texts in one block. */
struct change {
  struct country_change change;
  char text[];
};

/* NULL: out of memory. Room for texts of size bytes with their zeros. */
static struct change *change_new(int numeric, size_t size) {
  struct change *change = malloc(sizeof *change + size);
  if (change)
    change->change = (struct country_change){.numeric = numeric};
  return change;
}

/* Adds a text at *at, and moves that behind it. */
static void change_add(struct change *change, size_t text, char **at,
                       const struct resp_slice *value) {
  memcpy(*at, value->data, value->size);
  (*at)[value->size] = '\0';
  change->change.texts[text] = *at;
  *at += value->size + 1;
}

/* Frees the change, which the database has copied. */
static vt_t change_write(struct write_frame *f, struct change *change,
                         enum country_when when) {
  f->doubtful = !change->change.texts[NAME_TEXT] ||
                country_change_check(&change->change) != NULL;
  vt_t written = countries_write_if(f->c->server->countries, &change->change,
                                    when, f->found);
  free(change);
  return written;
}

/* Nothing was written, and the cache has said so. */
static bool is_unchanged(const struct write_frame *f) {
  return f->found && !f->found->done && f->found->was_there == f->cached;
}

/* What has failed has mostly changed nothing, and may have been refused as the
 * database is not well: what is loaded stays then. */
static void note_change(const struct write_frame *f, int64_t status) {
  if (status == 0 && !is_unchanged(f))
    server_invalidate(f->c->server);
}

/* ---- errors ---- */

static void reply_failure(struct write_frame *f, int64_t status) {
  struct client *c = f->c;
  if (status == UV_EEXIST) {
    reply_error(&c->reply, "ERR another country has that code");
  } else if (status == UV_EINVAL && f->doubtful) {
    reply_error(&c->reply,
                "ERR not a country: a new one needs a name, codes are of "
                "two and three letters, texts are UTF-8");
  } else {
    reply_error_begin(&c->reply);
    reply_error_text(&c->reply, "ERR the database did not take it: ");
    reply_error_text(&c->reply, vt_strerror(status));
    reply_error_end(&c->reply);
  }
}

/* The number of the country that a key names: one that is there, or a new one.
 * -1 with the error added. */
static int writable(struct client *c, const struct country_dict *dict,
                    const struct resp_slice *key) {
  const country_t *country = key_find(dict, key);
  int numeric = country ? country->numeric : key_number(key);
  if (numeric < 0)
    reply_error(&c->reply, NOT_WRITTEN);
  return numeric;
}

/* False with the error added. */
static bool is_text(struct client *c, const struct resp_slice *value) {
  if (!memchr(value->data, '\0', value->size))
    return true;
  reply_error(&c->reply, "ERR a country's text has no zero bytes");
  return false;
}

/* ---- SET ---- */

/* NULL, or what is wrong with a time to live; all good ones are refused. */
static const char *read_expiry(const struct resp_slice *value) {
  int64_t time;
  if (!command_integer(value, &time))
    return COMMAND_NOT_INTEGER;
  if (time <= 0 || time > INT64_MAX / 1000)
    return "ERR invalid expire time in 'set' command";
  return NO_EXPIRY;
}

static bool is_expiry(const struct resp_slice *option) {
  return command_is(option, "ex") || command_is(option, "px") ||
         command_is(option, "exat") || command_is(option, "pxat");
}

/* NULL, or what is wrong. */
static const char *read_options(const struct resp_parser *p,
                                struct set_options *o) {
  const struct resp_slice *expiry = NULL;
  bool keeps = false;
  for (size_t i = 3; i < p->argc; i++) {
    const struct resp_slice *option = &p->argv[i];
    if (command_is(option, "nx"))
      o->only_new = true;
    else if (command_is(option, "xx"))
      o->only_old = true;
    else if (command_is(option, "get"))
      o->tell = true;
    else if (command_is(option, "keepttl"))
      keeps = true;
    else if (is_expiry(option) && !expiry && i + 1 < p->argc)
      expiry = &p->argv[++i];
    else
      return COMMAND_SYNTAX;
  }
  if ((o->only_new && o->only_old) || (keeps && expiry))
    return COMMAND_SYNTAX;
  return expiry ? read_expiry(expiry) : NULL;
}

static enum country_when when_of(const struct set_options *o) {
  if (o->only_new)
    return COUNTRY_IF_NEW;
  return o->only_old ? COUNTRY_IF_THERE : COUNTRY_ALWAYS;
}

/* Writes the name. */
static vt_t set_name(struct write_frame *f, int numeric) {
  const struct resp_slice *value = &f->c->parser.argv[2];
  bool asks = when_of(&f->options) != COUNTRY_ALWAYS || f->options.tell;
  f->found = asks ? country_found_new() : NULL;
  if (asks && !f->found)
    return vt_failed(UV_ENOMEM);
  struct change *change = change_new(numeric, value->size + 1);
  char *at;
  if (!change)
    return vt_failed(UV_ENOMEM);
  at = change->text;
  change_add(change, NAME_TEXT, &at, value);
  return change_write(f, change, when_of(&f->options));
}

static void reply_written(struct write_frame *f) {
  const struct country_found *found = f->found;
  if (found && f->options.tell && found->was_there)
    reply_bulk_string(&f->c->reply, found->name);
  else if (found && (f->options.tell || !found->done))
    reply_null(&f->c->reply);
  else
    reply_simple(&f->c->reply, "OK");
}

/* The number to write; -1 with the reply added when there is nothing to. */
static int begin_set(struct write_frame *f, const struct country_dict *dict) {
  const struct resp_slice *argv = f->c->parser.argv;
  const char *wrong = read_options(&f->c->parser, &f->options);
  if (wrong) {
    reply_error(&f->c->reply, wrong);
    return -1;
  }
  int numeric = writable(f->c, dict, &argv[1]);
  if (numeric < 0 || !is_text(f->c, &argv[2]))
    return -1;
  f->cached = country_dict_by_numeric(dict, numeric) != NULL;
  return numeric;
}

static vt_t set_body(void *frame) {
  struct write_frame *f = frame;
  vt_result_t r;
  int numeric;
  VT_BEGIN(f);
  VT_AWAIT(f, r, get_countries(server_countries(f->c->server)));
  if (r.status != 0) {
    command_not_loaded(f->c, r.status);
    VT_RETURN(f, vt_done());
  }
  numeric = begin_set(f, country_dict_value(r));
  if (numeric < 0)
    VT_RETURN(f, vt_done());
  VT_AWAIT(f, r, set_name(f, numeric));
  note_change(f, r.status);
  if (r.status != 0)
    reply_failure(f, r.status);
  else
    reply_written(f);
  VT_FINALLY(f);
  vt_counted_release(f->found);
  VT_END(f);
}

vt_t command_set(struct client *c) {
  struct write_frame f = {.c = c};
  return vt_start(&f, set_body);
}

/* ---- HSET, HMSET ---- */

/* The fields and values of the request, checked. False with the error added. */
static bool are_fields(struct client *c, int numeric, size_t *out_size) {
  const struct resp_parser *p = &c->parser;
  int64_t number;
  *out_size = 0;
  for (size_t i = 2; i < p->argc; i += 2) {
    size_t place = key_field(&p->argv[i]);
    if (place == KEY_FIELDS) {
      command_error_with(c, "ERR a country has no field '", &p->argv[i], "'");
      return false;
    }
    if (place == 0 &&
        (!command_integer(&p->argv[i + 1], &number) || number != numeric)) {
      reply_error(&c->reply, "ERR a country keeps its number");
      return false;
    }
    if (!is_text(c, &p->argv[i + 1]))
      return false;
    *out_size += p->argv[i + 1].size + 1;
  }
  return true;
}

/* Writes the fields. */
static vt_t set_fields(struct write_frame *f, int numeric, size_t size) {
  const struct resp_parser *p = &f->c->parser;
  struct change *change = change_new(numeric, size);
  char *at;
  if (!change)
    return vt_failed(UV_ENOMEM);
  at = change->text;
  for (size_t i = 2; i < p->argc; i += 2) {
    size_t place = key_field(&p->argv[i]);
    if (place > 0)
      change_add(change, place - 1, &at, &p->argv[i + 1]);
  }
  return change_write(f, change, COUNTRY_ALWAYS);
}

/* Fields that were not there: a country that is has all of them. */
static int64_t count_fields(const struct resp_parser *p) {
  unsigned seen = 0;
  int64_t count = 0;
  for (size_t i = 2; i < p->argc; i += 2)
    seen |= 1u << key_field(&p->argv[i]);
  for (; seen; seen &= seen - 1)
    count++;
  return count;
}

static vt_t hset_body(void *frame) {
  struct write_frame *f = frame;
  const struct resp_parser *p = &f->c->parser;
  vt_result_t r;
  int numeric;
  size_t size;
  VT_BEGIN(f);
  VT_AWAIT(f, r, get_countries(server_countries(f->c->server)));
  if (r.status != 0) {
    command_not_loaded(f->c, r.status);
    VT_RETURN(f, vt_done());
  }
  numeric = writable(f->c, country_dict_value(r), &p->argv[1]);
  if (numeric < 0 || !are_fields(f->c, numeric, &size))
    VT_RETURN(f, vt_done());
  VT_AWAIT(f, r, set_fields(f, numeric, size));
  note_change(f, r.status);
  if (r.status != 0)
    reply_failure(f, r.status);
  else if (p->argv[0].size == 5) /* HMSET */
    reply_simple(&f->c->reply, "OK");
  else
    reply_integer(&f->c->reply, r.value.u == 1 ? count_fields(p) : 0);
  VT_END(f);
}

vt_t command_hset(struct client *c) {
  struct write_frame f = {.c = c};
  if (c->parser.argc % 2 == 0)
    return vt_start(&f, hset_body);
  command_wrong_arity(c, c->session.command->name);
  return vt_done();
}

/* ---- DEL, UNLINK ---- */

/* One key more; false with the error added. */
static bool take_key(struct write_frame *f, const struct country_dict *dict) {
  const struct resp_slice *key = &f->c->parser.argv[f->next++];
  const country_t *country = key_find(dict, key);
  int numeric = country ? country->numeric : key_number(key);
  f->c->budget -= KEY_COST;
  if (numeric >= 0) {
    f->numerics[f->count++] = numeric;
  } else if (key_is_all(key)) {
    reply_error(&f->c->reply, NOT_WRITTEN);
    return false;
  }
  return true;
}

static vt_t del_body(void *frame) {
  struct write_frame *f = frame;
  vt_result_t r;
  VT_BEGIN(f);
  f->numerics = malloc(f->c->parser.argc * sizeof *f->numerics);
  if (!f->numerics)
    VT_RETURN(f, vt_failed(UV_ENOMEM));
  VT_AWAIT(f, r, get_countries(server_countries(f->c->server)));
  if (r.status != 0) {
    command_not_loaded(f->c, r.status);
    VT_RETURN(f, vt_done());
  }
  f->dict = countries_retain(country_dict_value(r));
  for (f->next = 1; f->next < f->c->parser.argc;) {
    if (!take_key(f, f->dict))
      VT_RETURN(f, vt_done());
    VT_TRY(f, client_take_turns(f->c));
  }
  if (f->count == 0) {
    reply_integer(&f->c->reply, 0);
    VT_RETURN(f, vt_done());
  }
  VT_AWAIT(f, r,
           countries_remove(f->c->server->countries, f->numerics, f->count));
  note_change(f, r.status);
  if (r.status != 0)
    reply_failure(f, r.status);
  else
    reply_integer(&f->c->reply, (int64_t)r.value.u);
  VT_FINALLY(f);
  countries_release(f->dict);
  free(f->numerics);
  VT_END(f);
}

vt_t command_del(struct client *c) {
  struct write_frame f = {.c = c};
  return vt_start(&f, del_body);
}
