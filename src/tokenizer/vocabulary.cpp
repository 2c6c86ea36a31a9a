#include "tokenizer/vocabulary.h"

#include <algorithm>

#include "base/strings.h"
#include "tokenizer/hashing.h"

namespace dnd::tokenizer {

std::uint32_t* Vocabulary::slot(std::string_view token, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    if (slots_[i] == 0) return &slots_[i];
    const Entry& entry = entries_[slots_[i] - 1];
    if (entry.hash == static_cast<std::uint32_t>(hash >> 32U) && text(entry) == token) {
      return &slots_[i];
    }
  }
}

void Vocabulary::grow() {
  slots_.assign(std::max<std::size_t>(64, slots_.size() * 2), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    *slot(text(entries_[i]), hash_bytes(text(entries_[i]))) = static_cast<std::uint32_t>(i + 1);
  }
}

void Vocabulary::add(std::string_view token, TokenId id) {
  if (entries_.size() * 2 >= slots_.size()) grow();
  const std::uint64_t hash = hash_bytes(token);
  std::uint32_t* place = slot(token, hash);
  if (*place != 0) {
    entries_[*place - 1].id = id;
    return;
  }
  if (texts_.size() + token.size() > UINT32_MAX) {
    fail(ErrorKind::data, "tokenizer: the tokens have more than 4 GiB");
  }
  entries_.push_back({static_cast<std::uint32_t>(texts_.size()),
                      static_cast<std::uint32_t>(token.size()), id,
                      static_cast<std::uint32_t>(hash >> 32U)});
  texts_ += token;
  longest_ = std::max(longest_, token.size());
  *place = static_cast<std::uint32_t>(entries_.size());
}

void Vocabulary::finish() {
  by_id_.clear();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    by_id_.emplace_back(entries_[i].id, static_cast<std::uint32_t>(i));
  }
  std::sort(by_id_.begin(), by_id_.end());
}

TokenId Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return kNoToken;
  const std::uint32_t found = *slot(token, hash_bytes(token));
  return found == 0 ? kNoToken : entries_[found - 1].id;
}

std::optional<std::string_view> Vocabulary::token(TokenId id) const {
  const auto after =
      std::upper_bound(by_id_.begin(), by_id_.end(), id,
                       [](TokenId value, const std::pair<TokenId, std::uint32_t>& entry) {
                         return value < entry.first;
                       });
  if (after == by_id_.begin() || std::prev(after)->first != id) return std::nullopt;
  return text(entries_[std::prev(after)->second]);
}

ByteTrie::ByteTrie() : root_(256, kNone), slots_(64), mask_(63), values_{-1} {}

void ByteTrie::insert(std::uint64_t key, Node node) {
  std::size_t i = spread(key) & mask_;
  while (slots_[i].key != 0) i = (i + 1) & mask_;
  slots_[i] = {key, node};
}

void ByteTrie::add(std::string_view text, std::int32_t value) {
  Node node = kRoot;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    Node next = child(node, byte);
    if (next == kNone) {
      next = static_cast<Node>(values_.size());
      values_.push_back(-1);
      if (node == kRoot) {
        root_[byte] = next;
      } else {
        if (++used_ * 2 > slots_.size()) {
          std::vector<Slot> old(slots_.size() * 2);
          old.swap(slots_);
          mask_ = slots_.size() - 1;
          for (const Slot& slot : old) {
            if (slot.key != 0) insert(slot.key, slot.node);
          }
        }
        insert(std::uint64_t{node} << 8U | byte, next);
      }
    }
    node = next;
  }
  values_[node] = value;
}

ByteTrie::Node ByteTrie::walk(Node node, std::string_view text) const {
  for (const char c : text) {
    node = child(node, static_cast<unsigned char>(c));
    if (node == kNone) return kNone;
  }
  return node;
}

}  // namespace dnd::tokenizer
