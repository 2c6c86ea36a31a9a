// A lock that two processes cannot hold at once.
#pragma once

#include <filesystem>
#include <string>

namespace dnd {

// Held on a file (made if need be, with its folder) until the object goes or the process ends, however
// that ends: nothing is left that has to be cleaned up. The file itself stays. Where the file system
// has no locks it locks nothing.
class FileLock {
 public:
  // `holder` is what holds it elsewhere, for the message: "another training". Throws
  // Error(cannot_create) if it is held already, or if the file cannot be made.
  FileLock(const std::filesystem::path& path, const std::string& holder);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  int descriptor_ = -1;
};

}  // namespace dnd
