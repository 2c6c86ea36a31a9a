#include "text/charsmap.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/strings.h"
#include "text/protobuf.h"

namespace dnd::text {
namespace {

// Field numbers of sentencepiece_model.proto.
constexpr std::uint32_t kDenormalizerSpec = 5;
constexpr std::uint32_t kPrecompiledCharsmap = 2;

constexpr std::size_t kMaxUnits = 1U << 22U;  // T5's has 44,800
constexpr std::uint8_t kMaxMatches = 32;

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
  ProtobufFields fields(model, who);
  ProtobufField spec;
  while (fields.next(spec)) {
    const bool has_rules = spec.number == kNormalizerSpec || spec.number == kDenormalizerSpec;
    if (!spec.is_bytes || !has_rules) continue;
    ProtobufFields parts(spec.content, who);
    ProtobufField rules;
    while (parts.next(rules)) {
      if (rules.is_bytes && rules.number == kPrecompiledCharsmap) {
        check_charsmap(rules.content, who);
      }
    }
  }
}

}  // namespace dnd::text
