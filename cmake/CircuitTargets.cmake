# The only ways to make a target in this project; each lists its sources by hand.
#
#   circuit_add_library(NAME SOURCES … [PUBLIC_LIBRARIES …] [PRIVATE_LIBRARIES …]
#                       [INSTALLED_HEADERS …])
#       a static library without torch; `circuit_graph` is also `circuit::graph`
#   circuit_add_torch_library(NAME [SHARED] SOURCES … [PUBLIC_LIBRARIES …] [PRIVATE_LIBRARIES …]
#                             [INSTALLED_HEADERS …])
#       the same with LibTorch and the precompiled <ATen/ATen.h>; SHARED goes to the top of the
#       build folder
#   circuit_add_program(NAME SOURCES … [LIBRARIES …])
#       a program without torch in the top of the build folder
#   circuit_add_test(NAME SOURCES … [LIBRARIES …] [LABELS …] [TIMEOUT seconds] [TORCH]
#                    [PICTURES])
#       a GoogleTest program, registered as one ctest: loading LibTorch costs 0.4 s a process;
#       PICTURES for one that draws: only whole stacks, slow to take, show that a leak is pango's

set(_circuit_library_lists SOURCES PUBLIC_LIBRARIES PRIVATE_LIBRARIES INSTALLED_HEADERS)

function(circuit_add_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "${_circuit_library_lists}")
  _circuit_refuse_unknown(circuit_add_library ${name} "${arg_UNPARSED_ARGUMENTS}")
  add_library(${name} STATIC ${arg_SOURCES})
  _circuit_configure_library(${name})
endfunction()

function(circuit_add_torch_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SHARED" "" "${_circuit_library_lists}")
  _circuit_refuse_unknown(circuit_add_torch_library ${name} "${arg_UNPARSED_ARGUMENTS}")
  if(arg_SHARED)
    add_library(${name} SHARED ${arg_SOURCES})
    # Installed, it still finds a LibTorch outside the system's folders.
    set_target_properties(${name} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}" INSTALL_RPATH_USE_LINK_PATH ON)
    target_link_libraries(${name} PRIVATE circuit_torch)
  else()
    add_library(${name} STATIC ${arg_SOURCES})
    target_link_libraries(${name} PUBLIC circuit_torch)
  endif()
  _circuit_configure_library(${name})
  _circuit_precompile_torch(${name})
endfunction()

function(circuit_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  _circuit_refuse_unknown(circuit_add_program ${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE circuit_warnings ${arg_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()

function(circuit_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH;PICTURES" "TIMEOUT" "SOURCES;LIBRARIES;LABELS")
  _circuit_refuse_unknown(circuit_add_test ${name} "${arg_UNPARSED_ARGUMENTS}")
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_compile_definitions(${name} PRIVATE
    CIRCUIT_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/tests/golden"
    CIRCUIT_DEMO_DIR="${PROJECT_SOURCE_DIR}/examples/demo")
  target_link_libraries(${name} PRIVATE circuit_warnings ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  # GoogleTest's code gains nothing from -O3 and takes a third longer to compile.
  target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  if(arg_TORCH)
    target_link_libraries(${name} PRIVATE circuit_torch)
    _circuit_precompile_torch(${name})
  endif()
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  # By hand RapidCheck draws another seed each time; under ctest all runs are alike.
  set(environment RC_PARAMS=seed=1)
  if(arg_PICTURES)
    list(APPEND environment ASAN_OPTIONS=fast_unwind_on_malloc=0:malloc_context_size=10)
  endif()
  set_tests_properties(${name} PROPERTIES
    TIMEOUT ${arg_TIMEOUT} ENVIRONMENT "${environment}")
  if(arg_LABELS)
    # A labelled test needs something from outside, and skips itself where that is missing.
    set_tests_properties(${name} PROPERTIES
      LABELS "${arg_LABELS}" SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
  endif()
endfunction()

# ---------------------------------------------------------------------------------------------

function(_circuit_configure_library name)
  string(REGEX REPLACE "^circuit_" "" short_name ${name})
  add_library(circuit::${short_name} ALIAS ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${short_name})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>" $<INSTALL_INTERFACE:include/circuit>)
  # What is only headers for a .cpp of ours is nothing that users of the installed library need.
  set(private_libraries ${arg_PRIVATE_LIBRARIES})
  list(TRANSFORM private_libraries REPLACE "^(Boost::headers|nlohmann_json::.*)$"
    "$<BUILD_INTERFACE:\\1>")
  target_link_libraries(${name}
    PUBLIC ${arg_PUBLIC_LIBRARIES}
    PRIVATE $<BUILD_INTERFACE:circuit_warnings> ${private_libraries})
  if(arg_INSTALLED_HEADERS)
    target_sources(${name} PUBLIC
      FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_INSTALLED_HEADERS})
    cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR
      BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE folder)
    list(TRANSFORM arg_INSTALLED_HEADERS PREPEND "${folder}/")
    set_property(GLOBAL APPEND PROPERTY CIRCUIT_INSTALLED_HEADERS ${arg_INSTALLED_HEADERS})
  endif()
endfunction()

# All code that uses torch is compiled with -fPIC, programs too: GCC refuses a precompiled header
# that was made with another setting.
function(_circuit_precompile_torch name)
  target_precompile_headers(${name} REUSE_FROM circuit_torch_header)
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_compile_options(${name} PRIVATE -fPIC ${CIRCUIT_PCH_OPTIONS})
endfunction()

function(_circuit_refuse_unknown function name unknown)
  if(unknown)
    message(FATAL_ERROR "[${function}] ${name}: unknown arguments: ${unknown}")
  endif()
endfunction()
