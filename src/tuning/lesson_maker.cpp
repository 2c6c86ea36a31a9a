#include "tuning/lesson_maker.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace dnd::tuning {
namespace {

using Ids = std::vector<std::int32_t>;

bool begins_with(const Ids& ids, const Ids& beginning) {
  return ids.size() > beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), ids.begin());
}

}  // namespace

LessonMaker::LessonMaker(LanguageModel& model, const chat::BaseChat& chat, tasks::Ask ask)
    : model_(model), chat_(chat), ask_(ask) {
  model.put_markers(!chat.has_template());
  const LanguageModelInfo info = model.info();
  longest_ = info.longest;
  ends_ = info.ends;
}

Messages LessonMaker::messages_of(const std::string& text, const Messages& before,
                                  const std::optional<std::string>& system) const {
  if (!before.empty()) chat_.require_template_for("messages");
  if (system) chat_.require_template_for("system text");
  Messages messages;
  const bool has_system = !before.empty() && before[0].role == "system";
  if (system && !has_system) messages.push_back({"system", *system});
  messages.insert(messages.end(), before.begin(), before.end());
  messages.push_back({"user", text});
  return messages;
}

std::string LessonMaker::prompt_of(const Messages& messages) const {
  return chat_.has_template() ? chat_.prompt_of(messages) : messages.back().content;
}

Ids LessonMaker::prompt_ids(const std::string& text, const Messages& before,
                            const std::optional<std::string>& system) const {
  return model_.tokenize(prompt_of(messages_of(text, before, system)));
}

// Of the conversation with its answer; empty where it does not go on as the prompt ends.
Ids LessonMaker::whole_ids(const Messages& asked, const std::string& prompt,
                           const std::string& answer) const {
  if (!chat_.has_template()) return model_.tokenize(prompt + chat::answer_gap(prompt) + answer);
  Messages all = asked;
  all.push_back({"assistant", answer});
  const std::string whole = chat_.text_of(all);
  return whole.starts_with(prompt) ? model_.tokenize(whole) : Ids();
}

TuneLesson LessonMaker::lesson(const tasks::Question& question,
                               const std::optional<std::string>& system) const {
  Messages before;
  for (const tasks::Turn& turn : question.before) before.push_back({turn.role, turn.content});
  const Messages messages = messages_of(asked(question), before, system);
  const std::string prompt = prompt_of(messages);
  Ids ids = model_.tokenize(prompt);
  const std::size_t begin = ids.size();
  const Ids whole = whole_ids(messages, prompt, question.answer);
  if (begins_with(whole, ids)) {
    const auto answer = whole.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto end = std::find_first_of(answer, whole.end(), ends_.begin(), ends_.end());
    ids.insert(ids.end(), answer, end == whole.end() ? end : end + 1);
    if (end == whole.end() && !ends_.empty()) ids.push_back(ends_[0]);
  } else {
    model_.put_markers(false);
    const Ids answer = model_.tokenize(question.answer);
    model_.put_markers(!chat_.has_template());
    ids.insert(ids.end(), answer.begin(), answer.end());
    if (!ends_.empty()) ids.push_back(ends_[0]);
  }
  if (static_cast<std::int64_t>(ids.size()) > longest_) {
    fail(ErrorKind::data, question.where, ": question and answer have ", ids.size(),
         " tokens, the base takes ", longest_);
  }
  if (begin == 0 || ids.size() == begin) {
    fail(ErrorKind::data, question.where, ": question or answer has no token");
  }
  return {std::move(ids), begin, {}};
}

}  // namespace dnd::tuning
