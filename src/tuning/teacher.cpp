#include "tuning/teacher.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "tuning/teacher_cache.h"

namespace dnd::tuning {
namespace {

constexpr std::size_t kPromptsAtOnce = 32;  // prompts that the teacher answers at once
constexpr std::uint64_t kMaxContext = 1ULL << 24U;

Messages messages_from(const Json& json, const std::string& who) {
  const Json& list = json.is_object() && json.contains("messages") ? json.at("messages") : json;
  if (!list.is_array() || list.empty()) {
    fail(ErrorKind::data, who, ": expected a list of messages");
  }
  Messages messages;
  for (std::size_t i = 0; i < list.size(); ++i) {
    JsonObject message(list[i], cat(who, ": message ", i + 1));
    messages.push_back({message.text("role"), message.text("content")});
    message.refuse_unknown_keys();
  }
  return messages;
}

// What a task's answers depend on.
Json cache_key(const std::vector<Taught>& taught, const Request& request, const std::string& base) {
  Sha256 hash;
  for (const Taught& each : taught) {
    hash.update(cat(each.teacher_ids.size(), " "));
    hash.update(std::as_bytes(std::span(each.teacher_ids)));
  }
  return {{"base", base},
          {"teacher", hash.hex()},
          {"tokens", request.teacher_tokens},
          {"soft", request.distill == Distill::soft}};
}

std::vector<std::string> prompts_of(const std::vector<Taught>& taught) {
  std::vector<std::string> prompts;
  prompts.reserve(taught.size());
  for (const Taught& each : taught) prompts.push_back(each.prompt);
  return prompts;
}

double agreement(LanguageModel& model, const std::vector<const Taught*>& taught,
                 std::int64_t tokens) {
  std::vector<std::vector<std::int32_t>> starts;
  starts.reserve(taught.size());
  for (const Taught* each : taught) starts.push_back(each->student_ids);
  const std::vector<TaughtAnswer> answers = model.teach(starts, tokens, false);
  double same = 0.0;
  for (std::size_t i = 0; i < taught.size(); ++i) {
    const std::string right = tasks::first_line(model.text_of(taught[i]->answer.ids));
    same += tasks::first_line(model.text_of(answers[i].ids)) == right ? 1.0 : 0.0;
  }
  return same / static_cast<double>(taught.size());
}

}  // namespace

Context read_context(const std::filesystem::path& path) {
  const std::string who = "context: " + path.string();
  const std::string content = read_text_file(path, kMaxContext);
  Context context;
  context.sha256 = sha256_hex(content);
  if (path.extension() == ".json") {
    context.messages = messages_from(parse_json(content, who), who);
  } else {
    context.system = trimmed(content);
    if (context.system->empty()) fail(ErrorKind::data, who, ": is empty");
  }
  return context;
}

std::vector<Taught> prompts_to_teach(const LessonMaker& maker, const tasks::Task& task,
                                     const Request& request) {
  const Context context = read_context(task.context);
  std::set<std::string> seen;
  std::vector<Taught> taught;
  for (const std::string& prompt : task.prompts) {
    if (!seen.insert(prompt).second) continue;
    Taught each;
    each.prompt = prompt;
    each.teacher_ids =
        maker.prompt_ids(prompt, context.messages, context.system ? context.system : task.system);
    each.student_ids = maker.prompt_ids(prompt, {}, task.system);
    const auto tokens = static_cast<std::int64_t>(each.teacher_ids.size()) + request.teacher_tokens;
    if (tokens > maker.longest()) {
      fail(ErrorKind::data, task.context.string(), ": with this context the prompt '",
           printable(prompt), "' and its answer have ", tokens, " tokens, the base takes ",
           maker.longest());
    }
    taught.push_back(std::move(each));
  }
  return taught;
}

void teach(LanguageModel& model, std::vector<Taught>& taught, const Request& request,
           const std::string& base, const std::filesystem::path& cache,
           const std::function<void(double)>& progress, const std::function<bool()>& should_stop) {
  const bool soft = request.distill == Distill::soft;
  TeacherCache known(cache, cache_key(taught, request, base), model.info().vocabulary, soft);
  std::vector<TaughtAnswer>& answers = known.answers();
  model.use_adapter(nullptr);
  while (answers.size() < taught.size() && !should_stop()) {
    const std::size_t end = std::min(answers.size() + kPromptsAtOnce, taught.size());
    std::vector<std::vector<std::int32_t>> starts;
    for (std::size_t i = answers.size(); i < end; ++i) starts.push_back(taught[i].teacher_ids);
    for (TaughtAnswer& answer : model.teach(starts, request.teacher_tokens, soft)) {
      known.add(std::move(answer));
    }
    known.flush();
    progress(static_cast<double>(end) / static_cast<double>(taught.size()));
  }
  taught.resize(std::min(taught.size(), answers.size()));
  for (std::size_t i = 0; i < taught.size(); ++i) taught[i].answer = std::move(answers[i]);
}

TaskLessons lessons_of(const tasks::Task& task, const std::vector<Taught>& taught,
                       const Request& request) {
  const std::vector<bool> left_out =
      left_out_of(prompts_of(taught), request.validation, request.rule.seed, task.name);
  TaskLessons lessons;
  lessons.name = task.name;
  for (std::size_t i = 0; i < taught.size(); ++i) {
    const Taught& each = taught[i];
    TuneLesson lesson{each.student_ids, each.student_ids.size(), each.answer.tokens};
    lesson.ids.insert(lesson.ids.end(), each.answer.ids.begin(), each.answer.ids.end());
    (left_out[i] ? lessons.left_out : lessons.learned).push_back(std::move(lesson));
    lessons.saved_tokens += (static_cast<double>(each.teacher_ids.size()) -
                             static_cast<double>(each.student_ids.size())) /
                            static_cast<double>(taught.size());
  }
  return lessons;
}

Agreement compare(LanguageModel& model, const std::vector<Taught>& taught,
                  const adapter::LoraAdapter& adapter, const Request& request,
                  const std::string& task) {
  const std::vector<bool> left_out =
      left_out_of(prompts_of(taught), request.validation, request.rule.seed, task);
  std::vector<const Taught*> judged;
  for (std::size_t i = 0; i < taught.size(); ++i) {
    if (left_out[i]) judged.push_back(&taught[i]);
  }
  Agreement result{judged.size(), 0.0, 0.0};
  if (judged.empty()) return result;
  model.use_adapter(nullptr);
  result.base = agreement(model, judged, request.teacher_tokens);
  model.use_adapter(&adapter);
  result.adapted = agreement(model, judged, request.teacher_tokens);
  return result;
}

}  // namespace dnd::tuning
