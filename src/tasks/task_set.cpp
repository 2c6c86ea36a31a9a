#include "tasks/task_set.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "tasks/named_path.h"
#include "text/prompts.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAdapterMark = "adapter_config.json";
constexpr std::uint64_t kMaxQuestionFile = 1ULL << 28U;

std::vector<std::string> read_choices(JsonObject& object, const std::string& answer) {
  if (!object.has("choices")) return {};
  std::vector<std::string> choices;
  for (const Json& choice : object.array("choices")) {
    choices.push_back(choice.is_string() ? trimmed(choice.get<std::string>()) : "");
  }
  const bool any_empty = std::find(choices.begin(), choices.end(), "") != choices.end();
  const std::set<std::string> distinct(choices.begin(), choices.end());
  if (any_empty || choices.size() < 2 || distinct.size() < choices.size()) {
    fail(ErrorKind::data, object.where(), ": 'choices': expected two or more different texts");
  }
  if (!distinct.contains(answer)) {
    fail(ErrorKind::data, object.where(), ": 'answer' is none of the 'choices'");
  }
  return choices;
}

Question question_from_json(const Json& json, const std::string& where) {
  JsonObject object(json, where);
  Question question{object.text("prompt"), trimmed(object.text("answer"))};
  question.choices = read_choices(object, question.answer);
  object.refuse_unknown_keys();
  if (question.prompt.empty() || question.answer.empty()) {
    fail(ErrorKind::data, where, ": 'prompt' and 'answer' must not be empty");
  }
  return question;
}

using Sources = std::vector<text::PromptSource>;

std::vector<std::string> read_task_prompts(const fs::path& path, Sources& sources) {
  text::PromptSet set = text::read_prompts({path}, {});
  const std::string who = "tasks: " + path.string();
  if (set.tasks.size() != 1 || !set.tasks[0].name.empty()) {
    fail(ErrorKind::data, who, ": records name a task; a task of tasks.json has a file of its own");
  }
  if (set.tasks[0].prompts.empty() || set.skipped_empty > 0) {
    fail(ErrorKind::data, who, ": ", set.skipped_empty, " prompts are empty");
  }
  sources.push_back(std::move(set.sources[0]));
  return std::move(set.tasks[0].prompts);
}

std::vector<fs::path> find_adapters(const fs::path& folder, const std::string& where) {
  if (!is_folder(folder)) {
    fail(ErrorKind::no_input, where, ": adapters: ", folder.string(), " is not a folder");
  }
  std::vector<fs::path> found;
  for (const fs::path& entry : list_folder(folder)) {
    if (path_exists(entry / kAdapterMark)) found.push_back(entry);
  }
  if (!found.empty()) return found;
  // Matrices alone, as the released code keeps its checkpoints.
  for (const fs::path& entry : list_folder(folder)) {
    if (entry.extension() == ".safetensors" && is_file(entry)) found.push_back(entry);
  }
  if (found.empty()) {
    fail(ErrorKind::no_input, where, ": adapters: ", folder.string(), " holds no folder with an ",
         kAdapterMark, " and no .safetensors file (one for each adapter)");
  }
  return found;
}

std::map<std::string, std::string> read_attributes(JsonObject& task) {
  std::map<std::string, std::string> attributes;
  if (!task.has("attributes")) return attributes;
  JsonObject object = task.object("attributes");
  for (const auto& [key, value] : task.at("attributes").items()) attributes[key] = object.text(key);
  return attributes;
}

std::optional<Paraphrase> read_paraphrase(JsonObject& task, const fs::path& folder,
                                          Sources& sources) {
  if (!task.has("paraphrase")) return std::nullopt;
  JsonObject object = task.object("paraphrase");
  Paraphrase out;
  out.prompts = read_task_prompts(named_path(object, "prompts", folder), sources);
  if (object.has("test")) out.test = read_questions(named_path(object, "test", folder));
  object.refuse_unknown_keys();
  return out;
}

