#include "tasks/train_config.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/paths.h"
#include "base/strings.h"
#include "bundle/propose_features.h"
#include "bundle/weights_hash.h"
#include "tasks/named_path.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxCount = 1LL << 40U;
constexpr std::int64_t kMaxBatch = 1LL << 20U;

// A finite number in [low, high], `low` itself only if `closed`.
struct Bounds {
  double low = 0.0;
  double high = std::numeric_limits<double>::max();
  bool closed = true;
};

double number(JsonObject& object, const std::string& key, double fallback, Bounds bounds) {
  const double value = object.number_or(key, fallback);
  const bool fits =
      value <= bounds.high && (bounds.closed ? value >= bounds.low : value > bounds.low);
  if (fits) return value;
  fail(ErrorKind::data, object.where(), ": '", key, "' is ", value, ", expected a number ",
       bounds.closed ? "from " : "above ", bounds.low,
       bounds.high < std::numeric_limits<double>::max() ? cat(" to ", bounds.high) : "");
}

std::string one_of(JsonObject& object, const std::string& key, const std::string& first,
                   const std::string& second) {
  std::string value = object.text_or(key, first);
  if (value == first || value == second) return value;
  fail(ErrorKind::data, object.where(), ": '", key, "' is '", printable(value), "', expected ",
       first, " or ", second);
}

Json dtype_of(JsonObject& object) {
  return one_of(object, "weights_dtype", "f32", "f16") == "f32" ? "F32" : "F16";
}

// [[N, H, W], ...], the same as text, or "auto": proposed, with what "parameters", "prompts", "tokens" and
// "width" say.
std::vector<bundle::Feature> read_features(JsonObject& object, std::int64_t kernel,
                                           const adapter::AdapterLayout& layout) {
  const Json& given = object.at("features");
  const std::string who = object.where() + ": 'features'";
  if (given != "auto") {
    return bundle::features_from_text(
        given.is_string() ? given.get<std::string>() : json_line(given), who, ErrorKind::data);
  }
  const double parameters = number(object, "parameters", 100e6, {.low = 1.0, .high = 1e12});
  const auto size = [&](const char* key, std::int64_t fallback) {
    return object.integer_or(key, fallback, 1, bundle::kMaxDimension);
  };
  const bundle::Feature condition{size("prompts", 128), size("tokens", 384), size("width", 384)};
  try {
    return bundle::propose_features(layout, condition, static_cast<std::int64_t>(parameters),
                                    kernel);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    fail(ErrorKind::data, object.where(), ": ", error.what());
  }
}

// The generator's own document, so that its reader does the checking.
Json new_generator(JsonObject& object, const std::string& name, const fs::path& folder) {
  const auto layout = adapter::read_layout_file(named_path(object, "layout", folder));
  const std::int64_t kernel = object.integer_or("kernel", 3, 1, bundle::kMaxKernel);
  const Json features = bundle::features_json(read_features(object, kernel, layout));
  Json decoder = {{"features", features}, {"kernel", kernel}, {"dtype", dtype_of(object)}};
  Json condition = {{"encoder", object.text_or("encoder", "all-MiniLM-L6-v2")},
                    {"kind", one_of(object, "encoder_kind", "transformer", "glove")},
                    {"prompts", features[0][0]},
                    {"max_length", features[0][1]},
                    {"width", features[0][2]},
                    {"empty_chunk", one_of(object, "empty_chunk", "zero", "uniform")}};
  if (object.has("max_length") && object.at("max_length") != features[0][1]) {
    condition["max_length"] = object.at("max_length");
    condition["projection"] = {{"from", object.at("max_length")}, {"to", features[0][1]}};
  }
  return {{"format", "dnd-generator"},
          {"version", 1},
          {"name", name},
          {"decoder", decoder},
          {"condition", condition},
          {"layout", adapter::layout_to_json(layout)}};
}

void read_generator(TrainConfig& config, JsonObject object, const fs::path& folder) {
  if (object.has("start")) {
    config.start = named_path(object, "start", folder);
    config.generator = bundle::read_bundle(config.start);
    config.generator.weights_sha256 = bundle::weights_sha256(config.start, config.generator);
    config.generator.name = config.name;
    if (object.has("weights_dtype")) {
      config.generator.weights_dtype = dtype_of(object) == "F32" ? Dtype::f32 : Dtype::f16;
    }
    config.generator.channel_exponents = false;  // of the bundle to come: its weights will tell
  } else {
    const Json json = new_generator(object, config.name, folder);
    config.generator = bundle::generator_from_json(json, object.where());
  }
  object.refuse_unknown_keys();
}

