/* SPDX-License-Identifier: MIT */
/* The table of abuse, R30: arguments around a limit of ABUSE_BULK_MAX bytes.
 * What is over it is skipped to its end, and the next request is read. */
#include "samples/abuse.h"

#define SKIPPED "-ERR argument exceeds the limit of 10 bytes\r\n"
#define ECHO "*2\r\n$4\r\nECHO\r\n"

static const struct abuse abuses[] = {
    {"R30", BYTES(ECHO "$9\r\n123456789\r\n"), BYTES("$9\r\n123456789\r\n"),
     STAYS},
    {"R30", BYTES(ECHO "$10\r\n1234567890\r\n"), BYTES("$10\r\n1234567890\r\n"),
     STAYS},
    {"R30", BYTES(ECHO "$11\r\n12345678901\r\n"), BYTES(SKIPPED), STAYS},
    {"R30", BYTES(ECHO "$11\r\n*1\r\n$4\r\nPIN\r\n"), BYTES(SKIPPED), STAYS},
    {"R30", BYTES("*1\r\n$11\r\n12345678901\r\n"), BYTES(SKIPPED), STAYS},
    {"R30", BYTES("*3\r\n$4\r\nECHO\r\n$11\r\n12345678901\r\n$1\r\nx\r\n"),
     BYTES(SKIPPED), STAYS},
    {"R30", BYTES(ECHO "$11\r\n12345678901\r\n" ECHO "$11\r\n12345678901\r\n"),
     BYTES(SKIPPED SKIPPED), STAYS},
    {"R30", REPEATED(ECHO "$100000\r\n", "x", 100000, "\r\n"), BYTES(SKIPPED),
     STAYS},
    {"R30", BYTES(ECHO "$11\r\n12345678901xx"),
     BYTES("-ERR Protocol error: bulk is not followed by CRLF\r\n"), LEAVES},
    {"R30", BYTES("*3\r\n$4\r\nECHO\r\n$11\r\n12345678901\r\n$x\r\n"),
     BYTES("-ERR Protocol error: invalid bulk length\r\n"), LEAVES},
    {"R30", BYTES(ECHO "$11\r\n1234567890"), BYTES(""), WAITS},
};

const struct abuse_part abuse_limits = {abuses, sizeof abuses / sizeof *abuses};
