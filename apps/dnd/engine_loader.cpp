#include "engine_loader.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "base/environment.h"
#include "base/log.h"
#include "base/strings.h"
#include "context.h"

namespace dnd::app {
namespace {

bool is_open = false;

template <typename Function>
Function* symbol(void* library, const char* name) {
  auto* address = reinterpret_cast<Function*>(::dlsym(library, name));
  if (address == nullptr) {
    fail(ErrorKind::unavailable, "engine: ", engine_library_path().string(), " has no ", name);
  }
  return address;
}

}  // namespace

std::filesystem::path engine_library_path() {
  if (const std::string path = environment("DND_ENGINE"); !path.empty()) return path;
  return executable_path().parent_path().parent_path() / "lib" / "dnd" / "libdnd_engine.so";
}

std::unique_ptr<Engine> open_engine(const EngineOptions& options) {
  const std::filesystem::path path = engine_library_path();
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // stays open: Torch cannot unload
  if (library == nullptr) {
    fail(ErrorKind::unavailable, "engine: cannot be loaded: ", ::dlerror(), " (see dnd doctor)");
  }
  is_open = true;
  const std::string_view version =
      symbol<decltype(dnd_engine_version)>(library, "dnd_engine_version")();
  if (version != DND_VERSION) {
    fail(ErrorKind::unavailable, "engine: ", path.string(), " is version ", version,
         ", the program is ", DND_VERSION);
  }
  std::unique_ptr<Engine> engine(
      symbol<decltype(dnd_engine_create)>(library, "dnd_engine_create")(&options));
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

}  // namespace dnd::app
