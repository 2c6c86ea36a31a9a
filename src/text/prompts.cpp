#include "text/prompts.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "text/prompt_files.h"
#include "text/prompt_record.h"
#include "text/unicode.h"

namespace dnd::text {
namespace {

constexpr std::size_t kLongestTaskName = 100;

bool has_control_character(std::string_view name) {
  const std::u32string points = decode_utf8(name);
  return std::any_of(points.begin(), points.end(),
                     [](char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); });
}

// What is wrong with a task name, "" if nothing.
std::string task_name_problem(const std::string& name) {
  if (name.empty()) return "is empty";
  if (name.size() > kLongestTaskName) {
    return cat("has ", name.size(), " bytes, at most ", kLongestTaskName, " are allowed");
  }
  if (!is_valid_utf8(name)) return "is not UTF-8";
  if (has_control_character(name)) return "has a control character";
  if (name.find_first_of("/\\") != std::string::npos) return "has a path separator";
  if (name.front() == '.') return "begins with a dot";
  if (name.back() == '.' || name.back() == ' ') return "ends with a dot or a space";
  return "";
}

void check_task_name_at(const std::string& name, const std::string& where) {
  const std::string problem = task_name_problem(name);
  if (problem.empty()) return;
  fail(ErrorKind::data, where, ": the task name '", printable(name), "' ", problem,
       " (it becomes a folder's name)");
}

// Sorts records into tasks.
class TaskCollector {
 public:
  void begin_file() {
    answers_.clear();
    first_.reset();
  }

  void add(PromptRecord record, const std::string& where) {
    if (record.is_reply) return;
    if (first_where_.empty()) {
      first_where_ = where;
      with_tasks_ = record.task.has_value();
    }
    if (record.task.has_value() != with_tasks_) {
      fail(ErrorKind::data, where, with_tasks_ ? ": has no 'task'" : ": has a 'task'", ", but ",
           first_where_, with_tasks_ ? " has one" : " has none", " (all records or none)");
    }
    if (record.task) check_task_name_at(*record.task, where);
    const std::size_t task = index_of(record.task.value_or(""));
    if (is_blank(record.prompt)) {
      ++set_.skipped_empty;
      return;
    }
    std::vector<std::string>& prompts = set_.tasks[task].prompts;
    // A prompt that is its answer and no more stays what it is.
    const bool cuts = !is_blank(std::string_view(record.prompt).substr(0, record.answer_at));
    const Place place{task, prompts.size(), cuts ? record.answer_at : 0};
    if (!first_) first_ = place;
    if (place.answer_at > 0) answers_.push_back(place);
    prompts.push_back(std::move(record.prompt));
  }

  // Where every prompt of a file ends with the answer that its record names, it is no part of the question;
  // of some it may be a choice's last word.
  void end_file(PromptSource source) {
    if (answers_.size() > 1 && answers_.size() == source.prompts) {
      for (const Place& place : answers_) {
        std::string& prompt = prompt_at(place);
        prompt = trimmed(std::string_view(prompt).substr(0, place.answer_at));
      }
      source.cut += answers_.size();
    }
    if (first_) source.first = prompt_at(*first_);
    set_.sources.push_back(std::move(source));
  }

  PromptSet take() { return std::move(set_); }

 private:
  struct Place {
    std::size_t task;
    std::size_t prompt;
    std::size_t answer_at;  // in the prompt; 0: none
  };

  std::size_t index_of(const std::string& name) {
    const auto [found, is_new] = index_.try_emplace(name, set_.tasks.size());
    if (is_new) set_.tasks.push_back({name, {}});
    return found->second;
  }

  std::string& prompt_at(const Place& place) {
    return set_.tasks[place.task].prompts[place.prompt];
  }

  PromptSet set_;
  std::vector<Place> answers_;  // of the file at hand
  std::optional<Place> first_;  // the file's first prompt
  std::unordered_map<std::string, std::size_t> index_;
  std::string first_where_;
  bool with_tasks_ = false;
};

void read_file(const std::filesystem::path& path, const PromptOptions& options,
               TaskCollector& tasks) {
  const bool is_stdin = path == "-";
  PromptSource source;
  source.file = is_stdin ? "standard input" : path.string();
  const std::string who = "prompts: " + source.file;
  const std::string content =
      is_stdin ? read_standard_input(kMaxPromptFile) : read_text_stream(path, kMaxPromptFile);
  tasks.begin_file();
  for_each_record(content, path, options.field, who, source,
                  [&](const Json& record, const std::string& where) {
                    tasks.add(read_prompt_record(record, options.field, where, source), where);
                  });
  if (source.prompts == 0) fail(ErrorKind::data, who, ": holds no prompts");
  tasks.end_file(std::move(source));
}

std::vector<std::size_t> choose(std::size_t available, std::size_t needed, SelectMode mode,
                                std::uint64_t seed, std::size_t variant) {
  if (available > needed && mode == SelectMode::random) {
    SplitMix64 random(SplitMix64(seed).next() + variant);
    return draw_without_replacement(available, needed, random);
  }
  std::vector<std::size_t> indices(needed);
  for (std::size_t i = 0; i < needed; ++i) indices[i] = i % available;
  return indices;
}

}  // namespace

bool is_blank(std::string_view prompt) {
  const std::u32string points = decode_utf8(prompt);
  return std::all_of(points.begin(), points.end(), is_whitespace);
}

PromptSet read_prompts(const std::vector<std::filesystem::path>& files,
                       const PromptOptions& options) {
  TaskCollector tasks;
  for (const std::filesystem::path& file : files) read_file(file, options, tasks);
  return tasks.take();
}

void check_task_name(const std::string& name) { check_task_name_at(name, "prompts"); }

Selection select_prompts(const std::vector<std::string>& prompts, std::size_t needed,
                         SelectMode mode, std::uint64_t seed, std::size_t variant) {
  if (prompts.empty()) fail(ErrorKind::data, "prompts: there are none to choose from");
  Selection selection{choose(prompts.size(), needed, mode, seed, variant), 0};
  std::unordered_set<std::string_view> texts;
  for (const std::size_t index : selection.indices) texts.insert(prompts[index]);
  selection.distinct = texts.size();
  return selection;
}

}  // namespace dnd::text
