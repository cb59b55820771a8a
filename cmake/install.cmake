# Install rules: library, headers, CMake package, pkg-config file, tool, guardian.
# SPDX-License-Identifier: Apache-2.0
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/brood)
install(TARGETS brood EXPORT brood-targets)
install(DIRECTORY include/brood DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(EXPORT brood-targets NAMESPACE brood:: DESTINATION ${package_dir})
configure_package_config_file(cmake/brood-config.cmake.in brood-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(brood-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/brood-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/brood-config-version.cmake DESTINATION ${package_dir})

# Relative to the file itself, so that the installed tree can be moved.
file(RELATIVE_PATH PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
configure_file(cmake/brood.pc.in brood.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/brood.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(TARGET brood-guardian)
  install(TARGETS brood-guardian DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/brood)
endif()
if(TARGET brood_cli)
  install(TARGETS brood_cli)
  if(BROOD_PAGES)
    install(DIRECTORY ${BROOD_PAGES}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR})
    install(DIRECTORY ${BROOD_PAGES}/bash-completion ${BROOD_PAGES}/zsh ${BROOD_PAGES}/fish
            DESTINATION ${CMAKE_INSTALL_DATADIR})
  endif()
endif()
