#include "lm/learn/tune.h"

#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numbers>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "lm/learn/batch_gradient.h"
#include "lm/learn/draw_lessons.h"
#include "lm/learn/lower_states.h"
#include "lm/learn/tune_state.h"

namespace dnd::lm::learn {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSaveEvery = std::chrono::minutes(2);
// What a better judgement's loss is lower by, at least, to count as getting on.
constexpr double kLeastGain = 1e-3;

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

// Of step `step`, from 0: it rises in a line, then falls as the schedule says, to 0 behind the last.
double learning_rate_at(const TuneRule& rule, std::int64_t step) {
  if (step < rule.warmup_steps) {
    return rule.learning_rate * static_cast<double>(step + 1) /
           static_cast<double>(rule.warmup_steps);
  }
  const double gone =
      static_cast<double>(step - rule.warmup_steps) /
      static_cast<double>(std::max<std::int64_t>(1, rule.steps - rule.warmup_steps));
  switch (rule.schedule) {
    case TuneSchedule::cosine:
      return 0.5 * rule.learning_rate * (1.0 + std::cos(std::numbers::pi * gone));
    case TuneSchedule::linear:
      return rule.learning_rate * (1.0 - gone);
    case TuneSchedule::constant:
      return rule.learning_rate;
  }
  return rule.learning_rate;
}

// Evaluation number `index`, from 1, comes behind this step; the last one behind the last step.
std::int64_t evaluation_step(const TuneRule& rule, std::int64_t index) {
  return (rule.steps * index + rule.evaluations / 2) / rule.evaluations;
}

void check_rule(const TuneRule& rule) {
  const bool right = rule.steps > 0 && rule.batch > 0 && rule.evaluations > 0 &&
                     rule.checkpoints > 0 && rule.evaluations % rule.checkpoints == 0;
  if (!right) fail(ErrorKind::internal, "tune: steps, batch or evaluations make no sense");
}

std::vector<at::Tensor> copies_of(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  copies.reserve(tensors.size());
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.clone());
  return copies;
}

class Tuning {
 public:
  Tuning(const ops::Workers& workers, Weights& weights, const ModelConfig& config,
         const TuneJob& job, const TuneObserver& observer)
      : workers_(workers),
        linears_(weights.linears()),
        base_(weights, config),
        job_(job),
        rule_(job.rule),
        observer_(observer) {
    check_rule(rule_);
    std::size_t longest = 0;
    for (const TuneLearner& learner : job.learners) {
      for (const auto& list : learner.learned) longest = check_lessons(list, config, longest);
      longest = check_lessons(learner.left_out, config, longest);
      add_learner(learner);
    }
    base_.reserve(static_cast<std::int64_t>(longest));
    if (job.resume) load_tune_state(state_, job.identity, job.state);
    keep_lower_states();
  }

  TuneResult run() {
    if (observer_.on_start) observer_.on_start(state_.step);
    saved_ = Clock::now();
    if (state_.step == 0) evaluate();
    tell_again();
    bool stop = false;
    while (!finished() && !stop) {
      learn();
      const bool evaluated = is_evaluation();
      if (evaluated) evaluate();
      stop = observer_.should_stop && observer_.should_stop();
      if (stop || evaluated || Clock::now() - saved_ >= kSaveEvery) save();
    }
    return result();
  }

 private:
  static std::size_t check_lessons(const std::vector<TuneLesson>& lessons,
                                   const ModelConfig& config, std::size_t longest) {
    for (const TuneLesson& lesson : lessons) {
      longest = std::max(longest, lesson.ids.size());
      const auto [least, most] = std::minmax_element(lesson.ids.begin(), lesson.ids.end());
      if (lesson.ids.empty() || *least < 0 || *most >= config.vocabulary) {
        fail(ErrorKind::data, "tune: a lesson has an id outside the vocabulary of ",
             config.vocabulary);
      }
    }
    if (static_cast<std::int64_t>(longest) > config.longest) {
      fail(ErrorKind::data, "tune: a lesson has ", longest, " tokens, the model takes ",
           config.longest);
    }
    return longest;
  }

