// Questions with their answers as the base reads them: rows of tokens, one text behind the other, no padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dnd/tuner.h"

namespace dnd::lm::learn {

// One text to learn from. The tokens from `answer` on are what is learned, each from those before it.
struct Lesson {
  std::vector<std::int32_t> ids;  // below the vocabulary
  std::size_t answer = 0;         // 1 to ids.size() - 1: the first token of the answer
  std::size_t task = 0;           // whose adapter acts
  // Of each token of the answer, kept by the caller; nullptr: the token alone is right.
  const std::vector<TeacherToken>* teacher = nullptr;
  // Its states below the lowest adapted layer (tokens, C), kept by the caller; empty: they are computed.
  std::span<const float> below = {};
};

// Rows that belong together: [first, first + count).
struct RowSpan {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// Neighbouring lessons of one task.
struct TaskRows {
  RowSpan rows;
  std::size_t task = 0;
};

// Where the tokens of some lessons lie among the rows of a pass.
struct PassLayout {
  std::int64_t rows = 0;
  std::vector<RowSpan> texts;                 // of each lesson, in order
  std::vector<TaskRows> tasks;                // all rows, in order
  std::vector<std::int64_t> predicting;       // rows whose next token is learned, in order
  std::vector<std::int64_t> learned;          // that token, for each of them
  std::vector<const TeacherToken*> teachers;  // what a teacher thought of it, or nullptr
  std::vector<RowSpan> answers;               // of each lesson, among `predicting`
};

// Lessons of one task should stand side by side: each run of them is a product of its own. Throws
// Error(internal) for a lesson without a question or an answer.
PassLayout lay_out(std::span<const Lesson> lessons);

}  // namespace dnd::lm::learn
