#include "tokenizer/added_tokens.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"
#include "tokenizer/code_points.h"
#include "tokenizer/fields.h"

namespace dnd::tokenizer {
namespace {

constexpr std::size_t kMostTokens = 1U << 20U;
constexpr std::size_t kLongestToken = 4096;  // bytes, as written and as normalised

std::string normalized(const std::string& content, const Normalizer& normalizer) {
  NormalizedText text;
  text.assign(content, normalizer.needs_origins());
  normalizer.normalize(text);
  return text.text();
}

bool begins_with_word(std::string_view text) {
  std::size_t at = 0;
  return !text.empty() && rust_word().contains(decode_at(text, at));
}

bool ends_with_word(std::string_view text) {
  return !text.empty() && rust_word().contains(last_point(text));
}

// Where the white space at the end of `text` begins.
std::size_t blank_end(std::string_view text) {
  while (!text.empty()) {
    const char32_t point = last_point(text);
    if (!rust_whitespace().contains(point)) break;
    text.remove_suffix(utf8_size(point));
  }
  return text.size();
}

std::size_t blank_begin(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t at = 0; at < text.size(); end = at) {
    if (!rust_whitespace().contains(decode_at(text, at))) break;
  }
  return end;
}

}  // namespace

void AddedTokens::add(const std::vector<AddedToken>& tokens, const Model& model,
                      const Normalizer* normalizer) {
  if (tokens_.size() + tokens.size() > kMostTokens) {
    fail(ErrorKind::data, "tokenizer: more than ", kMostTokens, " added tokens");
  }
  const auto model_size = static_cast<std::int64_t>(model.size());
  std::int64_t next = std::max<std::int64_t>(model_size, last_id_ + 1);
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (token.content.size() > kLongestToken) {
      fail(ErrorKind::data, "tokenizer: an added token of ", token.content.size(),
           " bytes, at most ", kLongestToken, " are read");
    }
    const auto known = ids_.find(token.content);
    if (known != ids_.end() && tokens_[known->second] == token) continue;
    TokenId id = known != ids_.end() ? known->second : model.find(token.content);
    if (id == kNoToken) {
      if (next > std::numeric_limits<TokenId>::max()) {
        fail(ErrorKind::data, "tokenizer: no ids are left for added tokens");
      }
      id = static_cast<TokenId>(next++);
    }
    if (token.normalized && normalizer != nullptr) {
      std::string content = normalized(token.content, *normalizer);
      if (content != token.content) normalized_content_[id] = std::move(content);
    }
    ids_[token.content] = id;
    if (token.special) special_.insert(token.content);
    tokens_[id] = token;
    last_id_ = std::max(last_id_, id);
  }
  rebuild();
}

void AddedTokens::rebuild() {
  original_ = {};
  normalized_ = {};
  std::vector<TokenId> order;
  for (const auto& [id, token] : tokens_) order.push_back(id);
  std::sort(order.begin(), order.end());
  for (const TokenId id : order) {
    const AddedToken& token = tokens_.at(id);
    const std::string& content = token.normalized ? *decoded(id) : token.content;
    if (content.size() > kLongestToken) {
      fail(ErrorKind::data, "tokenizer: an added token has ", content.size(),
           " bytes when normalised, at most ", kLongestToken, " are possible");
    }
    if (content.empty()) {
      fail(ErrorKind::data, "tokenizer: nothing is left of the added token '",
           printable(token.content), "' when it is normalised");
    }
    (token.normalized ? normalized_ : original_).add(content, id);
  }
}

void AddedTokens::find(std::string_view text, const ByteTrie& trie,
                       std::vector<Part>& parts) const {
  parts.clear();
  std::size_t done = 0;
  std::size_t blank_until = 0;  // the end of white space that a token took
  for (std::size_t at = 0; at < text.size();) {
    ByteTrie::Node node = trie.child(ByteTrie::kRoot, static_cast<unsigned char>(text[at]));
    if (node == ByteTrie::kNone) {
      ++at;
      continue;
    }
    TokenId token = trie.value(node);
    std::size_t end = at + 1;
    for (std::size_t i = at + 1; i < text.size(); ++i) {
      node = trie.child(node, static_cast<unsigned char>(text[i]));
      if (node == ByteTrie::kNone) break;
      if (trie.value(node) < 0) continue;
      token = trie.value(node);
      end = i + 1;
    }
    if (token < 0) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    at = end;
    const AddedToken& rules = tokens_.at(token);
    if (splits_special_ && is_special(rules.content)) continue;
    if (rules.single_word &&
        (ends_with_word(text.substr(0, begin)) || begins_with_word(text.substr(end)))) {
      continue;
    }
    if (rules.lstrip) {
      begin = begin < done ? done : done + blank_end(text.substr(done, begin - done));
    }
    if (rules.rstrip && end < blank_until) {
      end = blank_until;
    } else if (rules.rstrip) {
      blank_until = end += blank_begin(text.substr(end));
    }
    if (begin > end) {
      fail(ErrorKind::data, "tokenizer: the added token '", printable(rules.content),
           "' takes white space that another one took, as the library cannot");
    }
    if (done < begin) parts.push_back({done, begin, kNoToken});
    parts.push_back({begin, end, token});
    done = end;
  }
  if (done != text.size()) parts.push_back({done, text.size(), kNoToken});
}

void AddedTokens::find_in_original(std::string_view text, std::vector<Part>& parts) const {
  find(text, original_, parts);
}

void AddedTokens::find_in_normalized(std::string_view text, std::vector<Part>& parts) const {
  find(text, normalized_, parts);
}

TokenId AddedTokens::find(std::string_view content) const {
  const auto found = ids_.find(std::string(content));
  return found == ids_.end() ? kNoToken : found->second;
}

const std::string* AddedTokens::content(TokenId id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second.content;
}

const std::string* AddedTokens::decoded(TokenId id) const {
  const auto found = normalized_content_.find(id);
  if (found != normalized_content_.end()) return &found->second;
  return content(id);
}

std::vector<AddedToken> read_added_tokens(const Json& list, const std::string& who) {
  if (!list.is_array()) {
    fail(ErrorKind::data, who, ": expected an array, got ", list.type_name());
  }
  std::vector<AddedToken> tokens;
  for (const Json& value : list) {
    JsonObject fields(value, cat(who, "[", tokens.size(), "]"));
    fields.integer("id", 0, std::numeric_limits<std::uint32_t>::max());
    tokens.push_back({fields.text("content"), required_boolean(fields, "single_word"),
                      required_boolean(fields, "lstrip"), required_boolean(fields, "rstrip"),
                      required_boolean(fields, "normalized"), required_boolean(fields, "special")});
  }
  return tokens;
}

}  // namespace dnd::tokenizer
