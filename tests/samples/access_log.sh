#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# access_log.sh PROGRAM: the sample in a new folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=$(mktemp -d)
readonly here folder
trap 'rm -rf "$folder"' EXIT
bash "$here/../compare.sh" "$here/access_log.out" "$1" "$folder"
