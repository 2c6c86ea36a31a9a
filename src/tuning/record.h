// OUT/tune.json: what a call of `dnd tune` is, and which of its adapters are finished; OUT/tasks.json: its
// tasks with them, as `dnd train` takes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "dnd/tuner.h"
#include "tuning/request.h"

namespace dnd::tuning {

struct FinishedAdapter {
  std::string task;  // empty: the joint adapter
  std::filesystem::path path;
  TuneOutcome outcome;
  // With a teacher: on prompts left out, how often the first lines agree.
  std::optional<double> base_agrees, adapted_agrees, saved_tokens;
};

Json finished_json(const FinishedAdapter& adapter);

class Record {
 public:
  // Of a call of that identity, a JSON object. Goes on with what is there. Throws Error(data) where another
  // call left it.
  Record(const Request& request, const Json& identity);

  // nullptr where it is not finished, or not there any more.
  const FinishedAdapter* find(const std::string& task) const;
  // Written at once.
  void add(const FinishedAdapter& adapter);

 private:
  const Request& request_;
  Json json_;
  std::map<std::string, FinishedAdapter> finished_;
};

// Before anything is computed: throws Error(cannot_create) unless the folder is free, or holds what a request
// that resumes goes on with.
void check_out(const Request& request);

// Of tasks.json the part that was learned, with "adapters"; of a file of questions its one task, `name`.
void write_tasks_file(const Request& request, const std::string& name);

}  // namespace dnd::tuning
