// Solved questions before the one that is asked, as a person would show a base what is wanted.
#pragma once

#include <cstddef>
#include <vector>

#include "chat/base_chat.h"
#include "tasks/questions.h"

namespace dnd::eval {

using Examples = std::vector<const tasks::Question*>;

// The first `count` of `pool`, or as many as there are, that do not ask the same as `question`.
Examples examples_for(const tasks::Question& question, const std::vector<tasks::Question>& pool,
                      std::size_t count);

// As turns of a conversation, which the question ends.
std::vector<chat::Message> turns_of(const Examples& examples, const tasks::Question& question,
                                    tasks::Ask ask);

// As texts: each with its answer and an empty line behind it, then the question.
std::string text_with(const Examples& examples, const tasks::Question& question, tasks::Ask ask);

}  // namespace dnd::eval
