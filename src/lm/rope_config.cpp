#include "lm/rope_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "formats/gguf_config.h"
#include "lm/refuse_config.h"

namespace dnd::lm {
namespace {

constexpr std::int64_t kOriginalOfPhi3 = 4096;
constexpr const char* kParameters = "rope_parameters";
constexpr const char* kScaling = "rope_scaling";
constexpr const char* kOriginal = "original_max_position_embeddings";
constexpr const char* kPart = "partial_rotary_factor";

// What a scaling works on.
struct Turn {
  JsonObject& parameters;
  double theta = 0.0;
  std::int64_t size = 0;      // the values of a head that turn, not rounded to pairs
  std::int64_t longest = 0;   // positions
  std::int64_t original = 0;  // positions before scaling

  // theta ^ (2 i / size), in fp32 as transformers has it.
  std::vector<float> waves() const {
    std::vector<float> waves;
    for (std::int64_t i = 0; i < size; i += 2) {
      const float power = static_cast<float>(i) / static_cast<float>(size);
      waves.push_back(std::pow(static_cast<float>(theta), power));
    }
    return waves;
  }

  double factor(double fallback = 0.0) const {
    const double factor = parameters.number_or("factor", fallback);
    if (!(factor >= 1.0 && factor < 1e6))
      refuse_config(parameters, "expected a 'factor' of 1 or more");
    return factor;
  }
};

std::vector<float> inverse(std::vector<float> waves) {
  for (float& wave : waves) wave = 1.0F / wave;
  return waves;
}

void keep(const Turn& turn, Rope& rope) { rope.frequencies = inverse(turn.waves()); }

// Beyond max_position_embeddings, where this would begin to act, no sequence is run.
void stretch_later(const Turn& turn, Rope& rope) {
  turn.factor();
  keep(turn, rope);
}

void stretch_all(const Turn& turn, Rope& rope) {
  keep(turn, rope);
  const auto factor = static_cast<float>(turn.factor());
  for (float& frequency : rope.frequencies) frequency /= factor;
}

// Llama 3: long waves are stretched, short ones kept, those between mixed.
void stretch_long_waves(const Turn& turn, Rope& rope) {
  keep(turn, rope);
  const double factor = turn.factor();
  const double low = turn.parameters.number_or("low_freq_factor", 0.0);
  const double high = turn.parameters.number_or("high_freq_factor", 0.0);
  if (!(low > 0.0 && high > low)) {
    refuse_config(turn.parameters, "expected 0 < low_freq_factor < high_freq_factor");
  }
  for (float& frequency : rope.frequencies) {
    const double turns = static_cast<double>(turn.original) * static_cast<double>(frequency) /
                         (2.0 * std::numbers::pi);
    const double kept = std::clamp((turns - low) / (high - low), 0.0, 1.0);
    frequency = static_cast<float>(static_cast<double>(frequency) * (kept + (1.0 - kept) / factor));
  }
}

double yarn_scale(JsonObject& parameters, double factor) {
  const auto scale_by = [&](double weight) {
    return factor <= 1.0 ? 1.0 : 0.1 * weight * std::log(factor) + 1.0;
  };
  const double weight = parameters.number_or("mscale", 0.0);
  const double of_all = parameters.number_or("mscale_all_dim", 0.0);
  const bool both = weight != 0.0 && of_all != 0.0;
  return parameters.number_or("attention_factor",
                              both ? scale_by(weight) / scale_by(of_all) : scale_by(1.0));
}

// YaRN: as Llama 3's, but mixed along the index of the frequency, with a scale of its own.
void stretch_by_ramp(const Turn& turn, Rope& rope) {
  JsonObject& parameters = turn.parameters;
  const double original = static_cast<double>(turn.original);
  const double factor = turn.factor(static_cast<double>(turn.longest) / original);
  const auto given = [&](const char* key, double usual) {
    const double value = parameters.number_or(key, 0.0);
    return value == 0.0 ? usual : value;
  };
  const auto index_of = [&](double turns) {
    return static_cast<double>(turn.size) * std::log(original / (turns * 2.0 * std::numbers::pi)) /
           (2.0 * std::log(turn.theta));
  };
  double begin = index_of(given("beta_fast", 32.0));
  double end = index_of(given("beta_slow", 1.0));
  if (parameters.boolean_or("truncate", true)) {
    begin = std::floor(begin);
    end = std::ceil(end);
  }
  if (!(std::isfinite(begin) && std::isfinite(end))) {
    refuse_config(parameters, "beta_fast or beta_slow makes no sense");
  }
  begin = std::max(begin, 0.0);
  end = std::min(end, static_cast<double>(turn.size - 1));
  if (begin == end) end += 0.001;
  std::vector<float> waves = turn.waves();
  for (std::size_t i = 0; i < waves.size(); ++i) {
    const auto ramp =
        static_cast<float>(std::clamp((static_cast<double>(i) - begin) / (end - begin), 0.0, 1.0));
    const float stretched = 1.0F / (static_cast<float>(factor) * waves[i]);
    rope.frequencies.push_back(stretched * ramp + 1.0F / waves[i] * (1.0F - ramp));
  }
  rope.scale = static_cast<float>(yarn_scale(parameters, factor));
}

// A factor for each frequency.
std::vector<float> factors_of(const Turn& turn, const char* key, std::size_t frequencies) {
  const Json& factors = turn.parameters.array(key);
  const auto is_factor = [](const Json& each) {
    return each.is_number() && each.get<double>() > 1e-6 && each.get<double>() < 1e6;
  };
  if (factors.size() != frequencies || !std::all_of(factors.begin(), factors.end(), is_factor)) {
    refuse_config(turn.parameters, cat("'", key, "': expected ", frequencies,
                                       " numbers above 0, got ", factors.size(), " values"));
  }
  return factors.get<std::vector<float>>();
}

std::vector<float> divided(const Turn& turn, const char* key) {
  std::vector<float> waves = turn.waves();
  const std::vector<float> factors = factors_of(turn, key, waves.size());
  for (std::size_t i = 0; i < waves.size(); ++i) waves[i] *= factors[i];
  return inverse(std::move(waves));
}

// What Llama 3's scaling came to, in a GGUF.
void divide_each(const Turn& turn, Rope& rope) {
  keep(turn, rope);
  const std::vector<float> factors = factors_of(turn, "factors", rope.frequencies.size());
  for (std::size_t i = 0; i < factors.size(); ++i) rope.frequencies[i] /= factors[i];
}

// LongRoPE: a factor for each frequency, and others for sequences longer than the original.
void stretch_each(const Turn& turn, Rope& rope) {
  rope.frequencies = divided(turn, "short_factor");
  rope.long_frequencies = divided(turn, "long_factor");
  rope.short_length = turn.original;
  const double original = static_cast<double>(turn.original);
  const double factor =
      turn.parameters.number_or("factor", static_cast<double>(turn.longest) / original);
  const double usual = factor <= 1.0 ? 1.0 : std::sqrt(1.0 + std::log(factor) / std::log(original));
  rope.scale = static_cast<float>(turn.parameters.number_or("attention_factor", usual));
}

// modeling_rope_utils.py, ROPE_INIT_FUNCTIONS. Phi-3's class knows longrope under its names of before, too.
// Other classes have it, but keep keys that were turned by other frequencies when a sequence grows.
struct Scaling {
  std::string_view type;
  bool of_phi3 = false;
  void (*apply)(const Turn&, Rope&);
};
constexpr std::array kScalings = {
    Scaling{"default", false, keep},
    Scaling{"linear", false, stretch_all},
    Scaling{"dynamic", false, stretch_later},
    Scaling{"yarn", false, stretch_by_ramp},
    Scaling{"llama3", false, stretch_long_waves},
    Scaling{formats::kGgufRopeFactors, false, divide_each},
    Scaling{"default", true, keep},
    Scaling{"longrope", true, stretch_each},
    Scaling{"su", true, stretch_each},
    Scaling{"yarn", true, stretch_each},
};

const Scaling& find_scaling(JsonObject& parameters, bool of_phi3) {
  const std::string type = parameters.text_or("rope_type", parameters.text_or("type", "default"));
  std::vector<std::string_view> names;
  for (const Scaling& known : kScalings) {
    if (known.of_phi3 != of_phi3) continue;
    if (known.type == type) return known;
    names.push_back(known.type);
  }
  refuse_config(parameters, cat("rope type '", printable(type), "', supported: ", joined(names)));
}

// How many values of a head turn.
std::int64_t turned(JsonObject& json, JsonObject& parameters, bool of_phi3,
                    std::int64_t head_size) {
  const double part = parameters.number_or(kPart, json.number_or(kPart, 1.0));
  if (part == 1.0) return head_size;
  if (!of_phi3) refuse_config(json, cat(kPart, " is not supported for this class"));
  const double size = std::floor(static_cast<double>(head_size) * part);
  if (!(size >= 1.0 && part < 1.0)) refuse_config(json, cat(kPart, " ", part, " makes no sense"));
  return static_cast<std::int64_t>(size);
}

std::int64_t original_length(JsonObject& json, JsonObject& parameters, bool of_phi3,
                             std::int64_t longest) {
  return of_phi3 ? json.integer_or(kOriginal, kOriginalOfPhi3, 2, INT32_MAX)
                 : parameters.integer_or(kOriginal, longest, 1, INT32_MAX);
}

Rope read_rope(JsonObject& json, const Json& given, const std::string& where, double theta,
               bool of_phi3, std::int64_t head_size, std::int64_t longest) {
  JsonObject parameters(given, where);
  theta = parameters.number_or("rope_theta", theta);
  if (!(theta > 1.0 && theta < 1e12)) {
    refuse_config(parameters, cat("rope_theta ", theta, " makes no sense"));
  }
  const Turn turn = {parameters, theta, turned(json, parameters, of_phi3, head_size), longest,
                     original_length(json, parameters, of_phi3, longest)};
  Rope rope;
  find_scaling(parameters, of_phi3).apply(turn, rope);
  if (!(rope.scale > 0.0F && rope.scale < 1e6F)) {
    refuse_config(parameters, cat("attention_factor ", rope.scale, " makes no sense"));
  }
  return rope;
}

// An object that may be missing, null or empty.
Json object_or_empty(JsonObject& json, const char* key) {
  if (!json.has(key)) return Json::object();
  json.object(key);
  return json.at(key);
}

}  // namespace

std::vector<Rope> read_ropes(JsonObject& json, const RopeRules& rules, std::int64_t head_size,
                             std::int64_t longest) {
  const Json older = object_or_empty(json, kScaling);
  Json given = object_or_empty(json, kParameters);
  const double theta = json.number_or("rope_theta", rules.theta);
  const auto read = [&](const Json& parameters, const char* part, double usual) {
    return read_rope(json, parameters, cat(json.where(), ": ", part), usual, rules.of_phi3,
                     head_size, longest);
  };
  if (rules.local_theta == 0.0) {
    if (given.contains("full_attention") || given.contains("sliding_attention")) {
      refuse_config(json,
                    cat("'", kParameters, "' of each kind of layer: not supported for this class"));
    }
    const bool is_older = !older.empty();
    return {read(is_older ? older : given, is_older ? kScaling : kParameters, theta)};
  }
  JsonObject parts(given, cat(json.where(), ": ", kParameters));
  Json full = object_or_empty(parts, "full_attention");
  full.update(older);
  const double local = json.number_or("rope_local_base_freq", rules.local_theta);
  return {read(full, "rope parameters of full_attention", theta),
          read(object_or_empty(parts, "sliding_attention"), "rope parameters of sliding_attention",
               local)};
}

}  // namespace dnd::lm
