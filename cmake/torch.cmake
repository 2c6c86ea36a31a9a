# LibTorch as imported targets, straight from the files of the PyPI wheel.
#
# find_package(Torch) is not used: it enables CUDA detection, which CMake 3.25 cannot do for C++20.
# DND_TORCH_ROOT is a folder with include/ and lib/ (`<site-packages>/torch` of a full PyTorch works);
# the default is what scripts/setup.sh unpacked.
set(DND_TORCH_ROOT "${PROJECT_SOURCE_DIR}/.deps/libtorch/torch" CACHE PATH "LibTorch: include/, lib/")
set(torch_library_dir ${DND_TORCH_ROOT}/lib)
foreach(file lib/libtorch_cpu.so lib/libc10.so include/ATen/core/Tensor.h)
  if(NOT EXISTS ${DND_TORCH_ROOT}/${file})
    message(FATAL_ERROR "LibTorch: ${DND_TORCH_ROOT}/${file} is missing. Run scripts/setup.sh, set "
      "DND_TORCH_ROOT, or configure with -DDND_ENGINE=OFF")
  endif()
endforeach()

add_library(torch::c10 SHARED IMPORTED)
set_target_properties(torch::c10 PROPERTIES
  IMPORTED_LOCATION ${torch_library_dir}/libc10.so
  INTERFACE_INCLUDE_DIRECTORIES ${DND_TORCH_ROOT}/include)
add_library(torch::cpu SHARED IMPORTED)
# libtorch_cpu.so finds the CUDA runtime beside it through its own RPATH at run time; the linker
# needs to be told where to look while linking programs.
file(GLOB torch_nvidia_dirs ${DND_TORCH_ROOT}/../nvidia/cu13/lib)
set_target_properties(torch::cpu PROPERTIES
  IMPORTED_LOCATION ${torch_library_dir}/libtorch_cpu.so
  IMPORTED_LINK_DEPENDENT_LIBRARIES torch::c10
  INTERFACE_LINK_LIBRARIES torch::c10
  # RUNPATH is not inherited by dependent libraries, RPATH is.
  INTERFACE_LINK_OPTIONS
    "-Wl,--disable-new-dtags;-Wl,-rpath-link,${torch_library_dir};-Wl,-rpath-link,${torch_nvidia_dirs}")

# c10d's headers want those of the C++ front end, and Gloo's (libgloo-dev) for declarations.
add_library(torch::distributed INTERFACE IMPORTED)
set_target_properties(torch::distributed PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES ${DND_TORCH_ROOT}/include/torch/csrc/api/include
  INTERFACE_LINK_LIBRARIES torch::cpu)

# Files an installation needs beside the engine, so that it runs without this build tree.
file(GLOB torch_runtime_files ${torch_library_dir}/libgomp.so.1
  ${DND_TORCH_ROOT}/../nvidia/cu13/lib/libcudart.so.13
  ${DND_TORCH_ROOT}/../nvidia/cu13/lib/libcupti.so.13)
list(APPEND torch_runtime_files ${torch_library_dir}/libtorch_cpu.so ${torch_library_dir}/libc10.so)
