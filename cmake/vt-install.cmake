# SPDX-License-Identifier: MIT
# cmake --install: the library, its headers, the CMake package and vt.pc.
include(CMakePackageConfigHelpers)

set(VT_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/vt")

install(TARGETS vt EXPORT vt-targets FILE_SET HEADERS)
install(TARGETS vt_sim EXPORT vt-targets)
install(EXPORT vt-targets NAMESPACE vt:: DESTINATION "${VT_PACKAGE_DIR}")

configure_package_config_file(
  "${PROJECT_SOURCE_DIR}/cmake/vt-config.cmake.in"
  "${PROJECT_BINARY_DIR}/vt-config.cmake"
  INSTALL_DESTINATION "${VT_PACKAGE_DIR}"
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(
  "${PROJECT_BINARY_DIR}/vt-config-version.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/vt-config.cmake"
  "${PROJECT_BINARY_DIR}/vt-config-version.cmake"
  "${PROJECT_SOURCE_DIR}/cmake/Findlibuv.cmake"
  DESTINATION "${VT_PACKAGE_DIR}")

# vt.pc names its folders from its own place, so that the tree can be moved
# and `cmake --install --prefix` stays right; absolute folders stay absolute.
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
  set(VT_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
  set(VT_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
  set(VT_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
else()
  file(RELATIVE_PATH VT_PC_UP
    "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
  string(REGEX REPLACE "/$" "" VT_PC_UP "${VT_PC_UP}")
  set(VT_PC_PREFIX "\${pcfiledir}/${VT_PC_UP}")
  set(VT_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
  cmake_path(IS_ABSOLUTE CMAKE_INSTALL_INCLUDEDIR VT_PC_ABSOLUTE)
  if(VT_PC_ABSOLUTE)
    set(VT_PC_INCLUDEDIR "${CMAKE_INSTALL_INCLUDEDIR}")
  else()
    set(VT_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
endif()
configure_file("${PROJECT_SOURCE_DIR}/cmake/vt.pc.in"
  "${PROJECT_BINARY_DIR}/vt.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/vt.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(FILES "${PROJECT_SOURCE_DIR}/cmake/vt-gdb.py"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/vt")
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE"
  DESTINATION "${CMAKE_INSTALL_DOCDIR}")
