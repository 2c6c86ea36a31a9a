#include <algorithm>
#include <array>

#include "base/strings.h"
#include "target/base_config.h"

namespace dnd::target {
namespace {

// Names and defaults: configuration_*.py and modeling_*.py of transformers 5.23; the names of the
// vision-language models as their published checkpoints have them.
constexpr std::array kArchitectures = {
    Architecture{.name = "LlamaForCausalLM"},
    Architecture{.name = "MistralForCausalLM"},
    Architecture{.name = "Qwen2ForCausalLM"},
    Architecture{.name = "Qwen3ForCausalLM", .head_size = 128},
    Architecture{.name = "GemmaForCausalLM", .tied = true, .head_size = 256},
    Architecture{.name = "Gemma2ForCausalLM", .tied = true, .head_size = 256},
    Architecture{.name = "Gemma3ForCausalLM", .tied = true, .head_size = 256, .heads = {8, 4}},
    Architecture{.name = "Gemma3ForConditionalGeneration",
                 .vision = Vision::siglip,
                 .blocks = "language_model.model.layers",
                 .tied = true,
                 .head_size = 256,
                 .heads = {8, 4}},
    Architecture{.name = "Phi3ForCausalLM", .feed_forward = FeedForward::fused},
    Architecture{.name = "SmolLM3ForCausalLM", .tied = true},
    Architecture{.name = "Qwen2VLForConditionalGeneration", .vision = Vision::qwen2},
    Architecture{.name = "Qwen2_5_VLForConditionalGeneration", .vision = Vision::qwen2_5},
    Architecture{.name = "MixtralForCausalLM", .feed_forward = FeedForward::mixtral},
    Architecture{.name = "Qwen2MoeForCausalLM", .feed_forward = FeedForward::qwen_experts},
    Architecture{
        .name = "Qwen3MoeForCausalLM", .feed_forward = FeedForward::qwen_experts, .head_size = 0},
};

}  // namespace

const Architecture* find_architecture(std::string_view name) {
  const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                   [&](const Architecture& each) { return each.name == name; });
  return found == kArchitectures.end() ? nullptr : found;
}

std::string architecture_names() { return joined(kArchitectures, &Architecture::name); }

}  // namespace dnd::target
