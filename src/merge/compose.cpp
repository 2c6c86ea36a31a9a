#include "merge/compose.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/strings.h"
#include "base/version.h"
#include "linalg/low_rank.h"
#include "merge/merge_plan.h"
#include "target/base_model.h"

namespace dnd::merge {
namespace {

using adapter::LoraPair;
using linalg::LowRankProduct;

constexpr std::array<std::pair<std::string_view, ComposeMethod>, 3> kMethods = {
    {{"concat", ComposeMethod::concat}, {"add", ComposeMethod::add}, {"svd", ComposeMethod::svd}}};

// One module of the result and what is summed there.
struct Module {
  std::string name;
  std::vector<MergeTerm> terms;

  const LoraPair& first() const { return *terms[0].pair; }
};

class Collector {
 public:
  void add(const WeightedAdapter& adapter) {
    for (const LoraPair& pair : adapter.adapter.pairs) {
      const std::string who = cat(adapter.name, ": module '", printable(pair.module), "'");
      if (!pair.magnitude.empty()) {
        fail(ErrorKind::data, who, ": DoRA adapters cannot be composed: their sum is not low-rank");
      }
      Module& module = find_or_add(pair.module);
      check_shape(who, pair, module);
      module.terms.push_back({&pair, pair.scale * adapter.weight});
    }
  }

  std::vector<Module> modules() && { return std::move(modules_); }

 private:
  Module& find_or_add(const std::string& name) {
    for (const std::string& alias : target::module_aliases(name)) {
      const auto found = index_.find(alias);
      if (found != index_.end()) return modules_[found->second];
    }
    index_[name] = modules_.size();
    return modules_.emplace_back(Module{name, {}});
  }

  static void check_shape(const std::string& who, const LoraPair& pair, const Module& module) {
    if (module.terms.empty()) return;
    const LoraPair& first = module.first();
    if (pair.in == first.in && pair.out == first.out) return;
    fail(ErrorKind::data, who, ": (out, in) is ", shape_text({pair.out, pair.in}),
         ", in an adapter before ", shape_text({first.out, first.in}),
         " (adapters of different bases?)");
  }