// A text or a list of texts.
std::optional<std::vector<std::string>> read_stop(JsonObject& task) {
  if (!task.has("stop")) return std::nullopt;
  const Json& json = task.at("stop");
  const std::string where = task.where() + ": stop";
  if (!json.is_string() && !json.is_array()) {
    fail(ErrorKind::data, where, ": expected a text or a list of texts, got ", json.type_name());
  }
  std::vector<std::string> stops;
  const auto add = [&](const Json& each, const std::string& place) {
    const std::string stop = each.is_string() ? each.get<std::string>() : "";
    if (stop.empty()) fail(ErrorKind::data, place, ": expected a text that is not empty");
    stops.push_back(stop);
  };
  if (json.is_string()) add(json, where);
  for (std::size_t i = 0; json.is_array() && i < json.size(); ++i) {
    add(json[i], cat(where, "[", i, "]"));
  }
  return stops;
}

// Questions that are to be chosen from have something to choose.
void check_choices(const Task& task, const std::string& where) {
  if (!task.scorer || task.scorer->kind != ScorerKind::choice) return;
  const auto lacks = [](const Question& question) { return question.choices.empty(); };
  const bool some = std::any_of(task.test.begin(), task.test.end(), lacks) ||
                    (task.paraphrase && std::any_of(task.paraphrase->test.begin(),
                                                    task.paraphrase->test.end(), lacks));
  if (some)
    fail(ErrorKind::data, where, ": scorer choice: a question of the test has no 'choices'");
}

Task task_from_json(const Json& json, const std::string& where, const fs::path& folder,
                    bool needs_adapters, Sources& sources) {
  JsonObject object(json, where);
  Task task;
  task.name = object.text("name");
  text::check_task_name(task.name);
  task.group = object.text_or("group", "");
  task.attributes = read_attributes(object);
  task.prompts_file = named_path(object, "prompts", folder);
  task.prompts = read_task_prompts(task.prompts_file, sources);
  if (needs_adapters || object.has("adapters")) {
    task.adapters = find_adapters(named_path(object, "adapters", folder), where);
  }
  if (object.has("test")) task.test = read_questions(named_path(object, "test", folder));
  task.paraphrase = read_paraphrase(object, folder, sources);
  if (object.has("scorer")) {
    task.scorer = scorer_from_json(object.at("scorer"), where + ": scorer");
  }
  check_choices(task, where);
  if (object.has("system")) task.system = object.text("system");
  task.stop = read_stop(object);
  object.refuse_unknown_keys();
  return task;
}

void refuse_repeated_names(const TaskSet& set, const std::string& who) {
  std::set<std::string> names;
  for (const auto* list : {&set.train, &set.held_out}) {
    for (const Task& task : *list) {
      if (names.insert(task.name).second) continue;
      fail(ErrorKind::data, who, ": task '", printable(task.name), "' is named twice");
    }
  }
}

}  // namespace

std::vector<Question> read_questions(const fs::path& path) {
  const std::string who = "questions: " + path.string();
  const std::string content = read_text_file(path, kMaxQuestionFile);
  std::vector<Question> questions;
  std::size_t line = 0;
  for (const std::string_view row : split(content, '\n')) {
    ++line;
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = cat(who, ": line ", line);
    questions.push_back(question_from_json(parse_json(row, where), where));
  }
  if (questions.empty()) fail(ErrorKind::data, who, ": no questions");
  return questions;
}

TaskSet read_task_set(const fs::path& path) {
  const std::string who = "tasks: " + path.string();
  const Json json = read_json_file(path, who);
  JsonObject object(json, who);
  object.expect_format("dnd-tasks");
  TaskSet set;
  const auto read_list = [&](const char* key, std::vector<Task>& tasks, bool needs_adapters) {
    if (!object.has(key)) return;
    const Json& list = object.array(key);
    for (std::size_t i = 0; i < list.size(); ++i) {
      tasks.push_back(task_from_json(list[i], cat(who, ": ", key, "[", i, "]"), path.parent_path(),
                                     needs_adapters, set.sources));
    }
  };
  read_list("train", set.train, true);
  read_list("held_out", set.held_out, false);
  object.refuse_unknown_keys();
  if (set.train.empty() && set.held_out.empty()) fail(ErrorKind::data, who, ": no tasks");
  refuse_repeated_names(set, who);
  return set;
}

}  // namespace dnd::tasks
