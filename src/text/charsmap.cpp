#include "text/charsmap.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/strings.h"

namespace dnd::text {
namespace {

// Field numbers of sentencepiece_model.proto.
constexpr std::uint32_t kNormalizerSpec = 3;
constexpr std::uint32_t kDenormalizerSpec = 5;
constexpr std::uint32_t kPrecompiledCharsmap = 2;

constexpr std::size_t kMaxUnits = 1U << 22U;  // T5's has 44,800
constexpr std::uint8_t kMaxMatches = 32;

// The length-delimited fields of a protobuf message, one after the other.
class Fields {
 public:
  Fields(std::string_view message, const std::string& who) : rest_(message), who_(who) {}

  // The next one; false at the end. Other fields are skipped.
  bool next(std::uint32_t& number, std::string_view& content) {
    while (!rest_.empty()) {
      const auto tag = static_cast<std::uint32_t>(varint());  // the library drops higher bits, too
      number = tag >> 3U;
      switch (tag & 7U) {
        case 0:
          varint();
          break;
        case 1:
          take(8);
          break;
        case 2:
          content = take(varint());
          return true;
        case 5:
          take(4);
          break;
        default:
          refuse();
      }
    }
    return false;
  }

 private:
  [[noreturn]] void refuse() const {
    fail(ErrorKind::data, who_, ": not a SentencePiece model: malformed protobuf");
  }

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) refuse();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return value;
    }
    refuse();
  }

  std::string_view rest_;
  const std::string& who_;
};

// Walks everything that a search could reach. A unit holds the byte that leads to it, where its
// children are, and whether the first of these is a value (Darts-clone, DoubleArrayUnit).
class TrieWalk {
 public:
  TrieWalk(std::string_view trie, std::size_t texts_size, const std::string& who)
      : units_(trie.size() / sizeof(std::uint32_t)),
        matches_(units_.size(), kUnseen),
        texts_size_(texts_size),
        who_(who) {
    if (units_.empty()) refuse("is empty");
    std::memcpy(units_.data(), trie.data(), units_.size() * sizeof(std::uint32_t));
  }

  void check() {
    enter(0);
    while (!path_.empty()) {
      Visit& visit = path_.back();
      if (visit.next_byte > 0xFFU) {
        leave();
        continue;
      }
      const std::uint32_t byte = visit.next_byte++;
      const std::uint32_t child = visit.children ^ byte;
      if ((units_[child] & 0x800000FFU) != byte) continue;
      if (matches_[child] == kOpen) refuse("has a cycle");
      if (matches_[child] == kUnseen) {
        enter(child);
      } else {
        visit.below = std::max(visit.below, matches_[child]);
      }
    }
  }

 private:
  static constexpr std::uint8_t kUnseen = 0xFF;
  static constexpr std::uint8_t kOpen = 0xFE;  // on the path

  struct Visit {
    std::uint32_t unit = 0;
    std::uint32_t children = 0;   // index of the child of byte 0
    std::uint32_t next_byte = 0;  // to be looked at
    std::uint8_t below = 0;       // most values on a path from its children on
  };

  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorKind::data, who_, ": the trie of its normalisation rules ", what,
         " (file damaged, or hostile?)");
  }

  bool has_value(std::uint32_t unit) const { return unit != 0 && (units_[unit] & 0x100U) != 0; }

  void enter(std::uint32_t unit) {
    const std::uint32_t offset = (units_[unit] >> 10U) << ((units_[unit] & 0x200U) >> 6U);
    const std::uint32_t children = unit ^ offset;
    if ((children | 0xFFU) >= units_.size()) refuse("points outside itself");
    if (has_value(unit) && (units_[children] & 0x7FFFFFFFU) >= texts_size_) {
      refuse("points outside the texts");
    }
    matches_[unit] = kOpen;
    path_.push_back({unit, children});
  }

  void leave() {
    const Visit done = path_.back();
    path_.pop_back();
    const auto matches = static_cast<std::uint8_t>(done.below + (has_value(done.unit) ? 1 : 0));
    if (matches > kMaxMatches) refuse("has too many values on one path");
    matches_[done.unit] = matches;
    if (!path_.empty()) path_.back().below = std::max(path_.back().below, matches);
  }

  std::vector<std::uint32_t> units_;
  std::vector<std::uint8_t> matches_;  // by unit: most values on a path from it on
  std::vector<Visit> path_;
  std::size_t texts_size_;
  const std::string& who_;
};

void check_charsmap(std::string_view rules, const std::string& who) {
  std::uint32_t trie_size = 0;
  if (rules.empty()) return;
  if (rules.size() > sizeof(trie_size)) std::memcpy(&trie_size, rules.data(), sizeof(trie_size));
  rules.remove_prefix(std::min(rules.size(), sizeof(trie_size)));
  if (trie_size > rules.size() || trie_size / sizeof(std::uint32_t) > kMaxUnits) {
    fail(ErrorKind::data, who, ": normalisation rules of ", rules.size(), " bytes with a trie of ",
         trie_size, " (file damaged?)");
  }
  TrieWalk(rules.substr(0, trie_size), rules.size() - trie_size, who).check();
}

}  // namespace

void check_charsmaps(std::string_view model, const std::string& who) {
  Fields fields(model, who);
  std::uint32_t number = 0;
  std::string_view spec;
  while (fields.next(number, spec)) {
    if (number != kNormalizerSpec && number != kDenormalizerSpec) continue;
    Fields parts(spec, who);
    std::string_view rules;
    while (parts.next(number, rules)) {
      if (number == kPrecompiledCharsmap) check_charsmap(rules, who);
    }
  }
}

}  // namespace dnd::text
