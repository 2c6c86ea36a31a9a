// What a key of a record, or the name of a column, is likely to hold.
#pragma once

#include <string_view>

namespace dnd::text {

// A question, or the task; an answer, or what leads to one; what the question is about; what is to be
// chosen from; anything else.
enum class KeyKind { question, task, answer, context, choices, other };

// Whatever the case of A to Z: tables of spreadsheets have "Question".
KeyKind kind_of_key(std::string_view key);

// "answers", "context", "choices", as a message calls what has been left out; "" of the others.
std::string_view kind_name(KeyKind kind);

}  // namespace dnd::text
