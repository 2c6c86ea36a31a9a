#include "tokenizer/folder_class.h"

#include <optional>

#include "base/strings.h"
#include "tokenizer/class_tables.h"
#include "tokenizer/component_json.h"
#include "tokenizer/fields.h"

namespace dnd::tokenizer {
namespace {

constexpr std::string_view kBackend = "TokenizersBackend";
constexpr std::string_view kMistral = "MistralCommonBackend";
constexpr std::string_view kQwen2Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen35Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

bool holds_word(std::string_view words, std::string_view word) {
  for (const std::string_view each : split(words, ' ')) {
    if (each == word) return true;
  }
  return false;
}

std::string_view registered_class(std::string_view type) {
  for (const RegisteredClass& each : kRegisteredClasses) {
    if (holds_word(each.types, type)) return each.name;
  }
  return holds_word(kMistakenTypes, type) ? kBackend : std::string_view{};
}

std::string_view without_fast(std::string_view name) {
  if (name.ends_with("Fast")) name.remove_suffix(4);
  return name;
}

// A name that transformers does not have means the backend.
TokenizerClass class_of_name(std::string_view name, const std::string& who) {
  name = without_fast(name);
  constexpr std::pair<std::string_view, TokenizerClass> kKnown[] = {
      {"LlamaTokenizer", TokenizerClass::llama},
      {"GemmaTokenizer", TokenizerClass::gemma},
      {"GPT2Tokenizer", TokenizerClass::gpt2},
      {"GPTNeoXTokenizer", TokenizerClass::gpt_neox},
      {"Qwen2Tokenizer", TokenizerClass::qwen2},
      {"Qwen3_5Tokenizer", TokenizerClass::qwen3_5},
      {"BertTokenizer", TokenizerClass::bert},
      {"RobertaTokenizer", TokenizerClass::roberta},
      {"XLMRobertaTokenizer", TokenizerClass::xlm_roberta},
  };
  for (const auto& [known, kind] : kKnown) {
    if (name == known) return kind;
  }
  if (!holds_word(kOtherClasses, name)) return TokenizerClass::backend;
  fail(ErrorKind::data, who, ": the tokenizer_class ", name,
       " has rules of its own, which are not supported; without it the tokenizer.json would be "
       "read as it is");
}

bool brings_code(const Json& settings) {
  if (!settings.contains("auto_map")) return false;
  const Json& map = settings.at("auto_map");
  return map.is_array() ||
         (map.is_object() && map.contains("AutoTokenizer") && !map.at("AutoTokenizer").is_null());
}

Json text_pattern(const char* text) { return {{"String", text}}; }

// Pieces of SentencePiece -> text.
Json spaces_decoder(bool strip) {
  Json steps = {{{"type", "Replace"}, {"pattern", text_pattern("\u2581")}, {"content", " "}},
                {{"type", "ByteFallback"}},
                {{"type", "Fuse"}}};
  if (strip) steps.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1U}, {"stop", 0U}});
  return {{"type", "Sequence"}, {"decoders", steps}};
}

struct Components {
  Json normalizer;
  Json pre_tokenizer;
  Json decoder;
};

Components llama(const Json& settings) {
  const bool prefix = flag_or(settings, "add_prefix_space", true);
  const bool everywhere = flag_or(settings, "legacy", false);
  return {nullptr,
          {{"type", "Metaspace"},
           {"replacement", "\u2581"},
           {"prepend_scheme", !prefix      ? "never"
                              : everywhere ? "always"
                                           : "first"},
           {"split", false}},
          spaces_decoder(prefix)};
}

Components gemma() {
  return {{{"type", "Replace"}, {"pattern", text_pattern(" ")}, {"content", "\u2581"}},
          {{"type", "Split"},
           {"pattern", text_pattern(" ")},
           {"behavior", "MergedWithPrevious"},
           {"invert", false}},
          spaces_decoder(false)};
}

Components qwen(const Json& settings, std::string_view words) {
  const Json bytes = byte_level_json(flag_or(settings, "add_prefix_space", false), false);
  return {{{"type", "NFC"}},
          {{"type", "Sequence"}, {"pretokenizers", Json::array({split_json(words), bytes})}},
          byte_level_json(true, true)};
}

