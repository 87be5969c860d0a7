/* SPDX-License-Identifier: MIT */
/* Inline commands: a line of words, with Redis' rules of quoting. */
#ifndef INLINE_H
#define INLINE_H

#include "resp.h"

enum inline_word { INLINE_WORD, INLINE_END, INLINE_UNBALANCED };

/* Takes the next word of the line at *at, which ends at end, and unquotes it in
 * place; gives it in out. Moves *at behind it. "..." knows \n \r \t \b \a \xHH
 * and \ before anything else, '...' knows \' only; a closing quote must end the
 * word. */
enum inline_word inline_next(char **at, char *end, struct resp_slice *out);

/* True for words that begin an HTTP request or are one of its headers: somebody
 * talks another protocol through a browser (Redis closes these too). */
bool inline_is_http(const struct resp_slice *argv, size_t argc);

#endif
