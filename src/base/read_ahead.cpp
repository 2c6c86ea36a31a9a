#include "base/read_ahead.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace dnd {
namespace {

// Linux reads no more than a device's read-ahead window for one request, whatever its length: 128 KiB
// unless somebody set it otherwise.
constexpr off_t kRequest = off_t{128} << 10;

off_t bytes_to_read(int descriptor) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode)) return 0;
  const off_t memory = ::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE);
  return std::min(info.st_size, memory / 2);
}

void read_file(const std::stop_token& stop, const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return;
  const off_t size = bytes_to_read(descriptor);
  for (off_t at = 0; at < size && !stop.stop_requested(); at += kRequest) {
    if (::posix_fadvise(descriptor, at, kRequest, POSIX_FADV_WILLNEED) != 0) break;
  }
  ::close(descriptor);
}

}  // namespace

ReadAhead::ReadAhead(std::filesystem::path path)
    : thread_([path = std::move(path)](const std::stop_token& stop) { read_file(stop, path); }) {}

}  // namespace dnd
