/* SPDX-License-Identifier: MIT */
/* Whether memory can be asked for files here (<vt/hot.h>). */
#ifndef VT_TEST_CACHED_H
#define VT_TEST_CACHED_H

/* Skips the case where reads of fd, all of whose pages are cached, cannot be in
 * hand: other systems and file systems, valgrind, VT_TEST_COLD. */
void cached_need(int fd);

/* The same for opens and stats of what lies at path. */
void cached_need_path(const char *path);

#endif
