#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# read_all.sh PROGRAM: the program on files that are there, on one that is not,
# and on one that has no end. What it says goes to the output, with its status.
set -uo pipefail

readonly program=$1

"$program" -t 60000 ../LICENSE ../samples/countries/iso_3166-1.csv /dev/null
echo "status $?"
"$program" ../LICENSE samples/none 2>&1
echo "status $?"
"$program" -t 20 /dev/zero ../LICENSE /dev/zero 2>&1
echo "status $?"
