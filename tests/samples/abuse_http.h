/* SPDX-License-Identifier: MIT */
/* What the inputs of the HTTP rows are made of. */
#ifndef VT_TEST_ABUSE_HTTP_H
#define VT_TEST_ABUSE_HTTP_H

#define LINE_END " HTTP/1.1\r\n"
#define TO_ROOT " /" LINE_END
#define GET "GET /healthz" LINE_END
#define POST "POST" TO_ROOT HOST
#define HOST "Host: x\r\n"
#define END "\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* The reactions: the words of the answers, and the end. */
#define ANSWERED(words) BYTES(words), STAYS
#define REFUSED(status) BYTES(#status "- "), LEAVES

#endif