  std::vector<Module> modules_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

std::int64_t summed_rank(const Module& module) {
  std::int64_t rank = 0;
  for (const MergeTerm& term : module.terms) rank += term.pair->rank;
  return rank;
}

std::int64_t largest_rank(const Module& module) {
  std::int64_t rank = 0;
  for (const MergeTerm& term : module.terms) rank = std::max(rank, term.pair->rank);
  return rank;
}

// Readers want one rank for all modules.
std::int64_t common_rank(const std::vector<Module>& modules, ComposeMethod method) {
  std::int64_t rank = 0;
  for (const Module& module : modules) {
    rank = std::max(rank,
                    method == ComposeMethod::concat ? summed_rank(module) : largest_rank(module));
  }
  return rank;
}

std::vector<linalg::LowRankTerm> low_rank_terms(const Module& module) {
  std::vector<linalg::LowRankTerm> terms;
  terms.reserve(module.terms.size());
  for (const MergeTerm& term : module.terms) {
    const LoraPair& pair = *term.pair;
    terms.push_back({pair.a, pair.b, pair.rank, pair.in, pair.out, term.scale});
  }
  return terms;
}

// A's one below the other, scale * B's side by side, zeros up to `rank`.
LowRankProduct side_by_side(const Module& module, std::int64_t rank) {
  const LoraPair& first = module.first();
  LowRankProduct out;
  out.a.resize(static_cast<std::size_t>(rank * first.in));
  out.b.resize(static_cast<std::size_t>(first.out * rank));
  std::int64_t offset = 0;
  for (const MergeTerm& term : module.terms) {
    const LoraPair& pair = *term.pair;
    std::copy(pair.a.begin(), pair.a.end(), out.a.begin() + offset * pair.in);
    for (std::int64_t row = 0; row < pair.out; ++row) {
      std::transform(pair.b.begin() + row * pair.rank, pair.b.begin() + (row + 1) * pair.rank,
                     out.b.begin() + row * rank + offset, [&](float value) {
                       return static_cast<float>(term.scale * static_cast<double>(value));
                     });
    }
    offset += pair.rank;
  }
  return out;
}

LoraPair to_pair(const Module& module, std::int64_t rank, LowRankProduct& product) {
  LoraPair pair;
  pair.module = module.name;
  pair.key = "base_model.model." + module.name;
  pair.rank = rank;
  pair.in = module.first().in;
  pair.out = module.first().out;
  pair.a = std::move(product.a);
  pair.b = std::move(product.b);
  return pair;
}

double relative(double squared_loss, double squared_norm) {
  return squared_norm > 0.0 ? std::sqrt(squared_loss / squared_norm) : 0.0;
}

void check_rank(ComposeMethod method, const std::optional<std::int64_t>& rank) {
  if (method == ComposeMethod::svd && !rank) {
    fail(ErrorKind::usage, "compose: method svd needs a rank (--rank)");
  }
  if (method != ComposeMethod::svd && rank) {
    fail(ErrorKind::usage, "compose: a rank (--rank) belongs to method svd; ", method_name(method),
         " has its own");
  }
}

// Only names of folders, not paths: they say nothing about the machine.
std::string composed_from(std::span<const WeightedAdapter> adapters) {
  std::string text;
  for (const WeightedAdapter& part : adapters) {
    const std::filesystem::path path = std::filesystem::path(part.name).lexically_normal();
    const std::filesystem::path name = path.has_filename() ? path : path.parent_path();
    text += cat(text.empty() ? "" : ", ", name.filename().string(), ":", part.weight);
  }
  return text;
}

void describe(Composition& composition, std::span<const WeightedAdapter> adapters,
              ComposeMethod method) {
  composition.adapter.metadata = {{"format", "pt"},
                                  {"dnd.version", version()},
                                  {"dnd.composed_from", composed_from(adapters)},
                                  {"dnd.compose_method", std::string(method_name(method))}};
  composition.adapter.format = adapters.front().adapter.format;
  composition.adapter.component = adapters.front().adapter.component;
  composition.adapter.task_type = adapters.front().adapter.task_type;
  // So that no task type stays none; of which modules it speaks is not said.
  if (adapters.front().adapter.peft) composition.adapter.peft.emplace();
  for (const WeightedAdapter& part : adapters) {
    if (composition.adapter.base_model.empty()) {
      composition.adapter.base_model = part.adapter.base_model;
    }
  }
}

}  // namespace

ComposeMethod compose_method(std::string_view name) {
  for (const auto& [known, method] : kMethods) {
    if (known == name) return method;
  }
  fail(ErrorKind::usage, "compose: unknown method '", printable(name),
       "'; there are concat, add and svd");
}

std::string_view method_name(ComposeMethod method) {
  const auto found = std::find_if(kMethods.begin(), kMethods.end(),
                                  [&](const auto& entry) { return entry.second == method; });
  return found->first;
}

Composition compose(std::span<const WeightedAdapter> adapters, ComposeMethod method,
                    std::optional<std::int64_t> rank) {
  check_rank(method, rank);
  Collector collector;
  for (const WeightedAdapter& adapter : adapters) collector.add(adapter);
  const std::vector<Module> modules = std::move(collector).modules();
  Composition out;
  out.rank = rank ? *rank : common_rank(modules, method);
  describe(out, adapters, method);
  double squared_norm = 0.0;
  double squared_loss = 0.0;
  for (const Module& module : modules) {
    LowRankProduct product =
        method == ComposeMethod::concat
            ? side_by_side(module, out.rank)
            : linalg::compress(low_rank_terms(module), out.rank,
                               cat("compose: module '", printable(module.name), "'"));
    if (method != ComposeMethod::concat) {
      out.losses.push_back({module.name, relative(product.squared_loss, product.squared_norm)});
    }
    squared_norm += product.squared_norm;
    squared_loss += product.squared_loss;
    out.adapter.pairs.push_back(to_pair(module, out.rank, product));
  }
  out.lost = relative(squared_loss, squared_norm);
  if (!out.losses.empty()) out.adapter.metadata["dnd.compose_lost"] = cat(out.lost);
  return out;
}

}  // namespace dnd::merge
