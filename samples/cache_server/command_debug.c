/* SPDX-License-Identifier: MIT */
/* DEBUG PROTOCOL: a reply of each type, for those who write a client. */
#include "command.h"

#include <string.h>

static void reply_string(struct reply *r) {
  reply_bulk_string(r, "Hello World");
}

static void reply_number(struct reply *r) { reply_integer(r, 12345); }

static void reply_fraction(struct reply *r) { reply_double(r, 3.141); }

static void reply_numbers(struct reply *r) {
  for (int i = 0; i < 3; i++)
    reply_integer(r, i);
}

static void reply_list(struct reply *r) {
  reply_array(r, 3);
  reply_numbers(r);
}

static void reply_members(struct reply *r) {
  reply_set(r, 3);
  reply_numbers(r);
}

static void reply_pairs(struct reply *r) {
  reply_map(r, 3);
  for (int i = 0; i < 3; i++) {
    reply_integer(r, i);
    reply_boolean(r, i == 1);
  }
}

/* RESP2 has nothing that comes unasked. */
static void reply_unasked(struct reply *r) {
  if (!r->resp3) {
    reply_error(r, "ERR RESP2 is not supported by this command");
    return;
  }
  reply_push(r, 2);
  reply_bulk_string(r, "server-cpu-usage");
  reply_integer(r, 42);
  reply_bulk_string(r, "Some real reply following the push reply");
}

static void reply_verbatim(struct reply *r) {
  static const char text[] = "This is a verbatim\nstring";
  reply_text(r, text, sizeof text - 1);
}

static void reply_true(struct reply *r) { reply_boolean(r, true); }

static void reply_false(struct reply *r) { reply_boolean(r, false); }

struct type {
  const char *name;
  void (*reply)(struct reply *r);
};

static const struct type types[] = {
    {"string", reply_string},     {"integer", reply_number},
    {"double", reply_fraction},   {"null", reply_null},
    {"array", reply_list},        {"set", reply_members},
    {"map", reply_pairs},         {"push", reply_unasked},
    {"verbatim", reply_verbatim}, {"true", reply_true},
    {"false", reply_false},
};

void command_debug_protocol(struct client *c, const struct country_dict *dict) {
  (void)dict;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (command_is(&c->parser.argv[2], types[i].name)) {
      types[i].reply(&c->reply);
      return;
    }
  }
  reply_error(&c->reply,
              "ERR Wrong protocol type name. Please use one of the following: "
              "string|integer|double|null|array|set|map|push|verbatim|true|"
              "false");
}
