#include "lm/model_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "lm/refuse_config.h"
#include "lm/window_config.h"
#include "target/base_config.h"

namespace dnd::lm {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMaxSize = 1LL << 24U;
constexpr std::int64_t kMaxLayers = 1 << 16;

// A key of soft-capping and what the class takes where it is missing; without a key the class has none.
struct Softcap {
  std::string_view key = {};
  double usual = 0.0;  // 0: none
};

// Where the classes of transformers 5.23 differ; names, head sizes and what is fused or tied:
// target/architectures.cpp.
struct Class {
  std::string_view name;
  double epsilon = 1e-6;
  bool qkv_bias = false;        // always
  bool attention_bias = false;  // the key counts
  bool mlp_bias = false;        // the key counts
  bool head_norms = false;
  bool output_norms = false;
  double norm_offset = 0.0;
  bool scaled_embedding = false;  // by the root of its width
  std::string_view activation_key = "hidden_act";
  std::string_view activation = "silu";
  double query_scalar = 0.0;  // query_pre_attn_scalar; 0: the class has the head size there
  Softcap attention_softcap = {};
  Softcap logit_softcap = {};
  WindowRules windows = {};
  RopeRules ropes = {};
  // Where a published config.json leaves them out; 0: must be given.
  std::int64_t vocabulary = 0;
  std::int64_t longest = 0;
};

constexpr Class gemma(std::string_view name) {
  return {.name = name,
          .attention_bias = true,
          .norm_offset = 1.0,
          .scaled_embedding = true,
          .activation = "gelu_pytorch_tanh"};
}

constexpr Class gemma2(std::string_view name) {
  Class kind = gemma(name);
  kind.output_norms = true;
  kind.activation_key = "hidden_activation";
  kind.query_scalar = 256.0;
  kind.attention_softcap = {"attn_logit_softcapping", 50.0};
  kind.logit_softcap = {"final_logit_softcapping", 30.0};
  kind.windows = {.layers = Windows::pattern, .usual = 4096, .period = 2};
  return kind;
}

// Its attention passes over attn_logit_softcapping.
constexpr Class gemma3(std::string_view name) {
  Class kind = gemma2(name);
  kind.head_norms = true;
  kind.attention_softcap = {};
  kind.logit_softcap.usual = 0.0;
  kind.windows.period = 6;
  kind.ropes = {.theta = 1e6, .local_theta = 1e4};
  kind.vocabulary = 262208;
  kind.longest = 131072;
  return kind;
}

// The class of texts and images caps no logits.
constexpr Class gemma3_with_vision(std::string_view name) {
  Class kind = gemma3(name);
  kind.logit_softcap = {};
  return kind;
}

constexpr WindowRules kQwenWindows = {.layers = Windows::upper, .usual = 4096};

constexpr std::array kClasses = {
    Class{.name = "LlamaForCausalLM", .attention_bias = true, .mlp_bias = true},
    Class{.name = "MistralForCausalLM", .windows = {.layers = Windows::all, .usual = 4096}},
    Class{.name = "Qwen2ForCausalLM", .qkv_bias = true, .windows = kQwenWindows},
    Class{.name = "Qwen3ForCausalLM",
          .attention_bias = true,
          .head_norms = true,
          .windows = kQwenWindows},
    gemma("GemmaForCausalLM"),
    gemma2("Gemma2ForCausalLM"),
    gemma3("Gemma3ForCausalLM"),
    gemma3_with_vision("Gemma3ForConditionalGeneration"),
    Class{.name = "Phi3ForCausalLM",
          .epsilon = 1e-5,
          .windows = {.layers = Windows::all},
          .ropes = {.of_phi3 = true}},
    Class{.name = "SmolLM3ForCausalLM",
          .attention_bias = true,
          .mlp_bias = true,
          .windows = {.layers = Windows::no_ropes, .no_rope_layers = true},
          .ropes = {.theta = 2e6}},
};

constexpr std::array<std::pair<std::string_view, Activation>, 5> kActivations = {{
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"gelu", Activation::gelu},
    {"gelu_new", Activation::gelu_tanh},
    {"gelu_pytorch_tanh", Activation::gelu_tanh},
}};

const Class& find_class(const formats::ConfigFile& file) {
  const std::string name = file.required_architecture();
  for (const Class& known : kClasses) {
    if (known.name == name) return known;
  }
  fail(ErrorKind::data, file.who(), ": architecture '", printable(name),
       "' cannot be run here; supported: ", joined(kClasses, &Class::name));
}

std::int64_t size_or(JsonObject& json, const char* key, std::int64_t usual, std::int64_t most) {
  return usual > 0 ? json.integer_or(key, usual, 1, most) : json.integer(key, 1, most);
}

