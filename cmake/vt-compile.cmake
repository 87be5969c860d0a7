# SPDX-License-Identifier: MIT
# How everything in this tree is compiled: C11, warnings, sanitizers.

set(VT_WARNINGS
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wvla)

# vt_compile(<target>): the language, the warnings and the sanitizers.
# The GNU dialect is for uv.h, which needs more of libc than strict C11 shows.
function(vt_compile target)
  set_target_properties(${target} PROPERTIES
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS ON
    C_VISIBILITY_PRESET hidden)
  target_compile_options(${target} PRIVATE
    ${VT_WARNINGS} $<$<BOOL:${VT_WERROR}>:-Werror>)
  if(VT_SANITIZE)
    # Of instrumented code gcc misjudges how large an object is.
    target_compile_options(${target} PRIVATE
      -fsanitize=${VT_SANITIZE} -fno-sanitize-recover=all
      -fno-omit-frame-pointer -O1
      $<$<C_COMPILER_ID:GNU>:-Wno-stringop-overread>)
    target_link_options(${target} PRIVATE -fsanitize=${VT_SANITIZE})
  endif()
endfunction()
