#include "tokenizer/gguf_tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "tokenizer/bpe.h"
#include "tokenizer/component_json.h"
#include "tokenizer/file_tokenizer.h"
#include "tokenizer/gguf_vocabulary.h"
#include "tokenizer/gguf_words.h"
#include "tokenizer/tokenizer.h"

namespace dnd::tokenizer {
namespace {

using formats::GgufArray;
using formats::GgufFile;
using formats::GgufType;

constexpr std::string_view kTemplate = "tokenizer.chat_template";
constexpr const char* kSpace = "▁";
// Comparisons of parts of tokens that scores are turned into merges by; real files need a thousandth.
constexpr std::uint64_t kMostWork = 1ULL << 33U;

bool flag(const GgufFile& file, const char* key, bool fallback, const std::string& who) {
  const formats::GgufValue* value = file.find(key);
  if (value == nullptr) return fallback;
  if (const auto* found = std::get_if<bool>(&value->value)) return *found;
  fail(ErrorKind::data, who, ": ", key, ": expected a boolean, got ", gguf_type_name(value->type));
}

// -- Models.

// "a b": the left part may begin with the space.
BpeMerge read_merge(std::string_view text, std::uint32_t rank, const Vocabulary& vocabulary,
                    const std::string& who) {
  const std::size_t space = text.find(' ', 1);
  if (space == std::string_view::npos) {
    fail(ErrorKind::data, who, ": merge ", rank, ", '", printable(text), "': expected two tokens");
  }
  const std::string_view left = text.substr(0, space);
  const std::string_view right = text.substr(space + 1);
  const std::string both = cat(left, right);
  const auto find = [&](std::string_view token) {
    const TokenId id = vocabulary.find(token);
    if (id != kNoToken) return id;
    fail(ErrorKind::data, who, ": merge ", rank, ": '", printable(token), "' is no token");
  };
  return {find(left), find(right), rank, find(both)};
}

std::vector<BpeMerge> read_merges(const GgufFile& file, const Vocabulary& vocabulary,
                                  const std::string& who) {
  const formats::GgufValue* value = file.find("tokenizer.ggml.merges");
  const auto* list = value == nullptr ? nullptr : std::get_if<GgufArray>(&value->value);
  if (list == nullptr || list->element != GgufType::string) {
    fail(ErrorKind::data, who, ": has no list of merges (tokenizer.ggml.merges)");
  }
  std::vector<BpeMerge> merges;
  std::uint32_t rank = 0;
  for (const formats::GgufValue& each : gguf_elements(*list, list->count)) {
    merges.push_back(read_merge(std::get<std::string>(each.value), rank++, vocabulary, who));
  }
  // Of one pair twice the first counts.
  std::reverse(merges.begin(), merges.end());
  return merges;
}

// The ranks of scores: the highest first, equal ones together.
std::vector<std::uint32_t> ranks_of(const std::vector<GgufToken>& tokens) {
  std::vector<float> scores;
  scores.reserve(tokens.size());
  for (const GgufToken& token : tokens) scores.push_back(token.score);
  std::sort(scores.begin(), scores.end(), std::greater<>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  std::vector<std::uint32_t> ranks;
  for (const GgufToken& token : tokens) {
    const auto place =
        std::lower_bound(scores.begin(), scores.end(), token.score, std::greater<>());
    ranks.push_back(static_cast<std::uint32_t>(place - scores.begin()));
  }
  return ranks;
}

// Every two tokens that are a third one together, which has the score.
std::vector<BpeMerge> merges_of_scores(const GgufVocabulary& read, const std::string& who) {
  const std::vector<std::uint32_t> ranks = ranks_of(read.tokens);
  std::vector<BpeMerge> merges;
  std::uint64_t work = 0;
  for (std::size_t i = 0; i < read.tokens.size(); ++i) {
    const std::string_view text = read.tokens[i].text;
    work += std::uint64_t{text.size()} * text.size();
    if (text.size() > kMostWork || work > kMostWork) {
      fail(ErrorKind::data, who, ": token ", i, " is too long (", text.size(), " bytes)");
    }
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      if (continues_character(text[cut])) continue;
      const TokenId left = read.vocabulary.find(text.substr(0, cut));
      if (left == kNoToken) continue;
      const TokenId right = read.vocabulary.find(text.substr(cut));
      if (right == kNoToken) continue;
      merges.push_back({left, right, ranks[i], static_cast<TokenId>(i)});
    }
  }
  return merges;
}

// -- What stands around a model.

Json replace_json(const char* what, const char* by) {
  return {{"type", "Replace"}, {"pattern", {{"String", what}}}, {"content", by}};
}

Json sequence_json(const char* key, Json parts) {
  return {{"type", "Sequence"}, {key, std::move(parts)}};
}

// Of texts in UTF-8 with spaces as U+2581, and single bytes as tokens of their own.
Json escaped_decoder_json(bool prefix) {
  Json parts = {replace_json(kSpace, " "), {{"type", "ByteFallback"}}, {{"type", "Fuse"}}};
  if (prefix) parts.push_back({{"type", "Strip"}, {"content", " "}, {"start", 1U}, {"stop", 0U}});
  return sequence_json("decoders", std::move(parts));
}

struct Plan {
  GgufVocabulary read;
  std::unique_ptr<Model> model;
  Json document = Json::object();  // a tokenizer.json without its model
  bool adds_begin = false;
};

void plan_words(const GgufWords& words, Json& document) {
  Json cuts = Json::array();
  for (const std::string& each : words.expressions) cuts.push_back(split_json(each));
  if (words.bytes) cuts.push_back(byte_level_json(false, false));
  document["pre_tokenizer"] = sequence_json("pretokenizers", std::move(cuts));
  if (words.escapes_spaces) document["normalizer"] = replace_json(" ", kSpace);
  document["decoder"] = words.bytes ? byte_level_json(false, false) : escaped_decoder_json(false);
}

Plan plan_gpt2(const GgufFile& file, const std::string& kind, const std::string& who) {
  const bool has_own_words = kind == "gemma4";
  const std::string name = has_own_words ? kind : file.text("tokenizer.ggml.pre").value_or("");
  const GgufWords words = gguf_words(name, who);
  Plan plan;
  plan.read = read_gguf_vocabulary(file, who);
  const std::vector<BpeMerge> merges = read_merges(file, plan.read.vocabulary, who);
  BpeSettings settings;
  settings.ignores_merges = words.ignores_merges;
  settings.ignores_merges_of_breaks = words.ignores_merges_of_breaks;
  settings.byte_fallback = !words.bytes;
  settings.parts_at_unknown = true;
  plan.model = make_bpe(std::move(plan.read.vocabulary), merges, std::move(settings));
  plan_words(words, plan.document);
  plan.adds_begin = words.adds_begin;
  return plan;
}

Plan plan_llama(const GgufFile& file, const std::string& who) {
  Plan plan;
  plan.read = read_gguf_vocabulary(file, who);
  for (const auto& [name, id] : {std::pair<const char*, TokenId>{"unknown", 0},
                                 {"bos", 1},
                                 {"eos", 2}}) {  // the kind's defaults
    if (static_cast<std::size_t>(id) < plan.read.tokens.size()) plan.read.named.emplace(name, id);
  }
  BpeSettings settings;
  settings.byte_fallback = true;
  if (const auto unknown = plan.read.find_named("unknown")) {
    settings.unknown = plan.read.tokens[static_cast<std::size_t>(*unknown)].text;
  }
  const std::vector<BpeMerge> merges = merges_of_scores(plan.read, who);
  plan.model = make_bpe(std::move(plan.read.vocabulary), merges, std::move(settings));
  const bool prefix = flag(file, "tokenizer.ggml.add_space_prefix", true, who);
  Json parts = Json::array();
  if (prefix) parts.push_back({{"type", "Prepend"}, {"prepend", kSpace}});
  parts.push_back(replace_json(" ", kSpace));
  plan.document["normalizer"] = sequence_json("normalizers", std::move(parts));
  plan.document["decoder"] = escaped_decoder_json(prefix);
  plan.adds_begin = true;
  return plan;
}

// Files name it only by the model's name.
bool is_phi3(const GgufFile& file) {
  const std::string name = lower_ascii(file.text("general.name").value_or(""));
  return name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
}

void add_tokens(const GgufFile& file, const GgufVocabulary& read, Json& document) {
  const bool phi3 = is_phi3(file);
  const std::string pre = file.text("tokenizer.ggml.pre").value_or("");
  const bool masks = pre == "jina-v2-de" || pre == "jina-v2-es" || pre == "jina-v2-code";
  Json list = Json::array();
  for (const GgufToken& token : read.tokens) {
    const bool found = token.kind == GgufTokenKind::control ||
                       token.kind == GgufTokenKind::user_defined ||
                       token.kind == GgufTokenKind::unknown;
    if (!found) continue;
    const bool strips =
        phi3 && token.text != "<unk>" && token.text != "<s>" && token.text != "<|endoftext|>";
    list.push_back(token_json({.content = token.text,
                               .lstrip = masks && token.text == "<mask>",
                               .rstrip = strips,
                               .normalized = false,
                               .special = token.kind != GgufTokenKind::user_defined}));
  }
  document["added_tokens"] = std::move(list);
}

void add_markers(const GgufFile& file, const Plan& plan, const std::string& who, Json& document) {
  const auto marker = [&](const char* key, bool fallback,
                          const char* name) -> std::optional<TokenId> {
    if (!flag(file, key, fallback, who)) return std::nullopt;
    const std::optional<TokenId> id = plan.read.find_named(name);
    if (!id) fail(ErrorKind::data, who, ": ", key, " is true, and no token has that part");
    return id;
  };
  const auto begin = marker("tokenizer.ggml.add_bos_token", plan.adds_begin, "bos");
  const auto end = marker("tokenizer.ggml.add_eos_token", false, "eos");
  if (begin || end) document["post_processor"] = template_json(begin, end);
}

// -- What the file names.

std::vector<std::pair<std::string, std::string>> special_tokens(const GgufVocabulary& read) {
  std::vector<std::pair<std::string, std::string>> tokens;
  for (const auto& [name, key] : {std::pair{"bos_token", "bos"},
                                  {"eos_token", "eos"},
                                  {"unk_token", "unknown"},
                                  {"sep_token", "seperator"},
                                  {"pad_token", "padding"},
                                  {"mask_token", "mask"}}) {
    const auto id = read.find_named(key);
    if (id) tokens.emplace_back(name, read.tokens[static_cast<std::size_t>(*id)].text);
  }
  return tokens;
}

std::vector<ChatTemplate> chat_templates(const GgufFile& file) {
  std::vector<ChatTemplate> templates;
  for (const auto& [key, value] : file.entries()) {
    if (!key.starts_with(kTemplate) || !std::holds_alternative<std::string>(value.value)) continue;
    const std::string_view name = std::string_view(key).substr(kTemplate.size());
    if (!name.empty() && name.front() != '.') continue;
    templates.push_back({name.empty() ? "default" : std::string(name.substr(1)), *file.text(key)});
  }
  return templates;
}

}  // namespace

FolderTokenizer read_gguf_tokenizer(const GgufFile& file) {
  const std::string who = cat("tokenizer: ", file.path().string());
  const std::string kind = file.text("tokenizer.ggml.model").value_or("");
  if (kind.empty()) {
    fail(ErrorKind::data, who, ": has no tokenizer (tokenizer.ggml.model): texts cannot be run");
  }
  Plan plan;
  if (kind == "gpt2" || kind == "gemma4") {
    plan = plan_gpt2(file, kind, who);
  } else if (kind == "llama") {
    plan = plan_llama(file, who);
  } else {
    fail(ErrorKind::data, who, ": the kind '", printable(kind),
         "' (tokenizer.ggml.model) is not supported (expected gpt2, gemma4 or llama)");
  }
  add_tokens(file, plan.read, plan.document);
  add_markers(file, plan, who, plan.document);
  FolderTokenizer result;
  result.tokenizer =
      make_file_tokenizer(Tokenizer::from_document(plan.document, std::move(plan.model), who),
                          /*cleans_up=*/false);
  result.special_tokens = special_tokens(plan.read);
  result.chat_templates = chat_templates(file);
  result.ends = plan.read.ends;
  return result;
}

}  // namespace dnd::tokenizer
