#include "adapter/mlx.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "adapter/lora_output.h"
#include "adapter/peft.h"
#include "adapter/uniform.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/safetensors.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxLayers = 1 << 20;

struct MlxConfig {
  std::string base_model;
  std::int64_t rank = 0;
  double scale = 0.0;
  std::int64_t layers = 0;
  std::optional<std::set<std::string>> keys;  // layer-relative; absent: whatever is stored
};

// "self_attn.q_proj" of "model.layers.3.self_attn.q_proj"; empty where there is no layer.
std::string layer_relative(std::string_view module) {
  constexpr std::string_view kLayers = "layers.";
  const std::size_t at = module.find(kLayers);
  if (at == module.npos || (at > 0 && module[at - 1] != '.')) return "";
  const std::string_view rest = module.substr(at + kLayers.size());
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  if (digits == 0 || digits + 1 >= rest.size() || rest[digits] != '.') return "";
  return std::string(rest.substr(digits + 1));
}

MlxConfig read_config(const fs::path& path) {
  const std::string who = "adapter: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject object(json, who);
  const std::string type = object.text_or("fine_tune_type", "lora");
  if (type != "lora") {
    fail(ErrorKind::data, who, ": 'fine_tune_type' is '", printable(type),
         "', only lora is supported");
  }
  MlxConfig config;
  config.base_model = object.text_or("model", "");
  config.layers = object.integer_or("num_layers", 0, -1, kMaxLayers);
  JsonObject parameters = object.object("lora_parameters");
  config.rank = parameters.integer("rank", 1, kMaxRank);
  parameters.at("scale");
  config.scale = parameters.number_or("scale", 0.0);
  if (!parameters.has("keys")) return config;
  config.keys.emplace();
  for (const Json& key : parameters.array("keys")) {
    if (!key.is_string()) fail(ErrorKind::data, parameters.where(), ": 'keys' holds no strings");
    config.keys->insert(key.get<std::string>());
  }
  return config;
}

struct Halves {
  const formats::TensorView* a = nullptr;
  const formats::TensorView* b = nullptr;
};

// Modules in file order of their first tensor.
std::vector<std::pair<std::string, Halves>> collect_halves(const formats::SafetensorsFile& file,
                                                           const std::string& who) {
  std::vector<std::pair<std::string, Halves>> modules;
  std::map<std::string, std::size_t> index;
  for (const formats::TensorView& tensor : file.tensors()) {
    const std::string_view name = tensor.name;
    constexpr std::string_view kEnding = ".lora_a";
    const bool is_a = name.ends_with(".lora_a");
    if ((!is_a && !name.ends_with(".lora_b")) || name.size() == kEnding.size()) {
      fail(ErrorKind::data, who, ": tensor '", printable(name), "': expected NAME.lora_a or ",
           "NAME.lora_b (DoRA and fully trained layers are not supported)");
    }
    const std::string module(name.substr(0, name.size() - kEnding.size()));
    const auto [entry, is_new] = index.emplace(module, modules.size());
    if (is_new) modules.push_back({module, {}});
    Halves& halves = modules[entry->second].second;
    (is_a ? halves.a : halves.b) = &tensor;
  }
  if (modules.empty()) fail(ErrorKind::data, who, ": holds no LoRA matrices");
  return modules;
}

void check_halves(const MlxConfig& config, const std::string& module, const Halves& halves,
                  const std::string& who) {
  const auto refuse = [&](const auto&... why) {
    fail(ErrorKind::data, who, ": module '", printable(module), "': ", why...);
  };
  if (halves.a == nullptr || halves.b == nullptr) {
    refuse(halves.a == nullptr ? "lora_a" : "lora_b", " is missing: half a pair");
  }
  const formats::Shape& a = halves.a->shape;
  const formats::Shape& b = halves.b->shape;
  if (a.size() != 2 || b.size() != 2 || a[1] != b[0] || a[0] < 1 || b[1] < 1) {
    refuse("lora_a ", shape_text(a), " and lora_b ", shape_text(b),
           ": expected (in, rank) and (rank, out)");
  }
  if (a[1] != config.rank) {
    refuse("rank ", a[1], ", but ", kAdapterConfigName, " says ", config.rank);
  }
  const std::string relative = layer_relative(module);
  if (config.keys && !config.keys->contains(relative) && !config.keys->contains(module)) {
    refuse("not among 'keys' of ", kAdapterConfigName, ": MLX-LM would not take it");
  }
}

