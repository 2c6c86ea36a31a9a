#include "tokenizer/bpe.h"

#include <algorithm>
#include <array>
#include <queue>

#include "base/strings.h"
#include "tokenizer/code_points.h"
#include "tokenizer/hashing.h"
#include "tokenizer/model.h"

namespace dnd::tokenizer {
namespace {

// Pairs of ids -> merge, open addressing.
class MergeTable {
 public:
  explicit MergeTable(std::size_t count) {
    std::size_t size = 64;
    while (size < 2 * count) size *= 2;
    slots_.resize(size);
  }

  void set(const BpeMerge& merge) { slots_[place(merge.left, merge.right)] = merge; }
  const BpeMerge* find(TokenId left, TokenId right) const {
    const BpeMerge& slot = slots_[place(left, right)];
    return slot.left == kNoToken ? nullptr : &slot;
  }

 private:
  std::size_t place(TokenId left, TokenId right) const {
    const std::uint64_t key =
        std::uint64_t{static_cast<std::uint32_t>(left)} << 32U | static_cast<std::uint32_t>(right);
    const std::size_t mask = slots_.size() - 1;
    std::size_t i = mix(key, 0x9E3779B97F4A7C15U) & mask;
    while (slots_[i].left != kNoToken && (slots_[i].left != left || slots_[i].right != right)) {
      i = (i + 1) & mask;
    }
    return i;
  }

  std::vector<BpeMerge> slots_;  // without a left one: free
};

constexpr TokenId kGap = -2;  // in no merge

struct Symbol {
  TokenId id;
  std::int32_t before;
  std::int32_t after;
  bool gone;
};

struct Candidate {
  std::uint32_t rank;
  std::int32_t at;
  TokenId id;
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : at > other.at;
  }
};

class Bpe final : public Model {
 public:
  Bpe(Vocabulary vocabulary, MergeTable merges, BpeSettings settings)
      : merges_(std::move(merges)), settings_(std::move(settings)) {
    vocabulary_ = std::move(vocabulary);
    if (settings_.unknown) unknown_ = vocabulary_.find(*settings_.unknown);
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    for (std::size_t byte = 0; byte < bytes_.size(); ++byte) {
      std::string code = "<0x";
      code += kDigits[byte / 16];
      code += kDigits[byte % 16];
      bytes_[byte] = vocabulary_.find(code + ">");
    }
    for (std::size_t c = 0; c < ascii_.size(); ++c) {
      ascii_[c] = vocabulary_.find(std::string(1, static_cast<char>(c)));
    }
  }

  void tokenize(std::string_view piece, std::vector<TokenId>& ids) const override {
    if (settings_.ignores_merges || (settings_.ignores_merges_of_breaks &&
                                     piece.find_first_not_of('\n') == std::string_view::npos)) {
      const TokenId whole = vocabulary_.find(piece);
      if (whole != kNoToken) {
        ids.push_back(whole);
        return;
      }
    }
    std::vector<Symbol> symbols;
    symbols.reserve(piece.size());
    split(piece, symbols);
    merge(symbols);
    for (const Symbol& symbol : symbols) {
      if (!symbol.gone && symbol.id != kGap) ids.push_back(symbol.id);
    }
  }

 private:
  static void add(std::vector<Symbol>& symbols, TokenId id) {
    const auto at = static_cast<std::int32_t>(symbols.size());
    if (!symbols.empty()) symbols.back().after = at;
    symbols.push_back({id, at - 1, -1, false});
  }

  TokenId find_character(std::string_view character, bool first, bool last,
                         std::string& text) const {
    const bool prefixed = !first && !settings_.prefix.empty();
    const bool suffixed = last && !settings_.suffix.empty();
    if (!prefixed && !suffixed) {
      text = character;
      const auto byte = static_cast<unsigned char>(character[0]);
      return byte < 0x80U ? ascii_[byte] : vocabulary_.find(character);
    }
    text = prefixed ? settings_.prefix : std::string();
    text += character;
    if (suffixed) text += settings_.suffix;
    return vocabulary_.find(text);
  }

  bool add_bytes(std::string_view text, std::vector<Symbol>& symbols) const {
    const bool known = std::all_of(text.begin(), text.end(), [this](char c) {
      return bytes_[static_cast<unsigned char>(c)] != kNoToken;
    });
    if (!known) return false;
    for (const char c : text) add(symbols, bytes_[static_cast<unsigned char>(c)]);
    return true;
  }

  // The token of every character. One that is unknown waits until the next known one: bytes of unknown ones
  // go before it, as in the reference.
  void split(std::string_view piece, std::vector<Symbol>& symbols) const {
    bool waiting = false;
    std::string text;
    for (std::size_t at = 0; at < piece.size();) {
      const std::size_t begin = at;
      decode_at(piece, at);
      const TokenId id =
          find_character(piece.substr(begin, at - begin), begin == 0, at == piece.size(), text);
      if (id != kNoToken) {
        if (std::exchange(waiting, false)) add(symbols, unknown_);
        add(symbols, id);
        continue;
      }
      if (settings_.byte_fallback && add_bytes(text, symbols)) continue;
      if (!settings_.unknown) {
        if (settings_.parts_at_unknown) add(symbols, kGap);
        continue;
      }
      if (unknown_ == kNoToken) {
        fail(ErrorKind::data,
             "tokenizer: the vocabulary does not have the token for the unknown, '",
             printable(*settings_.unknown), "'");
      }
      if (waiting && !settings_.fuses_unknown) add(symbols, unknown_);
      waiting = true;
    }
    if (waiting) add(symbols, unknown_);
  }

