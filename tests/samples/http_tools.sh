#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# http_tools.sh SERVER CSV
# curl and wrk with the server's HTTP port: curl's answers are compared, under
# wrk's load no answer may be other than 200, and no socket may fail.
set -euo pipefail

work=$(mktemp -d)
pid=
clean_up() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT

"$1" --db "$work/c.db" --import "$2" --port 0 --http-port 0 >"$work/out" &
pid=$!
for ((tries = 0; tries < 400; tries++)); do
  url=$(sed -n 's/^vt-cache-server: http on \(.*\)$/http:\/\/\1/p' "$work/out")
  [ -z "$url" ] || break
  kill -0 "$pid" # else it has ended
  sleep 0.05
done

# same WANTED CURL-ARG...
same() {
  local wanted=$1 got
  shift
  got=$(curl --silent --show-error --max-time 20 "$@")
  [ "$got" = "$wanted" ] || {
    printf 'curl %s:\n%s\nwanted\n%s\n' "$*" "$got" "$wanted" >&2
    exit 1
  }
}

status='%{http_code} %{size_download} %{num_connects}'
same '[{"name":"Germany","alpha_2":"DE"}]' \
  "$url/countries?q=germany&fields=name,alpha_2"
same 'ok' "$url/healthz"
same '404 35 1' -o /dev/null -w "$status" "$url/none"
same '200 0 1' -o /dev/null -w "$status" --head "$url/countries"
same '405 44 1' -o /dev/null -w "$status" --data x=y "$url/countries"
same '200 3 1' -o /dev/null -w "$status" --http1.0 "$url/healthz"
same '400 37 1' -o /dev/null -w "$status" --path-as-is "$url/../x"

# With what it got first, curl is told that nothing has changed.
curl --silent --max-time 20 -o "$work/all" --etag-save "$work/etag" \
  "$url/countries"
same '304 0 1' -o /dev/null -w "$status" --etag-compare "$work/etag" \
  "$url/countries"

# A body over the limit: the refusal comes all the same.
head -c 1048576 /dev/zero >"$work/zeros"
same '413' -o /dev/null -w '%{http_code}' -H 'Expect:' \
  --data-binary "@$work/zeros" "$url/countries"

for path in /countries/276 /countries '/countries?q=an' /metrics /; do
  wrk -t1 -c20 -d1s "$url$path" >"$work/wrk"
  if grep -qE 'Socket errors|Non-2xx' "$work/wrk"; then
    cat "$work/wrk" >&2
    exit 1
  fi
done

kill -TERM "$pid"
wait "$pid"
pid=
