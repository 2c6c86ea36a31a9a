#include "base/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;

FileLock::FileLock(const fs::path& path, const std::string& holder) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    fail(ErrorKind::cannot_create, path.string(), ": ", system_reason(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
  ::close(descriptor_);
  fail(ErrorKind::cannot_create, path.string(), ": ", holder,
       " is at work there (wait for its end)");
}

FileLock::~FileLock() { ::close(descriptor_); }

}  // namespace dnd
