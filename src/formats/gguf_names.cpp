#include "formats/gguf_names.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/strings.h"

namespace dnd::formats {
namespace {

using Name = std::pair<std::string_view, std::string_view>;  // Hugging Face's, GGUF's

constexpr std::array<Name, 7> kSeparate = {{{"self_attn.q_proj", "attn_q"},
                                            {"self_attn.k_proj", "attn_k"},
                                            {"self_attn.v_proj", "attn_v"},
                                            {"self_attn.o_proj", "attn_output"},
                                            {"mlp.gate_proj", "ffn_gate"},
                                            {"mlp.up_proj", "ffn_up"},
                                            {"mlp.down_proj", "ffn_down"}}};
constexpr std::array<Name, 4> kFused = {{{"self_attn.qkv_proj", "attn_qkv"},
                                         {"self_attn.o_proj", "attn_output"},
                                         {"mlp.gate_up_proj", "ffn_up"},
                                         {"mlp.down_proj", "ffn_down"}}};

constexpr std::array<Name, 4> kNorms = {{{"input_layernorm", "attn_norm"},
                                         {"post_attention_layernorm", "ffn_norm"},
                                         {"self_attn.q_norm", "attn_q_norm"},
                                         {"self_attn.k_norm", "attn_k_norm"}}};
// Gemma 2 and 3 have norms before and after both parts of a layer.
constexpr std::array<Name, 6> kFourNorms = {{{"input_layernorm", "attn_norm"},
                                             {"post_attention_layernorm", "post_attention_norm"},
                                             {"pre_feedforward_layernorm", "ffn_norm"},
                                             {"post_feedforward_layernorm", "post_ffw_norm"},
                                             {"self_attn.q_norm", "attn_q_norm"},
                                             {"self_attn.k_norm", "attn_k_norm"}}};
constexpr std::array<Name, 3> kOutside = {{{"model.embed_tokens.weight", "token_embd.weight"},
                                           {"model.norm.weight", "output_norm.weight"},
                                           {"lm_head.weight", "output.weight"}}};

struct GgufArchitecture {
  std::string_view huggingface;
  std::string_view gguf;
  std::span<const Name> names;
};

// Mixtral's experts have names of their own, so only its attention is adapted. Qwen3.5 is left out:
// its linear attention is reordered, not only renamed.
constexpr std::array<GgufArchitecture, 16> kGgufArchitectures = {{
    {"LlamaForCausalLM", "llama", kSeparate},
    {"MistralForCausalLM", "llama", kSeparate},
    {"MixtralForCausalLM", "llama", kSeparate},
    {"Mistral3ForConditionalGeneration", "mistral3", kSeparate},
    {"Ministral3ForCausalLM", "mistral3", kSeparate},
    {"Qwen2ForCausalLM", "qwen2", kSeparate},
    {"Qwen2VLForConditionalGeneration", "qwen2vl", kSeparate},
    {"Qwen2_5_VLForConditionalGeneration", "qwen2vl", kSeparate},
    {"Qwen3ForCausalLM", "qwen3", kSeparate},
    {"Qwen3VLForConditionalGeneration", "qwen3vl", kSeparate},
    {"GemmaForCausalLM", "gemma", kSeparate},
    {"Gemma2ForCausalLM", "gemma2", kSeparate},
    {"Gemma3ForCausalLM", "gemma3", kSeparate},
    {"Gemma3ForConditionalGeneration", "gemma3", kSeparate},
    {"Phi3ForCausalLM", "phi3", kFused},
    {"SmolLM3ForCausalLM", "smollm3", kSeparate},
}};

// Empty for an architecture that is not in the table.
std::span<const Name> names_of(std::string_view gguf_architecture) {
  for (const GgufArchitecture& known : kGgufArchitectures) {
    if (known.gguf == gguf_architecture) return known.names;
  }
  return {};
}

constexpr std::string_view kBlock = "blk.";
constexpr std::array<std::string_view, 3> kModulePrefixes = {
    "model.layers.", "model.language_model.layers.", "language_model.model.layers."};

struct InLayer {
  std::string_view layer;  // decimal digits without leading zeros
  std::string_view rest;
};

// "3.self_attn.q_proj" -> "3", "self_attn.q_proj"
std::optional<InLayer> split_layer(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos) return std::nullopt;
  const std::string_view layer = text.substr(0, dot);
  const bool digits = layer.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || (layer[0] == '0' && layer.size() > 1)) return std::nullopt;
  return InLayer{layer, text.substr(dot + 1)};
}

