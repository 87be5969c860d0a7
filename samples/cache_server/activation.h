/* SPDX-License-Identifier: MIT */
/* What systemd has to do with a service, by its environment and without its
 * library: sockets it has made (LISTEN_FDS), and being told how the service is
 * (NOTIFY_SOCKET). */
#ifndef ACTIVATION_H
#define ACTIVATION_H

#include <stddef.h>
#include <vt.h>

/* How many sockets were handed over to this process: numbers 3, 4, 5... They
 * are closed on exec from now on. 0 when none were; UV_EINVAL for an
 * environment that makes no sense. */
int activation_count(void);

/* Writes the name of socket number i of them to out (size bytes), "" when it
 * has none. */
void activation_name(int i, char *out, size_t size);

/* Tells the manager, if there is one: "READY=1", "STOPPING=1". 0 when it was
 * told or there is none. */
int activation_notify(const char *state);

#endif
