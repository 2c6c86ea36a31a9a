// A base model as the target of an adapter: which linear layers it has, and how they are called.
//
// Goals: one description whatever it was read from (config.json, a safetensors header, a sharded
// index, a GGUF); nothing read but headers. Non-goals: weights, tokenizers, running the model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/attention_heads.h"

namespace dnd::target {

// Where known; GGUF export of llama-type bases needs them.
using formats::AttentionHeads;

// One linear layer: weight (out, in).
struct Linear {
  // As Hugging Face's checkpoint names it, e.g. "model.layers.3.self_attn.q_proj".
  std::string path;
  std::int64_t in = 0;
  std::int64_t out = 0;
};

// A module with tensors that is no linear layer: a norm, an embedding, a convolution.
struct OtherModule {
  std::string path;
  bool is_vector = false;  // its weight has one dimension, as a norm's
};

struct BaseModel {
  std::string source;        // the path it was read from, for messages
  std::string name;          // Hub id or path, where the source says it
  std::string architecture;  // e.g. "Qwen2ForCausalLM", "FluxTransformer2DModel"; may be empty
  std::string model_type;    // e.g. "qwen2"; empty where the source does not say it
  // All that a LoRA can be attached to, in model order; embeddings and output head left out.
  std::vector<Linear> linears;
  std::optional<Linear> head;       // the output head, where the source tells its shape
  std::vector<Linear> experts;      // feed-forward experts of mixtures: named, but apart
  std::vector<OtherModule> others;  // in file order; empty where the source has no tensors
  std::optional<AttentionHeads> heads;
  std::optional<bool> tied_embeddings;  // the output head shares the embedding's weight
  std::string quantization;             // e.g. "gptq"; empty where weights are plain floats
};

// Other names of the module `path`, the given one first: vision-language models are
// "model.layers...", "model.language_model.layers..." or "language_model.model.layers..." by version.
std::vector<std::string> module_aliases(std::string_view path);

// The linear layer (or output head) `path` under any of its names; nullptr if there is none.
const Linear* find_linear(const BaseModel& base, std::string_view path);

// `path`: a Hugging Face folder, a config.json, a .safetensors file, a *.safetensors.index.json or a
// .gguf. A folder with weights is read from their headers and its config.json. Throws
// Error(no_input), or Error(data) naming what is not supported.
BaseModel read_base_model(const std::filesystem::path& path);

}  // namespace dnd::target
