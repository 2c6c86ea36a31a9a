// What an encoding needs beside the tokenizer, kept for the next one.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/added_tokens.h"
#include "tokenizer/pieces.h"
#include "tokenizer/word_cache.h"

namespace dnd::tokenizer {

struct Workspace {
  Pieces pieces;
  NormalizedText normalized;
  std::vector<AddedTokens::Part> original_parts;
  std::vector<AddedTokens::Part> normalized_parts;
  std::string mapped;
  WordCache words;
};

// The workspaces that no thread has at the moment: as many are made as there are threads at once.
class Workspaces {
 public:
  std::unique_ptr<Workspace> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Workspace>();
    std::unique_ptr<Workspace> workspace = std::move(idle_.back());
    idle_.pop_back();
    return workspace;
  }
  void give_back(std::unique_ptr<Workspace> workspace) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(workspace));
  }

 private:
  static constexpr std::size_t kMostIdle = 64;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace dnd::tokenizer
