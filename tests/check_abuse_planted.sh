#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_abuse_planted.sh TABLE TESTS-DIR BUILD-DIR
# Plants one violation after another in a copy of the table, and demands that
# its check fails and names it.
set -euo pipefail

readonly table=$1 tests=$2 build=$3
. "$tests/structure/demand.sh"

check() { bash "$tests/check_abuse.sh" "$copy" "$tests" "$build"; }

plant '/^| R12 /d' 'R12: missing'
plant '/^| W26 /d' 'W26: missing'
plant '/^| C7 /p' 'C7: missing, twice'
plant 's/^| R5 [|] [^|]*|/| R5 | |/' 'R5: an empty cell'
plant '/^| R5 /s/| [^|]* |$/| more | - |/' 'R5: not four columns'
plant '/^| R5 /s/| [^|]* |$/| see there |/' 'R5: not a list of tests'
plant '/^| R5 /s/`samples\/abuse:/`samples\/abase:/' \
  'R5: samples/abase is no test of this build'
plant '/^| R5 /s/counts_that_are_none/counts_that_are_nine/' \
  'R5: samples/abuse has no case counts_that_are_nine_end_it'

echo "$planted violations planted, each found"
