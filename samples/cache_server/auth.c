/* SPDX-License-Identifier: MIT */
/* Reads, compares and forgets a password. */
#include "auth.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define DELAY_FIRST_MS 100u
#define DELAY_DOUBLINGS 5u

/* Zero bytes stand behind the password, so that a guess can be compared with
 * all of it, whatever the length of either. */
struct auth {
  size_t size;
  unsigned char password[AUTH_MAX];
};

/* Volatile: the compiler must not leave it out before a free. */
static void wipe(void *memory, size_t size) {
  volatile unsigned char *byte = memory;
  for (size_t i = 0; i < size; i++)
    byte[i] = 0;
}

/* As much of a file as fits. The count, or the status. */
static int read_file(const char *path, char *to, size_t size) {
  uv_fs_t req;
  uv_buf_t buf = uv_buf_init(to, (unsigned)size);
  int file = uv_fs_open(NULL, &req, path, UV_FS_O_RDONLY, 0, NULL);
  uv_fs_req_cleanup(&req);
  if (file < 0)
    return file;
  int count = uv_fs_read(NULL, &req, file, &buf, 1, 0, NULL);
  uv_fs_req_cleanup(&req);
  uv_fs_close(NULL, &req, file, NULL);
  uv_fs_req_cleanup(&req);
  return count;
}

/* The bytes before the line end. */
static size_t first_line(const char *text, size_t size) {
  const char *end = memchr(text, '\n', size);
  if (end)
    size = (size_t)(end - text);
  if (size > 0 && text[size - 1] == '\r')
    size--;
  return size;
}

int auth_read(const char *path, struct auth **out) {
  char text[AUTH_MAX + 3]; /* a line that is too long shows as such */
  int count = read_file(path, text, sizeof text);
  if (count < 0)
    return count;
  size_t size = first_line(text, (size_t)count);
  bool good = size > 0 && size <= AUTH_MAX && !memchr(text, '\0', size);
  struct auth *a = good ? calloc(1, sizeof *a) : NULL;
  if (a) {
    a->size = size;
    memcpy(a->password, text, size);
    *out = a;
  }
  wipe(text, sizeof text);
  return a ? 0 : good ? UV_ENOMEM : UV_EINVAL;
}

void auth_free(struct auth *a) {
  if (!a)
    return;
  wipe(a, sizeof *a);
  free(a);
}

bool auth_is(const struct auth *a, const char *guess, size_t size) {
  unsigned char padded[AUTH_MAX] = {0};
  volatile unsigned char differs = size != a->size;
  memcpy(padded, guess, size < AUTH_MAX ? size : AUTH_MAX);
  for (size_t i = 0; i < AUTH_MAX; i++)
    differs = (unsigned char)(differs | (padded[i] ^ a->password[i]));
  wipe(padded, sizeof padded);
  return differs == 0;
}

uint64_t auth_delay_ms(unsigned failures) {
  unsigned doublings = failures > 1 ? failures - 1 : 0;
  if (doublings > DELAY_DOUBLINGS)
    doublings = DELAY_DOUBLINGS;
  return (uint64_t)DELAY_FIRST_MS << doublings;
}
