#include "training/run_training.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "adapter/weight_codec.h"
#include "base/file_lock.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/remembered_hashes.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "base/version.h"
#include "bundle/channel_exponents.h"
#include "bundle/write_bundle.h"
#include "dnd/language_model.h"
#include "eval/evaluation.h"
#include "generate/prompt_encoder.h"
#include "tasks/metrics_file.h"
#include "tasks/prompt_conditions.h"
#include "tasks/training_state.h"
#include "tasks/work_folder.h"
#include "tokenizer/base_tokenizer.h"
#include "training/answer_lessons.h"
#include "training/training_data.h"
#include "tuning/base_fingerprint.h"

namespace dnd::training {
namespace fs = std::filesystem;
namespace {

// The text encoder of a training.
struct Encoder {
  generate::Generator generator;  // that it is made for
  fs::path path;
  std::string key;  // of its files and use
};

generate::Generator generator_of(const Request& request, const tasks::TrainConfig& config) {
  return {config.start.empty() ? request.work : config.start, config.generator};
}

Encoder find_encoder(const Request& request, const tasks::TrainConfig& config) {
  Encoder encoder{generator_of(request, config), encoder_of(request, config), {}};
  encoder.key = tasks::encoder_key(config.generator.condition, encoder.path);
  return encoder;
}

// What answers are learned through.
struct Base {
  std::unique_ptr<LanguageModel> model;
  std::vector<TrainTask> tasks;  // with their lessons
  AnswerLessons lessons;
};

std::optional<Base> open_base(const Inputs& inputs, const TrainingData& data,
                              const chat::BaseChat* chat, Engine& engine, Observer& observer) {
  if (chat == nullptr) return std::nullopt;
  observer.on_stage("read the base and the questions");
  Base base{engine.load_language_model(inputs.base.path.string(), true), data.tasks(), {}};
  base.lessons = make_lessons(inputs, *base.model, *chat, base.tasks);
  return base;
}

// Asked to stop while prompts were encoded: what share of them is saved.
struct Stopped {
  double done = 0.0;
};

// Steps 1 to the last of one training, once data and engine are there.
class Run {
 public:
  // `base`: where answers are learned.
  Run(const Request& request, const Inputs& inputs, const TrainingData& data,
      const std::optional<Base>& base, Engine& engine, const ProcessPlace& place,
      Observer& observer)
      : request_(request),
        config_(inputs.config),
        data_(data),
        base_(base),
        engine_(engine),
        is_first_(place.rank == 0),
        observer_(observer) {}

  // The file of conditions, made by the first process where it is not there. Throws Stopped.
  tasks::PromptConditions conditions(const Encoder& encoder) const {
    const auto plan =
        tasks::conditions_plan(config_.generator.condition, encoder.key, data_.prompts());
    const fs::path path = request_.work / tasks::kConditionsName;
    engine_.first_alone("encodes the prompts", [&] {
      if (!tasks::has_conditions(path, plan)) encode(encoder, path, plan);
    });
    engine_.require_same("the conditions' key (prompts, encoder)", plan.key);
    return {path, plan};
  }

  TrainResult train(const tasks::PromptConditions& conditions, const std::string& identity,
                    const std::vector<float>& mean_tokens) {
    const TrainJob job = make_job(conditions, identity, mean_tokens);
    engine_.require_same("the configuration or the training data", job.identity);
    TrainObserver steps;
    steps.on_start = [this](std::int64_t done) { on_start(done); };
    steps.on_step = [this](const StepMetrics& metrics) { on_step(metrics); };
    steps.on_evaluate = [this](std::int64_t step, const Evaluator& now) { on_evaluate(step, now); };
    steps.should_stop = [this] { return observer_.should_stop(); };
    observer_.on_ready();
    return engine_.train(job, steps);
  }

 private:
  void encode(const Encoder& encoder, const fs::path& path,
              const tasks::ConditionsPlan& plan) const {
    observer_.on_stage(cat("encode ", plan.prompts, " prompts"));
    observer_.on_ready();
    const generate::PromptEncoder prompts(engine_, encoder.generator, encoder.path);
    double done = 0.0;
    const bool whole = tasks::write_conditions(
        path, plan, data_.prompts(),
        [&](const auto& texts) { return prompts.encode(texts).values.values; },
        [&](double share) {
          observer_.on_share(done = share);
          return !observer_.should_stop();
        });
    if (!whole) throw Stopped{done};
  }

  // The weights to begin with: of the bundle to start from, or random ones.
  fs::path start_weights() const {
    if (!config_.start.empty()) return bundle::checked_weights(config_.start);
    const fs::path folder = request_.work / tasks::kStartName;
    bundle::GeneratorConfig config = config_.generator;
    config.weights_dtype = Dtype::f32;
    config.residual = false;
    if (is_first_) {
      bundle::create_untrained(std::move(config), config_.seed, folder, OnExisting::replace, {});
    }
    return folder / bundle::kDecoderWeightsName;
  }

