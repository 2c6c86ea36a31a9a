// Git LFS leaves a few lines of text where a large file would be, until it is fetched.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace dnd {

inline constexpr std::string_view kLfsBeginning = "version https://git-lfs.github.com/spec/";

// Throws Error(data) where `content`, a file or its beginning, is such a text. Readers ask it before they say
// what else is odd: `who` begins the message.
inline void refuse_lfs_pointer(std::string_view content, const std::string& who) {
  if (!content.starts_with(kLfsBeginning)) return;
  fail(ErrorKind::data, who,
       ": is a Git LFS pointer, not the file itself; 'git lfs pull' fetches it");
}

inline void refuse_lfs_pointer(std::span<const std::byte> file, const std::string& who) {
  refuse_lfs_pointer(std::string_view(reinterpret_cast<const char*>(file.data()),
                                      std::min(file.size(), kLfsBeginning.size())),
                     who);
}

}  // namespace dnd
