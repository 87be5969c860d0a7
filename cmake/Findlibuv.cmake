# SPDX-License-Identifier: MIT
# Finds libuv however it is packaged and gives the target libuv::uv.
#
# The CMake package of libuv has no version file before 1.52 and bare target
# names before 1.45, and Debian ships none: so a package of any version is
# taken, else pkg-config, and the version is read from the header.
# The targets are global, so that a project which adds vt as a subdirectory
# links them too. This file is installed beside vt-config.cmake, which uses it.

set(_libuv_targets libuv::uv libuv::uv_a uv uv_a)

if(NOT TARGET libuv::uv)
  find_package(libuv CONFIG QUIET)
  if(NOT TARGET libuv::uv)
    foreach(_libuv_target IN LISTS _libuv_targets)
      if(TARGET ${_libuv_target})
        add_library(libuv::uv INTERFACE IMPORTED GLOBAL)
        target_link_libraries(libuv::uv INTERFACE ${_libuv_target})
        break()
      endif()
    endforeach()
  endif()
endif()

if(NOT TARGET libuv::uv)
  find_package(PkgConfig QUIET)
  if(PkgConfig_FOUND)
    pkg_check_modules(libuv_PC QUIET IMPORTED_TARGET GLOBAL libuv)
  endif()
  if(TARGET PkgConfig::libuv_PC)
    add_library(libuv::uv INTERFACE IMPORTED GLOBAL)
    target_link_libraries(libuv::uv INTERFACE PkgConfig::libuv_PC)
  endif()
endif()

# A package may state its include folder on any target of the chain.
function(_libuv_include_dirs out)
  set(dirs "")
  foreach(target IN LISTS _libuv_targets ITEMS PkgConfig::libuv_PC)
    if(TARGET ${target})
      get_target_property(found ${target} INTERFACE_INCLUDE_DIRECTORIES)
      if(found)
        list(APPEND dirs ${found})
      endif()
    endif()
  endforeach()
  list(TRANSFORM dirs REPLACE "^\\$<(BUILD|INSTALL)_INTERFACE:(.*)>$" "\\2")
  set(${out} ${dirs} PARENT_SCOPE)
endfunction()

if(TARGET libuv::uv)
  _libuv_include_dirs(_libuv_hints)
  find_file(libuv_VERSION_HEADER uv/version.h HINTS ${_libuv_hints})
  mark_as_advanced(libuv_VERSION_HEADER)
  set(libuv_TARGET libuv::uv)
endif()

if(libuv_VERSION_HEADER)
  file(STRINGS "${libuv_VERSION_HEADER}" _libuv_lines
    REGEX "^#define UV_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
  list(TRANSFORM _libuv_lines REPLACE "^.* ([0-9]+).*$" "\\1")
  list(JOIN _libuv_lines "." libuv_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(libuv
  REQUIRED_VARS libuv_TARGET libuv_VERSION_HEADER
  VERSION_VAR libuv_VERSION)
