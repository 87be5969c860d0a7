#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gdb.sh PROGRAM SCRIPT WORK-DIR
# Looks at PROGRAM through SCRIPT (cmake/vt-gdb.py), in a process and in its
# core, and compares what it shows with gdb.out.
set -euo pipefail

readonly program=$1 script=$2 work=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here

skip() {
  echo "skipped: $1"
  [ "${VT_REQUIRE_TOOLS:-0}" = 1 ] && exit 1
  exit 77
}

run_gdb() { DEBUGINFOD_URLS='' timeout 50 gdb -q -nx -batch "$@"; }

[ "$(run_gdb -ex 'python print(6 * 7)' 2>&1)" = 42 ] || skip 'gdb has no Python'
mkdir -p "$work"
cd "$work"
rm -f core

show=(-ex 'set width 0' -ex "source $script")
for command in 'p values->in_hand' 'p values->failed' 'p values->refused' \
  'p values->stale' 'p values->served' 'p values->task' 'p values->good' \
  'p values->bad' 'p *(vt_source_t *)values->served.source' 'vt-walk' \
  'vt-stack values->served' 'vt-frame values->served' \
  'vt-frame values->failed' 'p values->guarded' 'vt-stack values->guarded' \
  'vt-frame values->guarded'; do
  show+=(-ex "echo (gdb) $command\\n" -ex "$command")
done

# Addresses, tokens and ages are never twice the same.
plain() {
  sed -n '/^(gdb)/,$p' | sed -e 's/0x[0-9a-f]\{5,\}/0x.../g' \
    -e 's/token [0-9]*/token .../' -e 's/age [0-9]* ms/age ... ms/'
}

run_gdb -ex 'set breakpoint pending on' -ex 'set disable-randomization off' \
  -ex 'break stop_here' -ex run -ex 'generate-core-file core' "${show[@]}" \
  "$program" >process.txt 2>&1 || true
grep -q 'Breakpoint 1, ' process.txt || {
  cat process.txt
  skip 'gdb cannot run a program here'
}
plain <process.txt | diff -u "$here/gdb.out" -

run_gdb "${show[@]}" "$program" core >core.txt 2>&1 || true
plain <core.txt | diff -u "$here/gdb.out" -
rm -f core

# The names of our statuses stand in the script once more.
names=$(sed -n 's/^  XX(\(VT_E[A-Z]*\),.*/\1/p' \
  "$here/../../include/vt/error.h" | paste -sd' ')
in_script=$(run_gdb -ex "source $script" \
  -ex 'python print(" ".join(ERRNO_NAMES))')
[ "$names" = "$in_script" ] || {
  echo "error.h: $names"
  echo "script:  $in_script"
  exit 1
}
