/* SPDX-License-Identifier: MIT */
/* What systemd does for a service, for tests of it:
 *
 *     activate NAME[:NAME...] PROGRAM [ARGUMENT...]
 *
 * Makes a listening socket of 127.0.0.1 for each name, a socket to be notified
 * at, and starts the program with them. Prints "NAME PORT" for each, what it is
 * told, and "exit STATUS" when the program has ended. Passes SIGTERM on. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_FD 3

static volatile sig_atomic_t child;

static void pass_on(int number) {
  if (child > 0)
    kill((pid_t)child, number);
}

/* A listening socket with this number; its port, or -1. */
static int listen_as(int number) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 ||
      listen(fd, 16) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    return -1;
  if (fd != number && (dup2(fd, number) != number || close(fd) != 0))
    return -1;
  return ntohs(address.sin_port);
}

/* One socket for each name; how many, or -1. */
static int listen_all(char *names) {
  int count = 0;
  for (char *name = names; name; count++) {
    char *end = strchr(name, ':');
    int port = listen_as(FIRST_FD + count);
    if (port < 0)
      return -1;
    printf("%.*s %d\n", (int)(end ? end - name : (long)strlen(name)), name,
           port);
    name = end ? end + 1 : NULL;
  }
  fflush(stdout);
  return count;
}

static int open_notify(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t size = sizeof(sa_family_t); /* the kernel finds an abstract name */
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
      bind(fd, (struct sockaddr *)&address, size) != 0)
    return -1;
  size = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
    return -1;
  char name[64];
  snprintf(name, sizeof name, "@%.*s",
           (int)(size - offsetof(struct sockaddr_un, sun_path) - 1),
           address.sun_path + 1);
  return setenv("NOTIFY_SOCKET", name, 1) == 0 ? fd : -1;
}

static void become(int count, char **argv) {
  char text[16];
  snprintf(text, sizeof text, "%d", count);
  setenv("LISTEN_FDS", text, 1);
  snprintf(text, sizeof text, "%d", (int)getpid());
  setenv("LISTEN_PID", text, 1);
  execv(argv[0], argv);
  _exit(126);
}

/* Prints what the program tells until it has ended; its status. */
static int watch(int notify) {
  int status = 0;
  for (bool ended = false; !ended;) {
    char text[256];
    struct pollfd ready = {.fd = notify, .events = POLLIN};
    ended = waitpid((pid_t)child, &status, WNOHANG) == (pid_t)child;
    while (poll(&ready, 1, ended ? 0 : 50) == 1) {
      ssize_t size = recv(notify, text, sizeof text, 0);
      printf("%.*s\n", size > 0 ? (int)size : 0, text);
      fflush(stdout);
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  setenv("LISTEN_FDNAMES", argv[1], 1);
  int count = listen_all(argv[1]);
  int notify = count < 0 ? -1 : open_notify();
  if (notify < 0)
    return 1;
  signal(SIGTERM, pass_on);
  child = (sig_atomic_t)fork();
  if (child == 0)
    become(count, argv + 2);
  printf("exit %d\n", watch(notify));
  return 0;
}
