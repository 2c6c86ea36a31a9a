// The conditions of a training: every distinct prompt encoded once, kept in a file beside the state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "formats/safetensors.h"

namespace dnd::tasks {

// What such a file must hold: of another key it is another training's, of another shape it is damaged.
struct ConditionsPlan {
  std::string key;           // of the encoder, how it is used, and the texts
  std::int64_t prompts = 0;  // P: distinct texts
  std::int64_t length = 0;   // L
  std::int64_t width = 0;    // C

  formats::Shape shape() const { return {prompts, length, width}; }
};

// (count, L, C) of these texts, C order.
using EncodeTexts = std::function<std::vector<float>(const std::vector<std::string>& texts)>;

// Where a file is made: its rows as far as they are encoded. Whoever is stopped or killed goes on there.
std::filesystem::path conditions_part(const std::filesystem::path& path);

// Encodes `texts`, P of them, in pieces, each saved when it is there, and puts the whole in the place of the
// file at once. `go_on` hears the share done and may end it: false then, and the next call with this plan
// goes on. For one process at a time. Throws Error(data) naming the prompt where a value is not finite,
// Error(io), and Error(cannot_create) where something else stands in its place.
bool write_conditions(const std::filesystem::path& path, const ConditionsPlan& plan,
                      const std::vector<std::string>& texts, const EncodeTexts& encode,
                      const std::function<bool(double)>& go_on);

// Whether there is a file of the plan's key. Throws Error(data) where it is no safetensors file.
bool has_conditions(const std::filesystem::path& path, const ConditionsPlan& plan);

// An open file: "conditions" (P, L, C) fp32 and nothing else, mapped, so that it may be larger than
// memory. Of its values nothing is said here: reading all of them would cost as much as a pass over the
// disk, so whoever uses a row looks whether it is finite.
class PromptConditions {
 public:
  // Throws Error(no_input), or Error(data) where the file is not what the plan says.
  PromptConditions(const std::filesystem::path& path, const ConditionsPlan& plan);

  const std::filesystem::path& path() const { return file_.path(); }
  std::span<const float> values() const { return values_; }

 private:
  formats::SafetensorsFile file_;
  std::span<const float> values_;
};

}  // namespace dnd::tasks
