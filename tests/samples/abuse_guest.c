/* SPDX-License-Identifier: MIT */
/* The table of abuse, R25 and R35: who has not said the password of a server,
 * ABUSE_PASSWORD, gets little. */
#include "samples/abuse.h"

#define NOAUTH "-NOAUTH Authentication required.\r\n"
#define WRONG                                                                  \
  BYTES("-WRONGPASS invalid username-password pair or user is disabled.\r\n")
#define MANY BYTES("-ERR Protocol error: unauthenticated multibulk length\r\n")
#define LONG BYTES("-ERR Protocol error: unauthenticated bulk length\r\n")
#define NONE BYTES("")

static const struct abuse abuses[] = {
    {"R25", BYTES("GET country:DE\r\n"), BYTES(NOAUTH), STAYS},
    {"R25", BYTES("SET country:276 x\r\n"), BYTES(NOAUTH), STAYS},
    {"R25", BYTES("SHUTDOWN NOW\r\n"), BYTES(NOAUTH), STAYS},
    {"R25", REPEATED("", "GET countries\r\n", 10000, ""),
     REPEATED("", NOAUTH, 10000, ""), STAYS},
    {"R25", BYTES("*10\r\n"), NONE, WAITS},
    {"R25", BYTES("*11\r\n"), MANY, LEAVES},
    {"R25", BYTES("*1048576\r\n"), MANY, LEAVES},
    {"R25", BYTES("*1\r\n$16384\r\n"), NONE, WAITS},
    {"R25", BYTES("*1\r\n$16385\r\n"), LONG, LEAVES},
    {"R25", BYTES("*2\r\n$4\r\nECHO\r\n$67108864\r\n"), LONG, LEAVES},
    {"R25", REPEATED("", "x", 65536, ""),
     BYTES("-ERR Protocol error: too big inline request\r\n"), LEAVES},

    {"R35", BYTES("AUTH " ABUSE_PASSWORD "\r\nPING\r\nQUIT\r\n"),
     BYTES("+OK\r\n+PONG\r\n+OK\r\n"), LEAVES},
    {"R35", BYTES("AUTH default " ABUSE_PASSWORD "\r\nQUIT\r\n"),
     BYTES("+OK\r\n+OK\r\n"), LEAVES},
    {"R35", BYTES("AUTH wrong\r\n"), WRONG, STAYS},
    {"R35", BYTES("AUTH ''\r\n"), WRONG, STAYS},
    {"R35", BYTES("AUTH " ABUSE_PASSWORD "x\r\n"), WRONG, STAYS},
    {"R35", BYTES("AUTH \"" ABUSE_PASSWORD "\\x00\"\r\n"), WRONG, STAYS},
    {"R35", BYTES("AUTH root " ABUSE_PASSWORD "\r\n"), WRONG, STAYS},
    {"R35", REPEATED("AUTH ", "x", 60000, "\r\n"), WRONG, STAYS},
    {"R35", REPEATED("*2\r\n$4\r\nAUTH\r\n$16384\r\n", "x", 16384, "\r\n"),
     WRONG, STAYS},
    {"R35", REPEATED("*2\r\n$4\r\nAUTH\r\n$1048576\r\n", "x", 1048576, "\r\n"),
     LONG, LEAVES},
    {"R35", BYTES("AUTH a b c\r\n"), BYTES("-ERR syntax error\r\n"), STAYS},
    {"R35", BYTES("AUTH\r\n"),
     BYTES("-ERR wrong number of arguments for 'auth' command\r\n"), STAYS},
};

const struct abuse_part abuse_guest = {abuses, sizeof abuses / sizeof *abuses};
