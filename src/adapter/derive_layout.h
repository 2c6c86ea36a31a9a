// A layout for a base model, derived from its config.json.
//
// Covers decoders with separate q, k, v, o, gate, up and down projections (Llama, Mistral, Qwen2,
// Qwen2.5, Qwen3 and the language part of Qwen2-VL and Qwen2.5-VL). Other architectures are refused
// by name. Token order is the released one: q, k, v, o, up, gate, down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "adapter/adapter_layout.h"

namespace dnd::adapter {

struct DeriveOptions {
  std::int64_t rank = 8;
  std::optional<std::int64_t> alpha;        // default: twice the rank, as in every released preset
  std::optional<std::int64_t> chunk_width;  // default: choose_chunk_width()
  std::string base_model;                   // default: the config's _name_or_path, else empty
};

// Chunk width for a set of in/out sizes: their greatest common divisor (the rule behind every
// released preset) where it is at least 64 or equals the smallest size; else the width of 64..512
// (steps of 8) that leaves the fewest padding cells, the widest of equals.
std::int64_t choose_chunk_width(const std::vector<std::int64_t>& sizes);

// `base` is a config.json or a folder that holds one. Throws Error(no_input) or Error(data).
AdapterLayout derive_layout(const std::filesystem::path& base, const DeriveOptions& options);

// Share of cells of all tokens that carry no adapter value (scales not counted), 0..1.
double padding_share(const AdapterLayout& layout);

}  // namespace dnd::adapter
