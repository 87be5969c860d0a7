# SPDX-License-Identifier: MIT
# cmake -DPAGE=page.html -DOUT=page.c -P page.cmake
# Makes the C file of the page. Its policy allows the one style and the one
# script that the page has, by their hashes, and requests to where it came from.
cmake_minimum_required(VERSION 3.25)

# base64(<hex> <out>): a hash of 32 bytes.
function(base64 hex out)
  set(digits
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  set(text "")
  foreach(at RANGE 0 60 6)
    string(SUBSTRING "${hex}00" ${at} 6 group)
    math(EXPR bits "0x${group}")
    foreach(shift 18 12 6 0)
      math(EXPR digit "(${bits} >> ${shift}) & 63")
      string(SUBSTRING "${digits}" ${digit} 1 digit)
      string(APPEND text "${digit}")
    endforeach()
  endforeach()
  string(SUBSTRING "${text}" 0 43 text)
  set(${out} "${text}=" PARENT_SCOPE)
endfunction()

# hash_of(<tag> <out>): of what the page's only element <tag> holds.
function(hash_of tag out)
  string(FIND "${page}" "<${tag}>" begin)
  string(FIND "${page}" "</${tag}>" end)
  string(LENGTH "<${tag}>" length)
  math(EXPR begin "${begin} + ${length}")
  math(EXPR length "${end} - ${begin}")
  string(SUBSTRING "${page}" ${begin} ${length} text)
  string(SHA256 hex "${text}")
  base64("${hex}" hash)
  set(${out} "'sha256-${hash}'" PARENT_SCOPE)
endfunction()

# Brackets and semicolons mean something to a CMake list, not to a string.
file(READ "${PAGE}" page)
hash_of(style style)
hash_of(script script)
file(SHA256 "${PAGE}" tag)
string(SUBSTRING "${tag}" 0 16 tag)
file(READ "${PAGE}" bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes
  "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
file(WRITE "${OUT}" "/* SPDX-License-Identifier: MIT */
#include \"cache_server/page.h\"

const char page_html[] = {
${bytes}};
const size_t page_html_size = sizeof page_html;

const char page_etag[] = \"\\\"${tag}\\\"\";
const size_t page_etag_size = sizeof page_etag - 1;

const char page_fields[] =
    \"Content-Type: text/html; charset=utf-8\\r\\n\"
    \"Cache-Control: no-cache\\r\\n\"
    \"ETag: \\\"${tag}\\\"\\r\\n\"
    \"Content-Security-Policy: default-src 'none'; style-src ${style}; \"
    \"script-src ${script}; connect-src 'self'; img-src data:; \"
    \"base-uri 'none'; form-action 'none'; frame-ancestors 'none'\\r\\n\"
    \"X-Content-Type-Options: nosniff\\r\\n\"
    \"Referrer-Policy: no-referrer\\r\\n\";
const size_t page_fields_size = sizeof page_fields - 1;
")