  void add_learner(const TuneLearner& learner) {
    const TaskAdapter adapter = learnable(linears_, learner.start);
    LearnerState state;
    for (const at::Tensor& matrix : matrices_of(adapter)) {
      state.optimizer.values.push_back(matrix);
      state.optimizer.exp_avg.push_back(at::zeros_like(matrix));
      state.optimizer.exp_avg_sq.push_back(at::zeros_like(matrix));
    }
    adapters_.push_back(with_matrices(adapter, state.optimizer.values));  // what AdamW changes
    state_.learners.push_back(std::move(state));
    std::vector<std::size_t> sizes;
    for (const auto& list : learner.learned) sizes.push_back(list.size());
    sizes_.push_back(std::move(sizes));
  }

  bool finished() const {
    return state_.step >= rule_.steps ||
           std::all_of(state_.learners.begin(), state_.learners.end(),
                       [](const LearnerState& learner) { return learner.done; });
  }

  // Whether an evaluation comes behind the step that is done; of every so many evaluations the last.
  bool is_evaluation(std::int64_t every = 1) const {
    for (std::int64_t i = every; i <= rule_.evaluations; i += every) {
      if (evaluation_step(rule_, i) == state_.step) return true;
    }
    return false;
  }

  bool is_checkpoint() const { return is_evaluation(rule_.evaluations / rule_.checkpoints); }

  Lesson lesson_of(const TuneLesson& lesson, std::size_t learner) const {
    return {lesson.ids, lesson.answer, learner, lesson.teacher.empty() ? nullptr : &lesson.teacher,
            below_ ? below_->of(lesson) : std::span<const float>()};
  }

  // Where there is a place for them, and layers below the adapters.
  void keep_lower_states() {
    const std::int64_t lowest = lowest_layer(base_, adapters_);
    if (lowest == 0 || job_.state.empty()) return;
    std::vector<const TuneLesson*> lessons;
    for (const TuneLearner& learner : job_.learners) {
      for (const auto& list : learner.learned) {
        for (const TuneLesson& lesson : list) lessons.push_back(&lesson);
      }
      for (const TuneLesson& lesson : learner.left_out) lessons.push_back(&lesson);
    }
    std::filesystem::path path = job_.state;
    path += ".below";
    below_.emplace(workers_, base_, lowest, lessons, path, UINT64_MAX, observer_.should_stop);
  }

  // Those that have not ended, in order.
  std::vector<std::size_t> active() const {
    std::vector<std::size_t> learners;
    for (std::size_t i = 0; i < state_.learners.size(); ++i) {
      if (!state_.learners[i].done) learners.push_back(i);
    }
    return learners;
  }

  void learn() {
    const auto begun = Clock::now();
    const std::vector<std::size_t> learners = active();
    const auto batch = static_cast<std::size_t>(rule_.batch);
    std::vector<Lesson> lessons;
    for (const std::size_t i : learners) {
      const TuneLearner& learner = job_.learners[i];
      for (const LessonPlace& place :
           draw_lessons(sizes_[i], batch, rule_.seed, learner.name, state_.step)) {
        lessons.push_back(lesson_of(learner.learned[place.list][place.lesson], i));
      }
    }
    BatchGradient gradient = batch_gradient(workers_, base_, lessons, adapters_);
    std::vector<double> norms;
    for (std::size_t n = 0; n < learners.size(); ++n) {
      std::vector<at::Tensor>& own = gradient.gradients[learners[n]];
      for (const at::Tensor& each : own) each.mul_(1.0 / static_cast<double>(batch));
      norms.push_back(ops::gradient_norm(workers_, own));
      require_numbers(learners[n], mean_score(gradient, n * batch, batch).loss, norms.back());
    }
    const double rate = learning_rate_at(rule_, state_.step);
    for (std::size_t n = 0; n < learners.size(); ++n) {
      step_learner(learners[n], gradient.gradients[learners[n]], norms[n], rate);
    }
    ++state_.step;
    if (!observer_.on_step) return;
    observer_.on_step({state_.step, static_cast<std::int64_t>(learners.size()),
                       mean_score(gradient, 0, lessons.size()), rate, seconds_since(begun)});
  }

  void step_learner(std::size_t learner, const std::vector<at::Tensor>& gradients, double norm,
                    double rate) {
    ops::adamw_step(workers_,
                    {.learning_rate = rate,
                     .beta1 = rule_.beta1,
                     .beta2 = rule_.beta2,
                     .epsilon = rule_.epsilon,
                     .weight_decay = rule_.weight_decay},
                    state_.learners[learner].optimizer, gradients, norm, rule_.max_gradient_norm);
  }

