#include "engine_loader.h"

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "base/build_id.h"
#include "base/environment.h"
#include "base/installation.h"
#include "base/log.h"
#include "base/shared_library.h"
#include "base/strings.h"
#include "context.h"

namespace dnd::app {
namespace {

bool is_open = false;

std::filesystem::path find_engine_library() {
  const std::string path = renamed_environment("DND_ENGINE_LIBRARY", "DND_ENGINE");
  if (!path.empty()) return path;
  return library_folder() / "libdnd_engine.so";
}

// LibTorch's own start ends the process where it gets less than this: its code is half of it.
constexpr rlim_t kLeastAddresses = rlim_t{512} << 20U;
constexpr rlim_t kLeastData = rlim_t{256} << 20U;

void check_limit(int resource, rlim_t least, const char* what, const char* option) {
  struct rlimit limit {};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur >= least) return;
  fail(ErrorKind::memory, "engine: the process may have ", human_bytes(limit.rlim_cur), " of ",
       what, ", LibTorch needs ", human_bytes(least), " to start (ulimit ", option, ")");
}

}  // namespace

std::filesystem::path engine_library_path() {
  static const std::filesystem::path path = find_engine_library();  // one warning is enough
  return path;
}

std::unique_ptr<Engine> open_engine(EngineOptions options) {
  const std::filesystem::path path = engine_library_path();
  check_limit(RLIMIT_AS, kLeastAddresses, "address space", "-v");
  check_limit(RLIMIT_DATA, kLeastData, "data", "-d");
  const SharedLibrary library(path, "engine", " (see dnd doctor)");
  is_open = true;
  const std::string_view id =
      library.symbol<decltype(dnd_engine_build_id)>("dnd_engine_build_id")();
  if (id != build_id()) {
    fail(ErrorKind::unavailable, "engine: ", path.string(), " is of build ", printable(id),
         ", the program of build ", build_id(),
         ": build or install both from the same sources (cmake --build, cmake --install)");
  }
  options.log = log_settings();
  std::unique_ptr<Engine> engine(
      library.symbol<decltype(dnd_engine_create)>("dnd_engine_create")(&options));
  if (options.device.starts_with("cuda")) {
    log_warning(
        "device cuda: was developed without a GPU: compare with --device cpu before you rely on it "
        "(docs/cuda.md)");
  }
  return engine;
}

EngineOptions with_own_device(EngineOptions options) {
  const std::string local_rank = environment("LOCAL_RANK");
  if (options.device == "cuda" && !local_rank.empty()) options.device += ":" + local_rank;
  return options;
}

void leave_engine(int code) {
  if (!is_open) return;
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(code);
}

std::unique_ptr<LanguageModel> load_base(Engine& engine, const std::filesystem::path& path,
                                         bool needs_texts) {
  auto model = engine.load_language_model(path.string(), needs_texts);
  const std::string quantization = model->info().quantization;
  if (!quantization.empty()) {
    log_info(cat("base model: ", path.string(), ": weights of ", quantization,
                 " are dequantised to fp32, once"));
  }
  return model;
}

}  // namespace dnd::app
