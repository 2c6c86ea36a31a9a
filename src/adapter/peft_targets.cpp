#include "adapter/peft_targets.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "adapter/lora.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace {

constexpr std::int64_t kMaxLayer = 1 << 20;

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text[0] == '-' || stop != text.data() + text.size() || error != std::errc()) {
    return std::nullopt;
  }
  return value;
}

bool ends_in(std::string_view path, std::string_view name) {
  if (!path.ends_with(name)) return false;
  return path.size() == name.size() || path[path.size() - name.size() - 1] == '.';
}

// Whether `name` is a component of the path, or several in a row.
bool has_component(std::string_view path, std::string_view name) {
  return cat(".", path, ".").find(cat(".", name, ".")) != std::string::npos;
}

// The number after a list of that name; of any list, where it is none: a number that two components at least
// stand before. 0.17 wants one before a named list, too.
std::optional<std::int64_t> layer_in(std::string_view path, const LayerList* list,
                                     LayerNumber which) {
  const auto parts = split(path, '.');
  std::optional<std::int64_t> found;
  const bool named = list != nullptr && which == LayerNumber::first;
  for (std::size_t i = named ? 1 : 2; i + 1 < parts.size(); ++i) {
    const auto number = number_of(parts[i]);
    const auto before = static_cast<std::size_t>(parts[i].data() - path.data());
    if (!number || (list != nullptr && !list->ends(path.substr(0, before)))) continue;
    found = number;
    if (which == LayerNumber::first) break;
  }
  return found;
}

std::optional<std::int64_t> layer_of(std::string_view path, const std::vector<LayerList>& lists,
                                     LayerNumber which) {
  if (lists.empty()) return layer_in(path, nullptr, which);
  for (const LayerList& list : lists) {
    if (const auto layer = layer_in(path, &list, which)) return layer;
  }
  return std::nullopt;
}

std::vector<std::string> texts_at(JsonObject& config, const std::string& key) {
  std::vector<std::string> texts;
  for (const Json& value : config.array(key)) {
    if (!value.is_string()) {
      fail(ErrorKind::data, config.where(), ": '", key, "' holds ", printable(json_line(value)),
           ", expected names");
    }
    texts.push_back(value.get<std::string>());
  }
  return texts;
}

// A text or a list of texts.
ModuleRule rule_at(JsonObject& config, const std::string& key) {
  if (!config.has(key)) return {};
  if (config.at(key).is_string()) return ModuleRule(config.text(key));
  return ModuleRule(texts_at(config, key));
}

}  // namespace

ModuleRule::ModuleRule(std::string expression)
    : expression_(std::move(expression)),
      compiled_(std::make_shared<const PythonExpression>(expression_)) {}

bool ModuleRule::matches(std::string_view path) const {
  if (is_expression()) return compiled_->matches(path);
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return ends_in(path, name); });
}

LayerList::LayerList(const std::string& pattern)
    : expression_(std::make_shared<const PythonExpression>(cat("(?:.*\\.)?", pattern, "\\."))) {}

bool PeftTargets::are_known() const {
  return (all_linear || targets.is_set()) && targets.is_understood() && excluded.is_understood();
}

bool PeftTargets::is_saved(std::string_view path) const {
  const auto holds = [&](const std::string& name) { return has_component(path, name); };
  return std::any_of(saved.begin(), saved.end(), holds) ||
         std::any_of(heads.begin(), heads.end(), holds);
}

bool PeftTargets::is_loaded_whole(std::string_view path) const {
  for (std::size_t end = path.size();; end = path.rfind('.', end - 1)) {
    if (end == std::string_view::npos || end == 0) return false;
    const auto named = [&](const std::string& name) { return path.substr(0, end).ends_with(name); };
    if (std::any_of(saved.begin(), saved.end(), named)) return true;
    if (std::any_of(heads.begin(), heads.end(), named)) return true;
  }
}

