#include "tuning/run_tuning.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "adapter/files/artefact.h"
#include "base/file_lock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "base/version.h"
#include "tasks/metrics_file.h"
#include "tuning/base_fingerprint.h"
#include "tuning/plan.h"
#include "tuning/start_adapter.h"
#include "tuning/task_lessons.h"
#include "tuning/teacher.h"

namespace dnd::tuning {
namespace fs = std::filesystem;
namespace {

// With fewer answers than this that a context changes, there is little to learn from it.
constexpr double kFewChanges = 0.1;
// What begins the engine's words about a file to go on from.
constexpr const char* kStateMark = "state: ";

// All that is learned, by task in the order of the file.
struct Inputs {
  std::vector<tasks::Task> tasks;
  std::vector<TaskLessons> lessons;
  std::vector<std::vector<Taught>> taught;  // with a teacher, else empty
};

std::string padded_number(std::size_t number) {
  std::string text = cat(number);
  return std::string(text.size() < 4 ? 4 - text.size() : 0, '0') + text;
}

const char* schedule_name(TuneSchedule schedule) {
  switch (schedule) {
    case TuneSchedule::cosine:
      return "cosine";
    case TuneSchedule::linear:
      return "linear";
    case TuneSchedule::constant:
      return "constant";
  }
  return "";
}

const char* distill_name(Distill distill) {
  switch (distill) {
    case Distill::none:
      return "none";
    case Distill::hard:
      return "hard";
    case Distill::soft:
      return "soft";
  }
  return "";
}

std::string fingerprint_of(const adapter::LoraAdapter& adapter) {
  Sha256 hash;
  for (const adapter::LoraPair& pair : adapter.pairs) {
    hash.update(cat(pair.module, " ", pair.rank, " ", pair.scale, " "));
    hash.update(std::as_bytes(std::span(pair.a)));
    hash.update(std::as_bytes(std::span(pair.b)));
  }
  return hash.hex();
}

// What must be equal where a call goes on; `start`: the fingerprint of the adapter to begin with.
Json identity_of(const Request& request, const LanguageModel& model, const chat::BaseChat& chat,
                 const std::string& start, const Inputs& inputs) {
  const TuneRule& rule = request.rule;
  const LanguageModelInfo info = model.info();
  const Json joint =
      request.joint ? Json(cat(request.joint->steps, "x", request.joint->batch)) : Json(nullptr);
  return {{"base", cat(info.architecture, ", ", info.parameters, " parameters",
                       info.quantization.empty() ? "" : ", " + info.quantization)},
          {"chat", json_line(chat.record())},
          {"weights", base_fingerprint(request.base)},
          {"start", start},
          {"lessons", request.distill == Distill::none ? fingerprint(inputs.lessons)
                                                       : fingerprint(inputs.tasks)},
          {"validation", request.validation},
          {"ask", request.ask == tasks::Ask::bare ? "bare" : "prompt"},
          {"distill", distill_name(request.distill)},
          {"max_tokens", request.distill == Distill::none ? 0 : request.teacher_tokens},
          {"joint", joint},
          {"seed", rule.seed},
          {"steps", rule.steps},
          {"batch", rule.batch},
          {"learning_rate", rule.learning_rate},
          {"schedule", schedule_name(rule.schedule)},
          {"keep", rule.checkpoints},
          {"patience", rule.patience}};
}

class Run {
 public:
  Run(const Request& request, std::vector<tasks::Task> tasks, const target::BaseModel& base,
      LanguageModel& model, const chat::BaseChat& chat, Observer& observer)
      : request_(request),
        base_(base),
        model_(model),
        chat_(chat),
        maker_(model, chat, request.ask),
        observer_(observer),
        plan_(request, inputs_.lessons) {
    inputs_.tasks = std::move(tasks);
  }

  bool run() {
    check_out(request_);
    start_ = start_adapter(request_, base_);
    request_.distill == Distill::none ? read_lessons() : read_contexts();
    const FileLock lock(request_.lock(), "another dnd tune");
    identity_ = identity_of(request_, model_, chat_, fingerprint_of(start_), inputs_);
    record_.emplace(request_, identity_);
    if (request_.distill != Distill::none && !ask_teacher()) return false;
    if (request_.joint && !learn_joint()) return false;
    if (request_.joint_only) return true;
    for (std::size_t first = 0; first < inputs_.lessons.size(); first = plan_.end_of_group(first)) {
      if (!learn_group(first)) return false;
    }
    write_tasks_file(request_, inputs_.lessons[0].name);
    return true;
  }

