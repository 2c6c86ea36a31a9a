// dnd tune: tasks with answers in, one adapter each out.
#include <sys/resource.h>

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "engine_loader.h"
#include "progress.h"
#include "source_options.h"
#include "stop_signal.h"
#include "target/base_model.h"
#include "tune_options.h"
#include "tuning/run_tuning.h"
#include "tuning/tuning_cost.h"

namespace dnd::app {
namespace {

using tuning::FinishedAdapter;
using tuning::Stage;

std::string percent(double share) { return fixed_digits(100.0 * share, 0) + " %"; }

// What the user sees of a tuning.
class TuneMonitor : public tuning::Observer {
 public:
  TuneMonitor(const Context& context, Progress& progress)
      : context_(context), progress_(progress) {}

  void on_stage(const std::string& what) override { progress_.stage(what); }
  void on_share(double done) override { progress_.update(done); }

  void on_learning(const Stage& stage, std::int64_t done) override {
    first_step_ = done;
    scores_.clear();
    const std::string from = done == 0 ? "" : cat(", ", done, " of them done");
    progress_.stage(
        cat(name_of(stage), ": ", stage.steps, " steps of ", stage.questions, " questions", from));
  }

  void on_step(const Stage& stage, const TuneStep& step) override {
    const std::string text = cat(name_of(stage), ": step ", step.step, "/", stage.steps, ", loss ",
                                 significant_digits(step.score.loss, 3), ", right ",
                                 percent(step.score.right), left_out());
    progress_.note(text);
    if (10 * step.step / stage.steps != 10 * (step.step - 1) / stage.steps) progress_.say(text);
    progress_.update(static_cast<double>(step.step - first_step_) /
                     static_cast<double>(stage.steps - first_step_));
  }

  void on_evaluation(const std::string& name, std::int64_t /*step*/,
                     const TuneScore& score) override {
    scores_[name] = score;
  }

  void on_adapter(const FinishedAdapter& adapter) override {
    progress_.clear();
    log_info(report(adapter));
    if (!context_.json) return print_line(adapter.path.string());
    Json json = {{"path", adapter.path.string()}};
    json.update(finished_json(adapter));
    print_json(json);
  }

  bool should_stop() override { return stop_requested(); }

 private:
  static std::string name_of(const Stage& stage) {
    std::string names = printable(stage.names[0]);
    if (stage.names.size() > 1) names += cat(" and ", stage.names.size() - 1, " more");
    return stage.of > 1 ? cat("[", stage.number, "/", stage.of, "] ", names) : names;
  }

  // What was judged last, on average over those that are learned side by side.
  std::string left_out() const {
    if (scores_.empty()) return "";
    TuneScore mean;
    for (const auto& [name, score] : scores_) {
      mean.loss += score.loss / static_cast<double>(scores_.size());
      mean.right += score.right / static_cast<double>(scores_.size());
    }
    return cat("; left out: loss ", significant_digits(mean.loss, 3), ", right ",
               percent(mean.right));
  }

  static std::string report(const FinishedAdapter& adapter) {
    std::string text = adapter.task.empty() ? "the joint adapter" : printable(adapter.task);
    text += cat(": best after step ", adapter.outcome.best_step, " of ", adapter.outcome.steps);
    if (adapter.outcome.before && adapter.outcome.after) {
      const TuneScore& before = *adapter.outcome.before;
      const TuneScore& after = *adapter.outcome.after;
      text += cat("; questions left out: loss ", significant_digits(before.loss, 3), " -> ",
                  significant_digits(after.loss, 3), ", right ", percent(before.right), " -> ",
                  percent(after.right));
    }
    if (adapter.base_agrees) {
      text += cat("; answers as with its context: ", percent(*adapter.base_agrees), " -> ",
                  percent(*adapter.adapted_agrees), ", ", fixed_digits(*adapter.saved_tokens, 0),
                  " tokens saved a call");
    }
    return text;
  }

