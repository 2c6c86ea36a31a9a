#include "base/staged.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/staging_room.h"
#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  fail(ErrorKind::cannot_create, path.string(), ": ", why);
}

// Of places for outputs, what <base/paths.h> calls a missing input cannot be created.
template <typename Ask>
auto ask_of_output(const Ask& ask) {
  try {
    return ask();
  } catch (const Error& error) {
    throw Error(ErrorKind::cannot_create, error.what());
  }
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_folder_itself(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(fs::symlink_status(path, ignored));
}

void check_entries(const fs::path& folder, const FolderKind& kind) {
  for (const fs::path& entry : list_folder(folder)) {
    const std::string name = entry.filename().string();
    const bool known = std::find(kind.files.begin(), kind.files.end(), name) != kind.files.end();
    if (known && !is_folder_itself(entry)) continue;
    refuse(folder, cat("holds '", printable(name), "', which is no part of ", kind.name,
                       "; it will not be replaced (move that away, or choose another place)"));
  }
}

bool is_one(const FileTest& test, const fs::path& path) {
  try {
    return test(path);
  } catch (const Error&) {
    return false;
  }
}

bool is_mounted(const fs::path& path) {
  struct statx info {};
  return ::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE, &info) == 0 &&
         (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

// An empty folder is no place for a file, though it is for a folder.
void check_free_of_folder(const fs::path&, const FolderKind&) {}
void check_free_of_folder(const fs::path& out, const FileKind& kind) {
  if (is_folder_itself(out) && !is_occupied(out))
    refuse(out, cat("is a folder, ", kind.name, " is a file"));
}

template <typename Kind>
void check_output_of_kind(const fs::path& out, const Kind& kind, bool force,
                          const std::vector<fs::path>& inputs, const char* advice) {
  check_place(out);
  check_free_of_folder(out, kind);
  if (!is_occupied(out)) return;
  if (!force) refuse(out, cat("exists already (", advice, ")"));
  check_apart(out, inputs);
  check_replaceable(out, kind);
}

void flush_directory(const fs::path& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::fsync(directory.get());
}

[[noreturn]] void refuse_rename(const fs::path& to, int error) {
  const bool exists = error == EEXIST || error == ENOTEMPTY;
  fail(exists ? ErrorKind::cannot_create : ErrorKind::io, to.string(), ": ",
       exists ? "appeared while it was being made" : system_reason(error));
}

// In two steps, between which nothing is at `to`: whoever is killed there leaves the old one for
// restore_replaced(). False where `to` is as it was.
bool exchange_by_name(const fs::path& from, const fs::path& to) {
  const fs::path aside = replaced_place(to);
  if (::rename(to.c_str(), aside.c_str()) != 0) return false;
  if (::rename(from.c_str(), to.c_str()) == 0) {
    if (::rename(aside.c_str(), from.c_str()) != 0) restore_replaced(to);
    return true;
  }
  const int error = errno;
  ::rename(aside.c_str(), to.c_str());
  errno = error;
  return false;
}

void rename_or_throw(const fs::path& from, const fs::path& to, unsigned flags) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) return;
  const int error = errno;
  // A file system without the flag, as network file systems are, or a kernel without the call.
  const bool unknown = error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
  if (!unknown) refuse_rename(to, error);
  if (flags == RENAME_EXCHANGE) {
    if (!exchange_by_name(from, to)) refuse_rename(to, errno);
  } else if (flags == RENAME_NOREPLACE && is_occupied(to)) {
    refuse_rename(to, EEXIST);
  } else if (::rename(from.c_str(), to.c_str()) != 0) {
    refuse_rename(to, errno);
  }
}

}  // namespace

bool is_occupied(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return false;
  return !(fs::is_directory(status) && fs::is_empty(path, error) && !error);
}

void check_replaceable(const fs::path& path, const FolderKind& kind) {
  if (!is_occupied(path)) return;
  ask_of_output([&] {
    if (!path_exists(path / kind.marker)) {
      refuse(path, cat("exists and is not ", kind.name, " (no ", kind.marker,
                       "); it will not be replaced"));
    }
    check_entries(path, kind);
    if (kind.is_one && !is_one(kind.is_one, path)) {
      refuse(path, cat("exists and is not ", kind.name, "; it will not be replaced"));
    }
  });
}

