/* SPDX-License-Identifier: MIT */
/* Usage: silent ADDRESS PORT
 * An address that does not answer, until the standard input ends: its queue is
 * full, so that the kernel drops who comes. It says "silent" when it is so. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VISITORS = 8 }; /* more than a queue of none takes */

int main(int argc, char **argv) {
  struct sockaddr_in addr = {.sin_family = AF_INET};
  const struct sockaddr *any = (const struct sockaddr *)&addr;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  char c;
  if (argc != 3 || inet_pton(AF_INET, argv[1], &addr.sin_addr) != 1)
    return 2;
  addr.sin_port = htons((uint16_t)atoi(argv[2]));
  if (bind(fd, any, sizeof addr) != 0 || listen(fd, 0) != 0)
    return 1;
  for (int i = 0; i < VISITORS; i++) {
    int visitor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (visitor < 0)
      return 1;
    (void)!connect(visitor, any, sizeof addr); /* it waits, mostly */
  }
  puts("silent");
  fflush(stdout);
  while (read(0, &c, 1) > 0)
    ;
  return 0;
}
