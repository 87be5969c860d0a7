/* SPDX-License-Identifier: MIT */
/* Lines of source: what the macros of VT_DEBUG announced on this thread. */
#ifndef VT_CORE_SITE_H
#define VT_CORE_SITE_H

/* Takes the announced line, or NULL and 0. */
void vt__site_take(const char **out_file, unsigned *out_line);

/* Announces the line that awaited last: an async function that must wait gets
 * its box there. */
void vt__site_made_by_await(void);

#endif
