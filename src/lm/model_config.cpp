#include "lm/model_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/gguf_config.h"
#include "target/base_config.h"

namespace dnd::lm {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxSize = 1LL << 24U;
constexpr std::int64_t kMaxLayers = 1 << 16;
constexpr std::int64_t kUsualWindow = 4096;  // transformers' default of sliding_window

// Where the architectures differ. `windowed`: a sliding window unless the config says null; the
// others have one only with use_sliding_window.
struct Architecture {
  std::string_view name;
  std::int64_t head_size = 0;  // transformers' default; 0: hidden_size / num_attention_heads
  bool qkv_bias = false;
  bool bias_keys = false;  // attention_bias, mlp_bias count
  bool head_norms = false;
  bool windowed = false;
};
constexpr std::array<Architecture, 4> kArchitectures = {{
    {.name = "LlamaForCausalLM", .bias_keys = true},
    {.name = "MistralForCausalLM", .windowed = true},
    {.name = "Qwen2ForCausalLM", .qkv_bias = true},
    {.name = "Qwen3ForCausalLM", .head_size = 128, .bias_keys = true, .head_norms = true},
}};

const Architecture& find_architecture(const formats::ConfigFile& file) {
  const std::string name = file.required_architecture();
  for (const Architecture& known : kArchitectures) {
    if (known.name == name) return known;
  }
  std::string all;
  for (const Architecture& known : kArchitectures) all += cat(all.empty() ? "" : ", ", known.name);
  fail(ErrorKind::data, file.who(), ": architecture '", printable(name),
       "' cannot be run here; supported: ", all);
}

[[noreturn]] void refuse(const JsonObject& json, const std::string& what) {
  fail(ErrorKind::data, json.where(), what);
}

void read_sizes(JsonObject& json, const Architecture& kind, ModelConfig& config) {
  config.hidden = json.integer("hidden_size", 1, kMaxSize);
  config.layers = json.integer("num_hidden_layers", 1, kMaxLayers);
  const target::AttentionHeads heads = target::read_attention_heads(json);
  config.heads = heads.attention;
  config.key_value_heads = heads.key_value;
  const std::int64_t quotient = config.hidden / config.heads;
  config.head_size =
      json.integer_or("head_dim", kind.head_size > 0 ? kind.head_size : quotient, 0, kMaxSize);
  config.inner = json.integer("intermediate_size", 1, kMaxSize);
  config.vocabulary = json.integer("vocab_size", 1, kMaxSize);
  config.longest = json.integer("max_position_embeddings", 1, INT32_MAX);
  config.epsilon = json.number_or("rms_norm_eps", config.epsilon);
  if (config.heads % config.key_value_heads != 0) {
    refuse(json, cat(": ", config.heads, " heads cannot share ", config.key_value_heads,
                     " key/value heads"));
  }
  if (config.head_size < 2 || config.head_size % 2 != 0) {
    refuse(json,
           cat(": heads of ", config.head_size, " values: rotary positions need an even number"));
  }
  if (!(config.epsilon >= 0.0 && config.epsilon < 1.0)) {
    refuse(json, cat(": 'rms_norm_eps': expected 0 to 1, got ", config.epsilon));
  }
}

void read_kinds(JsonObject& json, const Architecture& kind, ModelConfig& config) {
  const std::string activation = json.text_or("hidden_act", "silu");
  if (activation != "silu") {
    refuse(json, cat(": hidden_act '", printable(activation), "', only silu is supported"));
  }
  const bool attention_bias = kind.bias_keys && json.boolean_or("attention_bias", false);
  config.qkv_bias = kind.qkv_bias || attention_bias;
  config.out_bias = attention_bias;
  // Only Llama's class has the key; its biases would be noticed as left-over tensors elsewhere.
  config.mlp_bias = kind.bias_keys && !kind.head_norms && json.boolean_or("mlp_bias", false);
  config.head_norms = kind.head_norms;
}

// A sliding window changes nothing as long as the sequence is no longer.
std::int64_t read_window(JsonObject& json, const Json& document, const Architecture& kind) {
  const auto given = document.find("sliding_window");
  const bool is_null = given != document.end() && given->is_null();
  const bool windowed = kind.windowed ? !is_null : json.boolean_or("use_sliding_window", false);
  return windowed ? json.integer_or("sliding_window", kUsualWindow, 1, INT32_MAX) : INT32_MAX;
}

// Llama 3's scaling: long waves are stretched, short ones kept, those between mixed
// (transformers, modeling_rope_utils.py, _compute_llama3_parameters).
void stretch(JsonObject& rope, std::vector<float>& frequencies) {
  const double factor = rope.number_or("factor", 0.0);
  const double low = rope.number_or("low_freq_factor", 0.0);
  const double high = rope.number_or("high_freq_factor", 0.0);
  const auto context =
      static_cast<double>(rope.integer("original_max_position_embeddings", 1, INT32_MAX));
  if (!(factor >= 1.0 && low > 0.0 && high > low)) {
    refuse(rope, ": expected factor >= 1 and 0 < low_freq_factor < high_freq_factor");
  }
  for (float& frequency : frequencies) {
    const double waves = context * static_cast<double>(frequency) / (2.0 * std::numbers::pi);
    const double kept = std::clamp((waves - low) / (high - low), 0.0, 1.0);
    frequency = static_cast<float>(static_cast<double>(frequency) * (kept + (1.0 - kept) / factor));
  }
}

// What Llama 3's scaling came to, in a GGUF: each frequency is divided by its factor.
void divide(JsonObject& rope, std::vector<float>& frequencies) {
  const Json& factors = rope.array("factors");
  const auto is_factor = [](const Json& each) {
    return each.is_number() && each.get<double>() > 1e-6 && each.get<double>() < 1e6;
  };
  if (factors.size() != frequencies.size() ||
      !std::all_of(factors.begin(), factors.end(), is_factor)) {
    refuse(rope, cat(": expected ", frequencies.size(), " numbers above 0 as 'factors', got ",
                     factors.size()));
  }
  for (std::size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= factors[i].get<float>();
}

// transformers 5 keeps all in rope_parameters, before it was rope_theta and rope_scaling.
void read_rope(JsonObject& json, ModelConfig& config) {
  const char* key = json.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  const Json nothing = Json::object();
  JsonObject rope = json.has(key) ? json.object(key) : JsonObject(nothing, json.where());
  const std::string type = rope.text_or("rope_type", rope.text_or("type", "default"));
  const double theta = rope.number_or("rope_theta", json.number_or("rope_theta", 10000.0));
  if (!(theta > 1.0 && theta < 1e12)) refuse(json, cat(": rope_theta ", theta, " makes no sense"));
  for (JsonObject* place : {&rope, &json}) {
    if (place->number_or("partial_rotary_factor", 1.0) != 1.0) {
      refuse(*place, ": partial_rotary_factor is not supported");
    }
  }
  for (std::int64_t i = 0; i < config.head_size; i += 2) {
    const float power = static_cast<float>(i) / static_cast<float>(config.head_size);
    config.frequencies.push_back(1.0F / std::pow(static_cast<float>(theta), power));
  }
  if (type == "llama3") {
    stretch(rope, config.frequencies);
  } else if (type == formats::kGgufRopeFactors) {
    divide(rope, config.frequencies);
  } else if (type != "default") {
    refuse(rope, cat(": rope type '", printable(type), "', supported: default, llama3"));
  }
}

// "eos_token_id": a number or a list.
std::vector<std::int32_t> read_ends(JsonObject& json) {
  if (!json.has("eos_token_id")) return {};
  const Json value = json.at("eos_token_id");
  const Json list = {{"eos_token_id", value.is_array() ? value : Json::array({value})}};
  std::vector<std::int32_t> ends;
  for (const std::int64_t id :
       JsonObject(list, json.where()).integers("eos_token_id", 0, kMaxSize)) {
    ends.push_back(static_cast<std::int32_t>(id));
  }
  return ends;
}

std::vector<std::int32_t> read_generation_ends(const fs::path& path) {
  if (!path_exists(path)) return {};
  const std::string who = "base model: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject object(json, who);
  return read_ends(object);
}

}  // namespace

ModelConfig read_model_config(const formats::ConfigFile& file) {
  const Architecture& kind = find_architecture(file);
  JsonObject json = file.object();
  ModelConfig config;
  config.architecture = kind.name;
  read_sizes(json, kind, config);
  read_kinds(json, kind, config);
  if (!file.quantization().empty()) refuse(json, ": quantized weights cannot be run here");
  config.tied = file.tied_embeddings().value_or(false);
  config.longest = std::min(config.longest, read_window(json, file.json(), kind));
  read_rope(json, config);
  if (!file.is_of_gguf()) {
    config.ends = read_generation_ends(file.path().parent_path() / "generation_config.json");
  }
  if (config.ends.empty()) config.ends = read_ends(json);
  return config;
}

}  // namespace dnd::lm
