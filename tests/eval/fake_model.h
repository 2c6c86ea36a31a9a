// A language model that knows nothing but the adapter's first value of B, and the tasks to match.
#pragma once

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "adapter/peft.h"
#include "base/strings.h"
#include "dnd/language_model.h"
#include "eval/update_space.h"
#include "tasks/task_set.h"

namespace dnd::testing {

// Answers " <n> \n" with n = the first value of B, rounded; "base" without an adapter.
class FakeModel : public LanguageModel {
 public:
  LanguageModelInfo info() const override {
    LanguageModelInfo info;
    info.longest = longest;
    return info;
  }
  void use_adapter(const adapter::LoraAdapter* adapter) override {
    ++adapters;
    answer_ = "base";
    if (adapter != nullptr) answer_ = cat(" ", std::lround(adapter->pairs.at(0).b.at(0)), " \n");
  }
  HostTensor logits(const std::vector<std::int32_t>& /*ids*/) override { return {}; }
  void put_markers(bool put) override { markers = put; }
  void stream(const std::string& /*prompt*/, const CompletionOptions& /*options*/,
              const TextCallback& on_text) override {
    on_text(answer_);
  }
  std::vector<std::int32_t> tokenize(const std::string& text) const override {
    return {text.begin(), text.end()};
  }
  std::string text_of(const std::vector<std::int32_t>& /*ids*/) const override { return {}; }
  std::vector<std::string> complete(const std::vector<std::string>& prompts,
                                    const CompletionOptions& options) override {
    asked += prompts.size();
    stops.push_back(options.stop);
    last_prompts = prompts;
    all_prompts.insert(all_prompts.end(), prompts.begin(), prompts.end());
    if (answer_ != "base") prompts_of_adapters.insert(prompts.begin(), prompts.end());
    return std::vector<std::string>(prompts.size(), answer_);
  }
  // The square root of a length, as a loss: long answers are less probable, but not by the letter.
  std::vector<double> score(const std::vector<Candidate>& candidates) override {
    std::vector<double> scores;
    for (const Candidate& candidate : candidates) {
      scored.push_back(candidate.prompt + "|" + candidate.answer);
      scores.push_back(-std::sqrt(static_cast<double>(candidate.answer.size())));
    }
    return scores;
  }

  std::vector<TaughtAnswer> teach(const std::vector<std::vector<std::int32_t>>& starts,
                                  std::int64_t /*max_tokens*/, bool /*with_tokens*/) override {
    return std::vector<TaughtAnswer>(starts.size());
  }
  TuneResult tune(const TuneJob& job, const TuneObserver& observer) override {
    tuned.push_back(job);
    for (std::size_t i = 0; i < job.learners.size(); ++i) {
      adapter::LoraAdapter learned = job.learners[i].start;
      learned.pairs.at(0).b.at(0) = 1.0F;
      observer.on_checkpoint(i, 1, learned);
    }
    return {true, {}};
  }

  std::size_t adapters = 0;                     // calls of use_adapter()
  std::size_t asked = 0;                        // prompts
  std::vector<std::vector<std::string>> stops;  // of each call of complete()
  std::vector<std::string> last_prompts;        // of its last call
  std::vector<std::string> all_prompts;         // of all of its calls
  std::set<std::string> prompts_of_adapters;    // of those with an adapter in use
  std::int64_t longest = 0;                     // text that it takes, in bytes
  std::vector<TuneJob> tuned;                   // every learner's result is its start, with 1 in B
  std::vector<std::string> scored;
  bool markers = true;

 private:
  std::string answer_ = "base";
};

// One module, 3 -> 2, rank 1, scale 2.
inline adapter::AdapterLayout one_module_layout() {
  adapter::AdapterLayout layout;
  layout.architecture = "Qwen2ForCausalLM";
  layout.rank = 1;
  layout.alpha = 2;
  layout.token_rows = 3;
  layout.token_columns = 5;
  layout.blocks = {{"model.layers.{i}", 1, {{"self_attn.q_proj", 3, 2, 1, 1}}}};
  return layout;
}

// A = (1, 0, 0), B = (value, 1).
inline eval::Weights adapter_of(float value) {
  auto adapter =
      std::make_shared<adapter::LoraAdapter>(adapter::lora_of_layout(one_module_layout()));
  adapter->pairs[0].a = {1.0F, 0.0F, 0.0F};
  adapter->pairs[0].b = {value, 1.0F};
  return adapter;
}

// A task whose prompts say "<code> ..." and whose right answer is its code; `own` are the first
// values of B of its adapters, written below `folder`.
inline tasks::Task coded_task(const std::filesystem::path& folder, const std::string& name,
                              int code, const std::vector<float>& own) {
  tasks::Task task;
  task.name = name;
  for (int i = 0; i < 6; ++i) task.prompts.push_back(cat(code, " prompt ", i));
  for (int i = 0; i < 4; ++i) task.test.push_back({cat(name, " question ", i), cat(code)});
  for (std::size_t i = 0; i < own.size(); ++i) {
    task.adapters.push_back(folder / name / cat("step", i));
    adapter::write_peft_folder(task.adapters.back(), *adapter_of(own[i]), {}, OnExisting::refuse);
  }
  return task;
}

}  // namespace dnd::testing
