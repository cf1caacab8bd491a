# CircuitTorch.cmake against made-up installations: each mistake is named in one line.
cmake_minimum_required(VERSION 3.25)

set(module "${CMAKE_CURRENT_LIST_DIR}/../../cmake/CircuitTorch.cmake")
file(REMOVE_RECURSE "${WORK}")
file(WRITE "${WORK}/driver.cmake" "
cmake_minimum_required(VERSION 3.25)
set(CMAKE_FIND_LIBRARY_PREFIXES lib)
set(CMAKE_FIND_LIBRARY_SUFFIXES .so)
include(\"${module}\")
")

function(make_installation name)
  foreach(file IN LISTS ARGN)
    file(WRITE "${WORK}/${name}/${file}" "")
  endforeach()
endfunction()

# Runs the module on installation `name`; `path` goes before PATH (a made-up ldd or python3).
function(expect_line name path pattern)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env "PATH=${path}:$ENV{PATH}" --unset=CIRCUIT_TORCH_DIR
            "${CMAKE_COMMAND}" ${ARGN} "-DPROJECT_BINARY_DIR=${WORK}/${name}"
            -P "${WORK}/driver.cmake"
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(REGEX MATCH "LibTorch: ${pattern}" found "${output}")
  if(NOT found)
    message(SEND_ERROR "${name}: expected a line 'LibTorch: ${pattern}' in:\n${output}")
  endif()
endfunction()

function(make_command name text)
  file(WRITE "${WORK}/${name}" "#!/bin/sh\n${text}\n")
  file(CHMOD "${WORK}/${name}" PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()

set(whole lib/libtorch_cpu.so lib/libc10.so include/ATen/core/Tensor.h)

make_installation(empty lib/other.so)
expect_line(empty "" "no libtorch_cpu in .*/empty/lib; run scripts/setup, or give its folder with -DCMAKE_PREFIX_PATH"
  "-DCIRCUIT_TORCH_DIR=${WORK}/empty")

expect_line(nowhere "" "no libtorch_cpu on this machine; run scripts/setup"
  "-DCMAKE_IGNORE_PATH=/lib;/usr/lib;/lib/x86_64-linux-gnu;/usr/lib/x86_64-linux-gnu;/usr/local/lib"
  "-DCMAKE_SYSTEM_PREFIX_PATH=${WORK}/empty")

make_command(no_torch/python3 "echo")
expect_line(no_torch "${WORK}/no_torch" "the python3 on PATH has no torch"
  -DCIRCUIT_TORCH_FROM_PYTHON=ON)

make_installation(half lib/libtorch_cpu.so include/ATen/core/Tensor.h)
expect_line(half "" "libtorch_cpu is in .*/half/lib but libc10 is not there"
  "-DCIRCUIT_TORCH_DIR=${WORK}/half")

make_installation(headless lib/libtorch_cpu.so lib/libc10.so)
expect_line(headless "" "[^\n]*its include folder has no ATen/core/Tensor.h"
  "-DCIRCUIT_TORCH_DIR=${WORK}/headless")

make_installation(linked lib/libtorch_cpu.so include/ATen/core/Tensor.h)
make_installation(other ${whole})
file(CREATE_LINK "${WORK}/other/lib/libc10.so" "${WORK}/linked/lib/libc10.so" SYMBOLIC)
expect_line(linked "" "libtorch_cpu is from .*/linked/lib but libc10 would come from .*/other/lib"
  "-DCIRCUIT_TORCH_DIR=${WORK}/linked")

make_installation(loaded ${whole})
make_command(ldd_other/ldd "echo ' libc10.so.1.13 => ${WORK}/other/lib/libc10.so (0x0)'")
expect_line(loaded "${WORK}/ldd_other"
  "libtorch_cpu is from .*/loaded/lib but libc10 would come from .*/other/lib"
  "-DCIRCUIT_TORCH_DIR=${WORK}/loaded")

make_installation(old_abi ${whole})
file(WRITE "${WORK}/old_abi/share/cmake/Torch/TorchConfig.cmake"
  "set(TORCH_CXX_FLAGS \"-D_GLIBCXX_USE_CXX11_ABI=0\")")
expect_line(old_abi "" "[^\n]*was built with libstdc\\+\\+'s old ABI"
  "-DCIRCUIT_TORCH_DIR=${WORK}/old_abi")

make_installation(slow ${whole})
make_installation(blas libblas.so.3)
make_command(ldd_slow/ldd "echo ' libblas.so.3 => ${WORK}/blas/libblas.so.3 (0x0)'")
expect_line(slow "${WORK}/ldd_slow" "the BLAS is the slow reference one \\(.*/blas/libblas.so.3\\)"
  "-DCIRCUIT_TORCH_DIR=${WORK}/slow")

# A project of its own, because only a build folder remembers.
file(WRITE "${WORK}/project/CMakeLists.txt" "
cmake_minimum_required(VERSION 3.25)
project(made_up LANGUAGES NONE)
include(\"${WORK}/driver.cmake\")
")
make_command(python_other/python3 "echo '${WORK}/other'")

# Configures build folder `build` with the python3 of folder `python`; further arguments are for env.
function(expect_configured build python pattern)
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -E env "PATH=${WORK}/${python}:$ENV{PATH}" --unset=CIRCUIT_TORCH_DIR
            ${ARGN} "${CMAKE_COMMAND}" -DCIRCUIT_TORCH_FROM_PYTHON=ON
            -S "${WORK}/project" -B "${WORK}/${build}"
    OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT output MATCHES "LibTorch ?: ${pattern}")
    message(SEND_ERROR "${build}: expected a line 'LibTorch: ${pattern}' in:\n${output}")
  endif()
endfunction()

expect_configured(by_environment no_torch "the python3 on PATH has no torch")
expect_configured(by_environment no_torch "no libtorch_cpu in .*/empty/lib"
  "CIRCUIT_TORCH_DIR=${WORK}/empty")
expect_configured(by_environment no_torch ".*/other/lib" "CIRCUIT_TORCH_DIR=${WORK}/other")
expect_configured(by_environment no_torch ".*/other/lib")
expect_configured(by_python python_other ".*/other/lib")
expect_configured(by_python no_torch ".*/other/lib")
