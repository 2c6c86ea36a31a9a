// Adapter files made from names and shapes, right and wrong ones; and products of pairs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "adapter/lora.h"
#include "adapter/lora_output.h"
#include "base/random.h"

namespace dnd::testing {

using NamedShapes = std::vector<std::pair<std::string, formats::Shape>>;

// Random values in [-0.5, 0.5), multiples of 2^-8: products and sums of a few are exact in fp32.
inline std::vector<float> short_values(const formats::Shape& shape, std::uint64_t seed) {
  std::size_t count = 1;
  for (const std::int64_t size : shape) count *= static_cast<std::size_t>(size);
  SplitMix64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.below(256)) / 256.0F - 0.5F;
  return values;
}

// A safetensors file of such values; replaces what is there.
inline void write_safetensors(const std::filesystem::path& path, const NamedShapes& tensors,
                              const formats::Metadata& metadata = {{"format", "pt"}},
                              Dtype dtype = Dtype::f32) {
  std::filesystem::remove(path);
  std::vector<adapter::OutputTensor> outputs;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const formats::Shape& shape = tensors[i].second;
    outputs.push_back({tensors[i].first, shape, [shape, i] { return short_values(shape, i); }});
  }
  adapter::write_tensors(path, outputs, dtype, metadata);
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// scale * B A, (out, in), in double.
inline std::vector<double> product(const adapter::LoraPair& pair) {
  const auto in = static_cast<std::size_t>(pair.in);
  const auto rank = static_cast<std::size_t>(pair.rank);
  std::vector<double> values(static_cast<std::size_t>(pair.out) * in, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t r = 0; r < rank; ++r) {
      values[i] += static_cast<double>(pair.b[i / in * rank + r]) *
                   static_cast<double>(pair.a[r * in + i % in]);
    }
    values[i] *= pair.scale;
  }
  return values;
}

// An adapter of `ranks.size()` layers, a q_proj (in 6, out 4) each, with short values.
inline adapter::LoraAdapter short_adapter(const std::vector<std::int64_t>& ranks,
                                          const std::vector<double>& scales) {
  adapter::LoraAdapter adapter;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    adapter::LoraPair pair;
    pair.module = "model.layers." + std::to_string(i) + ".self_attn.q_proj";
    pair.key = "base_model.model." + pair.module;
    pair.rank = ranks[i];
    pair.in = 6;
    pair.out = 4;
    pair.a = short_values({pair.rank, pair.in}, 2 * i);
    pair.b = short_values({pair.out, pair.rank}, 2 * i + 1);
    pair.scale = scales[i];
    adapter.pairs.push_back(pair);
  }
  return adapter;
}

}  // namespace dnd::testing
