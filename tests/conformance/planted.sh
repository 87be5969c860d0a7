#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# planted.sh TABLE TESTS-DIR BUILD-DIR
# Plants one violation after another in a copy of a table, and demands that its
# check fails and names it.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
. "$here/../structure/demand.sh"

check() {
  bash "$here/check_contracts.sh" "$copy" "$tests" "$build"
}

plant '/^| C42 /d' 'C42: missing'
plant '/^| H6 /d' 'H6: missing'
plant '/^| C7 /p' 'C7: missing, twice'
plant '/^| C8 /{h;d};/^| C9 /{G}' 'C8: missing, twice or out of order'
plant 's/^| C84 /| C85 /' 'C85: missing, twice'
plant '/^| C5 /s/| same |/| the same |/' "C5: 'the same' is no verdict"
plant '/^| C5 /s/| same |/| |/' 'C5: an empty cell'
plant 's/^| C5 [^|]*|/| C5 |/' 'C5: an empty cell'
plant '/^| C5 /s/| [^|]* |$/| |/' 'C5: an empty cell'
plant '/^| C1 /s/same | [^|]*/same | /' 'C1: an empty cell'
plant '/^| C1 /s/| same |/| same | more |/' 'C1: not four columns'
plant '/^| C1 /s/| [^|]* |$/| - |/' 'C1: nothing shows it'
plant '/^| C1 /s/| [^|]* |$/| see there |/' 'C1: not a list of tests'
plant '/^| C1 /s/`value_task:/`value_tusk:/' \
  'C1: value_tusk is no test of this build'
plant '/^| C1 /s/sixteen_zero_bytes_are_done/fifteen_are_done/' \
  'C1: value_task has no case fifteen_are_done'
plant '/^| C1 /s/sixteen_zero_bytes_are_done/is_exactly/' \
  'C1: value_task has no case is_exactly'
plant '/^| C1 /s/| `[^|]*|$/| `compile\/unused_resalt` |/' \
  'C1: compile/unused_resalt is no test of this build'

sed 's/`set_twice_fails`/`set_thrice_fails`/' "$here/methods.md" >"$copy"
demand 'no case set_thrice_fails' \
  bash "$here/check_methods.sh" "$here" "$copy"

echo "$planted violations planted, each found"
