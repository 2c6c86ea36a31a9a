// dnd train: tasks with their adapters or answers in, a generator out.
#include <optional>
#include <thread>

#include "base/log.h"
#include "base/strings.h"
#include "chat_options.h"
#include "context.h"
#include "engine_loader.h"
#include "progress.h"
#include "source_options.h"
#include "stop_signal.h"
#include "tasks/train_template.h"
#include "train_estimate.h"
#include "training/run_training.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

struct TrainOptions {
  fs::path config;
  fs::path out;
  fs::path work;  // empty: OUT.train
  std::string encoder;
  chat::ChatOptions chat;
  EngineOptions engine = {.precision = "exact"};
  bool resume = false;
  bool force = false;
  bool dry_run = false;
  bool show_template = false;
};

// What the user sees of a training.
class Monitor : public training::Observer {
 public:
  Monitor(const tasks::TrainConfig& config, Progress& progress)
      : config_(config), progress_(progress) {}

  void on_stage(const std::string& what) override { progress_.stage(what); }
  void on_share(double done) override { progress_.update(done); }

  void on_processes(const ProcessPlace& place) override {
    if (place.rank > 0) return progress_.silence();
    if (place.size > 1) log_info(cat("train: ", place.size, " processes share every batch"));
  }

  void on_ready() override { stop_on_signals(); }

  void on_start(std::int64_t done) override {
    first_step_ = done;
    const std::string from = done == 0 ? "" : cat(", ", done, " of them done");
    progress_.stage(cat("train ", config_.steps, " steps", from));
  }

  void on_step(const StepMetrics& m) override {
    last_loss_ = m.loss;
    const double rate = static_cast<double>(config_.batch) / m.seconds;
    const std::string text =
        cat("step ", m.step, "/", config_.steps, ", loss ", significant_digits(m.loss, 4), ", ",
            significant_digits(rate, 4), " examples/s");
    progress_.note(text);
    const bool new_tenth = 10 * m.step / config_.steps != 10 * (m.step - 1) / config_.steps;
    if (new_tenth) progress_.say(text);
    progress_.update(static_cast<double>(m.step - first_step_) /
                     static_cast<double>(config_.steps - first_step_));
  }

  bool should_stop() override { return stop_requested(); }

  std::optional<double> last_loss() const { return last_loss_; }

 private:
  const tasks::TrainConfig& config_;
  Progress& progress_;
  std::int64_t first_step_ = 0;
  std::optional<double> last_loss_;
};

training::Request request_of(const TrainOptions& options) {
  const fs::path work = options.work.empty() ? training::default_work(options.out) : options.work;
  return {options.config,           options.out,    work,          options.encoder,
          options.engine.precision, options.resume, options.force, options.chat};
}

void print_cost(const Context& context, const TrainOptions& options,
                const training::Inputs& inputs) {
  const int threads = options.engine.threads > 0
                          ? options.engine.threads
                          : static_cast<int>(std::thread::hardware_concurrency());
  print_training_estimate(context, inputs.config,
                          tasks::estimate_training(inputs.config, inputs.set, threads),
                          text::sources_json(inputs.set.sources));
}

void report_stop(Context& context, const training::Request& request, std::int64_t all_steps,
                 const training::Outcome& outcome) {
  context.exit_code = kInterrupted;
  if (!outcome.first) return;
  if (outcome.encoded < 1.0) {
    log_info(cat("the prompts encoded so far, ", significant_digits(100.0 * outcome.encoded, 3),
                 " % of them, are kept"));
  }
  log_warning(cat("stopped after step ", outcome.result.steps, " of ", all_steps,
                  "; go on with: dnd train --config ", request.config.string(), " --out ",
                  request.out.string(), " --work ", request.work.string(), " --resume"));
}

void report_bundle(const Context& context, const training::Request& request,
                   const training::Outcome& outcome, std::optional<double> loss) {
  if (!context.json) return print_line(request.out.string());
  Json json = {{"path", request.out.string()},
               {"parameters", outcome.bundle->decoder_parameters()},
               {"sha256", outcome.bundle->weights_sha256},
               {"steps", outcome.result.steps},
               {"work", request.work.string()}};
  if (loss) json["loss"] = *loss;
  print_json(json);
}

void run_train(Context& context, const TrainOptions& options) {
  if (options.show_template) return print_line(trimmed(tasks::train_template()));
  if (options.config.empty()) fail(ErrorKind::usage, "train: --config is required");
  if (options.out.empty()) fail(ErrorKind::usage, "train: --out is required");
  Progress progress(context.quiet);
  progress.stage("check the tasks");
  const training::Inputs inputs = training::read_inputs(options.config);
  progress.clear();
  const training::Request request = request_of(options);
  if (options.dry_run) {
    training::check_places(request, inputs.config);
    training::encoder_of(request, inputs.config);
    training::chat_of(request, inputs);
    return print_cost(context, options, inputs);
  }
  Monitor monitor(inputs.config, progress);
  const training::Outcome outcome = training::run_training(
      request, inputs, [&] { return open_engine(with_own_device(options.engine)); }, monitor);
  progress.clear();
  if (outcome.was_finished && outcome.first) {
    log_info(cat(request.out.string(), ": finished already"));
  }
  if (!outcome.result.finished) {
    report_stop(context, request, inputs.config.steps, outcome);
  } else if (outcome.first) {
    report_bundle(context, request, outcome, monitor.last_loss());
  }
}

}  // namespace

void add_train(CLI::App& program, Context& context) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_command(
      program, context, "train", "Tasks with their adapters or answers in, a generator out",
      {{"dnd train --template > train.json", "a configuration to begin with"},
       {"dnd train --config train.json --out BUNDLE", "state and metrics in BUNDLE.train"},
       {"dnd train --config train.json --out BUNDLE --resume", "after Ctrl-C, a crash, a kill"},
       {"dnd train --config train.json --out BUNDLE --dry-run", "checks the data, says the cost"}},
      [&context, options] { run_train(context, *options); });
  command.add_option("-c,--config", options->config, "What to train on what (docs/training.md)");
  command.add_option("-o,--out", options->out, "Bundle folder to make");
  command.add_flag("--template", options->show_template,
                   "Print a configuration with every key, explained, and nothing else");
  command.add_option("--work", options->work,
                     "Folder of state, metrics and conditions (default OUT.train)");
  command.add_option("--encoder", options->encoder,
                     "Text encoder folder, or GloVe file (default: found by name)");
  command.add_flag("--resume", options->resume, "Go on from the saved state, bit for bit");
  command.add_flag("--dry-run", options->dry_run, "Check the data and print what it would cost");
  command.add_flag("-f,--force", options->force,
                   "Replace an existing bundle; begin anew where a state is saved");
  add_chat_options(command, options->chat);
  add_engine_options(command, options->engine);
  command
      .add_option("--precision", options->engine.precision,
                  "exact (fp32), or bf16 (LibTorch's autocast, as released)")
      ->check(CLI::IsMember({"exact", "bf16"}))
      ->capture_default_str();
}

}  // namespace dnd::app
