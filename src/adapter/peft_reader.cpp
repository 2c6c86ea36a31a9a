#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "adapter/peft.h"
#include "adapter/peft_config.h"
#include "adapter/peft_tensors.h"
#include "base/paths.h"
#include "base/strings.h"
#include "target/class_names.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

fs::path weights_file(const fs::path& folder) { return first_existing(folder, kPeftWeightsNames); }

std::string module_of(std::string_view stem) {
  const std::string_view prefix = kPeftKeyPrefix;
  return std::string(stem.starts_with(prefix) ? stem.substr(prefix.size()) : stem);
}

// What the configuration and the tensors say must agree: PEFT would fail, or drop something.
void check_against_config(const TensorFile& file, const PeftConfig& config, const LoraPair& pair) {
  const std::int64_t rank = config.rank_of(pair.module);
  if (pair.rank != rank) {
    fail(ErrorKind::data, file.who, ": module '", printable(pair.key), "': rank ", pair.rank,
         ", but ", kAdapterConfigName, " says ", rank, " (r or rank_pattern)");
  }
  if (config.use_dora == pair.magnitude.empty()) {
    fail(ErrorKind::data, file.who, ": module '", printable(pair.key),
         "': ", config.use_dora ? "has no lora_magnitude_vector" : "has a lora_magnitude_vector",
         ", but ", kAdapterConfigName, " says use_dora ", config.use_dora ? "true" : "false");
  }
}

// Tensors that are no matrices: the base's own layers, which PEFT stores beside an adapted head or embedding,
// and, where they are kept, modules and biases.
class BesidePairs {
 public:
  BesidePairs(LoraAdapter& adapter, Besides besides) : adapter_(adapter), besides_(besides) {}

  bool take(const StoredTensor& tensor) {
    const std::string_view name = tensor.name;
    const bool lora = name.find(".lora_") != name.npos;
    const bool bias = name.ends_with(".bias");
    if (lora || (!bias && !name.ends_with(".weight"))) return false;
    const std::size_t dot = name.rfind('.');
    const bool of_base = name.substr(0, dot).ends_with(kPeftBaseLayer);
    const bool trains_biases = adapter_.peft && adapter_.peft->bias != "none";
    if (of_base && !(bias && trains_biases)) {
      const std::string_view stem = name.substr(0, dot - kPeftBaseLayer.size());
      adapter_.copies.push_back(
          {tensor.name, module_of(stem) + tensor.name.substr(dot), tensor.dtype, tensor.read});
      return true;
    }
    if (besides_ == Besides::refuse) return false;
    adapter_.others.push_back(tensor.name);
    return true;
  }

 private:
  LoraAdapter& adapter_;
  Besides besides_;
};

std::vector<StoredPair> pairs_of(const TensorFile& file, LoraAdapter& adapter, Besides besides) {
  BesidePairs beside(adapter, besides);
  const auto is_beside = [&](const StoredTensor& tensor) { return beside.take(tensor); };
  const bool any_pair = std::any_of(
      file.tensors.begin(), file.tensors.end(),
      [](const StoredTensor& tensor) { return tensor.name.find("lora_") != tensor.name.npos; });
  const bool saved = adapter.peft && !(adapter.peft->saved.empty() && adapter.peft->heads.empty());
  if (besides == Besides::keep && saved && !any_pair) {
    std::for_each(file.tensors.begin(), file.tensors.end(), is_beside);
    if (!adapter.others.empty()) return {};  // saved modules alone
  }
  return collect_pairs(file, PairNames::peft, is_beside);
}

// The factor's key with the name that the base's class gives the module.
std::string class_key(const FactorLayout& factor, const AdapterLayout& layout) {
  const std::string stem = layout.key_prefix + factor.module;
  if (!factor.key.starts_with(stem)) return factor.key;
  return cat(layout.key_prefix, target::class_path(layout.architecture, factor.module),
             factor.key.substr(stem.size()));
}

