# Toolchain: static programs for x86_64 Linux with musl, by the Zig that `./dev test --lane musl` installs.
# SPDX-License-Identifier: Apache-2.0
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_C_COMPILER ${CMAKE_CURRENT_LIST_DIR}/zig/clang)
set(CMAKE_CXX_COMPILER ${CMAKE_CURRENT_LIST_DIR}/zig/clang++)
set(CMAKE_C_COMPILER_TARGET x86_64-linux-musl)
set(CMAKE_CXX_COMPILER_TARGET x86_64-linux-musl)
set(CMAKE_ASM_COMPILER_TARGET x86_64-linux-musl)

# Zig instruments what is not optimised for size or speed; sanitizers have presets of their own.
set(CMAKE_C_FLAGS_INIT -fno-sanitize=all)
set(CMAKE_CXX_FLAGS_INIT "-fno-sanitize=all -isystem ${CMAKE_CURRENT_LIST_DIR}/zig/include")
set(CMAKE_EXE_LINKER_FLAGS_INIT -static)

# Nothing of this machine's own libraries fits: they are glibc's.
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_FIND_ROOT_PATH ${CMAKE_CURRENT_LIST_DIR}/zig)

# The compiler is a script that stays the same when Zig changes, so ccache asks for the version of Zig instead.
find_program(CCACHE ccache)
if(CCACHE)
  file(SHA256 ${CMAKE_CURRENT_LIST_DIR}/zig/package-lock.json zig_version)
  file(SHA256 ${CMAKE_CURRENT_LIST_DIR}/zig/clang++ zig_script)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_COMPILERCHECK=string:${zig_version}${zig_script} ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()
