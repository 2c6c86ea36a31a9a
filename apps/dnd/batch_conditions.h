// The conditions of tasks that are decoded together.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "condition.h"

namespace dnd::app {

// A prompt that several tasks of a batch have, as variants of one task do, is encoded once. Its rows do not
// depend on the other prompts, so that sharing them changes no byte.
class BatchConditions {
 public:
  // Both must outlive the object.
  BatchConditions(Engine& engine, const ConditionMaker& maker) : engine_(engine), maker_(maker) {}

  // What Engine::project() makes of these prompts' condition. The values must stay where they are until
  // forget(); the HostTensor that has them may be moved.
  HostTensor make(const std::vector<std::string>& prompts);
  // Before the conditions made so far go.
  void forget() { rows_.clear(); }

 private:
  using Rows = std::unordered_map<std::string, const float*>;  // by prompt: (L', C)

  HostTensor encode(const std::vector<std::string>& prompts) const {
    return engine_.project(maker_.make(prompts));
  }

  Engine& engine_;
  const ConditionMaker& maker_;
  std::vector<std::int64_t> shape_;  // of a condition
  Rows rows_;
};

}  // namespace dnd::app