bool PeftTargets::take(std::string_view path, bool is_head, LayerNumber number) const {
  if (is_saved(path)) return false;
  if (!are_known()) return true;
  if (excluded.is_set() && excluded.matches(path)) return false;
  if (all_linear) return !is_head;
  if (!targets.matches(path)) return false;
  // An expression and a whole path choose by themselves.
  const auto& names = targets.names();
  const bool whole = std::find(names.begin(), names.end(), path) != names.end();
  if (!some_layers || targets.is_expression() || whole) return true;
  const auto layer = layer_of(path, layer_lists, number);
  return layer && std::find(layers.begin(), layers.end(), *layer) != layers.end();
}

namespace {

// As LoraConfig's __post_init__() and inject_adapter() check.
std::string why_no_targets(const PeftTargets& targets, JsonObject& config) {
  const bool given = config.has("target_modules");
  const bool is_text = given && config.at("target_modules").is_string();
  if (given && !targets.all_linear && !targets.targets.is_set()) return "target_modules is empty";
  if (is_text && config.has("layers_to_transform")) {
    return "layers_to_transform beside target_modules as a text";
  }
  if (is_text && !targets.layer_lists.empty()) {
    return "layers_pattern beside target_modules as a text";
  }
  if (!targets.layer_lists.empty() && !targets.some_layers) {
    return "layers_pattern without layers_to_transform";
  }
  for (const auto& [rule, key] :
       {std::pair(&targets.targets, "target_modules"), {&targets.excluded, "exclude_modules"}}) {
    if (!rule->is_valid()) return cat(key, " is no regular expression of Python's");
  }
  return "";
}

// As LoraLayer's update_layer() initialises: what changes the base's weights is refused elsewhere.
bool is_start(const std::string& text) {
  constexpr std::array<std::string_view, 4> kStarts = {"", "eva", "orthogonal", "loftq"};
  constexpr std::array<std::string_view, 3> kAnyCase = {"gaussian", "olora", "mica"};
  const auto has = [](const auto& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  return has(kStarts, text) || has(kAnyCase, lower_ascii(text));
}

// What stops PEFT beside the choice of modules.
std::string why_no_layers(JsonObject& config) {
  const bool null_bias = config.is_null("bias");
  const std::string bias = config.text_or("bias", "none");
  if (null_bias || (bias != "none" && bias != "all" && !bias.ends_with("_only"))) {
    return cat("bias '", null_bias ? "null" : printable(bias), "' is none of PEFT's");
  }
  const bool named = config.has("init_lora_weights") && config.at("init_lora_weights").is_string();
  const std::string start = named ? config.text("init_lora_weights") : "";
  if (!is_start(start)) {
    return cat("init_lora_weights '", printable(start), "' is none of PEFT's");
  }
  if (config.has("task_type") && config.text("task_type").empty()) {
    return "task_type '' is none of PEFT's";
  }
  if (start == "orthogonal" && config.integer_or("r", 8, 1, kMaxRank) % 2 != 0) {
    return "init_lora_weights 'orthogonal' needs an even rank";
  }
  if (config.has("lora_dropout") && config.at("lora_dropout").is_number() &&
      config.number_or("lora_dropout", 0.0) > 1.0) {
    return "lora_dropout is more than 1";
  }
  return "";
}

// PeftModelForSequenceClassification and its kin of peft_model.py.
std::vector<std::string> heads_of_task(const std::string& task) {
  if (task == "SEQ_CLS" || task == "TOKEN_CLS") return {"classifier", "score"};
  if (task == "QUESTION_ANS") return {"qa_outputs"};
  return {};
}

struct DefaultTargets {
  std::string_view model_type;
  std::array<const char*, 6> names;
  bool newer = false;  // 0.17.1 has no such entry
};

// TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING of peft/utils/constants.py, 0.21.2; without gemma4,
// whose entry is an expression.
constexpr std::array<DefaultTargets, 39> kDefaultTargets = {{
    {"t5", {"q", "v"}},
    {"mt5", {"q", "v"}},
    {"bart", {"q_proj", "v_proj"}},
    {"gpt2", {"c_attn"}},
    {"bloom", {"query_key_value"}},
    {"blip-2", {"q", "v", "q_proj", "v_proj"}},
    {"opt", {"q_proj", "v_proj"}},
    {"gptj", {"q_proj", "v_proj"}},
    {"gpt_neox", {"query_key_value"}},
    {"gpt_neo", {"q_proj", "v_proj"}},
    {"bert", {"query", "value"}},
    {"roberta", {"query", "value"}},
    {"xlm-roberta", {"query", "value"}},
    {"electra", {"query", "value"}},
    {"deberta-v2", {"query_proj", "value_proj"}},
    {"deberta", {"in_proj"}},
    {"layoutlm", {"query", "value"}},
    {"llama", {"q_proj", "v_proj"}},
    {"llama4", {"q_proj", "v_proj"}},
    {"chatglm", {"query_key_value"}},
    {"gpt_bigcode", {"c_attn"}},
    {"mpt", {"Wqkv"}},
    {"falcon", {"query_key_value"}},
    {"codegen", {"qkv_proj"}},
    {"mistral", {"q_proj", "v_proj"}},
    {"mixtral", {"q_proj", "v_proj"}},
    {"stablelm", {"q_proj", "v_proj"}},
    {"phi", {"q_proj", "v_proj", "fc1", "fc2"}},
    {"gemma", {"q_proj", "v_proj"}},
    {"gemma2", {"q_proj", "v_proj"}},
    {"gemma3_text", {"q_proj", "v_proj"}},
    {"qwen2", {"q_proj", "v_proj"}},
    {"qwen3", {"q_proj", "v_proj"}},
    {"btlm", {"c_proj", "c_attn"}},
    {"RefinedWebModel", {"query_key_value"}},
    {"RefinedWeb", {"query_key_value"}},
    {"nemotron_h", {"q_proj", "k_proj", "v_proj", "o_proj"}, true},
    {"rwkv", {"key", "value", "receptance", "output"}, true},
    {"rwkv7", {"r_proj", "k_proj", "v_proj", "o_proj", "key", "value"}, true},
}};

}  // namespace

std::optional<ModuleRule> default_targets(std::string_view model_type, PeftRelease release) {
  const bool newest = release == PeftRelease::v0_21;
  if (model_type == "gemma4" && newest) {
    return ModuleRule(std::string(R"(.*language_model\..*\.(q_proj|v_proj))"));
  }
  for (const DefaultTargets& entry : kDefaultTargets) {
    if (entry.model_type != model_type || (entry.newer && !newest)) continue;
    std::vector<std::string> names;
    for (const char* name : entry.names) {
      if (name != nullptr) names.emplace_back(name);
    }
    return ModuleRule(names);
  }
  return std::nullopt;
}

PeftTargets peft_targets_from_json(JsonObject& config) {
  PeftTargets targets;
  targets.targets = rule_at(config, "target_modules");
  targets.absent = !config.has("target_modules");
  if (config.has("target_modules") && config.at("target_modules").is_string() &&
      lower_ascii(config.text("target_modules")) == "all-linear") {
    targets.all_linear = true;
    targets.targets = {};
  }
  targets.excluded = rule_at(config, "exclude_modules");
  if (config.has("layers_to_transform")) {
    if (config.at("layers_to_transform").is_array()) {
      targets.layers = config.integers("layers_to_transform", 0, kMaxLayer);
    } else {
      targets.layers = {config.integer("layers_to_transform", 0, kMaxLayer)};
    }
    targets.some_layers = !targets.layers.empty();
  }
  if (config.has("layers_pattern")) {
    const bool one = config.at("layers_pattern").is_string();
    const auto lists = one ? std::vector<std::string>{config.text("layers_pattern")}
                           : texts_at(config, "layers_pattern");
    for (const std::string& list : lists) {
      if (!one || !list.empty()) targets.layer_lists.emplace_back(list);
    }
  }
  targets.bias = config.text_or("bias", "none");
  if (config.has("modules_to_save")) targets.saved = texts_at(config, "modules_to_save");
  targets.heads = heads_of_task(config.text_or("task_type", ""));
  targets.contradiction = why_no_targets(targets, config);
  if (targets.contradiction.empty()) targets.contradiction = why_no_layers(config);
  return targets;
}

}  // namespace dnd::adapter
