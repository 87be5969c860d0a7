#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# need.sh COMMAND... -- PROGRAM ARG...
# Runs PROGRAM if every COMMAND is there. One that is missing is a skip (77)
# that names it; with VT_REQUIRE_TOOLS=1, as in .ci/run, it is a failure.
set -euo pipefail

missing=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  command -v "$1" >/dev/null || missing+=("$1")
  shift
done
shift

if [ ${#missing[@]} -gt 0 ]; then
  if [ "${VT_REQUIRE_TOOLS:-0}" = 1 ]; then
    echo "missing: ${missing[*]} (VT_REQUIRE_TOOLS is set)" >&2
    exit 1
  fi
  echo "skipped: ${missing[*]} not installed"
  exit 77
fi
exec "$@"
