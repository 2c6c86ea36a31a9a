#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>

#include "adapter/files/format_table.h"
#include "adapter/peft.h"
#include "adapter/peft_rule.h"
#include "base/strings.h"
#include "formats/gguf_names.h"
#include "target/block_path.h"
#include "verify/runtimes/rules.h"
#include "verify/verify.h"

namespace dnd::verify {
namespace {

using adapter::LoraAdapter;
using adapter::LoraPair;
using adapter::PeftFate;
using target::BaseModel;
using target::Linear;
using target::module_kind;
using target::parse_block_path;

// Norms up to this factor outside the training range count as usual: few adapters span the range.
constexpr double kNormMargin = 1.5;
constexpr std::size_t kExamples = 3;

bool all_zero(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return v == 0.0F; });
}

bool all_finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

// "3 of 168 modules: 'a', 'b', 'c'", the first few by name.
std::string name_some(const std::vector<std::string>& names, std::size_t of, const char* what) {
  std::string text = cat(names.size(), " of ", of, " ", what, ": ");
  for (std::size_t i = 0; i < std::min(names.size(), kExamples); ++i) {
    text += cat(i == 0 ? "'" : ", '", printable(names[i]), "'");
  }
  return names.size() > kExamples ? text + ", ..." : text;
}

// Keys of the pairs for which `test` holds.
std::vector<std::string> keys_where(const LoraAdapter& adapter,
                                    const std::function<bool(const LoraPair&)>& test) {
  std::vector<std::string> keys;
  for (const LoraPair& pair : adapter.pairs) {
    if (test(pair)) keys.push_back(pair.key);
  }
  return keys;
}

// Linear layers by every name they have.
class BaseIndex {
 public:
  explicit BaseIndex(const BaseModel& base) : base_(base) {
    for (const auto* list : {&base.linears, &base.experts}) {
      for (const Linear& linear : *list) by_path_.emplace(linear.path, &linear);
    }
    if (base.head) by_path_.emplace(base.head->path, &*base.head);
  }

  const Linear* find(const std::string& module) const {
    for (const std::string& name : target::module_aliases(module)) {
      if (const auto found = by_path_.find(name); found != by_path_.end()) return found->second;
    }
    return nullptr;
  }

  // The path of the base that ends as `module` does (three components or all of one of them).
  std::optional<std::string> same_ending(const std::string& module) const {
    const std::string ending = last_components(module, 4);
    for (const Linear& linear : base_.linears) {
      if (linear.path == ending || linear.path.ends_with("." + ending) ||
          module.ends_with("." + linear.path)) {
        return linear.path;
      }
    }
    return std::nullopt;
  }

 private:
  static std::string last_components(const std::string& path, std::size_t count) {
    std::size_t begin = path.size();
    for (std::size_t i = 0; i < count && begin != std::string::npos && begin > 0; ++i) {
      begin = path.rfind('.', begin - 1);
    }
    return begin == std::string::npos ? path : path.substr(begin + 1);
  }

  const BaseModel& base_;
  std::unordered_map<std::string, const Linear*> by_path_;
};

class Finder {
 public:
  Finder(const LoraAdapter& adapter, const Against& against)
      : adapter_(adapter), against_(against) {}

  std::vector<Finding> find() {
    if (adapter_.pairs.empty() && adapter_.others.empty()) {
      error("modules", "the adapter holds no LoRA matrices");
      return std::move(findings_);
    }
    check_values();
    check_repeats();
    check_others();
    if (against_.base != nullptr) {
      if (adapter_.peft) outcome_ = adapter::peft_outcome(adapter_, *against_.base);
      check_architecture();
      check_modules();
      check_choice();
      check_coverage();
      check_embeddings();
    }
    if (against_.norms != nullptr) check_norms();
    return std::move(findings_);
  }

 private:
  void error(const char* check, std::string message) {
    findings_.push_back({Severity::error, check, std::move(message)});
  }
  void warning(const char* check, std::string message) {
    findings_.push_back({Severity::warning, check, std::move(message)});
  }
  std::size_t count() const { return adapter_.pairs.size(); }

