#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# writer_planted.sh SOURCE-DIR BUILD-DIR COMPILER TEST-ARGUMENTS...
# Plants one bug after another in a copy of the writer, and demands that the
# random test finds each. The arguments are what the test is linked with.
set -euo pipefail

random_test=writer_random
support_file=sink.c
. "$1/tests/support/plant.sh"

# A byte is skipped, or comes twice, after a part was taken.
plant writer_pump.c 's/flying_done += own;/flying_done += own + (own < flying);/'
plant writer_pump.c 's/flying_done += own;/flying_done += own - (own < flying);/'
plant writer_write.c 's/write->at += step;/write->at += step + (step < rest);/'
# A hit overtakes what waits.
plant writer_pump.c 's/!vt__wait_list_is_empty(&w->writes) || o->flags/o->flags/'
plant writer.c 's/return vt__wait_list_is_empty(&w->writes) &&/return/'
# A flush or a sync is told early, or never.
plant writer_pump.c 's/answer(&w->flushes, w->written)/answer(\&w->flushes, vt__writer_end(w))/'
plant writer_pump.c 's/answer(&w->syncs, w->synced)/answer(\&w->syncs, w->written)/'
plant writer_pump.c 's/w->synced = w->sync_at;/w->synced = vt__writer_end(w);/'
plant writer_write.c 's/lower(&w->flushes, last, rest);//'
# The goal is lowered by the timer.
plant writer.c 's/if (w->goal < vt__writer_end(w))/if (true)/'
# The buffer is handed on while the other one is under way.
plant writer.c 's/return !w->flying; }/return true; }/'
# After an error bytes are taken; a cancelled write tells of too many.
plant writer_pump.c 's/|| w->error != 0 || !w->buffer/|| !w->buffer/'
plant writer_write.c 's/r.value.u = write->taken;/r.value.u = write->size;/'
# What waits is not counted down.
plant writer_write.c 's/write->w->queued -= n;//'

echo "$planted bugs planted, each found"
