#include "formats/config_file.h"

#include <utility>
#include <vector>

#include "base/strings.h"

namespace dnd::formats {
namespace fs = std::filesystem;
namespace {

constexpr const char* kLanguagePart = "text_config";
constexpr const char* kClasses = "architectures";
constexpr const char* kClassOfDiffusers = "_class_name";
constexpr const char* kTied = "tie_word_embeddings";

// The document and the language model's part of it, whether or not the rest is there twice.
std::vector<JsonObject> parts_of(JsonObject object) {
  std::vector<JsonObject> parts = {object};
  if (object.has(kLanguagePart)) parts.push_back(object.object(kLanguagePart));
  return parts;
}

}  // namespace

ConfigFile::ConfigFile(const fs::path& path)
    : path_(path), who_("base model: " + path.string()), json_(read_json_file(path, who_)) {
  object();  // refuses what is none
}

ConfigFile::ConfigFile(const fs::path& gguf, Json config)
    : path_(gguf), who_("base model: " + gguf.string()), json_(std::move(config)), of_gguf_(true) {}

JsonObject ConfigFile::language() const {
  JsonObject all = object();
  const bool nested = all.has(kLanguagePart) && !all.has("hidden_size");
  return nested ? all.object(kLanguagePart) : all;
}

std::string ConfigFile::name() const { return object().text_or("_name_or_path", ""); }

std::string ConfigFile::model_type() const { return object().text_or("model_type", ""); }

bool ConfigFile::is_of_diffusers() const { return object().has(kClassOfDiffusers); }

std::optional<std::string> ConfigFile::architecture() const {
  JsonObject all = object();
  if (!all.has(kClasses)) {
    if (all.has(kClassOfDiffusers)) return all.text(kClassOfDiffusers);
    return std::nullopt;
  }
  const Json& names = all.array(kClasses);
  if (names.size() != 1 || !names[0].is_string()) return std::nullopt;
  return names[0].get<std::string>();
}

std::string ConfigFile::required_architecture() const {
  if (auto name = architecture()) return *name;
  object().array(kClasses);  // says so where the key is missing
  fail(ErrorKind::data, who_, ": '", kClasses, "' should name exactly one class");
}

std::optional<bool> ConfigFile::tied_embeddings() const {
  for (JsonObject& part : parts_of(object())) {
    if (part.has(kTied)) return part.boolean_or(kTied, false);
  }
  return std::nullopt;
}

std::string ConfigFile::quantization() const {
  for (JsonObject& part : parts_of(object())) {
    for (const char* key : {"quantization_config", "compression_config"}) {
      if (!part.has(key)) continue;
      const std::string method = part.object(key).text_or("quant_method", "");
      return method.empty() ? std::string(kUnknownQuantization) : method;
    }
  }
  return {};
}

}  // namespace dnd::formats
