#include "train_estimate.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace dnd::app {
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

TrainEstimate estimate_training(const tasks::TrainConfig& config, const tasks::TaskSet& set,
                                int threads) {
  const bundle::GeneratorConfig& generator = config.generator;
  TrainEstimate out;
  std::set<std::string_view> prompts;
  for (const tasks::Task& task : set.train) {
    out.checkpoints += task.checkpoints.size();
    prompts.insert(task.prompts.begin(), task.prompts.end());
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
  out.target_bytes = sizeof(float) * out.checkpoints * product(tokens.n, tokens.h, tokens.w);
  const bundle::ConditionConfig& c = generator.condition;
  out.condition_bytes =
      sizeof(float) * product(static_cast<std::int64_t>(out.prompts), c.max_length, c.width);
  return out;
}

void print_training_estimate(const Context& context, const tasks::TrainConfig& config,
                             const TrainEstimate& e) {
  const std::int64_t parameters = config.generator.decoder_parameters();
  if (context.json) {
    return print_json({{"tasks", e.tasks},
                       {"held_out", e.held_out},
                       {"checkpoints", e.checkpoints},
                       {"prompts_distinct", e.prompts},
                       {"parameters", parameters},
                       {"steps", config.steps},
                       {"batch", config.batch},
                       {"micro_batch", config.micro_batch},
                       {"parameter_bytes", e.parameter_bytes},
                       {"activation_bytes", e.activation_bytes},
                       {"target_bytes", e.target_bytes},
                       {"condition_bytes", e.condition_bytes},
                       {"decoder_flop_per_step", 6.0 * config.generator.multiply_adds() *
                                                     static_cast<double>(config.batch)}});
  }
  print_line(cat("tasks        ", e.tasks, " to train on, ", e.held_out, " held out"));
  print_line(cat("checkpoints  ", e.checkpoints, ", all fit the layout"));
  print_line(cat("prompts      ", e.prompts, " distinct"));
  print_line(cat("decoder      ", parameters, " parameters"));
  print_line(cat("steps        ", config.steps, " of ", config.batch, " pairs, ",
                 config.micro_batch, " at once"));
  print_line(cat("memory       ", human_bytes(e.parameter_bytes),
                 " weights, gradients and moments, ", human_bytes(e.activation_bytes),
                 " activations, ", human_bytes(e.target_bytes), " targets"));
  print_line(cat("conditions   ", human_bytes(e.condition_bytes), " on the disk"));
}

}  // namespace dnd::app
