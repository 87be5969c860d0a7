# SPDX-License-Identifier: MIT
# How a test is added. 300 seconds each, which a busy machine has too; 77 means
# skipped.

set(VT_TEST_TIMEOUT 300)
set(VT_TEST_NEED "${PROJECT_SOURCE_DIR}/tests/need.sh")

# vt_test(<name>
#   [FILE file] [SOURCES file...] [LABELS label...] [LIBS target...]
#   [DEFINITIONS def...] [OPTIONS flag...] [WRAP function...] [ARGS arg...]
#   [ENVIRONMENT var=v...] [TIMEOUT seconds] [TOOLS command...] [INTERNAL] [SERIAL]
#   [NO_VALGRIND])
#
# Builds tests/test_<name>.c with cmocka, tests/support and vt, and runs it.
# <name> may lie in a folder: conformance/task is tests/conformance/test_task.c.
# FILE builds one file twice, with other DEFINITIONS (VT_DEBUG, VT_LABELS).
# WRAP gives it the calls of these functions, as the linker's --wrap does.
# INTERNAL lets it include "core/pool.h" and link hidden functions.
# TOOLS names commands without which it is skipped. SERIAL: nothing beside it.
# Those labelled base, core, combine, sync, cache or conformance have a twin for
# `ctest -C Valgrind -L valgrind`, which sees VT_VALGRIND=1 and may do less;
# NO_VALGRIND: no twin.
function(vt_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST
    "INTERNAL;SERIAL;NO_VALGRIND" "FILE;TIMEOUT"
    "SOURCES;LABELS;LIBS;DEFINITIONS;OPTIONS;WRAP;ARGS;ENVIRONMENT;TOOLS")
  cmake_path(GET name PARENT_PATH folder)
  cmake_path(GET name FILENAME base)
  if(NOT TEST_FILE)
    cmake_path(APPEND folder "test_${base}.c" OUTPUT_VARIABLE TEST_FILE)
  endif()
  string(MAKE_C_IDENTIFIER "test_${name}" target)
  cmake_path(ABSOLUTE_PATH TEST_FILE OUTPUT_VARIABLE file)
  set_property(GLOBAL APPEND PROPERTY VT_TEST_FILES "${file}")

  add_executable(${target} "${TEST_FILE}" ${TEST_SOURCES})
  vt_compile(${target})
  target_compile_definitions(${target} PRIVATE ${TEST_DEFINITIONS})
  target_compile_options(${target} PRIVATE ${TEST_OPTIONS})
  list(TRANSFORM TEST_WRAP PREPEND -Wl,--wrap=)
  target_link_options(${target} PRIVATE ${TEST_WRAP})
  set(library vt::vt)
  if(TEST_INTERNAL)
    set(library vt_static)
    target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/lib")
  endif()
  target_link_libraries(${target} PRIVATE
    ${TEST_LIBS} vt_test_support ${library} PkgConfig::cmocka Threads::Threads)

  vt_test_command(${name} LABELS ${TEST_LABELS} TOOLS ${TEST_TOOLS}
    TIMEOUT ${TEST_TIMEOUT} ENVIRONMENT ${TEST_ENVIRONMENT}
    COMMAND ${target} ${TEST_ARGS})
  set_tests_properties(${name} PROPERTIES RUN_SERIAL ${TEST_SERIAL})
  if(TEST_LABELS MATCHES "base|core|combine|sync|cache|conformance"
      AND NOT TEST_NO_VALGRIND AND NOT VT_SANITIZE)
    vt_test_valgrind(${name} ${target} ${TEST_ARGS})
  endif()
endfunction()

# vt_test_debug(<name> ...): vt_test, and <name>_debug with VT_DEBUG.
function(vt_test_debug name)
  vt_test(${name} ${ARGN})
  vt_test(${name}_debug FILE test_${name}.c DEFINITIONS VT_DEBUG ${ARGN})
endfunction()

# vt_test_forms(<name> ...): the three forms that async functions have: the same
# two, and <name>_labels with VT_LABELS.
function(vt_test_forms name)
  vt_test_debug(${name} ${ARGN})
  vt_test(${name}_labels FILE test_${name}.c DEFINITIONS VT_LABELS ${ARGN})
endfunction()

# vt_test_both_ways(<name> ...): files from memory where that has the answer, and
# from libuv's pool.
function(vt_test_both_ways name)
  vt_test(${name} ${ARGN})
  vt_test(${name}_cold FILE test_${name}.c ENVIRONMENT VT_TEST_COLD=1 ${ARGN})
endfunction()

# vt_test_valgrind(<name> <target> [arg...]): the twin; private.
function(vt_test_valgrind name target)
  add_test(NAME ${name}.valgrind CONFIGURATIONS Valgrind
    COMMAND bash "${VT_TEST_NEED}" valgrind -- valgrind --quiet
      --error-exitcode=99 --leak-check=full --track-origins=yes
      $<TARGET_FILE:${target}> ${ARGN}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
  set_tests_properties(${name}.valgrind PROPERTIES
    LABELS valgrind ENVIRONMENT VT_VALGRIND=1
    TIMEOUT ${VT_TEST_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

# vt_test_command(<name> COMMAND command... [LABELS label...] [TOOLS command...]
#   [ENVIRONMENT var=v...] [TIMEOUT seconds]): a test that is a script or a
# program built elsewhere. It runs in the source tree's tests folder.
function(vt_test_command name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "" "TIMEOUT"
    "COMMAND;LABELS;TOOLS;ENVIRONMENT")
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT ${VT_TEST_TIMEOUT})
  endif()
  list(GET TEST_COMMAND 0 program)
  if(TARGET ${program})
    list(POP_FRONT TEST_COMMAND)
    list(PREPEND TEST_COMMAND $<TARGET_FILE:${program}>)
  endif()
  if(TEST_TOOLS)
    list(PREPEND TEST_COMMAND bash "${VT_TEST_NEED}" ${TEST_TOOLS} --)
  endif()
  add_test(NAME ${name} COMMAND ${TEST_COMMAND}
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}/tests")
  set_tests_properties(${name} PROPERTIES
    LABELS "${TEST_LABELS}" ENVIRONMENT "${TEST_ENVIRONMENT}"
    TIMEOUT ${TEST_TIMEOUT} SKIP_RETURN_CODE 77)
endfunction()

# vt_sample_test(<program> [arg...]): the sample's output is compared with
# tests/samples/<program>.out.
function(vt_sample_test program)
  vt_test_command(samples/${program} LABELS samples
    COMMAND bash "${PROJECT_SOURCE_DIR}/tests/compare.sh"
      "${PROJECT_SOURCE_DIR}/tests/samples/${program}.out"
      $<TARGET_FILE:${program}> ${ARGN})
endfunction()
