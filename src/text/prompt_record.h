// One record of a prompt file -> its question. The shapes and their order: text/prompts.h.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"

namespace dnd::text {

struct PromptRecord {
  std::optional<std::string> task;
  std::string prompt;
};

// The question of an object; nullopt if it has no known shape (with `field`: not that field).
// Throws Error(data) if it has one but its content is malformed. `where` begins every message.
std::optional<std::string> find_prompt(const Json& object, const std::string& field,
                                       const std::string& where);

// Throws Error(data) naming the keys found where no shape fits.
PromptRecord read_prompt_record(const Json& record, const std::string& field,
                                const std::string& where);

}  // namespace dnd::text