 private:
  void read_lessons() {
    for (const tasks::Task& task : inputs_.tasks) {
      inputs_.lessons.push_back(lessons_of(task, maker_, request_));
    }
  }

  void read_contexts() {
    for (const tasks::Task& task : inputs_.tasks) {
      inputs_.taught.push_back(prompts_to_teach(maker_, task, request_));
    }
  }

  // False where it was stopped.
  bool ask_teacher() {
    for (std::size_t i = 0; i < inputs_.tasks.size(); ++i) {
      const tasks::Task& task = inputs_.tasks[i];
      observer_.on_stage(cat("task '", printable(task.name), "': the teacher's answers"));
      teach(
          model_, inputs_.taught[i], request_, identity_.at("weights").get<std::string>(),
          request_.work() / cat("teacher-", padded_number(i)),
          [&](double share) { observer_.on_share(share); },
          [&] { return observer_.should_stop(); });
      if (observer_.should_stop()) return false;
      inputs_.lessons.push_back(lessons_of(task, inputs_.taught[i], request_));
    }
    return true;
  }

  // The joint adapter, from which the tasks' then start.
  bool learn_joint() {
    if (const FinishedAdapter* finished = record_->find("")) {
      tell(*finished);
      start_from(finished->path);
      return true;
    }
    TuneJob job = plan_.joint_job(start_);
    if (!learn(job, {kJoint, 0})) return false;
    start_from(record_->find("")->path);
    return true;
  }

  void start_from(const fs::path& adapter) {
    start_ = adapter_at(adapter);
    identity_["start"] = fingerprint_of(start_);
  }

  bool learn_group(std::size_t first) {
    std::vector<const FinishedAdapter*> finished;
    for (std::size_t i = first; i < plan_.end_of_group(first); ++i) {
      const FinishedAdapter* const one = record_->find(inputs_.lessons[i].name);
      if (one != nullptr) finished.push_back(one);
    }
    if (finished.size() == plan_.end_of_group(first) - first) {
      for (const FinishedAdapter* const one : finished) tell(*one);
      return true;
    }
    TuneJob job = plan_.group_job(first, start_);
    return learn(job, {cat("tasks-", padded_number(first)), first});
  }

  // A stage's name among the files of the work folder, and its first task.
  struct StagePlace {
    std::string name;
    std::size_t first = 0;
  };

  bool learn(TuneJob& job, const StagePlace& place) {
    job.state = request_.work() / (place.name + ".safetensors");
    job.resume = path_exists(job.state);
    job.identity = json_line(identity_);
    const bool joint = place.name == kJoint;
    Stage stage{{},
                static_cast<std::int64_t>(joint ? 1 : plan_.stage_of(place.first)),
                static_cast<std::int64_t>(plan_.stages()),
                job.rule.steps,
                job.rule.batch * static_cast<std::int64_t>(job.learners.size())};
    for (const TuneLearner& learner : job.learners) stage.names.push_back(learner.name);
    std::optional<tasks::MetricsFile> metrics;
    const TuneResult result = tuned(job, hears(stage, place, metrics));
    if (!result.finished) return false;
    for (std::size_t i = 0; i < result.learners.size(); ++i) {
      finish(joint, place.first + i, result.learners[i]);
    }
    std::error_code left;  // what cannot be removed does no harm
    fs::remove(job.state, left);
    return true;
  }

  TuneResult tuned(const TuneJob& job, const TuneObserver& told) {
    try {
      return model_.tune(job, told);
    } catch (const Error& error) {
      const std::string what = error.what();
      if (!job.resume || !what.starts_with(kStateMark)) throw;
      throw Error(error.kind(), what + " (without this file the stage begins again)");
    }
  }

  // Of a stage, `metrics` included, which must outlive it.
  TuneObserver hears(const Stage& stage, const StagePlace& place,
                     std::optional<tasks::MetricsFile>& metrics) {
    TuneObserver told;
    told.on_start = [&](std::int64_t done) {
      metrics.emplace(request_.work() / (place.name + ".jsonl"), done);
      observer_.on_learning(stage, done);
    };
    told.on_step = [&](const TuneStep& step) {
      metrics->add({{"step", step.step},
                    {"loss", step.score.loss},
                    {"right", step.score.right},
                    {"learning_rate", step.learning_rate},
                    {"seconds", step.seconds}});
      observer_.on_step(stage, step);
    };
    told.on_evaluation = [&](std::size_t learner, std::int64_t step, const TuneScore& score) {
      metrics->add({{"step", step},
                    {"name", stage.names[learner]},
                    {"left_out_loss", score.loss},
                    {"left_out_right", score.right}});
      observer_.on_evaluation(stage.names[learner], step, score);
    };
    const bool joint = place.name == kJoint;
    told.on_checkpoint = [&, joint](std::size_t learner, std::int64_t step,
                                    const adapter::LoraAdapter& adapter) {
      write(folder_of(joint, stage.names[learner]) / cat(step), adapter, step);
    };
    told.should_stop = [&] { return observer_.should_stop(); };
    return told;
  }

