#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# diff.sh ROOT
# The diff block of README.md is what was added to samples/plain_server.c to
# make samples/existing_server.c, their head comments left out.
set -euo pipefail

cd "$1"

body() { sed '1,/^ \*\/$/d' "$1"; }

made() {
  diff -U1 <(body samples/plain_server.c) <(body samples/existing_server.c) |
    tail -n +3 | sed 's/^@@.*/@@/'
}

shown() { sed -n '/^```diff$/,/^```$/p' README.md | sed '1d;$d'; }

diff -u <(made) <(shown)
