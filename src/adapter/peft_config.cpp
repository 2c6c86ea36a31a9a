#include "adapter/peft_config.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "adapter/lora.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace {

constexpr double kMaxAlpha = 1e9;
// Regular expressions come from strangers: short, few, without counted repetition, and matched by
// libstdc++'s automaton of polynomial time (no back references).
constexpr std::size_t kMaxPattern = 256;
constexpr std::size_t kMaxExpressions = 256;
constexpr std::size_t kMaxModule = 1024;

struct Obstacle {
  const char* key;
  const char* why;
};

constexpr std::string_view kSaved = "modules_to_save";

// Present and neither null, false nor empty: the adapter is more than scale * B A.
constexpr std::array kObstacles = {
    Obstacle{"lora_bias", "LoRA biases are not supported"},
    Obstacle{"modules_to_save", "whole saved modules are not supported"},
    Obstacle{"trainable_token_indices", "trained embedding rows are not supported"},
    Obstacle{"target_parameters", "LoRA of bare parameters is not supported"},
    Obstacle{"layer_replication", "replicated layers are not supported"},
    Obstacle{"alora_invocation_tokens", "adapters that start at certain tokens are not supported"},
    Obstacle{"use_qalora", "QALoRA is not supported"},
    Obstacle{"use_bdlora", "block-diagonal LoRA is not supported"},
    Obstacle{"kasa_config", "KaSA is not supported"},
};

// Initialisations that change the base's own weights whenever PEFT loads the adapter.
constexpr std::array kBaseChanging = {"pissa", "corda", "olora", "loftq", "lora_ga"};

bool is_set(const Json& value) {
  if (value.is_null() || value == Json(false)) return false;
  return !value.is_structured() || !value.empty();
}

void refuse_obstacles(JsonObject& config, Besides besides) {
  for (const Obstacle& obstacle : kObstacles) {
    if (besides == Besides::keep && obstacle.key == kSaved) continue;
    if (!config.has(obstacle.key) || !is_set(config.at(obstacle.key))) continue;
    fail(ErrorKind::data, config.where(), ": '", obstacle.key,
         "' is set: ", printable(json_line(config.at(obstacle.key))), ": ", obstacle.why);
  }
  if (!config.has("init_lora_weights") || !config.at("init_lora_weights").is_string()) return;
  const std::string start = lower_ascii(config.text("init_lora_weights"));
  for (const std::string_view name : kBaseChanging) {
    if (!start.starts_with(name)) continue;
    fail(ErrorKind::data, config.where(), ": 'init_lora_weights' is '", printable(start),
         "', which changes the base's weights too: save the adapter from PEFT as a plain LoRA "
         "(path_initial_model_for_weight_conversion)");
  }
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

std::regex compile(const std::string& text, const std::string& who) {
  const auto refuse = [&](std::string_view why) {
    fail(ErrorKind::data, who, ": pattern '", printable(text), "': ", why);
  };
  if (text.size() > kMaxPattern) refuse(cat("longer than ", kMaxPattern, " bytes"));
  if (text.find('{') != text.npos) refuse("counted repetition is not supported");
  try {
    return std::regex("(.*\\.)?(" + text + ")",
                      std::regex::ECMAScript | std::regex_constants::__polynomial);
  } catch (const std::regex_error&) {
    refuse("not a regular expression that is understood here");
    throw;
  }
}

// Values from `low` to `high`, where `whole` without a fraction.
struct Range {
  double low;
  double high;
  bool whole;

  bool holds(double value) const {
    return value >= low && value <= high && (!whole || value == std::floor(value));
  }
};

std::vector<PeftPattern> read_patterns(JsonObject& config, const std::string& key,
                                       const Range& range) {
  std::vector<PeftPattern> patterns;
  if (!config.has(key)) return patterns;
  JsonObject object = config.object(key);
  std::size_t expressions = 0;
  for (const auto& [text, value] : config.at(key).items()) {
    if (!value.is_number() || !range.holds(value.get<double>())) {
      fail(ErrorKind::data, object.where(), ": '", printable(text), "': expected ",
           range.whole ? "an integer" : "a number", " from ", range.low, " to ", range.high,
           ", got ", printable(json_line(value)));
    }
    patterns.push_back({text, value.get<double>(), std::nullopt});
    if (is_plain(text)) continue;
    if (++expressions > kMaxExpressions) {
      fail(ErrorKind::data, object.where(), ": more than ", kMaxExpressions,
           " regular expressions");
    }
    patterns.back().expression = compile(text, object.where());
  }
  return patterns;
}

double value_of(const std::vector<PeftPattern>& patterns, std::string_view module,
                double otherwise) {
  const auto found = std::find_if(patterns.begin(), patterns.end(),
                                  [&](const PeftPattern& p) { return p.matches(module); });
  return found == patterns.end() ? otherwise : found->value;
}

}  // namespace

bool PeftPattern::matches(std::string_view module) const {
  if (expression) {
    return module.size() <= kMaxModule &&
           std::regex_match(module.begin(), module.end(), *expression);
  }
  if (text.size() > module.size()) return false;
  const std::size_t start = module.size() - text.size();
  if (start > 0 && module[start - 1] != '.') return false;
  // A dot of a regular expression stands for any character.
  return std::equal(text.begin(), text.end(), module.begin() + static_cast<std::ptrdiff_t>(start),
                    [](char p, char c) { return p == c || p == '.'; });
}

std::int64_t PeftConfig::rank_of(std::string_view module) const {
  return static_cast<std::int64_t>(value_of(rank_pattern, module, static_cast<double>(rank)));
}

double PeftConfig::scale_of(std::string_view module) const {
  const auto r = static_cast<double>(rank_of(module));
  return value_of(alpha_pattern, module, alpha) / (use_rslora ? std::sqrt(r) : r);
}

PeftConfig peft_config_from_json(const Json& json, const std::string& who, Besides besides) {
  JsonObject object(json, who);
  std::string type = object.text_or("peft_type", "LORA");
  if (type != "LORA") {
    fail(ErrorKind::data, who, ": 'peft_type' is '", printable(type), "', only LORA is supported");
  }
  refuse_obstacles(object, besides);
  PeftConfig config;
  config.base_model = object.text_or("base_model_name_or_path", "");
  config.task_type = object.text_or("task_type", "");
  config.targets = peft_targets_from_json(object);
  config.rank = object.integer_or("r", 8, 1, kMaxRank);
  config.alpha = object.number_or("lora_alpha", 8.0);
  if (!(std::fabs(config.alpha) <= kMaxAlpha)) {
    fail(ErrorKind::data, who, ": 'lora_alpha' is ", config.alpha, ", no sensible number");
  }
  config.use_rslora = object.boolean_or("use_rslora", false);
  config.use_dora = object.boolean_or("use_dora", false);
  config.rank_pattern = read_patterns(object, "rank_pattern", {1.0, kMaxRank, true});
  config.alpha_pattern = read_patterns(object, "alpha_pattern", {-kMaxAlpha, kMaxAlpha, false});
  config.targets.patterns = !config.rank_pattern.empty() || !config.alpha_pattern.empty();
  return config;
}

}  // namespace dnd::adapter
