#include "adapter/peft.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "adapter/lora_output.h"
#include "adapter/model_card.h"
#include "adapter/uniform.h"
#include "base/json.h"
#include "base/strings.h"
#include "target/block_path.h"
#include "target/class_names.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

// What the adapter itself tells of its base: the class, and those layers that it has. Names of the blocks'
// layers say whether the checkpoint leaves out what the class puts before them.
target::BaseModel told_base(const LoraAdapter& adapter) {
  target::BaseModel base;
  const auto named = adapter.metadata.find(kArchitectureKey);
  if (named == adapter.metadata.end()) return base;
  base.architecture = named->second;
  for (const LoraPair& pair : adapter.pairs) {
    if (target::parse_block_path(pair.module)) {
      base.linears.push_back({pair.module, pair.in, pair.out});
    }
  }
  return base;
}

// The modules' names as the base's class has them, in the order of the pairs; as they are where nothing tells
// the class.
std::vector<std::string> class_names(const LoraAdapter& adapter, const PeftOptions& options) {
  const target::BaseModel told = options.base == nullptr ? told_base(adapter) : target::BaseModel{};
  const target::BaseModel& base = options.base == nullptr ? told : *options.base;
  std::map<std::string, std::string> paths;  // by the checkpoint's
  for (const target::ClassModule& module : target::class_modules(base)) {
    paths.emplace(module.linear->path, module.path);
  }
  std::vector<std::string> names;
  for (const LoraPair& pair : adapter.pairs) {
    std::string& name = names.emplace_back(pair.module);
    if (options.keep_names) continue;
    const target::Linear* linear =
        options.base == nullptr ? nullptr : target::find_linear(base, name);
    const auto path = paths.find(linear == nullptr ? name : linear->path);
    name = path != paths.end() ? path->second : target::class_path(base.architecture, name);
  }
  return names;
}

std::vector<OutputTensor> peft_tensors(const LoraAdapter& adapter, const Uniform& uniform,
                                       const std::vector<std::string>& names,
                                       const std::string& prefix) {
  std::vector<OutputTensor> tensors;
  for (std::size_t i = 0; i < adapter.pairs.size(); ++i) {
    const LoraPair& pair = adapter.pairs[i];
    const std::string stem = prefix + names[i];
    tensors.push_back({stem + ".lora_A.weight", {uniform.rank, pair.in}, [&] {
                         return uniform_a(pair, uniform);
                       }});
    tensors.push_back({stem + ".lora_B.weight", {pair.out, uniform.rank}, [&] {
                         return uniform_b(pair, uniform);
                       }});
    if (pair.magnitude.empty()) continue;
    tensors.push_back(
        {stem + ".lora_magnitude_vector", {pair.out}, [&] { return pair.magnitude; }});
  }
  return tensors;
}

// "q_proj", or "to_out.0" where the last component is a number alone.
std::string suffix_of(const std::string& module) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  std::size_t dot = module.rfind('.');
  if (dot == std::string::npos) return module;
  const auto last = module.begin() + static_cast<std::ptrdiff_t>(dot) + 1;
  if (std::all_of(last, module.end(), is_digit) && dot > 0) {
    dot = module.rfind('.', dot - 1);
    if (dot == std::string::npos) return module;
  }
  return module.substr(dot + 1);
}

bool has_suffix(const std::string& path, const std::vector<std::string>& suffixes) {
  return std::any_of(suffixes.begin(), suffixes.end(), [&](const std::string& suffix) {
    return path == suffix || path.ends_with("." + suffix);
  });
}

// Whether the suffixes would put LoRA into layers of the base that have none.
bool take_in_others(const std::vector<std::string>& suffixes, const std::vector<std::string>& names,
                    const target::BaseModel& base) {
  std::set<std::string> adapted;
  for (const std::string& name : names) {
    for (const std::string& alias : target::module_aliases(name)) adapted.insert(alias);
  }
  const std::vector<target::ClassModule> modules = target::class_modules(base);
  return std::any_of(modules.begin(), modules.end(), [&](const target::ClassModule& module) {
    return has_suffix(module.path, suffixes) && !adapted.contains(module.path) &&
           !adapted.contains(module.linear->path);
  });
}

std::vector<std::string> target_modules(const std::vector<std::string>& names,
                                        const target::BaseModel* base) {
  std::vector<std::string> suffixes;
  for (const std::string& name : names) {
    const std::string suffix = suffix_of(name);
    if (std::find(suffixes.begin(), suffixes.end(), suffix) == suffixes.end()) {
      suffixes.push_back(suffix);
    }
  }
  if (base == nullptr || !take_in_others(suffixes, names, *base)) return suffixes;
  return names;
}

// The adapter's own where it has one: null of a PEFT folder stays null. Else by what the base's class does.
Json task_type(const LoraAdapter& adapter, const target::BaseModel* base) {
  if (!adapter.task_type.empty()) return adapter.task_type;
  if (adapter.peft) return nullptr;
  const bool bare = base != nullptr && target::is_bare_class(base->architecture);
  return bare ? "FEATURE_EXTRACTION" : "CAUSAL_LM";
}

std::string config_text(const LoraAdapter& adapter, const Uniform& uniform,
                        const std::vector<std::string>& names, const PeftOptions& options) {
  const bool is_of_pipeline = !adapter.component.empty();
  // Keys in the order PEFT writes them (sorted), all known to PEFT 0.13.
  Json config = Json::object();
  config["base_model_name_or_path"] =
      adapter.base_model.empty() ? Json(nullptr) : Json(adapter.base_model);
  config["bias"] = "none";
  config["fan_in_fan_out"] = false;
  config["inference_mode"] = true;
  config["init_lora_weights"] = true;
  config["lora_alpha"] = whole_alpha(uniform);
  config["lora_dropout"] = 0.0;
  config["modules_to_save"] = nullptr;
  config["peft_type"] = "LORA";
  config["r"] = uniform.rank;
  config["target_modules"] = target_modules(names, options.base);
  config["task_type"] = is_of_pipeline ? Json(nullptr) : task_type(adapter, options.base);
  config["use_dora"] = adapter.has_dora();
  config["use_rslora"] = false;
  return json_pretty(config);
}

void check_dora(const LoraAdapter& adapter) {
  if (!adapter.has_dora()) return;
  for (const LoraPair& pair : adapter.pairs) {
    if (!pair.magnitude.empty()) continue;
    fail(ErrorKind::data, "adapter: module '", printable(pair.module),
         "' has no DoRA magnitude, others have: a PEFT folder is DoRA as a whole or not at all");
  }
}

}  // namespace

FolderKind peft_folder() {
  return {
      "a PEFT adapter", kAdapterConfigName, {kAdapterConfigName, kAdapterWeightsName, kCardName}};
}

WrittenFile write_peft_folder(const fs::path& directory, const LoraAdapter& adapter,
                              const PeftOptions& options, OnExisting on_existing) {
  check_dora(adapter);
  const Uniform uniform = kPeftUniform(adapter);
  const std::vector<std::string> names = class_names(adapter, options);
  Staged staged(directory, peft_folder(), on_existing);
  WrittenFile written = write_tensors(staged.path() / kAdapterWeightsName,
                                      peft_tensors(adapter, uniform, names, options.key_prefix),
                                      options.dtype, output_metadata(adapter, "pt"));
  write_new_file(staged.path() / kAdapterConfigName, config_text(adapter, uniform, names, options));
  write_new_file(staged.path() / kCardName, adapter_card(adapter, uniform, options.dtype));
  staged.commit();
  return written;
}

}  // namespace dnd::adapter
