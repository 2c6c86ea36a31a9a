// Tokens and their ids, both ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dnd::tokenizer {

using TokenId = std::int32_t;
inline constexpr TokenId kNoToken = -1;

class Vocabulary {
 public:
  // A token that was added before gets the new id. Ids are not negative.
  void add(std::string_view token, TokenId id);
  // After the last add(): of several tokens with one id, the last one stands for it.
  void finish();

  TokenId find(std::string_view token) const;  // kNoToken
  // The token of an id; std::nullopt if there is none.
  std::optional<std::string_view> token(TokenId id) const;
  std::size_t size() const { return entries_.size(); }
  TokenId last_id() const { return by_id_.empty() ? kNoToken : by_id_.back().first; }
  std::size_t longest() const { return longest_; }  // in bytes

  template <typename Visit>
  void each(const Visit& visit) const {
    for (const Entry& entry : entries_) visit(text(entry), entry.id);
  }

 private:
  struct Entry {
    std::uint32_t offset;
    std::uint32_t size;
    TokenId id;
    std::uint32_t hash;
  };
  std::string_view text(const Entry& entry) const {
    return std::string_view(texts_).substr(entry.offset, entry.size);
  }
  std::uint32_t* slot(std::string_view token, std::uint64_t hash) const;
  void grow();

  std::string texts_;
  std::vector<Entry> entries_;
  mutable std::vector<std::uint32_t> slots_;  // index of an entry + 1
  std::vector<std::pair<TokenId, std::uint32_t>> by_id_;
  std::size_t longest_ = 0;
};

// Byte strings to find along a text.
class ByteTrie {
 public:
  using Node = std::uint32_t;
  static constexpr Node kRoot = 0;
  static constexpr Node kNone = 0xFFFFFFFFU;

  ByteTrie();
  // `value` is not negative; a later one for the same text replaces it.
  void add(std::string_view text, std::int32_t value);

  Node child(Node node, unsigned char byte) const {
    if (node == kRoot) return root_[byte];
    const std::uint64_t key = std::uint64_t{node} << 8U | byte;
    for (std::size_t i = spread(key) & mask_;; i = (i + 1) & mask_) {
      if (slots_[i].key == key) return slots_[i].node;
      if (slots_[i].key == 0) return kNone;
    }
  }
  // The node of a text, kNone if nothing begins with it.
  Node walk(Node node, std::string_view text) const;
  std::int32_t value(Node node) const { return values_[node]; }  // -1: none
  bool empty() const { return values_.size() == 1 && values_[0] < 0; }

 private:
  struct Slot {
    std::uint64_t key = 0;  // node << 8 | byte; 0: free (children of the root are elsewhere)
    Node node = 0;
  };
  static std::size_t spread(std::uint64_t key) {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15U) >> 20U);
  }
  void insert(std::uint64_t key, Node node);

  std::vector<Node> root_;
  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::size_t used_ = 0;
  std::vector<std::int32_t> values_;  // by node
};

}  // namespace dnd::tokenizer
