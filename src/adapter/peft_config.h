// PEFT's adapter_config.json: what it says about the rank and the scale of each module.
#pragma once

#include <cstdint>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/peft_targets.h"
#include "base/json.h"

namespace dnd::adapter {

// An entry of rank_pattern or alpha_pattern. It matches a module as PEFT's
// re.match(r"(.*\.)?(<text>)$", module) does; plain names need no regular expression.
struct PeftPattern {
  std::string text;
  double value = 0.0;
  std::optional<std::regex> expression;  // absent for plain names

  bool matches(std::string_view module) const;
};

struct PeftConfig {
  std::string base_model;  // may be empty
  std::string task_type;   // may be empty
  PeftTargets targets;
  std::int64_t rank = 8;
  double alpha = 8.0;
  bool use_rslora = false;
  bool use_dora = false;
  std::vector<PeftPattern> rank_pattern;  // in file order: the first that matches counts
  std::vector<PeftPattern> alpha_pattern;

  std::int64_t rank_of(std::string_view module) const;
  // alpha / rank, or alpha / sqrt(rank) with rsLoRA.
  double scale_of(std::string_view module) const;
};

// What is there beside the matrices of pairs: stored modules and biases.
enum class Besides {
  refuse,
  keep,  // for who judges, and applies nothing
};

// Throws Error(data) for another peft_type than LORA, for settings under which an adapter is more than
// scale * B A (each by its name), and for patterns that are too long or no regular expression. Other
// keys are passed over, as PEFT does. `who` names the document.
PeftConfig peft_config_from_json(const Json& json, const std::string& who,
                                 Besides besides = Besides::refuse);

}  // namespace dnd::adapter
