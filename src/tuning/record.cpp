#include "tuning/record.h"

#include <array>
#include <utility>

#include "adapter/files/read_lora.h"
#include "base/identity.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"
#include "dnd/tune_score_json.h"
#include "tuning/task_lessons.h"

namespace dnd::tuning {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kMostSteps = INT64_C(1) << 40U;
// Of a task in tasks.json: what names a file.
constexpr std::array kPaths = {"prompts", "answers", "test", "context"};

std::optional<double> number_from(JsonObject& object, const char* key) {
  if (!object.has(key)) return std::nullopt;
  return object.number_or(key, 0.0);
}

FinishedAdapter finished_from(const Json& json, const std::string& who, const Request& request) {
  JsonObject object(json, who);
  FinishedAdapter adapter;
  adapter.task = object.text_or("task", "");
  adapter.outcome = {object.integer("best_step", 0, kMostSteps),
                     object.integer("steps", 0, kMostSteps), score_from(object, "before"),
                     score_from(object, "after")};
  const fs::path folder =
      adapter.task.empty() ? request.joint_folder() : request.task_folder(adapter.task);
  adapter.path = folder / cat(adapter.outcome.best_step);
  adapter.base_agrees = number_from(object, "base_agrees");
  adapter.adapted_agrees = number_from(object, "adapted_agrees");
  adapter.saved_tokens = number_from(object, "saved_tokens");
  return adapter;
}

// Whether a call left the folder before it had made anything that another could go on with.
bool holds_nothing(const Request& request) {
  for (const fs::path& entry : list_folder(request.out)) {
    if (entry.filename() != request.work().filename() &&
        entry.filename() != request.record().filename()) {
      return false;
    }
  }
  if (!is_folder(request.work())) return false;
  for (const fs::path& entry : list_folder(request.work())) {
    if (entry.filename() != request.lock().filename() && entry.extension() != ".jsonl")
      return false;
  }
  return true;
}

bool is_whole(const fs::path& adapter) {
  if (!is_folder(adapter)) return false;
  try {
    adapter::read_lora(adapter);
    return true;
  } catch (const Error&) {
    return false;  // it is made again
  }
}

// As seen from a folder, where both are in one file system.
std::string path_from(const fs::path& folder, const fs::path& path) {
  const fs::path there = resolved_path(path).lexically_normal();
  const fs::path relative = there.lexically_relative(resolved_path(folder).lexically_normal());
  return (relative.empty() ? there : relative).generic_string();
}

void turn_paths(Json& task, const fs::path& from, const fs::path& to) {
  for (const char* key : kPaths) {
    if (!task.contains(key) || !task.at(key).is_string()) continue;
    task[key] = path_from(to, from / task.at(key).get<std::string>());
  }
  if (task.contains("paraphrase")) turn_paths(task["paraphrase"], from, to);
}

// A list of the tasks.json that was given; null where it has none.
Json list_of(const Json& given, const Request& request, const std::string& part) {
  if (!given.is_object() || !given.contains(part)) return nullptr;
  Json tasks = given.at(part);
  for (Json& task : tasks) turn_paths(task, request.tasks.parent_path(), request.out);
  return tasks;
}

// The task of a file of questions.
Json task_of_file(const Request& request, const std::string& name) {
  const std::string file = path_from(request.out, request.tasks);
  return Json::array({{{"name", name}, {"prompts", file}, {"answers", file}}});
}

}  // namespace

Json finished_json(const FinishedAdapter& adapter) {
  Json json = Json::object();
  if (!adapter.task.empty()) json["task"] = adapter.task;
  json["best_step"] = adapter.outcome.best_step;
  json["steps"] = adapter.outcome.steps;
  json["before"] = score_json(adapter.outcome.before);
  json["after"] = score_json(adapter.outcome.after);
  if (adapter.base_agrees) json["base_agrees"] = *adapter.base_agrees;
  if (adapter.adapted_agrees) json["adapted_agrees"] = *adapter.adapted_agrees;
  if (adapter.saved_tokens) json["saved_tokens"] = *adapter.saved_tokens;
  return json;
}

void check_out(const Request& request) {
  check_place(request.out);
  if (!is_occupied(request.out)) return;
  const bool folder = is_folder(request.out);
  if (folder && holds_nothing(request)) return;
  const bool ours = folder && path_exists(request.record());
  if (ours && request.resume) return;
  fail(ErrorKind::cannot_create, request.out.string(), ": ",
       ours ? "holds what dnd tune learned already (--resume goes on with it)"
            : "is there already and nothing of dnd tune's (--out: a new folder)");
}

Record::Record(const Request& request, const Json& identity) : request_(request) {
  json_ = {{"format", "dnd-tune"}, {"version", 1}, {"call", identity}, {"finished", Json::array()}};
  if (!path_exists(request.record()) || holds_nothing(request)) {
    write_file_atomically(request.record(), json_pretty(json_));
    return;
  }
  const std::string who = "tune: " + request.record().string();
  const Json saved = read_json_file(request.record(), who);
  JsonObject object(saved, who);
  object.expect_format("dnd-tune");
  require_same_identity(json_line(object.at("call")), json_line(identity), who, "call");
  const Json& finished = object.array("finished");
  for (std::size_t i = 0; i < finished.size(); ++i) {
    FinishedAdapter adapter = finished_from(finished[i], cat(who, ": finished[", i, "]"), request);
    if (!is_whole(adapter.path)) continue;
    json_["finished"].push_back(finished[i]);
    finished_[adapter.task] = std::move(adapter);
  }
}

const FinishedAdapter* Record::find(const std::string& task) const {
  const auto found = finished_.find(task);
  return found == finished_.end() ? nullptr : &found->second;
}

void Record::add(const FinishedAdapter& adapter) {
  Json others = Json::array();
  for (const Json& each : json_["finished"]) {
    if (each.value("task", "") != adapter.task) others.push_back(each);
  }
  others.push_back(finished_json(adapter));
  json_["finished"] = others;
  finished_[adapter.task] = adapter;
  write_file_atomically(request_.record(), json_pretty(json_));
}

void write_tasks_file(const Request& request, const std::string& name) {
  Json given;
  if (is_task_file(request.tasks)) given = read_json_file(request.tasks, "tasks");
  Json learned = list_of(given, request, request.part);
  if (learned.is_null()) learned = task_of_file(request, name);
  for (Json& task : learned) {
    task["adapters"] = cat("tasks/", task.at("name").get<std::string>());
  }
  Json json = {{"format", "dnd-tasks"}, {"version", 1}, {"train", learned}};
  const Json held_out = list_of(given, request, "held_out");
  if (request.part == "train" && held_out.is_array()) json["held_out"] = held_out;
  write_file_atomically(request.tasks_file(), json_pretty(json));
}

}  // namespace dnd::tuning