  void check_values() {
    const auto damaged = keys_where(adapter_, [](const LoraPair& p) {
      return !all_finite(p.a) || !all_finite(p.b) || !all_finite(p.magnitude) ||
             !std::isfinite(p.scale);
    });
    if (!damaged.empty()) {
      error("finite", name_some(damaged, count(), "modules hold NaN or infinite values"));
    }
    const auto unscaled = keys_where(adapter_, [](const LoraPair& p) { return p.scale == 0.0; });
    if (!unscaled.empty()) {
      error("scale", name_some(unscaled, count(), "modules have scale 0 (lora_alpha is 0?)"));
    }
    const auto idle =
        keys_where(adapter_, [](const LoraPair& p) { return all_zero(p.a) || all_zero(p.b); });
    if (idle.empty()) return;
    const bool whole = idle.size() == count();
    const std::string text = name_some(idle, count(), "modules have a factor of zeros");
    if (whole)
      return error("zero", text + "; the adapter does nothing (B is zero before training)");
    warning("zero", text + "; these modules do nothing");
  }

  // By any of its names.
  void check_repeats() {
    std::set<std::string> seen;
    const auto repeated = keys_where(adapter_, [&](const LoraPair& p) {
      bool again = false;
      for (const std::string& name : target::module_aliases(p.module)) {
        again = !seen.insert(name).second || again;
      }
      return again;
    });
    if (!repeated.empty()) {
      error("modules", name_some(repeated, count(), "modules appear a second time"));
    }
  }

  void check_others() {
    if (adapter_.others.empty()) return;
    warning("others", cat(name_some(adapter_.others, count() + adapter_.others.size(),
                                    "entries are no LoRA matrices (modules_to_save, biases)"),
                          ": PEFT loads them, most runtimes do not; merge, run, compose and "
                          "convert refuse them"));
  }

  // A file with an architecture's own names (GGUF) says which one it is for.
  void check_architecture() {
    const auto expected = formats::gguf_architecture(against_.base->architecture);
    if (!adapter::file_format(adapter_.format).by_architecture || !expected) return;
    if (adapter_.architecture == *expected) return;
    error("base", cat("the adapter is for '", printable(adapter_.architecture), "', the base is '",
                      *expected, "'"));
  }

  void check_modules() {
    const BaseIndex index(*against_.base);
    std::vector<std::string> unknown;
    std::vector<std::string> misshapen;
    std::string first_shape;
    for (std::size_t i = 0; i < count(); ++i) {
      const LoraPair& pair = adapter_.pairs[i];
      const Linear* linear = outcome_ ? outcome_->pairs[i].linear : find_linear(index, pair.module);
      if (linear == nullptr) {
        const bool lost = outcome_ && outcome_->pairs[i].fate == PeftFate::lost;
        if (lost || (!outcome_ && !is_head(pair.module))) unknown.push_back(pair.module);
      } else if (linear->in != pair.in || linear->out != pair.out) {
        misshapen.push_back(pair.module);
        if (first_shape.empty()) first_shape = shape_problem(pair, *linear);
      }
    }
    if (!unknown.empty()) {
      error("modules", cat(name_some(unknown, count(), "modules are not in the base"),
                           why_unknown(index, unknown)));
    }
    if (!misshapen.empty()) {
      error("shapes",
            cat(name_some(misshapen, count(), "modules do not fit the base"), "; ", first_shape));
    }
  }

  // Names of MLX-LM's own files are those of its models.
  const Linear* find_linear(const BaseIndex& index, const std::string& module) const {
    return adapter_.mlx ? find_mlx_linear(*against_.base, module) : index.find(module);
  }

  static std::string shape_problem(const LoraPair& pair, const Linear& linear) {
    const bool swapped = linear.in == pair.out && linear.out == pair.in;
    return cat("the first takes ", pair.in, " to ", pair.out, ", the base's layer ", linear.in,
               " to ", linear.out,
               swapped ? " (matrices the wrong way round?)" : " (made for another base?)");
  }

  std::string why_unknown(const BaseIndex& index, const std::vector<std::string>& unknown) const {
    if (outcome_ && index.find(unknown[0]) != nullptr) return why_lost(unknown[0]);
    if (const auto like = index.same_ending(unknown[0])) {
      return cat(" (wrong prefix? the base has '", printable(*like), "')");
    }
    if (unknown.size() == count()) return " (made for another base?)";
    const auto layers = block_count(unknown[0]);
    const auto block = parse_block_path(unknown[0]);
    if (layers > 0 && block && block->index >= layers) {
      return cat(" (the base has ", layers, " such layers)");
    }
    return "";
  }

  // The base has the module, but not by the name that is stored.
  std::string why_lost(const std::string& module) const {
    const LoraPair& pair = *adapter_.find(module);
    constexpr const char* kCure =
        "; dnd convert --to peft --base writes the names that PEFT finds)";
    if (!adapter::has_peft_prefix(pair)) {
      return cat(" (PEFT finds names that begin with '", adapter::kPeftKeyPrefix, "', stored is '",
                 printable(pair.key), "'", kCure);
    }
    if (!pair.adapter_name.empty()) {
      return cat(" (the keys name the adapter '", printable(pair.adapter_name), "'", kCure);
    }
    return cat(" (the base's class calls it otherwise", kCure);
  }

