#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples.sh README TEN FORTY SIMULATED PLAIN
# Runs the programs of README.md, in the order in which they stand there: the
# ten lines, the forty, the test in virtual time, and the forty on plain libuv,
# which do the same as the forty.
set -euo pipefail

readonly readme=$1 ten=$2 forty=$3 simulated=$4 plain=$5

diff -u <(printf 'in hand: status 0\ndelayed: status 0\n') <("$ten")

diff -u <(echo '5 hours') <("$simulated")

lines=$(grep -c '' "$readme")
for program in "$forty" "$plain"; do
  diff -u <(echo "$lines lines") <("$program" "$readme")
  diff -u <(echo '0 lines') <("$program" /dev/null)
  if message=$("$program" "$readme/none" 2>&1); then
    echo "$program: succeeds without a file"
    exit 1
  fi
  diff -u <(echo "$readme/none: not a directory") <(echo "$message")
done