  fs::path folder_of(bool joint, const std::string& task) const {
    return joint ? request_.joint_folder() : request_.task_folder(task);
  }

  void finish(bool joint, std::size_t task, const TuneOutcome& outcome) {
    FinishedAdapter finished;
    if (!joint) finished.task = inputs_.lessons[task].name;
    finished.path = folder_of(joint, finished.task) / cat(outcome.best_step);
    finished.outcome = outcome;
    if (!joint && request_.distill != Distill::none) compare_with_teacher(task, finished);
    record_->add(finished);
    tell(finished);
  }

  void tell(const FinishedAdapter& finished) {
    warn_about(finished);
    observer_.on_adapter(finished);
  }

  void compare_with_teacher(std::size_t task, FinishedAdapter& finished) {
    observer_.on_stage(cat("task '", printable(finished.task), "': beside the teacher"));
    const Agreement agreement =
        compare(model_, inputs_.taught[task], adapter_at(finished.path), request_, finished.task);
    model_.use_adapter(nullptr);
    if (agreement.prompts == 0) return;
    finished.base_agrees = agreement.base;
    finished.adapted_agrees = agreement.adapted;
    finished.saved_tokens = inputs_.lessons[task].saved_tokens;
  }

  void warn_about_few_changes(const FinishedAdapter& finished) const {
    if (!finished.base_agrees || 1.0 - *finished.base_agrees >= kFewChanges) return;
    log_warning(cat("task '", printable(finished.task), "': without its context the base answers ",
                    fixed_digits(100.0 * *finished.base_agrees, 0),
                    " % of the prompts left out as with it: there is little to learn (a small base "
                    "ignores many a system text)"));
  }

  void warn_about(const FinishedAdapter& finished) const {
    warn_about_few_changes(finished);
    const TuneOutcome& outcome = finished.outcome;
    if (!outcome.before || !outcome.after || outcome.after->loss < outcome.before->loss) return;
    log_warning(
        cat(finished.task.empty() ? "the joint adapter" : "task '" + printable(finished.task) + "'",
            ": on questions left out the loss is not lower than before (",
            significant_digits(outcome.before->loss, 5), ", then ",
            significant_digits(outcome.after->loss, 5), "): nothing that holds was learned"));
  }

  adapter::LoraAdapter adapter_at(const fs::path& path) const {
    Request read = request_;
    read.from = path;
    return start_adapter(read, base_);
  }

  void write(const fs::path& path, adapter::LoraAdapter adapter, std::int64_t step) const {
    adapter.metadata["dnd.tuned_steps"] = cat(step);
    adapter.metadata["dnd.seed"] = cat(request_.rule.seed);
    adapter.metadata["dnd.version"] = version();
    adapter::note_base(adapter, base_.architecture, base_.heads);
    adapter.task_type = "CAUSAL_LM";
    adapter::WriteOptions options;
    options.dtype = "f32";
    options.base = &base_;
    options.architecture = base_.architecture;
    options.heads = base_.heads;
    options.on_existing = OnExisting::replace;  // of a step that was made again
    write_artefact({adapter::AdapterFormat::peft, path}, adapter, options);
  }

  const Request& request_;
  const target::BaseModel& base_;
  LanguageModel& model_;
  const chat::BaseChat& chat_;
  LessonMaker maker_;
  Observer& observer_;
  Inputs inputs_;
  Plan plan_;
  adapter::LoraAdapter start_;
  Json identity_;  // of the stage at hand
  std::optional<Record> record_;
};

}  // namespace

bool run_tuning(const Request& request, std::vector<tasks::Task> tasks,
                const target::BaseModel& base, LanguageModel& model, const chat::BaseChat& chat,
                Observer& observer) {
  return Run(request, std::move(tasks), base, model, chat, observer).run();
}

}  // namespace dnd::tuning
