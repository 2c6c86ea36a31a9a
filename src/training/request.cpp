#include "training/request.h"

#include "base/log.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
#include "generate/check_base.h"
#include "target/base_model.h"
#include "tasks/task_adapters.h"
#include "tasks/work_folder.h"

namespace dnd::training {
namespace fs = std::filesystem;
namespace {

void warn_about_few_prompts(const Inputs& inputs) {
  const std::int64_t needed = inputs.config.generator.condition.prompts;
  for (const tasks::Task& task : inputs.set.train) {
    if (static_cast<std::int64_t>(task.prompts.size()) >= needed) continue;
    log_warning(cat("task '", printable(task.name), "' has ", task.prompts.size(),
                    " prompts, the generator takes ", needed, ": they are repeated"));
  }
}

// The tasks' own may be there and are not read.
void drop_adapters(tasks::TaskSet& set) {
  for (auto* list : {&set.train, &set.held_out}) {
    for (tasks::Task& task : *list) task.adapters.clear();
  }
}

void check_answers(const Inputs& inputs) {
  for (const tasks::Task& task : inputs.set.train) {
    if (task.answers.empty()) {
      fail(ErrorKind::data, "tasks: ", inputs.config.tasks.string(), ": '", printable(task.name),
           "' has no 'answers', which the objective \"answers\" learns from");
    }
    if (inputs.config.answers.bare == 0.0) continue;
    for (const tasks::Question& question : task.answers) {
      tasks::asked(question, tasks::Ask::bare);
    }
  }
}

void open_base(Inputs& inputs) {
  inputs.base = formats::find_model(inputs.config.answers.base.string());
  generate::check_base(inputs.config.generator, target::read_base_model(inputs.base.path),
                       inputs.base.hub_name);
}

// Whether both are one place, be it taken or free.
bool is_there_as(const fs::path& one, const fs::path& other) {
  return resolved_path(one).lexically_normal() == resolved_path(other).lexically_normal();
}

}  // namespace

fs::path Request::state() const { return work / tasks::kStateName; }

fs::path default_work(const fs::path& out) {
  fs::path work = out.lexically_normal();
  if (!work.has_filename()) work = work.parent_path();
  if (work == "." || work == "..") work = output_path(out);
  work += ".train";
  return work;
}

Inputs read_inputs(const fs::path& config) {
  Inputs inputs{tasks::read_train_config(config), {}};
  inputs.set = tasks::read_task_set(inputs.config.tasks, inputs.config.uses_adapters());
  if (inputs.set.train.empty()) {
    fail(ErrorKind::data, "train: ", inputs.config.tasks.string(), ": no tasks to train on");
  }
  text::tell_sources(inputs.set.sources);
  if (inputs.set.train.size() == 1) {
    log_warning(
        "one training task: a generator that has seen no other gives its adapter whatever "
        "the prompts say");
  }
  warn_about_few_prompts(inputs);
  if (!inputs.config.uses_adapters()) drop_adapters(inputs.set);
  std::vector<tasks::Task> all = inputs.set.train;
  all.insert(all.end(), inputs.set.held_out.begin(), inputs.set.held_out.end());
  tasks::check_task_adapters(inputs.config.generator.layout, all);
  if (!inputs.config.joint.empty()) {
    tasks::read_task_adapter(inputs.config.generator.layout,
                             tasks::only_adapter(inputs.config.joint));
  }
  if (inputs.config.answers.weight == 0.0) return inputs;
  check_answers(inputs);
  open_base(inputs);
  return inputs;
}

void check_places(const Request& request, const tasks::TrainConfig& config) {
  const fs::path state = request.state();
  const bool saved = is_occupied(state);
  if (request.resume && saved && !request.force && is_occupied(request.out)) {
    check_replaceable(request.out, bundle::bundle_folder());  // finished already, perhaps
  } else {
    check_output(request.out, bundle::bundle_folder(), request.force,
                 {request.config, config.tasks, config.start, request.encoder});
  }
  if (is_there_as(request.out, request.work)) {
    fail(ErrorKind::usage, "train: --work is --out: ", request.out.string());
  }
  check_place(request.work);
  if (path_exists(request.work) && !is_folder(request.work)) {
    fail(ErrorKind::cannot_create, request.work.string(), ": is no folder");
  }
  for (const char* name : tasks::kWorkNames) {
    if (!is_there_as(request.out, request.work / name)) continue;
    fail(ErrorKind::usage, "train: --out ", request.out.string(),
         ": is where the training keeps its ", name, " (choose another place)");
  }
  if (!request.resume || !saved) {
    check_replaceable(state, tasks::state_file());
    check_replaceable(request.work / tasks::kMetricsName, tasks::metrics_file());
    check_replaceable(request.work / tasks::kStartName, tasks::start_folder());
  }
  if (saved && !request.resume && !request.force) {
    fail(ErrorKind::cannot_create, state.string(),
         ": holds a training already (--resume goes on with it, --force begins anew)");
  }
}

}  // namespace dnd::training
