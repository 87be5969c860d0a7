/* SPDX-License-Identifier: MIT */
/* Asks over HTTP, where a wrong answer is said and not asserted. */
#ifndef VT_TEST_HTTP_ASK_H
#define VT_TEST_HTTP_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* The last answer, head and body; a string. */
struct http_asked {
  size_t size;
  char text[256 * 1024];
};

/* Sends a request and reads its answer: true when it has this word (abuse.h)
 * and this text in it; else it says on stderr what came. */
bool http_ask_says(struct http_asked *got, int fd, const char *request,
                   const char *word, const char *text);

/* The same with the ETag of the last answer, which has not changed since. */
bool http_ask_again(struct http_asked *got, int fd, const char *target);

#endif
