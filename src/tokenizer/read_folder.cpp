// A base model's tokenizer from the files of its folder.
#include <algorithm>
#include <unordered_map>

#include "base/file.h"
#include "base/paths.h"
#include "base/strings.h"
#include "formats/gguf.h"
#include "formats/weight_files.h"
#include "text/sentencepiece_model.h"
#include "tokenizer/chat_templates.h"
#include "tokenizer/component_json.h"
#include "tokenizer/fields.h"
#include "tokenizer/file_tokenizer.h"
#include "tokenizer/folder_class.h"
#include "tokenizer/folder_settings.h"
#include "tokenizer/gguf_tokenizer.h"
#include "tokenizer/mistral_words.h"
#include "tokenizer/model.h"
#include "tokenizer/sentencepiece_tokenizer.h"
#include "tokenizer/tokenizer.h"

namespace dnd::tokenizer {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t kLargestJson = 256ULL << 20U;
constexpr const char* kFileName = "tokenizer.json";
constexpr const char* kPiecesName = "tokenizer.model";
constexpr const char* kTiktoken = "a tiktoken model";
constexpr const char* kWordsName = "vocab.txt";  // BERT's

// The texts that are added: the document's own, then what the settings add, then what the class does.
void add_tokens(const FolderSettings& settings, TokenizerClass kind, Json& document,
                const std::string& who) {
  if (!document.contains("added_tokens")) document["added_tokens"] = Json::array();
  Json& list = document.at("added_tokens");
  const std::vector<AddedToken> present = read_added_tokens(list, cat(who, ": added_tokens"));
  for (const AddedToken& token : tokens_to_add(settings, present)) {
    list.push_back(token_json(token));
  }
  if (kind != TokenizerClass::qwen2) return;
  const auto add = [&](const GivenToken& token) {
    list.push_back(token_json({token.token.content, false, false, false, false, true}));
  };
  for (const auto& [name, token] : settings.named) add(token);
  for (const GivenToken& token : settings.extra) add(token);
}

void set_markers(const FolderSettings& settings, TokenizerClass kind, Tokenizer& tokenizer,
                 const std::string& who) {
  const auto id_of = [&](const char* name) -> std::optional<TokenId> {
    const GivenToken* token = settings.find(name);
    return token == nullptr ? std::nullopt : tokenizer.id_of(token->token.content);
  };
  Json processor;
  if (kind == TokenizerClass::bert) {
    processor = template_json(id_of("cls_token").value_or(2), id_of("sep_token").value_or(3));
  } else if (kind == TokenizerClass::roberta) {
    processor = template_json(id_of("cls_token"), id_of("sep_token"));
  } else if (kind == TokenizerClass::xlm_roberta) {
    processor = template_json(id_of("bos_token"), id_of("eos_token"));
  } else if (settings.markers) {
    const auto [begin, end] = *settings.markers;
    processor = template_json(begin ? id_of("bos_token") : std::nullopt,
                              end ? id_of("eos_token") : std::nullopt);
  }
  if (!processor.is_null()) tokenizer.replace_post_processor(processor, who);
}

bool cleans_up(const FolderSettings& settings, const Json& document) {
  if (!settings.flag("clean_up_tokenization_spaces")) return false;
  const Json& model = document.at("model");
  const bool is_bpe = text_or_none(model, "type") == "BPE" || model.contains("merges");
  return !is_bpe ||
         settings.flag("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output");
}

// Files of several versions ("tokenizer.4.0.0.json"), of which transformers takes one.
void refuse_versions(const Json& settings, const std::string& who) {
  if (!settings.contains("fast_tokenizer_files")) return;
  const Json& files = settings.at("fast_tokenizer_files");
  if (files.is_array() &&
      std::all_of(files.begin(), files.end(), [](const Json& file) { return file == kFileName; })) {
    return;
  }
  fail(ErrorKind::data, who, ": 'fast_tokenizer_files' names others than ", kFileName,
       ", which is not supported");
}

// The pieces of a tokenizer.model have the ids that the tokenizer.json gives them.
void check_pieces(const fs::path& path, const Tokenizer& tokenizer) {
  const MappedFile file(path);
  // Some folders have tiktoken's ranks under this name: lines of base64.
  if (!file.text().starts_with('\n')) return;
  const std::string who = cat("tokenizer: ", path.string());
  text::for_each_normal_piece(file.text(), who, [&](std::int32_t id, std::string_view piece) {
    const std::optional<std::string> token = tokenizer.token_of(id);
    if (tokenizer.is_added(id) || (token && *token == piece)) return;
    fail(ErrorKind::data, who, ": token ", id, " is '", printable(piece), "', ", kFileName, " has ",
         token ? cat("'", printable(*token), "'") : "none",
         " (files of two tokenizers? take the one away that is not this model's)");
  });
}

std::vector<std::pair<std::string, std::string>> texts_of(const FolderSettings& settings) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, token] : settings.named) texts.emplace_back(name, token.token.content);
  return texts;
}

