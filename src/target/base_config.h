// What a config.json says about a base model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
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

// Where quantization_config names no method; the tensors may tell it.
inline constexpr std::string_view kUnknownQuantization = "unknown";

// nullptr where the linear layers do not follow from the config.
const Architecture* find_architecture(std::string_view name);

// "LlamaForCausalLM, MistralForCausalLM, ...", for messages.
std::string architecture_names();

// Sets name, architecture, heads, tied_embeddings and quantization, where the config says them; for
// models whose linear layers are read elsewhere, so nothing is required.
void read_config_facts(const Json& json, const std::string& who, BaseModel& model);

// Sets linears and experts too. Throws Error(data) naming a missing key or an unknown architecture.
void read_config_linears(const Json& json, const std::string& who, BaseModel& model);

}  // namespace dnd::target