void read_optimizer(TrainConfig& config, JsonObject& object) {
  config.learning_rate =
      number(object, "learning_rate", config.learning_rate, {.low = 0.0, .closed = false});
  config.warmup_steps = object.integer_or("warmup_steps", config.warmup_steps, 0, kMaxCount);
  config.weight_decay = number(object, "weight_decay", config.weight_decay, {});
  config.epsilon = number(object, "epsilon", config.epsilon, {.low = 0.0, .closed = false});
  config.max_gradient_norm =
      number(object, "max_gradient_norm", config.max_gradient_norm, {.low = 0.0, .closed = false});
  if (!object.has("betas")) return;
  const Json& betas = object.array("betas");
  const auto fits = [](const Json& beta) {
    return beta.is_number() && beta.get<double>() >= 0.0 && beta.get<double>() < 1.0;
  };
  if (betas.size() != 2 || !fits(betas[0]) || !fits(betas[1])) {
    fail(ErrorKind::data, object.where(), ": 'betas': expected two numbers from 0 to below 1");
  }
  config.beta1 = betas[0].get<double>();
  config.beta2 = betas[1].get<double>();
}

void read_module_weights(TrainConfig& config, JsonObject& object) {
  if (!object.has("module_weights")) return;
  std::set<std::string> known;
  for (const adapter::BlockLayout& block : config.generator.layout.blocks) {
    for (const adapter::ModuleLayout& module : block.modules) known.insert(module.name);
  }
  JsonObject weights = object.object("module_weights");
  for (const auto& [name, ignored] : object.at("module_weights").items()) {
    if (!known.contains(name)) {
      const std::string near = nearest_word(name, {known.begin(), known.end()});
      fail(ErrorKind::data, weights.where(), ": '", printable(name),
           "' is not a module of the layout (", near.empty() ? "e.g. " : "did you mean ",
           printable(near.empty() ? *known.begin() : near), near.empty() ? ")" : "?)");
    }
    config.module_weights[name] = number(weights, name, 1.0, {});
  }
}

// Factors of two parts, each from 0, one of them above: a name stands for it alone.
struct Parts {
  double first = 0.0;
  double second = 0.0;
};
Parts read_parts(JsonObject& object, const std::string& key, const std::string& first,
                 const std::string& second) {
  if (!object.has(key)) return {1.0, 0.0};
  if (!object.at(key).is_object()) {
    return one_of(object, key, first, second) == first ? Parts{1.0, 0.0} : Parts{0.0, 1.0};
  }
  JsonObject given = object.object(key);
  const Parts parts{number(given, first, 0.0, {}), number(given, second, 0.0, {})};
  given.refuse_unknown_keys();
  if (parts.first > 0.0 || parts.second > 0.0) return parts;
  fail(ErrorKind::data, given.where(), ": expected '", first, "' or '", second, "' above 0");
}

void refuse_answer_keys(JsonObject& object) {
  for (const char* key : {"base", "ask", "questions", "states_gigabytes"}) {
    if (!object.has(key)) continue;
    fail(ErrorKind::data, object.where(), ": '", key,
         "' is for \"objective\": \"answers\", which is not asked for");
  }
}

// What acts on adapters that are copied alone.
void refuse_released_keys(const TrainConfig& config, JsonObject& object) {
  for (const char* key : {"criterion_weights", "loss", "module_weights", "targets"}) {
    if (!object.has(key) || (key == std::string("targets") && config.uses_adapters())) continue;
    fail(ErrorKind::data, object.where(), ": '", key,
         "' is for \"objective\": \"released\", which is not asked for");
  }
}

void read_answers(TrainConfig& config, JsonObject& object, const fs::path& folder) {
  const Parts objective = read_parts(object, "objective", "released", "answers");
  config.released = objective.second > 0.0 ? objective.first : 1.0;
  config.answers.weight = objective.second;
  if (config.answers.weight == 0.0) return refuse_answer_keys(object);
  if (config.released == 0.0) refuse_released_keys(config, object);
  const fs::path there = named_path(object, "base", folder);
  config.answers.base = path_exists(there) ? there : fs::path(object.text("base"));
  const Parts ask = read_parts(object, "ask", "prompt", "bare");
  config.answers.bare = ask.second / (ask.first + ask.second);
  config.answers.questions = object.integer_or("questions", config.answers.questions, 1, 1 << 16U);
  config.answers.state_bytes = static_cast<std::uint64_t>(
      1e9 * number(object, "states_gigabytes", 16.0, {.low = 0.0, .high = 1e6}));
}

