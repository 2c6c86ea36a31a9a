// dnd train: tasks with their adapters in, a generator out.
#include <unistd.h>

#include <csignal>
#include <optional>
#include <thread>
#include <utility>

#include "adapter/weight_codec.h"
#include "base/file_lock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"
#include "bundle/channel_exponents.h"
#include "bundle/write_bundle.h"
#include "context.h"
#include "dnd/trainer.h"
#include "engine_loader.h"
#include "eval/selections.h"
#include "generate/generator.h"
#include "generate/prompt_encoder.h"
#include "progress.h"
#include "source_options.h"
#include "tasks/checkpoint.h"
#include "tasks/conditions_plan.h"
#include "tasks/metrics_file.h"
#include "tasks/train_config.h"
#include "tasks/training_targets.h"
#include "tasks/work_folder.h"
#include "train_estimate.h"

namespace dnd::app {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxTargetBytes = 4ULL << 30U;  // of tokens kept in memory
constexpr int kInterrupted = 130;

struct TrainOptions {
  fs::path config;
  fs::path out;
  fs::path work;  // empty: OUT.train
  std::string encoder;
  EngineOptions engine = {.precision = "exact"};
  bool resume = false;
  bool force = false;
  bool dry_run = false;
};

volatile std::sig_atomic_t stop_requested = 0;

// The first signal ends the training after the step at hand, the second at once.
void on_stop(int /*signal*/) {
  if (stop_requested != 0) ::_exit(kInterrupted);
  stop_requested = 1;
}

// One held-out task: which conditions it takes, what its own adapters are on average.
struct HeldOut {
  std::string name;
  std::vector<std::int64_t> rows;
  std::vector<double> own;  // flat; empty where it has no adapters
};

class TrainRun {
 public:
  TrainRun(Context& context, TrainOptions options)
      : context_(context), options_(std::move(options)), progress_(context.quiet) {
    if (options_.work.empty()) {
      options_.work = options_.out.lexically_normal();
      if (!options_.work.has_filename()) options_.work = options_.work.parent_path();
      if (options_.work == "." || options_.work == "..") options_.work = output_path(options_.out);
      options_.work += ".train";
    }
  }

  void run() {
    config_ = tasks::read_train_config(options_.config);
    set_ = tasks::read_task_set(config_.tasks);
    check_data();
    if (options_.dry_run) {
      const int threads = options_.engine.threads > 0
                              ? options_.engine.threads
                              : static_cast<int>(std::thread::hardware_concurrency());
      return print_training_estimate(context_, config_,
                                     tasks::estimate_training(config_, set_, threads));
    }
    check_places();
    generator_ = {config_.start.empty() ? options_.work : config_.start, config_.generator};
    encoder_ = generate::find_encoder(generator_, options_.encoder);
    encoder_key_ = tasks::encoder_key(config_.generator.condition, encoder_);
    read_targets();
    engine_ = open_engine(with_own_device(options_.engine));
    join_processes();
    lock_work();
    prepare_conditions();
    const TrainResult result = train();
    progress_.clear();
    if (!result.finished) return report_stop(result);
    if (is_first()) write_bundle(result);
  }

 private:
  // Of processes that train together, the first makes the files that all read, and says what happens.
  bool is_first() const { return place_.rank == 0; }

  void join_processes() {
    place_ = engine_->join_processes();
    if (!is_first()) progress_.silence();
    if (place_.size > 1 && is_first()) {
      log_info(cat("train: ", place_.size, " processes share every batch"));
    }
  }

  // One training a folder. What was free at first may have been taken and left since.
  void lock_work() {
    if (!is_first()) return;
    lock_.emplace(options_.work / tasks::kLockName, "another training");
    check_places();
  }

  fs::path state() const { return options_.work / tasks::kStateName; }

