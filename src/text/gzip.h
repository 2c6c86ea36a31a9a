// Files that gzip has packed (the door to zlib).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dnd::text {

bool is_gzip(std::string_view content);

// All members of a gzip file, one after the other; zeros behind them are padding. Throws Error(data) of
// what is damaged, cut short, or larger than `max_bytes` unpacked; no more than that is ever made.
std::string unpack_gzip(std::string_view content, std::uint64_t max_bytes, const std::string& who);

}  // namespace dnd::text
