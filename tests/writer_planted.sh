#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# writer_planted.sh SOURCE-DIR BUILD-DIR COMPILER TEST-ARGUMENTS...
# Plants one bug after another in a copy of the writer, and demands that the
# random test finds each. The arguments are what the test is linked with.
set -euo pipefail

readonly source=$1 build=$2 compiler=$3
shift 3
copy=$(mktemp -d)
readonly copy
trap 'rm -rf "$copy"' EXIT
planted=0

# plant FILE SED-SCRIPT: a changed copy, which the test must not bear.
plant() {
  local file=$1 script=$2
  shift 2
  sed "$script" "$source/lib/io/$file" >"$copy/$file"
  if cmp -s "$source/lib/io/$file" "$copy/$file"; then
    echo "nothing is changed by: $script"
    exit 1
  fi
  "$compiler" -std=gnu11 -O1 -w -I"$source/lib" -I"$source/include" \
    -I"$build/include" -I"$source/tests" "$copy/$file" \
    "$source/tests/test_writer_random.c" "$source/tests/support/sink.c" \
    -o "$copy/test" "${link[@]}"
  if VT_RUNS=3000 timeout 6 "$copy/test" >"$copy/output" 2>&1; then
    echo "planted and not found: $script"
    exit 1
  fi
  planted=$((planted + 1))
}

readonly link=("$@")

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
