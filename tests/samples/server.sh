#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# server.sh SERVER ARG...
# Plays a session with one of the small servers, and prints what it answers: its
# last argument, the port, is 0. The server ends by SIGINT, with status 0.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/started.sh"
start "$@"

# ask LINE...: one connection, one answer to each line.
ask() {
  local line
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  for line in "$@"; do
    echo "$line" >&3
    IFS= read -r -t 20 line <&3
    echo "$line"
  done
  exec 3>&-
}

# go_away LINE: asks and is gone before the server can have read the question.
go_away() {
  kill -STOP "$pid"
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  echo "$1" >&3
  exec 3>&-
  kill -CONT "$pid"
}

go_away 276
ask 276 4 999
ask 840
go_away 276
ask word

# Stopped with a client connected.
exec 3<>"/dev/tcp/127.0.0.1/$port"
kill -INT "$pid"
status=0
wait "$pid" || status=$?
pid=
echo "status $status"
