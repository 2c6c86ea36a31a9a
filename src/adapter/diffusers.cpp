#include "adapter/diffusers.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "adapter/lora_output.h"
#include "adapter/peft_config.h"
#include "adapter/peft_tensors.h"
#include "adapter/uniform.h"
#include "base/json.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

constexpr const char* kMetadataKey = "lora_adapter_metadata";

// Parts of pipelines that take LoRA, with the dot that ends them in a key.
constexpr std::array<std::string_view, 6> kComponents = {"transformer.",    "transformer_2.",
                                                         "text_encoder.",   "text_encoder_2.",
                                                         "text_encoder_3.", "unet."};

std::string_view component_of(std::string_view key) {
  for (const std::string_view component : kComponents) {
    if (key.starts_with(component)) return component;
  }
  return "";
}

// The one component of all tensors, with its dot.
std::string_view only_component(const TensorFile& file) {
  std::string_view first;
  for (const StoredTensor& tensor : file.tensors) {
    const std::string_view component = component_of(tensor.name);
    if (component.empty()) {
      fail(ErrorKind::data, file.who, ": tensor '", printable(tensor.name),
           "' belongs to no component (transformer., text_encoder., ...), others do");
    }
    if (!first.empty() && component != first) {
      fail(ErrorKind::data, file.who, ": holds LoRA for two components, '", first, "' and '",
           component, "': split the file, one adapter is for one model");
    }
    first = component;
  }
  return first;
}

// The configuration in the header: keys without the component's prefix.
std::optional<PeftConfig> header_config(const TensorFile& file, std::string_view component) {
  const auto found = file.metadata.find(kMetadataKey);
  if (found == file.metadata.end()) return std::nullopt;
  const std::string who = file.who + ": " + kMetadataKey;
  const Json flat = parse_json(found->second, who);
  if (!flat.is_object()) fail(ErrorKind::data, who, ": expected an object");
  Json config = Json::object();
  for (const auto& [key, value] : flat.items()) {
    if (key.starts_with(component)) config[key.substr(component.size())] = value;
  }
  if (config.empty()) fail(ErrorKind::data, who, ": says nothing about '", component, "'");
  return peft_config_from_json(config, who);
}

double scale_of(const TensorFile& file, const std::optional<PeftConfig>& config,
                const StoredPair& stored, const LoraPair& pair) {
  if (stored.alpha != nullptr) {
    if (config) {
      fail(ErrorKind::data, file.who, ": tensor '", printable(stored.alpha->name),
           "' and the header entry ", kMetadataKey, " both tell alpha");
    }
    return alpha_value(file, *stored.alpha) / static_cast<double>(pair.rank);
  }
  if (!config) return 1.0;  // diffusers takes alpha = rank
  if (config->rank_of(pair.module) != pair.rank) {
    fail(ErrorKind::data, file.who, ": module '", printable(pair.key), "': rank ", pair.rank,
         ", but ", kMetadataKey, " says ", config->rank_of(pair.module));
  }
  return config->scale_of(pair.module);
}

// diffusers would give modules without alpha the commonest alpha of the others: nobody means that.
void check_alphas(const TensorFile& file, const std::vector<StoredPair>& pairs) {
  const auto has_alpha = [](const StoredPair& pair) { return pair.alpha != nullptr; };
  if (std::none_of(pairs.begin(), pairs.end(), has_alpha)) return;
  const auto without = std::find_if_not(pairs.begin(), pairs.end(), has_alpha);
  if (without == pairs.end()) return;
  fail(ErrorKind::data, file.who, ": module '", printable(without->stem),
       "' has no alpha tensor, others have");
}

std::vector<OutputTensor> diffusers_tensors(const LoraAdapter& adapter, const Uniform& uniform,
                                            const std::string& component) {
  std::vector<OutputTensor> tensors;
  for (const LoraPair& pair : adapter.pairs) {
    const std::string stem = component + "." + pair.module;
    tensors.push_back({stem + ".lora_A.weight", {uniform.rank, pair.in}, [&] {
                         return uniform_a(pair, uniform);
                       }});
    tensors.push_back({stem + ".lora_B.weight", {pair.out, uniform.rank}, [&] {
                         return uniform_b(pair, uniform);
                       }});
  }
  return tensors;
}

std::string metadata_text(const LoraAdapter& adapter, const Uniform& uniform,
                          const std::string& component) {
  std::vector<std::string> modules;
  for (const LoraPair& pair : adapter.pairs) modules.push_back(pair.module);
  Json json = Json::object();
  json[component + ".lora_alpha"] = uniform.rank;
  json[component + ".r"] = uniform.rank;
  json[component + ".target_modules"] = modules;
  return json_line(json);
}

}  // namespace

bool is_diffusers_file(const fs::path& path) {
  return has_tensor(path, [](std::string_view name) { return !component_of(name).empty(); });
}

LoraAdapter read_diffusers_file(const fs::path& path) {
  const TensorFile file = open_tensor_file(path);
  const std::vector<StoredPair> stored_pairs = collect_pairs(file, PairNames::with_alpha);
  const std::string_view component = only_component(file);
  const std::optional<PeftConfig> config = header_config(file, component);
  check_alphas(file, stored_pairs);
  LoraAdapter adapter;
  adapter.format = AdapterFormat::diffusers;
  adapter.component = component.substr(0, component.size() - 1);  // without the dot
  adapter.metadata = file.metadata;
  adapter.dtype = stored_pairs[0].a->dtype;
  for (const StoredPair& stored : stored_pairs) {
    LoraPair pair = load_pair(file, stored, stored.stem.substr(component.size()));
    pair.scale = scale_of(file, config, stored, pair);
    adapter.pairs.push_back(std::move(pair));
  }
  return adapter;
}

std::string diffusers_component(const LoraAdapter& adapter) {
  return adapter.component.empty() ? "transformer" : adapter.component;
}

FileKind diffusers_file() {
  return {"a diffusers adapter",
          [](const fs::path& path) { return !read_diffusers_file(path).pairs.empty(); }};
}

WrittenFile write_diffusers_file(const fs::path& path, const LoraAdapter& adapter, Dtype dtype,
                                 OnExisting on_existing) {
  refuse_dora(adapter, "a diffusers file here");
  const std::string component = diffusers_component(adapter);
  const Uniform uniform = kDiffusersUniform(adapter);
  formats::Metadata metadata = output_metadata(adapter, "pt");
  metadata[kMetadataKey] = metadata_text(adapter, uniform, component);
  return write_tensor_file(path, diffusers_file(), on_existing,
                           diffusers_tensors(adapter, uniform, component), dtype, metadata);
}

}  // namespace dnd::adapter
