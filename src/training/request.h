// One training: what is asked for, what it reads, and where it works.
#pragma once

#include <filesystem>
#include <string>

#include "chat/base_chat.h"
#include "formats/model_place.h"
#include "tasks/task_set.h"
#include "tasks/train_config.h"

namespace dnd::training {

struct Request {
  std::filesystem::path config;
  std::filesystem::path out;   // the bundle to make
  std::filesystem::path work;  // state, metrics, conditions and lock
  std::string encoder;         // empty: found by name
  std::string precision;       // of the engine: part of what a resumed training must repeat
  bool resume = false;
  bool force = false;
  chat::ChatOptions chat = {};  // how a base is asked, where answers are learned through one

  std::filesystem::path state() const;
};

// OUT.train, whatever OUT ends with.
std::filesystem::path default_work(const std::filesystem::path& out);

struct Inputs {
  tasks::TrainConfig config;
  tasks::TaskSet set;             // without adapters where none is used
  formats::ModelPlace base = {};  // that answers are learned through
};

// Reads configuration, tasks and, once, every adapter of theirs. Says how prompts were read, and warns about
// tasks with too few. Where answers are learned, each task has some that can be asked, and the base has what
// the layout adapts.
// Throws as tasks::read_train_config(), read_task_set(), check_task_adapters() and generate::check_base() do.
Inputs read_inputs(const std::filesystem::path& config);

// The bundle can be made, or is there already where a training is resumed; the work folder can be, and holds
// nothing that is not a training's, nor one that the request does not go on with. Throws
// Error(cannot_create), or Error(usage) where --out is the work folder or a name in it that it needs.
void check_places(const Request& request, const tasks::TrainConfig& config);

}  // namespace dnd::training