  void check_data() {
    if (set_.train.empty()) {
      fail(ErrorKind::data, "train: ", config_.tasks.string(), ": no tasks to train on");
    }
    const std::int64_t needed = config_.generator.condition.prompts;
    for (const tasks::Task& task : set_.train) {
      if (static_cast<std::int64_t>(task.prompts.size()) >= needed) continue;
      log_warning(cat("task '", printable(task.name), "' has ", task.prompts.size(),
                      " prompts, the generator takes ", needed, ": they are repeated"));
    }
    progress_.stage("check the checkpoints");
    std::vector<tasks::Task> all = set_.train;
    all.insert(all.end(), set_.held_out.begin(), set_.held_out.end());
    tasks::check_checkpoints(config_.generator.layout, all);
    progress_.clear();
  }

  // Before anything is computed: the bundle can be made, the work folder is free or goes on.
  void check_places() const {
    check_output(options_.out, bundle::bundle_folder(), options_.force,
                 {options_.config, config_.tasks, config_.start, options_.encoder});
    check_place(options_.work);
    const bool saved = is_occupied(state());
    if (!options_.resume) {
      check_replaceable(state(), tasks::state_file());
      check_replaceable(options_.work / tasks::kMetricsName, tasks::metrics_file());
      check_replaceable(options_.work / tasks::kStartName, tasks::start_folder());
    }
    if (options_.resume && !saved) {
      fail(ErrorKind::no_input, "train: --resume: ", state().string(), ": not found");
    }
    if (saved && !options_.resume && !options_.force) {
      fail(ErrorKind::cannot_create, state().string(),
           ": holds a training already (--resume goes on with it, --force begins anew)");
    }
  }

  void read_targets() {
    progress_.stage("read the checkpoints");
    targets_.emplace(config_, set_.train, kMaxTargetBytes,
                     [&](std::size_t done, std::size_t total) {
                       progress_.update(static_cast<double>(done) / static_cast<double>(total));
                     });
    if (config_.evaluate_every == 0) return;
    for (const tasks::Task& task : set_.held_out) held_out_.push_back(read_held_out(task));
  }

  HeldOut read_held_out(const tasks::Task& task) {
    HeldOut out{task.name, {}, {}};
    const auto needed = static_cast<std::size_t>(config_.generator.condition.prompts);
    for (const std::string& prompt :
         eval::draw_prompts(task.prompts, needed, /*seed=*/0, /*draw=*/0)) {
      out.rows.push_back(prompts_.row(prompt));
    }
    out.own = tasks::mean_target(config_, task);
    return out;
  }

  void prepare_conditions() {
    for (const tasks::Task& task : set_.train) {
      TrainTask entry{{}, task.checkpoints.size()};
      for (const std::string& prompt : task.prompts) entry.prompts.push_back(prompts_.row(prompt));
      job_tasks_.push_back(std::move(entry));
    }
    const auto plan =
        tasks::conditions_plan(config_.generator.condition, encoder_key_, prompts_.texts());
    const fs::path path = options_.work / tasks::kConditionsName;
    if (is_first() && !tasks::has_conditions(path, plan)) {
      progress_.stage(cat("encode ", plan.prompts, " prompts"));
      const generate::PromptEncoder encoder(*engine_, generator_, encoder_);
      tasks::write_conditions(
          path, plan, prompts_.texts(),
          [&](const auto& texts) { return encoder.encode(texts).values.values; },
          [&](double share) { progress_.update(share); });
    }
    engine_->require_same("the conditions' key (prompts, encoder)", plan.key);
    conditions_.emplace(path, plan);
  }

  // The weights to begin with: of the bundle to start from, or random ones.
  fs::path start_weights() const {
    if (!config_.start.empty()) return bundle::checked_weights(config_.start);
    const fs::path folder = options_.work / tasks::kStartName;
    bundle::GeneratorConfig config = config_.generator;
    config.weights_dtype = Dtype::f32;
    config.residual = false;
    if (is_first()) {
      bundle::create_untrained(std::move(config), config_.seed, folder, OnExisting::replace, {});
    }
    return folder / bundle::kDecoderWeightsName;
  }