void check_shape(const TensorFile& file, const StoredTensor& tensor,
                 const formats::Shape& expected) {
  if (tensor.shape == expected) return;
  fail(ErrorKind::data, file.who, ": tensor '", printable(tensor.name), "': shape ",
       shape_text(tensor.shape), ", the layout needs ", shape_text(expected),
       " (adapter of another base model?)");
}

}  // namespace

LoraAdapter read_peft_folder(const fs::path& folder) {
  return read_peft_folder(folder, Besides::refuse);
}

LoraAdapter read_peft_folder(const fs::path& folder, Besides besides) {
  const fs::path config_path = folder / kAdapterConfigName;
  const std::string who = "adapter: " + config_path.string();
  const Json json = read_json_file(config_path, who);
  JsonObject(json, who).text("peft_type");  // PEFT itself insists on it
  const PeftConfig config = peft_config_from_json(json, who, besides);
  const TensorFile file = open_tensor_file(weights_file(folder));
  LoraAdapter adapter;
  adapter.base_model = config.base_model;
  adapter.metadata = file.metadata;
  adapter.task_type = config.task_type;
  adapter.peft = config.targets;
  if (config.targets.patterns) {
    adapter.peft->scale_of = [config](std::string_view path) { return config.scale_of(path); };
  }
  for (const StoredPair& stored : pairs_of(file, adapter, besides)) {
    if (adapter.pairs.empty()) adapter.dtype = stored.a->dtype;
    LoraPair pair = load_pair(file, stored, module_of(stored.stem));
    check_against_config(file, config, pair);
    pair.scale = config.scale_of(pair.module);
    adapter.pairs.push_back(std::move(pair));
  }
  return adapter;
}

LoraAdapter read_peft_file(const fs::path& path, std::optional<double> scale) {
  const TensorFile file = open_tensor_file(path);
  LoraAdapter adapter;
  const std::vector<StoredPair> stored_pairs = pairs_of(file, adapter, Besides::refuse);
  if (!scale) {
    fail(ErrorKind::data, file.who, ": LoRA matrices without ", kAdapterConfigName,
         ": their alpha is unknown (give the adapter's folder, or put its configuration beside as ",
         kAdapterWeightsName, " and ", kAdapterConfigName,
         "; dnd verify --model takes a generator's alpha)");
  }
  adapter.metadata = file.metadata;
  adapter.dtype = stored_pairs[0].a->dtype;
  for (const StoredPair& stored : stored_pairs) {
    adapter.pairs.push_back(load_pair(file, stored, module_of(stored.stem)));
    adapter.pairs.back().scale = *scale;
  }
  return adapter;
}

LoraAdapter read_adapter_of_layout(const fs::path& path, const AdapterLayout& layout) {
  const TensorFile file = open_tensor_file(is_folder(path) ? weights_file(path) : path);
  const std::vector<FactorLayout> factors = layout.factors();
  LoraAdapter adapter = lora_of_layout(layout);
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<std::string> class_keys;  // as written for the base's class
  class_keys.reserve(factors.size());
  for (const FactorLayout& factor : factors) class_keys.push_back(class_key(factor, layout));
  for (std::size_t i = 0; i < factors.size(); ++i) {
    places.emplace(factors[i].key, i);
    places.emplace(class_keys[i], i);
  }
  for (const StoredTensor& tensor : file.tensors) {
    std::vector<float> values = tensor.read();  // of the others too: they may be damaged
    const auto place = places.find(tensor.name);
    if (place == places.end()) continue;
    check_shape(file, tensor, factors[place->second].shape(layout.rank));
    factor_values(adapter, place->second) = std::move(values);
  }
  for (std::size_t i = 0; i < factors.size(); ++i) {
    if (!factor_values(adapter, i).empty()) continue;
    fail(ErrorKind::data, file.who, ": has no tensor '", printable(factors[i].key),
         "', the layout needs it (adapter of another base model?)");
  }
  return adapter;
}

}  // namespace dnd::adapter
