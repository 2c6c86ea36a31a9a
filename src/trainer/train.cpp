#include "trainer/train.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "tasks/train_config.h"
#include "trainer/answer_source.h"
#include "trainer/example_source.h"
#include "trainer/gradient.h"
#include "trainer/objective.h"
#include "trainer/optimizer.h"
#include "trainer/state.h"

namespace dnd::trainer {
namespace {

using Clock = std::chrono::steady_clock;

// However many steps that is.
constexpr auto kSaveAtLeast = std::chrono::minutes(5);

at::Tensor copy_of(const std::vector<float>& values, const bundle::Feature& shape) {
  at::Tensor tensor = at::empty({shape.n, shape.h, shape.w}, at::kFloat);
  if (static_cast<std::int64_t>(values.size()) != tensor.numel()) {
    fail(ErrorKind::internal, "train: ", values.size(), " values, expected ", tensor.numel());
  }
  std::copy(values.begin(), values.end(), tensor.mutable_data_ptr<float>());
  return tensor;
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
        answers_(make_answers()),
        source_(job, answers_ ? &*answers_ : nullptr),
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
    saved_ = Clock::now();
    if (state_.step > 0 && evaluates())
      evaluate();  // what was killed between saving and evaluating
    bool stop = false;
    while (state_.step < config_.steps && !stop) {
      step();
      stop = anyone_stops();
      const bool late = Clock::now() - saved_ >= kSaveAtLeast;
      if (stop || is_last() || late || state_.step % config_.save_every == 0) save();
      if (evaluates()) evaluate();
    }
    return {state_.step, state_.step >= config_.steps};
  }

 private:
  std::optional<AnswerSource> make_answers() const {
    if (job_.base == nullptr) return std::nullopt;
    if (!device_.is_cpu()) {
      fail(ErrorKind::usage, "train: objective answers: the base runs on the CPU alone, not on ",
           device_.str());
    }
    return std::optional<AnswerSource>(std::in_place, workers_, job_, rank_, observer_.should_stop);
  }

  // Of the adapters that are copied.
  Objective make_copying() const {
    if (config_.loss == tasks::LossKind::update) {
      const UpdateLoss loss{config_.generator.layout, job_.update_weights};
      return [loss](const at::Tensor& output, const Examples& examples) {
        return loss(output, examples.target);
      };
    }
    const at::Tensor weights = copy_of(job_.cell_weights, config_.generator.features.back());
    const TokenLoss loss{weights.to(device_), job_.cells};
    return [loss](const at::Tensor& output, const Examples& examples) {
      return loss(output, examples.target);
    };
  }

  Objective make_objective() const {
    Objective copying = config_.released > 0.0 ? make_copying() : Objective();
    if (!answers_) return copying;
    return [this, copying](const at::Tensor& output, const Examples& examples) {
      at::Tensor loss = answers_->loss(output, examples.lessons) * config_.answers.weight;
      if (copying) loss = loss + copying(output, examples) * config_.released;
      return loss;
    };
  }

  bool is_last() const { return state_.step == config_.steps; }
  bool evaluates() const {
    const std::int64_t every = config_.evaluate_every;
    return every > 0 && (state_.step % every == 0 || is_last());
  }

  void step() {
    const auto begun = Clock::now();
    const std::int64_t step = state_.step;
    const std::int64_t first = config_.batch * rank_ / world_;
    const std::int64_t end = config_.batch * (rank_ + 1) / world_;
    const auto examples = [&](std::int64_t begin, std::int64_t size) {
      Examples made = source_.make(step, first + begin, size);
      made.condition = made.condition.to(device_);
      if (made.target.defined()) made.target = made.target.to(device_);
      return made;
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
           norm, " (lower the learning rate?",
           state_.step >= config_.save_every ? " the last saved state is from before)" : ")");
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

  void save() {
    saved_ = Clock::now();
    if (rank_ == 0) save_state(model_, on(at::kCPU, state_), job_.identity, job_.state);
  }

  // By the first process, which may take longer than the others wait in a sum.
  void evaluate() {
    if (!observer_.on_evaluate) return;
    if (group_ == nullptr) return evaluate_here();
    group_->first_alone("evaluates", [this] { evaluate_here(); });
  }

  void evaluate_here() const {
    Evaluator now;
    now.generate = [this](const std::vector<std::int64_t>& rows) { return generate(rows); };
    if (answers_) {
      now.judge = [this](const HostTensor& tokens, const std::vector<TuneLesson>& lessons) {
        const at::Tensor copy = copy_of(tokens.values, config_.generator.features.back());
        return answers_->judge(workers_, copy, lessons);
      };
    }
    observer_.on_evaluate(state_.step, now);
  }

  HostTensor generate(const std::vector<std::int64_t>& rows) const {
    const bundle::ConditionConfig& c = config_.generator.condition;
    const at::Tensor condition = at::empty({1, c.prompts, c.max_length, c.width}, at::kFloat);
    source_.copy_rows(rows, example_values(condition));
    const at::Tensor tokens =
        predict(model_, state_.values, mean_tokens_, condition.to(device_), bf16_)
            .select(0, 0)
            .to(at::kCPU)
            .contiguous();
    const std::span<const float> values = example_values(tokens);
    return {tokens.sizes().vec(), {values.begin(), values.end()}};
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
  std::optional<AnswerSource> answers_;  // where answers are learned
  ExampleSource source_;
  Objective objective_;
  at::Tensor mean_tokens_;  // undefined without a residual
  OptimizerState state_;
  Clock::time_point saved_;
};

}  // namespace

TrainResult train(const ops::Workers& workers, const TrainJob& job, const TrainObserver& observer,
                  const TrainPlace& place) {
  const c10::InferenceMode off(false);  // tensors that autograd may see
  if (place.device.is_cpu()) return Training(workers, job, observer, place).run();
  return Training(ops::Workers(1), job, observer, place).run();
}

}  // namespace dnd::trainer
