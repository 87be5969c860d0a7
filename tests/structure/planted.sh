#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# planted.sh CHECK ROOT WORK-DIR [LIBRARY [COMPILER [UV-HEADER TEST-FILES]]]
# Plants one violation after another in a copy, and demands that the check
# fails and names it: a check that cannot fail shows nothing.
set -euo pipefail

readonly check=$1 root=$2 work=$3
readonly library=${4:-} compiler=${5:-cc} uv_header=${6:-} test_files=${7:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here tree=$work/tree

. "$here/demand.sh"

fresh_tree() {
  rm -rf "$tree"
  mkdir -p "$tree/tests" "$tree/cmake"
  cp -r "$root"/{CMakeLists.txt,lib,include,samples} "$tree"
  cp -r "$root"/cmake/vt.pc.in "$tree/cmake"
  (cd "$root" && find tests -name CMakeLists.txt -o -path 'tests/structure/*' \
    -type f) | while read -r file; do
    mkdir -p "$tree/$(dirname "$file")"
    cp "$root/$file" "$tree/$file"
  done
  if [ -e "$root/CHANGELOG.md" ]; then cp "$root/CHANGELOG.md" "$tree"; fi
}

# plant FILE LINE TEXT: a file with one more line, and what the check must say.
plant() {
  fresh_tree
  mkdir -p "$(dirname "$tree/$1")"
  printf '%s\n' "$2" >>"$tree/$1"
  demand "$3" bash "$here/check_$check.sh" "$tree"
}

plant_layers() {
  plant lib/base/planted.c '#include "core/pool.h"' \
    'lib/base/planted.c: base includes core/pool.h of core above it'
  plant lib/core/planted.c '#include "vt/fs.h"' \
    'lib/core/planted.c: core includes vt/fs.h of op above it'
  plant lib/op/planted.h '#include "io/writer.h"' \
    'lib/op/planted.h: op includes io/writer.h of io above it'
  plant lib/io/planted.c '#include "cache/lru.h"' \
    'lib/io/planted.c: io includes cache/lru.h of cache beside it'
  plant lib/core/planted.c '#include <vt.h>' \
    'lib/core/planted.c: includes vt.h, which is for users'
  plant lib/core/planted.c '#include "local.h"' \
    'lib/core/planted.c: "local.h" is on no floor'
  plant include/vt/planted.h '#include <stddef.h>' \
    'include/vt/planted.h: its floor is not in'
  plant include/vt/alloc.h '#include "vt/loop.h"' \
    'include/vt/alloc.h: base includes vt/loop.h of core above it'
  plant samples/planted.c '#include <vt/fs.h>' \
    'samples/planted.c: includes vt/fs.h; samples include <vt.h> only'
  plant samples/planted.c '#include "core/pool.h"' \
    'samples/planted.c: "core/pool.h" is no header of the samples'
  plant lib/core/planted.c 'void planted(void) { uv_stop(0); }' \
    'lib/core/planted.c:1:uv_stop is called outside'
  plant lib/io/planted.c 'int planted(void) { return uv_run(0, 0); }' \
    'lib/io/planted.c:1:uv_run is called outside'
}

plant_tree() {
  plant lib/base/planted.c '/* SPDX-License-Identifier: MIT */' \
    'lib/base/planted.c: not listed'
  plant include/vt/planted.h '/* SPDX-License-Identifier: MIT */' \
    'include/vt/planted.h: not listed'
  plant tests/fault/test_planted.c '/* */' \
    'tests/fault/test_planted.c: no CMakeLists.txt of tests lists it'
  plant samples/countries/planted.c '/* */' \
    'samples/countries/planted.c: no CMakeLists.txt of samples lists it'
  plant samples/planted.c 'int planted;' \
    'samples/planted.c: its first line is not the SPDX line'
  plant samples/planted.c "$(yes '/* SPDX-License-Identifier: MIT */' |
    head -501)" 'samples/planted.c: 501 lines'
  plant samples/planted.c '/* TO''DO: later */' 'samples/planted.c:1:'

  fresh_tree
  printf '# Changelog\n\n## 9.9.9 (long ago)\n' >"$tree/CHANGELOG.md"
  demand "its top is '9.9.9'" bash "$here/check_tree.sh" "$tree"
}

plant_sites() {
  plant include/vt/delay.h 'VT_API VT_MUST_USE vt_t vt_planted(void);' \
    'vt_planted: no macro in vt/debug.h'
  plant include/vt/delay.h $'VT_API VT_MUST_USE vt_t\nvt_planted(int a);' \
    'vt_planted: no macro in vt/debug.h'

  fresh_tree
  rm -r "$tree/include/vt"
  mkdir "$tree/include/vt"
  demand 'these were not the headers' bash "$here/check_sites.sh" "$tree"
}

plant_must_use() {
  local header=include/vt/delay.h
  plant $header 'VT_API vt_t vt_planted(void);' 'vt_planted lacks VT_MUST_USE'
  plant $header 'static inline vt_t vt_planted(vt_t v) { return v; }' \
    'vt_planted lacks VT_MUST_USE'
  plant $header $'VT_API vt_t\nvt_planted(int a,\n  int b);' \
    'vt_planted lacks VT_MUST_USE'
  plant $header 'VT_API struct vt_task *vt_planted(void);' \
    'vt_planted lacks VT_MUST_USE'
  plant $header 'VT_API country_vt_t vt_planted(void);' \
    'vt_planted lacks VT_MUST_USE'
  plant $header $'/* a *star */\nVT_API vt_t vt_planted(void);' \
    'vt_planted lacks VT_MUST_USE'
  plant include/vt/typed.h "$(printf '%s\n' '#define VT_PLANTED(name) \' \
    '  static inline name##_vt_t name##_planted(vt_t v) { }')" \
    'name##_planted lacks VT_MUST_USE'

  fresh_tree
  rm -r "$tree/include/vt"
  demand 'these were not the headers' bash "$here/check_must_use.sh" "$tree"
}

