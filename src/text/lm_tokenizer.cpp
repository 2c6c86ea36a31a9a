#include "text/lm_tokenizer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::text {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581 stands for a space in pieces
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::int32_t kMaxId = 1 << 24;

// "<0x0A>" -> 10; the library gives this kind to such pieces alone.
char byte_of(const std::string& piece) {
  unsigned value = 0;
  std::from_chars(piece.data() + 3, piece.data() + piece.size(), value, 16);
  return static_cast<char>(value);
}

void append_with_spaces(std::string_view piece, std::string& text) {
  for (std::size_t begin = 0; begin < piece.size();) {
    const std::size_t space = std::min(piece.find(kSpace, begin), piece.size());
    text += piece.substr(begin, space - begin);
    if (space < piece.size()) text += ' ';
    begin = space + kSpace.size();
  }
}

// Pieces that stand for single bytes, until another kind of piece follows.
void flush_bytes(std::string& bytes, std::string& text) {
  if (is_valid_utf8(bytes)) {
    text += bytes;
  } else {
    for (std::size_t i = 0; i < bytes.size(); ++i) text += kReplacement;
  }
  bytes.clear();
}

// A token's text: a string, or an object with "content".
std::string token_text(JsonObject& config, const std::string& key, const std::string& fallback) {
  if (!config.has(key)) return fallback;
  return config.at(key).is_object() ? config.object(key).text("content") : config.text(key);
}

}  // namespace

LmTokenizer::LmTokenizer(const fs::path& folder)
    : LmTokenizer(folder, MappedFile(folder / "tokenizer.model").text(),
                  "tokenizer: " + (folder / "tokenizer.model").string()) {}

LmTokenizer::LmTokenizer(const fs::path& folder, std::string_view bytes, std::string who)
    : who_(std::move(who)),
      facts_(read_sentencepiece_facts(bytes, who_)),
      pieces_(bytes, who_, /*bare=*/facts_.is_bpe),
      adds_prefix_(facts_.adds_prefix),
      vocabulary_size_(pieces_.size()) {
  for (std::int32_t id = 0; id < pieces_.size(); ++id) {
    const PieceKind kind = pieces_.kind(id);
    if (kind != PieceKind::unknown && kind != PieceKind::control) continue;
    if (!pieces_.piece(id).empty()) specials_.push_back({pieces_.piece(id), id});
  }
  for (const std::int32_t id : facts_.user_defined) {
    if (facts_.is_bpe && !pieces_.piece(id).empty()) specials_.push_back({pieces_.piece(id), id});
  }
  read_config(folder / "tokenizer_config.json");
}

void LmTokenizer::read_config(const fs::path& path) {
  const std::string who = "tokenizer: " + path.string();
  const Json json = path_exists(path) ? read_json_file(path, who) : Json::object();
  JsonObject config(json, who);
  adds_prefix_ = config.boolean_or("add_prefix_space", adds_prefix_);
  prefix_everywhere_ = config.boolean_or("legacy", false);
  if (config.has("added_tokens_decoder")) {
    JsonObject added = config.object("added_tokens_decoder");
    for (const auto& [key, value] : config.at("added_tokens_decoder").items()) {
      const Json id = parse_json(key.empty() ? "null" : key, added.where());
      const Json entry = {{"id", id}, {"token", value}};
      JsonObject wrapped(entry, added.where());
      JsonObject token = wrapped.object("token");
      add_token(static_cast<std::int32_t>(wrapped.integer("id", 0, kMaxId)), token.text("content"),
                token.boolean_or("special", false));
    }
  }
  end_id_ = find_token(token_text(config, "eos_token", "</s>"));
  adds_end_ = config.boolean_or("add_eos_token", false);
  if (adds_end_ && end_id_ < 0) fail(ErrorKind::data, who, ": the eos_token is no known token");
  if (!config.boolean_or("add_bos_token", true)) return;
  begin_id_ = find_token(token_text(config, "bos_token", "<s>"));
  if (begin_id_ < 0) {
    fail(ErrorKind::data, who,
         ": the bos_token is no known token; without one 'add_bos_token' must ", "be false");
  }
}

