/* SPDX-License-Identifier: MIT */
/* Heads whose fields are known: only the request line is read. */
#include "http_head.h"

#include <string.h>

#define BEGIN "GET /"
#define BEGIN_SIZE (sizeof BEGIN - 1)
#define END " HTTP/1.1\r\n"
#define END_SIZE (sizeof END - 1)
/* Of the target, so that the line is not too long. */
#define TARGET_MAX (HTTP_LINE_MAX - (BEGIN_SIZE - 1) - (END_SIZE - 2))

void http_memo_keep(struct http_memo *m, const struct http_head *head,
                    const char *data, size_t size) {
  size_t line = (size_t)(head->target.data - data) + head->target.size;
  size_t fields = line + END_SIZE;
  if (head->verb != HTTP_VERB_GET || head->is_old || head->is_chunked ||
      head->length > 0 || head->if_none_match.data ||
      size - fields > sizeof m->fields)
    return;
  m->size = size - fields;
  memcpy(m->fields, data + fields, m->size);
  m->head = *head;
}

size_t http_memo_read(const struct http_memo *m, struct http_head *out,
                      const char *data, size_t size) {
  const char *target = data + BEGIN_SIZE - 1;
  size_t n = 1;
  if (m->size == 0 || size < BEGIN_SIZE + END_SIZE + m->size ||
      memcmp(data, BEGIN, BEGIN_SIZE) != 0)
    return 0;
  size_t most = size - (BEGIN_SIZE - 1) - END_SIZE - m->size;
  while (n < most && target[n] > ' ' && target[n] < 0x7f)
    n++;
  if (n > TARGET_MAX || memcmp(target + n, END, END_SIZE) != 0 ||
      memcmp(target + n + END_SIZE, m->fields, m->size) != 0)
    return 0;
  *out = m->head;
  out->method = (struct http_text){data, 3};
  out->target = (struct http_text){target, n};
  return BEGIN_SIZE - 1 + n + END_SIZE + m->size;
}
