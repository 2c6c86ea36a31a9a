#include "formats/gguf_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "formats/gguf_names.h"

namespace dnd::formats {
namespace {

constexpr const char* kFactors = "rope_freqs.weight";
constexpr const char* kShortFactors = "rope_factors_short.weight";
constexpr const char* kLongFactors = "rope_factors_long.weight";
constexpr std::int64_t kMaxFactors = 1 << 16;

// Keys below "<architecture>.", and config.json's. Sources: conversion/ of llama.cpp, and transformers'
// integrations/ggml.py, which reads them back.
using KeyPair = std::pair<std::string_view, const char*>;
constexpr std::array<KeyPair, 12> kKeys = {{
    {"block_count", "num_hidden_layers"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"context_length", "max_position_embeddings"},
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"rope.freq_base", "rope_theta"},
    {"attention.sliding_window", "sliding_window"},
    {"attn_logit_softcapping", "attn_logit_softcapping"},
    {"final_logit_softcapping", "final_logit_softcapping"},
}};

// llama.cpp tells the largest models, whose queries are scaled by hidden_size / heads, by their layers
// (src/models/gemma2.cpp, gemma3.cpp).
constexpr std::int64_t kLayersOfGemma2Of27B = 46;
constexpr std::int64_t kLayersOfGemma3Of27B = 62;

class ConfigWriter {
 public:
  explicit ConfigWriter(const GgufModel& model)
      : model_(model), file_(model.metadata()), prefix_(model.architecture() + ".") {}

  Json write() {
    config_ = {{"architectures", {class_of_gguf(file_, model_.architecture())}},
               {"model_type", model_.architecture()}};
    for (const auto& [gguf, key] : kKeys) add_number(gguf, key);
    add_sizes();
    add_parts();
    add_rope();
    if (model_.architecture().starts_with("gemma")) add_gemma();
    return std::move(config_);
  }

 private:
  // Nothing where layers have values of their own: an array.
  void add_number(std::string_view gguf, const char* key) {
    const GgufValue* value = file_.find(cat(prefix_, gguf));
    if (value == nullptr) return;
    if (const auto* number = std::get_if<std::uint64_t>(&value->value)) config_[key] = *number;
    if (const auto* number = std::get_if<std::int64_t>(&value->value)) config_[key] = *number;
    if (const auto* number = std::get_if<double>(&value->value)) config_[key] = *number;
  }

  std::int64_t integer(const std::string& key) const {
    const auto found = config_.find(key);
    return found != config_.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  }

  void add_sizes() {
    const std::int64_t heads = integer("num_attention_heads");
    if (!config_.contains("head_dim") && heads > 0) {
      config_["head_dim"] = integer("hidden_size") / heads;  // llama.cpp's default
    }
    // Phi-3's converter writes 0 for none.
    if (integer("sliding_window") == 0) config_["sliding_window"] = nullptr;
    const GgufTensor* embedding = model_.find_stored("token_embd.weight");
    if (embedding != nullptr && embedding->shape.size() == 2) {
      config_["vocab_size"] = embedding->shape[0];
    }
  }

  void add_parts() {
    const auto has = [&](const char* name) { return model_.find_stored(name) != nullptr; };
    config_["tie_word_embeddings"] = !has("output.weight");
    config_["attention_bias"] = has("blk.0.attn_q.bias");
    config_["mlp_bias"] = has("blk.0.ffn_up.bias");
  }

  std::vector<float> factors(const char* name) const {
    const GgufTensor* tensor = model_.find_stored(name);
    if (tensor == nullptr) return {};
    if (tensor->shape.size() != 1 || tensor->shape[0] > kMaxFactors) {
      fail(ErrorKind::data, "base model: ", file_.path().string(), ": '", name, "' has shape ",
           shape_text(tensor->shape), ", expected a list of at most ", kMaxFactors);
    }
    return file_.read_f32(*tensor);
  }

  void add_rope() {
    Json rope = {{"rope_type", "default"}};
    const std::string scaling = file_.text(prefix_ + "rope.scaling.type").value_or("none");
    if (scaling != "none") rope["rope_type"] = printable(scaling);
    // Its other parameters have names of their own there, which are not read.
    if (scaling == "yarn") rope["rope_type"] = "yarn of a GGUF";
    add_rope_number(rope, "rope.scaling.factor", "factor");
    add_rope_number(rope, "rope.scaling.original_context_length",
                    "original_max_position_embeddings");
    if (model_.find_stored(kLongFactors) != nullptr) {
      rope["rope_type"] = "longrope";
      rope["short_factor"] = factors(kShortFactors);
      rope["long_factor"] = factors(kLongFactors);
    } else if (model_.find_stored(kFactors) != nullptr) {
      rope["rope_type"] = kGgufRopeFactors;
      rope["factors"] = factors(kFactors);
    }
    const std::int64_t head = integer("head_dim");
    const std::int64_t turned = file_.integer(prefix_ + "rope.dimension_count").value_or(head);
    if (turned != head && head > 0) {
      config_["partial_rotary_factor"] = static_cast<double>(turned) / static_cast<double>(head);
    }
    if (rope["rope_type"] != "default") config_["rope_scaling"] = std::move(rope);
  }

  void add_rope_number(Json& rope, const char* gguf, const char* key) const {
    if (const auto value = file_.number(prefix_ + gguf)) rope[key] = *value;
  }

  void add_gemma() {
    config_["hidden_activation"] = "gelu_pytorch_tanh";
    if (model_.architecture() == "gemma") return;
    const bool second = model_.architecture() == "gemma2";
    const bool largest =
        integer("num_hidden_layers") == (second ? kLayersOfGemma2Of27B : kLayersOfGemma3Of27B);
    const std::int64_t heads = std::max<std::int64_t>(integer("num_attention_heads"), 1);
    config_["query_pre_attn_scalar"] =
        largest ? integer("hidden_size") / heads : integer("head_dim");
    if (second) return;
    config_["model_type"] = "gemma3_text";
    config_["sliding_window_pattern"] = 6;
    config_["rope_local_base_freq"] =
        file_.number(prefix_ + "rope.freq_base_swa").value_or(10000.0);
  }

  const GgufModel& model_;
  const GgufFile& file_;
  std::string prefix_;
  Json config_;
};

}  // namespace

bool is_gguf_rope_tensor(std::string_view gguf_name) {
  return gguf_name == kFactors || gguf_name == kShortFactors || gguf_name == kLongFactors;
}

std::string class_of_gguf(const GgufFile& metadata, const std::string& architecture) {
  if (architecture == "llama" && metadata.integer("llama.expert_count").value_or(0) > 0) {
    return "MixtralForCausalLM";
  }
  for (const std::string& name : gguf_supported_architectures()) {
    if (gguf_architecture(name) == architecture) return name;
  }
  return {};
}

Json gguf_config(const GgufModel& model) { return ConfigWriter(model).write(); }

}  // namespace dnd::formats
