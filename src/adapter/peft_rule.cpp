#include "adapter/peft_rule.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "adapter/peft.h"
#include "base/strings.h"
#include "target/class_names.h"

namespace dnd::adapter {

std::size_t PeftOutcome::count(PeftFate fate) const {
  return static_cast<std::size_t>(std::count_if(
      pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.fate == fate; }));
}

bool has_peft_prefix(const LoraPair& pair) { return pair.key.starts_with(kPeftKeyPrefix); }

namespace {

using target::ClassModule;

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
        return target::find_linear(base, pair.module) == nullptr && pair.module != "lm_head" &&
               !pair.module.ends_with(".lm_head");
      });
  if (other_base && outcome.count(PeftFate::acts) == 0) return {};
  if (!outcome.refusal.empty() && !outcome.refusal.starts_with(kPeftMisfit)) {
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