Components gpt(const Json& settings, bool composes) {
  return {composes ? Json{{"type", "NFC"}} : Json(nullptr),
          byte_level_json(flag_or(settings, "add_prefix_space", false), true),
          byte_level_json(true, true)};
}

Components bert(const Json& settings) {
  const Json accents = settings.contains("strip_accents") ? settings.at("strip_accents") : Json();
  return {{{"type", "BertNormalizer"},
           {"clean_text", true},
           {"handle_chinese_chars", flag_or(settings, "tokenize_chinese_chars", true)},
           {"strip_accents", accents},
           {"lowercase", flag_or(settings, "do_lower_case", true)}},
          {{"type", "BertPreTokenizer"}},
          {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}}};
}

// The first rules of normalisation in the file; those of a sequence within a sequence are not looked for.
Json charsmap_of(const Json& document) {
  const Json file = document.contains("normalizer") ? document.at("normalizer") : Json();
  const bool sequence = text_or_none(file, "type") == "Sequence" && file.contains("normalizers");
  for (const Json& each : sequence ? file.at("normalizers") : Json::array({file})) {
    if (text_or_none(each, "type") == "Precompiled" && each.contains("precompiled_charsmap")) {
      return {{"type", "Precompiled"}, {"precompiled_charsmap", each.at("precompiled_charsmap")}};
    }
  }
  return nullptr;
}

Components xlm_roberta(const Json& settings, const Json& document) {
  const bool prefix = flag_or(settings, "add_prefix_space", true);
  const Json pieces = {{"type", "Metaspace"},
                       {"replacement", "\u2581"},
                       {"prepend_scheme", prefix ? "always" : "never"},
                       {"split", true}};
  const Json words = {{"type", "WhitespaceSplit"}};
  return {charsmap_of(document),
          {{"type", "Sequence"}, {"pretokenizers", Json::array({words, pieces})}},
          pieces};
}

Components components(TokenizerClass kind, const Json& settings, const Json& document) {
  switch (kind) {
    case TokenizerClass::llama:
      return llama(settings);
    case TokenizerClass::gemma:
      return gemma();
    case TokenizerClass::gpt2:
    case TokenizerClass::roberta:
      return gpt(settings, false);
    case TokenizerClass::gpt_neox:
      return gpt(settings, true);
    case TokenizerClass::qwen2:
      return qwen(settings, kQwen2Words);
    case TokenizerClass::qwen3_5:
      return qwen(settings, kQwen35Words);
    case TokenizerClass::bert:
      return bert(settings);
    case TokenizerClass::xlm_roberta:
      return xlm_roberta(settings, document);
    case TokenizerClass::backend:
      break;
  }
  fail(ErrorKind::internal, "tokenizer: a class without parts of its own");
}

Json model_without_vocabulary(TokenizerClass kind, const std::string& unknown) {
  if (kind == TokenizerClass::bert) {
    return {{"type", "WordPiece"},
            {"unk_token", unknown},
            {"continuing_subword_prefix", "##"},
            {"max_input_chars_per_word", 100U}};
  }
  if (kind == TokenizerClass::xlm_roberta) {
    return {{"type", "Unigram"}, {"unk_id", 3U}, {"byte_fallback", false}};
  }
  const bool pieces = kind == TokenizerClass::llama || kind == TokenizerClass::gemma;
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", kind == TokenizerClass::gemma ? Json(unknown) : Json(nullptr)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", pieces},
          {"byte_fallback", pieces},
          {"ignore_merges", false}};
}

std::string_view kind_of_model(const Json& model) {
  if (model.contains("type") && model.at("type").is_string()) {
    return model.at("type").get_ref<const std::string&>();
  }
  if (model.contains("merges")) return "BPE";
  if (model.contains("max_input_chars_per_word")) return "WordPiece";
  return model.contains("vocab") && model.at("vocab").is_array() ? "Unigram" : "";
}

}  // namespace

