#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# options_readme.sh SERVER README: the table there has the options of --help, in
# any order, with their arguments and their defaults.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" --help | awk '
  /^  --/ { option = substr($0, 3) }
  /^      / {
    value = ""
    if (match($0, /; default /)) value = substr($0, RSTART + RLENGTH)
    print option "\t" value
  }' | sort >"$work/help"
sed -n 's/^| `\(--[^`]*\)` | \([^|]*\) |.*/\1\t\2/p' "$2" |
  sed -e 's/\\|/|/' -e 's/\t\(none\|must be given\)$/\t/' | sort >"$work/readme"
[ -s "$work/help" ]
diff "$work/help" "$work/readme" || {
  echo 'options_readme: --help (<) and the README (>) differ' >&2
  exit 1
}
