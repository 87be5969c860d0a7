/* SPDX-License-Identifier: MIT */
/* Values from text and back. */
#include "option_value.h"

#include <stdio.h>
#include <string.h>

struct unit {
  const char *name;
  uint64_t factor;
};

/* The last of those that divide a number describes it best. */
static const struct unit times[] = {
    {"ms", 1}, {"", 1000}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
static const struct unit sizes[] = {{"", 1},
                                    {"k", (uint64_t)1 << 10},
                                    {"m", (uint64_t)1 << 20},
                                    {"g", (uint64_t)1 << 30}};
static const struct unit plain[] = {{"", 1}};

static const struct unit *units_of(enum option_type type, size_t *out_count) {
  switch (type) {
  case OPTION_TIME:
    *out_count = sizeof times / sizeof *times;
    return times;
  case OPTION_SIZE:
    *out_count = sizeof sizes / sizeof *sizes;
    return sizes;
  default:
    *out_count = 1;
    return plain;
  }
}

/* Digits of a base up to *text's end or a unit. False without digits, and when
 * they are more than 64 bits hold. */
static bool read_digits(const char **text, unsigned base, uint64_t *out) {
  const char *at = *text;
  uint64_t number = 0;
  for (; *at >= '0' && *at < (char)('0' + base); at++) {
    unsigned digit = (unsigned)(*at - '0');
    if (number > (UINT64_MAX - digit) / base)
      return false;
    number = number * base + digit;
  }
  if (at == *text)
    return false;
  *text = at;
  *out = number;
  return true;
}

static bool read_number(const struct option *o, const char *text,
                        uint64_t *out) {
  size_t count;
  uint64_t number;
  const struct unit *units = units_of(o->type, &count);
  if (!read_digits(&text, o->type == OPTION_MODE ? 8 : 10, &number))
    return false;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(text, units[i].name) != 0)
      continue;
    if (number > UINT64_MAX / units[i].factor)
      return false;
    *out = number * units[i].factor;
    return *out >= o->min && *out <= o->max;
  }
  return false;
}

/* The place has the size of one of these. */
static void store(const struct option *o, uint64_t number, void *to) {
  uint32_t narrow = (uint32_t)number;
  if (o->size == sizeof narrow)
    memcpy(to, &narrow, sizeof narrow);
  else
    memcpy(to, &number, sizeof number);
}

static bool set_choice(const struct option *o, const char *text, bool *to) {
  size_t first = strcspn(o->argument, "|");
  if (strlen(text) == first && strncmp(text, o->argument, first) == 0)
    *to = false;
  else if (strcmp(text, o->argument + first + 1) == 0)
    *to = true;
  else
    return false;
  return true;
}

bool option_set(const struct option *o, const char *text, void *to) {
  uint64_t number;
  if (o->type == OPTION_TEXT) {
    memcpy(to, &text, sizeof text);
    return true;
  }
  if (o->type == OPTION_CHOICE)
    return set_choice(o, text, to);
  if (!read_number(o, text, &number))
    return false;
  store(o, number, to);
  return true;
}

/* A number with the largest unit that divides it. */
static void show(const struct option *o, uint64_t number, char *out,
                 size_t size) {
  size_t count, best = 0;
  const struct unit *units = units_of(o->type, &count);
  for (size_t i = 1; i < count && number > 0; i++)
    if (number % units[i].factor == 0)
      best = i;
  if (o->type == OPTION_MODE)
    snprintf(out, size, "%llo", (unsigned long long)number);
  else
    snprintf(out, size, "%llu%s",
             (unsigned long long)(number / units[best].factor),
             units[best].name);
}

void option_describe(const struct option *o, char *out, size_t size) {
  static const char *const words[] = {[OPTION_NUMBER] = "a number",
                                      [OPTION_SIZE] = "a size",
                                      [OPTION_TIME] = "a time",
                                      [OPTION_MODE] = "a mode"};
  char min[32], max[32];
  if (o->type == OPTION_TEXT || o->type == OPTION_CHOICE) {
    snprintf(out, size, "%s", o->argument);
    return;
  }
  show(o, o->min, min, sizeof min);
  show(o, o->max, max, sizeof max);
  snprintf(out, size, "%s from %s to %s", words[o->type], min, max);
}
