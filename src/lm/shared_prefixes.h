// What sequences begin with alike, so that it is computed once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dnd::lm {

// Tokens begin ... end - 1 of one sequence, and what stands before them.
struct PrefixNode {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  std::size_t before = kNone;  // node that holds the tokens up to `begin`
  std::size_t sequence = 0;    // one that has the tokens
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool shared = false;  // by several sequences; else `sequence`'s own rest
};

// A sequence of which the first `sharable` tokens may be another's.
struct SharableIds {
  std::span<const std::int32_t> ids;
  std::int64_t sharable = 0;
};

// Nodes in an order in which each stands after the one before it. Each sequence has one node of its own,
// which ends where it does. A common run of fewer than `least` tokens is not shared.
std::vector<PrefixNode> share_prefixes(std::span<const SharableIds> sequences,
                                       std::int64_t least = 8);

}  // namespace dnd::lm
