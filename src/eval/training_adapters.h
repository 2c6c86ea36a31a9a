// The adapters of the training tasks, and what simple methods make of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "eval/update_space.h"
#include "tasks/task_set.h"

namespace dnd::eval {

// Every adapter of a task, in order. Throws what tasks::read_task_adapter() throws.
std::vector<Weights> read_task_adapters(const adapter::AdapterLayout& layout,
                                        const tasks::Task& task);

// Those of every held-out task; empty where a task has none.
using OwnAdapters = std::vector<std::vector<Weights>>;
OwnAdapters read_own_adapters(const adapter::AdapterLayout& layout,
                              const std::vector<tasks::Task>& held_out);

// Of the training tasks those that have adapters: reads every one once, at construction, and keeps two
// adapters of each task: the mean of its A's and B's, and its last adapter (by name), which stands for the
// task where behaviour is judged. Memory: two fp32 adapters a task.
class TrainingAdapters {
 public:
  // `tasks` must outlive the object. Throws what tasks::read_task_adapter() throws.
  TrainingAdapters(const adapter::AdapterLayout& layout, const std::vector<tasks::Task>& tasks);

  std::size_t size() const { return last_.size(); }
  const tasks::Task& task(std::size_t task) const { return *tasks_.at(task); }
  const Weights& last(std::size_t task) const { return last_.at(task); }
  const Weights& task_mean(std::size_t task) const { return means_.at(task); }
  // Mean of A and mean of B over all adapters of all tasks; nullptr where there are none.
  const Weights& mean() const { return mean_; }
  // The same over the tasks with this value of an attribute (mean of the tasks' means); nullptr
  // where there are none.
  Weights mean_of_same(const std::string& attribute, const std::string& value) const;

 private:
  std::vector<const tasks::Task*> tasks_;
  std::vector<Weights> last_;
  std::vector<Weights> means_;
  Weights mean_;
};

// adapter::flat_values() back into the shapes of `like`. Throws Error(internal) if they do not fill it.
Weights unflatten(const std::vector<float>& values, const adapter::LoraAdapter& like);

}  // namespace dnd::eval