void read_residual(TrainConfig& config, JsonObject& object, const fs::path& folder) {
  if (object.has("joint")) config.joint = named_path(object, "joint", folder);
  const bool residual = config.generator.residual || !config.joint.empty();
  config.residual = object.boolean_or("residual", residual);
  if (!config.joint.empty() && (!config.residual || !config.start.empty())) {
    fail(ErrorKind::data, object.where(), ": 'joint' is what a new generator's residual adds to, ",
         config.residual ? "not one's that has its own from its 'start'" : "but it is no residual");
  }
}

void read_extras(TrainConfig& config, JsonObject& object) {
  config.criterion_weights = object.boolean_or("criterion_weights", true);
  config.targets = one_of(object, "targets", "as_is", "canonical") == "as_is"
                       ? TargetForm::as_is
                       : TargetForm::canonical;
  config.loss =
      one_of(object, "loss", "tokens", "update") == "tokens" ? LossKind::tokens : LossKind::update;
  read_module_weights(config, object);
  if (object.has("noise")) {
    JsonObject noise = object.object("noise");
    config.condition_noise = number(noise, "condition", config.condition_noise, {});
    config.target_noise = number(noise, "target", config.target_noise, {});
    noise.refuse_unknown_keys();
  }
  if (!config.start.empty() && config.residual != config.generator.residual) {
    fail(ErrorKind::data, object.where(), ": 'residual' is ", config.residual ? "true" : "false",
         ", the start ", config.start.string(), " is ", config.residual ? "not " : "", "residual");
  }
  config.generator.residual = config.residual;
}

}  // namespace

std::int64_t default_micro_batch(const bundle::GeneratorConfig& generator, std::int64_t batch) {
  // Several examples at once are faster than one: 1.4 times on a decoder of 0.26 G multiply-adds, 1.04
  // times on one of 7.9 G. Large decoders gain nothing and need the memory.
  constexpr double kWorth = 4e10;
  std::int64_t size = 1;
  while (size < 4 && 2 * size <= batch &&
         static_cast<double>(2 * size) * generator.multiply_adds() <= kWorth) {
    size *= 2;
  }
  return size;
}

TrainConfig read_train_config(const fs::path& path) {
  const std::string who = "train config: " + path.string();
  constexpr std::uint64_t kMaxConfig = 1U << 20U;
  const Json json = read_json_file(path, who, kMaxConfig, JsonComments::ignore);
  JsonObject object(json, who);
  object.expect_format("dnd-train");
  TrainConfig config;
  config.name = object.text("name");
  config.license = object.text_or("license", "");
  config.tasks = named_path(object, "tasks", path.parent_path());
  read_generator(config, object.object("generator"), path.parent_path());
  config.generator.license = config.license;
  config.seed = static_cast<std::uint64_t>(object.integer_or("seed", 0, 0, INT64_MAX));
  config.steps = object.integer_or("steps", config.steps, 1, kMaxCount);
  config.batch = object.integer_or("batch", config.batch, 1, kMaxBatch);
  config.micro_batch = object.integer_or(
      "micro_batch", default_micro_batch(config.generator, config.batch), 1, config.batch);
  read_optimizer(config, object);
  read_residual(config, object, path.parent_path());
  read_extras(config, object);
  read_answers(config, object, path.parent_path());
  config.save_every = object.integer_or("save_every", config.save_every, 1, kMaxCount);
  config.log_every = object.integer_or("log_every", config.log_every, 1, kMaxCount);
  config.evaluate_every = object.integer_or("evaluate_every", 0, 0, kMaxCount);
  object.refuse_unknown_keys();
  return config;
}

Json train_identity(const TrainConfig& config) {
  Json generator = bundle::generator_to_json(config.generator);
  for (const char* key : {"name", "license", "provenance", "statistics"}) generator.erase(key);
  Json json = {{"generator", generator},
               {"start", config.start.empty() ? "" : config.generator.weights_sha256},
               {"seed", config.seed},
               {"steps", config.steps},
               {"batch", config.batch},
               {"micro_batch", config.micro_batch},
               {"learning_rate", config.learning_rate},
               {"warmup_steps", config.warmup_steps},
               {"weight_decay", config.weight_decay},
               {"betas", {config.beta1, config.beta2}},
               {"epsilon", config.epsilon},
               {"max_gradient_norm", config.max_gradient_norm},
               {"noise", {config.condition_noise, config.target_noise}},
               {"criterion_weights", config.criterion_weights},
               {"residual", config.residual},
               {"targets", config.targets == TargetForm::as_is ? "as_is" : "canonical"},
               {"loss", config.loss == LossKind::tokens ? "tokens" : "update"},
               {"module_weights", Json(config.module_weights)}};
  if (config.answers.weight == 0.0) return json;
  json["objective"] = {config.released, config.answers.weight};
  json["ask"] = config.answers.bare;
  json["questions"] = config.answers.questions;
  return json;
}

}  // namespace dnd::tasks
