#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "adapter/peft.h"
#include "adapter/peft_rule.h"
#include "base/strings.h"
#include "target/block_path.h"
#include "target/class_names.h"
#include "target/class_parts.h"

namespace dnd::adapter {
namespace {

using target::AdapterNames;
using target::ClassModule;
using target::ClassPart;
using target::FusedExperts;
using target::Transformers;

constexpr std::string_view kLoadedName = "default";  // what from_pretrained() calls the adapter
constexpr std::string_view kOuterPrefix = "base_model.";

Transformers transformers_of(PeftRelease release) {
  return release == PeftRelease::v0_17 ? Transformers::v4_57 : Transformers::v5;
}

std::string_view last_of(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string_view without_prefix(std::string_view stem) {
  const std::string_view prefix = kPeftKeyPrefix;
  return stem.starts_with(prefix) ? stem.substr(prefix.size()) : stem;
}

// The path that PEFT looks up for a stored name; empty where no module can have it.
std::string path_of(std::string_view stem, const std::string& architecture, PeftRelease release) {
  const Transformers transformers = transformers_of(release);
  const AdapterNames names = target::adapter_names(architecture, transformers);
  if (names != AdapterNames::converted && !stem.starts_with(kPeftKeyPrefix)) return "";
  if (names == AdapterNames::as_stored) return std::string(without_prefix(stem));
  const std::string turned = target::class_path(architecture, without_prefix(stem), transformers);
  // PEFT 0.21 takes back a renaming that leaves an ending of the stored name.
  const bool taken_back = names == AdapterNames::converted && stem.ends_with(turned);
  return taken_back ? std::string(without_prefix(stem)) : turned;
}

// 0.21 takes the name that it gives the adapter itself; 0.17 adds it once more.
bool takes_adapter_name(const LoraPair& pair, PeftRelease release) {
  return pair.adapter_name.empty() ||
         (release == PeftRelease::v0_21 && pair.adapter_name == kLoadedName);
}

bool is_expert_part(const ClassModule& module, const FusedExperts& fused) {
  return target::expert_number(module.path) || last_of(module.path) == fused.router;
}

// Modules that PEFT adapts. Where it turns the targets of a class with fused experts, it takes the names of
// the experts' former layers as names of parameters, wherever else in the model they stand.
class Targets {
 public:
  // `others`: modules that are not adapted.
  Targets(const PeftTargets& rule, const FusedExperts& fused,
          const std::vector<ClassModule>& modules, const std::set<std::string>& others,
          PeftRelease release)
      : rule_(rule),
        fused_(fused),
        turned_(!fused.gate.empty() && fused.targets_turned),
        number_(release == PeftRelease::v0_17 ? LayerNumber::last : LayerNumber::first) {
    turned_ = turned_ && rule.are_known();
    if (turned_) turn(modules, others);
  }

  bool take(const ClassModule& module) const {
    if (!turned_) return rule_.take(module.path, module.is_head, number_);
    const std::string last(last_of(module.path));
    if (is_expert_part(module, fused_)) return parts_.contains(last);
    return !is_part(last) && rule_.take(module.path, module.is_head, number_);
  }
  bool take_path(const std::string& path) const {
    return !(turned_ && is_part(last_of(path))) && rule_.take(path, false, number_);
  }

  // Why the configuration cannot be turned; empty where it can.
  std::string refusal() const {
    if (!turned_) return "";
    const bool gate = parts_.contains(std::string(fused_.gate));
    if (gate == parts_.contains(std::string(fused_.up))) return "";
    return cat("target_modules has one of ", fused_.gate, " and ", fused_.up,
               ", which the class keeps as one parameter");
  }

 private:
  bool is_part(std::string_view name) const {
    return name == fused_.gate || name == fused_.up || name == fused_.down || name == fused_.router;
  }

  // An expression and "all-linear" become the last names of what they match.
  void turn(const std::vector<ClassModule>& modules, const std::set<std::string>& others) {
    std::vector<std::string> names = rule_.targets.names();
    if (rule_.all_linear || rule_.targets.is_expression()) {
      names.clear();
      for (const std::string& path : others) {
        if (!rule_.all_linear && rule_.take(path, false, number_))
          names.emplace_back(last_of(path));
      }
      for (const ClassModule& module : modules) {
        if (takes_before(module)) names.emplace_back(last_of(module.path));
      }
      rule_.targets = ModuleRule(names);
      rule_.all_linear = false;
    }
    for (const std::string& name : names) {
      if (is_part(last_of(name))) parts_.emplace(last_of(name));
    }
  }

  // Experts have no numbers there: an expression is tried on "mlp.experts.gate_proj".
  bool takes_before(const ClassModule& module) const {
    std::string path = module.path;
    if (const auto number = target::expert_number(path)) {
      const std::string part = cat(".experts.", *number, ".");
      path.replace(path.find(part), part.size(), ".experts.");
    }
    return rule_.take(path, module.is_head, number_);
  }

  PeftTargets rule_;
  FusedExperts fused_;
  bool turned_;
  LayerNumber number_;
  std::set<std::string> parts_;  // parameters that are targeted, by their layers' former names
};

// What a base has, as PEFT's release sees its class.
struct ClassView {
  const target::BaseModel& base;
  PeftRelease release;
  std::vector<ClassModule> modules;
  std::vector<ClassPart> parts;
  FusedExperts fused;
  std::map<std::string, const ClassModule*> by_path;

  ClassView(const target::BaseModel& of, PeftRelease peft)
      : base(of),
        release(peft),
        modules(target::class_modules(of, transformers_of(peft))),
        parts(target::class_parts(of, transformers_of(peft))),
        fused(target::fused_experts(of.architecture, transformers_of(peft))) {
    for (const ClassModule& module : modules) by_path.emplace(module.path, &module);
  }
};

void add_holders(const std::string& path, std::set<std::string>& paths) {
  for (std::size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    if (!paths.insert(path.substr(0, dot)).second) break;
  }
}

// Modules that PEFT cannot adapt: what holds others ("model.layers.0.mlp"), routers, norms, activations.
std::set<std::string> other_modules(const ClassView& view) {
  std::set<std::string> paths;
  const bool fused = !view.fused.gate.empty();
  for (const ClassModule& module : view.modules) {
    if (fused && target::expert_number(module.path)) continue;
    if (fused && is_expert_part(module, view.fused)) paths.insert(module.path);
    add_holders(module.path, paths);
  }
  for (const ClassPart& part : view.parts) {
    if (fused && target::expert_number(part.path)) continue;
    add_holders(part.path, paths);
    if (!part.takes_matrices && !view.by_path.contains(part.path)) paths.insert(part.path);
  }
  return paths;
}

std::string why_no_module(const PeftTargets& rule, const ClassView& view, const Targets& targets,
                          const std::set<std::string>& others) {
  if (!rule.are_known() || view.modules.empty()) return "";
  if (std::string why = targets.refusal(); !why.empty()) return why;
  if (!rule.all_linear) {
    for (const std::string& path : others) {
      if (!targets.take_path(path)) continue;
      return cat("target_modules takes in '", printable(path), "', which is no linear layer");
    }
  }
  const bool none = !view.fused.gate.empty() && !view.fused.targets_turned;
  const bool some =
      std::any_of(view.modules.begin(), view.modules.end(),
                  [&](const ClassModule& module) {
                    return targets.take(module) && !(none && is_expert_part(module, view.fused));
                  }) ||
      std::any_of(view.parts.begin(), view.parts.end(), [&](const ClassPart& part) {
        return !rule.all_linear && part.takes_matrices && targets.take_path(part.path);
      });
  return some ? "" : "target_modules names no module of the base";
}

// Gate and up of experts are put together: one without the other stops loading.
std::string why_half_experts(const LoraAdapter& adapter, const FusedExperts& fused) {
  std::set<std::string_view> kinds;
  for (const LoraPair& pair : adapter.pairs) {
    if (target::expert_number(pair.module)) kinds.insert(last_of(pair.module));
  }
  if (fused.gate.empty() || kinds.contains(fused.gate) == kinds.contains(fused.up)) return "";
  return cat("experts have matrices for one of ", fused.gate, " and ", fused.up,
             ", which the class keeps as one parameter");
}

// peft.TaskType
constexpr std::array<std::string_view, 6> kTaskTypes = {
    "SEQ_CLS", "SEQ_2_SEQ_LM", "CAUSAL_LM", "TOKEN_CLS", "QUESTION_ANS", "FEATURE_EXTRACTION"};

// Classes that only generate have what CAUSAL_LM wraps.
std::string why_no_task(const LoraAdapter& adapter, const std::string& architecture,
                        PeftRelease release) {
  const std::string& task = adapter.task_type;
  if (!task.empty() && std::find(kTaskTypes.begin(), kTaskTypes.end(), task) == kTaskTypes.end()) {
    return cat("task_type '", printable(task), "' is none of PEFT's");
  }
  const bool generates = adapter.task_type == "CAUSAL_LM" || adapter.task_type == "SEQ_2_SEQ_LM";
  const bool of_before = release == PeftRelease::v0_17 && architecture == "BertForMaskedLM";
  const bool cannot = target::is_bare_class(architecture) ||
                      (architecture.ends_with("ForMaskedLM") && !of_before) ||
                      architecture.ends_with("ForSequenceClassification") ||
                      architecture.ends_with("ForTokenClassification");
  if (!generates || !cannot) return "";
  return cat("task_type ", adapter.task_type, " needs a class that generates, the base is a ",
             printable(architecture));
}

// 0.21 takes whatever ends so for "lora_only".
std::string why_no_bias(const PeftTargets& rule, PeftRelease release) {
  const bool other = rule.bias.ends_with("_only") && rule.bias != "lora_only";
  if (!other || release == PeftRelease::v0_21) return "";
  return cat("bias '", printable(rule.bias), "' is none of PEFT's");
}

// 0.17 turns names for some classes, and insists there on what it takes off before.
std::string why_no_names(const LoraAdapter& adapter, const std::string& architecture,
                         PeftRelease release) {
  const AdapterNames names = target::adapter_names(architecture, transformers_of(release));
  if (names != AdapterNames::converted_below) return "";
  for (const LoraPair& pair : adapter.pairs) {
    if (pair.key.starts_with(kOuterPrefix)) continue;
    return cat("'", printable(pair.key), "' does not begin with '", kOuterPrefix,
               "', which the class's turning of names needs");
  }
  return "";
}

// The module of a stored tensor that is no matrix: "lm_head" of "base_model.model.lm_head.weight".
std::string module_of_other(std::string_view key, const std::string& architecture,
                            PeftRelease release) {
  key = key.substr(0, key.rfind('.'));
  if (key.ends_with(kPeftBaseLayer)) key.remove_suffix(kPeftBaseLayer.size());
  return path_of(key, architecture, release);
}

// Modules that the class has: those of the base, its norms and embeddings. A base that tells none of them has
// what stands beside a linear layer.
class Loadable {
 public:
  explicit Loadable(const ClassView& view) : view_(view) {
    for (const ClassPart& part : view.parts) {
      if (part.has_tensors) stored_.insert(part.path);
    }
    for (const ClassModule& module : view.modules) add_holders(module.path, holders_);
  }

  bool has(const std::string& path) const {
    if (path.empty()) return false;
    if (view_.by_path.contains(path) || stored_.contains(path)) return true;
    if (path == target::head_path(view_.base.architecture)) return true;
    const std::size_t dot = path.rfind('.');
    return view_.base.others.empty() && dot != std::string::npos &&
           holders_.contains(path.substr(0, dot));
  }
  // A module that is to be put in the model's place must be in the file.
  std::string why_not_saved(const LoraAdapter& adapter) const {
    std::set<std::string> in_file;
    for (const std::string& key : adapter.others) {
      in_file.insert(module_of_other(key, view_.base.architecture, view_.release));
    }
    const auto lacks = [&](const std::string& path) {
      return adapter.peft->is_loaded_whole(path) && !in_file.contains(path);
    };
    for (const ClassModule& module : view_.modules) {
      if (lacks(module.path)) return lacking(module.path);
    }
    for (const std::string& path : stored_) {
      if (lacks(path)) return lacking(path);
    }
    return "";
  }

 private:
  static std::string lacking(const std::string& path) {
    return cat("modules_to_save has '", printable(path), "', the file does not");
  }

  const ClassView& view_;
  std::set<std::string> stored_;
  std::set<std::string> holders_;
};

// A base without weights does not tell its head.
bool is_unseen_head(const LoraPair& pair, const target::BaseModel& base, PeftRelease release) {
  const std::string head = target::head_path(base.architecture);
  return !base.head && !head.empty() && path_of(pair.key, base.architecture, release) == head;
}

std::string shape_refusal(const LoraPair& pair, const target::Linear& linear) {
  return cat(kPeftMisfit, ": '", printable(pair.key), "' takes ", pair.in, " to ", pair.out,
             ", the base's layer ", linear.in, " to ", linear.out);
}

// What PEFT takes where the configuration has no target_modules; `refusal` where it takes nothing.
PeftTargets with_targets(const PeftTargets& rule, const ClassView& view, std::string& refusal) {
  PeftTargets filled = rule;
  const target::BaseModel& base = view.base;
  if (!rule.absent || base.model_type.empty()) return filled;
  if (!view.fused.gate.empty()) {
    refusal = "target_modules is not given, which PEFT needs for a class with fused experts";
  } else if (auto targets = default_targets(base.model_type, view.release)) {
    filled.targets = std::move(*targets);
  } else {
    refusal = cat("target_modules is not given, and PEFT has none for model_type '",
                  printable(base.model_type), "'");
  }
  return filled;
}

PairInPeft place_of(const LoraPair& pair, const ClassView& view, const Targets& targets,
                    const PeftTargets& rule) {
  if (!takes_adapter_name(pair, view.release)) return {};
  const auto fate = [](bool taken) { return taken ? PeftFate::acts : PeftFate::not_targeted; };
  if (is_unseen_head(pair, view.base, view.release)) {
    const std::string head = target::head_path(view.base.architecture);
    return {fate(rule.take(head, true)), nullptr, head};
  }
  const auto found = view.by_path.find(path_of(pair.key, view.base.architecture, view.release));
  if (found == view.by_path.end()) return {};
  const ClassModule& module = *found->second;
  const bool without_experts = !view.fused.gate.empty() && !view.fused.targets_turned;
  if (without_experts && is_expert_part(module, view.fused)) return {};
  return {fate(targets.take(module)), module.linear, module.path};
}

}  // namespace

PeftOutcome peft_outcome(const LoraAdapter& adapter, const target::BaseModel& base,
                         PeftRelease release) {
  const ClassView view(base, release);
  const Loadable loadable(view);
  PeftOutcome outcome;
  const PeftTargets rule = with_targets(*adapter.peft, view, outcome.refusal);
  const std::set<std::string> not_adapted = other_modules(view);
  const Targets targets(rule, view.fused, view.modules, not_adapted, release);
  for (const std::string& why :
       {rule.contradiction, why_no_names(adapter, base.architecture, release),
        why_no_task(adapter, base.architecture, release), why_no_bias(rule, release),
        why_no_module(rule, view, targets, not_adapted), why_half_experts(adapter, view.fused),
        loadable.why_not_saved(adapter)}) {
    if (outcome.refusal.empty()) outcome.refusal = why;
  }
  for (const std::string& key : adapter.others) {
    outcome.others += loadable.has(module_of_other(key, base.architecture, release)) ? 1U : 0U;
  }
  for (const LoraPair& pair : adapter.pairs) {
    const PairInPeft& place = outcome.pairs.emplace_back(place_of(pair, view, targets, rule));
    if (place.fate != PeftFate::acts || place.linear == nullptr) continue;
    const bool fits = place.linear->in == pair.in && place.linear->out == pair.out;
    if (!fits && outcome.refusal.empty()) outcome.refusal = shape_refusal(pair, *place.linear);
  }
  return outcome;
}

}  // namespace dnd::adapter
