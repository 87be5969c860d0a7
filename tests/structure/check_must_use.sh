#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_must_use.sh ROOT
# Every function of the public headers that returns a value task, plain or
# typed, and every one that gives a task, carries VT_MUST_USE: a result that
# nobody takes is the compiler's to find. Each violation is one line.
set -euo pipefail

cd "$1"
# Tasks that are borrowed, or static, or the caller's own: nothing is lost.
readonly borrowed=' vt_task_ref vt_task_completed vt_task_from_bool
vt_promise_task '

# The file's declarations, each on a line behind the number of its first one:
# what stands before a ; { or }, without comments and preprocessor lines.
declarations() {
  awk '
    function code_of(line,  at, code) {
      code = ""
      while (line != "") {
        at = index(line, inside ? "*/" : "/*")
        if (!inside) code = code (at ? substr(line, 1, at - 1) : line)
        line = at ? substr(line, at + 2) : ""
        if (at) inside = !inside
      }
      return code
    }
    {
      line = code_of($0)
      sub(/\\$/, "", line)
      if (line ~ /^ *#/) { text = ""; next }
      while (line ~ /[^ ]/) {
        if (text == "") begin = NR
        if (!match(line, /[;{}]/)) { text = text " " line; break }
        print begin ": " text " " substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + 1); text = ""
      }
    }' "$1" | tr -s ' \t' ' '
}

# A function's declaration: attributes, a type that is a value task or a
# pointer to a task, a name, a parenthesis.
readonly function='^([0-9]+): ?((VT_[A-Z_]+|static|inline|extern) )*'
readonly returns='(vt_t |name##_vt_t |[a-z_]+_vt_t |(struct vt_task|vt_task_t) ?\*)'
readonly name='([a-z_#]+)\('

bad=0
seen=0
while read -r file; do
  while read -r declaration; do
    [[ $declaration =~ $function$returns$name ]] || continue
    seen=$((seen + 1))
    found=${BASH_REMATCH[6]}
    [[ ${borrowed//$'\n'/ } == *" $found "* ]] && continue
    [[ $declaration == *VT_MUST_USE* ]] && continue
    echo "$file:${BASH_REMATCH[1]}: $found lacks VT_MUST_USE"
    bad=1
  done < <(declarations "$file")
done < <(find include -name '*.h' | sort)

[ "$seen" -ge 20 ] || {
  echo "include: only $seen functions were found, so these were not the headers"
  bad=1
}
exit $bad
