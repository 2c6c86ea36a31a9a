#include "base/staging_room.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLockName = ".dnd-lock";
constexpr int kTries = 100;

// A file system's limit for names is 255 bytes, of which ours takes 26.
constexpr std::size_t kLongName = 200;

[[noreturn]] void refuse(const fs::path& path, int error) {
  fail(ErrorKind::cannot_create, path.string(), ": cannot be created: ", system_reason(error));
}

// After a failure inside a new room: false if the room is gone, for another to be made.
bool given_up(const fs::path& room, int error) {
  if (error == ENOENT) return false;
  ::rmdir(room.c_str());
  refuse(room, error);
}

bool is_removed(int descriptor) {
  struct stat info {};
  return ::fstat(descriptor, &info) != 0 || info.st_nlink == 0;
}

std::string prefix_of(const fs::path& final_path) {
  std::string name = final_path.filename().string();
  if (name.size() > kLongName) name = sha256_hex(name);
  return cat(".", name, ".dnd-tmp.");
}

std::string random_suffix() {
  std::array<std::uint8_t, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    fail(ErrorKind::internal, "getrandom: ", system_reason(errno));
  }
  return to_hex(bytes.data(), bytes.size());
}

// The lock's file last: a removal cut short is taken up by whoever finds the file unlocked.
void remove_room(const fs::path& room) {
  std::error_code ignored;
  fs::directory_iterator entry(room, ignored);
  std::vector<fs::path> entries;
  for (; !ignored && entry != fs::directory_iterator(); entry.increment(ignored)) {
    if (entry->path().filename() != kLockName) entries.push_back(entry->path());
  }
  entry = {};  // gives its descriptor up
  for (const fs::path& path : entries) fs::remove_all(path, ignored);
  ::unlink((room / kLockName).c_str());
  ::rmdir(room.c_str());
}

// Removes the room of a process that is gone; one that is in use, or that no version with locks made, stays.
void remove_if_left(const fs::path& room) {
  if (::rmdir(room.c_str()) == 0)
    return;  // its process ended before it had a lock, or makes another
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const Descriptor lock(::open((room / kLockName).c_str(), flags));
  if (lock.is_open() && ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) remove_room(room);
}

void remove_leftovers(const fs::path& folder, const std::string& prefix) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with(prefix)) remove_if_left(entry->path());
  }
}

}  // namespace

StagingRoom::StagingRoom(const fs::path& final_path) {
  const std::string prefix = prefix_of(final_path);
  remove_leftovers(final_path.parent_path(), prefix);
  for (int i = 0; i < kTries; ++i) {
    if (try_make(final_path.parent_path() / (prefix + random_suffix()))) return;
  }
  fail(ErrorKind::cannot_create, final_path.string(),
       ": cannot be created: the folders to make it in disappear as they are made");
}

// False where another process, which took the new room for a leftover, was quicker.
bool StagingRoom::try_make(const fs::path& path) {
  if (::mkdir(path.c_str(), 0777) != 0) {
    if (errno == EEXIST) return false;
    refuse(path, errno);
  }
  Descriptor spare(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!spare.is_open()) return given_up(path, errno);
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  Descriptor lock(::open((path / kLockName).c_str(), flags, 0666));
  if (!lock.is_open()) return given_up(path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    log_debug(cat(path.string(), ": the file system refuses locks (", system_reason(errno),
                  "): leftovers stay"));
  }
  if (is_removed(lock.get())) return false;
  path_ = path;
  lock_ = std::move(lock);
  spare_ = std::move(spare);
  return true;
}

StagingRoom::~StagingRoom() {
  spare_.close();
  lock_.close();
  remove_room(path_);
}

}  // namespace dnd
