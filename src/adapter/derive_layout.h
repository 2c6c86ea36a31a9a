// A layout for a base model, from its linear layers.
//
// The target's layers are cut into blocks: as many equal ones as follow each other from index 0 make
// one block with {i}; the others are written out one by one. Token order is model order
// (target/base_model.h), for a decoder the released one: q, k, v, o, up, gate, down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/select_targets.h"
#include "target/base_model.h"

namespace dnd::adapter {

// Above this many tokens a wider chunk is taken, even if it leaves more padding: a decoder's last
// layer has a convolution channel for every token. Twice what the largest released generator has.
inline constexpr std::int64_t kManyTokens = 16384;

struct DeriveOptions {
  std::int64_t rank = 8;
  std::optional<std::int64_t> alpha;        // default: twice the rank, as in every released preset
  std::optional<std::int64_t> chunk_width;  // default: choose_chunk_width()
  std::string base_model;                   // default: the base's own name, where it has one
  TargetOptions targets;
  std::optional<std::string> key_prefix;  // default: key_prefix_for()
};

// Above this width a chunk is cut further where that leaves no padding: a token's columns are
// convolution channels too, and their cost grows with the square. Twice the widest released token.
inline constexpr std::int64_t kWideChunk = 1024;

// Chunk width for the in/out sizes of all factors (repeated as often as they occur): their greatest
// common divisor (the rule behind every released preset) where it is at least 64 or equals the
// smallest size; above kWideChunk its largest divisor of 64..kWideChunk, where it has one. Where that
// leaves more than kManyTokens chunks, and without such a divisor: the width of 64..512 (steps of 8)
// with at most that many chunks that leaves the fewest padding cells, the widest of equals; where none
// is wide enough, of 64..1024, and so on.
std::int64_t choose_chunk_width(const std::vector<std::int64_t>& sizes);

// What adapter keys begin with: "transformer." for diffusion models in diffusers' naming,
// "diffusion_model." for those in their original naming (double_blocks, Wan's self_attn.q),
// PEFT's "base_model.model." for all others.
std::string key_prefix_for(const target::BaseModel& base);

// Throws Error(usage) for impossible options, and what select_targets() throws.
AdapterLayout derive_layout(const target::BaseModel& base, const DeriveOptions& options);

// Share of cells of all tokens that carry no adapter value (scales not counted), 0..1.
double padding_share(const AdapterLayout& layout);

}  // namespace dnd::adapter