  std::vector<float> mean_tokens() const {
    if (!config_.residual) return {};
    return config_.start.empty() ? targets_->mean_tokens() : tasks::start_mean_tokens(config_);
  }

  std::string identity() const {
    Json json = tasks::train_identity(config_);
    json["data"] = targets_->sha256();
    json["encoder"] = encoder_key_;
    json["precision"] = options_.engine.precision;
    return json_line(json);
  }

  TrainJob make_job() {
    TrainJob job;
    job.config = &config_;
    job.state = state();
    job.resume = options_.resume;
    if (!job.resume) job.start = start_weights();
    job.identity = identity();
    job.conditions = conditions_->values();
    job.conditions_file = conditions_->path();
    job.tasks = job_tasks_;
    job.target = [this](std::size_t task, std::size_t checkpoint, std::span<float> tokens) {
      targets_->read(task, checkpoint, tokens);
    };
    job.cell_weights = targets_->cell_weights();
    job.cells = targets_->cells();
    job.update_weights = targets_->update_weights();
    job.mean_tokens = mean_tokens_ = mean_tokens();
    return job;
  }

  TrainResult train() {
    const TrainJob job = make_job();
    engine_->require_same("the configuration or the training data", job.identity);
    TrainObserver observer;
    observer.on_start = [this](std::int64_t done) { on_start(done); };
    observer.on_step = [this](const StepMetrics& metrics) { on_step(metrics); };
    observer.on_evaluate = [this](std::int64_t step, const GenerateTokens& generate) {
      on_evaluate(step, generate);
    };
    observer.should_stop = [] { return stop_requested != 0; };
    std::signal(SIGINT, on_stop);
    std::signal(SIGTERM, on_stop);
    return engine_->train(job, observer);
  }

  void on_start(std::int64_t done) {
    first_step_ = done;
    if (!is_first()) return;
    metrics_.emplace(options_.work / tasks::kMetricsName, done);
    const std::string from = done == 0 ? "" : cat(", ", done, " of them done");
    progress_.stage(cat("train ", config_.steps, " steps", from));
  }

  void on_step(const StepMetrics& m) {
    if (!metrics_) return;
    const double rate = static_cast<double>(config_.batch) / m.seconds;
    last_loss_ = m.loss;
    const bool last = m.step == config_.steps;
    if (last || m.step % config_.log_every == 0) {
      metrics_->add({{"step", m.step},
                     {"loss", m.loss},
                     {"gradient_norm", m.gradient_norm},
                     {"learning_rate", m.learning_rate},
                     {"examples_per_second", rate}});
    }
    const std::string text =
        cat("step ", m.step, "/", config_.steps, ", loss ", significant_digits(m.loss, 4), ", ",
            significant_digits(rate, 4), " examples/s");
    progress_.note(text);
    const bool new_tenth = 10 * m.step / config_.steps != 10 * (m.step - 1) / config_.steps;
    if (new_tenth) progress_.say(text);
    progress_.update(static_cast<double>(m.step - first_step_) /
                     static_cast<double>(config_.steps - first_step_));
  }

  void on_evaluate(std::int64_t step, const GenerateTokens& generate) {
    for (const HeldOut& task : held_out_) {
      if (task.own.empty()) continue;
      const HostTensor tokens = generate(task.rows);
      const std::vector<float> flat =
          adapter::flat_values(adapter::detokenize(config_.generator.layout, tokens.values));
      metrics_->add(
          {{"step", step},
           {"held_out", task.name},
           {"distance", tasks::relative_distance(flat, task.own, targets_->mean_adapter())}});
    }
  }

  void report_stop(const TrainResult& result) const {
    context_.exit_code = kInterrupted;
    if (!is_first()) return;
    log_warning(cat("stopped after step ", result.steps, " of ", config_.steps,
                    "; go on with: dnd train --config ", options_.config.string(), " --out ",
                    options_.out.string(), " --work ", options_.work.string(), " --resume"));
  }