  // Before any value is changed: what was learned so far is kept.
  void require_numbers(std::size_t learner, double loss, double norm) {
    if (std::isfinite(loss) && std::isfinite(norm)) return;
    if (state_.step > 0) save();
    fail_with(learner, state_.step + 1, cat("loss ", loss, ", gradient norm ", norm));
  }

  [[noreturn]] void fail_with(std::size_t learner, std::int64_t step,
                              const std::string& what) const {
    fail(ErrorKind::data, "tune: '", printable(job_.learners[learner].name), "': step ", step, ": ",
         what, " (too high a learning rate for this base or adapter? the last good state is kept)");
  }

  void evaluate() {
    const std::vector<std::size_t> learners = active();
    std::vector<Lesson> lessons;
    for (const std::size_t i : learners) {
      for (const TuneLesson& lesson : job_.learners[i].left_out) {
        lessons.push_back(lesson_of(lesson, i));
      }
    }
    BatchGradient losses;
    if (!lessons.empty()) losses = batch_losses(workers_, base_, lessons, adapters_);
    std::size_t first = 0;
    for (const std::size_t i : learners) {
      const std::size_t count = job_.learners[i].left_out.size();
      std::optional<TuneScore> score;
      if (count > 0) score = mean_score(losses, first, count);
      first += count;
      judge(i, score);
    }
  }

  void judge(std::size_t index, const std::optional<TuneScore>& score) {
    LearnerState& learner = state_.learners[index];
    if (score && observer_.on_evaluation) observer_.on_evaluation(index, state_.step, *score);
    if (state_.step == 0) {
      learner.before = score;
      return;
    }
    if (score && !std::isfinite(score->loss)) {
      fail_with(index, state_.step, cat("loss of what was left out ", score->loss));
    }
    const bool first = !score || learner.best.empty();
    const bool better = first || score->loss < learner.best_score->loss;
    const bool gets_on = first || score->loss < learner.best_score->loss - kLeastGain;
    learner.misses = gets_on ? 0 : learner.misses + 1;
    if (better) {
      learner.best = copies_of(learner.optimizer.values);
      learner.best_step = state_.step;
      learner.best_score = score;
    }
    const bool ends =
        state_.step >= rule_.steps || (rule_.patience > 0 && learner.misses >= rule_.patience);
    if ((better && is_checkpoint()) || ends) tell_checkpoint(index);
    learner.done = ends;
  }

  void tell_checkpoint(std::size_t index) {
    LearnerState& learner = state_.learners[index];
    if (learner.told_step == learner.best_step) return;
    learner.told_step = learner.best_step;
    if (!observer_.on_checkpoint) return;
    adapter::LoraAdapter adapter = job_.learners[index].start;
    write_back(linears_, with_matrices(adapters_[index], learner.best), adapter);
    observer_.on_checkpoint(index, learner.best_step, adapter);
  }

  // What was told last before an interruption: who listens may have lost it.
  void tell_again() {
    for (std::size_t i = 0; i < state_.learners.size(); ++i) {
      LearnerState& learner = state_.learners[i];
      if (learner.told_step == 0 || learner.told_step != learner.best_step) continue;
      learner.told_step = 0;
      tell_checkpoint(i);
    }
  }

  void save() {
    saved_ = Clock::now();
    if (!job_.state.empty()) save_tune_state(state_, job_.identity, job_.state);
  }

  TuneResult result() const {
    TuneResult result;
    result.finished = finished();
    for (const LearnerState& learner : state_.learners) {
      result.learners.push_back(
          {learner.best_step, learner.optimizer.step, learner.before, learner.best_score});
    }
    return result;
  }

  const ops::Workers& workers_;
  std::vector<Linear*> linears_;
  LearningBase base_;
  const TuneJob& job_;
  const TuneRule& rule_;
  const TuneObserver& observer_;
  std::vector<TaskAdapter> adapters_;            // of each learner; their tensors are the states'
  std::vector<std::vector<std::size_t>> sizes_;  // of each learner's lists
  TuneState state_;
  std::optional<LowerStates> below_;
  Clock::time_point saved_;
};

}  // namespace

TuneResult tune(const ops::Workers& workers, Weights& weights, const ModelConfig& config,
                const TuneJob& job, const TuneObserver& observer) {
  const c10::InferenceMode off(false);  // tensors that autograd may see
  return Tuning(workers, weights, config, job, observer).run();
}

}  // namespace dnd::lm::learn
