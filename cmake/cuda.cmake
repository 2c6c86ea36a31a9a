# The CUDA path. What is plain C++ is built everywhere: plans, kernels with their host twin, what calls
# them; no Torch, no CUDA. Where nvcc is found, so is dnd_cuda, the library that the engine opens for
# --device cuda.
set(DND_CUDA AUTO CACHE STRING "Build the CUDA library: AUTO (where nvcc is found), ON or OFF")
set_property(CACHE DND_CUDA PROPERTY STRINGS AUTO ON OFF)

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/layers/ops_cuda/ops)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/ops/cuda ${PROJECT_BINARY_DIR}/layers/ops_cuda/ops/cuda
  SYMBOLIC)

set(cuda_portable_sources conv_plan.cpp convolution.cpp decoder.cpp host_twin.cpp reference.cpp
  self_test.cpp)
list(TRANSFORM cuda_portable_sources PREPEND ${PROJECT_SOURCE_DIR}/src/ops/cuda/)
add_library(dnd_cuda_portable OBJECT ${cuda_portable_sources})
target_include_directories(dnd_cuda_portable PUBLIC ${PROJECT_BINARY_DIR}/layers/ops_cuda)
target_link_libraries(dnd_cuda_portable PUBLIC dnd_options dnd_base)
set_target_properties(dnd_cuda_portable PROPERTIES POSITION_INDEPENDENT_CODE ON
  CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
dnd_optimised_under_sanitizers(dnd_cuda_portable)
dnd_without_coverage(dnd_cuda_portable)

# dnd_cuda is a library by itself: of the core it takes two sources (and a build id), not the objects with
# their third parties.
set(dnd_cuda_host_sources src/ops/cuda/abi.cpp src/base/dtype.cpp src/base/strings.cpp)
list(TRANSFORM dnd_cuda_host_sources PREPEND ${PROJECT_SOURCE_DIR}/)

# CMake's own CUDA language is not used: 3.25 does not know C++20 for nvcc 13.
#
# Sets `missing` to what keeps dnd_cuda from being built, or to nothing.
function(dnd_find_cuda missing)
  set(${missing} "" PARENT_SCOPE)
  find_program(DND_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin $ENV{CUDA_PATH}/bin /usr/local/cuda/bin)
  if(NOT DND_NVCC)
    set(${missing} "nvcc" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${DND_NVCC} --version OUTPUT_VARIABLE text ERROR_QUIET)
  string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" ignored "${text}")
  set(version ${CMAKE_MATCH_1})
  if(NOT version OR version VERSION_LESS 12.8)
    set(${missing} "nvcc 12.8 (${DND_NVCC} is ${version})" PARENT_SCOPE)
    return()
  endif()
  file(REAL_PATH ${DND_NVCC} nvcc)
  cmake_path(GET nvcc PARENT_PATH bin)
  cmake_path(GET bin PARENT_PATH root)
  find_path(DND_CUDA_INCLUDE cublas_v2.h HINTS ${root}/include)
  find_library(DND_CUDA_RUNTIME cudart_static HINTS ${root}/lib64)
  find_library(DND_CUDA_CUBLAS cublas HINTS ${root}/lib64)
  foreach(part DND_CUDA_INCLUDE DND_CUDA_RUNTIME DND_CUDA_CUBLAS)
    if(NOT ${part})
      set(${missing} "cuBLAS with its header, or the static CUDA runtime, beside ${nvcc}"
        PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

if(NOT DND_ENGINE OR NOT DND_CUDA)
  return()
endif()
dnd_find_cuda(missing)
if(missing)
  if(NOT DND_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "DND_CUDA=${DND_CUDA}: not found: ${missing}")
  endif()
  message(STATUS "Without dnd_cuda: not found: ${missing}")
  return()
endif()

# SASS for A100, H100/H200 and B100/B200; PTX, from which the driver compiles for others at first use.
set(DND_CUDA_TARGETS
  "arch=compute_80,code=[sm_80,compute_80];arch=compute_90a,code=sm_90a;arch=compute_100,code=sm_100"
  CACHE STRING "nvcc's -gencode arguments")
set(nvcc_flags -std=c++20 -O3 --threads 0 -lineinfo
  -Xcompiler=-Wall,-Wextra,-fPIC,-fvisibility=hidden $<$<BOOL:${DND_WERROR}>:--Werror=all-warnings>)
foreach(target ${DND_CUDA_TARGETS})
  list(APPEND nvcc_flags -gencode=${target})
endforeach()

set(cuda_source ${PROJECT_SOURCE_DIR}/src/ops/cuda/cuda_device.cu)
set(cuda_object ${PROJECT_BINARY_DIR}/cuda_device.cu.o)
add_custom_command(OUTPUT ${cuda_object}
  COMMAND ${DND_NVCC} ${nvcc_flags} -I${PROJECT_BINARY_DIR}/layers/ops_cuda
    -I${PROJECT_BINARY_DIR}/layers/base -I${PROJECT_SOURCE_DIR}/include
    -MD -MF ${cuda_object}.d -MT ${cuda_object} -c ${cuda_source} -o ${cuda_object}
  DEPENDS ${cuda_source} DEPFILE ${cuda_object}.d COMMENT "Building CUDA object cuda_device.cu.o"
  VERBATIM)

add_library(dnd_cuda SHARED ${dnd_cuda_host_sources} ${cuda_object}
  $<TARGET_OBJECTS:dnd_cuda_portable>)
dnd_add_build_id(dnd_cuda)
target_include_directories(dnd_cuda PRIVATE ${PROJECT_BINARY_DIR}/layers/ops_cuda
  ${PROJECT_BINARY_DIR}/layers/base ${PROJECT_SOURCE_DIR}/include)
cmake_path(GET DND_CUDA_CUBLAS PARENT_PATH cublas_folder)
target_link_libraries(dnd_cuda PRIVATE dnd_options ${DND_CUDA_CUBLAS} ${DND_CUDA_RUNTIME} dl rt
  pthread)
target_link_options(dnd_cuda PRIVATE -Wl,--exclude-libs,ALL -Wl,--no-undefined)
set_target_properties(dnd_cuda PROPERTIES CXX_VISIBILITY_PRESET hidden
  VISIBILITY_INLINES_HIDDEN ON INSTALL_RPATH "$ORIGIN;${cublas_folder}")
install(TARGETS dnd_cuda LIBRARY DESTINATION lib/dnd)