  void write_bundle(const TrainResult& result) const {
    bundle::GeneratorConfig config = config_.generator;
    config.untrained = false;
    config.statistics = targets_->norms();
    config.provenance = {{"source", "dnd train"},
                         {"dnd_version", DND_VERSION},
                         {"steps", cat(result.steps)},
                         {"seed", cat(config_.seed)},
                         {"tasks", cat(set_.train.size())},
                         {"checkpoints", cat(targets_->norms().adapters)},
                         {"data_sha256", targets_->sha256()}};
    if (!config_.start.empty()) {
      config.provenance["start_sha256"] = config_.generator.weights_sha256;
    }
    const formats::SafetensorsFile trained(state());
    const auto values = [&](const bundle::ParameterSpec& parameter) {
      return parameter.name == bundle::kMeanTokensName
                 ? mean_tokens_
                 : trained.read_f32(parameter.name, &parameter.shape);
    };
    config = bundle::write_trained(std::move(config), values, options_.out,
                                   options_.force ? OnExisting::replace : OnExisting::refuse);
    if (!context_.json) return print_line(options_.out.string());
    Json json = {{"path", options_.out.string()},
                 {"parameters", config.decoder_parameters()},
                 {"sha256", config.weights_sha256},
                 {"steps", result.steps},
                 {"work", options_.work.string()}};
    if (last_loss_) json["loss"] = *last_loss_;
    print_json(json);
  }

  Context& context_;
  TrainOptions options_;
  Progress progress_;
  ProcessPlace place_;
  tasks::TrainConfig config_;
  tasks::TaskSet set_;
  generate::Generator generator_;
  fs::path encoder_;
  std::optional<FileLock> lock_;  // of the work folder
  std::optional<tasks::TrainingTargets> targets_;
  std::vector<HeldOut> held_out_;
  tasks::PromptRows prompts_;
  std::vector<TrainTask> job_tasks_;
  std::unique_ptr<Engine> engine_;
  std::string encoder_key_;
  std::optional<tasks::PromptConditions> conditions_;
  std::vector<float> mean_tokens_;
  std::optional<tasks::MetricsFile> metrics_;
  std::optional<double> last_loss_;
  std::int64_t first_step_ = 0;
};

}  // namespace

void add_train(CLI::App& program, Context& context) {
  const auto options = std::make_shared<TrainOptions>();
  CLI::App& command = add_command(
      program, context, "train", "Tasks with their adapters in, a generator out",
      {{"dnd train --config train.json --out BUNDLE", "state and metrics in BUNDLE.train"},
       {"dnd train --config train.json --out BUNDLE --resume", "after Ctrl-C, a crash, a kill"},
       {"dnd train --config train.json --out BUNDLE --dry-run", "checks the data, says the cost"}},
      [&context, options] { TrainRun(context, *options).run(); });
  command.add_option("-c,--config", options->config, "What to train on what (docs/training.md)")
      ->required();
  command.add_option("-o,--out", options->out, "Bundle folder to make")->required();
  command.add_option("--work", options->work,
                     "Folder of state, metrics and conditions (default OUT.train)");
  command.add_option("--encoder", options->encoder,
                     "Text encoder folder, or GloVe file (default: found by name)");
  command.add_flag("--resume", options->resume, "Go on from the saved state, bit for bit");
  command.add_flag("--dry-run", options->dry_run, "Check the data and print what it would cost");
  command.add_flag("-f,--force", options->force,
                   "Replace an existing bundle; begin anew where a state is saved");
  add_engine_options(command, options->engine);
  command
      .add_option("--precision", options->engine.precision,
                  "exact (fp32), or bf16 (LibTorch's autocast, as released)")
      ->check(CLI::IsMember({"exact", "bf16"}))
      ->capture_default_str();
}

}  // namespace dnd::app
