#include "base/staging_room.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/cache_folder.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLockName = ".dnd-lock";
constexpr const char* kMark = ".dnd-tmp.";
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

std::string hidden_name(const fs::path& final_path, const char* ending) {
  std::string name = final_path.filename().string();
  if (name.size() > kLongName) name = sha256_hex(name);
  return cat(".", name, ending);
}

std::string prefix_of(const fs::path& final_path) { return hidden_name(final_path, kMark); }

std::string random_suffix() {
  std::array<std::uint8_t, 8> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    fail(ErrorKind::internal, "getrandom: ", system_reason(errno));
  }
  return to_hex(bytes.data(), bytes.size());
}

struct StreamCloser {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

std::vector<std::string> names_in(DIR* stream) {
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

bool remove_entries(Descriptor folder, std::string_view last);

// Removes what has this name in a folder, links not followed. False where something is left.
bool remove_entry(int folder, const std::string& name) {
  if (::unlinkat(folder, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR) return false;
  Descriptor inner(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!inner.is_open()) return errno == ENOENT;
  if (!remove_entries(std::move(inner), "")) return false;
  return ::unlinkat(folder, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
}

// Removes all that is in a folder but one name, and that at last: false where something else is left.
bool remove_entries(Descriptor folder, std::string_view last) {
  const std::unique_ptr<DIR, StreamCloser> stream(::fdopendir(folder.get()));
  if (stream == nullptr) return false;
  folder.release();  // the stream's
  bool gone = true;
  for (const std::string& name : names_in(stream.get())) {
    if (name != last) gone = remove_entry(::dirfd(stream.get()), name) && gone;
  }
  return gone && (last.empty() || remove_entry(::dirfd(stream.get()), std::string(last)));
}

// The lock's file goes last, and only with all else: a removal that was cut short is taken up by whoever
// finds the file unlocked.
void remove_room(const fs::path& room, Descriptor folder) {
  if (remove_entries(std::move(folder), kLockName)) ::rmdir(room.c_str());
}

bool is_ours(const Descriptor& folder) {
  struct stat info {};
  return ::fstat(folder.get(), &info) == 0 && info.st_uid == ::geteuid();
}

Descriptor open_room(const fs::path& room) {
  return Descriptor(::open(room.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Removes the room of a process that is gone; one that is in use, or that no version with locks made, stays.
void remove_if_left(const fs::path& room) {
  Descriptor folder = open_room(room);
  if (!folder.is_open() || !is_ours(folder)) return;
  const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const Descriptor lock(::openat(folder.get(), kLockName, flags));
  if (!lock.is_open()) {
    ::rmdir(
        room.c_str());  // if it is empty: its process ended before it had a lock, or makes another
  } else if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) {
    remove_room(room, std::move(folder));
  }
}

void remove_leftovers(const fs::path& folder, const std::string& prefix) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().filename().string().starts_with(prefix)) remove_if_left(entry->path());
  }
}

// Where each room is noted as a link to it, by its random name: a call that makes something anywhere finds
// what others left elsewhere.
fs::path notes_folder() { return cache_folder() / "staging"; }

fs::path note_of(const fs::path& room) {
  return notes_folder() / room.extension().string().substr(1);
}

void note(const fs::path& room) {
  if (!make_cache_folder()) return;
  ::mkdir(notes_folder().c_str(), S_IRWXU);
  [[maybe_unused]] const int done = ::symlink(room.c_str(), note_of(room).c_str());
}

// Where the room is gone.
void remove_note(const fs::path& room) {
  struct stat info {};
  const bool is_gone = ::lstat(room.c_str(), &info) != 0 && errno == ENOENT;
  if (is_gone && !cache_folder().empty()) ::unlink(note_of(room).c_str());
}

void remove_noted_room(const fs::path& entry) {
  std::error_code error;
  const fs::path room = fs::read_symlink(entry, error);
  const bool ours = !error && room.is_absolute() &&
                    room.filename().string().find(kMark) != std::string::npos &&
                    note_of(room) == entry;
  if (!ours) {
    ::unlink(entry.c_str());
    return;
  }
  remove_if_left(room);
  remove_note(room);
}

}  // namespace

fs::path replaced_place(const fs::path& final_path) {
  return final_path.parent_path() / hidden_name(final_path, ".dnd-replaced");
}

void restore_replaced(const fs::path& final_path) {
  const fs::path aside = replaced_place(final_path);
  struct stat info {};
  const bool is_left = ::lstat(aside.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
  if (!is_left || info.st_uid != ::geteuid()) return;
  if (::rename(aside.c_str(), final_path.c_str()) == 0) return;
  const bool is_replaced = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
  if (is_replaced) remove_entry(AT_FDCWD, aside.string());
}

void remove_noted_rooms() {
  if (!make_cache_folder()) return;
  std::error_code error;
  fs::directory_iterator entry(notes_folder(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    remove_noted_room(entry->path());
  }
}

void remove_dead_rooms(const fs::path& final_path) {
  remove_leftovers(absolute_path(final_path).parent_path(), prefix_of(final_path));
}

StagingRoom::StagingRoom(const fs::path& final_path) {
  remove_dead_rooms(final_path);
  static std::once_flag once;
  std::call_once(once, remove_noted_rooms);
  const std::string prefix = prefix_of(final_path);
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
  Descriptor folder = open_room(path);
  if (!folder.is_open()) return given_up(path, errno);
  Descriptor reserve(::fcntl(folder.get(), F_DUPFD_CLOEXEC, 0));
  if (!reserve.is_open()) return given_up(path, errno);
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  Descriptor lock(::openat(folder.get(), kLockName, flags, 0666));
  if (!lock.is_open()) return given_up(path, errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    log_debug(cat(path.string(), ": the file system refuses locks (", system_reason(errno),
                  "): leftovers stay"));
  }
  if (is_removed(lock.get())) return false;
  note(path);
  path_ = path;
  folder_ = std::move(folder);
  lock_ = std::move(lock);
  reserve_ = std::move(reserve);
  return true;
}

StagingRoom::~StagingRoom() {
  reserve_.close();
  remove_room(path_, std::move(folder_));
  remove_note(path_);
}

}  // namespace dnd
