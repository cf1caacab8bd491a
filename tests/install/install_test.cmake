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
    include/circuit/graph/prune.h include/circuit/tracer/tracer.h include/circuit/tracer/explorer.h
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

# Runs an example: what it prints is a block of the README, indented by four.
function(expect_readme program)
  run("${WORK}/project/${program}" ${ARGN})
  string(REGEX REPLACE "\n+$" "" output "${output}")
  string(REGEX REPLACE "\n" "\n    " block "    ${output}")
  file(READ "${SOURCE}/README.md" readme)
  string(FIND "${readme}" "\n${block}\n\n" found)
  if(found EQUAL -1)
    message(SEND_ERROR "${program} printed\n${output}\nand README.md has no such block")
  endif()
endfunction()

set(demo "${WORK}/prefix/share/circuit/demo/model" "${WORK}/prefix/share/circuit/demo/clt")
set(prompt "le contraire de petit est")
expect_readme(prune_by_hand)
expect_readme(trace_prompt ${demo} "${prompt}")
expect_readme(own_targets ${demo} "${prompt}" " grand- petit" " mauvais")
expect_readme(intervention ${demo} "${prompt}" 0_546_-1=0 0_672_-1=0)
expect_readme(custom_study ${demo} "${SOURCE}/capitals.txt")
# The installed program finds its library and the installed demo.
run("${WORK}/prefix/bin/circuit" trace --prompt "le contraire de petit est" --format json
    --out "${WORK}/out" --name installed --json)
if(NOT EXISTS "${WORK}/out/installed.json")
  message(SEND_ERROR "the installed program wrote no graph: ${output}")
endif()
