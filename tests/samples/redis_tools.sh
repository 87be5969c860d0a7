#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# redis_tools.sh SERVER CSV
# Debian's redis-cli and redis-benchmark, unchanged, against the cache server.
set -euo pipefail

server=$1
csv=$2
work=$(mktemp -d)
pid=
port=
clean_up() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

fail() {
  echo "redis_tools: $*" >&2
  cat "$work/errors" >&2
  exit 1
}

: >"$work/out" # the loop below may look before the server has started
"$server" --port 0 --db "$work/c.db" --import "$csv" --log "$work/log" \
  >"$work/out" 2>"$work/errors" &
pid=$!
for ((tries = 0; tries < 400; tries++)); do
  port=$(sed -n 's/^vt-cache-server: listening on .*:\([0-9]*\)$/\1/p' \
    "$work/out")
  [ -z "$port" ] || break
  kill -0 "$pid" || fail 'the server did not start'
  sleep 0.05
done
[ -n "$port" ] || fail 'the server did not say its port'

# is EXPECTED COMMAND...
is() {
  local expected=$1 got
  shift
  got=$(redis-cli -p "$port" "$@") || fail "$*: redis-cli failed"
  [ "$got" = "$expected" ] || fail "$*: expected '$expected', got '$got'"
}

is PONG PING
is Germany GET country:276
is 249 DBSIZE
is 'hello world' ECHO 'hello world'
is OK FLUSHALL
is 'Åland Islands' GET country:AX

# Several commands on one connection, as they are typed.
got=$(printf 'GET country:DE\nSELECT 0\nHGET country:DE alpha_3\n' |
  redis-cli -p "$port")
[ "$got" = $'Germany\nOK\nDEU' ] || fail "a typed session gave '$got'"

# The pipe mode sends all at once and counts the replies.
for ((i = 0; i < 1000; i++)); do echo 'GET country:DE'; done >"$work/commands"
redis-cli -p "$port" --pipe <"$work/commands" >"$work/pipe" ||
  fail "the pipe mode: $(cat "$work/pipe")"
grep -q 'errors: 0, replies: 1000' "$work/pipe" ||
  fail "the pipe mode: $(cat "$work/pipe")"

# benchmark PIPELINE REQUESTS
benchmark() {
  local name
  redis-benchmark -p "$port" -t ping,get -c 50 -P "$1" -n "$2" --csv \
    >"$work/bench" 2>&1 || fail "redis-benchmark: $(cat "$work/bench")"
  for name in PING_INLINE PING_MBULK GET; do
    grep -q "^\"$name\"" "$work/bench" ||
      fail "redis-benchmark: $(cat "$work/bench")"
  done
  if grep -i 'error' "$work/bench"; then fail 'redis-benchmark'; fi
}

benchmark 1 20000
benchmark 16 200000

is 249 DBSIZE
status=0
kill -TERM "$pid"
wait "$pid" || status=$?
pid=
[ $status -eq 0 ] || fail "the server ended with $status"
[ ! -s "$work/errors" ] || fail 'the server complained'
grep -q 'command=GET args="country:276"' "$work/log" || fail 'the log lacks a line'
echo 'redis_tools: all as expected'
