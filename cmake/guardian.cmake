# The guardian: a tiny static program whose image is embedded into the library.
# SPDX-License-Identifier: Apache-2.0

file(GLOB guardian_sources CONFIGURE_DEPENDS src/process/guardian/*.cpp)
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT guardian_sources)
  return()
endif()

set(GUARDIAN_SHARED src/spawn/child_posix.cpp src/spawn/clone3_linux.cpp src/spawn/launch_linux.cpp src/spawn/launch_posix.cpp
                    src/spawn/unpack.cpp src/process/ladder.cpp src/process/targets_linux.cpp
                    src/sys/child_linux.cpp src/sys/child_posix.cpp src/sys/fd_linux.cpp
                    src/sys/fd_posix.cpp src/sys/proc_linux.cpp src/sys/time_posix.cpp)

# Where memory may not be executed, the library runs the installed copy instead of its own.
file(GLOB process_sources CONFIGURE_DEPENDS src/process/*.cpp)
set_property(SOURCE ${process_sources} APPEND PROPERTY COMPILE_DEFINITIONS
  BROOD_GUARDIAN_PATH="${CMAKE_INSTALL_FULL_LIBEXECDIR}/brood/brood-guardian")

add_executable(brood-guardian ${guardian_sources} ${GUARDIAN_SHARED})
brood_flags(brood-guardian)
brood_plain(brood-guardian)
target_include_directories(brood-guardian PRIVATE src include)
target_compile_options(brood-guardian PRIVATE -Os -fno-exceptions -fno-rtti -ffunction-sections -fdata-sections)
target_link_options(brood-guardian PRIVATE -static -s -Wl,--gc-sections)
set(guardian_dir ${PROJECT_BINARY_DIR}/libexec)
set_target_properties(brood-guardian PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${guardian_dir})

# The file-level dependency re-embeds a changed image; the target-level one orders the two for every generator.
set(GUARDIAN_IMAGE ${guardian_dir}/brood-guardian)
configure_file(cmake/guardian_image.S.in guardian_image.S @ONLY)
set(image_source ${CMAKE_CURRENT_BINARY_DIR}/guardian_image.S)
set_source_files_properties(${image_source} PROPERTIES OBJECT_DEPENDS ${GUARDIAN_IMAGE})
target_sources(brood PRIVATE ${image_source})
add_dependencies(brood brood-guardian)
