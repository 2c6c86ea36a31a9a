#include "tokenizer/word_cache.h"

#include "tokenizer/hashing.h"

namespace dnd::tokenizer {
namespace {

constexpr std::size_t kFirstSlots = 1U << 10U;
constexpr std::size_t kMostSlots = 1U << 18U;

}  // namespace

WordCache::Slot& WordCache::place(std::string_view piece, std::uint64_t hash) {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].size != 0 &&
         (slots_[i].hash != hash || slots_[i].size != piece.size() ||
          std::memcmp(texts_.data() + slots_[i].text, piece.data(), piece.size()) != 0)) {
    i = (i + 1) & mask;
  }
  return slots_[i];
}

bool WordCache::find(std::string_view piece, std::vector<TokenId>& ids) {
  if (slots_.empty()) slots_.resize(kFirstSlots);
  missed_ = hash_bytes(piece);
  const Slot& slot = place(piece, missed_);
  if (slot.size == 0) return false;
  const TokenId* known = ids_.data() + slot.ids;
  if (slot.count == 1) {
    ids.push_back(*known);
  } else {
    ids.insert(ids.end(), known, known + slot.count);
  }
  return true;
}

void WordCache::store(std::string_view piece, const TokenId* ids, std::size_t count) {
  if (count > UINT16_MAX) return;
  if (used_ * 2 >= slots_.size()) grow();
  Slot& slot = place(piece, missed_);
  slot = {missed_, static_cast<std::uint32_t>(texts_.size()),
          static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint16_t>(piece.size()),
          static_cast<std::uint16_t>(count)};
  texts_ += piece;
  ids_.insert(ids_.end(), ids, ids + count);
  ++used_;
}

// Twice as large, or, at the largest, empty again.
void WordCache::grow() {
  std::vector<Slot> old;
  old.swap(slots_);
  if (old.size() >= kMostSlots) {
    slots_.resize(kMostSlots);
    used_ = 0;
    texts_.clear();
    ids_.clear();
    return;
  }
  slots_.resize(old.size() * 2);
  const std::size_t mask = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.size == 0) continue;
    std::size_t i = slot.hash & mask;
    while (slots_[i].size != 0) i = (i + 1) & mask;
    slots_[i] = slot;
  }
}

}  // namespace dnd::tokenizer
