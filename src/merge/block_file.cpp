#include "merge/block_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/checked_math.h"
#include "base/strings.h"

namespace dnd::merge {
namespace fs = std::filesystem;
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

BlockReader::BlockReader(const fs::path& path) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) fail(ErrorKind::no_input, path.string(), ": ", reason(errno));
  ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
}

BlockReader::~BlockReader() { ::close(descriptor_); }

void BlockReader::read(std::uint64_t begin, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, path_.string(), ": cannot be read: ", reason(errno));
    if (count == 0) fail(ErrorKind::io, path_.string(), ": became shorter while it was read");
    begin += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

BlockWriter::BlockWriter(const fs::path& path, std::uint64_t bytes) : path_(path) {
  descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ErrorKind::cannot_create, path.string(), ": ", reason(errno));
  if (bytes == 0) return;
  // Not posix_fallocate: where the file system cannot reserve, that writes every page itself.
  if (::fallocate(descriptor_, 0, 0, static_cast<off_t>(bytes)) == 0) return;
  const int error = errno;
  if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL) return;
  ::close(std::exchange(descriptor_, -1));
  fail(ErrorKind::io, path.string(), ": no place for ", human_bytes(bytes), ": ", reason(error));
}

BlockWriter::~BlockWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void BlockWriter::write(std::uint64_t begin, std::span<const std::byte> bytes) {
  const std::uint64_t first = begin;
  const std::size_t size = bytes.size();
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, path_.string(), ": cannot be written: ", reason(errno));
    begin += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  ::sync_file_range(descriptor_, static_cast<off_t>(first), static_cast<off_t>(size),
                    SYNC_FILE_RANGE_WRITE);
}

void BlockWriter::finish() {
  const bool flushed = ::fsync(descriptor_) == 0;
  const int flush_error = errno;
  const bool closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (!flushed) fail(ErrorKind::io, path_.string(), ": cannot be flushed: ", reason(flush_error));
  if (!closed) fail(ErrorKind::io, path_.string(), ": cannot be closed: ", reason(errno));
}

void check_free_space(const fs::path& path, std::uint64_t bytes) {
  std::error_code ignored;
  fs::path place = fs::absolute(path).lexically_normal();
  while (!fs::exists(place, ignored) && place.has_relative_path()) place = place.parent_path();
  struct statvfs info {};
  if (::statvfs(place.c_str(), &info) != 0) return;  // then writing will tell
  const auto free = checked_mul(info.f_bavail, info.f_frsize);
  if (!free || *free >= bytes) return;
  fail(ErrorKind::cannot_create, path.string(), ": needs ", human_bytes(bytes), ", the disk has ",
       human_bytes(*free), " left");
}

}  // namespace dnd::merge
