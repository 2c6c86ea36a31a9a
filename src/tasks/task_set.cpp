#include "tasks/task_set.h"

#include <algorithm>
#include <set>
#include <utility>

#include "adapter/peft.h"
#include "base/json.h"
#include "base/paths.h"
#include "base/strings.h"
#include "tasks/named_path.h"
#include "tasks/task_adapters.h"
#include "text/prompts.h"

namespace dnd::tasks {
namespace fs = std::filesystem;
namespace {

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
  std::vector<fs::path> found = adapter_folders(folder);
  if (!found.empty()) return found;
  // Matrices alone, as the released code keeps its checkpoints.
  for (const fs::path& entry : list_folder(folder)) {
    if (entry.extension() == ".safetensors" && is_file(entry)) found.push_back(entry);
  }
  if (found.empty()) {
    fail(ErrorKind::no_input, where, ": adapters: ", folder.string(), " holds no folder with an ",
         adapter::kAdapterConfigName, " and no .safetensors file (one for each adapter)");
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

// Facts that are told and that nothing here goes by.
void pass_over_facts(JsonObject& task) {
  for (const char* key : {"kind", "licence", "source"}) task.text_or(key, "");
  if (!task.has("related")) return;
  for (const Json& name : task.array("related")) {
    if (!name.is_string()) fail(ErrorKind::data, task.where(), ": related: expected names");
  }
}

// What to learn from.
void read_lessons(JsonObject& object, const fs::path& folder, Task& task) {
  if (object.has("answers")) {
    task.answers = read_questions(named_path(object, "answers", folder));
  }
  if (object.has("context")) task.context = named_path(object, "context", folder);
}

Task task_from_json(const Json& json, const std::string& where, const fs::path& folder,
                    bool needs_adapters, Sources& sources) {
  JsonObject object(json, where);
  Task task;
  task.name = object.text("name");
  text::check_task_name(task.name);
  task.group = object.text_or("group", "");
  task.form = object.text_or("form", "");
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
  read_lessons(object, folder, task);
  pass_over_facts(object);
  if (object.has("system")) task.system = object.text("system");
  task.stop = read_stop(object);
  object.refuse_unknown_keys();
  return task;
}

void refuse_repeated_names(const std::vector<const std::vector<Task>*>& lists,
                           const std::string& who) {
  std::set<std::string> names;
  for (const auto* list : lists) {
    for (const Task& task : *list) {
      if (names.insert(task.name).second) continue;
      fail(ErrorKind::data, who, ": task '", printable(task.name), "' is named twice");
    }
  }
}

// A tasks.json: its parts are its lists.
class Document {
 public:
  explicit Document(const fs::path& path)
      : path_(path),
        who_("tasks: " + path.string()),
        json_(read_json_file(path, who_)),
        object_(json_, who_) {
    object_.expect_format("dnd-tasks");
    for (const auto& [key, value] : json_.items()) {
      if (value.is_array() && object_.has(key)) parts_.push_back(key);
    }
    object_.refuse_unknown_keys();
  }

  const std::string& who() const { return who_; }
  const std::vector<std::string>& parts() const { return parts_; }

  std::vector<Task> read(const std::string& part, bool needs_adapters, Sources& sources) {
    std::vector<Task> tasks;
    if (!object_.has(part)) return tasks;
    const Json& list = object_.array(part);
    for (std::size_t i = 0; i < list.size(); ++i) {
      tasks.push_back(task_from_json(list[i], cat(who_, ": ", part, "[", i, "]"),
                                     path_.parent_path(), needs_adapters, sources));
    }
    return tasks;
  }

 private:
  fs::path path_;
  std::string who_;
  Json json_;
  JsonObject object_;
  std::vector<std::string> parts_;
};

// A list that is no usual part, nor the one asked for, may be a slip.
void refuse_slips(const Document& document, const std::string& asked_for = "") {
  const std::vector<std::string> usual = {"train", "held_out"};
  for (const std::string& part : document.parts()) {
    if (part == asked_for || std::find(usual.begin(), usual.end(), part) != usual.end()) continue;
    const std::string near = nearest_word(part, usual);
    if (near.empty()) continue;
    fail(ErrorKind::data, document.who(), ": unknown key '", printable(part), "' (did you mean '",
         near, "'?)");
  }
}

[[noreturn]] void refuse_empty_part(const Document& document, const std::string& part) {
  std::string parts;
  for (const std::string& each : document.parts()) {
    parts += cat(parts.empty() ? "" : ", ", printable(each));
  }
  fail(ErrorKind::data, document.who(), ": no tasks in the part '", printable(part),
       "' (--part; it has: ", parts.empty() ? "none" : parts, ")");
}

}  // namespace

TaskSet read_task_set(const fs::path& path, bool needs_adapters) {
  Document document(path);
  refuse_slips(document);
  TaskSet set;
  set.train = document.read("train", needs_adapters, set.sources);
  set.held_out = document.read("held_out", false, set.sources);
  if (set.train.empty() && set.held_out.empty()) {
    fail(ErrorKind::data, document.who(), ": no tasks");
  }
  refuse_repeated_names({&set.train, &set.held_out}, document.who());
  return set;
}

TaskPart read_task_part(const fs::path& path, const std::string& part) {
  Document document(path);
  TaskPart read;
  read.tasks = document.read(part, false, read.sources);
  if (read.tasks.empty()) refuse_empty_part(document, part);
  refuse_repeated_names({&read.tasks}, document.who());
  return read;
}

TaskSet read_judged_set(const fs::path& path, const std::string& part) {
  Document document(path);
  refuse_slips(document, part);
  TaskSet set;
  set.train = document.read("train", false, set.sources);
  if (part == "train") {
    set.held_out = set.train;
  } else {
    set.held_out = document.read(part, false, set.sources);
  }
  if (set.held_out.empty()) refuse_empty_part(document, part);
  for (Task& task : set.held_out) {
    if (task.group.empty() && part != "held_out") task.group = part;
  }
  refuse_repeated_names({&set.train}, document.who());
  if (part != "train") refuse_repeated_names({&set.train, &set.held_out}, document.who());
  return set;
}

}  // namespace dnd::tasks
