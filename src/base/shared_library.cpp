#include "base/shared_library.h"

#include <dlfcn.h>

#include <utility>

#include "base/paths.h"
#include "base/strings.h"

namespace dnd {
namespace {

// A name without a slash would be searched for by the loader; a pipe would be waited for.
std::filesystem::path checked(const std::filesystem::path& path, const std::string& who,
                              const std::string& remedy) {
  try {
    if (is_file(path)) return absolute_path(path);
  } catch (const Error& error) {
    fail(ErrorKind::unavailable, who, ": ", error.what(), remedy);
  }
  fail(ErrorKind::unavailable, who, ": ", path.string(), ": ",
       path_exists(path) ? "is not a file" : "not found", remedy);
}

}  // namespace

SharedLibrary::SharedLibrary(const std::filesystem::path& path, std::string who, std::string remedy)
    : path_(checked(path, who, remedy)),
      who_(std::move(who)),
      remedy_(std::move(remedy)),
      handle_(::dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) {
    fail(ErrorKind::unavailable, who_, ": cannot be loaded: ", ::dlerror(), remedy_);
  }
}

void* SharedLibrary::address_of(const char* name) const {
  void* address = ::dlsym(handle_, name);
  if (address == nullptr) {
    fail(ErrorKind::unavailable, who_, ": ", path_.string(), " has no ", name,
         " (of another build?)", remedy_);
  }
  return address;
}

}  // namespace dnd
