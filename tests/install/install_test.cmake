# Installs the build, moves it to another place, and builds and runs an outside project against it.
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}: ${result}\n${output}${errors}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${WORK}")
run("${CMAKE_COMMAND}" --install "${BUILD}" --config "${CONFIG}" --prefix "${WORK}/first")
file(RENAME "${WORK}/first" "${WORK}/prefix")

foreach(file IN ITEMS
    bin/circuit lib/libcircuit_tracer.so lib/libcircuit_graph.a lib/libcircuit_export.a
    include/circuit/graph/prune.h include/circuit/tracer/tracer.h
    share/circuit/demo/model/config.json share/circuit/demo/clt/config.yaml)
  if(NOT EXISTS "${WORK}/prefix/${file}")
    message(SEND_ERROR "${file} is not installed")
  endif()
endforeach()
if(EXISTS "${WORK}/prefix/include/circuit/graph/bgl_adapter.h")
  message(SEND_ERROR "bgl_adapter.h is private, but installed")
endif()

run("${CMAKE_COMMAND}" -S "${SOURCE}" -B "${WORK}/project" -G Ninja
    "-DCMAKE_CXX_COMPILER=${COMPILER}" "-DCMAKE_CXX_FLAGS=${FLAGS}" -DCMAKE_BUILD_TYPE=Debug
    "-DCMAKE_PREFIX_PATH=${WORK}/prefix")
run("${CMAKE_COMMAND}" --build "${WORK}/project")
run("${WORK}/project/prune_by_hand")
file(STRINGS "${SOURCE}/README.md" expected REGEX "^    kept ")
string(STRIP "${expected}" expected)
string(STRIP "${output}" output)
if(NOT output STREQUAL expected)
  message(SEND_ERROR "prune_by_hand printed '${output}', its README says '${expected}'")
endif()

run("${WORK}/project/trace_prompt" "${WORK}/prefix/share/circuit/demo/model"
    "${WORK}/prefix/share/circuit/demo/clt" "le contraire de petit est")
file(STRINGS "${SOURCE}/README.md" expected REGEX "^    le contraire ")
string(STRIP "${expected}" expected)
string(FIND "${output}" "${expected}" found)
if(NOT found EQUAL 0)
  message(SEND_ERROR "trace_prompt printed '${output}', its README says '${expected}'")
endif()
# The installed program finds its library and the installed demo.
run("${WORK}/prefix/bin/circuit" trace --prompt "le contraire de petit est" --format json
    --out "${WORK}/out" --name installed --json)
if(NOT EXISTS "${WORK}/out/installed.json")
  message(SEND_ERROR "the installed program wrote no graph: ${output}")
endif()