plant_exports() {
  nm -D --defined-only "$library" | awk '{ print $3 }' >"$work/exports.txt"
  bash "$here/check_exports.sh" "$library" "$work/exports.txt"
  echo vt_planted >>"$work/exports.txt"
  demand -vt_planted bash "$here/check_exports.sh" \
    "$library" "$work/exports.txt"
  sed -i '/^vt_planted$/d; /^vt_version$/d' "$work/exports.txt"
  demand +vt_version bash "$here/check_exports.sh" \
    "$library" "$work/exports.txt"
}

# libm stands for whatever else a library could come to need.
plant_needed() {
  local uv
  read -ra uv < <(pkg-config --libs libuv)
  echo 'int planted;' | "$compiler" -shared -fPIC -x c - -x none \
    -o "$work/libplanted.so" -Wl,--no-as-needed "${uv[@]}" -lm
  demand 'needs libm.so' bash "$here/check_needed.sh" "$work/libplanted.so"
  echo 'int planted;' | "$compiler" -shared -fPIC -x c - \
    -o "$work/libplanted.so"
  demand 'does not need libuv' bash "$here/check_needed.sh" \
    "$work/libplanted.so"
}

plant_headers() {
  mkdir -p "$work/include/vt"
  echo 'size_t vt_planted(void);' >"$work/include/vt/planted.h"
  demand 'vt/planted.h: does not compile alone' bash \
    "$here/check_headers.sh" "$compiler" gnu11 "$work/include"
}

# demand_coverage TEXT [HEADER [TEST-FILES]]: of the tree's README and exports.
demand_coverage() {
  demand "$1" bash "$here/check_coverage.sh" "$tree" "$compiler" \
    "${2:-$uv_header}" "${3:-$test_files}"
}

# plant_uv DECLARATION TEXT: libuv's header with one more.
plant_uv() {
  cp "$uv_header" "$work/uv.h"
  echo "$1" >>"$work/uv.h"
  demand_coverage "$2" "$work/uv.h"
}

plant_coverage() {
  local row='| `uv_queue_work` | `vt_work` | waits |'
  mkdir -p "$tree/tests"
  ln -sfn "${uv_header%.h}" "$work/uv"
  cp "$root/README.md" "$tree"
  cp "$root/tests/exports.txt" "$tree/tests"

  plant_uv 'UV_EXTERN int uv_planted(int, uv_close_cb cb);' \
    'uv_planted: no case uv_planted_completes'
  plant_uv 'void uv_planted(uv_fs_cb);' 'uv_planted: no row in README.md'
  plant_uv 'typedef int (*uv_planted_cb)(void); int uv_planted(uv_planted_cb);' \
    'uv_planted: no case uv_planted_is_cancelled or uv_planted_cannot_be_cancelled'
  plant_uv "$(printf '%s\n' 'typedef struct { int n; uv_exit_cb cb; }' \
    'uv_plant_options_t; int uv_planted(const uv_plant_options_t *o);')" \
    'uv_planted: no case uv_planted_fails'
  echo 'int uv_walk;' >"$work/empty.h"
  demand_coverage 'uv_walk is exempt, and no such function' "$work/empty.h"
  demand_coverage "not libuv's header" "$work/empty.h"

  # A case that is defined and not handed to cmocka is no case.
  sed 's/_test(uv_queue_work_completes)/_test(planted)/' \
    "$root/tests/test_work.c" >"$work/test_work.c"
  sed "s:^.*/test_work.c\$:$work/test_work.c:" "$test_files" >"$work/files.txt"
  demand_coverage 'uv_queue_work: no case uv_queue_work_completes' '' \
    "$work/files.txt"
  grep -v '/test_work.c$' "$test_files" >"$work/files.txt"
  demand_coverage 'uv_queue_work: no case uv_queue_work_is_cancelled or' '' \
    "$work/files.txt"

  grep -vF "$row" "$root/README.md" >"$tree/README.md"
  demand_coverage 'uv_queue_work: no row in README.md'
  sed "s/^$row\$/| \`uv_queue_work\` | \`vt_planted\` | waits |/" \
    "$root/README.md" >"$tree/README.md"
  demand_coverage 'uv_queue_work: README.md names vt_planted, which is not'
  sed "s/^$row\$/| \`uv_queue_work\` | \`vt_work\` | maybe |/" \
    "$root/README.md" >"$tree/README.md"
  demand_coverage 'uv_queue_work: its row in README.md does not tell what'
  sed "s/^$row\$/| \`uv_queue_work\` | \`vt_work\` | stops it |/" \
    "$root/README.md" >"$tree/README.md"
  sed 's/_test(uv_queue_work_is_/_test(uv_queue_work_cannot_be_/' \
    "$root/tests/test_work.c" >"$work/test_work.c"
  sed "s:^.*/test_work.c\$:$work/test_work.c:" "$test_files" >"$work/files.txt"
  demand_coverage 'uv_queue_work: cannot be cancelled, and its row' '' \
    "$work/files.txt"
}

mkdir -p "$work"
"plant_$check"
rm -rf "$work"
echo "$planted violations planted, each found"
