#include "base/installation.h"

#include <system_error>

#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;

fs::path executable_path() {
  std::error_code error;
  fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) fail(ErrorKind::internal, "cannot find the program's own path: ", error.message());
  return path;
}

fs::path library_folder() { return executable_path().parent_path().parent_path() / "lib" / "dnd"; }

fs::path data_folder() { return executable_path().parent_path().parent_path() / "share" / "dnd"; }

}  // namespace dnd