  TrainJob make_job(const tasks::PromptConditions& conditions, const std::string& identity,
                    const std::vector<float>& mean_tokens) const {
    TrainJob job;
    job.config = &config_;
    job.state = request_.state();
    job.resume = request_.resume;
    if (!job.resume) job.start = start_weights();
    job.identity = identity;
    job.conditions = conditions.values();
    job.conditions_file = conditions.path();
    job.tasks = base_ ? base_->tasks : data_.tasks();
    job.mean_tokens = mean_tokens;
    if (data_.targets() != nullptr) add_targets(*data_.targets(), job);
    if (!base_) return job;
    job.base = base_->model.get();
    job.longest = base_->lessons.longest;
    job.lower_states = request_.work / tasks::kBelowName;
    return job;
  }

  static void add_targets(const tasks::TrainingTargets& targets, TrainJob& job) {
    job.target = [&targets](std::size_t task, std::size_t adapter, std::span<float> tokens) {
      targets.read(task, adapter, tokens);
    };
    job.cell_weights = targets.cell_weights();
    job.cells = targets.cells();
    job.update_weights = targets.update_weights();
  }

  void on_start(std::int64_t done) {
    if (!is_first_) return;
    metrics_.emplace(request_.work / tasks::kMetricsName, done);
    observer_.on_start(done);
  }

  void on_step(const StepMetrics& m) {
    if (!metrics_) return;
    if (m.step == config_.steps || m.step % config_.log_every == 0) {
      metrics_->add({{"step", m.step},
                     {"loss", m.loss},
                     {"gradient_norm", m.gradient_norm},
                     {"learning_rate", m.learning_rate},
                     {"examples_per_second", static_cast<double>(config_.batch) / m.seconds}});
    }
    observer_.on_step(m);
  }

  void on_evaluate(std::int64_t step, const Evaluator& now) {
    for (std::size_t i = 0; i < data_.held_out().size(); ++i) {
      const HeldOut& task = data_.held_out()[i];
      Json line = {{"step", step}, {"held_out", task.name}};
      const bool judged = now.judge && !base_->lessons.judged[i].empty();
      if ((task.own.empty() && !judged) || metrics_->has(step, task.name)) continue;
      const HostTensor tokens = now.generate(task.rows);
      if (!task.own.empty()) line["distance"] = distance(tokens, task);
      if (judged) {
        const TuneScore score = now.judge(tokens, base_->lessons.judged[i]);
        line["answer_loss"] = score.loss;
        line["right"] = score.right;
      }
      metrics_->add(line);
    }
  }

  double distance(const HostTensor& tokens, const HeldOut& task) const {
    const std::vector<float> flat =
        adapter::flat_values(adapter::detokenize(config_.generator.layout, tokens.values));
    return tasks::relative_distance(flat, task.own, data_.targets()->mean_adapter());
  }

