#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# happy_eyeballs.sh SERVER PROGRAM SILENT
# Connects to a server that is on 127.0.0.1 only: 127.0.0.2 refuses, until it is
# one that does not answer.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/started.sh"
readonly program=$2 silent=$3
start "$1" 0

try() {
  local status=0
  echo "$1:"
  "$program" "$port" "${@:2}" 2>&1 || status=$?
  echo "status $status"
}

# How many are tried besides is a matter of time.
try 'the first' 127.0.0.1 127.0.0.2 | grep -v '^trying 127.0.0.2$'
try 'a name' localhost | grep -v 'trying'
try 'the next one' 127.0.0.2 127.0.0.1
try 'none, the families in turn' 127.0.0.2 127.0.0.3 ::1
try 'no such name' 127.0.0.1 a..b

coproc { exec "$silent" 127.0.0.2 "$port"; }
read -r -t 20 -u "${COPROC[0]}"
try 'one that does not answer' 127.0.0.2 127.0.0.1
