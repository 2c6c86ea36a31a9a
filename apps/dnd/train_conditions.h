// The conditions of a training: every distinct prompt encoded once, kept in a file beside the state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "condition.h"
#include "formats/safetensors.h"

namespace dnd::app {

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
// The same with the texts.
std::string conditions_key(const std::string& encoder_key, const std::vector<std::string>& texts);

// WORK/conditions.safetensors: "conditions" (P, L, C) fp32, mapped, so that it may be larger than
// memory. Made where it is absent or has another key.
class Conditions {
 public:
  static bool is_ready(const std::filesystem::path& path, const std::string& key);
  // Encodes in pieces; `progress` hears the share done.
  static void make(const std::filesystem::path& path, const std::string& key,
                   const ConditionMaker& maker, const bundle::ConditionConfig& condition,
                   const std::vector<std::string>& texts,
                   const std::function<void(double)>& progress);

  explicit Conditions(const std::filesystem::path& path);
  std::span<const float> values() const { return values_; }

 private:
  formats::SafetensorsFile file_;
  std::span<const float> values_;
};

}  // namespace dnd::app
