// Operations on UTF-8 text as Python's str has them: by code points, with Unicode's white space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dnd::renderer {

// The code points of valid UTF-8, each as text.
std::vector<std::string> code_points(std::string_view text);
std::size_t count_code_points(std::string_view text);

// str.strip and its kin: without white space, or without code points of `chars`, at the ends asked for.
std::string stripped(std::string_view text, bool left, bool right,
                     const std::optional<std::string>& chars);

// str.split(separator, most): `most` < 0 is no bound. Without a separator at runs of white space.
std::vector<std::string> split_text(std::string_view text, std::string_view separator,
                                    std::int64_t most);
std::vector<std::string> split_from_right(std::string_view text, std::string_view separator,
                                          std::int64_t most);
std::vector<std::string> split_words(std::string_view text);

// str.replace with a count (< 0: no bound).
std::string replaced(std::string_view text, std::string_view old, std::string_view with,
                     std::int64_t count);

// What range(*slice(start, stop, step).indices(length)) goes through. `step` is not 0.
std::vector<std::size_t> slice_indices(std::optional<std::int64_t> start,
                                       std::optional<std::int64_t> stop, std::int64_t step,
                                       std::int64_t length);

}  // namespace dnd::renderer
