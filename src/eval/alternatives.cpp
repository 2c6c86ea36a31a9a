#include "eval/alternatives.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "adapter/files/read_lora.h"
#include "adapter/weight_codec.h"
#include "base/log.h"
#include "base/strings.h"
#include "formats/safetensors.h"
#include "tasks/task_adapters.h"
#include "tuning/start_adapter.h"
#include "tuning/task_adapters.h"

namespace dnd::eval {
namespace {

Weights shared(adapter::LoraAdapter adapter) {
  return std::make_shared<const adapter::LoraAdapter>(std::move(adapter));
}

bool is_asked_by(const std::vector<tasks::Question>& test, const tasks::Question& question) {
  return std::any_of(test.begin(), test.end(), [&](const tasks::Question& each) {
    return tasks::ask_the_same(each, question);
  });
}

tuning::Request request_of(const OwnTuning& rule) {
  tuning::Request request;
  request.ask = rule.ask;
  request.rule.steps = rule.steps;
  request.rule.batch = rule.batch;
  request.rule.seed = rule.seed;
  tuning::complete(request.rule, 1);
  return request;
}

// Answers that are not learned, because tests ask for them.
class LeftOut {
 public:
  void count(const tasks::Task& task, std::size_t answers) {
    if (answers == 0) return;
    if (tasks_++ == 0) first_ = cat("'", printable(task.name), "': ", answers);
    answers_ += answers;
  }

  void warn() const {
    if (tasks_ == 0) return;
    log_warning(cat("--tune-own: ", answers_, " answers of ", tasks_, " tasks (", first_,
                    ") are to questions of their tests; they are not learned"));
  }

 private:
  std::size_t answers_ = 0;
  std::size_t tasks_ = 0;
  std::string first_;
};

}  // namespace

JointAdapter read_joint(const std::filesystem::path& path, const adapter::BaseHints& base,
                        const adapter::AdapterLayout& layout) {
  const std::string who = "adapter: " + path.string();
  adapter::LoraAdapter adapter = adapter::read_lora(tasks::only_adapter(path), base);
  if (adapter.has_dora()) fail(ErrorKind::data, who, ": is DoRA, expected plain LoRA");
  adapter::for_each_factor(adapter, [&](const std::vector<float>& values) {
    const auto finite = [](float value) { return std::isfinite(value); };
    if (std::all_of(values.begin(), values.end(), finite)) return;
    fail(ErrorKind::data, who, ": holds values that are no numbers (a training that diverged?)");
  });
  try {
    return {shared(tasks::fit_to_layout(layout, adapter, who)), true};
  } catch (const Error& error) {
    log_info(cat(error.what(), ": judged by its answers alone"));
    return {shared(std::move(adapter)), false};
  }
}

JointAdapter mean_of_bundle(const generate::Generator& generator) {
  if (!generator.config.residual) return {};
  const bundle::Feature& tokens = generator.config.features.back();
  const formats::Shape shape{tokens.n, tokens.h, tokens.w};
  const std::vector<float> values =
      formats::SafetensorsFile(generator.weights()).read_f32(bundle::kMeanTokensName, &shape);
  return {shared(adapter::detokenize(generator.config.layout, values)), true};
}

tasks::Task without_test_questions(const tasks::Task& task) {
  tasks::Task left = task;
  std::erase_if(left.answers, [&](const tasks::Question& question) {
    return is_asked_by(task.test, question) ||
           (task.paraphrase && is_asked_by(task.paraphrase->test, question));
  });
  return left;
}

std::vector<Weights> tune_own(const std::vector<tasks::Task>& tasks, const OwnTuning& rule,
                              const Weights& joint, const adapter::AdapterLayout& layout,
                              LanguageModel& model, const chat::BaseChat& chat,
                              const std::function<void(double)>& progress) {
  std::vector<tasks::Task> learned;
  std::vector<std::size_t> places;
  LeftOut left_out;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    tasks::Task task = without_test_questions(tasks[i]);
    left_out.count(tasks[i], tasks[i].answers.size() - task.answers.size());
    if (task.answers.empty()) continue;
    learned.push_back(std::move(task));
    places.push_back(i);
  }
  left_out.warn();
  const adapter::LoraAdapter start =
      joint ? *joint : tuning::new_adapter(adapter::lora_of_layout(layout), rule.seed);
  std::vector<adapter::LoraAdapter> adapters =
      tuning::tuned_adapters(request_of(rule), learned, start, model, chat, progress);
  std::vector<Weights> tuned(tasks.size());
  for (std::size_t i = 0; i < places.size(); ++i) tuned[places[i]] = shared(std::move(adapters[i]));
  return tuned;
}

}  // namespace dnd::eval