  // The merge of lowest rank first, of these the leftmost. A candidate counts as long as its place merges
  // to the same token, of whatever pair.
  void merge(std::vector<Symbol>& symbols) const {
    std::vector<Candidate> storage;
    storage.reserve(symbols.size());
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue(
        std::greater<>{}, std::move(storage));
    const auto consider = [&](std::int32_t at) {
      const Symbol& left = symbols[static_cast<std::size_t>(at)];
      const Symbol& right = symbols[static_cast<std::size_t>(left.after)];
      if (const BpeMerge* found = merges_.find(left.id, right.id)) {
        queue.push({found->rank, at, found->id});
      }
    };
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) consider(static_cast<std::int32_t>(i));
    while (!queue.empty()) {
      const Candidate top = queue.top();
      queue.pop();
      Symbol& left = symbols[static_cast<std::size_t>(top.at)];
      if (left.gone || left.after < 0) continue;
      Symbol& right = symbols[static_cast<std::size_t>(left.after)];
      const BpeMerge* found = merges_.find(left.id, right.id);
      if (found == nullptr || found->id != top.id) continue;
      left.id = top.id;
      left.after = right.after;
      right.gone = true;
      if (right.after >= 0) symbols[static_cast<std::size_t>(right.after)].before = top.at;
      if (left.before >= 0) consider(left.before);
      if (left.after >= 0) consider(top.at);
    }
  }

  MergeTable merges_;
  BpeSettings settings_;
  TokenId unknown_ = kNoToken;
  std::array<TokenId, 256> bytes_{};  // of <0x00> ... <0xFF>
  std::array<TokenId, 128> ascii_{};
};

struct MergeTexts {
  std::string_view left;
  std::string_view right;
};

// "a b", or ["a", "b"].
MergeTexts read_merge(const Json& value, bool pairs, const std::string& where, std::size_t rank) {
  if (pairs) {
    if (value.is_array() && value.size() == 2 && value[0].is_string() && value[1].is_string()) {
      return {value[0].get_ref<const std::string&>(), value[1].get_ref<const std::string&>()};
    }
  } else if (value.is_string()) {
    const std::string_view text = value.get_ref<const std::string&>();
    const std::size_t space = text.find(' ');
    if (space != std::string_view::npos && text.find(' ', space + 1) == std::string_view::npos) {
      return {text.substr(0, space), text.substr(space + 1)};
    }
  }
  fail(ErrorKind::data, where, ": merges[", rank,
       "]: expected two tokens, as a text with one space, ", "or all as lists of two");
}

class MergeReader {
 public:
  MergeReader(const Vocabulary& vocabulary, std::size_t prefix, const std::string& where)
      : vocabulary_(vocabulary), prefix_(prefix), where_(where) {}

  BpeMerge read(const MergeTexts& texts, std::uint32_t rank) {
    const TokenId left = find(texts.left);
    const TokenId right = find(texts.right);
    if (texts.right.size() < prefix_) {
      fail(ErrorKind::data, where_, ": merges[", rank, "]: '", printable(texts.right),
           "' is shorter than the prefix of tokens that continue a word");
    }
    merged_ = texts.left;
    merged_ += texts.right.substr(prefix_);
    return {left, right, rank, find(merged_)};
  }

 private:
  TokenId find(std::string_view token) const {
    const TokenId id = vocabulary_.find(token);
    if (id == kNoToken) {
      fail(ErrorKind::data, where_, ": merges: the token '", printable(token),
           "' is not in the vocabulary");
    }
    return id;
  }

  const Vocabulary& vocabulary_;
  std::size_t prefix_;
  const std::string& where_;
  std::string merged_;
};

std::vector<BpeMerge> read_merges(JsonObject& fields, const Vocabulary& vocabulary,
                                  std::size_t prefix) {
  const Json& list = fields.array("merges");
  const bool pairs = !list.empty() && list[0].is_array();
  std::vector<BpeMerge> merges;
  MergeReader reader(vocabulary, prefix, fields.where());
  std::uint32_t rank = 0;
  for (const Json& entry : list) {
    const bool is_version =
        !pairs && entry.is_string() && entry.get_ref<const std::string&>().starts_with("#version");
    if (is_version) continue;
    merges.push_back(reader.read(read_merge(entry, pairs, fields.where(), rank), rank));
    ++rank;
  }
  return merges;
}

}  // namespace

std::unique_ptr<Model> make_bpe(Vocabulary vocabulary, std::span<const BpeMerge> merges,
                                BpeSettings settings) {
  MergeTable table(merges.size());
  for (const BpeMerge& merge : merges) table.set(merge);
  return std::make_unique<Bpe>(std::move(vocabulary), std::move(table), std::move(settings));
}

std::unique_ptr<Model> read_bpe(JsonObject& fields) {
  const double dropout = fields.number_or("dropout", 0.0);
  if (dropout != 0.0) {
    fail(ErrorKind::data, fields.where(),
         ": 'dropout' other than 0 is not supported: ids would be "
         "drawn by chance");
  }
  BpeSettings settings;
  if (fields.has("unk_token")) settings.unknown = fields.text("unk_token");
  settings.prefix = fields.text_or("continuing_subword_prefix", "");
  settings.suffix = fields.text_or("end_of_word_suffix", "");
  settings.fuses_unknown = fields.boolean_or("fuse_unk", false);
  settings.byte_fallback = fields.boolean_or("byte_fallback", false);
  settings.ignores_merges = fields.boolean_or("ignore_merges", false);
  Vocabulary vocabulary;
  read_vocabulary(fields, vocabulary);
  const std::vector<BpeMerge> merges = read_merges(fields, vocabulary, settings.prefix.size());
  return make_bpe(std::move(vocabulary), merges, std::move(settings));
}

}  // namespace dnd::tokenizer
