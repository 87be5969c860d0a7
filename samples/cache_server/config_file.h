/* SPDX-License-Identifier: MIT */
/* A file of settings: lines "name value". The value is the rest of the line
 * without the blanks around it. Empty lines, and those that begin with #, are
 * passed over. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <stddef.h>

#define CONFIG_FILE_MAX ((size_t)1024 * 1024)

/* Borrowed from the text. value: "" when there is none. */
struct config_line {
  size_t number; /* from 1 */
  char *name;
  char *value;
};

/* Reads a file whole; gives its text in *out (free). The errors of open(2) and
 * read(2), UV_ENOMEM, UV_EFBIG above CONFIG_FILE_MAX, UV_EILSEQ for a zero byte
 * in it. Blocks. */
int config_file_read(const char *path, char **out);

/* Calls on_line for each setting, which it cuts out of text in place, until it
 * returns something else than 0; returns that. */
int config_file_each(char *text,
                     int (*on_line)(void *state,
                                    const struct config_line *line),
                     void *state);

#endif
