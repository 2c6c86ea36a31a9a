#include "base/paths.h"

#include <algorithm>
#include <system_error>

#include "base/strings.h"

namespace dnd {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void refuse(const fs::path& path, const std::error_code& error) {
  fail(ErrorKind::no_input, path.string(), ": ", error.message());
}

}  // namespace

PathKind kind_of(const fs::path& path) {
  std::error_code error;
  switch (fs::status(path, error).type()) {
    case fs::file_type::not_found:
      return PathKind::absent;
    case fs::file_type::regular:
      return PathKind::file;
    case fs::file_type::directory:
      return PathKind::folder;
    case fs::file_type::none:
      refuse(path, error);
    default:
      return PathKind::other;
  }
}

bool path_exists(const fs::path& path) { return kind_of(path) != PathKind::absent; }

bool is_file(const fs::path& path) { return kind_of(path) == PathKind::file; }

bool is_folder(const fs::path& path) { return kind_of(path) == PathKind::folder; }

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(fs::symlink_status(path, ignored));
}

bool is_same(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return fs::equivalent(a, b, error) && !error;
}

fs::path first_existing(const fs::path& folder, std::span<const char* const> names) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const char* name) { return path_exists(folder / name); });
  return folder / (found == names.end() ? names.front() : *found);
}

std::uint64_t file_bytes(const fs::path& path) {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error) refuse(path, error);
  return bytes;
}

std::vector<fs::path> list_folder(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> entries;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    entries.push_back(entry->path());
  }
  if (error) refuse(folder, error);
  std::sort(entries.begin(), entries.end());
  return entries;
}

fs::path absolute_path(const fs::path& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  if (error) refuse(path.empty() ? "''" : path, error);
  fs::path absolute;
  for (const fs::path& part : whole) {
    if (part == "." || part.empty()) continue;
    if (part != "..") {
      absolute /= part;
      continue;
    }
    const fs::path folder = fs::canonical(absolute, error);
    if (error) refuse(absolute, error);
    absolute = folder.parent_path();
  }
  return absolute;
}

fs::path resolved_path(const fs::path& path) {
  std::error_code error;
  fs::path resolved = fs::weakly_canonical(absolute_path(path), error);
  if (error) refuse(path, error);
  return resolved;
}

fs::path nearest_existing(const fs::path& path) {
  fs::path place = absolute_path(path);
  std::error_code ignored;
  while (!fs::exists(place, ignored) && place.has_relative_path()) place = place.parent_path();
  return place;
}

bool lies_in(const fs::path& inner, const fs::path& outer) {
  for (fs::path place : {resolved_path(inner), absolute_path(inner)}) {
    for (;; place = place.parent_path()) {
      if (is_same(place, outer)) return true;
      if (!place.has_relative_path()) break;
    }
  }
  return false;
}

}  // namespace dnd
