// One record of a prompt file -> its question. The shapes and their order: text/prompts.h.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "text/prompt_source.h"

namespace dnd::text {

struct PromptRecord {
  std::optional<std::string> task;
  std::string prompt;
  // Where an answer that the record also has under its own key ends the prompt: its first byte; else 0.
  // Of shapes that may hold more than the question alone.
  std::size_t answer_at = 0;
  bool is_reply = false;  // a message that the user did not write: no prompt
};

// The question of an object; nullopt if it has no known shape (with `field`: not that field).
// Throws Error(data) if it has one but its content is malformed. `where` begins every message.
std::optional<std::string> find_prompt(const Json& object, const std::string& field,
                                       const std::string& where);

// Notes in `source` what was taken and what left out. Throws Error(data) naming the keys found where no
// shape fits.
PromptRecord read_prompt_record(const Json& record, const std::string& field,
                                const std::string& where, PromptSource& source);

}  // namespace dnd::text
