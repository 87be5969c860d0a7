/* SPDX-License-Identifier: MIT */
/* vt: value tasks for libuv. Include this; the parts are one concept each.
 *
 * The words
 *   value task    16 bytes that are the answer, or name what will give it
 *   in hand       the answer is in the 16 bytes
 *   pending       not completed
 *   completed     succeeded (status 0), cancelled (UV_ECANCELED) or failed
 *                 (another negative status)
 *   source        what a pending value task names; answers status, result and
 *                 on completed
 *   token         which of a source's operations a value task names
 *   stale         a value task whose token is no longer its source's: taken
 *                 before, or of a source that serves another operation now
 *   one-shot      a source whose result may be taken once: all I/O, delays,
 *                 work, async functions
 *   task          a counted result, awaited any number of times
 *   promise       the side that completes a task
 *   awaiter       who waits; continuation: what runs then
 *   context       the loop on which an await was called, and its scope; the
 *                 continuation runs there
 *   async function, frame, box
 *                 straight code over value tasks, its locals across awaits, and
 *                 the pooled block they move to at the first real wait
 *   scope         a group of operations with one cancel, deadline and join
 *   hit, miss     a get of a cache that is in hand; one that has to load
 *   fresh, stale  of a value in a cache: within its time to live; past it, and
 *                 given until a newer one is there
 *   retain        to keep a value that was borrowed, until it is released
 *
 * Who frees what: four words. A function that borrows a pointer uses it until
 * the call returns, or until completion where the comment says so; one that
 * takes it owns it from then on, also on failure; one that gives it wants it
 * back by the function named; one that copies needs it no longer.
 *
 * A value task's life
 * 1. Made in hand, it has no life: it may be copied, stored and taken at will.
 * 2. Made pending, its operation is the loop's until its result is taken, by
 * one await, one vt_get_result, one vt_as_task or one vt_forget. Taking it
 * frees it, success or failure. 3. Every accepted operation completes exactly
 * once, also when cancelled, at stop, and out of memory. Its continuation runs
 * exactly once, unless vt_await_stop withdrew it. 4. Memory handed to an
 * operation ("borrows until completion") is untouched and alive until then,
 * cancelled or not. When memory runs out an operation may be cancelled and
 * forgotten for its awaiter; the borrow lasts until libuv has given it up, so
 * such memory should outlive the loop's detach. 5. What a result owns that
 * nobody takes is dropped by its type: a file is closed, a permit given back.
 * So is what a combinator, or an async function that returned what waits, keeps
 * for its own result (<vt/all.h>). Results in hand are the caller's from the
 * start. 6. A failure that nobody took is reported (<vt/report.h>), never lost.
 * 7. Misuse is answered by a status of its own (<vt/error.h>), in every build,
 * and changes nothing. 8. What is begun while a scope is current belongs to it:
 * it is cancelled with the scope, and the scope's join waits for it
 * (<vt/scope.h>). 9. After vt_loop_detach only results in hand and static tasks
 * may be touched.
 *
 * Threads: one vt loop a thread. Value tasks, operations and the loop belong to
 * that thread. From any thread: vt_resume, vt_promise_*, vt_task_*,
 * vt_async_send, vt_shared_channel_*, vt_shared_snapshot_*, vt_cache_bus_*,
 * vt_counted_*, what makes results in hand, the allocator's counters and the
 * texts of statuses. Another loop is reached by vt_invoke_on, and by a
 * vt_shared_channel_t. */
#ifndef VT_H
#define VT_H

#include "vt/all.h"
#include "vt/alloc.h"
#include "vt/async.h"
#include "vt/async_handle.h"
#include "vt/barrier.h"
#include "vt/bridge.h"
#include "vt/byte_stream.h"
#include "vt/cache.h"
#include "vt/cache_bus.h"
#include "vt/cache_load.h"
#include "vt/channel.h"
#include "vt/channel_ring.h"
#include "vt/condition.h"
#include "vt/copy.h"
#include "vt/counted.h"
#include "vt/delay.h"
#include "vt/dns.h"
#include "vt/each.h"
#include "vt/error.h"
#include "vt/event.h"
#include "vt/export.h"
#include "vt/fs.h"
#include "vt/fs_dir.h"
#include "vt/fs_event.h"
#include "vt/fs_poll.h"
#include "vt/handle.h"
#include "vt/hot.h"
#include "vt/invoke.h"
#include "vt/listener.h"
#include "vt/loop.h"
#include "vt/map.h"
#include "vt/mutex.h"
#include "vt/once.h"
#include "vt/pace.h"
#include "vt/phase.h"
#include "vt/pipe.h"
#include "vt/poll.h"
#include "vt/process.h"
#include "vt/random.h"
#include "vt/reader.h"
#include "vt/report.h"
#include "vt/retry.h"
#include "vt/rwlock.h"
#include "vt/scope.h"
#include "vt/select.h"
#include "vt/semaphore.h"
#include "vt/shared_channel.h"
#include "vt/shared_snapshot.h"
#include "vt/signal.h"
#include "vt/site.h"
#include "vt/snapshot.h"
#include "vt/source.h"
#include "vt/stream.h"
#include "vt/task.h"
#include "vt/tcp.h"
#include "vt/timeout.h"
#include "vt/tty.h"
#include "vt/typed.h"
#include "vt/udp.h"
#include "vt/value_task.h"
#include "vt/version.h"
#include "vt/wait_list.h"
#include "vt/work.h"
#include "vt/wrap.h"
#include "vt/writer.h"
#include "vt/writer_file.h"

#include "vt/debug.h"

#endif
