#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_exports.sh LIBRARY LIST
# The dynamic symbols that the shared library defines are those of the list.
# A line with "+" is exported and not listed, with "-" listed and not exported.
set -euo pipefail

exported() { nm -D --defined-only "$1" | awk '{ print $3 }' | LC_ALL=C sort; }

if ! diff -U0 <(LC_ALL=C sort "$2") <(exported "$1") |
  sed '/^\(---\|+++\|@@\)/d' | { ! grep .; }; then
  echo "the exported symbols differ from $2"
  exit 1
fi
