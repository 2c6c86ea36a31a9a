// A choice of file, then its bytes: a language model's config.json, or its generation_config.json beside a
// sound one. Accepted: sizes whose products fit, frequencies for pairs of values, and what each layer
// attends to.
#include <cmath>

#include "fuzz/fuzz_support.h"
#include "lm/model_config.h"

namespace dnd::fuzz {
namespace {

constexpr std::string_view kConfig =
    R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 8, "num_hidden_layers": 1,
        "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 32,
        "max_position_embeddings": 64, "eos_token_id": 1})";

void check_rope(const lm::Rope& rope, std::int64_t head_size) {
  const std::size_t turned = rope.frequencies.size();
  require(turned > 0 && 2 * static_cast<std::int64_t>(turned) <= head_size, "pairs of values turn");
  require(rope.long_frequencies.empty() || rope.long_frequencies.size() == turned,
          "as many turn in long sequences");
  for (const auto* frequencies : {&rope.frequencies, &rope.long_frequencies}) {
    for (const float frequency : *frequencies) {
      require(std::isfinite(frequency) && frequency >= 0.0F, "a frequency is a number");
    }
  }
  require(std::isfinite(rope.scale) && rope.scale > 0.0F, "a scale is a number above 0");
}

void check_config(const lm::ModelConfig& config) {
  require(config.heads % config.key_value_heads == 0, "heads share keys evenly");
  require(config.query_width() > 0 && config.key_value_width() > 0, "widths are numbers");
  require(config.longest > 0, "a sequence has room");
  for (const lm::Rope& rope : config.ropes) check_rope(rope, config.head_size);
  require(static_cast<std::int64_t>(config.attention.size()) == config.layers, "layers attend");
  for (const lm::LayerAttention& layer : config.attention) {
    require(layer.window > 0, "a token sees itself");
    require(!layer.rope || *layer.rope < config.ropes.size(), "a layer's positions are there");
  }
  for (const std::int32_t end : config.ends) require(end >= 0, "an end is a token");
}

}  // namespace
}  // namespace dnd::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dnd::fuzz;
  std::string_view input = as_text(data, size);
  const std::size_t choice = take_choice(input, 2);
  scratch().file("config.json", choice == 0 ? input : kConfig);
  scratch().file("generation_config.json", choice == 0 ? "{}" : input);
  accepted([&] {
    check_config(dnd::lm::read_model_config(dnd::formats::ConfigFile(scratch() / "config.json")));
  });
  return 0;
}
