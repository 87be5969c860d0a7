#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# cgi.sh CGI: what its programs answer, and that they end with it.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/started.sh"

# ask LINE: a connection's whole answer; none where the line is not read.
ask() {
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  echo "$1" >&3
  timeout 20 cat <&3 2>/dev/null || true
  exec 3>&-
}

# Stopped with a client connected.
stop() {
  local status=0
  kill -INT "$pid"
  wait "$pid" || status=$?
  echo "status $status"
}

start "$1" 0 head -n 1
ask one
ask two
stop

# The program tells its number, and would stay.
start "$1" 0 sh -c 'echo $$; exec sleep 1000'
exec 3<>"/dev/tcp/127.0.0.1/$port"
IFS= read -r -t 20 program <&3
stop
kill -0 "$program" 2>/dev/null || echo "its program has ended"

start "$1" 0 /no/such/program 2>&1
ask three
stop
