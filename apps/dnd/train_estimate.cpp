#include "train_estimate.h"

#include "base/strings.h"

namespace dnd::app {

void print_training_estimate(const Context& context, const tasks::TrainConfig& config,
                             const tasks::TrainEstimate& e, const Json& prompts_read) {
  const std::int64_t parameters = config.generator.decoder_parameters();
  const std::int64_t asked = config.batch * config.answers.questions;  // a step
  if (context.json) {
    Json answers = nullptr;
    if (e.questions > 0) answers = {{"questions", e.questions}, {"asked_a_step", asked}};
    return print_json({{"tasks", e.tasks},
                       {"held_out", e.held_out},
                       {"checkpoints", e.adapters},
                       {"answers", answers},
                       {"prompts_distinct", e.prompts},
                       {"prompts_read", prompts_read},
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
  if (config.uses_adapters()) {
    print_line(cat("checkpoints  ", e.adapters, ", all fit the layout"));
  }
  if (e.questions > 0) {
    print_line(cat("questions    ", e.questions, " with answers, ", asked, " of them a step"));
  }
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