// BERT's tokenizer.json of a vocab.txt: a token a line, whose number from 0 is its id; of a repeated one the
// last.
Json document_of_words(const fs::path& path, const std::string& who) {
  const std::string content = read_text_file(path, kLargestJson);
  std::string_view text = content;
  if (text.ends_with('\n')) text.remove_suffix(1);
  std::unordered_map<std::string, std::uint32_t> ids;
  std::uint32_t id = 0;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    ids.insert_or_assign(std::string(line), id++);
  }
  for (const char* marker : {"[CLS]", "[SEP]", "[PAD]", "[UNK]"}) {
    if (ids.contains(marker)) continue;
    fail(ErrorKind::data, who, ": the vocabulary has no ", marker, " (not BERT's?)");
  }
  Json vocabulary = Json::object();
  // Not by operator[], which looks through all that are there.
  Json::object_t::Container& entries = vocabulary.get_ref<Json::object_t&>();
  entries.reserve(ids.size());
  for (const auto& [token, number] : ids) entries.emplace_back(token, number);
  return {{"version", "1.0"},
          {"added_tokens", Json::array()},
          {"post_processor", nullptr},
          {"model", {{"type", "WordPiece"}, {"vocab", std::move(vocabulary)}}}};
}

FolderTokenizer with_end(FolderTokenizer read) {
  if (const auto end = read.special_id("eos_token")) read.ends = {*end};
  return read;
}

FolderTokenizer read_gguf(const formats::WeightFiles& files) {
  return read_gguf_tokenizer(formats::GgufFile(files.folder / files.names.at(0)));
}

struct FolderFile {
  Json document;
  TokenizerClass kind;
};

FolderFile read_document(const fs::path& path, const Json& config, const Json& settings,
                         const std::string& who, const std::string& who_settings) {
  if (path.filename() == kWordsName) return {document_of_words(path, who), TokenizerClass::bert};
  const std::string content = read_text_file(path, kLargestJson);
  const TokenizerClass kind = choose_class(config, settings, content, who_settings);
  Json document = parse_json(content, who);
  JsonObject(document, who).object("model");
  if (kind == TokenizerClass::backend) read_scores_as_library(document);
  return {std::move(document), kind};
}

FolderTokenizer read_file(const fs::path& folder, const fs::path& path) {
  const std::string who = cat("tokenizer: ", path.string());
  const Json config = read_object_file(folder / "config.json");
  const Json given = read_object_file(folder / "tokenizer_config.json");
  const std::string who_settings = cat("tokenizer: ", (folder / "tokenizer_config.json").string());
  refuse_versions(given, who_settings);
  auto [document, kind] = read_document(path, config, given, who, who_settings);
  const FolderSettings settings = read_settings(folder, given, kind, document, who_settings);
  const GivenToken* unknown = settings.find("unk_token");
  rebuild(kind, settings.values, unknown == nullptr ? "" : unknown->token.content, document, who);
  add_tokens(settings, kind, document, who);
  if (is_file(folder / "config.json")) mend_mistral_words(config, settings.values, document);
  Tokenizer tokenizer = Tokenizer::from_document(document, who);
  set_markers(settings, kind, tokenizer, who);
  if (settings.flag("split_special_tokens")) tokenizer.split_special_tokens();
  if (is_file(folder / kPiecesName)) check_pieces(folder / kPiecesName, tokenizer);
  FolderTokenizer result;
  result.tokenizer = make_file_tokenizer(std::move(tokenizer), cleans_up(settings, document));
  result.special_tokens = texts_of(settings);
  result.chat_templates = read_chat_templates(folder, given);
  return with_end(std::move(result));
}

}  // namespace

std::optional<std::string> FolderTokenizer::special_token(std::string_view name) const {
  for (const auto& [known, text] : special_tokens) {
    if (known == name) return text;
  }
  return std::nullopt;
}

std::optional<TokenId> FolderTokenizer::special_id(std::string_view name) const {
  const std::optional<std::string> text = special_token(name);
  return text ? tokenizer->id_of(*text) : std::nullopt;
}

bool has_tokenizer(const fs::path& folder) {
  return is_file(folder / kFileName) || is_file(folder / kPiecesName) ||
         is_file(folder / kWordsName);
}

namespace {

// What a folder has instead, for the end of a message.
std::string other_tokenizer(const fs::path& folder) {
  constexpr const char* kRemedy =
      "), which is not read; transformers' save_pretrained writes tokenizer.json";
  if (!is_folder(folder)) return "";
  if (is_file(folder / "tekken.json"))
    return cat("; it has Mistral's tekken.json (", kTiktoken, kRemedy);
  if (is_file(folder / "vocab.json") && is_file(folder / "merges.txt")) {
    return cat("; it has vocab.json and merges.txt (an older form", kRemedy);
  }
  for (const fs::path& file : list_folder(folder)) {
    if (file.extension() == ".tiktoken") {
      return cat("; it has ", printable(file.filename().string()), " (", kTiktoken, kRemedy);
    }
  }
  return "";
}

}  // namespace

FolderTokenizer read_folder(const fs::path& path) {
  if (!path_exists(path)) fail(ErrorKind::no_input, "tokenizer: ", path.string(), ": not found");
  if (!is_folder(path) && formats::has_gguf_name(path)) {
    return read_gguf(formats::weight_files_of_gguf(path));
  }
  if (is_file(path / kFileName)) return read_file(path, path / kFileName);
  if (is_file(path / kPiecesName)) {
    const Json settings = read_object_file(path / "tokenizer_config.json");
    return with_end(read_sentencepiece_folder(path, settings));
  }
  if (is_file(path / kWordsName)) return read_file(path, path / kWordsName);
  if (is_folder(path)) {
    const auto files = formats::find_weight_files(path);
    if (files && formats::has_gguf_name(files->entry)) return read_gguf(*files);
  }
  fail(ErrorKind::no_input, "tokenizer: ", path.string(), ": holds neither ", kFileName, " nor ",
       kPiecesName, " (SentencePiece): texts cannot be run", other_tokenizer(path));
}

}  // namespace dnd::tokenizer
