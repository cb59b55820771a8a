# The compiler flags of this project's own code, as functions over a target.
# SPDX-License-Identifier: Apache-2.0

# Language, visibility and warnings: for every target, instrumented or not.
function(brood_flags target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Werror=reorder-init-list>)
  endif()
  if(BROOD_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# Sanitizers and coverage, as the preset asks: for what runs in the process under test.
function(brood_instrument target)
  set(flags)
  if(BROOD_SANITIZE)
    # The check of vptrs opens a pipe to see whether memory is readable: where descriptors are short, as some
    # tests have it, it takes every object for a bad one.
    list(APPEND flags -fsanitize=${BROOD_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all
         -fno-omit-frame-pointer)
  endif()
  if(BROOD_COVERAGE)
    list(APPEND flags -fprofile-arcs -ftest-coverage)
  endif()
  target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:C,CXX>:${flags}>")
  target_link_options(${target} PRIVATE ${flags})
endfunction()

# Neither, even if the user's own flags ask for it: for what stands in for a foreign program.
function(brood_plain target)
  set(flags -fno-sanitize=all -fno-profile-arcs -fno-test-coverage)
  target_compile_options(${target} PRIVATE ${flags})
  target_link_options(${target} PRIVATE ${flags})
endfunction()
