#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# npm.sh FOLDER                            installs the packages of the lock
#                                          file beside this script there
# npm.sh FOLDER SCRIPT SERVER CSV          runs SCRIPT with them
# The distribution's Node goes before others. A registry that does not answer is
# a skip (77), of the scripts as well.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$1
export PATH=/usr/bin:$PATH

skip() {
  echo "skipped: $*"
  exit 77
}

# Fails with what npm says, but for a registry out of reach.
judge() {
  cat "$folder/npm.log" >&2
  if grep -qE 'ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH' \
    "$folder/npm.log"; then
    skip 'the registry does not answer'
  fi
  exit 1
}

# What is installed carries the lock file that it was installed by.
install() {
  cmp -s "$here/package-lock.json" "$folder/installed.json" && return
  mkdir -p "$folder"
  rm -f "$folder/installed.json"
  cp "$here/package.json" "$here/package-lock.json" "$folder"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund \
    --loglevel=error) >"$folder/npm.log" 2>&1 || judge
  cp "$here/package-lock.json" "$folder/installed.json"
}

if [ $# -eq 1 ]; then
  install
  exit
fi
[ -e "$folder/installed.json" ] || skip 'the packages are not installed'
NODE_PATH="$folder/node_modules" exec node "$here/$2" "$3" "$4"
