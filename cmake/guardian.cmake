# The guardian: a tiny static program whose image is embedded into the library.
# SPDX-License-Identifier: Apache-2.0

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  return()
endif()

set(GUARDIAN_SHARED src/spawn/child_side_linux.cpp src/spawn/clone3_linux.cpp src/spawn/launch_linux.cpp
                    src/spawn/launch_posix.cpp src/spawn/unpack.cpp src/process/driver.cpp src/process/ladder.cpp
                    src/scope/process_tree_linux.cpp src/sys/backend_posix.cpp src/sys/fd_linux.cpp src/sys/fd_posix.cpp
                    src/sys/pid_ref_linux.cpp src/sys/proc_linux.cpp src/sys/reap_linux.cpp
                    src/sys/signal_mask_posix.cpp src/sys/time_posix.cpp src/sys/wait_posix.cpp)

# Where memory may not be executed, the library runs the installed copy instead of its own.
file(GLOB scope_sources CONFIGURE_DEPENDS src/scope/*.cpp)
set_property(SOURCE ${scope_sources} APPEND PROPERTY COMPILE_DEFINITIONS
  BROOD_GUARDIAN_PATH="${CMAKE_INSTALL_FULL_LIBEXECDIR}/brood/brood-guardian")

# Each start of a sealed command copies and executes the image, so it does without glibc (800 KB) where
# src/process/guardian has what it needs instead: on x86_64 and aarch64.
set(GUARDIAN_BARE_SOURCES src/process/guardian/tiny_libc_linux.cpp src/process/guardian/start_linux.S)
list(TRANSFORM GUARDIAN_BARE_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/)
set(GUARDIAN_BARE_COMPILE -fno-lto -fno-pie -fno-stack-protector -fno-unwind-tables -fno-asynchronous-unwind-tables
                          -Wp,-U_FORTIFY_SOURCE)
set(GUARDIAN_BARE_LINK -fno-lto -no-pie -nostdlib -static -Wl,--build-id=none,-z,noexecstack,-z,norelro,-z,noseparate-code)
function(try_bare_guardian)
  list(JOIN GUARDIAN_BARE_COMPILE " " flags)
  string(APPEND CMAKE_CXX_FLAGS " -Os -fno-exceptions ${flags}")  # behind the user's own, as in the target below
  message(CHECK_START "Can the guardian do without a C library")
  try_compile(BROOD_BARE_GUARDIAN SOURCES ${GUARDIAN_BARE_SOURCES}
    SOURCE_FROM_CONTENT main.cpp "int main(int, char**) { return 0; }"
    LINK_OPTIONS ${GUARDIAN_BARE_LINK} CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
  message(CHECK_PASS "${BROOD_BARE_GUARDIAN}")
endfunction()
if(CMAKE_READELF AND CMAKE_STRIP AND NOT DEFINED BROOD_BARE_GUARDIAN)
  try_bare_guardian()
endif()

add_executable(brood-guardian src/process/guardian/main.cpp ${GUARDIAN_SHARED})
brood_flags(brood-guardian)
brood_plain(brood-guardian)
target_include_directories(brood-guardian PRIVATE src include)
target_compile_options(brood-guardian PRIVATE -Os -ffunction-sections -fdata-sections
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti;-fno-threadsafe-statics>)
target_link_options(brood-guardian PRIVATE -static -Wl,--gc-sections)
if(BROOD_BARE_GUARDIAN)
  target_sources(brood-guardian PRIVATE ${GUARDIAN_BARE_SOURCES})
  target_compile_options(brood-guardian PRIVATE ${GUARDIAN_BARE_COMPILE})
  target_link_options(brood-guardian PRIVATE ${GUARDIAN_BARE_LINK})
  set_target_properties(brood-guardian PROPERTIES POSITION_INDEPENDENT_CODE OFF INTERPROCEDURAL_OPTIMIZATION OFF)
  add_custom_command(TARGET brood-guardian POST_BUILD VERBATIM
    COMMAND ${CMAKE_COMMAND} -DREADELF=${CMAKE_READELF} -DIMAGE=$<TARGET_FILE:brood-guardian>
            -P ${PROJECT_SOURCE_DIR}/cmake/check_guardian.cmake
    COMMAND ${CMAKE_STRIP} $<TARGET_FILE:brood-guardian>)
else()
  target_link_options(brood-guardian PRIVATE -s)
endif()
set(guardian_dir ${PROJECT_BINARY_DIR}/libexec)
set_target_properties(brood-guardian PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${guardian_dir})

# The file-level dependency re-embeds a changed image; the target-level one orders the two for every generator.
set(GUARDIAN_IMAGE ${guardian_dir}/brood-guardian)
configure_file(cmake/guardian_image.S.in guardian_image.S @ONLY)
set(image_source ${CMAKE_CURRENT_BINARY_DIR}/guardian_image.S)
set_source_files_properties(${image_source} PROPERTIES OBJECT_DEPENDS ${GUARDIAN_IMAGE})
target_sources(brood PRIVATE ${image_source})
add_dependencies(brood brood-guardian)
