#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# small.sh NAME PROGRAM: plays a session with one of the small samples, and
# prints what it does.
set -euo pipefail

readonly name=$1 program=$2
work=$(mktemp -d)
clean_up() {
  [ -z "${pid:-}" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

# Runs in the background, its output to be read from 3.
start() {
  mkfifo "$work/out"
  "$@" >"$work/out" &
  pid=$!
  exec 3<"$work/out"
}

line() {
  local text
  IFS= read -r -t 20 text <&3
  echo "$text"
}

# Stops it and prints the rest.
stop() {
  local status=0
  kill -"$1" "$pid"
  wait "$pid" || status=$?
  pid=
  command cat <&3
  echo "status $status"
}

play_tee() {
  seq 2000 | "$program" "$work/copy" | cmp - <(seq 2000)
  cmp "$work/copy" <(seq 2000)
  echo "two of a kind"
  "$program" "$work/no/folder" </dev/null 2>&1 | sed "s:$work::" || true
}

play_cp() {
  head -c 1000000 /dev/zero >"$work/from"
  "$program" "$work/from" "$work/to"
  cmp "$work/from" "$work/to"
  "$program" "$work/from" "$work/to" 2>&1 | sed "s:$work::g" || true
  : >"$work/empty"
  "$program" "$work/empty" "$work/void"
}

play_signals() {
  start "$program"
  line | sed 's/[0-9][0-9]*/N/'
  kill -USR1 "$pid"
  line
  kill -USR1 "$pid"
  line
  stop TERM
}

play_onchange() {
  echo one >"$work/file"
  start "$program" "echo ran" "$work/file"
  line
  echo two >>"$work/file"
  line | sed "s:$work::"
  line
  stop INT
  "$program" true "$work/none" 2>&1 | sed "s:$work::" || true
}

play_spawn() {
  "$program" 20000 $'some\ninput\n' tr a-z A-Z
  "$program" 20000 '' sh -c 'echo told; exit 3'
  "$program" 20000 "$(seq 20000)" true
  "$program" 100 '' sh -c 'exec sleep 1000'
  "$program" 20000 '' /no/such/program || echo "status $?"
}

# How often it cleans is a matter of time.
play_background() {
  "$program" 300 | uniq
}

play_detach() {
  local child
  child=$("$program" sleep 1000 | sed -n 's/^pid //p')
  kill "$child" && echo "it has outlived its parent"
  "$program" /no/such/program 2>&1 || true
}

# No name server is asked: a name with an empty part can be none's.
play_dns() {
  "$program" -t 20000 localhost a..b 127.0.0.1 >"$work/out" ||
    echo "status $?"
  grep -x 'localhost: 127.0.0.1' "$work/out" | uniq
  grep a..b "$work/out"
  sed -n 's/^127.0.0.1: [^ ]*$/127.0.0.1 has a name/p' "$work/out"
  "$program" -t 0 localhost 127.0.0.1 || echo "status $?"
}

# The pool has one thread: the second is queued when the first is done.
play_fibonacci() {
  export UV_THREADPOOL_SIZE=1
  "$program" 20 0
  start "$program" 10 90 91
  line
  stop INT
}

play_phases() {
  "$program" 2
}

# A terminal of 3 lines and 11 columns, of script's making.
play_tty() {
  "$program" hello 1 | command cat
  script -qec "stty rows 3 cols 11; '$program' hello 1" /dev/null </dev/null |
    tr -d '\r' | sed 's/\x1b/ESC/g'
  "$program" hello 1 >"$work/file" || echo "status $?"
}

"play_$name"
