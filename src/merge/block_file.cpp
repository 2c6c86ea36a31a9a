#include "merge/block_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/checked_math.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::merge {
namespace fs = std::filesystem;

BlockReader::BlockReader(const fs::path& path) : path_(path), descriptor_(open_file(path)) {
  ::posix_fadvise(descriptor_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

void BlockReader::read(std::uint64_t begin, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t count =
        ::pread(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, path_.string(), ": cannot be read: ", system_reason(errno));
    if (count == 0) fail(ErrorKind::io, path_.string(), ": became shorter while it was read");
    begin += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

BlockWriter::BlockWriter(const fs::path& path, std::uint64_t bytes)
    : path_(path),
      descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
  if (!descriptor_.is_open())
    fail(ErrorKind::cannot_create, path.string(), ": ", system_reason(errno));
  if (bytes == 0) return;
  // Not posix_fallocate: where the file system cannot reserve, that writes every page itself.
  if (::fallocate(descriptor_.get(), 0, 0, static_cast<off_t>(bytes)) == 0) return;
  const int error = errno;
  if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL) return;
  fail(ErrorKind::io, path.string(), ": no place for ", human_bytes(bytes), ": ",
       system_reason(error));
}

void BlockWriter::write(std::uint64_t begin, std::span<const std::byte> bytes) {
  const std::uint64_t first = begin;
  const std::size_t size = bytes.size();
  while (!bytes.empty()) {
    const ssize_t count =
        ::pwrite(descriptor_.get(), bytes.data(), bytes.size(), static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      fail(ErrorKind::io, path_.string(), ": cannot be written: ", system_reason(errno));
    begin += static_cast<std::uint64_t>(count);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  ::sync_file_range(descriptor_.get(), static_cast<off_t>(first), static_cast<off_t>(size),
                    SYNC_FILE_RANGE_WRITE);
}

void BlockWriter::finish() {
  if (::fsync(descriptor_.get()) != 0) {
    fail(ErrorKind::io, path_.string(), ": cannot be flushed: ", system_reason(errno));
  }
  if (!descriptor_.close()) {
    fail(ErrorKind::io, path_.string(), ": cannot be closed: ", system_reason(errno));
  }
}

void keep_permissions(const fs::path& source, const fs::path& made) {
  struct stat from {};
  struct stat to {};
  const bool known = ::stat(source.c_str(), &from) == 0 && ::stat(made.c_str(), &to) == 0;
  const mode_t mode = to.st_mode & (from.st_mode | S_IRWXU) & ALLPERMS;
  if (known && (mode == (to.st_mode & ALLPERMS) || ::chmod(made.c_str(), mode) == 0)) return;
  fail(ErrorKind::io, made.string(), ": cannot get the permissions of ", source.string(), ": ",
       system_reason(errno));
}

void check_free_space(const fs::path& path, std::uint64_t bytes) {
  struct statvfs info {};
  if (::statvfs(nearest_existing(path).c_str(), &info) != 0) return;  // then writing will tell
  const auto free = checked_mul(info.f_bavail, info.f_frsize);
  if (!free || *free >= bytes) return;
  fail(ErrorKind::cannot_create, path.string(), ": needs ", human_bytes(bytes), ", the disk has ",
       human_bytes(*free), " left");
}

}  // namespace dnd::merge
