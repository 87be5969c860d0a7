#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# compare.sh EXPECTED PROGRAM ARG...
# The program ends with 0 and prints exactly what the file EXPECTED holds.
set -euo pipefail

readonly expected=$1
shift
output=$(mktemp)
trap 'rm -f "$output"' EXIT

"$@" >"$output"
diff -u "$expected" "$output"