  const Context& context_;
  Progress& progress_;
  std::int64_t first_step_ = 0;
  std::map<std::string, TuneScore> scores_;  // by learner
};

std::uint64_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024U;
}

std::string duration_text(double seconds) {
  const std::int64_t whole = std::llround(seconds);
  if (whole < 60) return cat(whole, " s");
  if (whole < 3600) return cat(whole / 60, " min");
  return cat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

void print_cost(const Context& context, const tuning::Request& request,
                const tuning::TuneCost& cost) {
  const std::uint64_t disk = cost.adapter_bytes * static_cast<std::uint64_t>(cost.adapters);
  if (context.json) {
    return print_json({{"tasks", cost.tasks},
                       {"questions", cost.questions},
                       {"left_out", cost.left_out},
                       {"mean_tokens", cost.tokens},
                       {"longest_tokens", cost.longest},
                       {"adapters", cost.adapters},
                       {"adapter_bytes", cost.adapter_bytes},
                       {"disk_bytes", disk + cost.state_bytes},
                       {"memory_bytes", peak_bytes()},
                       {"seconds", cost.seconds}});
  }
  print_line(cat("tasks        ", cost.tasks));
  print_line(cat("questions    ", cost.questions, " to learn from, ", cost.left_out, " left out; ",
                 fixed_digits(cost.tokens, 0), " tokens on average, the longest ", cost.longest));
  print_line(cat("steps        ", request.joint ? cat(request.joint->steps, " joint, then ") : "",
                 request.joint_only ? "no others" : cat(request.rule.steps, " of each task")));
  print_line(cat("adapters     ", cost.adapters, " at most, ", human_bytes(cost.adapter_bytes),
                 " each; while it learns ", human_bytes(cost.state_bytes), " more on the disk"));
  print_line(cat("memory       ", human_bytes(peak_bytes()), " (peak of the step that was made)"));
  print_line(
      cat("time         ", duration_text(cost.seconds),
          " (as long as that step took; early stopping ends sooner",
          request.distill == tuning::Distill::none ? ")" : "; the teacher's is not counted)"));
}

void report_stop(Context& context, const tuning::Request& request) {
  context.exit_code = kInterrupted;
  log_warning(cat("stopped; the same call with --resume goes on (", request.out.string(), ")"));
}

void run_tune(Context& context, TuneOptions options) {
  const formats::ModelPlace place = base_place(options.request.base);
  options.request.base = place.path;
  if (options.request.base_name.empty()) options.request.base_name = place.hub_name;
  const tuning::Request request = request_of(options);
  tuning::check_out(request);
  std::vector<tasks::Task> tasks = tuning::read_tasks(request);  // before the base is read
  const target::BaseModel base = target::read_base_model(request.base);
  if (request.base_name.empty() && base.name.empty()) {
    log_warning(
        "no --name, and the base does not say its own: adapters will not name their base "
        "(base_model_name_or_path: null)");
  }
  const chat::BaseChat chat = open_chat(request.base, options.chat);
  const std::unique_ptr<Engine> engine =
      open_engine({.threads = options.threads, .precision = "exact"});
  const std::unique_ptr<LanguageModel> model = load_base(*engine, request.base, true);
  if (options.dry_run) {
    return print_cost(context, request, tuning::tuning_cost(request, tasks, base, *model, chat));
  }
  Progress progress(context.quiet);
  TuneMonitor monitor(context, progress);
  stop_on_signals();
  const bool finished = tuning::run_tuning(request, std::move(tasks), base, *model, chat, monitor);
  progress.clear();
  if (!finished) return report_stop(context, request);
  if (!request.joint_only) log_info(cat("for dnd train: ", request.tasks_file().string()));
}

}  // namespace

void add_tune(CLI::App& program, Context& context) {
  const auto options = std::make_shared<TuneOptions>();
  CLI::App& command = add_command(
      program, context, "tune", "Questions with answers in, adapters out",
      {{"dnd tune --base model.gguf --tasks questions.csv --out tuned", "one task, one adapter"},
       {"dnd tune --base BASE/ --tasks tasks.json --out tuned --joint 200x32 --rank 4",
        "all tasks in one adapter first, then each its own"},
       {"dnd tune --base BASE/ --tasks tasks.json --out tuned --resume", "after Ctrl-C, a kill"},
       {"dnd tune --base BASE/ --tasks tasks.json --out tuned --distill hard",
        "without answers: from each task's `context`"}},
      [&context, options] { run_tune(context, *options); });
  add_tune_options(command, *options);
}

}  // namespace dnd::app
