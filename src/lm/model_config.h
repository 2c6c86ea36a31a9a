// What a language model's config.json says, as far as running it goes. Where architectures differ, they
// differ in these values: what computes asks for no name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/config_file.h"
#include "lm/rope_config.h"

namespace dnd::lm {

enum class Activation { silu, gelu, gelu_tanh };

// How one layer attends.
struct LayerAttention {
  std::int64_t window = INT32_MAX;  // tokens that one sees, itself among them
  std::optional<std::size_t> rope;  // in ModelConfig::ropes; none: without positions
};

struct ModelConfig {
  std::string architecture;  // e.g. "Qwen2ForCausalLM"
  std::int64_t hidden = 0;   // C
  std::int64_t layers = 0;
  std::int64_t heads = 0;  // H
  std::int64_t key_value_heads = 0;
  std::int64_t head_size = 0;  // D, even
  std::int64_t inner = 0;      // of the feed-forward part
  std::int64_t vocabulary = 0;
  std::int64_t longest = 0;  // sequence: positions
  double epsilon = 1e-6;     // of RMSNorm
  bool tied = false;         // the output head is the embedding, unless both are there and differ
  bool vision = false;       // towers and projectors of images may lie beside it
  bool fused = false;        // qkv_proj and gate_up_proj in place of three and two
  bool qkv_bias = false;
  bool out_bias = false;
  bool mlp_bias = false;
  bool head_norms = false;       // RMSNorm of each head's query and key
  bool output_norms = false;     // RMSNorm of what attention and feed-forward part add
  double norm_offset = 0.0;      // added to the weights of every RMSNorm
  double embedding_scale = 1.0;  // of the embedded tokens
  Activation activation = Activation::silu;
  double attention_scale = 0.0;    // of products of queries and keys
  double attention_softcap = 0.0;  // c tanh(x / c) of these; 0: none
  double logit_softcap = 0.0;
  std::vector<Rope> ropes;
  std::vector<LayerAttention> attention;  // of each layer
  std::vector<std::int32_t> ends;         // ids that end an answer; empty where no file says

  std::int64_t query_width() const { return heads * head_size; }
  std::int64_t key_value_width() const { return key_value_heads * head_size; }
};

// Reads generation_config.json beside it, too, for the end markers. Throws Error(data) naming what is
// missing or not supported.
ModelConfig read_model_config(const formats::ConfigFile& file);

}  // namespace dnd::lm
