#include "tasks/training_estimate.h"

#include <algorithm>
#include <set>

namespace dnd::tasks {
namespace {

using bundle::Feature;

std::uint64_t product(std::int64_t a, std::int64_t b, std::int64_t c) {
  return static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b) *
         static_cast<std::uint64_t>(c);
}

// Values of one example that the backward pass of one layer needs: input, norm and its two transposes,
// the inner planes of both paths twice (as computed, as read), their ends, m and the output.
std::uint64_t values_kept(const Feature& in, const Feature& out) {
  return 4 * product(in.n, in.h, in.w) + 2 * product(out.w, in.h, in.n) +
         2 * product(out.h, in.n, in.w) + 4 * product(in.n, out.h, out.w) +
         product(out.n, out.h, out.w);
}

}  // namespace

TrainEstimate estimate_training(const TrainConfig& config, const TaskSet& set, int threads) {
  const bundle::GeneratorConfig& generator = config.generator;
  TrainEstimate out;
  std::set<std::string_view> prompts;
  for (const Task& task : set.train) {
    out.adapters += task.adapters.size();
    prompts.insert(task.prompts.begin(), task.prompts.end());
    if (config.answers.weight > 0.0) out.questions += task.answers.size();
  }
  out.tasks = set.train.size();
  out.held_out = set.held_out.size();
  out.prompts = prompts.size();
  const auto workers = static_cast<std::uint64_t>(std::max(1, threads));
  const auto parameters = static_cast<std::uint64_t>(generator.decoder_parameters());
  out.parameter_bytes = parameters * sizeof(float) * (3 + 1 + workers);
  for (std::size_t i = 0; i + 1 < generator.features.size(); ++i) {
    out.activation_bytes += values_kept(generator.features[i], generator.features[i + 1]);
  }
  out.activation_bytes *= sizeof(float) * workers * static_cast<std::uint64_t>(config.micro_batch);
  const Feature& tokens = generator.features.back();
  out.target_bytes = sizeof(float) * out.adapters * product(tokens.n, tokens.h, tokens.w);
  const bundle::ConditionConfig& c = generator.condition;
  out.condition_bytes =
      sizeof(float) * product(static_cast<std::int64_t>(out.prompts), c.max_length, c.width);
  return out;
}

}  // namespace dnd::tasks
