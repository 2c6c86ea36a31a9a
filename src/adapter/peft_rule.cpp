#include "adapter/peft_rule.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "adapter/peft.h"
#include "base/strings.h"
#include "target/block_path.h"
#include "target/class_names.h"

namespace dnd::adapter {
namespace {

using target::AdapterNames;
using target::ClassModule;
using target::FusedExperts;
using target::Transformers;

constexpr std::string_view kMisfit = "size mismatch";
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
  Targets(const PeftTargets& rule, const FusedExperts& fused,
          const std::vector<ClassModule>& modules, PeftRelease release)
      : rule_(rule),
        fused_(fused),
        turned_(!fused.gate.empty() && fused.targets_turned),
        number_(release == PeftRelease::v0_17 ? LayerNumber::last : LayerNumber::first) {
    turned_ = turned_ && rule.are_known();
    if (turned_) turn(modules);
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
  void turn(const std::vector<ClassModule>& modules) {
    std::vector<std::string> names = rule_.targets.names();
    if (rule_.all_linear || rule_.targets.is_expression()) {
      names.clear();
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

// Modules that are no linear layers: what holds others ("model.layers.0.mlp"), and routers.
std::set<std::string> other_modules(const std::vector<ClassModule>& modules,
                                    const FusedExperts& fused) {
  std::set<std::string> paths;
  for (const ClassModule& module : modules) {
    if (!fused.gate.empty() && target::expert_number(module.path)) continue;
    if (!fused.gate.empty() && is_expert_part(module, fused)) paths.insert(module.path);
    for (std::size_t dot = module.path.rfind('.'); dot != std::string::npos && dot > 0;
         dot = module.path.rfind('.', dot - 1)) {
      if (!paths.insert(module.path.substr(0, dot)).second) break;
    }
  }
  return paths;
}

std::string why_no_module(const PeftTargets& rule, const FusedExperts& fused,
                          const std::vector<ClassModule>& modules, const Targets& targets) {
  if (!rule.are_known() || modules.empty()) return "";
  if (std::string why = targets.refusal(); !why.empty()) return why;
  if (!rule.all_linear) {
    for (const std::string& path : other_modules(modules, fused)) {
      if (!targets.take_path(path)) continue;
      return cat("target_modules takes in '", printable(path), "', which is no linear layer");
    }
  }
  const bool some = std::any_of(modules.begin(), modules.end(), [&](const ClassModule& module) {
    const bool none = !fused.gate.empty() && !fused.targets_turned;
    return targets.take(module) && !(none && is_expert_part(module, fused));
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
std::string why_no_task(const LoraAdapter& adapter, const std::string& architecture) {
  const std::string& task = adapter.task_type;
  if (!task.empty() && std::find(kTaskTypes.begin(), kTaskTypes.end(), task) == kTaskTypes.end()) {
    return cat("task_type '", printable(task), "' is none of PEFT's");
  }
  const bool generates = adapter.task_type == "CAUSAL_LM" || adapter.task_type == "SEQ_2_SEQ_LM";
  const bool cannot = target::is_bare_class(architecture) ||
                      architecture.ends_with("ForMaskedLM") ||
                      architecture.ends_with("ForSequenceClassification") ||
                      architecture.ends_with("ForTokenClassification");
  if (!generates || !cannot) return "";
  return cat("task_type ", adapter.task_type, " needs a class that generates, the base is a ",
             printable(architecture));
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

// Modules that the class has: those of the base, and what stands beside them (norms, embeddings).
bool is_in_class(const std::string& path, const std::set<std::string>& others,
                 const std::map<std::string, const ClassModule*>& by_path) {
  if (path.empty() || by_path.contains(path)) return !path.empty();
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? path == "lm_head" : others.contains(path.substr(0, dot));
}

// A module that is to be put in the model's place must be in the file.
std::string why_not_saved(const LoraAdapter& adapter, const std::vector<ClassModule>& modules,
                          const std::string& architecture, PeftRelease release) {
  std::set<std::string> stored;
  for (const std::string& key : adapter.others) {
    stored.insert(module_of_other(key, architecture, release));
  }
  for (const ClassModule& module : modules) {
    const bool saved = adapter.peft->is_saved(module.path) && !stored.contains(module.path);
    if (saved) return cat("modules_to_save has '", printable(module.path), "', the file does not");
  }
  return "";
}

// A base without weights does not tell its head.
bool is_unseen_head(const LoraPair& pair, const target::BaseModel& base, PeftRelease release) {
  return !base.head && !target::is_bare_class(base.architecture) &&
         path_of(pair.key, base.architecture, release) == "lm_head";
}

std::string shape_refusal(const LoraPair& pair, const target::Linear& linear) {
  return cat(kMisfit, ": '", printable(pair.key), "' takes ", pair.in, " to ", pair.out,
             ", the base's layer ", linear.in, " to ", linear.out);
}

}  // namespace

std::size_t PeftOutcome::count(PeftFate fate) const {
  return static_cast<std::size_t>(std::count_if(
      pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.fate == fate; }));
}

bool has_peft_prefix(const LoraPair& pair) { return pair.key.starts_with(kPeftKeyPrefix); }

PeftOutcome peft_outcome(const LoraAdapter& adapter, const target::BaseModel& base,
                         PeftRelease release) {
  const Transformers transformers = transformers_of(release);
  const std::vector<ClassModule> modules = target::class_modules(base, transformers);
  const FusedExperts fused = target::fused_experts(base.architecture, transformers);
  const Targets targets(*adapter.peft, fused, modules, release);
  std::map<std::string, const ClassModule*> by_path;
  for (const ClassModule& module : modules) by_path.emplace(module.path, &module);
  PeftOutcome outcome;
  for (const std::string& why :
       {adapter.peft->contradiction, why_no_names(adapter, base.architecture, release),
        why_no_task(adapter, base.architecture),
        why_no_module(*adapter.peft, fused, modules, targets), why_half_experts(adapter, fused),
        why_not_saved(adapter, modules, base.architecture, release)}) {
    if (outcome.refusal.empty()) outcome.refusal = why;
  }
  const std::set<std::string> beside = other_modules(modules, fused);
  for (const std::string& key : adapter.others) {
    outcome.others +=
        is_in_class(module_of_other(key, base.architecture, release), beside, by_path) ? 1U : 0U;
  }
  const bool without_experts = !fused.gate.empty() && !fused.targets_turned;
  for (const LoraPair& pair : adapter.pairs) {
    PairInPeft& place = outcome.pairs.emplace_back();
    const auto found = by_path.find(path_of(pair.key, base.architecture, release));
    if (!takes_adapter_name(pair, release)) continue;
    if (is_unseen_head(pair, base, release)) {
      const bool taken = adapter.peft->take("lm_head", true);
      place = {taken ? PeftFate::acts : PeftFate::not_targeted, nullptr, "lm_head"};
    }
    if (found == by_path.end()) continue;
    const ClassModule& module = *found->second;
    if (without_experts && is_expert_part(module, fused)) continue;
    const bool taken = targets.take(module);
    place = {taken ? PeftFate::acts : PeftFate::not_targeted, module.linear, module.path};
    const bool fits = module.linear->in == pair.in && module.linear->out == pair.out;
    if (taken && !fits && outcome.refusal.empty()) {
      outcome.refusal = shape_refusal(pair, *module.linear);
    }
  }
  return outcome;
}

namespace {

// Patterns speak of the class's paths; a stored name may be an older one.
void take_scale(const PeftTargets& rule, const PairInPeft& place, LoraPair& pair) {
  if (rule.scale_of && !place.module.empty()) pair.scale = rule.scale_of(place.module);
}

// Takes the pairs that `keep` gives a base's layer, or that the base does not have; returns the keys of the
// others.
template <typename Keep>
std::vector<std::string> keep_pairs(LoraAdapter& adapter, const PeftOutcome& outcome, Keep keep) {
  std::vector<std::string> left_out;
  std::vector<LoraPair> kept;
  for (std::size_t i = 0; i < adapter.pairs.size(); ++i) {
    if (keep(adapter.pairs[i], outcome.pairs[i])) {
      kept.push_back(std::move(adapter.pairs[i]));
    } else {
      left_out.push_back(adapter.pairs[i].key);
    }
  }
  adapter.pairs = std::move(kept);
  return left_out;
}

}  // namespace

std::vector<std::string> keep_what_acts(LoraAdapter& adapter, const target::BaseModel& base,
                                        const std::string& who) {
  if (!adapter.peft || adapter.pairs.empty()) return {};
  if (!adapter.others.empty()) {
    fail(ErrorKind::data, who, ": '", printable(adapter.others[0]),
         "' is no LoRA matrix (a module of modules_to_save, or a bias): PEFT loads it, here it "
         "cannot be "
         "applied");
  }
  const PeftOutcome outcome = peft_outcome(adapter, base);
  const bool other_base =
      std::any_of(adapter.pairs.begin(), adapter.pairs.end(), [&](const LoraPair& pair) {
        return target::find_linear(base, pair.module) == nullptr &&
               last_of(pair.module) != "lm_head";
      });
  if (other_base && outcome.count(PeftFate::acts) == 0) return {};
  if (!outcome.refusal.empty() && !outcome.refusal.starts_with(kMisfit)) {
    fail(ErrorKind::data, who, ": PEFT refuses it for ", base.source, ": ", outcome.refusal);
  }
  const std::string first = adapter.pairs[0].key;
  auto left_out = keep_pairs(adapter, outcome, [&](LoraPair& pair, const PairInPeft& place) {
    if (place.linear != nullptr) pair.module = place.linear->path;
    take_scale(*adapter.peft, place, pair);
    const bool foreign =
        place.linear == nullptr && target::find_linear(base, pair.module) == nullptr;
    return place.fate == PeftFate::acts || foreign;
  });
  if (adapter.pairs.empty()) {
    fail(ErrorKind::data, who, ": PEFT would apply none of the ", left_out.size(), " modules to ",
         base.source, ": not '", printable(first),
         "' (by its stored name no module of the base's class, or ",
         "left out by the configuration; dnd convert --to peft --base writes names that PEFT "
         "finds)");
  }
  return left_out;
}

std::vector<std::string> adopt_names(LoraAdapter& adapter, const target::BaseModel& base,
                                     std::size_t& renamed) {
  renamed = 0;
  if (!adapter.peft) return {};
  const PeftOutcome outcome = peft_outcome(adapter, base);
  std::map<const target::Linear*, ClassModule> by_linear;
  for (ClassModule& module : target::class_modules(base)) by_linear[module.linear] = module;
  auto left_out = keep_pairs(adapter, outcome, [&](LoraPair& pair, const PairInPeft& place) {
    const target::Linear* linear =
        place.linear != nullptr ? place.linear : target::find_linear(base, pair.module);
    if (linear == nullptr) return place.fate != PeftFate::not_targeted;
    pair.module = linear->path;
    take_scale(*adapter.peft, place, pair);
    const ClassModule& module = by_linear[linear];
    if (place.fate == PeftFate::lost) ++renamed;
    pair.key = kPeftKeyPrefix + module.path;
    pair.adapter_name.clear();
    if (place.fate == PeftFate::acts) return true;
    // An expression speaks of the names that were.
    return place.fate == PeftFate::lost && (adapter.peft->targets.is_expression() ||
                                            adapter.peft->take(module.path, module.is_head));
  });
  if (renamed > 0) adapter.peft->targets = {};
  return left_out;
}

}  // namespace dnd::adapter
