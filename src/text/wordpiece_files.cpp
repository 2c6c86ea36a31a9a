// WordPieceConfig from the files of an encoder's folder.
#include <optional>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "text/wordpiece.h"

namespace dnd::text {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kMaxVocabularyFile = 256ULL << 20U;
constexpr std::uint64_t kMaxTokenId = 100'000'000;

// Where no setting says otherwise, accents go with the case (BertNormalizer's strip_accents null).
struct Settings {
  BertNormalization rules;
  std::optional<bool> strip_accents;
};

std::int32_t id_value(const Json& value, const std::string& where) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxTokenId) {
    fail(ErrorKind::data, where, ": expected a token id from 0 to ", kMaxTokenId, ", got ",
         printable(json_line(value)));
  }
  return value.get<std::int32_t>();
}

std::int32_t token_id(const TokenIds& vocabulary, const std::string& token,
                      const std::string& who) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end()) {
    fail(ErrorKind::data, who, ": the vocabulary has no ", printable(token), " (not BERT's?)");
  }
  return found->second;
}

// One token a line; its id is the line's number from 0. A repeated token has its last number, as
// in the reference.
TokenIds read_vocabulary_lines(const fs::path& path) {
  const std::string content = read_text_file(path, kMaxVocabularyFile);
  std::string_view text = content;
  if (text.ends_with('\n')) text.remove_suffix(1);
  TokenIds vocabulary;
  std::int32_t id = 0;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    vocabulary.insert_or_assign(std::string(line), id++);
  }
  return vocabulary;
}

WordPieceConfig from_vocabulary_file(const fs::path& path) {
  const std::string who = "tokenizer: " + path.string();
  WordPieceConfig config;
  config.vocabulary = read_vocabulary_lines(path);
  config.begin_id = token_id(config.vocabulary, "[CLS]", who);
  config.end_id = token_id(config.vocabulary, "[SEP]", who);
  config.padding_id = token_id(config.vocabulary, "[PAD]", who);
  config.unknown_id = token_id(config.vocabulary, "[UNK]", who);
  for (const char* special : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}) {
    const auto found = config.vocabulary.find(std::string_view(special));
    if (found != config.vocabulary.end()) config.specials.push_back({special, found->second});
  }
  return config;
}

// A part of tokenizer.json that must be of the type BERT has there.
JsonObject part_of_type(JsonObject& file, const std::string& key, const std::string& type) {
  JsonObject part = file.object(key);
  const std::string found = part.text("type");
  if (found != type) {
    fail(ErrorKind::data, part.where(), ": type '", printable(found), "', expected '", type,
         "' (only BERT's tokenizer is reproduced from a tokenizer.json; T5's from spiece.model)");
  }
  return part;
}

void read_model(JsonObject& file, WordPieceConfig& config) {
  JsonObject model = part_of_type(file, "model", "WordPiece");
  const std::string prefix = model.text_or("continuing_subword_prefix", "##");
  if (prefix != "##") {
    fail(ErrorKind::data, model.where(), ": continuing_subword_prefix '", printable(prefix),
         "', expected '##'");
  }
  config.longest_word =
      static_cast<std::size_t>(model.integer_or("max_input_chars_per_word", 100, 1, INT32_MAX));
  const std::string where = model.object("vocab").where();
  const Json& pieces = model.at("vocab");
  config.vocabulary.reserve(pieces.size());
  for (const auto& [piece, id] : pieces.items()) config.vocabulary[piece] = id_value(id, where);
  config.unknown_id =
      token_id(config.vocabulary, model.text_or("unk_token", "[UNK]"), model.where());
  config.padding_id = token_id(config.vocabulary, "[PAD]", model.where());
}

void read_added_tokens(JsonObject& file, WordPieceConfig& config) {
  if (!file.has("added_tokens")) return;
  const Json& tokens = file.array("added_tokens");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    JsonObject token(tokens[i], cat(file.where(), ": added_tokens[", i, "]"));
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) {
      if (token.boolean_or(flag, false)) {
        fail(ErrorKind::data, token.where(), ": '", flag, "' is set, which is not supported");
      }
    }
    SpecialToken special{token.text("content"), id_value(token.at("id"), token.where())};
    if (special.text.empty()) fail(ErrorKind::data, token.where(), ": 'content' is empty");
    config.specials.push_back(std::move(special));
  }
}