void read_sizes(JsonObject& json, const Class& kind, const target::Architecture& known,
                ModelConfig& config) {
  config.hidden = json.integer("hidden_size", 1, kMaxSize);
  config.layers = json.integer("num_hidden_layers", 1, kMaxLayers);
  const target::AttentionHeads heads = target::read_attention_heads(json, known.heads);
  config.heads = heads.attention;
  config.key_value_heads = heads.key_value;
  const std::int64_t quotient = config.hidden / config.heads;
  config.head_size =
      json.integer_or("head_dim", known.head_size > 0 ? known.head_size : quotient, 0, kMaxSize);
  config.inner = json.integer("intermediate_size", 1, kMaxSize);
  config.vocabulary = size_or(json, "vocab_size", kind.vocabulary, kMaxSize);
  config.longest = size_or(json, "max_position_embeddings", kind.longest, INT32_MAX);
  config.epsilon = json.number_or("rms_norm_eps", kind.epsilon);
  if (config.heads % config.key_value_heads != 0) {
    refuse_config(json, cat(config.heads, " heads cannot share ", config.key_value_heads,
                            " key/value heads"));
  }
  if (config.head_size < 2 || config.head_size % 2 != 0) {
    refuse_config(
        json, cat("heads of ", config.head_size, " values: rotary positions need an even number"));
  }
  if (!(config.epsilon >= 0.0 && config.epsilon < 1.0)) {
    refuse_config(json, cat("'rms_norm_eps': expected 0 to 1, got ", config.epsilon));
  }
}

Activation read_activation(JsonObject& json, const Class& kind) {
  const std::string key(kind.activation_key);
  const std::string name = json.text_or(key, std::string(kind.activation));
  // The first Gemma's configs say "gelu" and mean the other one, as its class in transformers knows.
  if (name == "gelu" && kind.activation != "silu" && key == "hidden_act") {
    return Activation::gelu_tanh;
  }
  for (const auto& [known, activation] : kActivations) {
    if (known == name) return activation;
  }
  refuse_config(json, cat(key, " '", printable(name), "', supported: ",
                          joined(kActivations, [](const auto& each) { return each.first; })));
}

void read_kinds(JsonObject& json, const Class& kind, ModelConfig& config) {
  config.activation = read_activation(json, kind);
  const bool attention_bias = kind.attention_bias && json.boolean_or("attention_bias", false);
  config.qkv_bias = kind.qkv_bias || attention_bias;
  config.out_bias = attention_bias;
  // Where a class passes over the key, biases are noticed as left-over tensors.
  config.mlp_bias = kind.mlp_bias && json.boolean_or("mlp_bias", false);
  config.head_norms = kind.head_norms;
  config.output_norms = kind.output_norms;
  config.norm_offset = kind.norm_offset;
  // In the type of the weights, which are fp32 here.
  const auto root = static_cast<float>(std::sqrt(static_cast<double>(config.hidden)));
  if (kind.scaled_embedding) config.embedding_scale = root;
  if (json.boolean_or("use_bidirectional_attention", false)) {
    refuse_config(json, "use_bidirectional_attention is not supported");
  }
}

double read_softcap(JsonObject& json, const Softcap& softcap) {
  const std::string key(softcap.key);
  if (key.empty() || json.is_null(key)) return 0.0;
  const double cap = json.number_or(key, softcap.usual);
  if (cap > 0.0 || (cap == 0.0 && !json.has(key))) return cap;
  refuse_config(json, cat("'", key, "': expected a number above 0, got ", cap));
}

void read_attention(JsonObject& json, const Class& kind, ModelConfig& config) {
  const auto width = static_cast<double>(config.head_size);
  const double scalar =
      kind.query_scalar > 0.0 ? json.number_or("query_pre_attn_scalar", kind.query_scalar) : width;
  if (!(scalar > 0.0))
    refuse_config(json, cat("query_pre_attn_scalar ", scalar, " makes no sense"));
  config.attention_scale = 1.0 / std::sqrt(scalar);
  config.attention_softcap = read_softcap(json, kind.attention_softcap);
  config.logit_softcap = read_softcap(json, kind.logit_softcap);
  config.ropes = read_ropes(json, kind.ropes, config.head_size, config.longest);
  const bool local = config.ropes.size() > 1;
  for (const LayerKind& layer : read_layer_kinds(json, kind.windows, config.layers)) {
    LayerAttention attention;
    if (layer.window > 0) attention.window = layer.window;
    if (layer.turns) attention.rope = local && layer.slides ? 1 : 0;
    config.attention.push_back(attention);
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
  const Class& kind = find_class(file);
  const target::Architecture& known = *target::find_architecture(kind.name);
  JsonObject json = file.language();
  ModelConfig config;
  config.architecture = kind.name;
  read_sizes(json, kind, known, config);
  read_kinds(json, kind, config);
  if (!file.quantization().empty()) refuse_config(json, "quantized weights cannot be run here");
  config.fused = known.feed_forward == target::FeedForward::fused;
  config.vision = known.vision != target::Vision::none;
  config.tied = file.tied_embeddings().value_or(known.tied);
  read_attention(json, kind, config);
  JsonObject whole = file.object();
  if (!file.is_of_gguf()) {
    config.ends = read_generation_ends(file.path().parent_path() / "generation_config.json");
  }
  for (JsonObject* part : {&whole, &json}) {
    if (config.ends.empty()) config.ends = read_ends(*part);
  }
  return config;
}

}  // namespace dnd::lm
