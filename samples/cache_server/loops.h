/* SPDX-License-Identifier: MIT */
/* Threads with a loop and a server each, behind the same sockets.
 *
 * Where each loop has a socket of its own the kernel shares out connections.
 * Otherwise the first loop accepts, and hands each connection to the loop that
 * has the fewest. */
#ifndef LOOPS_H
#define LOOPS_H

#include "options.h"
#include "sockets.h"

struct loops;

/* Starts o->loops servers with listeners on the sockets: the first one on the
 * calling thread's loop, each other one on a thread of its own. Borrows both
 * until loops_run is over. Gives *out (loops_free). On failure nothing is left,
 * and error (size bytes) says why in a line. */
int loops_start(const struct options *o, const struct sockets *sockets,
                struct loops **out, char *error, size_t size);

/* Serves until loops_stop, and ends all threads; the first failure of one. Runs
 * the calling thread's loop. */
int loops_run(struct loops *l);

/* Stops all servers; again: at once. On the first loop's thread. */
void loops_stop(struct loops *l);

/* All logs go on in the file that has their path now. As loops_stop. */
void loops_reopen_logs(struct loops *l);

/* The servers, while there are any. */
const struct server_group *loops_group(const struct loops *l);

/* After the run. */
void loops_free(struct loops *l);

#endif
