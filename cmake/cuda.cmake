# The CUDA path as far as it is plain C++ that runs everywhere: plans, kernels with their host twin, what
# calls them. No Torch, no CUDA.
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
  CXX_VISIBILITY_PRESET hidden)
