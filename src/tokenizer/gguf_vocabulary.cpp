#include "tokenizer/gguf_vocabulary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <span>
#include <utility>

#include "base/strings.h"
#include "tokenizer/code_points.h"

namespace dnd::tokenizer {
namespace {

using formats::GgufArray;
using formats::GgufType;
using formats::GgufValue;
using Texts = std::span<const std::string_view>;

constexpr std::string_view kPrefix = "tokenizer.ggml.";
constexpr std::array<std::string_view, 14> kNamedTokens = {
    "bos",     "eos",     "eot",  // the seventh as llama.cpp spells it
    "eom",     "unknown", "padding", "seperator", "mask",   "fim_pre",
    "fim_suf", "fim_mid", "fim_pad", "fim_rep",   "fim_sep"};

// Texts by which tokens are known that no key names.
constexpr std::array<std::string_view, 11> kEndOfTurn = {
    "<|eot_id|>",        "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>",
    "<|end_of_text|>",   "<EOT>",      "_<EOT>",  "[EOT]",         "<｜end▁of▁sentence｜>",
    "<end_of_utterance>"};
constexpr std::array<std::string_view, 1> kEndOfMessage = {"<|eom_id|>"};
constexpr std::array<std::string_view, 8> kFillPrefix = {
    "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>",    "<｜fim▁begin｜>",
    "<PRE>",          "▁<PRE>",       "<|code_prefix|>", "<|prefix|>"};
constexpr std::array<std::string_view, 8> kFillSuffix = {
    "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>",    "<｜fim▁hole｜>",
    "<SUF>",          "▁<SUF>",       "<|code_suffix|>", "<|suffix|>"};
constexpr std::array<std::string_view, 8> kFillMiddle = {
    "<|fim_middle|>", "<fim-middle>", "<fim_middle>",    "<｜fim▁end｜>",
    "<MID>",          "▁<MID>",       "<|code_middle|>", "<|middle|>"};
constexpr std::array<std::string_view, 5> kFillPad = {"<|fim_pad|>", "<fim-pad>", "<fim_pad>",
                                                      "<PAD>", "[PAD]"};
constexpr std::array<std::string_view, 5> kFillRepository = {"<|fim_repo|>", "<|repo_name|>",
                                                             "<fim-repo>", "<REPO>", "<reponame>"};
constexpr std::array<std::string_view, 1> kFillSeparator = {"<|file_sep|>"};
constexpr std::array<std::string_view, 22> kEnds = {"<|eot_id|>",
                                                    "<|im_end|>",
                                                    "<|end|>",
                                                    "<|return|>",
                                                    "<|call|>",
                                                    "<|flush|>",
                                                    "<|calls|>",
                                                    "<end_of_turn>",
                                                    "<|endoftext|>",
                                                    "</s>",
                                                    "<|eom_id|>",
                                                    "<EOT>",
                                                    "_<EOT>",
                                                    "[EOT]",
                                                    "[EOS]",
                                                    "<|end_of_text|>",
                                                    "<end_of_utterance>",
                                                    "<eos>",
                                                    "<turn|>",
                                                    "<|tool_response>",
                                                    "<｜end▁of▁sentence｜>",
                                                    "[e~["};
constexpr std::array<std::string_view, 4> kChannels = {"<|channel|>", "<|message|>", "<|start|>",
                                                       "<|constrain|>"};

class VocabularyReader {
 public:
  VocabularyReader(const formats::GgufFile& file, const std::string& who)
      : file_(file), who_(who) {}

  GgufVocabulary read() {
    read_tokens();
    read_scores();
    read_kinds();
    read_named();
    find_ends();
    drop_ends();
    result_.ends.assign(ends_.begin(), ends_.end());
    return std::move(result_);
  }

 private:
  // nullopt where it is absent. As long as the tokens are many, unless there are none yet.
  std::optional<std::vector<GgufValue>> list(const std::string& name,
                                             std::initializer_list<GgufType> types) const {
    const std::string key = cat(kPrefix, name);
    const GgufValue* value = file_.find(key);
    if (value == nullptr) return std::nullopt;
    const auto* array = std::get_if<GgufArray>(&value->value);
    if (array == nullptr || std::find(types.begin(), types.end(), array->element) == types.end()) {
      fail(ErrorKind::data, who_, ": ", key, ": expected a list of ",
           gguf_type_name(*types.begin()), ", got ", array == nullptr ? "" : "one of ",
           gguf_type_name(array == nullptr ? value->type : array->element));
    }
    const std::uint64_t count = result_.tokens.size();
    if (array->count < count) {
      fail(ErrorKind::data, who_, ": ", key, " has ", array->count, " entries, the tokens are ",
           count);
    }
    return gguf_elements(*array, count == 0 ? array->count : count);
  }

