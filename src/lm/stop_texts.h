// Texts that end an answer, looked for in what has come of it so far.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace dnd::lm {

// Where the first of `stops` (none empty) begins in `text`; nullopt where there is none.
std::optional<std::size_t> find_stop(std::string_view text, std::span<const std::string> stops);

// How many bytes of `text`, which holds no stop, belong to the answer whatever follows: the rest may turn out
// to be the beginning of a stop.
std::size_t certain_length(std::string_view text, std::span<const std::string> stops);

}  // namespace dnd::lm
