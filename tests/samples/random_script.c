/* SPDX-License-Identifier: MIT */
/* Makes scripts: up to eight requests, in one of three ways to write them; then
 * some are cut, or have bytes changed. */
#include "samples/random_script.h"

#include <stdio.h>
#include <string.h>

#define WORD_MAX 64
#define WORDS_MAX 8

struct word {
  char data[WORD_MAX];
  size_t size;
};

/* k a key, f a field, n a number, t a text; a capital is one to four of it. */
struct form {
  const char *name, *arguments;
};

static const struct form strings[] = {
    {"PING", ""},    {"PING", "t"},       {"ECHO", "t"}, {"SELECT", "z"},
    {"EXISTS", "K"}, {"GET", "k"},        {"GET", "k"},  {"MGET", "K"},
    {"STRLEN", "k"}, {"GETRANGE", "knn"}, {"TTL", "k"},  {"QUIT", ""},
};

static const struct form hashes[] = {
    {"PING", ""},    {"EXISTS", "K"},  {"HGET", "kf"}, {"HGETALL", "k"},
    {"HMGET", "kF"}, {"HLEN", "k"},    {"HKEYS", "k"}, {"HVALS", "k"},
    {"HGET", "kf"},  {"HGETALL", "k"}, {"TTL", "k"},
};

static const struct form *forms(enum script_kind kind, size_t *out_count) {
  bool text = kind == SCRIPT_STRINGS;
  *out_count =
      text ? sizeof strings / sizeof *strings : sizeof hashes / sizeof *hashes;
  return text ? strings : hashes;
}

const char *script_command(enum script_kind kind, size_t i) {
  size_t count;
  const struct form *all = forms(kind, &count);
  return i < count ? all[i].name : NULL;
}

/* ---- numbers and words ---- */

/* xorshift64*; the state is never zero. */
static uint32_t draw(struct script *s, uint32_t below) {
  s->state ^= s->state >> 12;
  s->state ^= s->state << 25;
  s->state ^= s->state >> 27;
  return (uint32_t)((s->state * 2685821657736338717u) >> 33) % below;
}

static bool one_in(struct script *s, uint32_t n) { return draw(s, n) == 0; }

#define PICK(s, list) ((list)[draw((s), sizeof(list) / sizeof *(list))])

static void set_word(struct word *w, const char *text) {
  w->size = strlen(text);
  memcpy(w->data, text, w->size);
}

static void any_bytes(struct script *s, struct word *w, uint32_t most) {
  static const char usual[] = "ab \r\n\t\"'\\*$0x:";
  w->size = draw(s, most);
  for (size_t i = 0; i < w->size; i++)
    w->data[i] = one_in(s, 3) ? (char)draw(s, 256) : PICK(s, usual);
}

static void make_key(struct script *s, struct word *w) {
  static const char *const keys[] = {
      "country:276", "country:DE", "country:DEU", "country:4",
      "country:AX",  "country:AQ", "country:840", "countries",
      "country:999", "country:de", "country:",    "Country:DE",
      "nothing",     "country:-4", "country:4x",  "country:2147483648"};
  if (one_in(s, 4))
    w->size =
        (size_t)snprintf(w->data, sizeof w->data, "country:%u", draw(s, 900));
  else if (one_in(s, 12))
    any_bytes(s, w, 12);
  else
    set_word(w, PICK(s, keys));
}

static void make_number(struct script *s, struct word *w) {
  static const char *const odd[] = {"x",
                                    "",
                                    "1.5",
                                    " 1",
                                    "9223372036854775807",
                                    "-9223372036854775808",
                                    "99999999999999999999"};
  if (one_in(s, 8))
    set_word(w, PICK(s, odd));
  else
    w->size =
        (size_t)snprintf(w->data, sizeof w->data, "%d", (int)draw(s, 40) - 20);
}

static void make_word(struct script *s, char type, struct word *w) {
  static const char *const fields[] = {"numeric", "alpha_2",       "alpha_3",
                                       "name",    "official_name", "flag",
                                       "capital", "NAME",          ""};
  if (type == 'k')
    make_key(s, w);
  else if (type == 'f')
    set_word(w, PICK(s, fields));
  else if (type == 'n')
    make_number(s, w);
  else if (type == 'z')
    set_word(w, "0");
  else
    any_bytes(s, w, 20);
}

/* ---- requests ---- */

static void add(struct script *s, const char *data, size_t size) {
  if (size > sizeof s->data - s->size)
    size = sizeof s->data - s->size;
  memcpy(s->data + s->size, data, size);
  s->size += size;
}

