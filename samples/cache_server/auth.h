/* SPDX-License-Identifier: MIT */
/* The password of a server, from a file, and how guesses are slowed down. */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer passwords are refused, longer guesses are wrong. */
#define AUTH_MAX 512u

struct auth;

/* Reads the first line of a file, without its end, as the password. Gives *out
 * (auth_free). The status of opening or reading the file; UV_EINVAL when the
 * line is empty, longer than AUTH_MAX or holds a zero byte; UV_ENOMEM. */
int auth_read(const char *path, struct auth **out);

/* Wipes and frees. NULL is accepted. */
void auth_free(struct auth *a);

/* True for the password. Takes as long for any guess of up to AUTH_MAX bytes.
 * Any thread. */
bool auth_is(const struct auth *a, const char *guess, size_t size);

/* How long to wait before a connection is told of its failure number failures,
 * counted from 1: doubles, up to some seconds. */
uint64_t auth_delay_ms(unsigned failures);

#endif
