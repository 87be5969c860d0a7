/* SPDX-License-Identifier: MIT */
/* Reads a file of settings, with plain blocking calls: nothing serves yet. */
#include "config_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vt.h>

static int read_all(FILE *file, char **out) {
  char *text = malloc(CONFIG_FILE_MAX + 1);
  if (!text)
    return UV_ENOMEM;
  errno = 0;
  size_t size = fread(text, 1, CONFIG_FILE_MAX + 1, file);
  int status = ferror(file) ? uv_translate_sys_error(errno) : 0;
  if (size > CONFIG_FILE_MAX)
    status = UV_EFBIG;
  else if (memchr(text, '\0', size))
    status = UV_EILSEQ;
  else
    text[size] = '\0';
  if (status != 0) {
    free(text);
    return status;
  }
  char *fitting = realloc(text, size + 1);
  *out = fitting ? fitting : text;
  return 0;
}

int config_file_read(const char *path, char **out) {
  FILE *file = fopen(path, "re");
  if (!file)
    return uv_translate_sys_error(errno);
  int status = read_all(file, out);
  fclose(file);
  return status;
}

static char *trim(char *text) {
  static const char blanks[] = " \t\r";
  text += strspn(text, blanks);
  size_t size = strlen(text);
  while (size > 0 && strchr(blanks, text[size - 1]))
    size--;
  text[size] = '\0';
  return text;
}

int config_file_each(char *text,
                     int (*on_line)(void *state,
                                    const struct config_line *line),
                     void *state) {
  struct config_line line = {0};
  int status = 0;
  while (text && status == 0) {
    char *end = strchr(text, '\n');
    if (end)
      *end = '\0';
    line.number++;
    line.name = trim(text);
    text = end ? end + 1 : NULL;
    if (*line.name == '\0' || *line.name == '#')
      continue;
    line.value = line.name + strcspn(line.name, " \t");
    if (*line.value)
      *line.value++ = '\0';
    line.value = trim(line.value);
    status = on_line(state, &line);
  }
  return status;
}
