// Into which modules PEFT puts matrices: target_modules and its kin of adapter_config.json.
//
// Source: check_target_module_exists() of peft/tuners/tuners_utils.py, 0.21, and 0.17 where it differs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/python_expression.h"
#include "base/json.h"

namespace dnd::adapter {

// Modules by the ends of their paths, or all those whose whole path an expression matches.
class ModuleRule {
 public:
  ModuleRule() = default;  // says nothing
  explicit ModuleRule(std::vector<std::string> names) : names_(std::move(names)) {}
  explicit ModuleRule(std::string expression);

  bool is_set() const { return !names_.empty() || !expression_.empty(); }
  bool is_expression() const { return !expression_.empty(); }
  bool is_understood() const { return is_of_kind(PythonExpression::Kind::understood); }
  // Whether PEFT can read it: false for what is no expression of Python's.
  bool is_valid() const { return !is_expression() || !is_of_kind(PythonExpression::Kind::invalid); }
  const std::vector<std::string>& names() const { return names_; }
  // False for an expression that is not understood.
  bool matches(std::string_view path) const;

 private:
  bool is_of_kind(PythonExpression::Kind kind) const {
    return expression_.empty() || compiled_->kind() == kind;
  }

  std::vector<std::string> names_;
  std::string expression_;
  std::shared_ptr<const PythonExpression> compiled_;  // of an expression
};

enum class PeftRelease {
  v0_17,  // with transformers 4.57
  v0_21,  // with transformers 5
};

// Which of several numbers in a path is its layer's: 0.21 takes the first, 0.17 the last.
enum class LayerNumber { first, last };

// What a list of layers is called, as an entry of layers_pattern: an expression of Python's.
class LayerList {
 public:
  explicit LayerList(const std::string& pattern);
  // Whether a path up to a number and its dot, "model.layers.", ends in it.
  bool ends(std::string_view before) const { return expression_->matches(before); }

 private:
  std::shared_ptr<const PythonExpression> expression_;
};

struct PeftTargets {
  ModuleRule targets;
  bool absent = false;      // target_modules is null, or not there
  bool all_linear = false;  // target_modules is "all-linear": every layer but the output head
  ModuleRule excluded;
  bool some_layers = false;          // layers_to_transform is set
  std::vector<std::int64_t> layers;  // to those
  std::vector<LayerList>
      layer_lists;  // layers_pattern: what lists of layers are called; empty: any
  std::string bias = "none";
  std::vector<std::string> saved;  // modules_to_save: stored whole, and never adapted
  std::vector<std::string> heads;  // what the task adds to them
  bool patterns = false;           // rank_pattern or alpha_pattern is not empty
  // alpha / rank of the module of a path in the model's class, as rank_pattern and alpha_pattern have it
  // there; empty where there are none.
  std::function<double(std::string_view path)> scale_of;
  std::string contradiction;  // why PEFT takes no such configuration; empty where it does

  // Whether it says anything that can be judged here: not where target_modules is absent or an
  // expression that is not understood.
  bool are_known() const;
  // Whether the module, or one that holds it, is among modules_to_save: then it is not adapted.
  bool is_saved(std::string_view path) const;
  // Whether it is loaded whole: ends of names are enough for that ("norm" for "input_layernorm").
  bool is_loaded_whole(std::string_view path) const;
  // Whether PEFT adapts the module of this path (in the model's class). True where not are_known(), but
  // for what is_saved().
  bool take(std::string_view path, bool is_head, LayerNumber number = LayerNumber::first) const;
};

// What PEFT takes for target_modules where the configuration has none: by the base's model_type.
// std::nullopt for types that it has no entry for, and then it refuses.
std::optional<ModuleRule> default_targets(std::string_view model_type, PeftRelease release);

// Throws Error(data) for values of another kind than PEFT writes. `config` is adapter_config.json.
PeftTargets peft_targets_from_json(JsonObject& config);

}  // namespace dnd::adapter
