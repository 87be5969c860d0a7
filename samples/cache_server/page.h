/* SPDX-License-Identifier: MIT */
/* The page for people, put into the program when it is built (page.cmake). */
#ifndef PAGE_H
#define PAGE_H

#include <stddef.h>

extern const char page_html[];
extern const size_t page_html_size;

/* Its entity tag, with quotes, and its part of the head: the tag too, and what
 * the page may do, which is no more than it does. */
extern const char page_etag[];
extern const size_t page_etag_size;
extern const char page_fields[];
extern const size_t page_fields_size;

#endif
