# Checks that the guardian's image, not stripped yet, needs nothing that its start code does not set up.
# SPDX-License-Identifier: Apache-2.0
execute_process(COMMAND ${READELF} --program-headers --section-headers --symbols --wide ${IMAGE}
                OUTPUT_VARIABLE listing COMMAND_ERROR_IS_FATAL ANY)
set(findings)

function(refuse pattern what)
  if(listing MATCHES "${pattern}")
    list(APPEND findings "${what}")
    set(findings "${findings}" PARENT_SCOPE)
  endif()
endfunction()

refuse(" UND +[A-Za-z_.$]" "undefined symbols")
refuse("\n +(DYNAMIC|INTERP) " "a dynamic section")
refuse("\n +TLS " "thread-local storage")
refuse("\\] \\.(init|fini|preinit|ctors|dtors)[_ ]" "code to run before or after main")
refuse("\n +GNU_STACK [^\n]*RWE" "an executable stack")
refuse("\n +LOAD [^\n]*RWE" "memory that is writable and executable")
refuse("\n +LOAD +(0x[0-9a-f]+ +)(0x[0-9a-f]+ +)(0x[0-9a-f]+ +)0x0+ " "a segment without bytes (before Linux 6.7)")
if(NOT listing MATCHES "\n +GNU_STACK ")
  list(APPEND findings "no mark that the stack is not executable")
endif()

# What is loaded: what lies behind it, strip takes away.
set(size 0)
string(REGEX MATCHALL "\n +LOAD +0x[0-9a-f]+ +0x[0-9a-f]+ +0x[0-9a-f]+ +0x[0-9a-f]+" segments "${listing}")
foreach(segment IN LISTS segments)
  string(REGEX MATCH "LOAD +(0x[0-9a-f]+) .* (0x[0-9a-f]+)$" ignored "${segment}")
  math(EXPR size "${size} + ${CMAKE_MATCH_2}")
endforeach()
if(size EQUAL 0 OR size GREATER 65536)
  list(APPEND findings "${size} bytes, where 1 to 65536 are right")
endif()

if(findings)
  list(JOIN findings ", " findings)
  file(REMOVE ${IMAGE})
  message(FATAL_ERROR "${IMAGE} has ${findings}")
endif()