  void read_tokens() {
    auto texts = list("tokens", {GgufType::string});
    if (!texts || texts->empty() || texts->size() > std::numeric_limits<TokenId>::max()) {
      fail(ErrorKind::data, who_, ": has no tokens (tokenizer.ggml.tokens): texts cannot be run");
    }
    for (GgufValue& value : *texts) {
      auto& text = std::get<std::string>(value.value);
      const std::size_t id = result_.tokens.size();
      text.resize(std::min(text.find('\0'), text.size()));  // a C string to llama.cpp
      if (text.empty()) text = cat("[EMPTY_", id, "]");
      if (!is_valid_utf8(text)) fail(ErrorKind::data, who_, ": token ", id, " is not UTF-8");
      const TokenId known = result_.vocabulary.find(text);
      if (known != kNoToken) {
        fail(ErrorKind::data, who_, ": tokens ", known, " and ", id, " are both '", printable(text),
             "'");
      }
      result_.vocabulary.add(text, static_cast<TokenId>(id));
      result_.tokens.push_back({std::move(text)});
    }
    result_.vocabulary.finish();
  }

  void read_scores() {
    const auto scores = list("scores", {GgufType::f32, GgufType::i32});
    if (!scores) return;
    for (std::size_t i = 0; i < result_.tokens.size(); ++i) {
      const auto* number = std::get_if<double>(&(*scores)[i].value);
      const double score = number != nullptr
                               ? *number
                               : static_cast<double>(std::get<std::int64_t>((*scores)[i].value));
      if (std::isnan(score))
        fail(ErrorKind::data, who_, ": the score of token ", i, " is not a number");
      result_.tokens[i].score = static_cast<float>(score);
    }
  }

  void read_kinds() {
    const auto kinds = list("token_type", {GgufType::i32});
    if (!kinds) return;
    for (std::size_t i = 0; i < result_.tokens.size(); ++i) {
      const auto kind = std::get<std::int64_t>((*kinds)[i].value);
      const bool known = kind >= 0 && kind <= static_cast<std::int64_t>(GgufTokenKind::byte);
      result_.tokens[i].kind = known ? static_cast<GgufTokenKind>(kind) : GgufTokenKind::undefined;
    }
  }

  void read_named() {
    for (const std::string_view name : kNamedTokens) {
      const auto id = file_.integer(cat(kPrefix, name, "_token_id"));
      if (!id || *id < 0 || *id >= static_cast<std::int64_t>(result_.tokens.size())) continue;
      result_.named.emplace(name, static_cast<TokenId>(*id));
    }
  }

  GgufToken& token(TokenId id) { return result_.tokens[static_cast<std::size_t>(id)]; }

  // Of the key, else the first token of these texts, which becomes one of control.
  std::optional<TokenId> find(std::string_view name, Texts texts) {
    if (const auto named = result_.find_named(name)) return named;
    TokenId first = kNoToken;
    for (const std::string_view text : texts) {
      const TokenId id = result_.vocabulary.find(text);
      if (id != kNoToken && (first == kNoToken || id < first)) first = id;
    }
    if (first == kNoToken) return std::nullopt;
    token(first).kind = GgufTokenKind::control;
    return first;
  }

  void find_ends() {
    find("fim_pre", kFillPrefix);
    find("fim_suf", kFillSuffix);
    find("fim_mid", kFillMiddle);
    for (const auto& [name, texts] : {std::pair<std::string_view, Texts>{"eos", {}},
                                      {"eot", kEndOfTurn},
                                      {"eom", kEndOfMessage},
                                      {"fim_pad", kFillPad},
                                      {"fim_rep", kFillRepository},
                                      {"fim_sep", kFillSeparator}}) {
      if (const auto id = find(name, texts)) ends_.insert(*id);
    }
    for (const std::string_view text : kEnds) {
      const TokenId id = result_.vocabulary.find(text);
      if (id == kNoToken) continue;
      ends_.insert(id);
      token(id).kind = GgufTokenKind::control;
    }
    for (const std::string_view text : kChannels) {
      const TokenId id = result_.vocabulary.find(text);
      if (id != kNoToken) token(id).kind = GgufTokenKind::user_defined;
    }
  }

  bool ends_at(std::string_view text) const {
    return ends_.contains(result_.vocabulary.find(text));
  }

  // Where other tokens end an answer, these two do not.
  void drop_ends() {
    const bool calls = ends_at("<|call|>") || ends_at("<|calls|>");
    if (calls && (ends_at("<|return|>") || ends_at("<|flush|>"))) {
      drop("<|end|>", GgufTokenKind::user_defined);
    }
    if (ends_at("<|tool_response>") || ends_at("<|plamo:eos|>"))
      drop("</s>", GgufTokenKind::normal);
  }

  void drop(std::string_view text, GgufTokenKind kind) {
    const TokenId id = result_.vocabulary.find(text);
    if (ends_.erase(id) > 0) token(id).kind = kind;
  }

  const formats::GgufFile& file_;
  const std::string& who_;
  GgufVocabulary result_;
  std::set<TokenId> ends_;
};

}  // namespace

std::optional<TokenId> GgufVocabulary::find_named(std::string_view name) const {
  const auto found = named.find(name);
  return found == named.end() ? std::nullopt : std::optional(found->second);
}

GgufVocabulary read_gguf_vocabulary(const formats::GgufFile& file, const std::string& who) {
  return VocabularyReader(file, who).read();
}

}  // namespace dnd::tokenizer
