// What all fuzz targets share: how a reader may refuse its input, and files for readers that want
// paths. A broken promise aborts, which libFuzzer reports with the input that broke it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "dnd/error.h"
#include "support/temp_dir.h"

namespace dnd::fuzz {

inline void require(bool kept, std::string_view promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

// A message goes to a terminal: one line of text without control characters, of bounded length
// whatever the file holds.
inline void check_message(std::string_view message) {
  constexpr std::size_t kLongest = 4096;
  const bool plain = std::none_of(message.begin(), message.end(),
                                  [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (!plain || !is_valid_utf8(message) || message.size() > kLongest) {
    std::fprintf(stderr, "message of %zu bytes: %s\n", message.size(), message.data());
  }
  require(plain, "a message has no control characters");
  require(is_valid_utf8(message), "a message is UTF-8");
  require(message.size() <= kLongest, "a message is short");
}

// What a reader may throw: files that a document names may be missing.
enum class Refusal { data, data_or_no_input };

// Runs `read`; true if it accepted its input. It may refuse with Error(data) and nothing else.
template <typename Read>
bool accepted(const Read& read, Refusal refusal = Refusal::data) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    check_message(error.what());
    const bool missing =
        refusal == Refusal::data_or_no_input && error.kind() == ErrorKind::no_input;
    require(missing || error.kind() == ErrorKind::data,
            "a reader refuses content with Error(data)");
    return false;
  }
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The input's first byte as a choice of `count` cases: '0' is case 0, '1' case 1, ... Takes it off.
inline std::size_t take_choice(std::string_view& input, std::size_t count) {
  if (input.empty()) return 0;
  const auto choice = static_cast<unsigned char>(input.front() - '0');
  input.remove_prefix(1);
  return choice % count;
}

// A folder of this process under TMPDIR (scripts/fuzz.sh: in memory).
inline const testing::TempDir& scratch() {
  static const testing::TempDir folder;
  return folder;
}

}  // namespace dnd::fuzz
