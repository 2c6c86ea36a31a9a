#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "base/read_ahead.h"
#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

// For whoever wonders why it is not read; nothing for a regular file.
const char* oddity_of(const struct stat& info) {
  switch (info.st_mode & S_IFMT) {
    case S_IFREG:
      return nullptr;
    case S_IFDIR:
      return "is a folder, not a file";
    case S_IFIFO:
      return "is a pipe, not a file";
    case S_IFSOCK:
      return "is a socket, not a file";
    default:
      return "is a device, not a file";
  }
}

struct stat status_of(const Descriptor& file, const fs::path& path) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) {
    fail(ErrorKind::no_input, path.string(), ": ", system_reason(errno));
  }
  return info;
}

[[noreturn]] void refuse_unopened(const fs::path& path, int error) {
  struct stat info {};
  const bool socket = error == ENXIO && ::stat(path.c_str(), &info) == 0;
  const char* oddity = socket ? oddity_of(info) : nullptr;
  const bool scarce = error == EMFILE || error == ENFILE;  // which says nothing of the file
  fail(scarce ? ErrorKind::io : ErrorKind::no_input, path.string(), ": ",
       oddity == nullptr ? system_reason(error) : oddity);
}

std::string read_all(int descriptor, std::uint64_t max_bytes, const std::string& who) {
  std::string content;
  std::string block(1U << 16U, '\0');
  for (;;) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, who, ": ", system_reason(errno));
    if (count == 0) return content;
    content.append(block, 0, static_cast<std::size_t>(count));
    if (content.size() > max_bytes) {
      fail(ErrorKind::data, who, ": larger than the limit of ", human_bytes(max_bytes));
    }
  }
}

// Takes the pages of a large map out of the process's tables, two threads at once: of 4 GiB one thread
// takes 0.15 s for it.
void drop_pages(std::byte* data, std::size_t size) {
  constexpr std::size_t kLarge = std::size_t{256} << 20;
  constexpr std::size_t kPage = std::size_t{2} << 20;  // the largest that pages are
  if (size < kLarge) return;
  const std::size_t half = size / kPage / 2 * kPage;
  try {
    const std::jthread other([=] { ::madvise(data, half, MADV_DONTNEED); });
    ::madvise(data + half, size - half, MADV_DONTNEED);
  } catch (const std::system_error&) {
    return;  // no thread to be had: unmapping does it
  }
}

}  // namespace

Descriptor open_file(const fs::path& path) {
  // Without O_NONBLOCK a pipe would be waited for before it can be asked what it is.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.is_open()) refuse_unopened(path, errno);
  if (const char* oddity = oddity_of(status_of(file, path))) {
    fail(ErrorKind::no_input, path.string(), ": ", oddity);
  }
  return file;
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file = open_file(path);
  size_ = static_cast<std::size_t>(status_of(file, path).st_size);
  if (size_ == 0) return;
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) {
    size_ = 0;
    fail(ErrorKind::io, path.string(), ": cannot be mapped: ", system_reason(errno));
  }
  data_ = static_cast<const std::byte*>(mapped);
}

MappedFile::MappedFile() = default;

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      read_ahead_(std::move(other.read_ahead_)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  std::swap(read_ahead_, other.read_ahead_);
  return *this;
}

MappedFile::~MappedFile() {
  read_ahead_.reset();
  if (data_ == nullptr) return;
  drop_pages(const_cast<std::byte*>(data_), size_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::read_ahead() {
  if (!read_ahead_) read_ahead_ = std::make_unique<ReadAhead>(bytes());
}

std::string read_text_file(const fs::path& path, std::uint64_t max_bytes) {
  return read_all(open_file(path).get(), max_bytes, path.string());
}

std::string read_text_stream(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) refuse_unopened(path, errno);
  const struct stat info = status_of(file, path);
  if (S_ISDIR(info.st_mode)) fail(ErrorKind::no_input, path.string(), ": ", oddity_of(info));
  return read_all(file.get(), max_bytes, path.string());
}

std::string read_standard_input(std::uint64_t max_bytes) {
  return read_all(STDIN_FILENO, max_bytes, "standard input");
}

FileWriter::FileWriter(fs::path path) : path_(std::move(path)) {
  descriptor_ = Descriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!descriptor_.is_open())
    fail(ErrorKind::cannot_create, path_.string(), ": ", system_reason(errno));
}

void FileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      fail(ErrorKind::io, path_.string(), ": cannot be written: ", system_reason(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void FileWriter::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void FileWriter::finish() {
  if (::fsync(descriptor_.get()) != 0) {
    fail(ErrorKind::io, path_.string(), ": cannot be flushed: ", system_reason(errno));
  }
  if (!descriptor_.close()) {
    fail(ErrorKind::io, path_.string(), ": cannot be closed: ", system_reason(errno));
  }
}

void write_new_file(const fs::path& path, std::string_view content) {
  FileWriter writer(path);
  writer.write(content);
  writer.finish();
}

}  // namespace dnd
