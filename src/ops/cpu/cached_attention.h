// Attention of a sequence's last tokens to itself: causal, with keys and values from a cache.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace dnd::ops::cpu {

struct AttentionRule {
  std::int64_t heads = 0;            // of queries, H
  std::int64_t key_value_heads = 0;  // K, divides H: each serves H / K neighbours
  std::int64_t head_size = 0;        // D
  float scale = 1.0F;                // of products of queries and keys
  float softcap = 0.0F;              // c tanh(x / c) of these; 0: none
  std::int64_t window =
      std::numeric_limits<std::int64_t>::max();  // tokens that one sees, itself too
};

// Keys and values of tokens that follow each other: head h's are at h * head_stride, (tokens, D).
struct CachedTokens {
  const float* keys = nullptr;
  const float* values = nullptr;
  std::int64_t head_stride = 0;
  std::int64_t tokens = 0;
};

// Some of a sequence's tokens: rows (H D) of queries and contexts, so many floats apart.
struct AttentionRows {
  const float* queries = nullptr;
  std::int64_t query_stride = 0;
  float* contexts = nullptr;
  std::int64_t context_stride = 0;
  std::int64_t first = 0;  // position of the first one
  std::int64_t rows = 0;
};

// The contexts of those rows for the heads that key/value head `head` serves, on the calling thread.
// `cache`: the tokens from position 0 on, at least up to the last row's. A context depends on its query and
// the tokens it sees alone: not on the other rows, nor on where the cache is cut.
void attend_cached(const AttentionRule& rule, std::span<const CachedTokens> cache,
                   const AttentionRows& rows, std::int64_t head);

}  // namespace dnd::ops::cpu
