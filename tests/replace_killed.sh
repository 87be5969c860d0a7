#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# replace_killed.sh REPLACE-FILE
# Kills a replacement at each of its system calls on files, one after the other:
# the target is the old file or the new one, whole, and never another.
set -euo pipefail

readonly program=$1
# One after the other, so that each call has one number.
export UV_THREADPOOL_SIZE=1
folder=$(mktemp -d)
readonly folder
trap 'rm -rf "$folder"' EXIT

old=old$(printf '%0300d' 0)
new=new$(printf '%0500d' 1)
readonly old new
readonly calls=open,openat,write,writev,pwrite64,pwritev,fsync,fdatasync,fchmod,rename,renameat,renameat2,close,unlink,stat,newfstatat,statx

if ! strace -f -o /dev/null -e trace=none true 2>/dev/null; then
  echo "strace may not trace here"
  exit 77
fi

kept=0 replaced=0
for ((n = 1; n <= 300; n++)); do
  printf %s "$old" >"$folder/file"
  status=0
  { strace -f -o /dev/null -e "trace=$calls" \
    -e "inject=$calls:signal=SIGKILL:when=$n" \
    "$program" "$folder/file" "$new"; } 2>/dev/null || status=$?
  case $(cat "$folder/file") in
  "$old") kept=$((kept + 1)) ;;
  "$new") replaced=$((replaced + 1)) ;;
  *)
    echo "killed at call $n: neither the old file nor the new one"
    exit 1
    ;;
  esac
  rm -f "$folder"/file*
  if ((status == 0)); then
    break
  fi
done

if ((n > 300 || kept == 0 || replaced < 2)); then
  echo "$n kills: $kept times the old file, $replaced times the new"
  exit 1
fi
echo "$n kills: $kept times the old file, $replaced times the new"