LoraPair load_pair(const formats::SafetensorsFile& file, const std::string& module,
                   const Halves& halves, double scale) {
  LoraPair pair;
  pair.module = module;
  pair.key = module;
  pair.in = halves.a->shape[0];
  pair.rank = halves.a->shape[1];
  pair.out = halves.b->shape[1];
  pair.a = transposed(file.read_f32(halves.a->name), pair.in, pair.rank);
  pair.b = transposed(file.read_f32(halves.b->name), pair.rank, pair.out);
  pair.scale = scale;
  return pair;
}

std::vector<OutputTensor> mlx_tensors(const LoraAdapter& adapter, const Uniform& uniform) {
  std::vector<OutputTensor> tensors;
  for (const LoraPair& pair : adapter.pairs) {
    tensors.push_back({pair.module + ".lora_a", {pair.in, uniform.rank}, [&] {
                         return transposed(uniform_a(pair, uniform), uniform.rank, pair.in);
                       }});
    tensors.push_back({pair.module + ".lora_b", {uniform.rank, pair.out}, [&] {
                         return transposed(uniform_b(pair, uniform), pair.out, uniform.rank);
                       }});
  }
  return tensors;
}

std::vector<std::string> layer_keys(const LoraAdapter& adapter) {
  std::vector<std::string> keys;
  for (const LoraPair& pair : adapter.pairs) {
    const std::string key = layer_relative(pair.module);
    if (key.empty()) {
      fail(ErrorKind::data, "adapter: module '", printable(pair.module),
           "' is in no layer (layers.N); MLX adapters name modules of layers only");
    }
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
  }
  return keys;
}

std::string config_text(const LoraAdapter& adapter, const Uniform& uniform) {
  Json config = Json::object();
  config["fine_tune_type"] = "lora";
  config["lora_parameters"] = {{"dropout", 0.0},
                               {"keys", layer_keys(adapter)},
                               {"rank", uniform.rank},
                               {"scale", uniform.scale}};
  if (!adapter.base_model.empty()) config["model"] = adapter.base_model;
  config["num_layers"] = -1;  // all: how many there are is the base's matter
  return json_pretty(config);
}

LoraAdapter read_files(const fs::path& config_file, const fs::path& weights) {
  const MlxConfig config = read_config(config_file);
  const formats::SafetensorsFile file(weights);
  const std::string who = "adapter: " + file.path().string();
  LoraAdapter adapter;
  adapter.format = AdapterFormat::mlx;
  adapter.base_model = config.base_model;
  adapter.metadata = file.metadata();
  adapter.mlx = MlxChoice{config.layers, config.keys.value_or(std::set<std::string>{})};
  adapter.dtype = file.tensors().empty() ? Dtype::f32 : file.tensors()[0].dtype;
  for (const auto& [module, halves] : collect_halves(file, who)) {
    check_halves(config, module, halves, who);
    adapter.pairs.push_back(load_pair(file, module, halves, config.scale));
  }
  return adapter;
}

}  // namespace

bool is_mlx_folder(const fs::path& folder) {
  const fs::path path = folder / kAdapterConfigName;
  const Json json = read_json_file(path, "adapter: " + path.string());
  return json.is_object() && !json.contains("peft_type") &&
         (json.contains("fine_tune_type") || json.contains("lora_parameters"));
}

bool is_mlx_iteration(const fs::path& file) {
  const std::string name = file.filename().string();
  const std::size_t digits = name.find_first_not_of("0123456789");
  return digits > 0 && digits != std::string::npos &&
         name.substr(digits) == cat("_", kMlxWeightsName) &&
         path_exists(file.parent_path() / kAdapterConfigName) && is_mlx_folder(file.parent_path());
}

LoraAdapter read_mlx_folder(const fs::path& folder) {
  return read_files(folder / kAdapterConfigName, folder / kMlxWeightsName);
}

LoraAdapter read_mlx_iteration(const fs::path& file) {
  return read_files(file.parent_path() / kAdapterConfigName, file);
}

FolderKind mlx_folder() {
  return {"an MLX adapter", kMlxWeightsName, {kMlxWeightsName, kAdapterConfigName}};
}

WrittenFile write_mlx_folder(const fs::path& folder, const LoraAdapter& adapter, Dtype dtype,
                             OnExisting on_existing) {
  refuse_dora(adapter, "MLX");
  const Uniform uniform = kMlxUniform(adapter);
  const std::string config = config_text(adapter, uniform);
  Staged staged(folder, mlx_folder(), on_existing);
  WrittenFile written =
      write_tensors(staged.path() / kMlxWeightsName, mlx_tensors(adapter, uniform), dtype,
                    output_metadata(adapter, "mlx"));
  write_new_file(staged.path() / kAdapterConfigName, config);
  staged.commit();
  return written;
}

}  // namespace dnd::adapter
