// What a config.json says about a base model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "formats/config_file.h"
#include "target/base_model.h"

namespace dnd::target {

// A class of transformers whose linear layers follow from its config.json.
enum class FeedForward { split, fused, mixtral, qwen_experts };
enum class Vision { none, qwen2, qwen2_5, siglip };
struct Architecture {
  std::string_view name;
  FeedForward feed_forward = FeedForward::split;
  Vision vision = Vision::none;
  std::string_view blocks = "model.layers";
  // The class's own defaults, where a published config.json leaves them out.
  bool tied = false;
  std::int64_t head_size = 0;  // 0: hidden_size / num_attention_heads
  AttentionHeads heads = {};   // 0: must be given
};

// nullptr where the linear layers do not follow from the config.
const Architecture* find_architecture(std::string_view name);

// "LlamaForCausalLM, MistralForCausalLM, ...", for messages.
std::string architecture_names();

// The heads that one part of a config tells, else the class's own; as many key/value heads as others
// where it says no number. Throws Error(data) where neither says.
AttentionHeads read_attention_heads(JsonObject& part, const AttentionHeads& of_class = {});

// The language model's heads. nullopt where neither the config nor its class says, and for diffusion
// models, whose heads mean something else.
std::optional<AttentionHeads> config_heads(const formats::ConfigFile& config);

// Sets name, architecture, heads, tied_embeddings and quantization, where the config says them; for
// models whose linear layers are read elsewhere, so nothing is required.
void read_config_facts(const formats::ConfigFile& config, BaseModel& model);

// Sets linears and experts too. Throws Error(data) naming a missing key or an unknown architecture.
void read_config_linears(const formats::ConfigFile& config, BaseModel& model);

}  // namespace dnd::target
