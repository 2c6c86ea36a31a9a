// The questions of a training as its base reads them.
#pragma once

#include <cstddef>
#include <vector>

#include "chat/base_chat.h"
#include "dnd/language_model.h"
#include "dnd/trainer.h"
#include "training/request.h"

namespace dnd::training {

struct AnswerLessons {
  // Of the held-out tasks, some questions each, as they are asked most; empty where one has none.
  std::vector<std::vector<TuneLesson>> judged;
  std::size_t longest = 0;  // of all, in tokens
};

// Fills TrainTask::asked and ::bare of `tasks`, which are those of the inputs. Held-out tasks are judged by
// their test questions, else by their answers. Throws Error(data) by file and line as tuning::LessonMaker.
AnswerLessons make_lessons(const Inputs& inputs, LanguageModel& model, const chat::BaseChat& chat,
                           std::vector<TrainTask>& tasks);

}  // namespace dnd::training
