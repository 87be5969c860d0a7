/* SPDX-License-Identifier: MIT */
/* Files for tests. */
#include "support/tmp.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *tmp_folder(void) {
  const char *folder = getenv("TMPDIR");
  return folder ? folder : "/tmp";
}

const char *tmp_memory(void) {
  return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : tmp_folder();
}

static int make(char *path) {
  int fd;
  snprintf(path, TMP_PATH, "%s/vt-test-XXXXXX", tmp_folder());
  fd = mkstemp(path);
  if (fd < 0)
    perror(path);
  return fd;
}

int tmp_fd(void) {
  char path[TMP_PATH];
  int fd = make(path);
  unlink(path);
  return fd;
}

void tmp_file(char *path) { close(make(path)); }

int tmp_remove_folder(const char *folder) {
  char path[TMP_PATH + 256];
  struct dirent *entry;
  DIR *dir = opendir(folder);
  while (dir && (entry = readdir(dir)) != NULL) {
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (unlink(path) != 0)
      rmdir(path);
  }
  if (dir)
    closedir(dir);
  return rmdir(folder);
}

size_t tmp_read(int fd, void *buffer, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t n = pread(fd, (char *)buffer + have, size - have, (off_t)have);
    if (n <= 0)
      break;
    have += (size_t)n;
  }
  return have;
}

int tmp_count_fds(void) {
  int count = 0;
  for (int fd = 0; fd < 4096; fd++)
    count += fcntl(fd, F_GETFD) >= 0;
  return count;
}