// TemplateProcessing with single = [CLS] A [SEP].
void read_template(JsonObject& processor, WordPieceConfig& config) {
  const Json& single = processor.array("single");
  JsonObject known = processor.object("special_tokens");
  const auto marker = [&](std::size_t i) {
    JsonObject piece(single[i], cat(processor.where(), ": single[", i, "]"));
    JsonObject token = known.object(piece.object("SpecialToken").text("id"));
    const Json& ids = token.array("ids");
    if (ids.size() != 1) fail(ErrorKind::data, token.where(), ": expected one id");
    return id_value(ids[0], token.where());
  };
  if (single.size() != 3 || !single[1].is_object() || !single[1].contains("Sequence")) {
    fail(ErrorKind::data, processor.where(), ": 'single' is not [CLS] A [SEP]");
  }
  config.begin_id = marker(0);
  config.end_id = marker(2);
}

// BertProcessing: "cls": ["[CLS]", 101], "sep": ["[SEP]", 102].
void read_bert_processing(JsonObject& processor, WordPieceConfig& config) {
  const auto marker = [&](const char* key) {
    const Json& pair = processor.array(key);
    if (pair.size() != 2) {
      fail(ErrorKind::data, processor.where(), ": '", key, "': expected [token, id]");
    }
    return id_value(pair[1], processor.where() + ": " + key);
  };
  config.begin_id = marker("cls");
  config.end_id = marker("sep");
}

void read_processor(JsonObject& file, WordPieceConfig& config) {
  JsonObject processor = file.object("post_processor");
  if (processor.text("type") == "BertProcessing") return read_bert_processing(processor, config);
  JsonObject markers = part_of_type(file, "post_processor", "TemplateProcessing");
  read_template(markers, config);
}

std::optional<bool> optional_flag(JsonObject& object, const std::string& key) {
  if (!object.has(key)) return std::nullopt;  // null: no opinion
  return object.boolean_or(key, false);
}

Settings read_normalizer(JsonObject& file) {
  JsonObject normalizer = part_of_type(file, "normalizer", "BertNormalizer");
  Settings settings;
  settings.rules.clean_text = normalizer.boolean_or("clean_text", true);
  settings.rules.space_ideographs = normalizer.boolean_or("handle_chinese_chars", true);
  settings.rules.lower_case = normalizer.boolean_or("lowercase", true);
  settings.strip_accents = optional_flag(normalizer, "strip_accents");
  return settings;
}

// What tokenizer_config.json says, on top.
void apply_tokenizer_config(const fs::path& path, Settings& settings) {
  if (!path_exists(path)) return;
  const std::string who = "tokenizer: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject object(json, who);
  BertNormalization& rules = settings.rules;
  rules.lower_case = object.boolean_or("do_lower_case", rules.lower_case);
  rules.space_ideographs = object.boolean_or("tokenize_chinese_chars", rules.space_ideographs);
  if (json.contains("strip_accents")) {
    settings.strip_accents = optional_flag(object, "strip_accents");
  }
}

}  // namespace

WordPieceConfig read_wordpiece_config(const fs::path& encoder_folder) {
  const fs::path json_path = encoder_folder / "tokenizer.json";
  WordPieceConfig config;
  Settings settings;
  if (path_exists(json_path)) {
    const std::string who = "tokenizer: " + json_path.string();
    const Json json = read_json_file(json_path, who, kMaxVocabularyFile);
    JsonObject file(json, who);
    read_model(file, config);
    settings = read_normalizer(file);
    part_of_type(file, "pre_tokenizer", "BertPreTokenizer");
    read_processor(file, config);
    read_added_tokens(file, config);
  } else {
    config = from_vocabulary_file(encoder_folder / "vocab.txt");
  }
  apply_tokenizer_config(encoder_folder / "tokenizer_config.json", settings);
  settings.rules.strip_accents = settings.strip_accents.value_or(settings.rules.lower_case);
  config.normalization = settings.rules;
  return config;
}

}  // namespace dnd::text
