#include "base/file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>
#include <system_error>
#include <thread>
#include <utility>

#include "base/read_ahead.h"
#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// A descriptor closed on every path out.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  int get() const { return value_; }

 private:
  int value_;
};

std::size_t regular_file_size(int descriptor, const fs::path& path) {
  struct stat info {};
  if (::fstat(descriptor, &info) != 0) {
    fail(ErrorKind::no_input, path.string(), ": ", reason(errno));
  }
  if (S_ISDIR(info.st_mode)) fail(ErrorKind::no_input, path.string(), ": is a folder, not a file");
  if (!S_ISREG(info.st_mode)) fail(ErrorKind::no_input, path.string(), ": is not a regular file");
  return static_cast<std::size_t>(info.st_size);
}

int open_for_reading(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(ErrorKind::no_input, path.string(), ": ", reason(errno));
  return descriptor;
}

std::string read_all(int descriptor, std::uint64_t max_bytes, const std::string& who) {
  std::string content;
  std::string block(1U << 16U, '\0');
  for (;;) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, who, ": ", reason(errno));
    if (count == 0) return content;
    content.append(block, 0, static_cast<std::size_t>(count));
    if (content.size() > max_bytes) {
      fail(ErrorKind::data, who, ": larger than the limit of ", human_bytes(max_bytes));
    }
  }
}

void flush_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
}

// `.<name>.dnd-tmp.<machine>.`: a process id means something on one machine only, and a shared file
// system has several.
std::string staging_prefix(const fs::path& final_path) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::size_t machine = std::hash<std::string_view>{}(host.data()) % 1000000007U;
  return cat(".", final_path.filename().string(), ".dnd-tmp.", machine, ".");
}

// Whether the process that made `name` (a staging name with `prefix`) no longer runs.
bool owner_is_gone(std::string_view name, std::string_view prefix) {
  pid_t owner = 0;
  const std::string_view rest = name.substr(prefix.size());
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), owner);
  if (error != std::errc() || end == rest.data() || owner <= 0) return false;
  return ::kill(owner, 0) != 0 && errno == ESRCH;
}

void remove_leftovers(const fs::path& final_path) {
  const std::string prefix = staging_prefix(final_path);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(final_path.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && owner_is_gone(name, prefix)) {
      fs::remove_all(entry.path(), ignored);
    }
  }
}

fs::path normalized(const fs::path& path) {
  fs::path absolute = fs::absolute(path).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "dir/" names dir
  return absolute;
}

void rename_or_throw(const fs::path& from, const fs::path& to, unsigned flags) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return;
  const int error = errno;
  if (error == EINVAL && flags == RENAME_NOREPLACE) {  // file system without the flag
    if (!is_occupied(to) && ::rename(from.c_str(), to.c_str()) == 0) return;
  }
  const bool exists = error == EEXIST || error == ENOTEMPTY;
  fail(exists ? ErrorKind::cannot_create : ErrorKind::io, to.string(), ": ",
       exists ? "appeared while it was being made" : reason(error));
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

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(open_for_reading(path));
  size_ = regular_file_size(file.get(), path);
  if (size_ == 0) return;
  void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (mapped == MAP_FAILED) {
    size_ = 0;
    fail(ErrorKind::io, path.string(), ": cannot be mapped: ", reason(errno));
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
  const Descriptor file(open_for_reading(path));
  struct stat info {};
  if (::fstat(file.get(), &info) == 0 && S_ISDIR(info.st_mode)) {
    fail(ErrorKind::no_input, path.string(), ": is a folder, not a file");
  }
  return read_all(file.get(), max_bytes, path.string());
}

std::string read_standard_input(std::uint64_t max_bytes) {
  return read_all(STDIN_FILENO, max_bytes, "standard input");
}

FileWriter::FileWriter(fs::path path) : path_(std::move(path)) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail(ErrorKind::cannot_create, path_.string(), ": ", reason(errno));
}

FileWriter::~FileWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void FileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, path_.string(), ": cannot be written: ", reason(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void FileWriter::write(std::string_view text) {
  write(std::as_bytes(std::span(text.data(), text.size())));
}

void FileWriter::finish() {
  const bool flushed = ::fsync(descriptor_) == 0;
  const int flush_error = errno;
  const bool closed = ::close(std::exchange(descriptor_, -1)) == 0;
  if (!flushed) fail(ErrorKind::io, path_.string(), ": cannot be flushed: ", reason(flush_error));
  if (!closed) fail(ErrorKind::io, path_.string(), ": cannot be closed: ", reason(errno));
}

void write_new_file(const fs::path& path, std::string_view content) {
  FileWriter writer(path);
  writer.write(content);
  writer.finish();
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  Staged staged(path, Staged::Kind::file, OnExisting::replace);
  write_new_file(staged.path(), content);
  staged.commit();
}

bool is_occupied(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return false;
  return !(fs::is_directory(status) && fs::is_empty(path, error) && !error);
}

void check_replaceable(const fs::path& folder, std::string_view marker, std::string_view kind) {
  std::error_code ignored;
  if (!is_occupied(folder) || fs::exists(folder / marker, ignored)) return;
  fail(ErrorKind::cannot_create, folder.string(), ": exists and is not ", kind, " (no ", marker,
       "); it will not be replaced");
}

Staged::Staged(const fs::path& final_path, Kind kind, OnExisting on_existing)
    : final_(normalized(final_path)), kind_(kind), on_existing_(on_existing) {
  if (on_existing == OnExisting::refuse && is_occupied(final_)) {
    fail(ErrorKind::cannot_create, final_.string(), ": exists already");
  }
  std::error_code error;
  fs::create_directories(final_.parent_path(), error);
  if (error) {
    fail(ErrorKind::cannot_create, final_.parent_path().string(),
         ": cannot be created: ", error.message());
  }
  remove_leftovers(final_);
  static std::atomic<unsigned> counter = 0;
  temporary_ =
      final_.parent_path() / cat(staging_prefix(final_), ::getpid(), "-", counter.fetch_add(1));
  if (kind_ == Kind::directory && ::mkdir(temporary_.c_str(), 0777) != 0) {
    fail(ErrorKind::cannot_create, final_.string(), ": cannot be created: ", reason(errno));
  }
}

Staged::~Staged() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void Staged::commit() {
  if (kind_ == Kind::directory) flush_directory(temporary_);
  const bool occupied = is_occupied(final_);
  if (occupied && on_existing_ == OnExisting::refuse) {
    fail(ErrorKind::cannot_create, final_.string(), ": appeared while it was being made");
  }
  if (kind_ == Kind::file) {
    rename_or_throw(temporary_, final_, on_existing_ == OnExisting::replace ? 0 : RENAME_NOREPLACE);
  } else if (occupied) {
    rename_or_throw(temporary_, final_, RENAME_EXCHANGE);
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  } else {
    rename_or_throw(temporary_, final_, 0);  // rename replaces an empty folder, nothing else
  }
  committed_ = true;
  flush_directory(final_.parent_path());
}

}  // namespace dnd
