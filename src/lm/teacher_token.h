// What a model thinks of the next token, for others to learn.
#pragma once

#include <span>

#include "dnd/tuner.h"

namespace dnd::lm {

// Of a row of logits; of equally likely tokens the one of the lower id comes first.
TeacherToken teacher_token(std::span<const float> logits);

}  // namespace dnd::lm
