// Git LFS leaves a few lines of text where a large file would be, until it is fetched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

namespace dnd {

inline constexpr std::string_view kLfsBeginning = "version https://git-lfs.github.com/spec/";

// For the end of a message about a file that begins so: what it is where it is such a text, else "".
inline std::string_view lfs_note(std::string_view beginning) {
  return beginning.starts_with(kLfsBeginning)
             ? " (this is a Git LFS pointer, not the file itself; 'git lfs pull' fetches it)"
             : "";
}

inline std::string_view lfs_note(std::span<const std::byte> file) {
  return lfs_note(std::string_view(reinterpret_cast<const char*>(file.data()),
                                   std::min(file.size(), kLfsBeginning.size())));
}

}  // namespace dnd