  const Request& request_;
  const tasks::TrainConfig& config_;
  const TrainingData& data_;
  const std::optional<Base>& base_;
  Engine& engine_;
  bool is_first_;
  Observer& observer_;
  std::optional<tasks::MetricsFile> metrics_;
};

// What a resumed training must have in common with the one that it goes on with.
std::string identity_of(const Request& request, const Inputs& inputs, const TrainingData& data,
                        const std::vector<float>& mean_tokens, const std::string& encoder_key,
                        const chat::BaseChat* chat) {
  Json json = tasks::train_identity(inputs.config);
  json["data"] = data.sha256();
  json["encoder"] = encoder_key;
  json["precision"] = request.precision;
  if (!inputs.config.joint.empty()) {
    Sha256 hash;
    hash.update(std::as_bytes(std::span(mean_tokens)));  // which the joint adapter's are
    json["joint"] = hash.hex();
  }
  if (chat != nullptr) {
    json["base"] = tuning::base_fingerprint(inputs.base.path);
    const Json record = chat->record();
    for (const auto& [key, value] : record.items()) json["chat." + key] = value;
  }
  return json_line(json);
}

std::map<std::string, std::string> provenance_of(const Inputs& inputs, const TrainingData& data,
                                                 std::int64_t steps) {
  const tasks::TrainConfig& train = inputs.config;
  const tasks::TrainingTargets* const targets = data.targets();
  std::map<std::string, std::string> provenance = {
      {"source", "dnd train"},
      {"dnd_version", version()},
      {"steps", cat(steps)},
      {"seed", cat(train.seed)},
      {"tasks", cat(inputs.set.train.size())},
      {"checkpoints", cat(targets == nullptr ? 0 : targets->norms().adapters)},
      {"data_sha256", data.sha256()}};
  if (train.answers.weight > 0.0) {
    provenance["objective"] =
        train.released > 0.0 ? cat("released ", train.released, ", answers ", train.answers.weight)
                             : "answers";
  }
  if (!train.start.empty()) provenance["start_sha256"] = train.generator.weights_sha256;
  return provenance;
}

// The bundle that a training with all its steps done left at its place; std::nullopt where nothing is there.
// Throws Error(cannot_create) for any other.
std::optional<bundle::GeneratorConfig> find_finished(const Request& request, const Inputs& inputs,
                                                     const TrainingData& data,
                                                     std::int64_t steps_done) {
  if (!request.resume || request.force || !is_occupied(request.out)) return std::nullopt;
  bundle::GeneratorConfig found = bundle::read_bundle(request.out);
  if (remembered_sha256(bundle::checked_weights(request.out)) != found.weights_sha256) {
    fail(ErrorKind::cannot_create, request.out.string(),
         ": exists already, and its weights are not those it was made with (damaged? --force "
         "replaces it)");
  }
  auto expected = provenance_of(inputs, data, inputs.config.steps);
  expected["dnd_version"] = found.provenance["dnd_version"];
  if (steps_done < inputs.config.steps || found.provenance != expected) {
    fail(ErrorKind::cannot_create, request.out.string(),
         ": exists already, made by another training (--force replaces it)");
  }
  return found;
}

bundle::GeneratorConfig write_bundle(const Request& request, const Inputs& inputs,
                                     const TrainingData& data,
                                     const std::vector<float>& mean_tokens, std::int64_t steps) {
  const tasks::TrainConfig& train = inputs.config;
  bundle::GeneratorConfig config = train.generator;
  config.untrained = false;
  config.statistics =
      data.targets() == nullptr ? std::nullopt : std::optional(data.targets()->norms());
  config.provenance = provenance_of(inputs, data, steps);
  const formats::SafetensorsFile trained(request.state());
  const auto values = [&](const bundle::ParameterSpec& parameter) {
    return parameter.name == bundle::kMeanTokensName
               ? mean_tokens
               : trained.read_f32(parameter.name, &parameter.shape);
  };
  return bundle::write_trained(std::move(config), values, request.out,
                               request.force ? OnExisting::replace : OnExisting::refuse);
}

// Whoever starts a call again after each interruption need not know whether one came before the first state.
Request with_what_is_there(Request request) {
  if (!request.resume || is_occupied(request.state())) return request;
  log_info(cat("train: --resume: no state in ", request.work.string(), " yet: begins"));
  request.resume = false;
  return request;
}

}  // namespace

fs::path encoder_of(const Request& request, const tasks::TrainConfig& config) {
  return generate::find_encoder(generator_of(request, config), request.encoder);
}

std::unique_ptr<chat::BaseChat> chat_of(const Request& request, const Inputs& inputs) {
  if (inputs.config.answers.weight == 0.0) {
    if (request.chat.mode != "auto" || request.chat.system) {
      fail(ErrorKind::usage,
           "train: --chat and --system are for the objective \"answers\": no base is asked");
    }
    return nullptr;
  }
  const std::string who = inputs.base.path.string();
  auto chat =
      std::make_unique<chat::BaseChat>(tokenizer::read_folder(inputs.base.path), who, request.chat);
  for (const auto* list : {&inputs.set.train, &inputs.set.held_out}) {
    for (const tasks::Task& task : *list) eval::check_system_text(task, *chat);
  }
  return chat;
}

Outcome run_training(const Request& asked, const Inputs& inputs,
                     const std::function<std::unique_ptr<Engine>()>& open_engine,
                     Observer& observer) {
  const tasks::TrainConfig& config = inputs.config;
  check_places(asked, config);
  const Request request = with_what_is_there(asked);
  const Encoder encoder = find_encoder(request, config);
  const std::unique_ptr<chat::BaseChat> chat = chat_of(request, inputs);
  if (config.uses_adapters()) observer.on_stage("read the adapters");
  const TrainingData data(inputs, [&](double share) { observer.on_share(share); });
  const std::vector<float> mean_tokens = data.mean_tokens();
  const std::string identity =
      identity_of(request, inputs, data, mean_tokens, encoder.key, chat.get());
  const std::int64_t done =
      request.resume ? tasks::steps_of_state(request.state(), config.steps, identity) : 0;
  auto finished = find_finished(request, inputs, data, done);
  const std::unique_ptr<Engine> engine = open_engine();
  const ProcessPlace place = engine->join_processes();
  observer.on_processes(place);
  Outcome outcome;
  outcome.first = place.rank == 0;
  if (finished) return {{config.steps, true}, true, outcome.first, 1.0, std::move(finished)};
  engine->require_same("whether a saved state is gone on with", request.resume ? "yes" : "no");
  std::optional<FileLock> lock;
  if (outcome.first) {
    lock.emplace(request.work / tasks::kLockName, "another training");
    check_places(request, config);  // what was free at first may have been taken and left since
  }
  const auto base = open_base(inputs, data, chat.get(), *engine, observer);
  Run run(request, inputs, data, base, *engine, place, observer);
  try {
    const tasks::PromptConditions conditions = run.conditions(encoder);
    outcome.result = run.train(conditions, identity, mean_tokens);
  } catch (const Stopped& stopped) {
    outcome.result = {done, false};
    outcome.encoded = stopped.done;
  }
  if (outcome.result.finished && outcome.first) {
    outcome.bundle = write_bundle(request, inputs, data, mean_tokens, outcome.result.steps);
  }
  return outcome;
}

}  // namespace dnd::training