void check_replaceable(const fs::path& path, const FileKind& kind) {
  if (!is_there(path)) return;
  if (is_one([&](const fs::path& p) { return is_file(p) && kind.is_one(p); }, path)) return;
  refuse(path, cat("exists and is not ", kind.name, "; it will not be replaced"));
}

fs::path output_path(const fs::path& path) {
  fs::path place = ask_of_output([&] { return absolute_path(path); });
  if (is_mounted(place)) {
    refuse(path,
           "is where a file system is mounted, which cannot be replaced: choose a place in it");
  }
  return place;
}

void check_apart(const fs::path& out, const std::vector<fs::path>& inputs) {
  if (!is_occupied(out)) return;
  const fs::path place = output_path(out);
  for (const fs::path& input : inputs) {
    std::error_code ignored;
    if (input.empty() || !fs::exists(input, ignored)) continue;
    const bool within = ask_of_output([&] { return lies_in(place, input); });
    const bool around = ask_of_output([&] { return lies_in(input, place); });
    if (!within && !around) continue;
    refuse(out, cat(within && around ? "is"
                    : within         ? "lies in"
                                     : "holds",
                    " an input of this call (", input.string(), "); it will not be replaced"));
  }
}

void check_place(const fs::path& path) {
  struct stat info {};
  const bool impossible =
      ::stat(path.c_str(), &info) != 0 && (errno == ELOOP || errno == ENAMETOOLONG);
  if (impossible) {
    refuse(path, cat("cannot be created: ", system_reason(errno)));
  }
  const fs::path parent = nearest_existing(output_path(path).parent_path());
  if (::access((parent / ".").c_str(), W_OK | X_OK) == 0) return;
  refuse(path, cat("cannot be created: ", parent.string(), ": ", system_reason(errno)));
}

void check_output(const fs::path& out, const FolderKind& kind, bool force,
                  const std::vector<fs::path>& inputs, const char* advice) {
  check_output_of_kind(out, kind, force, inputs, advice);
}

void check_output(const fs::path& out, const FileKind& kind, bool force,
                  const std::vector<fs::path>& inputs, const char* advice) {
  check_output_of_kind(out, kind, force, inputs, advice);
}

Staged::Staged(const fs::path& final_path, FolderKind kind, OnExisting on_existing)
    : Staged(final_path, true, on_existing,
             [kind = std::move(kind)](const fs::path& path) { check_replaceable(path, kind); }) {
  if (::mkdir(temporary_.c_str(), 0777) != 0) {
    refuse(final_, cat("cannot be created: ", system_reason(errno)));
  }
}

Staged::Staged(const fs::path& final_path, FileKind kind, OnExisting on_existing)
    : Staged(final_path, false, on_existing,
             [kind = std::move(kind)](const fs::path& path) { check_replaceable(path, kind); }) {}

Staged::Staged(const fs::path& final_path, bool is_folder, OnExisting on_existing,
               ReplaceCheck check)
    : final_(output_path(final_path)),
      check_(std::move(check)),
      on_existing_(on_existing),
      is_folder_(is_folder) {
  restore_replaced(final_);
  check_final("exists already");
  std::error_code error;
  fs::create_directories(final_.parent_path(), error);
  if (error) refuse(final_.parent_path(), cat("cannot be created: ", error.message()));
  room_ = std::make_unique<StagingRoom>(final_);
  temporary_ = room_->path() / final_.filename();
}

Staged::~Staged() = default;

void Staged::check_final(const char* problem) const {
  if (on_existing_ == OnExisting::replace) return check_(final_);
  if (is_folder_ ? is_occupied(final_) : is_there(final_)) refuse(final_, problem);
}

void Staged::commit() {
  if (is_folder_) flush_directory(temporary_);
  check_final("appeared while it was being made");
  // 0 replaces an empty folder, and no other: what has come since check_final() stays.
  const bool replaces = on_existing_ == OnExisting::replace;
  const unsigned for_folder = replaces && is_occupied(final_) ? RENAME_EXCHANGE : 0;
  const unsigned for_file = replaces ? 0 : RENAME_NOREPLACE;
  rename_or_throw(temporary_, final_, is_folder_ ? for_folder : for_file);
  room_.reset();  // with what was exchanged
  flush_directory(final_.parent_path());
}

FileKind own_file() {
  return {"a file", [](const fs::path&) { return true; }};
}

void write_file_atomically(const fs::path& path, std::string_view content) {
  Staged staged(path, own_file(), OnExisting::replace);
  write_new_file(staged.path(), content);
  staged.commit();
}

}  // namespace dnd
