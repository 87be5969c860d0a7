#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_methods.sh DIR TABLE...
# Every case that a table names is in the list of one of the programs in DIR,
# and there are as many cases as it takes. Prints how many.
set -euo pipefail

readonly dir=$1 least=400
shift
readonly tables=("$@")
bad=0

# Each name in a list of tests, however its macro is called.
cases() {
  cat "$dir"/*.[ch] | tr -s ' \n' '  ' |
    grep -oE '[a-z_]*(test|TEST|CASE|XX)[a-zA-Z_]*\( ?[a-z][a-z0-9]*_[a-z0-9_]*[,)]' |
    sed 's/.*( *\([a-z0-9_]*\).*/\1/' | sort -u
}

# The names in backticks of the tables: three words and more.
named() {
  grep -h '^|' "${tables[@]}" | grep -oE '`[a-z][a-z0-9]*(_[a-z0-9]+){2,}`' |
    tr -d '`' | grep -vE '^(vt|uv|test)_' | sort -u
}

while read -r name; do
  echo "methods: no case $name"
  bad=1
done < <(comm -13 <(cases) <(named))

count=$(cases | wc -l)
echo "conformance: $count cases, of which the tables name $(named | wc -l)"
[ "$count" -ge $least ] || bad=1
exit $bad
