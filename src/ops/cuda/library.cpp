#include "ops/cuda/library.h"

#include <dlfcn.h>

#include <charconv>
#include <exception>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/build_id.h"
#include "base/environment.h"
#include "base/paths.h"
#include "base/shared_library.h"
#include "base/strings.h"
#include "ops/cuda/abi.h"

namespace dnd::ops::cuda {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibraryName = "libdnd_cuda.so";
constexpr const char* kRemedy = "use device cpu";

// Beside the library (or program) that this function is part of.
fs::path library_path() {
  if (const std::string path = renamed_environment("DND_CUDA_LIBRARY", "DND_CUDA"); !path.empty()) {
    return path;
  }
  Dl_info self{};
  ::dladdr(reinterpret_cast<const void*>(&library_path), &self);
  return fs::path(self.dli_fname).parent_path() / kLibraryName;
}

// The functions of abi.h.
struct Library {
  decltype(&dnd_cuda_build_id) build_id = nullptr;
  decltype(&dnd_cuda_probe) probe = nullptr;
  decltype(&dnd_cuda_self_test) self_test = nullptr;
  decltype(&dnd_cuda_create) create = nullptr;
  decltype(&dnd_cuda_run) run = nullptr;
  decltype(&dnd_cuda_destroy) destroy = nullptr;
};

template <typename Function>
void find(const SharedLibrary& library, const char* name, Function*& function) {
  function = library.symbol<Function>(name);
}

Library open_library() {
  const fs::path path = library_path();
  if (!path_exists(path)) {
    fail(ErrorKind::unavailable, "device cuda: this build has no CUDA kernels (no ", path.string(),
         "): build where nvcc 12.8 or newer is, or ", kRemedy);
  }
  const SharedLibrary library(
      path, "device cuda",
      cat(" (are CUDA's libraries of the version it was built with installed?); ", kRemedy));
  Library functions;
  find(library, "dnd_cuda_build_id", functions.build_id);
  if (const std::string_view id = functions.build_id(); id != build_id()) {
    fail(ErrorKind::unavailable, "device cuda: ", path.string(), " is of build ", printable(id),
         ", the engine of build ", build_id(), ": build both from the same sources, or ", kRemedy);
  }
  find(library, "dnd_cuda_probe", functions.probe);
  find(library, "dnd_cuda_self_test", functions.self_test);
  find(library, "dnd_cuda_create", functions.create);
  find(library, "dnd_cuda_run", functions.run);
  find(library, "dnd_cuda_destroy", functions.destroy);
  return functions;
}

// Opened once; a failure is not remembered.
const Library& library() {
  static const Library opened = open_library();
  return opened;
}

ErrorKind kind_of(int code) {
  for (const ErrorKind kind : {ErrorKind::data, ErrorKind::unavailable, ErrorKind::memory}) {
    if (static_cast<int>(kind) == code) return kind;
  }
  return ErrorKind::internal;
}

void check(int code, const DndCudaStatus& status) {
  if (code != 0) throw Error(kind_of(code), status.message);
}

std::string version_text(int version) { return cat(version / 1000, ".", version % 1000 / 10); }

std::string cublas_text(int version) {
  return cat(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

}  // namespace

// What a function that the library called has thrown. It must not pass through C.
class Caught {
 public:
  template <typename Function>
  bool run(Function function) noexcept {
    try {
      function();
      return true;
    } catch (...) {
      error_ = std::current_exception();
      return false;
    }
  }
  void check(int code, const DndCudaStatus& status) {
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    cuda::check(code, status);
  }

 private:
  std::exception_ptr error_;
};

namespace {

std::string failures(const CudaReport& report) {
  std::string names;
  for (const CudaReport::Check& check : report.checks) {
    if (check.passed) continue;
    names +=
        cat(names.empty() ? "" : ", ", check.name, " (error ", significant_digits(check.error, 2),
            ", bound ", significant_digits(check.bound, 2), ")");
  }
  return names.empty() ? "nothing was checked" : names;
}

}  // namespace

std::optional<int> device_index(const std::string& device) {
  if (device == "cuda") return 0;
  constexpr std::string_view kPrefix = "cuda:";
  if (!device.starts_with(kPrefix)) return std::nullopt;
  int index = 0;
  const char* end = device.data() + device.size();
  const auto [stop, error] = std::from_chars(device.data() + kPrefix.size(), end, index);
  if (error != std::errc() || stop != end || index < 0) return std::nullopt;
  return index;
}

CudaReport examine(int device) {
  DndCudaStatus status{};
  DndCudaDeviceInfo info{};
  check(library().probe(device, &info, &status), status);
  CudaReport report;
  report.name = info.name;
  report.compute = cat(info.compute_major, ".", info.compute_minor);
  report.driver = version_text(info.driver_version);
  report.runtime = version_text(info.runtime_version);
  report.cublas = cublas_text(info.cublas_version);
  report.memory_bytes = info.memory_bytes;
  report.free_bytes = info.free_bytes;
  const auto on_check = [](void* user, const DndCudaCheck* check) {
    static_cast<CudaReport*>(user)->checks.push_back(
        {check->name, check->error, check->bound, check->passed != 0});
  };
  check(library().self_test(device, on_check, &report, &status), status);
  return report;
}

void require_working(int device) {
  const CudaReport report = examine(device);
  if (report.passed()) return;
  fail(ErrorKind::unavailable, "device cuda:", device, ": ", report.name,
       " does not compute what the CPU does: ", failures(report), "; ", kRemedy);
}

struct LoadedDecoder::State {
  DecoderSetup setup;
  Caught caught;
  DndCudaDecoder* decoder = nullptr;

  ~State() { library().destroy(decoder); }

  static const float* weights(void* user, std::int64_t layer, const char* name,
                              const std::int64_t* shape, std::int32_t dimensions) {
    auto& state = *static_cast<State*>(user);
    const float* values = nullptr;
    state.caught.run([&] {
      values =
          state.setup.weights(static_cast<std::size_t>(layer), name, {shape, shape + dimensions});
    });
    return values;
  }
};

LoadedDecoder::LoadedDecoder(DecoderSetup setup) {
  library();  // so that it is there when State goes
  state_ = std::make_unique<State>();
  state_->setup = std::move(setup);
  std::vector<DndCudaFeature> features;
  for (const FeatureSize& f : state_->setup.features) features.push_back({f.n, f.h, f.w});
  DndCudaDecoderConfig config{};
  config.device = state_->setup.device;
  config.features = features.data();
  config.feature_count = static_cast<std::int32_t>(features.size());
  config.kernel = state_->setup.kernel;
  config.images = state_->setup.conditions_at_once;
  config.memory_bytes = state_->setup.memory_bytes;
  config.weights = &State::weights;
  config.user = state_.get();
  DndCudaStatus status{};
  const int code = library().create(&config, &state_->decoder, &status);
  state_->caught.check(code, status);
}

LoadedDecoder::~LoadedDecoder() = default;

void LoadedDecoder::run(std::span<const float> conditions, std::span<float> tokens,
                        const OnLayer& on_layer) {
  struct Call {
    const OnLayer* on_layer;
    Caught* caught;
  };
  Call call{&on_layer, &state_->caught};
  const auto on_done = [](void* user, std::int64_t done, std::int64_t all) {
    auto& this_call = *static_cast<Call*>(user);
    const auto tell = [&] {
      (*this_call.on_layer)(static_cast<std::size_t>(done), static_cast<std::size_t>(all));
    };
    return this_call.caught->run(tell) ? 0 : 1;
  };
  DndCudaStatus status{};
  const int code = library().run(
      state_->decoder, conditions.data(), conditions.size(), tokens.data(), tokens.size(),
      on_layer ? static_cast<DndCudaOnLayer>(on_done) : nullptr, &call, &status);
  state_->caught.check(code, status);
}

}  // namespace dnd::ops::cuda
