/* SPDX-License-Identifier: MIT */
/* The table of abuse, R13 to R17, R21, R28, R29: lines, quotes, line ends, zero
 * bytes, other types, other protocols. */
#include "samples/abuse.h"

#define ERROR(text) BYTES("-ERR Protocol error: " text "\r\n")
#define COUNT ERROR("invalid multibulk length")
#define LENGTH ERROR("invalid bulk length")
#define QUOTES ERROR("unbalanced quotes in request")
#define ZERO ERROR("zero byte in inline request")
#define TYPE ERROR("expected an array or an inline request")
#define LONG_LINE ERROR("too big inline request")
#define UNKNOWN(name, args)                                                    \
  BYTES("-ERR unknown command '" name "', with args beginning with: " args     \
        "\r\n")
#define NONE BYTES("")
#define PONG BYTES("+PONG\r\n")

static const struct abuse abuses[] = {
    {"R13", REPEATED("", "x", 70000, ""), LONG_LINE, LEAVES},
    {"R13", REPEATED("", "x", 65536, ""), LONG_LINE, LEAVES},
    {"R13", REPEATED("", "x", 65535, ""), NONE, WAITS},
    {"R13", REPEATED("", " ", 70000, ""), LONG_LINE, LEAVES},
    {"R13", REPEATED("", "PING ", 14000, ""), LONG_LINE, LEAVES},
    {"R13", REPEATED("", "x", 65536, "\r\n"), LONG_LINE, LEAVES},
    {"R13", REPEATED("", "\xff", 70000, ""), LONG_LINE, LEAVES},
    {"R13", REPEATED("ECHO ", "x", 65529, "\r\n"),
     REPEATED("$65529\r\n", "x", 65529, "\r\n"), STAYS},

    {"R14", BYTES("ECHO \"a\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO 'a\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO \"a\"b\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO 'a'b\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("\"\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("'\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO \"\\\"\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO '\\'\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO \"a\\\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("ECHO \"a'\r\n"), QUOTES, LEAVES},
    {"R14", BYTES("PING\r\nECHO '\r\nPING\r\n"),
     BYTES("+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n"),
     LEAVES},
    {"R14", BYTES("ECHO \"a b\"\r\n"), BYTES("$3\r\na b\r\n"), STAYS},
    {"R14", BYTES("ECHO '\"'\r\n"), BYTES("$1\r\n\"\r\n"), STAYS},
    {"R14", BYTES("ECHO \"\\x00\\r\\n\"\r\n"), BYTES("$3\r\n\0\r\n\r\n"),
     STAYS},

    {"R15", BYTES("PING\n"), PONG, STAYS},
    {"R15", BYTES("PING\n\n\nPING\n"), BYTES("+PONG\r\n+PONG\r\n"), STAYS},
    {"R15", BYTES("*1\r\n$4\r\nPING\r\nPING\n"), BYTES("+PONG\r\n+PONG\r\n"),
     STAYS},
    {"R15", BYTES("*1\n"), COUNT, LEAVES},
    {"R15", BYTES("*1\n$4\r\nPING\r\n"), COUNT, LEAVES},
    {"R15", BYTES("*0\n"), COUNT, LEAVES},
    {"R15", BYTES("*\n"), COUNT, LEAVES},
    {"R15", BYTES("*1\r\n$4\nPING\r\n"), LENGTH, LEAVES},
    {"R15", BYTES("*1\r\n$\n"), LENGTH, LEAVES},

    {"R16", BYTES("PING\r"), NONE, WAITS},
    {"R16", BYTES("\r"), NONE, WAITS},
    {"R16", BYTES("*1\r"), NONE, WAITS},
    {"R16", BYTES("*1\rx"), NONE, WAITS},
    {"R16", BYTES("*1\r\n$4\r"), NONE, WAITS},
    {"R16", BYTES("*1\r\n$4\r\nPING\r"), NONE, WAITS},
    {"R16", BYTES("PING\rPING\r"), NONE, WAITS},
    {"R16", REPEATED("", "\r", 1000, ""), NONE, WAITS},

    {"R17", BYTES("\0"), ZERO, LEAVES},
    {"R17", BYTES("\0\r\n"), ZERO, LEAVES},
    {"R17", BYTES("PING\0\r\n"), ZERO, LEAVES},
    {"R17", BYTES("PI\0NG"), ZERO, LEAVES},
    {"R17", BYTES("PING\r\n\0"),
     BYTES("+PONG\r\n-ERR Protocol error: zero byte in inline request\r\n"),
     LEAVES},
    {"R17", REPEATED("", "\0", 100000, ""), ZERO, LEAVES},
    {"R17", BYTES("*\0"), NONE, WAITS},
    {"R17", BYTES("*\0\r\n"), COUNT, LEAVES},
    {"R17", BYTES("*1\0\r\n"), COUNT, LEAVES},
    {"R17", REPEATED("*\0", "x", 100000, ""),
     ERROR("too big mbulk count string"), LEAVES},
    {"R17", BYTES("*1\r\n$\0"), NONE, WAITS},
    {"R17", BYTES("*1\r\n$\0\r\n"), LENGTH, LEAVES},
    {"R17", REPEATED("*1\r\n$\0", "\0", 100000, ""),
     ERROR("too big bulk count string"), LEAVES},
    {"R17", BYTES("$\0"), TYPE, LEAVES},

    {"R21", BYTES("%1\r\n$1\r\na\r\n$1\r\nb\r\n"), TYPE, LEAVES},
    {"R21", BYTES("~1\r\n$4\r\nPING\r\n"), TYPE, LEAVES},
    {"R21", BYTES(">1\r\n$4\r\nPING\r\n"), TYPE, LEAVES},
    {"R21", BYTES("|1\r\n+a\r\n+b\r\n"), TYPE, LEAVES},
    {"R21", BYTES(",1.5\r\n"), TYPE, LEAVES},
    {"R21", BYTES(",inf\r\n"), TYPE, LEAVES},
    {"R21", BYTES("#t\r\n"), TYPE, LEAVES},
    {"R21", BYTES("_\r\n"), TYPE, LEAVES},
    {"R21", BYTES("(3492890328409238509324850943850943825024385\r\n"), TYPE,
     LEAVES},
    {"R21", BYTES("=7\r\ntxt:abc\r\n"), TYPE, LEAVES},
    {"R21", BYTES("!5\r\nERR x\r\n"), TYPE, LEAVES},
    {"R21", BYTES("$4\r\nPING\r\n"), TYPE, LEAVES},
    {"R21", BYTES("+OK\r\n"), TYPE, LEAVES},
    {"R21", BYTES("-ERR\r\n"), TYPE, LEAVES},
    {"R21", BYTES(":1\r\n"), TYPE, LEAVES},
    {"R21", BYTES("*1\r\n$4\r\nPING\r\n%1\r\n"),
     BYTES("+PONG\r\n-ERR Protocol error: expected an array or an inline "
           "request\r\n"),
     LEAVES},

    {"R28", BYTES("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), NONE, SILENT},
    {"R28", BYTES("GET / HTTP/1.0\r\n\r\n"), NONE, SILENT},
    {"R28", BYTES("HEAD / HTTP/1.1\r\n"), NONE, SILENT},
    {"R28", BYTES("PUT /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nFLUSHALL\n"),
     NONE, SILENT},
    {"R28", BYTES("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nFLUSHALL\n"),
     NONE, SILENT},
    {"R28", BYTES("POST /\n"), NONE, SILENT},
    {"R28", BYTES("post\n"), NONE, SILENT},
    {"R28", BYTES("OPTIONS * HTTP/1.1\r\n"), NONE, SILENT},
    {"R28", BYTES("CONNECT a:443 HTTP/1.1\r\n"), NONE, SILENT},
    {"R28", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), NONE, SILENT},
    {"R28", BYTES("Host: localhost\r\n"), NONE, SILENT},
    {"R28", BYTES("host: 127.0.0.1:7379\n"), NONE, SILENT},
    {"R28", BYTES("HOST: x\r\nPING\r\n"), NONE, SILENT},

    /* A ClientHello of TLS; of SSL 2; a start of PostgreSQL, of SOCKS 5, of
     * RDP, of AMQP, of SMB. */
    {"R29", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), ZERO,
     LEAVES},
    {"R29", BYTES("\x80\x2e\x01\x00\x02\x00\x15\x00\x00"), ZERO, LEAVES},
    {"R29", BYTES("\0\0\0\x08\x04\xd2\x16\x2f"), ZERO, LEAVES},
    {"R29", BYTES("\x05\x01\x00"), ZERO, LEAVES},
    {"R29", BYTES("\x03\x00\x00\x13\x0e\xe0\x00\x00"), ZERO, LEAVES},
    {"R29", BYTES("AMQP\0\0\x09\x01"), ZERO, LEAVES},
    {"R29", BYTES("\0\0\0\x2f\xffSMB"), ZERO, LEAVES},
    {"R29", BYTES("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
     UNKNOWN("SSH-2.0-OpenSSH_9.2p1", "'Debian-2' "), STAYS},
    {"R29", BYTES("EHLO mail\r\n"), UNKNOWN("EHLO", "'mail' "), STAYS},
    {"R29", BYTES("stats\r\n"), UNKNOWN("stats", ""), STAYS},
    {"R29", BYTES("gets k\r\n"), UNKNOWN("gets", "'k' "), STAYS},
    {"R29", BYTES("\xff\xfe\xfd\n"), UNKNOWN("\xff\xfe\xfd", ""), STAYS},
};

const struct abuse_part abuse_lines = {abuses, sizeof abuses / sizeof *abuses};