TokenizerClass choose_class(const Json& config, const Json& settings, std::string_view file,
                            const std::string& who) {
  const std::string type = text_or_none(config, "model_type");
  const std::string of_settings = text_or_none(settings, "tokenizer_class");
  const std::string of_config = text_or_none(config, "tokenizer_class");
  const std::string named = of_settings.empty() ? of_config : of_settings;
  const std::string_view registered = registered_class(type);
  const bool mistaken = holds_word(kMistakenTypes, type);
  if (!named.empty() && !brings_code(settings)) {
    if (without_fast(named) == "LlamaTokenizer" && registered != kMistral && !mistaken &&
        file.find("\"ByteLevel\"") != std::string_view::npos) {
      return TokenizerClass::backend;
    }
    if (!registered.empty() && registered != without_fast(named)) {
      if (registered == kBackend || registered == kMistral) return TokenizerClass::backend;
      return class_of_name(mistaken ? registered : std::string_view(named), who);
    }
  }
  if (!named.empty()) return class_of_name(named, who);
  return class_of_name(registered, who);
}

std::vector<std::pair<std::string, Json>> default_tokens(TokenizerClass kind) {
  constexpr const char* kEnd = "<|endoftext|>";
  switch (kind) {
    case TokenizerClass::backend:
      return {};
    case TokenizerClass::llama:
      return {{"unk_token", "<unk>"}, {"bos_token", "<s>"}, {"eos_token", "</s>"}};
    case TokenizerClass::gemma:
      return {{"unk_token", "<unk>"},
              {"bos_token", "<bos>"},
              {"eos_token", "<eos>"},
              {"pad_token", "<pad>"},
              {"mask_token", "<mask>"}};
    case TokenizerClass::gpt2:
      return {
          {"unk_token", kEnd}, {"bos_token", kEnd}, {"eos_token", kEnd}, {"pad_token", nullptr}};
    case TokenizerClass::gpt_neox:
      return {{"unk_token", kEnd},
              {"bos_token", kEnd},
              {"eos_token", kEnd},
              {"pad_token", "<|padding|>"}};
    case TokenizerClass::qwen2:
    case TokenizerClass::qwen3_5:
      return {
          {"unk_token", kEnd}, {"bos_token", nullptr}, {"eos_token", kEnd}, {"pad_token", kEnd}};
    case TokenizerClass::bert:
      return {{"unk_token", "[UNK]"},
              {"sep_token", "[SEP]"},
              {"pad_token", "[PAD]"},
              {"cls_token", "[CLS]"},
              {"mask_token", "[MASK]"}};
    case TokenizerClass::roberta:
    case TokenizerClass::xlm_roberta:
      return {{"bos_token", "<s>"},    {"eos_token", "</s>"},  {"sep_token", "</s>"},
              {"cls_token", "<s>"},    {"unk_token", "<unk>"}, {"pad_token", "<pad>"},
              {"mask_token", "<mask>"}};
  }
  fail(ErrorKind::internal, "tokenizer: a class without a name");
}

void rebuild(TokenizerClass kind, const Json& settings, const std::string& unknown, Json& document,
             const std::string& who) {
  if (kind == TokenizerClass::backend) return;
  if (!document.is_object() || !document.contains("model") || !document.at("model").is_object()) {
    fail(ErrorKind::data, who, ": 'model' is missing (not a tokenizer.json?)");
  }
  Json& model = document.at("model");
  Json own = model_without_vocabulary(kind, unknown);
  const std::string expected = own.at("type").get<std::string>();
  if (kind_of_model(model) != expected) {
    fail(ErrorKind::data, who, ": the model is ", printable(kind_of_model(model)),
         ", the tokenizer_class of the folder has ", expected, " (another tokenizer_class?)");
  }
  for (const char* key : {"vocab", "merges"}) {
    if (model.contains(key)) own[key] = std::move(model.at(key));
  }
  model = std::move(own);
  Components parts = components(kind, settings, document);
  document["normalizer"] = std::move(parts.normalizer);
  document["pre_tokenizer"] = std::move(parts.pre_tokenizer);
  document["decoder"] = std::move(parts.decoder);
  document["added_tokens"] = Json::array();
}

}  // namespace dnd::tokenizer
