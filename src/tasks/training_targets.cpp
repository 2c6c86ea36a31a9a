#include "tasks/training_targets.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "adapter/weight_codec.h"
#include "base/dtype.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "linalg/low_rank.h"
#include "tasks/criterion_weights.h"
#include "tasks/task_adapters.h"

namespace dnd::tasks {
namespace {

using adapter::LoraAdapter;
using adapter::LoraPair;

void round_to_bf16(std::vector<float>& values) {
  for (float& value : values) value = bf16_to_f32(f32_to_bf16(value));
}

void make_canonical(LoraAdapter& adapter, const std::string& who) {
  for (LoraPair& pair : adapter.pairs) {
    const linalg::LowRankTerm term{pair.a, pair.b, pair.rank, pair.in, pair.out, 1.0};
    linalg::LowRankProduct product = linalg::compress({term}, pair.rank, who);
    pair.a = std::move(product.a);
    pair.b = std::move(product.b);
  }
}

// Adds the flat values, times `factor`; `sum` is empty at first.
void add_flat_values(std::vector<double>& sum, const LoraAdapter& adapter, double factor) {
  std::size_t next = 0;
  adapter::for_each_factor(adapter, [&](const std::vector<float>& values) {
    sum.resize(std::max(sum.size(), next + values.size()));
    for (const float value : values) sum[next++] += static_cast<double>(value) * factor;
  });
}

double squared(double value) { return value * value; }

// The factors of the config, one for each adapted layer in layout order.
std::vector<double> module_weights(const TrainConfig& config, std::size_t layers) {
  std::vector<double> out;
  out.reserve(layers);
  for (const adapter::BlockLayout& block : config.generator.layout.blocks) {
    for (std::int64_t i = 0; i < block.count; ++i) {
      for (const adapter::ModuleLayout& module : block.modules) {
        const auto found = config.module_weights.find(module.name);
        out.push_back(found == config.module_weights.end() ? 1.0 : found->second);
      }
    }
  }
  return out;
}

}  // namespace

LoraAdapter read_target(const TrainConfig& config, const std::filesystem::path& folder) {
  LoraAdapter adapter = read_task_adapter(config.generator.layout, folder);
  adapter::for_each_factor(adapter, round_to_bf16);
  if (config.targets == TargetForm::canonical) make_canonical(adapter, folder.string());
  return adapter;
}

std::vector<double> mean_target(const TrainConfig& config, const Task& task) {
  const auto share = 1.0 / static_cast<double>(task.adapters.size());
  std::vector<double> mean;
  for (const std::filesystem::path& folder : task.adapters) {
    add_flat_values(mean, read_target(config, folder), share);
  }
  return mean;
}

std::vector<float> start_mean_tokens(const TrainConfig& config) {
  const bundle::Feature& tokens = config.generator.features.back();
  const formats::Shape shape{tokens.n, tokens.h, tokens.w};
  return formats::SafetensorsFile(config.start / bundle::kDecoderWeightsName)
      .read_f32(bundle::kMeanTokensName, &shape);
}

std::vector<float> joint_tokens(const TrainConfig& config) {
  const adapter::AdapterLayout& layout = config.generator.layout;
  std::vector<float> tokens =
      adapter::tokenize(layout, read_task_adapter(layout, only_adapter(config.joint)));
  for (float& value : tokens) value = std::isnan(value) ? 0.0F : value;
  return tokens;
}

double relative_distance(std::span<const float> x, std::span<const double> own,
                         std::span<const double> mean) {
  double distance = 0.0;
  double yardstick = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    distance += squared(static_cast<double>(x[i]) - own[i]);
    yardstick += squared(mean[i] - own[i]);
  }
  return std::sqrt(distance / yardstick);
}

// What the passage over all adapters collects.
struct TrainingTargets::Sums {
  Sha256 hash;
  CellStatistics task;                // tokens of the task at hand
  std::vector<double> flat;           // of its matrices
  std::vector<double> criterion;      // by token, over tasks
  std::vector<double> tokens;         // means of the tasks
  std::vector<double> adapter;        // the same of flat matrices
  std::vector<double> squared_norms;  // of each adapted layer, over all adapters
  std::size_t adapters = 0;
};

