// Small adapters and bases made in memory.
#pragma once

#include <string>

#include "adapter/lora.h"
#include "base/random.h"
#include "target/base_model.h"

namespace dnd::testing {

inline adapter::LoraPair random_pair(const std::string& module, std::int64_t rank, std::int64_t in,
                                     std::int64_t out, std::uint64_t seed = 1) {
  adapter::LoraPair pair;
  pair.module = module;
  pair.key = "base_model.model." + module;
  pair.rank = rank;
  pair.in = in;
  pair.out = out;
  pair.scale = 2.0;
  SplitMix64 random(seed);
  pair.a.resize(static_cast<std::size_t>(rank * in));
  pair.b.resize(static_cast<std::size_t>(out * rank));
  for (float& value : pair.a) value = random.unit() - 0.5F;
  for (float& value : pair.b) value = random.unit() - 0.5F;
  return pair;
}

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
    adapter.pairs.push_back(random_pair(linear.path, rank, linear.in, linear.out, ++seed));
  }
  return adapter;
}

}  // namespace dnd::testing
