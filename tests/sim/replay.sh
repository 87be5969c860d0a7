#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# replay.sh PROGRAM...
# Each program, told to break a rule now and then, names the seed of the first
# schedule that broke one; with that seed alone it says the same again, and
# without the planted failure nothing.
set -euo pipefail

# planted PROGRAM COUNT [SEED]: the sentence of its failure, up to what to call.
planted() {
  { VT_PLANTED=1 "$@" 2>&1 || true; } | grep -oE 'seed [0-9]+: .*; again' || true
}

for program in "$@"; do
  told=$(planted "$program" 2000)
  seed=$(sed -nE 's/^seed ([0-9]+):.*/\1/p' <<<"$told")
  if [ -z "$seed" ]; then
    echo "$program: no seed was told"
    exit 1
  fi
  again=$(planted "$program" 1 "$seed")
  if [ "$again" != "$told" ]; then
    printf '%s: told\n%s\nand then\n%s\n' "$program" "$told" "$again"
    exit 1
  fi
  "$program" 1 "$seed" >/dev/null 2>&1
  echo "$told"
done
