#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/strings.h"
#include "tokenizer/code_points.h"
#include "tokenizer/model.h"

namespace dnd::tokenizer {
namespace {

constexpr double kUnknownPenalty = 10.0;

struct Piece {
  std::string text;
  double score;
};

// The segmentation of the highest sum of scores.
class Unigram final : public Model {
 public:
  Unigram(std::vector<Piece> pieces, std::optional<TokenId> unknown, bool byte_fallback)
      : pieces_(std::move(pieces)), unknown_(unknown), byte_fallback_(byte_fallback) {
    double lowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      vocabulary_.add(pieces_[i].text, id);
      trie_.add(pieces_[i].text, id);
      lowest = std::min(lowest, pieces_[i].score);
    }
    vocabulary_.finish();
    unknown_score_ = lowest - kUnknownPenalty;
  }

  std::optional<std::string_view> token(TokenId id) const override {
    if (id < 0 || static_cast<std::size_t>(id) >= pieces_.size()) return std::nullopt;
    return pieces_[static_cast<std::size_t>(id)].text;
  }
  std::size_t size() const override { return pieces_.size(); }
  TokenId last_id() const override { return static_cast<TokenId>(pieces_.size()) - 1; }

  void tokenize(std::string_view piece, std::vector<TokenId>& ids) const override {
    std::vector<Best> best(piece.size() + 1);
    for (std::size_t at = 0; at < piece.size();) at = step(piece, at, best);
    std::vector<std::size_t> ends;  // of the parts, from the last to the first
    for (std::size_t end = piece.size(); end > 0; end = best[end].begin) ends.push_back(end);
    std::size_t begin = 0;
    for (std::size_t i = ends.size(); i > 0;) {
      std::size_t end = ends[--i];
      // Unknown parts in a row are one.
      while (is_unknown(best[end]) && i > 0 && is_unknown(best[ends[i - 1]])) end = ends[--i];
      add_part(piece.substr(begin, end - begin), ids);
      begin = end;
    }
  }

 private:
  struct Best {
    TokenId id = kNoToken;
    std::size_t begin = std::numeric_limits<std::size_t>::max();
    double score = 0.0;
    bool reached() const { return begin != std::numeric_limits<std::size_t>::max(); }
  };

  bool is_unknown(const Best& part) const { return unknown_ && part.id == *unknown_; }

  static void offer(Best& best, TokenId id, std::size_t begin, double score) {
    if (!best.reached() || score > best.score) best = {id, begin, score};
  }

  // Extends the best segmentation up to `at`; the end of the character there.
  std::size_t step(std::string_view piece, std::size_t at, std::vector<Best>& best) const {
    std::size_t character = at;
    decode_at(piece, character);
    const double score = best[at].score;
    bool has_character = false;
    ByteTrie::Node node = ByteTrie::kRoot;
    for (std::size_t i = at; i < piece.size(); ++i) {
      node = trie_.child(node, static_cast<unsigned char>(piece[i]));
      if (node == ByteTrie::kNone) break;
      const TokenId id = trie_.value(node);
      if (id < 0) continue;
      offer(best[i + 1], id, at, pieces_[static_cast<std::size_t>(id)].score + score);
      has_character |= i + 1 == character;
    }
    if (has_character) return character;
    Best& end = best[character];
    if (!end.reached() || unknown_score_ + score > end.score) {
      if (!unknown_) refuse_unknown();
      end = {*unknown_, at, unknown_score_ + score};
    }
    return character;
  }

  void add_part(std::string_view part, std::vector<TokenId>& ids) const {
    const TokenId id = vocabulary_.find(part);
    if (id != kNoToken) {
      ids.push_back(id);
      return;
    }
    if (byte_fallback_ && add_bytes(part, ids)) return;
    if (!unknown_) refuse_unknown();
    ids.push_back(*unknown_);
  }

  bool add_bytes(std::string_view part, std::vector<TokenId>& ids) const {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    const std::size_t before = ids.size();
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      const char code[] = {'<', '0', 'x', kDigits[byte / 16], kDigits[byte % 16], '>'};
      const TokenId id = vocabulary_.find({code, sizeof(code)});
      if (id == kNoToken) {
        ids.resize(before);
        return false;
      }
      ids.push_back(id);
    }
    return true;
  }

  [[noreturn]] static void refuse_unknown() {
    fail(ErrorKind::data,
         "tokenizer: a character is unknown, and the Unigram model has no 'unk_id'");
  }

  std::vector<Piece> pieces_;
  ByteTrie trie_;
  std::optional<TokenId> unknown_;
  double unknown_score_ = 0.0;
  bool byte_fallback_;
};

constexpr int kLargestPower = 308;  // of ten, among doubles

// The nearest double to a power from 0 to kLargestPower; there are as many scores as pieces.
double power_of_ten(int exponent) {
  static const auto powers = [] {
    std::array<double, kLargestPower + 1> all{};
    for (std::size_t i = 0; i < all.size(); ++i) {
      const std::string text = cat("1e", i);
      std::from_chars(text.data(), text.data() + text.size(), all[i]);
    }
    return all;
  }();
  return powers.at(static_cast<std::size_t>(exponent));
}

// The library's reader of JSON (serde_json, f64_from_parts) rounds a number's digits to a double and then
// their product with a power of ten, which may be the neighbour of the nearest double. Between
// segmentations of the same pieces in another order the last bit decides, so it has to be the library's.
// The digits are taken to be the shortest that tell the double, as all writers of such files write it.
double as_library_reads(double score) {
  std::array<char, 32> buffer{};
  const char* begin = buffer.data();
  const char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(score),
                                  std::chars_format::scientific)
                        .ptr;
  const char* mark = std::find(begin, end, 'e');
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, end, exponent);
  std::string digits(begin, mark);
  std::erase(digits, '.');
  exponent -= static_cast<int>(digits.size()) - 1;
  std::uint64_t whole = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  auto value = static_cast<double>(whole);
  for (; exponent < -kLargestPower; exponent += kLargestPower) value /= power_of_ten(kLargestPower);
  value = exponent < 0 ? value / power_of_ten(-exponent) : value * power_of_ten(exponent);
  return std::copysign(value, score);
}

}  // namespace

void read_scores_as_library(Json& document) {
  if (!document.is_object() || !document.contains("model")) return;
  Json& model = document.at("model");
  if (!model.is_object() || !model.contains("vocab") || !model.at("vocab").is_array()) return;
  for (Json& entry : model.at("vocab")) {
    if (!entry.is_array() || entry.size() != 2 || !entry[1].is_number()) continue;
    entry[1] = as_library_reads(entry[1].get<double>());
  }
}

std::unique_ptr<Model> read_unigram(JsonObject& fields) {
  std::vector<Piece> pieces;
  for (const Json& entry : fields.array("vocab")) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      fail(ErrorKind::data, fields.where(), ": vocab[", pieces.size(),
           "]: expected a token and its score");
    }
    pieces.push_back({entry[0].get<std::string>(), entry[1].get<double>()});
  }
  std::optional<TokenId> unknown;
  if (fields.has("unk_id")) {
    if (pieces.empty()) fail(ErrorKind::data, fields.where(), ": 'unk_id' without a vocabulary");
    unknown = static_cast<TokenId>(
        fields.integer("unk_id", 0, static_cast<std::int64_t>(pieces.size()) - 1));
  }
  const bool byte_fallback = fields.boolean_or("byte_fallback", false);
  return std::make_unique<Unigram>(std::move(pieces), unknown, byte_fallback);
}

}  // namespace dnd::tokenizer
