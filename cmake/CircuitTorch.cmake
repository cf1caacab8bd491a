# Finds one LibTorch and offers it as the target circuit_torch, the folder of its libraries as
# CIRCUIT_TORCH_LIBRARIES. Everything that is special to
# Debian's packages or to pip's wheels stays in this file.
#
# It looks in CIRCUIT_TORCH_DIR (option or environment), in the torch of python3 when
# CIRCUIT_TORCH_FROM_PYTHON is on, then where CMake looks (Torch_DIR, CMAKE_PREFIX_PATH, system).
# What the first two say is remembered: a build folder keeps its LibTorch when it is configured
# again where the environment is another one.
#
# LibTorch's own CMake package is not used: with two installations it may take c10 from one and
# torch from the other, and it asks for protobuf, gflags and, for CUDA wheels, a CUDA compiler.
# Here every library comes from the folder that holds libtorch_cpu, or configuring stops.

set(CIRCUIT_TORCH_DIR "" CACHE PATH
    "LibTorch: a folder with lib/libtorch_cpu.so (an unpacked download, pip's torch folder)")
option(CIRCUIT_TORCH_FROM_PYTHON "Use the torch of python3" OFF)
mark_as_advanced(CIRCUIT_TORCH_DIR CIRCUIT_TORCH_FROM_PYTHON)

# A message that begins with a space is printed as it stands, in one line.