TrainingTargets::TrainingTargets(const TrainConfig& config, const std::vector<Task>& tasks,
                                 std::uint64_t max_bytes, const OnAdapter& on_adapter)
    : config_(config), tasks_(tasks), kept_(tasks.size()) {
  const adapter::AdapterLayout& layout = config.generator.layout;
  std::size_t total = 0;
  for (const Task& task : tasks) total += task.adapters.size();
  const auto cells =
      static_cast<std::uint64_t>(layout.token_count() * layout.token_rows * layout.token_columns);
  keep_ = total <= max_bytes / (cells * sizeof(float));
  Sums sums;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    sums.hash.update(cat(tasks[i].name, '\0', tasks[i].prompts.size(), '\0'));
    for (const std::string& prompt : tasks[i].prompts) sums.hash.update(prompt + '\0');
    for (const std::filesystem::path& folder : tasks[i].adapters) {
      add_adapter(sums, i, folder);
      if (on_adapter) on_adapter(sums.adapters, total);
    }
    finish_task(sums);
  }
  finish(sums);
}

void TrainingTargets::add_adapter(Sums& sums, std::size_t task,
                                  const std::filesystem::path& folder) {
  const LoraAdapter adapter = read_target(config_, folder);
  std::vector<float> tokens = adapter::tokenize(config_.generator.layout, adapter);
  sums.task.add(tokens);
  sums.hash.update(std::as_bytes(std::span(tokens)));
  add_flat_values(sums.flat, adapter, 1.0);
  adapter::add_update_norms(norms_, adapter);
  sums.squared_norms.resize(adapter.pairs.size());
  for (std::size_t i = 0; i < adapter.pairs.size(); ++i) {
    const LoraPair& pair = adapter.pairs[i];
    sums.squared_norms[i] += squared(adapter::update_norm(pair) / pair.scale);
  }
  ++sums.adapters;
  if (keep_) {
    for (float& value : tokens) value = std::isnan(value) ? 0.0F : value;
    kept_[task].push_back(std::move(tokens));
  }
}

void TrainingTargets::finish_task(Sums& sums) {
  const auto tokens = static_cast<std::size_t>(config_.generator.layout.token_count());
  const std::vector<double> weights = criterion_weights(sums.task, tokens);
  const std::vector<double>& mean = sums.task.mean();
  const auto share = 1.0 / static_cast<double>(tasks_.size());
  const auto add = [share](std::vector<double>& sum, const std::vector<double>& values,
                           double factor) {
    sum.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) sum[i] += values[i] * factor * share;
  };
  add(sums.criterion, weights, 1.0);
  add(sums.tokens, mean, 1.0);
  add(sums.adapter, sums.flat, 1.0 / static_cast<double>(sums.task.count()));
  sums.task = {};
  sums.flat.clear();
}

void TrainingTargets::finish(Sums& sums) {
  const std::size_t tokens = sums.criterion.size();
  const std::size_t area = sums.tokens.size() / tokens;
  const std::vector<adapter::FactorLayout> factors = config_.generator.layout.factors();
  const std::vector<double> modules = module_weights(config_, factors.size() / 2);
  cell_weights_.resize(sums.tokens.size());
  mean_tokens_.resize(sums.tokens.size());
  for (std::size_t f = 0; f < factors.size(); ++f) {
    const auto first = static_cast<std::size_t>(factors[f].first_token);
    for (std::size_t t = first; t < first + static_cast<std::size_t>(factors[f].chunks); ++t) {
      const double weight = modules[f / 2] * (config_.criterion_weights ? sums.criterion[t] : 1.0);
      for (std::size_t i = t * area; i < (t + 1) * area; ++i) {
        if (std::isnan(sums.tokens[i])) continue;
        cell_weights_[i] = static_cast<float>(weight);
        mean_tokens_[i] = static_cast<float>(sums.tokens[i]);
        cells_ += 1.0;
      }
    }
  }
  for (std::size_t i = 0; i < sums.squared_norms.size(); ++i) {
    const double mean = sums.squared_norms[i] / static_cast<double>(sums.adapters);
    update_weights_.push_back(mean > 0.0 ? modules[i] / mean : 0.0);
  }
  mean_adapter_ = sums.adapter;
  sha256_ = sums.hash.hex();
}

void TrainingTargets::read(std::size_t task, std::size_t index, std::span<float> tokens) const {
  if (keep_) {
    std::copy(kept_[task][index].begin(), kept_[task][index].end(), tokens.begin());
    return;
  }
  const LoraAdapter adapter = read_target(config_, tasks_[task].adapters[index]);
  const std::vector<float> values = adapter::tokenize(config_.generator.layout, adapter);
  std::transform(values.begin(), values.end(), tokens.begin(),
                 [](float value) { return std::isnan(value) ? 0.0F : value; });
}

}  // namespace dnd::tasks
