/* SPDX-License-Identifier: MIT */
/* Reads HTTP requests as the server does: whole, byte by byte, and cut in two
 * at every byte, and always wants the same transcript. */
#ifndef VT_TEST_HTTP_READER_H
#define VT_TEST_HTTP_READER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_server/http_head.h"

/* Wants a transcript: "[GET /path]" for a request (with "+100" when it waits to
 * be told to go on, "-" when the connection ends with it, "{n}" for a body of n
 * bytes), "!400" for a refusal, after which nothing comes. */
void http_expect(const char *text, const char *wanted);

/* Wants any bytes to be refused with that status at the end, 0: not to be, and
 * the same transcript however they are cut. */
void http_expect_alike(const char *data, size_t size, int refused);

#endif