function(_circuit_find_torch_root out)
  set(root "${CIRCUIT_TORCH_DIR}")
  if(NOT root)
    set(root "$ENV{CIRCUIT_TORCH_DIR}")
  endif()
  if(NOT root AND CIRCUIT_TORCH_FROM_PYTHON)
    execute_process(
      COMMAND python3 -c "import importlib.util as u; s = u.find_spec('torch'); \
print(s.submodule_search_locations[0] if s else '')"
      OUTPUT_VARIABLE root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(NOT root)
      message(FATAL_ERROR " LibTorch: the python3 on PATH has no torch; activate the environment "
        "that has it, or set CIRCUIT_TORCH_DIR to a folder with lib/libtorch_cpu.so.")
    endif()
  endif()
  set(${out} "${root}" PARENT_SCOPE)
endfunction()

function(_circuit_find_torch_cpu root out)
  if(root)
    find_library(library torch_cpu PATHS "${root}/lib" NO_DEFAULT_PATH NO_CACHE)
  else()
    find_library(library torch_cpu HINTS "${Torch_DIR}/../../../lib" NO_CACHE)
  endif()
  if(NOT library)
    if(root)
      set(place "in ${root}/lib")
    else()
      set(place "on this machine")
    endif()
    message(FATAL_ERROR " LibTorch: no libtorch_cpu ${place}; run scripts/setup, or give its "
      "folder with -DCMAKE_PREFIX_PATH=/path/to/libtorch.")
  endif()
  set(${out} "${library}" PARENT_SCOPE)
endfunction()

# The headers and libraries beside libtorch_cpu; never from anywhere else.
function(_circuit_find_beside folder)
  find_library(c10 c10 PATHS "${folder}" NO_DEFAULT_PATH NO_CACHE)
  if(NOT c10)
    find_library(other c10 NO_CACHE)
    message(FATAL_ERROR " LibTorch: libtorch_cpu is in ${folder} but libc10 is not there "
      "(elsewhere: ${other}); libtorch_cpu and libc10 must come from one installation.")
  endif()
  find_path(include ATen/core/Tensor.h
    PATHS "${folder}/../include" "${folder}/../../include" NO_DEFAULT_PATH NO_CACHE)
  if(NOT include)
    message(FATAL_ERROR " LibTorch: ${folder} holds the libraries, but its include folder has no "
      "ATen/core/Tensor.h (Debian: package libtorch-dev).")
  endif()
  find_library(torch_cuda torch_cuda PATHS "${folder}" NO_DEFAULT_PATH NO_CACHE)
  find_library(c10_cuda c10_cuda PATHS "${folder}" NO_DEFAULT_PATH NO_CACHE)
  return(PROPAGATE c10 include torch_cuda c10_cuda)
endfunction()

# `dependencies` is what the dynamic loader makes of libtorch_cpu in this environment.
function(_circuit_check_one_installation torch_cpu c10 dependencies)
  file(REAL_PATH "${torch_cpu}" torch_file)
  file(REAL_PATH "${c10}" c10_file)
  cmake_path(GET torch_file PARENT_PATH torch_folder)
  cmake_path(GET c10_file PARENT_PATH c10_folder)
  if(dependencies MATCHES "libc10[^ ]* => ([^ \n]+) \\(")
    file(REAL_PATH "${CMAKE_MATCH_1}" loaded_file)
    cmake_path(GET loaded_file PARENT_PATH loaded_folder)
  else()
    set(loaded_folder "${c10_folder}")
  endif()
  foreach(found IN LISTS c10_folder loaded_folder)
    if(NOT found STREQUAL torch_folder)
      message(FATAL_ERROR " LibTorch: libtorch_cpu is from ${torch_folder} but libc10 would come "
        "from ${found}; remove one installation from LD_LIBRARY_PATH or CMAKE_PREFIX_PATH.")
    endif()
  endforeach()
endfunction()

# Wheels before torch 2.6 were built with the old std::string, all other libraries with the new.
function(_circuit_check_abi folder)
  foreach(config IN ITEMS "${folder}/../share/cmake/Torch/TorchConfig.cmake"
                          "${folder}/cmake/Torch/TorchConfig.cmake")
    if(EXISTS "${config}")
      file(STRINGS "${config}" old_abi REGEX "_GLIBCXX_USE_CXX11_ABI=0")
      if(old_abi)
        message(FATAL_ERROR " LibTorch: ${folder} was built with libstdc++'s old ABI, the other "
          "libraries with the new one; take torch 2.6 or later, or the cxx11-abi download.")
      endif()
    endif()
  endforeach()
endfunction()

# Debian's LibTorch calls whatever libblas.so.3 is: the reference BLAS is 50 times slower.
function(_circuit_check_blas dependencies)
  if(NOT dependencies MATCHES "libblas\\.so\\.3 => ([^ \n]+) \\(")
    return()  # bundled, as in pip's wheels
  endif()
  file(REAL_PATH "${CMAKE_MATCH_1}" blas)
  if(NOT blas MATCHES "openblas|mkl|blis|atlas")
    message(WARNING " LibTorch: the BLAS is the slow reference one (${blas}); run scripts/setup, "
      "or install libopenblas0-pthread and select it with update-alternatives.")
  endif()
endfunction()

function(_circuit_print_torch folder include)
  find_file(header version.h NO_DEFAULT_PATH NO_CACHE
    PATHS "${include}/torch/headeronly" "${include}/torch/csrc/api/include/torch")
  set(lines "")
  if(header)
    file(STRINGS "${header}" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
  endif()
  string(REGEX MATCHALL "[0-9]+" numbers "${lines}")
  list(JOIN numbers "." version)
  message(STATUS "LibTorch ${version}: ${folder}")
endfunction()

_circuit_find_torch_root(_root)
_circuit_find_torch_cpu("${_root}" _torch_cpu)
cmake_path(GET _torch_cpu PARENT_PATH _folder)
_circuit_find_beside("${_folder}")
execute_process(COMMAND ldd "${_torch_cpu}" OUTPUT_VARIABLE _dependencies ERROR_QUIET)
_circuit_check_one_installation("${_torch_cpu}" "${c10}" "${_dependencies}")
_circuit_check_abi("${_folder}")
_circuit_check_blas("${_dependencies}")
_circuit_print_torch("${_folder}" "${include}")
set(CIRCUIT_TORCH_LIBRARIES "${_folder}")
set_property(CACHE CIRCUIT_TORCH_DIR PROPERTY VALUE "${_root}")

# Since 2.9 its device-neutral interface tells how much memory a GPU has left.
set(CIRCUIT_TORCH_TELLS_MEMORY OFF)
if(EXISTS "${include}/c10/core/CachingDeviceAllocator.h")
  file(STRINGS "${include}/c10/core/CachingDeviceAllocator.h" _tells REGEX "getMemoryInfo")
  if(_tells)
    set(CIRCUIT_TORCH_TELLS_MEMORY ON)
  endif()
endif()

add_library(circuit_torch INTERFACE)
target_include_directories(circuit_torch SYSTEM INTERFACE
  "${include}" "${include}/torch/csrc/api/include")
target_link_libraries(circuit_torch INTERFACE "${_torch_cpu}" "${c10}")
# Libraries that LibTorch itself needs are its own affair (wheels keep them in other folders).
target_link_options(circuit_torch INTERFACE LINKER:--allow-shlib-undefined)
if(torch_cuda AND c10_cuda)
  # Nothing calls it by name: it registers its kernels when it is loaded.
  target_link_libraries(circuit_torch INTERFACE
    "-Wl,--no-as-needed,${torch_cuda},--as-needed" "${c10_cuda}")
endif()

# One precompiled header for the whole build (289 MB, 10 s); every user of torch reuses it.
file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/circuit_torch_header.cpp"
     CONTENT "// Home of the precompiled header.\n")
add_library(circuit_torch_header OBJECT "${PROJECT_BINARY_DIR}/circuit_torch_header.cpp")
target_link_libraries(circuit_torch_header PRIVATE circuit_torch circuit_warnings)
set_target_properties(circuit_torch_header PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_compile_options(circuit_torch_header PRIVATE -fPIC ${CIRCUIT_PCH_OPTIONS})
target_precompile_headers(circuit_torch_header PRIVATE <ATen/ATen.h>)
