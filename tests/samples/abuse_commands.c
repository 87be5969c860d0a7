/* SPDX-License-Identifier: MIT */
/* The table of abuse, R18 to R36: commands that are not, keys, pipelines, half
 * closes, limits, what is echoed. */
#include "samples/abuse.h"

#define UNKNOWN_BEGIN "-ERR unknown command '"
#define UNKNOWN_END "', with args beginning with: "
#define UNKNOWN(name, args) BYTES(UNKNOWN_BEGIN name UNKNOWN_END args "\r\n")
#define ARITY(name)                                                            \
  BYTES("-ERR wrong number of arguments for '" name "' command\r\n")
#define EXPIRE BYTES("-ERR invalid expire time in 'set' command\r\n")
#define NO_NUMBER BYTES("-ERR value is not an integer or out of range\r\n")
#define SYNTAX BYTES("-ERR syntax error\r\n")
#define NONE BYTES("")
#define NIL BYTES("$-1\r\n")
#define PONG BYTES("+PONG\r\n")
#define GET "*2\r\n$3\r\nGET\r\n"
#define GERMANY "$7\r\nGermany\r\n"

static const struct abuse abuses[] = {
    {"R18", REPEATED("*1\r\n$20000\r\n", "n", 20000, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "n", 128, UNKNOWN_END "\r\n"), STAYS},
    {"R18", REPEATED("*1\r\n$1000000\r\n", "n", 1000000, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "n", 128, UNKNOWN_END "\r\n"), STAYS},
    {"R18", REPEATED("*1\r\n$129\r\n", "n", 129, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "n", 128, UNKNOWN_END "\r\n"), STAYS},
    {"R18", REPEATED("*1\r\n$128\r\n", "n", 128, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "n", 128, UNKNOWN_END "\r\n"), STAYS},
    {"R18", REPEATED("*1\r\n$127\r\n", "n", 127, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "n", 127, UNKNOWN_END "\r\n"), STAYS},
    {"R18", REPEATED("*1\r\n$20000\r\n", "\x01", 20000, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "\\x01", 128, UNKNOWN_END "\r\n"), STAYS},
    {"R18", REPEATED("*2\r\n$1\r\nx\r\n$20000\r\n", "a", 20000, "\r\n"),
     REPEATED(UNKNOWN_BEGIN "x" UNKNOWN_END "'", "a", 128, "' \r\n"), STAYS},
    {"R18", REPEATED("", "n", 20000, "\r\n"),
     REPEATED(UNKNOWN_BEGIN, "n", 128, UNKNOWN_END "\r\n"), STAYS},

    {"R19", BYTES("*1\r\n$0\r\n\r\n"), UNKNOWN("", ""), STAYS},
    {"R19", BYTES("\"\"\r\n"), UNKNOWN("", ""), STAYS},
    {"R19", BYTES("*2\r\n$0\r\n\r\n$0\r\n\r\n"), UNKNOWN("", "'' "), STAYS},
    {"R19", BYTES("GET\r\n"), ARITY("get"), STAYS},
    {"R19", BYTES("get a b\r\n"), ARITY("get"), STAYS},
    {"R19", BYTES("*1\r\n$3\r\nGeT\r\n"), ARITY("get"), STAYS},
    {"R19", BYTES("ping a b\r\n"), ARITY("ping"), STAYS},
    {"R19", BYTES("MGET\r\n"), ARITY("mget"), STAYS},
    {"R19", BYTES("EXISTS\r\n"), ARITY("exists"), STAYS},
    {"R19", BYTES("HGET a\r\n"), ARITY("hget"), STAYS},
    {"R19", BYTES("HGET a b c\r\n"), ARITY("hget"), STAYS},
    {"R19", BYTES("HGETALL\r\n"), ARITY("hgetall"), STAYS},
    {"R19", BYTES("HGETALL a b\r\n"), ARITY("hgetall"), STAYS},
    {"R19", BYTES("ECHO\r\n"), ARITY("echo"), STAYS},
    {"R19", BYTES("KEYS\r\n"), ARITY("keys"), STAYS},
    {"R19", BYTES("DBSIZE x\r\n"), ARITY("dbsize"), STAYS},
    {"R19", BYTES("SELECT\r\n"), ARITY("select"), STAYS},
    {"R19", BYTES("SELECT 1\r\n"), BYTES("-ERR DB index is out of range\r\n"),
     STAYS},
    {"R19", BYTES("SELECT 99999999999999999999\r\n"),
     BYTES("-ERR value is not an integer or out of range\r\n"), STAYS},
    {"R19", BYTES("gett x\r\n"), UNKNOWN("gett", "'x' "), STAYS},
    {"R19", BYTES("ge x\r\n"), UNKNOWN("ge", "'x' "), STAYS},

    {"R20", BYTES(GET "$0\r\n\r\n"), NIL, STAYS},
    {"R20", BYTES(GET "$5\r\n\0\r\n\xff*\r\n"), NIL, STAYS},
    {"R20", BYTES(GET "$2\r\n\r\n\r\n"), NIL, STAYS},
    {"R20", BYTES(GET "$11\r\ncountry:DE\0\r\n"), NIL, STAYS},
    {"R20", BYTES(GET "$10\r\ncountry:\r\n\r\n"), NIL, STAYS},
    {"R20", BYTES(GET "$8\r\ncountry:\r\n"), NIL, STAYS},
    {"R20",
     BYTES(GET "$12\r\ncountry:27\x00"
               "6\r\n"),
     NIL, STAYS},
    {"R20", REPEATED(GET "$100000\r\n", "k", 100000, "\r\n"), NIL, STAYS},
    {"R20", REPEATED(GET "$5008\r\ncountry:", "9", 5000, "\r\n"), NIL, STAYS},
    {"R20", BYTES("*3\r\n$4\r\nMGET\r\n$0\r\n\r\n$2\r\n\r\n\r\n"),
     BYTES("*2\r\n$-1\r\n$-1\r\n"), STAYS},
    {"R20", BYTES("*2\r\n$6\r\nEXISTS\r\n$4\r\n\0\r\n\0\r\n"), BYTES(":0\r\n"),
     STAYS},
    {"R20", BYTES("*3\r\n$4\r\nHGET\r\n$10\r\ncountry:DE\r\n$0\r\n\r\n"), NIL,
     STAYS},
    {"R20", BYTES("*2\r\n$7\r\nHGETALL\r\n$3\r\n\r\n+\r\n"), BYTES("*0\r\n"),
     STAYS},
    {"R20", BYTES("*2\r\n$4\r\nECHO\r\n$7\r\n\r\n-ERR\0\r\n"),
     BYTES("$7\r\n\r\n-ERR\0\r\n"), STAYS},
    {"R20", BYTES("*2\r\n$4\r\nPING\r\n$2\r\n\r\n\r\n"),
     BYTES("$2\r\n\r\n\r\n"), STAYS},

    {"R22", BYTES("*1\r\n$4\r\nPING\r\n"), PONG, STAYS},
    {"R22", BYTES(GET "$11\r\ncountry:276\r\n"), BYTES(GERMANY), STAYS},
    {"R22", BYTES("GET country:DEU\r\n"), BYTES(GERMANY), STAYS},
    {"R22",
     BYTES("*3\r\n$4\r\nMGET\r\n$10\r\ncountry:DE\r\n$1\r\nx\r\n"
           "*3\r\n$6\r\nEXISTS\r\n$10\r\ncountry:DE\r\n$1\r\nx\r\n"
           "*3\r\n$4\r\nHGET\r\n$10\r\ncountry:DE\r\n$7\r\nalpha_3\r\n"
           "PING\r\nECHO 'a b'\r\n*0\r\n\r\nGET country:276\n"
           "*1\r\n$6\r\nDBSIZE\r\n"),
     BYTES("*2\r\n" GERMANY "$-1\r\n:1\r\n$3\r\nDEU\r\n+PONG\r\n"
           "$3\r\na b\r\n" GERMANY ":249\r\n"),
     STAYS},
    {"R22",
     BYTES("HGETALL country:AQ\r\n*2\r\n$4\r\nKEYS\r\n$13\r\ncountry:27[5]"
           "\r\nSELECT 0\r\n*2\r\n$4\r\nECHO\r\n$12\r\n*1\r\n$4\r\nPING\r\n"),
     BYTES("*12\r\n$7\r\nnumeric\r\n$2\r\n10\r\n$7\r\nalpha_2\r\n$2\r\nAQ\r\n"
           "$7\r\nalpha_3\r\n$3\r\nATA\r\n$4\r\nname\r\n$10\r\nAntarctica\r\n"
           "$13\r\nofficial_name\r\n$0\r\n\r\n$4\r\nflag\r\n$8\r\n"
           "\xf0\x9f\x87\xa6\xf0\x9f\x87\xb6\r\n*1\r\n$11\r\ncountry:275\r\n"
           "+OK\r\n$12\r\n*1\r\n$4\r\nPING\r\n"),
     STAYS},
    {"R22", REPEATED("", GET "$10\r\ncountry:DE\r\n", 500, ""),
     REPEATED("", GERMANY, 500, ""), STAYS},

    {"R23", REPEATED("", "PING\r\n", 100000, ""),
     REPEATED("", "+PONG\r\n", 100000, ""), STAYS},
    {"R23", REPEATED("", "*1\r\n$4\r\nPING\r\n", 1000000, ""),
     REPEATED("", "+PONG\r\n", 1000000, ""), STAYS},

    {"R26", BYTES("PING\r\nQUIT\r\n"), BYTES("+PONG\r\n+OK\r\n"), LEAVES},
    {"R26", BYTES("QUIT\r\nPING\r\n"), BYTES("+OK\r\n"), LEAVES},
    {"R26", BYTES("PING\r\nGET country:DE\r\n"), BYTES("+PONG\r\n" GERMANY),
     STAYS},

    {"R27", BYTES("*2\r\n$3\r\nGET\r\n$10\r\ncoun"), NONE, WAITS},
    {"R27", BYTES("PIN"), NONE, WAITS},
    {"R27", BYTES("*"), NONE, WAITS},
    {"R27", BYTES("*2\r\n$4\r\nECHO\r\n$4\r\nabcd"), NONE, WAITS},
    {"R27", BYTES("*2\r\n$4\r\nECHO\r\n"), NONE, WAITS},

    {"R31", BYTES("SET country:276 x EX -1\r\n"), EXPIRE, STAYS},
    {"R31", BYTES("SET country:276 x EX 0\r\n"), EXPIRE, STAYS},
    {"R31", BYTES("SET country:276 x PX -1\r\n"), EXPIRE, STAYS},
    {"R31", BYTES("SET country:276 x EX 9223372036854775807\r\n"), EXPIRE,
     STAYS},
    {"R31", BYTES("SET country:276 x EXAT -9223372036854775808\r\n"), EXPIRE,
     STAYS},
    {"R31", BYTES("SET country:276 x EX 9223372036854775808\r\n"), NO_NUMBER,
     STAYS},
    {"R31", BYTES("SET country:276 x EX 18446744073709551617\r\n"), NO_NUMBER,
     STAYS},
    {"R31", BYTES("SET country:276 x EX 1e400\r\n"), NO_NUMBER, STAYS},
    {"R31", BYTES("SET country:276 x EX nan\r\n"), NO_NUMBER, STAYS},
    {"R31", BYTES("SET country:276 x EX inf\r\n"), NO_NUMBER, STAYS},
    {"R31", BYTES("SET country:276 x EX 1.5\r\n"), NO_NUMBER, STAYS},
    {"R31", BYTES("SET country:276 x EX ''\r\n"), NO_NUMBER, STAYS},
    {"R31", BYTES("SET country:276 x EX\r\n"), SYNTAX, STAYS},
    {"R31", BYTES("SET country:276 x EX 1 PX 1\r\n"), SYNTAX, STAYS},
    {"R31", BYTES("SET country:276 x EX 1 KEEPTTL\r\n"), SYNTAX, STAYS},
    {"R31", BYTES("SET country:276 x NX XX\r\nGET country:276\r\n"),
     BYTES("-ERR syntax error\r\n" GERMANY), STAYS},

    {"R32", REPEATED("*100001\r\n$4\r\nMGET\r\n", "$1\r\nx\r\n", 100000, ""),
     REPEATED("*100000\r\n", "$-1\r\n", 100000, ""), STAYS},
    {"R32", REPEATED("*1000001\r\n$4\r\nMGET\r\n", "$0\r\n\r\n", 1000000, ""),
     REPEATED("*1000000\r\n", "$-1\r\n", 1000000, ""), STAYS},
    {"R32", REPEATED("*1000001\r\n$6\r\nEXISTS\r\n", "$0\r\n\r\n", 1000000, ""),
     BYTES(":0\r\n"), STAYS},
    {"R32", BYTES("*1048577\r\n$4\r\nMGET\r\n"),
     BYTES("-ERR Protocol error: invalid multibulk length\r\n"), LEAVES},

    {"R36", BYTES("*1\r\n$5\r\na\r\n+b\r\n"), UNKNOWN("a\\r\\n+b", ""), STAYS},
    {"R36", BYTES("*1\r\n$2\r\n\r\n\r\n"), UNKNOWN("\\r\\n", ""), STAYS},
    {"R36", BYTES("*1\r\n$1\r\n\r\r\n"), UNKNOWN("\\r", ""), STAYS},
    {"R36", BYTES("*1\r\n$1\r\n\n\r\n"), UNKNOWN("\\n", ""), STAYS},
    {"R36", BYTES("*1\r\n$1\r\n\t\r\n"), UNKNOWN("\\t", ""), STAYS},
    {"R36", BYTES("*1\r\n$1\r\n\0\r\n"), UNKNOWN("\\x00", ""), STAYS},
    {"R36", BYTES("*1\r\n$4\r\n\x1b[1m\r\n"), UNKNOWN("\\x1b[1m", ""), STAYS},
    {"R36", BYTES("*1\r\n$1\r\n\x7f\r\n"), UNKNOWN("\\x7f", ""), STAYS},
    {"R36", BYTES("\"a\\r\\n+OK\"\r\n"), UNKNOWN("a\\r\\n+OK", ""), STAYS},
    {"R36", BYTES("*2\r\n$1\r\na\r\n$7\r\n'\r\n$-1\n\r\n"),
     UNKNOWN("a", "''\\r\\n$-1\\n' "), STAYS},
};

const struct abuse_part abuse_commands = {abuses,
                                          sizeof abuses / sizeof *abuses};
