#include "lm/learn/lessons.h"

#include "dnd/error.h"

namespace dnd::lm::learn {

PassLayout lay_out(std::span<const Lesson> lessons) {
  PassLayout layout;
  for (const Lesson& lesson : lessons) {
    if (lesson.answer < 1 || lesson.answer >= lesson.ids.size()) {
      throw Error(ErrorKind::internal, "learn: a lesson without a question or an answer");
    }
    const auto length = static_cast<std::int64_t>(lesson.ids.size());
    layout.texts.push_back({layout.rows, length});
    if (layout.tasks.empty() || layout.tasks.back().task != lesson.task) {
      layout.tasks.push_back({{layout.rows, 0}, lesson.task});
    }
    layout.tasks.back().rows.count += length;
    layout.answers.push_back({static_cast<std::int64_t>(layout.learned.size()),
                              static_cast<std::int64_t>(lesson.ids.size() - lesson.answer)});
    for (std::size_t i = lesson.answer; i < lesson.ids.size(); ++i) {
      layout.predicting.push_back(layout.rows + static_cast<std::int64_t>(i) - 1);
      layout.learned.push_back(lesson.ids[i]);
      layout.teachers.push_back(lesson.teacher == nullptr ? nullptr
                                                          : &(*lesson.teacher)[i - lesson.answer]);
    }
    layout.rows += length;
  }
  return layout;
}

}  // namespace dnd::lm::learn
