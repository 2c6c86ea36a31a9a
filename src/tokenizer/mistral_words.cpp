#include "tokenizer/mistral_words.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tokenizer/component_json.h"
#include "tokenizer/fields.h"

namespace dnd::tokenizer {
namespace {

constexpr std::size_t kLargeVocabulary = 100'000;
constexpr std::string_view kWords =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"(|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*)"
    R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

bool is_old_mistral(const Json& config) {
  constexpr std::array<std::string_view, 5> kTypes = {"mistral", "mistral3", "voxtral", "ministral",
                                                      "pixtral"};
  const std::string version = text_or_none(config, "transformers_version");
  if (!version.empty() && std::strtol(version.c_str(), nullptr, 10) >= 5) return false;
  const std::string type = text_or_none(config, "model_type");
  return type.empty() || std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

// With added tokens that the vocabulary does not have.
std::size_t vocabulary_size(const Json& document) {
  const Json& model = document.at("model");
  if (!model.contains("vocab")) return 0;
  const Json& vocabulary = model.at("vocab");
  std::size_t size = vocabulary.size();
  if (!vocabulary.is_object() || size > kLargeVocabulary) return size;
  for (const Json& token : document.at("added_tokens")) {
    size += vocabulary.contains(token.at("content").get_ref<const std::string&>()) ? 0 : 1;
  }
  return size;
}

}  // namespace

void mend_mistral_words(const Json& config, const Json& settings, Json& document) {
  const bool wanted =
      settings.contains("fix_mistral_regex") && settings.at("fix_mistral_regex") == true;
  if (!wanted || !is_old_mistral(config) || !document.contains("pre_tokenizer") ||
      !document.at("pre_tokenizer").is_object() || vocabulary_size(document) <= kLargeVocabulary) {
    return;
  }
  const Json words = split_json(kWords);
  Json& present = document.at("pre_tokenizer");
  const std::string type = text_or_none(present, "type");
  if (type == "Sequence" && present.contains("pretokenizers") &&
      present.at("pretokenizers").is_array() && !present.at("pretokenizers").empty()) {
    present.at("pretokenizers")[0] = words;
    return;
  }
  const Json last = type == "Metaspace" ? byte_level_json(false, false) : present;
  present = {{"type", "Sequence"}, {"pretokenizers", Json::array({words, last})}};
}

}  // namespace dnd::tokenizer
