/* SPDX-License-Identifier: MIT */
/* Asks over HTTP, one request after the other. */
#include "samples/http_ask.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "samples/abuse.h"
#include "support/net.h"

/* Nothing may come behind the answer. */
static bool read_answer(struct http_asked *got, int fd, bool bodiless,
                        char word[ABUSE_WORD]) {
  size_t used = 0;
  got->size = 0;
  while (used == 0) {
    ssize_t n =
        recv(fd, got->text + got->size, sizeof got->text - 1 - got->size, 0);
    if (n <= 0)
      return false;
    got->size += (size_t)n;
    got->text[got->size] = '\0';
    used = abuse_answer(got->text, got->size, bodiless, word);
  }
  return used == got->size;
}

bool http_ask_says(struct http_asked *got, int fd, const char *request,
                   const char *word, const char *text) {
  char found[ABUSE_WORD] = "";
  bool good = net_send(fd, request, strlen(request)) &&
              read_answer(got, fd, *word == 'H', found) &&
              strcmp(found, word) == 0 && strstr(got->text, text);
  if (!good)
    fprintf(stderr, "sent: %.100s\nwanted: %s with %.100s\ngot %s: %.300s\n",
            request, word, text, found, got->size ? got->text : "nothing");
  return good;
}

bool http_ask_again(struct http_asked *got, int fd, const char *target) {
  char request[256], tag[64] = "";
  const char *at = strstr(got->text, "\r\nETag: ");
  if (!at || sscanf(at, "\r\nETag: %63[^\r]", tag) != 1)
    return false;
  snprintf(request, sizeof request,
           "GET %s HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\n", target,
           tag);
  return http_ask_says(got, fd, request, "304 ", tag);
}
