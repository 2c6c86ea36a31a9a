#include "tokenizer/precompiled.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"
#include "text/charsmap.h"
#include "text/unicode.h"
#include "tokenizer/code_points.h"

namespace dnd::tokenizer {
namespace {

// Longest cluster that is looked up as one, in bytes.
constexpr std::size_t kShortCluster = 5;

void append_varint(std::string& message, std::size_t value) {
  for (; value > 0x7FU; value >>= 7U) message += static_cast<char>(0x80U | (value & 0x7FU));
  message += static_cast<char>(value);
}

// A protobuf field of bytes.
std::string field(char number, std::string_view content) {
  std::string message(1, static_cast<char>(number << 3 | 2));
  append_varint(message, content.size());
  return message.append(content);
}

// The rules as a SentencePiece model has them, for the check that those get.
void check_rules(std::string_view rules, const std::string& who) {
  text::check_charsmaps(field(3, field(2, rules)), who);
}

// A mark that libutf8proc does not know stands for itself as one that it knows.
char32_t known_mark(char32_t point) {
  if (point < 0x300) return point;
  const bool is_newer = std::any_of(
      kNewerMarks.begin(), kNewerMarks.end(),
      [point](const CodePointRange& range) { return range.first <= point && point <= range.last; });
  return is_newer ? U'\u0301' : point;
}

void replace(std::string_view old_part, std::string_view new_part,
             std::vector<ChangedPoint>& changed) {
  const auto removed = static_cast<int>(count_points(old_part));
  int added = 0;
  for (std::size_t at = 0; at < new_part.size(); ++added) {
    changed.push_back({decode_at(new_part, at), 0});
  }
  const int surplus = added - removed;
  for (int i = 0; i < surplus; ++i)
    changed[changed.size() - 1 - static_cast<std::size_t>(i)].change = 1;
  if (surplus < 0 && !changed.empty()) changed.back().change += surplus;
}

}  // namespace

std::size_t cluster_end(std::string_view text, std::size_t begin) {
  std::size_t at = begin;
  char32_t before = known_mark(decode_at(text, at));
  std::int32_t state = 0;
  while (at < text.size()) {
    std::size_t next = at;
    const char32_t point = known_mark(decode_at(text, next));
    if (!text::joins_cluster(before, point, state)) break;
    before = point;
    at = next;
  }
  return at;
}

Precompiled::Precompiled(std::string_view rules, const std::string& who) {
  check_rules(rules, who);
  std::uint32_t size = 0;
  if (rules.size() < sizeof(size)) fail(ErrorKind::data, who, ": no normalisation rules");
  std::memcpy(&size, rules.data(), sizeof(size));
  rules.remove_prefix(sizeof(size));
  units_.resize(size / sizeof(std::uint32_t));
  if (units_.empty()) fail(ErrorKind::data, who, ": the normalisation rules have no trie");
  std::memcpy(units_.data(), rules.data(), units_.size() * sizeof(std::uint32_t));
  texts_ = rules.substr(units_.size() * sizeof(std::uint32_t));
  if (!is_valid_utf8(texts_)) {
    fail(ErrorKind::data, who, ": the normalisation rules' texts are not UTF-8 (file damaged?)");
  }
  for (std::size_t byte = 0; byte < 128; ++byte) {
    const char text = static_cast<char>(byte);
    keeps_ascii_[byte] = !find({&text, 1});
  }
}

std::optional<std::string_view> Precompiled::find(std::string_view part) const {
  const auto children = [&](std::size_t node) {
    const std::uint32_t unit = units_[node];
    return node ^ ((unit >> 10U) << ((unit & 0x200U) >> 6U));
  };
  std::size_t node = children(0);
  for (const char c : part) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) break;
    node ^= byte;
    const std::uint32_t unit = units_[node];
    if ((unit & 0x800000FFU) != byte) break;
    node = children(node);
    if ((unit & 0x100U) == 0) continue;
    std::string_view found = std::string_view(texts_).substr(units_[node] & 0x7FFFFFFFU);
    found = found.substr(0, found.find('\0'));
    if (!is_valid_utf8(found)) {
      fail(ErrorKind::data, "tokenizer: a normalisation rule begins inside a character");
    }
    return found;
  }
  return std::nullopt;
}

bool Precompiled::keeps(std::string_view text) const {
  return std::all_of(text.begin(), text.end(), [this](char byte) {
    return static_cast<unsigned char>(byte) < 0x80U && byte != '\r' &&
           keeps_ascii_[static_cast<unsigned char>(byte)];
  });
}

bool Precompiled::normalize_cluster(std::string_view cluster,
                                    std::vector<ChangedPoint>& changed) const {
  if (cluster.size() <= kShortCluster) {
    if (const auto found = find(cluster)) {
      replace(cluster, *found, changed);
      return true;
    }
  }
  bool modified = false;
  for (std::size_t at = 0; at < cluster.size();) {
    const std::size_t begin = at;
    const char32_t point = decode_at(cluster, at);
    const std::string_view part = cluster.substr(begin, at - begin);
    if (const auto found = find(part)) {
      replace(part, *found, changed);
      modified = true;
    } else {
      changed.push_back({point, 0});
    }
  }
  return modified;
}

bool Precompiled::normalize(std::string_view text, std::vector<ChangedPoint>& changed) const {
  changed.clear();
  bool modified = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool alone = byte < 0x80U && byte != '\r' &&
                       (at + 1 == text.size() || static_cast<unsigned char>(text[at + 1]) < 0x80U);
    if (alone && keeps_ascii_[byte]) {
      changed.push_back({byte, 0});
      ++at;
      continue;
    }
    const std::size_t end = cluster_end(text, at);
    modified |= normalize_cluster(text.substr(at, end - at), changed);
    at = end;
  }
  return modified;
}

}  // namespace dnd::tokenizer
