// Which conditions a training needs (tasks/prompt_conditions.h keeps them), and the key of what they are
// made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>
#include <vector>

#include "bundle/generator_config.h"
#include "tasks/prompt_conditions.h"

namespace dnd::tasks {

// Distinct texts in order of first appearance.
class PromptRows {
 public:
  std::int64_t row(const std::string& prompt);  // adds what is new
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::unordered_map<std::string, std::int64_t> rows_;
};

// sha256 of the encoder's files and of how it is used.
std::string encoder_key(const bundle::ConditionConfig& condition,
                        const std::filesystem::path& encoder);
// What the file of the conditions of `texts` must hold.
ConditionsPlan conditions_plan(const bundle::ConditionConfig& condition,
                               const std::string& encoder_key,
                               const std::vector<std::string>& texts);

}  // namespace dnd::tasks
