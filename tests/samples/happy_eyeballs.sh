#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# happy_eyeballs.sh SERVER PROGRAM
# Connects to a server that is on 127.0.0.1 only: 127.0.0.2 refuses.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/started.sh"
start "$1" 0

try() {
  local status=0
  "$2" "$port" "${@:3}" 2>&1 || status=$?
  echo "$1: status $status"
}

try 'the first' "$2" 127.0.0.1 127.0.0.2
try 'the next one' "$2" 127.0.0.2 127.0.0.2 127.0.0.1
try 'none' "$2" 127.0.0.2 127.0.0.2
try 'no address' "$2" 127.0.0.2 nowhere
