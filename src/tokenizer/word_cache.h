// Ids of pieces that were tokenised before. Not to be shared between threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/vocabulary.h"

namespace dnd::tokenizer {

class WordCache {
 public:
  static constexpr std::size_t kLongestPiece = 128;

  // Appends the ids of `piece` if they are known.
  bool find(std::string_view piece, std::vector<TokenId>& ids);
  // After a find() of the same piece that failed.
  void store(std::string_view piece, const TokenId* ids, std::size_t count);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t text = 0;
    std::uint32_t ids = 0;
    std::uint16_t size = 0;  // of the text; 0: free
    std::uint16_t count = 0;
  };
  Slot& place(std::string_view piece, std::uint64_t hash);
  void grow();

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::string texts_;
  std::vector<TokenId> ids_;
  std::uint64_t missed_ = 0;  // hash of the last piece that was not found
};

}  // namespace dnd::tokenizer
