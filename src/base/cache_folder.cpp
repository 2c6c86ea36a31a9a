#include "base/cache_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

#include "base/environment.h"

namespace dnd {
namespace fs = std::filesystem;

fs::path cache_folder() {
  fs::path folder = environment("XDG_CACHE_HOME");
  if (!folder.is_absolute()) folder = fs::path(environment("HOME")) / ".cache";
  return folder.is_absolute() ? folder / "dnd" : fs::path();
}

bool make_cache_folder() {
  const fs::path folder = cache_folder();
  if (folder.empty()) return false;
  std::error_code ignored;
  fs::create_directories(folder.parent_path(), ignored);
  ::mkdir(folder.c_str(), S_IRWXU);
  struct stat info {};
  return ::stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode) &&
         info.st_uid == ::geteuid() && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

}  // namespace dnd