std::optional<InLayer> split_module(std::string_view module) {
  for (const std::string_view prefix : kModulePrefixes) {
    if (module.starts_with(prefix)) return split_layer(module.substr(prefix.size()));
  }
  return std::nullopt;
}

std::span<const Name> norms_of(std::string_view gguf_architecture) {
  const bool four = gguf_architecture == "gemma2" || gguf_architecture == "gemma3";
  return four ? std::span<const Name>(kFourNorms) : std::span<const Name>(kNorms);
}

}  // namespace

std::optional<std::string> gguf_architecture(std::string_view architecture) {
  for (const GgufArchitecture& known : kGgufArchitectures) {
    if (known.huggingface == architecture) return std::string(known.gguf);
  }
  return std::nullopt;
}

std::vector<std::string> gguf_supported_architectures() {
  std::vector<std::string> names;
  names.reserve(kGgufArchitectures.size());
  for (const GgufArchitecture& known : kGgufArchitectures) names.emplace_back(known.huggingface);
  return names;
}

std::optional<std::string> gguf_tensor_name(std::string_view gguf_architecture,
                                            std::string_view module) {
  const auto parts = split_module(module);
  if (!parts) return std::nullopt;
  for (const auto& [huggingface, gguf] : names_of(gguf_architecture)) {
    if (parts->rest == huggingface) return cat("blk.", parts->layer, ".", gguf);
  }
  return std::nullopt;
}

std::optional<std::string> module_of_gguf_tensor(std::string_view gguf_architecture,
                                                 std::string_view tensor) {
  if (!tensor.starts_with(kBlock)) return std::nullopt;
  const auto parts = split_layer(tensor.substr(kBlock.size()));
  if (!parts) return std::nullopt;
  for (const auto& [huggingface, gguf] : names_of(gguf_architecture)) {
    if (parts->rest == gguf) return cat("model.layers.", parts->layer, ".", huggingface);
  }
  return std::nullopt;
}

std::optional<std::string> huggingface_tensor_name(std::string_view gguf_architecture,
                                                   std::string_view tensor) {
  for (const auto& [huggingface, gguf] : kOutside) {
    if (tensor == gguf) return std::string(huggingface);
  }
  const std::size_t dot = tensor.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view kind = tensor.substr(dot);
  if (kind != ".weight" && kind != ".bias") return std::nullopt;
  const std::string_view path = tensor.substr(0, dot);
  if (const auto module = module_of_gguf_tensor(gguf_architecture, path)) return cat(*module, kind);
  const auto parts =
      path.starts_with(kBlock) ? split_layer(path.substr(kBlock.size())) : std::nullopt;
  if (!parts) return std::nullopt;
  for (const auto& [huggingface, gguf] : norms_of(gguf_architecture)) {
    if (parts->rest == gguf) return cat("model.layers.", parts->layer, ".", huggingface, kind);
  }
  return std::nullopt;
}

bool has_shifted_norms(std::string_view gguf_architecture) {
  return gguf_architecture == "gemma" || gguf_architecture == "gemma2" ||
         gguf_architecture == "gemma3";
}

bool has_permuted_rows(std::string_view gguf_architecture, std::string_view module) {
  return permuted_heads(gguf_architecture, module, {1, 1}) != 0;
}

std::int64_t permuted_heads(std::string_view gguf_architecture, std::string_view module,
                            const AttentionHeads& heads) {
  constexpr std::array<std::string_view, 3> kPermuted = {"llama", "mistral3", "smollm3"};
  if (std::find(kPermuted.begin(), kPermuted.end(), gguf_architecture) == kPermuted.end()) return 0;
  const auto parts = split_module(module);
  if (!parts) return 0;
  if (parts->rest == "self_attn.q_proj") return heads.attention;
  return parts->rest == "self_attn.k_proj" ? heads.key_value : 0;
}

std::int64_t huggingface_row(std::int64_t row, std::int64_t head_rows) {
  const std::int64_t in_head = row % head_rows;
  return row - in_head + in_head % 2 * (head_rows / 2) + in_head / 2;
}

}  // namespace dnd::formats
