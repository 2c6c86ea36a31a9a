#include "merge/merge_plan.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "target/base_model.h"
#include "target/tensor_linears.h"

namespace dnd::merge {
namespace {

using adapter::LoraPair;
using Place = std::pair<std::size_t, std::size_t>;  // file, weight

// Models of transformers whose layers are Conv1D: their weights are (in, out).
constexpr std::array<std::string_view, 4> kTransposedModels = {"gpt2", "openai-gpt", "imagegpt",
                                                               "decision_transformer"};

bool is_transposed(const std::string& model_type) {
  return std::find(kTransposedModels.begin(), kTransposedModels.end(), model_type) !=
         kTransposedModels.end();
}

class Planner {
 public:
  explicit Planner(const BaseWeights& base)
      : base_(base), transposed_(is_transposed(base.model_type)) {
    for (std::size_t file = 0; file < base.files.size(); ++file) {
      const auto& weights = base.files[file].weights;
      for (std::size_t i = 0; i < weights.size(); ++i) places_[weights[i].name] = {file, i};
    }
  }

  void add(const WeightedAdapter& adapter) {
    for (const LoraPair& pair : adapter.adapter.pairs) {
      const std::string who = cat(adapter.name, ": module '", printable(pair.module), "'");
      const Place place = find(who, pair.module);
      check(who, pair, place);
      std::vector<MergeTerm>& terms = targets_[place];
      check_dora(who, pair, adapter.weight, terms);
      terms.push_back({&pair, pair.scale * adapter.weight});
    }
  }

  std::vector<MergeTarget> targets() const {
    std::vector<MergeTarget> out;
    for (const auto& [place, terms] : targets_) {
      out.push_back({place.first, place.second, terms, transposed_});
    }
    return out;
  }

 private:
  Place find(const std::string& who, const std::string& module) const {
    for (const std::string& name : target::module_aliases(module)) {
      refuse_quantised(who, name);
      const auto found = places_.find(name + ".weight");
      if (found != places_.end()) return found->second;
    }
    fail(ErrorKind::data, who, ": the base ", base_.path.string(), " has no tensor '",
         printable(module), ".weight'", hint(module));
  }

  void refuse_quantised(const std::string& who, const std::string& name) const {
    for (const auto& [suffix, method] : target::quantization_marks()) {
      const std::string mark = cat(name, suffix);
      if (places_.count(mark) == 0) continue;
      fail(ErrorKind::data, who, ": the base is quantised (", method, ": it has '", printable(mark),
           "'); merge into the original, not quantised one");
    }
  }

  std::string hint(const std::string& module) const {
    // Configs leave tie_word_embeddings out where it is the class's default.
    if (module.ends_with("lm_head")) {
      return " (the output head is the embedding here: the adapter's change to one alone cannot be "
             "merged)";
    }
    std::vector<std::string> modules;
    for (const auto& [name, place] : places_) {
      if (name.ends_with(".weight")) modules.push_back(name.substr(0, name.size() - 7));
    }
    const std::string near = nearest_word(module, modules);
    return near.empty() ? " (an adapter of another model?)"
                        : cat(" (there is '", printable(near), ".weight')");
  }

  void check(const std::string& who, const LoraPair& pair, const Place& place) const {
    const Weight& weight = base_.files[place.first].weights[place.second];
    const std::string where = cat(who, ": tensor '", printable(weight.name), "' of the base");
    if (weight.dtype != Dtype::f32 && weight.dtype != Dtype::f16 && weight.dtype != Dtype::bf16) {
      if (!is_float_convertible(weight.dtype)) {
        fail(ErrorKind::data, who, ": the base ", refused_type(weight.dtype, weight.name));
      }
      fail(ErrorKind::data, where, ": dtype ", dtype_name(weight.dtype),
           ", expected F32, F16 or BF16", weight.dtype == Dtype::f64 ? "" : " (a quantised base?)");
    }
    std::vector<std::int64_t> shape = {pair.out, pair.in};
    if (transposed_) std::swap(shape[0], shape[1]);
    if (weight.shape != shape) {
      fail(ErrorKind::data, where, ": shape ", shape_text(weight.shape), ", the adapter needs ",
           shape_text(shape), " (an adapter of another model?)");
    }
    if (transposed_ && !pair.magnitude.empty()) {
      fail(ErrorKind::data, where, ": DoRA of transposed layers (Conv1D) is not merged");
    }
    const bool shared =
        weight.name.ends_with("lm_head.weight") || weight.name.ends_with("embed_tokens.weight");
    if (shared && base_.tied_embeddings) {
      fail(ErrorKind::data, where,
           ": input embedding and output head share one weight "
           "(tie_word_embeddings); the adapter's change to one alone cannot be merged");
    }
  }

  static void check_dora(const std::string& who, const LoraPair& pair, double weight,
                         const std::vector<MergeTerm>& before) {
    const bool beside_dora = !before.empty() && !before[0].pair->magnitude.empty();
    if (beside_dora || (!pair.magnitude.empty() && !before.empty())) {
      fail(ErrorKind::data, who,
           ": DoRA and a second adapter of the same module cannot be merged "
           "at once: the result depends on their order (merge one after the other)");
    }
    if (!pair.magnitude.empty() && weight != 1.0) {
      fail(ErrorKind::data, who, ": DoRA takes no weight other than 1, got ", weight);
    }
  }

  const BaseWeights& base_;
  bool transposed_;
  std::map<std::string, Place, std::less<>> places_;
  std::map<Place, std::vector<MergeTerm>> targets_;
};

}  // namespace

std::vector<MergeTarget> plan_merge(const BaseWeights& base,
                                    std::span<const WeightedAdapter> adapters) {
  if (!base.quantization.empty()) {
    fail(ErrorKind::data, base.path.string(), ": the base is quantised (",
         printable(base.quantization),
         ", says config.json); merge into the original, not quantised one");
  }
  Planner planner(base);
  for (const WeightedAdapter& adapter : adapters) planner.add(adapter);
  return planner.targets();
}

}  // namespace dnd::merge
