// What a language model's config.json says, as far as running it goes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formats/config_file.h"

namespace dnd::lm {

struct ModelConfig {
  std::string architecture;  // e.g. "Qwen2ForCausalLM"
  std::int64_t hidden = 0;   // C
  std::int64_t layers = 0;
  std::int64_t heads = 0;  // H
  std::int64_t key_value_heads = 0;
  std::int64_t head_size = 0;  // D, even
  std::int64_t inner = 0;      // of the feed-forward part
  std::int64_t vocabulary = 0;
  std::int64_t longest = 0;  // sequence: positions, or the sliding window where that is shorter
  double epsilon = 1e-6;     // of RMSNorm
  bool tied = false;         // the output head is the embedding
  bool qkv_bias = false;
  bool out_bias = false;
  bool mlp_bias = false;
  bool head_norms = false;         // RMSNorm of each head's query and key (Qwen3)
  std::vector<float> frequencies;  // of the rotary positions, (D / 2), radians a position
  std::vector<std::int32_t> ends;  // ids that end an answer; empty where no file says

  std::int64_t query_width() const { return heads * head_size; }
  std::int64_t key_value_width() const { return key_value_heads * head_size; }
};

// Reads generation_config.json beside it, too, for the end markers. Throws Error(data) naming what is
// missing or not supported.
ModelConfig read_model_config(const formats::ConfigFile& file);

}  // namespace dnd::lm
