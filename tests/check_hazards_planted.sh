#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_hazards_planted.sh TABLE TESTS-DIR BUILD-DIR
# Plants one violation after another in a copy of the table, and demands that
# its check fails and names it.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
. "$tests/structure/demand.sh"

check() { bash "$tests/check_hazards.sh" "$copy" "$tests" "$build"; }

plant '/^| H12 /d' 'H12: missing'
plant '/^| H16h /d' 'H16h: missing'
plant '/^| H7 /p' 'H7: missing, twice'
plant 's/^| H5 [^|]*|/| H5 |/' 'H5: an empty cell'
plant '/^| H5 /s/| [^|]* |$/| |/' 'H5: an empty cell'
plant '/^| H5 /s/| [^|]* |$/| more | - |/' 'H5: not three columns'
plant '/^| H5 /s/| [^|]* |$/| see there |/' 'H5: not a list of tests'
plant '/^| H5 /s/`hazards:/`hasards:/' 'H5: hasards is no test of this build'
plant '/^| H5 /s/delays_that_are_always_due/delays_that_are/' \
  'H5: hazards has no case delays_that_are_let_io_in'

echo "$planted violations planted, each found"
