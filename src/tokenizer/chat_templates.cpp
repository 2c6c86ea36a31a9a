#include "tokenizer/chat_templates.h"

#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::tokenizer {
namespace fs = std::filesystem;
namespace {

constexpr const char* kKey = "chat_template";
constexpr const char* kDefault = "default";
constexpr const char* kSuffix = ".jinja";
constexpr std::uint64_t kLargestTemplate = 4ULL << 20U;

std::string read_template(const fs::path& path) {
  const std::string content = read_text_file(path, kLargestTemplate);
  if (!is_valid_utf8(content)) {
    fail(ErrorKind::data, "chat template: ", path.string(), ": is not UTF-8");
  }
  return with_plain_line_ends(content);
}

void set(std::vector<ChatTemplate>& templates, std::string name, std::string source) {
  for (ChatTemplate& known : templates) {
    if (known.name != name) continue;
    known.source = std::move(source);
    return;
  }
  templates.push_back({std::move(name), std::move(source)});
}

std::vector<ChatTemplate> templates_of_files(const fs::path& folder) {
  std::vector<ChatTemplate> templates;
  const fs::path single = folder / "chat_template.jinja";
  if (is_file(single)) set(templates, kDefault, read_template(single));
  const fs::path more = folder / "additional_chat_templates";
  if (!is_folder(more)) return templates;
  for (const fs::path& path : list_folder(more)) {
    std::string name = path.filename().string();
    if (!name.ends_with(kSuffix)) continue;
    name.resize(name.size() - std::string_view(kSuffix).size());
    set(templates, name, read_template(path));
  }
  return templates;
}

}  // namespace

std::string with_plain_line_ends(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_return = text[i] == '\r';
    if (is_return && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += is_return ? '\n' : text[i];
  }
  return out;
}

std::vector<ChatTemplate> read_chat_templates(const fs::path& folder, const Json& settings) {
  std::vector<ChatTemplate> templates = templates_of_files(folder);
  if (!templates.empty() || !settings.contains(kKey) || settings.at(kKey).is_null()) {
    return templates;
  }
  const Json& value = settings.at(kKey);
  const std::string who = cat("tokenizer: ", (folder / "tokenizer_config.json").string());
  if (value.is_string()) {
    set(templates, kDefault, value.get<std::string>());
  } else if (value.is_object()) {
    JsonObject fields(value, cat(who, ": ", kKey));
    for (const auto& [name, source] : value.items()) set(templates, name, fields.text(name));
  } else {
    const Json& list = JsonObject(settings, who).array(kKey);
    for (std::size_t i = 0; i < list.size(); ++i) {
      JsonObject fields(list[i], cat(who, ": ", kKey, "[", i, "]"));
      set(templates, fields.text("name"), fields.text("template"));
    }
  }
  return templates;
}

}  // namespace dnd::tokenizer
