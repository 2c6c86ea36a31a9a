#include "eval/training_adapters.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "tasks/task_adapters.h"

namespace dnd::eval {

std::vector<Weights> read_task_adapters(const adapter::AdapterLayout& layout,
                                        const tasks::Task& task) {
  std::vector<Weights> adapters;
  for (const auto& folder : task.adapters) {
    adapters.push_back(
        std::make_shared<const adapter::LoraAdapter>(tasks::read_task_adapter(layout, folder)));
  }
  return adapters;
}

OwnAdapters read_own_adapters(const adapter::AdapterLayout& layout,
                              const std::vector<tasks::Task>& held_out) {
  OwnAdapters own;
  own.reserve(held_out.size());
  for (const tasks::Task& task : held_out) own.push_back(read_task_adapters(layout, task));
  return own;
}

TrainingAdapters::TrainingAdapters(const adapter::AdapterLayout& layout,
                                   const std::vector<tasks::Task>& tasks) {
  FactorMean all;
  for (const tasks::Task& task : tasks) {
    const std::vector<Weights> adapters = read_task_adapters(layout, task);
    if (adapters.empty()) continue;
    FactorMean own;
    for (const Weights& adapter : adapters) {
      own.add(*adapter);
      all.add(*adapter);
    }
    last_.push_back(adapters.back());
    means_.push_back(own.mean());
    tasks_.push_back(&task);
  }
  if (!tasks_.empty()) mean_ = all.mean();
}

Weights TrainingAdapters::mean_of_same(const std::string& attribute,
                                       const std::string& value) const {
  FactorMean mean;
  bool any = false;
  for (std::size_t i = 0; i < means_.size(); ++i) {
    const auto entry = tasks_[i]->attributes.find(attribute);
    if (entry == tasks_[i]->attributes.end() || entry->second != value) continue;
    mean.add(*means_[i]);
    any = true;
  }
  return any ? mean.mean() : nullptr;
}

Weights unflatten(const std::vector<float>& values, const adapter::LoraAdapter& like) {
  auto adapter = std::make_shared<adapter::LoraAdapter>(like);
  std::size_t next = 0;
  adapter::for_each_factor(*adapter, [&](std::vector<float>& factor) {
    if (factor.size() > values.size() - next) {
      fail(ErrorKind::internal, "eval: values that do not fill an adapter");
    }
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(next);
    std::copy_n(first, factor.size(), factor.begin());
    next += factor.size();
  });
  return adapter;
}

}  // namespace dnd::eval
