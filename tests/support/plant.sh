# SPDX-License-Identifier: MIT
# Sourced with SOURCE-DIR BUILD-DIR COMPILER LINK-ARGUMENTS... by the scripts
# that plant bugs in lib/io, or in $folder, and demand that a random test finds
# each: plant FILE SED-SCRIPT. The test is $random_test, with $support_file.
readonly source=$1 build=$2 compiler=$3
shift 3
readonly link=("$@")
copy=$(mktemp -d)
readonly copy
trap 'rm -rf "$copy"' EXIT
planted=0
folder=${folder:-lib/io}

# A changed copy, which the test must not bear.
plant() {
  local file=$1 script=$2
  sed "$script" "$source/$folder/$file" >"$copy/$file"
  if cmp -s "$source/$folder/$file" "$copy/$file"; then
    echo "nothing is changed by: $script"
    exit 1
  fi
  "$compiler" -std=gnu11 -O1 -w -I"$source/lib" -I"$source/include" \
    -I"$build/include" -I"$source/tests" "$copy/$file" \
    "$source/tests/test_$random_test.c" "$source/tests/support/$support_file" \
    -o "$copy/test" "${link[@]}"
  if VT_RUNS=3000 timeout 6 "$copy/test" >"$copy/output" 2>&1; then
    echo "planted and not found: $script"
    exit 1
  fi
  planted=$((planted + 1))
}