  // What is stored and fits, but is not applied: the configuration leaves it out, or stops loading.
  void check_choice() {
    if (outcome_) check_peft_choice();
    if (!adapter_.mlx) return;
    const auto outside = outside_mlx_layers(adapter_, *against_.base);
    if (outside.empty()) return;
    error("config", name_some(outside, count(), "modules are no adapter parameters for mlx-lm") +
                        "; it refuses the folder (num_layers and keys of adapter_config.json)");
  }

  void check_peft_choice() {
    std::vector<std::string> left_out;
    for (std::size_t i = 0; i < count(); ++i) {
      if (outcome_->pairs[i].fate == PeftFate::not_targeted) {
        left_out.push_back(adapter_.pairs[i].module);
      }
    }
    if (!left_out.empty()) {
      const std::string text =
          name_some(left_out, count(), "modules are stored, but not applied") +
          ": target_modules, exclude_modules or layers_to_transform leave them out";
      outcome_->count(PeftFate::acts) == 0 ? error("config", text) : warning("config", text);
    }
    const bool misfit = outcome_->refusal.starts_with(adapter::kPeftMisfit);
    if (!outcome_->refusal.empty() && !misfit) {
      error("config", cat("PEFT refuses it: ", outcome_->refusal));
    }
  }

  // How many blocks of the base hold a module of this kind.
  std::int64_t block_count(const std::string& module) const {
    const std::string kind = module_kind(module);
    const auto& linears = against_.base->linears;
    return std::count_if(linears.begin(), linears.end(),
                         [&](const Linear& linear) { return module_kind(linear.path) == kind; });
  }

  // A kind of module that is adapted in one block should be in every block that has it.
  void check_coverage() {
    const Coverage coverage = coverage_of(adapter_, *against_.base);
    if (coverage.missing.empty() || against_.partial) return;
    const std::string text =
        name_some(coverage.missing, coverage.expected, "layers of the adapted kinds are left out");
    error("coverage", text + " (file cut short? --partial accepts it)");
  }

  void check_embeddings() {
    const auto heads = keys_where(adapter_, [](const LoraPair& p) { return is_head(p.module); });
    if (heads.empty() || !against_.base->tied_embeddings.value_or(false)) return;
    error("embeddings",
          cat("'", printable(heads[0]),
              "' is adapted, but the base ties its output head to its embeddings: most "
              "runtimes drop it or stop"));
  }

  void check_norms() {
    std::vector<std::string> outside;
    std::string first;
    for (const LoraPair& pair : adapter_.pairs) {
      const auto range = against_.norms->modules.find(module_kind(pair.module));
      if (range == against_.norms->modules.end()) continue;
      const double norm = adapter::update_norm(pair);
      const auto [low, high] = range->second;
      if (norm >= low / kNormMargin && norm <= high * kNormMargin) continue;
      outside.push_back(pair.module);
      if (first.empty()) first = cat("the first has norm ", norm, ", training ", low, " to ", high);
    }
    if (outside.empty()) return;
    warning("norms", cat(name_some(outside, count(), "modules lie outside the training range"),
                         "; ", first, " (", against_.norms->adapters, " adapters)"));
  }

  const LoraAdapter& adapter_;
  const Against& against_;
  std::optional<adapter::PeftOutcome> outcome_;
  std::vector<Finding> findings_;
};

}  // namespace

bool is_head(std::string_view module) {
  const std::string_view last = module.substr(module.rfind('.') + 1);
  return last == "lm_head" || last == "embed_tokens";
}

std::vector<Finding> find_problems(const LoraAdapter& adapter, const Against& against) {
  return Finder(adapter, against).find();
}

bool Report::has_errors() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity == Severity::error; });
}

Report verify(const LoraAdapter& adapter, const Against& against) {
  return {find_problems(adapter, against), judge_runtimes(adapter, against)};
}

target::BaseModel base_of_layout(const adapter::AdapterLayout& layout) {
  target::BaseModel base;
  base.source = "layout";
  base.name = layout.base_model;
  base.architecture = layout.architecture;
  base.heads = layout.heads;
  for (const adapter::FactorLayout& factor : layout.factors()) {
    if (factor.factor == adapter::Factor::a) {
      base.linears.push_back({factor.module, factor.size, 0});
    } else {
      base.linears.back().out = factor.size;  // B follows its A
    }
  }
  return base;
}

}  // namespace dnd::verify
