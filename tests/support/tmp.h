/* SPDX-License-Identifier: MIT */
/* Files for tests, and the count of descriptors. */
#ifndef VT_TEST_TMP_H
#define VT_TEST_TMP_H

#include <stddef.h>

enum { TMP_PATH = 512 };

/* A new empty file, open for reading and writing, without a name: it is gone
 * when it is closed. */
int tmp_fd(void);

/* A new empty file; its name goes to path, TMP_PATH bytes. The case unlinks
 * it. */
void tmp_file(char *path);

/* The folder of all of these. */
const char *tmp_folder(void);

/* A folder in memory, where there is one, else that of the others: for what is
 * too much for a disk. */
const char *tmp_memory(void);

/* Removes a folder with the files and the empty folders in it: 0, or -1 when
 * something is left. */
int tmp_remove_folder(const char *folder);

/* The whole of a file from its beginning, at most size bytes; their number. */
size_t tmp_read(int fd, void *buffer, size_t size);

/* Descriptors that the process has open. */
int tmp_count_fds(void);

#endif
