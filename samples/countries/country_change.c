/* SPDX-License-Identifier: MIT */
/* What a country must be like, and requests that outlive their caller. */
#include "country_change.h"
#include "country_key.h"
#include "utf8.h"

#include <stdlib.h>
#include <string.h>
#include <vt.h>

static bool is_code(const char *text, size_t letters) {
  size_t size = text ? strlen(text) : 0;
  return size == 0 || (size == letters && country_key_alpha(text, size) != 0);
}

const char *country_change_check(const struct country_change *change) {
  const char *const *texts = change->texts;
  for (size_t i = 0; i < COUNTRY_TEXTS; i++)
    if (texts[i] && !utf8_is_valid(texts[i]))
      return "text that is not UTF-8";
  if (change->numeric < 1)
    return "numeric is not a number from 1 to 2147483647";
  if (!is_code(texts[COUNTRY_ALPHA_2], 2))
    return "alpha_2 is not two upper-case letters";
  if (!is_code(texts[COUNTRY_ALPHA_3], 3))
    return "alpha_3 is not three upper-case letters";
  if (texts[COUNTRY_NAME] && !texts[COUNTRY_NAME][0])
    return "name is empty";
  return NULL;
}

/* ---- what was found ---- */

static void free_name(void *block) {
  struct country_found *found = block;
  free(found->name);
}

struct country_found *country_found_new(void) {
  void *block = NULL;
  vt_counted_new(sizeof(struct country_found), free_name, &block);
  return block;
}

int country_found_name(struct country_found *found, const char *name) {
  size_t size = name ? strlen(name) + 1 : 1;
  char *copy = malloc(size);
  if (!copy)
    return UV_ENOMEM;
  memcpy(copy, name ? name : "", size);
  free(found->name); /* of a try before */
  found->name = copy;
  return 0;
}

bool country_found_lets(struct country_found *found, enum country_when when,
                        bool is_there) {
  bool lets = when == COUNTRY_ALWAYS || (when == COUNTRY_IF_THERE) == is_there;
  if (found) {
    found->was_there = is_there;
    found->done = lets;
  }
  return lets;
}

/* ---- requests ---- */

static size_t text_size(const char *text) {
  return text ? strlen(text) + 1 : 0;
}

/* Copies a text, if it is one, to where *end is. */
static const char *put_text(char **end, const char *text) {
  size_t size = text_size(text);
  char *copy = *end;
  if (size == 0)
    return NULL;
  memcpy(copy, text, size);
  *end += size;
  return copy;
}

/* The numbers follow the struct, the texts follow them. */
struct country_request *
country_request_copy(const struct country_request *request) {
  size_t numbers = request->count * sizeof *request->numerics;
  size_t size = sizeof *request + numbers + text_size(request->csv_path);
  for (size_t i = 0; i < COUNTRY_TEXTS; i++)
    size += text_size(request->change.texts[i]);
  struct country_request *copy = malloc(size);
  if (!copy)
    return NULL;
  *copy = *request;
  vt_counted_retain(copy->found);
  copy->numerics = (const int *)(const void *)(copy + 1);
  char *end = (char *)(copy + 1) + numbers;
  if (numbers)
    memcpy(copy + 1, request->numerics, numbers);
  copy->csv_path = put_text(&end, request->csv_path);
  for (size_t i = 0; i < COUNTRY_TEXTS; i++)
    copy->change.texts[i] = put_text(&end, request->change.texts[i]);
  return copy;
}

void country_request_free(struct country_request *request) {
  if (request)
    vt_counted_release(request->found);
  free(request);
}
