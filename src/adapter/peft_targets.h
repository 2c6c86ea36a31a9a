// Into which modules PEFT puts matrices: target_modules and its kin of adapter_config.json.
//
// Source: check_target_module_exists() of peft/tuners/tuners_utils.py, 0.21, and 0.17 where it differs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace dnd::adapter {

// Modules by the ends of their paths, or all those whose whole path an expression matches.
class ModuleRule {
 public:
  ModuleRule() = default;  // says nothing
  explicit ModuleRule(std::vector<std::string> names) : names_(std::move(names)) {}
  // An expression of Python's, as far as it is understood here.
  explicit ModuleRule(std::string expression);

  bool is_set() const { return !names_.empty() || !expression_.empty(); }
  bool is_expression() const { return !expression_.empty(); }
  bool is_understood() const { return expression_.empty() || compiled_ != nullptr; }
  const std::vector<std::string>& names() const { return names_; }
  // False for an expression that is not understood.
  bool matches(std::string_view path) const;

 private:
  std::vector<std::string> names_;
  std::string expression_;
  std::shared_ptr<const std::regex> compiled_;
};

// Which of several numbers in a path is its layer's: 0.21 takes the first, 0.17 the last.
enum class LayerNumber { first, last };

struct PeftTargets {
  ModuleRule targets;
  bool all_linear = false;  // target_modules is "all-linear": every layer but the output head
  ModuleRule excluded;
  bool some_layers = false;          // layers_to_transform is set
  std::vector<std::int64_t> layers;  // to those
  std::vector<std::string>
      layer_lists;  // layers_pattern: what lists of layers are called; empty: any
  std::string bias = "none";
  std::vector<std::string> saved;  // modules_to_save: stored whole, and never adapted
  bool patterns = false;           // rank_pattern or alpha_pattern is not empty
  // alpha / rank of the module of a path in the model's class, as rank_pattern and alpha_pattern have it
  // there; empty where there are none.
  std::function<double(std::string_view path)> scale_of;
  std::string contradiction;  // why PEFT takes no such configuration; empty where it does

  // Whether it says anything that can be judged here: not where target_modules is absent or an
  // expression that is not understood.
  bool are_known() const;
  // Whether the module, or one that holds it, is among modules_to_save.
  bool is_saved(std::string_view path) const;
  // Whether PEFT adapts the module of this path (in the model's class). True where not are_known(), but
  // for what is_saved().
  bool take(std::string_view path, bool is_head, LayerNumber number = LayerNumber::first) const;
};

// Throws Error(data) for values of another kind than PEFT writes. `config` is adapter_config.json.
PeftTargets peft_targets_from_json(JsonObject& config);

}  // namespace dnd::adapter
