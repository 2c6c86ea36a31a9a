// Small adapters and bases made in memory, and what they do.
#pragma once

#include <string>
#include <vector>

#include "adapter/lora.h"
#include "base/random.h"
#include "target/base_model.h"

namespace dnd::testing {

// Uniform in [-size, size).
inline std::vector<float> random_values(std::size_t count, std::uint64_t seed, float size = 1.0F) {
  SplitMix64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = (2.0F * random.unit() - 1.0F) * size;
  return values;
}

inline adapter::LoraPair random_pair(const std::string& module, std::int64_t out, std::int64_t in,
                                     std::int64_t rank, std::uint64_t seed, double scale = 2.0) {
  adapter::LoraPair pair;
  pair.module = module;
  pair.key = "base_model.model." + module;
  pair.rank = rank;
  pair.in = in;
  pair.out = out;
  pair.a = random_values(static_cast<std::size_t>(rank * in), seed, 0.2F);
  pair.b = random_values(static_cast<std::size_t>(out * rank), seed + 1, 0.2F);
  pair.scale = scale;
  return pair;
}

// (out, in): factor * B A in double, with plain loops.
inline std::vector<double> dense(const adapter::LoraPair& pair, double factor) {
  std::vector<double> product(static_cast<std::size_t>(pair.out * pair.in));
  for (std::int64_t o = 0; o < pair.out; ++o) {
    for (std::int64_t i = 0; i < pair.in; ++i) {
      double sum = 0.0;
      for (std::int64_t r = 0; r < pair.rank; ++r) {
        sum += static_cast<double>(pair.b[static_cast<std::size_t>(o * pair.rank + r)]) *
               static_cast<double>(pair.a[static_cast<std::size_t>(r * pair.in + i)]);
      }
      product[static_cast<std::size_t>(o * pair.in + i)] = factor * sum;
    }
  }
  return product;
}

inline constexpr std::int64_t kTinyLayers = 3;

// A Qwen2-type base with two modules in each block: q_proj 8 -> 8 and down_proj 12 -> 8.
inline target::BaseModel tiny_base(std::int64_t layers) {
  target::BaseModel base;
  base.source = "tiny";
  base.architecture = "Qwen2ForCausalLM";
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::string block = "model.layers." + std::to_string(i);
    base.linears.push_back({block + ".self_attn.q_proj", 8, 8});
    base.linears.push_back({block + ".mlp.down_proj", 12, 8});
  }
  base.heads = target::AttentionHeads{2, 1};
  return base;
}

// An adapter that covers tiny_base() whole.
inline adapter::LoraAdapter tiny_adapter(std::int64_t layers, std::int64_t rank = 4) {
  adapter::LoraAdapter adapter;
  std::uint64_t seed = 0;
  for (const target::Linear& linear : tiny_base(layers).linears) {
    adapter.pairs.push_back(random_pair(linear.path, linear.out, linear.in, rank, seed += 2));
  }
  return adapter;
}

}  // namespace dnd::testing
