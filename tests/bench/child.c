/* SPDX-License-Identifier: MIT */
/* Other programs: run to the end, or in the background. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* fds[i] becomes the child's descriptor i + 1; -1: /dev/null. */
static int spawn(const char *const *argv, const int fds[2], pid_t *out_pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int i = 0; i < 2; i++) {
    if (fds[i] < 0)
      posix_spawn_file_actions_addopen(&actions, i + 1, "/dev/null", O_WRONLY,
                                       0);
    else
      posix_spawn_file_actions_adddup2(&actions, fds[i], i + 1);
  }
  int rc = posix_spawnp(out_pid, argv[0], &actions, NULL,
                        (char *const *)(uintptr_t)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (rc == ENOENT)
    return CHILD_ABSENT;
  return rc == 0 ? 0 : -1;
}

/* The last bytes of what comes, until the end. */
static void read_tail(int fd, char *text, size_t size) {
  size_t length = 0;
  for (;;) {
    if (length == size - 1) {
      length = size / 2;
      memmove(text, text + size - 1 - length, length);
    }
    ssize_t n = read(fd, text + length, size - 1 - length);
    if (n > 0)
      length += (size_t)n;
    else if (n == 0 || errno != EINTR)
      break;
  }
  text[length] = '\0';
}

int child_capture(const char *const *argv, int fd, char *text, size_t size) {
  int ends[2], status = -1;
  pid_t pid;
  if (pipe(ends) != 0)
    return -1;
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  fcntl(ends[1], F_SETFD, FD_CLOEXEC);
  const int fds[2] = {fd == 1 ? ends[1] : -1, fd == 2 ? ends[1] : -1};
  int rc = spawn(argv, fds, &pid);
  close(ends[1]);
  text[0] = '\0';
  if (rc == 0)
    read_tail(ends[0], text, size);
  close(ends[0]);
  if (rc != 0)
    return rc;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
    return -1;
  return WEXITSTATUS(status);
}

int child_start(const char *const *argv, pid_t *out_pid) {
  const int fds[2] = {-1, -1};
  return spawn(argv, fds, out_pid);
}

int child_stop(pid_t pid) {
  int status = -1;
  kill(pid, SIGTERM);
  if (waitpid(pid, &status, 0) != pid)
    return -1;
  if (WIFSIGNALED(status))
    return WTERMSIG(status) == SIGTERM ? 0 : -1;
  return WEXITSTATUS(status) == 0 ? 0 : -1;
}

uint64_t child_cpu_ns(pid_t pid) {
  clockid_t clock;
  struct timespec t;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
    return 0;
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void child_beside(const char *program, const char *file, char *path,
                  size_t size) {
  const char *slash = strrchr(program, '/');
  int folder = slash ? (int)(slash - program) + 1 : 0;
  snprintf(path, size, "%.*s%s", folder, program, file);
}