static size_t make_request(struct script *s, enum script_kind kind,
                           struct word *words) {
  size_t count = 1, all;
  const struct form *known = forms(kind, &all),
                    *form = &known[draw(s, (uint32_t)all)];
  set_word(&words[0], form->name);
  for (size_t i = 0; one_in(s, 3) && i < words[0].size; i++)
    words[0].data[i] = (char)(words[0].data[i] | 0x20);
  for (const char *a = form->arguments; *a; a++) {
    uint32_t times = *a < 'a' ? 1 + draw(s, 4) : 1;
    for (; times > 0; times--)
      make_word(s, (char)(*a | 0x20), &words[count++]);
  }
  if (one_in(s, 25)) /* one too many, or too few */
    make_word(s, 'k', &words[count++]);
  else if (one_in(s, 25) && count > 1)
    count--;
  if (one_in(s, 40))
    any_bytes(s, &words[0], 12);
  return count;
}

static void write_array(struct script *s, const struct word *words,
                        size_t count) {
  char head[32];
  add(s, head, (size_t)snprintf(head, sizeof head, "*%zu\r\n", count));
  for (size_t i = 0; i < count; i++) {
    add(s, head,
        (size_t)snprintf(head, sizeof head, "$%zu\r\n", words[i].size));
    add(s, words[i].data, words[i].size);
    add(s, "\r\n", 2);
  }
}

static bool is_plain(const struct word *w) {
  for (size_t i = 0; i < w->size; i++)
    if (w->data[i] <= ' ' || w->data[i] == '"' || w->data[i] == '\'')
      return false;
  return w->size > 0;
}

static void write_quoted(struct script *s, const struct word *w) {
  char hex[8];
  add(s, "\"", 1);
  for (size_t i = 0; i < w->size; i++)
    add(s, hex,
        (size_t)snprintf(hex, sizeof hex, "\\x%02x",
                         (unsigned char)w->data[i]));
  add(s, "\"", 1);
}

static void write_line(struct script *s, const struct word *words,
                       size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      add(s, one_in(s, 8) ? "\t" : " ", 1);
    if (is_plain(&words[i]))
      add(s, words[i].data, words[i].size);
    else
      write_quoted(s, &words[i]);
  }
  if (one_in(s, 3))
    add(s, "\n", 1);
  else
    add(s, "\r\n", 2);
}

static void add_request(struct script *s, enum script_kind kind) {
  struct word words[WORDS_MAX];
  size_t count = make_request(s, kind, words);
  if (one_in(s, 3))
    write_line(s, words, count);
  else
    write_array(s, words, count);
}

/* ---- what is spoiled ---- */

static void add_garbage(struct script *s) {
  static const char *const pieces[] = {
      "*",      "$",      "\r\n",   "\r",     "\n",      "1", "2",
      "4",      "0",      "-1",     "-2",     "PING",    " ", "GET",
      "\"",     "'",      "\\",     "x",      ":",       "+", "*1\r\n",
      "$4\r\n", "$1\r\n", "%1\r\n", "*0\r\n", "99999999"};
  for (uint32_t n = 1 + draw(s, 12); n > 0; n--) {
    const char *piece = PICK(s, pieces);
    char byte = (char)(one_in(s, 4) ? 0 : draw(s, 256));
    if (one_in(s, 8))
      add(s, &byte, 1);
    else
      add(s, piece, strlen(piece));
  }
}

static void spoil(struct script *s) {
  if (s->size == 0)
    return;
  size_t at = draw(s, (uint32_t)s->size);
  switch (draw(s, 4)) {
  case 0:
    s->size = at;
    break;
  case 1:
    s->data[at] = (char)draw(s, 256);
    break;
  case 2:
    s->data[at] = (char)(s->data[at] ^ (1 << draw(s, 7)));
    break;
  default:
    memmove(s->data + at, s->data + at + 1, s->size - at - 1);
    s->size--;
  }
}

void script_make(struct script *s, uint64_t seed, enum script_kind kind) {
  s->size = 0;
  s->state = (seed + 1) * 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 8; i++)
    draw(s, 2);
  for (uint32_t n = 1 + draw(s, 8); n > 0; n--)
    if (one_in(s, 12))
      add_garbage(s);
    else
      add_request(s, kind);
  for (uint32_t n = one_in(s, 2) ? draw(s, 3) : 0; n > 0; n--)
    spoil(s);
}
