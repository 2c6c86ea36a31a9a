#include "training/request.h"

#include "base/log.h"
#include "base/paths.h"
#include "base/staged.h"
#include "base/strings.h"
#include "bundle/write_bundle.h"
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
  inputs.set = tasks::read_task_set(inputs.config.tasks);
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
  std::vector<tasks::Task> all = inputs.set.train;
  all.insert(all.end(), inputs.set.held_out.begin(), inputs.set.held_out.end());
  tasks::check_task_adapters(inputs.config.generator.layout, all);
  return inputs;
}

void check_places(const Request& request, const tasks::TrainConfig& config) {
  if (request.resume && !request.force && is_occupied(request.out)) {
    check_replaceable(request.out, bundle::bundle_folder());  // finished already, perhaps
  } else {
    check_output(request.out, bundle::bundle_folder(), request.force,
                 {request.config, config.tasks, config.start, request.encoder});
  }
  check_place(request.work);
  const fs::path state = request.state();
  const bool saved = is_occupied(state);
  if (!request.resume) {
    check_replaceable(state, tasks::state_file());
    check_replaceable(request.work / tasks::kMetricsName, tasks::metrics_file());
    check_replaceable(request.work / tasks::kStartName, tasks::start_folder());
  }
  if (request.resume && !saved) {
    fail(ErrorKind::no_input, "train: --resume: ", state.string(), ": not found");
  }
  if (saved && !request.resume && !request.force) {
    fail(ErrorKind::cannot_create, state.string(),
         ": holds a training already (--resume goes on with it, --force begins anew)");
  }
}

}  // namespace dnd::training
