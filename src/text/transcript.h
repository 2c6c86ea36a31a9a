// Texts that hold a question and its answer whole, as training data of chat models keep them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dnd::text {

// The first question of `text`, trimmed, where it is written with the marks of a chat template or of a
// known form of training data ("### Instruction: ... ### Response: ...", "Question: ... Answer: ..."); no
// system text, nothing from its answer on. nullopt where there are no marks of an answer, and where the
// last answer of plain marks is still to come (a prompt with worked examples).
std::optional<std::string> question_of_transcript(std::string_view text);

}  // namespace dnd::text