void LmTokenizer::add_token(std::int32_t id, const std::string& content, bool special) {
  if (id < pieces_.size() && pieces_.piece(id) != content) {
    fail(ErrorKind::data, who_, ": token ", id, " is '", printable(pieces_.piece(id)),
         "', tokenizer_config.json says '", printable(content), "' (files of two tokenizers?)");
  }
  if (content.empty()) return;
  if (std::none_of(specials_.begin(), specials_.end(),
                   [&](const SpecialToken& known) { return known.text == content; })) {
    specials_.push_back({content, id});
  }
  if (id >= pieces_.size() && !special) added_[id] = content;
  vocabulary_size_ = std::max<std::int64_t>(vocabulary_size_, id + 1);
}

std::int32_t LmTokenizer::find_token(const std::string& content) const {
  for (const SpecialToken& special : specials_) {
    if (special.text == content) return special.id;
  }
  return pieces_.find(content).value_or(-1);
}

void LmTokenizer::append_segment(std::string_view segment, bool first,
                                 std::vector<std::int32_t>& ids) const {
  const bool prefix = facts_.is_bpe && adds_prefix_ && (first || prefix_everywhere_) &&
                      !segment.starts_with(' ') && !segment.starts_with(kSpace);
  if (segment.empty()) return;
  pieces_.encode(prefix ? cat(kSpace, segment) : segment, ids);
}

std::vector<std::int32_t> LmTokenizer::encode(std::string_view text, bool markers) const {
  std::vector<std::int32_t> ids;
  if (markers && begin_id_ >= 0) ids.push_back(begin_id_);
  split_at_special_tokens(
      text, specials_,
      [&](std::string_view segment) {
        append_segment(segment, segment.data() == text.data(), ids);
      },
      [&](std::int32_t id) { ids.push_back(id); });
  if (markers && adds_end_) ids.push_back(end_id_);
  return ids;
}

std::string LmTokenizer::decode(std::span<const std::int32_t> ids) const {
  return decode(ids, false);
}

std::string LmTokenizer::decode_text(std::span<const std::int32_t> ids,
                                     bool skip_special_tokens) const {
  std::string text = decode(ids, !skip_special_tokens);
  return adds_prefix_ && text.starts_with(' ') ? text.substr(1) : text;
}

std::string LmTokenizer::decode(std::span<const std::int32_t> ids, bool with_special) const {
  std::string text;
  std::string bytes;
  for (const std::int32_t id : ids) {
    const bool is_piece = id >= 0 && id < pieces_.size();
    if (is_piece && pieces_.kind(id) == PieceKind::byte) {
      bytes += byte_of(pieces_.piece(id));
      continue;
    }
    const auto added = added_.find(id);
    const bool is_text = is_piece && pieces_.kind(id) == PieceKind::normal;
    const std::optional<std::string> special =
        with_special && !is_text && added == added_.end() ? token_of(id) : std::nullopt;
    // What is left out does not even part the bytes around it.
    if (!is_text && added == added_.end() && !special) continue;
    flush_bytes(bytes, text);
    append_with_spaces(is_text ? pieces_.piece(id) : special ? *special : added->second, text);
  }
  flush_bytes(bytes, text);
  return text;
}

std::optional<std::int32_t> LmTokenizer::id_of(std::string_view token) const {
  const std::int32_t id = find_token(std::string(token));
  if (id < 0) return std::nullopt;
  return id;
}

std::optional<std::string> LmTokenizer::token_of(std::int32_t id) const {
  if (id >= 0 && id < pieces_.size()) return pieces_.piece(id);
  for (const SpecialToken& special : specials_) {
    if (special.id == id) return special.text;
  }
  return std::nullopt;
}

}  // namespace dnd::text
