# Language level, warnings and compiler cache: one place for everything that every target shares.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Kind of build" FORCE)
endif()

# Linked privately by every target of ours.
add_library(circuit_warnings INTERFACE)
target_compile_options(circuit_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  # Options are given as {.field = value}; what is left out has its default.
  -Wno-missing-field-initializers
  # GCC 12 warns wrongly about std::string's operator+ at -O3, under three names (its bug 105651).
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:
    -Wno-restrict;-Wno-stringop-overflow;-Wno-array-bounds>
  $<$<BOOL:${CIRCUIT_WERROR}>:-Werror>)

# ccache accepts a precompiled header only with these two settings.
find_program(CIRCUIT_CCACHE ccache)
mark_as_advanced(CIRCUIT_CCACHE)
if(CIRCUIT_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    "${CIRCUIT_CCACHE}")
  set(CIRCUIT_PCH_OPTIONS $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
