#include "adapter/peft_targets.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/strings.h"

namespace dnd::adapter {
namespace {

// Expressions come from strangers: short, and matched by libstdc++'s automaton of polynomial time.
constexpr std::size_t kMaxExpression = 2048;
constexpr std::size_t kMaxPath = 1024;
constexpr std::int64_t kMaxCount = 16;
constexpr std::int64_t kMaxLayer = 1 << 20;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text[0] == '-' || stop != text.data() + text.size() || error != std::errc()) {
    return std::nullopt;
  }
  return value;
}

// The automaton has what is counted as often as it counts: a few times one character or class, no group.
bool counts_little(std::string_view text) {
  for (std::size_t at = text.find('{'); at != text.npos; at = text.find('{', at + 1)) {
    const std::size_t end = text.find('}', at);
    if (at == 0 || text[at - 1] == ')' || end == text.npos) return false;
    for (const std::string_view part : split(text.substr(at + 1, end - at - 1), ',')) {
      const auto count = number_of(part);
      if (!count || *count > kMaxCount) return false;
    }
  }
  return true;
}

// Without \A and \Z, the ends of a text that is matched whole.
std::string without_anchors(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    const char escaped = text[++i];
    if (escaped != 'A' && escaped != 'Z') plain.append({'\\', escaped});
  }
  return plain;
}

// What Python and ECMAScript mean by differently: "]" as the first of a class, classes by name, possessive
// quantifiers.
bool means_another(std::string_view text) {
  constexpr std::array<std::string_view, 7> kOthers = {"[]", "[^]", "[[:", "*+", "++", "?+", "}+"};
  return std::any_of(kOthers.begin(), kOthers.end(), [&](std::string_view other) {
    return text.find(other) != std::string_view::npos;
  });
}

// nullptr where it is none that is understood here.
std::shared_ptr<const std::regex> compile_expression(std::string text) {
  if (means_another(text)) return nullptr;
  text = replaced(replaced(without_anchors(text), "{1,}", "+"), "{0,}", "*");
  if (text.size() > kMaxExpression || !counts_little(text)) return nullptr;
  try {
    return std::make_shared<const std::regex>(
        text, std::regex::ECMAScript | std::regex_constants::__polynomial);
  } catch (const std::regex_error&) {
    return nullptr;
  }
}

bool ends_in(std::string_view path, std::string_view name) {
  if (!path.ends_with(name)) return false;
  return path.size() == name.size() || path[path.size() - name.size() - 1] == '.';
}

// Whether `name` is a component of the path, or several in a row.
bool has_component(std::string_view path, std::string_view name) {
  return cat(".", path, ".").find(cat(".", name, ".")) != std::string::npos;
}

// The number after a list of that name; of any list, where it is empty: a number that two components at least
// stand before. 0.17 wants one before a named list, too.
std::optional<std::int64_t> layer_in(const std::vector<std::string_view>& parts,
                                     std::string_view list, LayerNumber which) {
  std::optional<std::int64_t> found;
  const bool named = !list.empty() && which == LayerNumber::first;
  for (std::size_t i = named ? 1 : 2; i + 1 < parts.size(); ++i) {
    const auto number = number_of(parts[i]);
    if (!number || (!list.empty() && parts[i - 1] != list)) continue;
    found = number;
    if (which == LayerNumber::first) break;
  }
  return found;
}

std::optional<std::int64_t> layer_of(std::string_view path, const std::vector<std::string>& lists,
                                     LayerNumber which) {
  const auto parts = split(path, '.');
  if (lists.empty()) return layer_in(parts, "", which);
  for (const std::string& list : lists) {
    if (const auto layer = layer_in(parts, list, which)) return layer;
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
    : expression_(std::move(expression)), compiled_(compile_expression(expression_)) {}

bool ModuleRule::matches(std::string_view path) const {
  if (is_expression()) {
    return compiled_ != nullptr && path.size() <= kMaxPath &&
           std::regex_match(path.begin(), path.end(), *compiled_);
  }
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& name) { return ends_in(path, name); });
}

bool PeftTargets::are_known() const {
  return (all_linear || targets.is_set()) && targets.is_understood() && excluded.is_understood();
}

bool PeftTargets::is_saved(std::string_view path) const {
  return std::any_of(saved.begin(), saved.end(),
                     [&](const std::string& name) { return has_component(path, name); });
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
std::string contradiction_of(const PeftTargets& targets, JsonObject& config) {
  const bool given = config.has("target_modules");
  const bool is_text = given && config.at("target_modules").is_string();
  if (given && !targets.all_linear && !targets.targets.is_set()) return "target_modules is empty";
  if (is_text && targets.some_layers) {
    return "layers_to_transform beside target_modules as a text";
  }
  if (is_text && !targets.layer_lists.empty()) {
    return "layers_pattern beside target_modules as a text";
  }
  if (!targets.layer_lists.empty() && !targets.some_layers) {
    return "layers_pattern without layers_to_transform";
  }
  return "";
}

}  // namespace

PeftTargets peft_targets_from_json(JsonObject& config) {
  PeftTargets targets;
  targets.targets = rule_at(config, "target_modules");
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
    targets.layer_lists = config.at("layers_pattern").is_string()
                              ? std::vector<std::string>{config.text("layers_pattern")}
                              : texts_at(config, "layers_pattern");
    if (targets.layer_lists == std::vector<std::string>{""}) targets.layer_lists.clear();
  }
  targets.bias = config.text_or("bias", "none");
  if (config.has("modules_to_save")) targets.saved = texts_at(config, "modules_to_save");
  targets.contradiction = contradiction_of(targets, config);
  return targets;
}

}  // namespace dnd::adapter
