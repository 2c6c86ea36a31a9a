// A LoRA adapter by its meaning, whatever file it came from: W' = W + scale * B A for some linear
// layers of a base model.
//
// Readers of every format give this (docs/formats.md, "Adapters"), writers take it; what the formats are says
// their table (adapter/files/format_table.h). Values are fp32;
// scale, prefixes, transposes and row orders of the file are already undone.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/peft_targets.h"
#include "base/dtype.h"
#include "target/base_model.h"

namespace dnd::adapter {

enum class AdapterFormat { peft, gguf, mlx, diffusers, kohya, diffusion_model };

std::string_view format_name(AdapterFormat format);  // "peft", ...: the table's

// The largest rank that readers accept.
inline constexpr std::int64_t kMaxRank = 1 << 20;

// One adapted linear layer.
struct LoraPair {
  std::string module;  // path in the base, e.g. "model.layers.0.self_attn.q_proj"
  std::string key;  // what the file calls it, without ".lora_A.weight" and the like; for messages
  // Of a PEFT folder: the adapter's name in its keys ("default" of "lora_A.default.weight"); else empty.
  std::string adapter_name;
  std::int64_t rank = 0;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::vector<float> a;  // (rank, in), C order
  std::vector<float> b;  // (out, rank)
  double scale = 1.0;    // alpha / rank, or alpha / sqrt(rank) with rsLoRA
  // DoRA, else empty: (out); W' = magnitude / ||W + scale B A|| * (W + scale B A), norms by row.
  std::vector<float> magnitude;
};

// Which modules mlx-lm makes LoRA layers of.
struct MlxChoice {
  std::int64_t layers = 0;            // num_layers: of the last so many blocks; 0 and less: of all
  std::set<std::string> whole_paths;  // entries of 'keys' that name one module of the model
};

// A tensor of the base that PEFT stores beside an adapted layer, in whose place it is put when loaded.
struct StoredCopy {
  std::string key;     // "base_model.model.lm_head.base_layer.weight"
  std::string tensor;  // of the base: "lm_head.weight"
  Dtype dtype = Dtype::f32;
  std::function<std::vector<float>()> read;  // keeps the file open as long as it lives
};

struct LoraAdapter {
  AdapterFormat format = AdapterFormat::peft;
  std::string base_model;    // as the file names it; may be empty
  std::string architecture;  // GGUF: general.architecture; else mostly empty
  std::string component;     // of a diffusion pipeline ("unet"); else empty
  bool flat_names = false;   // modules have underscores for dots (adapter/kohya.h)
  bool down_and_up = false;  // the file calls A lora_down and B lora_up, as trainers do
  Dtype dtype = Dtype::f32;  // of the stored matrices (the first one's)
  std::map<std::string, std::string> metadata;  // of the file: "format", "dnd.*", ...
  std::string task_type;            // PEFT's, e.g. "CAUSAL_LM"; empty where nothing says it
  std::optional<PeftTargets> peft;  // of a PEFT folder: what its configuration says about modules
  std::optional<MlxChoice> mlx;     // of an MLX folder: which modules its configuration names
  std::vector<StoredCopy> copies;
  // Of a PEFT folder: tensors that are no matrices of a pair and that PEFT loads, whole modules
  // (modules_to_save) and biases. Nothing here applies them.
  std::vector<std::string> others;
  std::vector<LoraPair> pairs;  // in file order

  const LoraPair* find(std::string_view module) const;
  bool has_dora() const;
};

// Calls fn with the values of A and then of B of every pair of a LoraAdapter, const or not, in order.
template <typename AnyAdapter, typename Function>
void for_each_factor(AnyAdapter& adapter, Function fn) {
  for (auto& pair : adapter.pairs) {
    fn(pair.a);
    fn(pair.b);
  }
}

// All values in that order.
std::vector<float> flat_values(const LoraAdapter& adapter);

// Metadata that says for what base an adapter is, so that a later conversion needs none.
inline constexpr const char* kArchitectureKey = "dnd.architecture";  // Hugging Face class
inline constexpr const char* kAttentionHeadsKey = "dnd.attention_heads";
inline constexpr const char* kKeyValueHeadsKey = "dnd.key_value_heads";
// Sets them; nothing where `architecture` is empty.
void note_base(LoraAdapter& adapter, const std::string& architecture,
               const std::optional<target::AttentionHeads>& heads);

}  // namespace dnd::adapter
