#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# activation.sh ACTIVATE SERVER CSV
# The cache server with sockets that were made for it, as systemd does, and what
# it tells in return; then the unit files, where systemd's own tool is there.
set -euo pipefail

activate=$1 server=$2 csv=$3
work=$(mktemp -d)
pid=
clean_up() {
  [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

fail() {
  echo "activation: $*" >&2
  cat "$work/out" "$work/errors" >&2
  exit 1
}

# wait_for TEXT: until the launcher has printed the line.
wait_for() {
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    ! grep -qx "$1" "$work/out" || return 0
    sleep 0.05
  done
  fail "there is no line '$1'"
}

port_of() { sed -n "s/^$1 //p" "$work/out"; }

# ask PORT TEXT: sends a line and prints the first line that comes back.
ask() {
  local line
  exec 5<>"/dev/tcp/127.0.0.1/$1"
  printf '%s\r\n' "$2" >&5
  IFS= read -r -t 30 line <&5 || fail "no answer to $2"
  exec 5<&-
  printf '%s' "${line%$'\r'}"
}

for loops in 1 2; do
  : >"$work/out"
  "$activate" resp:more "$server" --db "$work/c.db" --import "$csv" \
    --bind 192.0.2.1 --loops "$loops" >"$work/out" 2>"$work/errors" &
  pid=$!
  wait_for READY=1
  for name in resp more; do
    [ "$(ask "$(port_of $name)" PING)" = +PONG ] || fail "$name does not answer"
  done
  kill -TERM "$pid"
  wait_for STOPPING=1
  wait_for 'exit 0'
  wait "$pid"
  pid=
  [ ! -s "$work/errors" ] || fail 'the server complained'
done

# The HTTP side goes by its name, in a server that has it.
"$activate" http:resp "$server" --db "$work/c.db" >"$work/out" \
  2>"$work/errors" &
pid=$!
for ((tries = 0; tries < 600; tries++)); do
  ! grep -qx -e READY=1 -e 'exit .*' "$work/out" || break
  sleep 0.05
done
if grep -qx READY=1 "$work/out"; then
  answer=$(ask "$(port_of http)" $'GET /healthz HTTP/1.1\r\nHost: x\r\n')
  [ "$answer" = 'HTTP/1.1 200 OK' ] || fail "HTTP answered '$answer'"
  [ "$(ask "$(port_of resp)" PING)" = +PONG ] || fail 'no answer beside HTTP'
  kill -TERM "$pid"
  wait_for 'exit 0'
else
  grep -q HTTP "$work/errors" || fail 'it ended without a reason'
fi
wait "$pid"
pid=

# Another process' sockets are not ours.
if LISTEN_FDS=2 LISTEN_PID=1 LISTEN_FDNAMES=a:b "$server" --db "$work/c.db" \
  --bind 192.0.2.1 --port 0 >"$work/out" 2>"$work/errors"; then
  fail 'it took sockets of another process'
fi
grep -q '192.0.2.1:0' "$work/errors" || fail 'it did not bind its own'

echo 'activation: all as expected'
