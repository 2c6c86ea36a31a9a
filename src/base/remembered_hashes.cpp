#include "base/remembered_hashes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <vector>

#include "base/cache_folder.h"
#include "base/descriptor.h"
#include "base/file.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

// Some ten thousand files; then it begins anew.
constexpr off_t kMostBytes = 2 << 20;
constexpr std::size_t kDigestDigits = 64;

// Longer than any file system's clock takes for a tick.
constexpr std::int64_t kSettledNs = 2'000'000'000;

std::int64_t nanoseconds(const struct timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

struct stat hashed_status(const fs::path& file) {
  struct stat info {};
  const Descriptor open = open_file(file);
  if (::fstat(open.get(), &info) != 0) {
    fail(ErrorKind::no_input, file.string(), ": ", system_reason(errno));
  }
  return info;
}

// What a line begins with.
std::string key_of(const struct stat& info) {
  return cat(info.st_dev, " ", info.st_ino, " ", info.st_size, " ", nanoseconds(info.st_mtim), " ",
             nanoseconds(info.st_ctim), " ");
}

bool is_settled(const struct stat& info) {
  const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  return std::max(nanoseconds(info.st_mtim), nanoseconds(info.st_ctim)) + kSettledNs < now.count();
}

bool is_digest(std::string_view text) {
  return text.size() == kDigestDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_users_own(const struct stat& info) {
  return S_ISREG(info.st_mode) && info.st_uid == ::geteuid() &&
         (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// Nothing where it is not there, or not the user's alone.
Descriptor open_cache(const fs::path& cache, int flags) {
  constexpr mode_t kOwn = S_IRUSR | S_IWUSR;
  Descriptor file(
      ::open(cache.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, kOwn));
  struct stat info {};
  if (!file.is_open() || ::fstat(file.get(), &info) != 0 || !is_users_own(info))
    return Descriptor();
  return file;
}

std::string content_of(const Descriptor& file) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || info.st_size > kMostBytes) return "";
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  const ssize_t read = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(read, 0)));
  return text;
}

std::optional<std::string> remembered(const fs::path& cache, const std::string& key) {
  const Descriptor file = open_cache(cache, O_RDONLY);
  if (!file.is_open()) return std::nullopt;
  const std::string text = "\n" + content_of(file);
  const std::size_t found = text.rfind("\n" + key);
  if (found == std::string::npos) return std::nullopt;
  const std::size_t begin = found + 1 + key.size();
  const std::string digest = text.substr(begin, text.find('\n', begin) - begin);
  return is_digest(digest) ? std::optional(digest) : std::nullopt;
}

// A line is written at once, so that those of several processes do not mix.
void remember(const fs::path& cache, const std::string& line) {
  make_cache_folder();
  struct stat info {};
  if (::stat(cache.c_str(), &info) == 0 && info.st_size > kMostBytes) ::unlink(cache.c_str());
  const Descriptor file = open_cache(cache, O_WRONLY | O_APPEND | O_CREAT);
  if (file.is_open() && ::write(file.get(), line.data(), line.size()) >= 0) return;
  log_debug(cat(cache.string(), ": cannot be written; hashes are not remembered"));
}

}  // namespace

fs::path hash_cache_file() {
  const fs::path folder = cache_folder();
  return folder.empty() ? fs::path() : folder / "file-hashes.txt";
}

std::string remembered_sha256(const fs::path& file) {
  const fs::path cache = hash_cache_file();
  if (cache.empty()) return sha256_hex_of_file(file);
  const std::string key = key_of(hashed_status(file));
  if (const auto known = remembered(cache, key)) return *known;
  std::string digest = sha256_hex_of_file(file);
  const struct stat after = hashed_status(file);
  if (key_of(after) == key && is_settled(after)) remember(cache, cat(key, digest, "\n"));
  return digest;
}

std::string remembered_sha256_of_files(const fs::path& place) {
  if (is_file(place)) return remembered_sha256(place);
  Sha256 hash;
  for (const fs::path& entry : list_folder(place)) {
    const std::string name = entry.filename().string();
    if (name.starts_with('.') || is_folder(entry)) continue;
    hash.update(cat(name, '\0', remembered_sha256(entry), '\0'));
  }
  return hash.hex();
}

}  // namespace dnd
