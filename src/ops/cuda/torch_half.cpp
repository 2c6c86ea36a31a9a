#include "ops/cuda/torch_half.h"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <dlfcn.h>
#include <torch/headeronly/version.h>

#include <filesystem>
#include <mutex>
#include <string>

#include "base/environment.h"
#include "base/paths.h"
#include "base/shared_library.h"
#include "base/strings.h"

namespace dnd::ops::cuda {
namespace {

namespace fs = std::filesystem;

constexpr const char* kTorchHalf = "libtorch_cuda.so";
constexpr const char* kWithoutIt = "use precision fast, or device cpu";

// Of this process.
fs::path cpu_half() {
  Dl_info torch{};
  ::dladdr(reinterpret_cast<const void*>(&at::globalContext), &torch);
  return torch.dli_fname;
}

fs::path torch_half_path() {
  if (const std::string path = environment("DND_TORCH_CUDA"); !path.empty()) return path;
  return cpu_half().parent_path() / kTorchHalf;
}

// Both halves come from one build: this process has one of them, the other brings its own sibling.
void check_sibling(const fs::path& path) {
  const fs::path ours = cpu_half();
  const fs::path sibling = path.parent_path() / ours.filename();
  if (is_file(sibling) && file_bytes(sibling) == file_bytes(ours)) return;
  fail(ErrorKind::unavailable, "device cuda: ", path.string(), " is not of LibTorch ",
       TORCH_VERSION, " as ", ours.string(), " is (", ours.filename().string(),
       " beside it is another one); ", kWithoutIt);
}

void open_torch_half() {
  const fs::path path = torch_half_path();
  if (!path_exists(path)) {
    fail(ErrorKind::unavailable,
         "device cuda: with this precision LibTorch's own operations compute, and ",
         "its CUDA half is not here (no ", path.string(), "): set DND_TORCH_CUDA to the ",
         kTorchHalf, " of PyTorch ", TORCH_VERSION, " (pip install torch==", TORCH_VERSION,
         "), or ", kWithoutIt);
  }
  check_sibling(path);
  // What it registers is for the whole process.
  SharedLibrary(path, "device cuda",
                cat(" (are the CUDA libraries that PyTorch needs installed?); ", kWithoutIt));
}

}  // namespace

at::Device torch_device(int index) {
  static std::once_flag opened;  // a failure is not remembered
  std::call_once(opened, open_torch_half);
  const auto& hooks = at::detail::getCUDAHooks();
  if (!hooks.hasCUDART()) {
    fail(ErrorKind::internal, "device cuda: LibTorch did not notice its CUDA half");
  }
  const int count = hooks.getNumGPUs();
  if (index >= count) {
    fail(ErrorKind::unavailable, "device cuda:", index, ": LibTorch finds ", count,
         count == 1 ? " device" : " devices",
         " (is NVIDIA's driver installed, and new enough?); use device cpu");
  }
  at::Context& context = at::globalContext();
  context.setAllowTF32CuDNN(false);
  context.setAllowTF32CuBLAS(false);
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  return {at::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

}  // namespace dnd::ops::cuda
