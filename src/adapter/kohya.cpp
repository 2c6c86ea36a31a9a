#include "adapter/kohya.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "adapter/diffusion_names.h"
#include "adapter/lora_output.h"
#include "adapter/peft_tensors.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

// The component is a pipeline's of diffusers; empty: the denoiser, whichever it is.
struct Prefix {
  std::string_view text;
  std::string_view component;
};
constexpr std::array kPrefixes = {
    Prefix{"lora_unet_", ""},
    Prefix{"lora_transformer_", "transformer"},
    Prefix{"lora_te1_", "text_encoder"},
    Prefix{"lora_te_", "text_encoder"},
    Prefix{"lora_te2_", "text_encoder_2"},
    Prefix{"lora_te3_", "text_encoder_3"},
    Prefix{"lycoris_", ""},
};

const Prefix* prefix_of(std::string_view key) {
  const auto* const found =
      std::find_if(kPrefixes.begin(), kPrefixes.end(),
                   [&](const Prefix& prefix) { return key.starts_with(prefix.text); });
  return found == kPrefixes.end() ? nullptr : found;
}

// The one prefix of all tensors.
const Prefix& only_prefix(const TensorFile& file) {
  const Prefix* first = nullptr;
  for (const StoredTensor& tensor : file.tensors) {
    const Prefix* prefix = prefix_of(tensor.name);
    if (prefix == nullptr) {
      fail(ErrorKind::data, file.who, ": tensor '", printable(tensor.name),
           "' has no prefix of kohya's (lora_unet_, lora_te1_, ...), others do");
    }
    if (first != nullptr && prefix != first) {
      fail(ErrorKind::data, file.who, ": holds LoRA for two components, '", first->text, "' and '",
           prefix->text, "': split the file, one adapter is for one model");
    }
    first = prefix;
  }
  return *first;
}

// Paths by their flat names; an empty one where several have the same.
using Paths = std::map<std::string, std::string, std::less<>>;

Paths paths_by_flat_name(std::span<const std::string> modules) {
  Paths paths;
  for (const std::string& module : modules) {
    const auto [entry, is_new] = paths.emplace(flat_name(module), module);
    if (!is_new && entry->second != module) entry->second.clear();
  }
  return paths;
}

std::string module_of(const TensorFile& file, const Paths& paths, std::string_view flat) {
  const auto found = paths.find(flat);
  if (found == paths.end()) return std::string(flat);
  if (found->second.empty()) {
    fail(ErrorKind::data, file.who, ": '", printable(flat),
         "' is the name of several layers of the base: their dots have become underscores");
  }
  return found->second;
}

// A scale of 0 is told by B: loaders do not agree about alpha 0.
std::vector<float> up_values(const LoraPair& pair) {
  return pair.scale == 0.0 ? std::vector<float>(pair.b.size(), 0.0F) : pair.b;
}

float written_alpha(const LoraPair& pair) {
  const double scale = pair.scale == 0.0 ? 1.0 : pair.scale;
  return static_cast<float>(scale * static_cast<double>(pair.rank));
}

std::vector<OutputTensor> kohya_tensors(const LoraAdapter& adapter) {
  const std::string prefix(kohya_prefix(adapter));
  std::vector<OutputTensor> tensors;
  std::set<std::string> stems;
  for (const LoraPair& pair : adapter.pairs) {
    const std::string stem = prefix + flat_name(pair.module);
    if (!stems.insert(stem).second) {
      fail(ErrorKind::data, "adapter: two modules become '", printable(stem), "' (one is '",
           printable(pair.module), "'): a kohya file cannot hold both");
    }
    tensors.push_back(
        {stem + ".lora_down.weight", {pair.rank, pair.in}, [&pair] { return pair.a; }});
    tensors.push_back(
        {stem + ".lora_up.weight", {pair.out, pair.rank}, [&pair] { return up_values(pair); }});
    tensors.push_back({stem + ".alpha",
                       {},
                       [&pair] { return std::vector<float>{written_alpha(pair)}; },
                       Dtype::f32});
  }
  return tensors;
}

}  // namespace

std::string flat_name(std::string_view module) {
  std::string name(module);
  std::replace(name.begin(), name.end(), '.', '_');
  return name;
}

std::string_view kohya_prefix(const LoraAdapter& adapter) {
  const bool was_kohya = adapter.format == AdapterFormat::kohya && !adapter.pairs.empty();
  const Prefix* read = was_kohya ? prefix_of(adapter.pairs[0].key) : nullptr;
  if (read != nullptr) return read->text;
  if (adapter.component.starts_with("text_encoder")) {
    for (const Prefix& prefix : kPrefixes) {
      if (prefix.component == adapter.component) return prefix.text;
    }
  }
  // Both loaders know these two under diffusers' names by this prefix alone.
  const auto class_name = adapter.metadata.find(kArchitectureKey);
  const bool known =
      class_name != adapter.metadata.end() && (class_name->second == "FluxTransformer2DModel" ||
                                               class_name->second == "SD3Transformer2DModel");
  const bool single = std::any_of(
      adapter.pairs.begin(), adapter.pairs.end(),
      [](const LoraPair& pair) { return pair.module.starts_with("single_transformer_blocks."); });
  const bool theirs = diffusion_names(adapter) != DiffusionNames::original;
  return single || (known && theirs) ? "lora_transformer_" : "lora_unet_";
}

bool is_kohya_file(const fs::path& path) {
  return has_tensor(path, [](std::string_view name) { return prefix_of(name) != nullptr; });
}

LoraAdapter read_kohya_file(const fs::path& path, std::span<const std::string> modules) {
  const TensorFile file = open_tensor_file(path);
  const std::vector<StoredPair> stored_pairs = collect_pairs(file, PairNames::trainers);
  const Prefix& prefix = only_prefix(file);
  const Paths paths = paths_by_flat_name(modules);
  LoraAdapter adapter;
  adapter.format = AdapterFormat::kohya;
  adapter.metadata = file.metadata;
  adapter.dtype = stored_pairs[0].a->dtype;
  adapter.flat_names = modules.empty();
  for (const StoredPair& stored : stored_pairs) {
    const std::string_view flat = std::string_view(stored.stem).substr(prefix.text.size());
    LoraPair pair = load_pair(file, stored, module_of(file, paths, flat));
    pair.scale = scale_by_alpha(file, stored, pair.rank);
    adapter.pairs.push_back(std::move(pair));
  }
  adapter.component = prefix.component.empty() ? denoiser_component(adapter) : prefix.component;
  return adapter;
}

FileKind kohya_file() {
  return {"a kohya adapter",
          [](const fs::path& path) { return !read_kohya_file(path).pairs.empty(); }};
}

WrittenFile write_kohya_file(const fs::path& path, const LoraAdapter& adapter, Dtype dtype,
                             OnExisting on_existing) {
  refuse_dora(adapter, "a kohya file here");
  return write_tensor_file(path, kohya_file(), on_existing, kohya_tensors(adapter), dtype,
                           output_metadata(adapter, "pt"));
}

}  // namespace dnd::adapter
