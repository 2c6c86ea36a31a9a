#include "trainer/train.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "base/dtype.h"
#include "base/strings.h"
#include "tasks/draws.h"
#include "tasks/train_config.h"
#include "trainer/gradient.h"
#include "trainer/objective.h"
#include "trainer/optimizer.h"
#include "trainer/state.h"

namespace dnd::trainer {
namespace {

using Clock = std::chrono::steady_clock;

at::Tensor copy_of(const std::vector<float>& values, const bundle::Feature& shape) {
  at::Tensor tensor = at::empty({shape.n, shape.h, shape.w}, at::kFloat);
  if (static_cast<std::int64_t>(values.size()) != tensor.numel()) {
    fail(ErrorKind::internal, "train: ", values.size(), " values, expected ", tensor.numel());
  }
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return tensor;
}

std::span<float> values_of(const at::Tensor& tensor) {
  return {tensor.mutable_data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// Themselves where they are already.
nn::Tensors on(const at::Device& device, const nn::Tensors& tensors) {
  nn::Tensors there;
  for (const at::Tensor& tensor : tensors) there.push_back(tensor.to(device));
  return there;
}

OptimizerState on(const at::Device& device, const OptimizerState& state) {
  return {on(device, state.values), on(device, state.exp_avg), on(device, state.exp_avg_sq),
          state.step};
}

// Draws and copies examples; without state, so from any thread.
class ExampleSource {
 public:
  ExampleSource(const TrainJob& job, const bundle::GeneratorConfig& generator)
      : job_(job), condition_(generator.condition), tokens_(generator.features.back()) {
    for (const TrainTask& task : job.tasks) {
      sizes_.push_back({task.prompts.size(), task.adapters});
    }
  }

  // Examples first .. first + size - 1 of the whole batch of `step`.
  Examples make(std::int64_t step, std::int64_t first, std::int64_t size) const {
    Examples examples{
        at::empty({size, condition_.prompts, condition_.max_length, condition_.width}, at::kFloat),
        at::empty({size, tokens_.n, tokens_.h, tokens_.w}, at::kFloat)};
    const tasks::TrainConfig& config = *job_.config;
    for (std::int64_t i = 0; i < size; ++i) {
      const tasks::ExampleKey key{config.seed, static_cast<std::uint64_t>(step),
                                  static_cast<std::uint64_t>(first + i)};
      const tasks::Draw draw =
          tasks::draw_example(sizes_, static_cast<std::size_t>(condition_.prompts), key);
      std::vector<std::int64_t> rows;
      for (const std::size_t prompt : draw.prompts) {
        rows.push_back(job_.tasks[draw.task].prompts[prompt]);
      }
      const std::span<float> condition = values_of(examples.condition.select(0, i));
      const std::span<float> target = values_of(examples.target.select(0, i));
      copy_rows(rows, condition);
      job_.target(draw.task, draw.adapter, target);
      tasks::add_noise(condition, config.condition_noise, key, tasks::NoiseStream::condition);
      tasks::add_noise(target, config.target_noise, key, tasks::NoiseStream::target);
    }
    return examples;
  }

  // Throws Error(data) where a value is not finite.
  void copy_rows(const std::vector<std::int64_t>& rows, std::span<float> out) const {
    const std::size_t size = out.size() / rows.size();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto source = condition_row(static_cast<std::size_t>(rows[i]), size);
      std::copy(source.begin(), source.end(), out.begin() + static_cast<std::ptrdiff_t>(i * size));
    }
  }

 private:
  // The file is as large as memory or larger, so its values are looked at where they are used.
  std::span<const float> condition_row(std::size_t row, std::size_t size) const {
    if (row >= job_.conditions.size() / size) {
      fail(ErrorKind::internal, "train: no condition of prompt ", row);
    }
    const std::span<const float> values = job_.conditions.subspan(row * size, size);
    if (const auto bad = first_not_finite(Dtype::f32, values)) {
      fail(ErrorKind::data, "conditions: ", job_.conditions_file.string(), ": prompt ", row,
           ": a value is ", values[*bad], " (damaged? delete the file: it is made anew)");
    }
    return values;
  }

  const TrainJob& job_;
  bundle::ConditionConfig condition_;
  bundle::Feature tokens_;
  std::vector<tasks::TaskSize> sizes_;
};

class Training {
 public:
  Training(const ops::Workers& workers, const TrainJob& job, const TrainObserver& observer,
           const TrainPlace& place)
      : workers_(workers),
        job_(job),
        observer_(observer),
        config_(*job.config),
        group_(place.group),
        rank_(group_ == nullptr ? 0 : group_->rank()),
        world_(group_ == nullptr ? 1 : group_->size()),
        device_(place.device),
        bf16_(place.bf16),
        model_(config_.generator),
        source_(job, config_.generator),
        objective_(make_objective()) {
    if (world_ > config_.batch) {
      fail(ErrorKind::usage, "train: ", world_, " processes for batches of ", config_.batch,
           ": expected at most one process for each pair");
    }
    if (!job.mean_tokens.empty()) {
      mean_tokens_ = copy_of(job.mean_tokens, config_.generator.features.back()).to(device_);
    }
    state_ = on(device_, job.resume ? load_state(model_, config_.steps, job.identity, job.state)
                                    : OptimizerState{model_.read(nn::WeightStore(job.start)),
                                                     model_.zeros(), model_.zeros(), 0});
  }

  TrainResult run() {
    if (observer_.on_start) observer_.on_start(state_.step);
    bool stop = false;
    while (state_.step < config_.steps && !stop) {
      step();
      stop = anyone_stops();
      const bool last = state_.step == config_.steps;
      if (stop || last || state_.step % config_.save_every == 0) save();
      if (is_due(config_.evaluate_every) || (last && config_.evaluate_every > 0)) evaluate();
    }
    return {state_.step, state_.step >= config_.steps};
  }

 private:
  Objective make_objective() const {
    if (config_.loss == tasks::LossKind::update) {
      return UpdateLoss{config_.generator.layout, job_.update_weights};
    }
    const at::Tensor weights = copy_of(job_.cell_weights, config_.generator.features.back());
    return TokenLoss{weights.to(device_), job_.cells};
  }

  bool is_due(std::int64_t every) const { return every > 0 && state_.step % every == 0; }

  void step() {
    const auto begun = Clock::now();
    const std::int64_t step = state_.step;
    const std::int64_t first = config_.batch * rank_ / world_;
    const std::int64_t end = config_.batch * (rank_ + 1) / world_;
    const auto examples = [&](std::int64_t begin, std::int64_t size) {
      const Examples made = source_.make(step, first + begin, size);
      return Examples{made.condition.to(device_), made.target.to(device_)};
    };
    GradientResult result =
        batch_gradient(workers_, model_, state_.values, mean_tokens_, objective_, examples,
                       {.examples = end - first,
                        .micro_batch = config_.micro_batch,
                        .scale = 1.0 / static_cast<double>(config_.batch),
                        .bf16 = bf16_});
    if (group_ != nullptr) reduce(result);
    const double norm = ops::gradient_norm(workers_, result.gradients);
    if (!std::isfinite(result.loss) || !std::isfinite(norm)) {
      fail(ErrorKind::data, "train: step ", step + 1, ": loss ", result.loss, ", gradient norm ",
           norm, " (lower the learning rate? the last saved state is from before)");
    }
    adamw_step(workers_, config_, state_, result.gradients, norm);
    if (!observer_.on_step) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
    observer_.on_step({state_.step, result.loss, norm, learning_rate_at(config_, step), seconds});
  }

  void reduce(GradientResult& result) const {
    const at::Tensor loss = at::full({1}, result.loss, at::kDouble);
    group_->sum({loss});
    result.loss = loss.item<double>();
    const nn::Tensors sums = on(at::kCPU, result.gradients);
    group_->sum(sums);
    result.gradients = on(device_, sums);
  }

  bool anyone_stops() const {
    const bool stop = observer_.should_stop && observer_.should_stop();
    if (group_ == nullptr) return stop;
    const at::Tensor votes = at::full({1}, stop ? 1.0 : 0.0, at::kDouble);
    group_->sum({votes});
    return votes.item<double>() > 0.0;
  }

  void save() const {
    if (rank_ == 0) save_state(model_, on(at::kCPU, state_), job_.identity, job_.state);
  }

  void evaluate() const {
    if (!observer_.on_evaluate || rank_ != 0) return;
    observer_.on_evaluate(state_.step, [&](const std::vector<std::int64_t>& rows) {
      const bundle::ConditionConfig& c = config_.generator.condition;
      const at::Tensor condition = at::empty({1, c.prompts, c.max_length, c.width}, at::kFloat);
      source_.copy_rows(rows, values_of(condition));
      const at::Tensor tokens =
          predict(model_, state_.values, mean_tokens_, condition.to(device_), bf16_)
              .select(0, 0)
              .to(at::kCPU)
              .contiguous();
      const std::span<const float> values = values_of(tokens);
      return HostTensor{tokens.sizes().vec(), {values.begin(), values.end()}};
    });
  }

  const ops::Workers& workers_;
  const TrainJob& job_;
  const TrainObserver& observer_;
  const tasks::TrainConfig& config_;
  comm::ProcessGroup* group_;  // nullptr: one process
  std::int64_t rank_;
  std::int64_t world_;
  at::Device device_;
  bool bf16_;
  nn::DecoderModel model_;
  ExampleSource source_;
  Objective objective_;
  at::Tensor mean_tokens_;  // undefined without a residual
  OptimizerState state_;
};

}  // namespace

TrainResult train(const ops::Workers& workers, const TrainJob& job, const TrainObserver& observer,
                  const TrainPlace& place) {
  const c10::InferenceMode off(false);  // tensors that autograd may see
  if (place.device.is_cpu()) return Training(workers, job, observer, place).run();
  return Training(ops::Workers(1), job, observer, place).run();
}

}  // namespace dnd::trainer
