#include "eval/answers.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/sha256.h"
#include "base/strings.h"
#include "eval/score_answer.h"

namespace dnd::eval {
namespace {

// Prompts handed to the model at once: keeps its key/value cache small.
constexpr std::size_t kBatch = 128;

std::string fingerprint(const Weights& adapter) {
  if (!adapter) return "";
  Sha256 hash;
  adapter::for_each_factor(*adapter, [&](const std::vector<float>& values) {
    hash.update(std::as_bytes(std::span(values)));
  });
  return hash.hex();
}

// By what an answer is known: the prompt, or the prompt with what is to be chosen from.
std::string key_of(const tasks::Question& question, bool chosen, bool normalized) {
  if (!chosen) return question.prompt;
  std::string key = question.prompt + (normalized ? '\1' : '\2');
  for (const std::string& choice : question.choices) key += '\0' + choice;
  return key;
}

// By what answers are known beside their adapter: all that a model is told.
std::string key_of(const Asking& how) {
  if (!how.system && !how.stop) return "";
  return json_line({{"system", how.system ? Json(*how.system) : Json(nullptr)},
                    {"stop", how.stop ? Json(*how.stop) : Json(nullptr)}});
}

}  // namespace

Asking asking_of(const tasks::Task& task, const tasks::Scorer& scorer) {
  return {task.scorer ? *task.scorer : scorer, task.system, task.stop};
}

Answers::Answers(LanguageModel& model, CompletionOptions options, const chat::BaseChat* chat)
    : model_(model), options_(std::move(options)), chat_(chat) {
  model_.put_markers(chat_ == nullptr || !chat_->has_template());
}

std::string Answers::text_of(const tasks::Question& question, const Asking& how) const {
  if (chat_ != nullptr) return chat_->prompt_of(question.prompt, how.system);
  if (how.system) fail(ErrorKind::usage, "eval: a system text needs a chat template");
  return question.prompt;
}

void Answers::use(const Weights& adapter, const std::string& key) {
  if (in_use_ == key) return;
  model_.use_adapter(adapter.get());
  in_use_ = key;
}

void Answers::complete(const std::vector<tasks::Question>& questions, const Asking& how,
                       Known& known) {
  CompletionOptions options = options_;
  if (how.stop) options.stop = *how.stop;
  for (std::size_t first = 0; first < questions.size(); first += kBatch) {
    const std::size_t last = std::min(first + kBatch, questions.size());
    std::vector<std::string> prompts;
    for (std::size_t i = first; i < last; ++i) prompts.push_back(text_of(questions[i], how));
    const std::vector<std::string> said = model_.complete(prompts, options);
    if (said.size() != prompts.size()) fail(ErrorKind::internal, "eval: answers are missing");
    for (std::size_t i = 0; i < said.size(); ++i) known[questions[first + i].prompt] = said[i];
  }
}

void Answers::choose(const std::vector<tasks::Question>& questions, const Asking& how,
                     Known& known) {
  const bool normalized = how.scorer.normalized;
  for (std::size_t first = 0; first < questions.size(); first += kBatch) {
    const auto batch =
        std::span(questions).subspan(first, std::min(kBatch, questions.size() - first));
    std::vector<LanguageModel::Candidate> candidates;
    for (const tasks::Question& question : batch) {
      const std::string prompt = text_of(question, how);
      const bool rendered = chat_ != nullptr && chat_->has_template();
      const std::string gap = rendered ? "" : chat::answer_gap(prompt);
      for (const std::string& choice : question.choices) {
        candidates.push_back({prompt, gap + choice});
      }
    }
    const std::vector<double> scores = model_.score(candidates);
    if (scores.size() != candidates.size()) fail(ErrorKind::internal, "eval: scores are missing");
    auto next = scores.begin();
    for (const tasks::Question& question : batch) {
      const auto end = next + static_cast<std::ptrdiff_t>(question.choices.size());
      const std::size_t best = best_choice({next, end}, question.choices, normalized);
      known[key_of(question, true, normalized)] = question.choices[best];
      next = end;
    }
  }
}

std::vector<std::string> Answers::ask(const Weights& adapter,
                                      const std::vector<tasks::Question>& questions,
                                      const Asking& how) {
  const bool chosen = how.scorer.kind == tasks::ScorerKind::choice;
  const auto name_of = [&](const tasks::Question& question) {
    return key_of(question, chosen, how.scorer.normalized);
  };
  const std::string key = fingerprint(adapter);
  Known& known = known_[key + key_of(how)];
  std::vector<tasks::Question> missing;
  std::set<std::string> listed;
  for (const tasks::Question& question : questions) {
    if (chosen && question.choices.empty()) {
      fail(ErrorKind::data, "scorer choice: question '", printable(question.prompt),
           "' has no 'choices'");
    }
    const std::string name = name_of(question);
    if (!known.contains(name) && listed.insert(name).second) missing.push_back(question);
  }
  if (!missing.empty()) {
    use(adapter, key);
    chosen ? choose(missing, how, known) : complete(missing, how, known);
  }
  std::vector<std::string> answers;
  answers.reserve(questions.size());
  for (const tasks::Question& question : questions) answers.push_back(known.at(name_of(question)));
  return answers;
}

double Answers::accuracy(const Weights& adapter, const std::vector<tasks::Question>& questions,
                         const Asking& how) {
  const std::vector<std::string> answers = ask(adapter, questions, how);
  const AnswerScorer judge(how.scorer);
  double sum = 0.0;
  for (std::size_t i = 0; i < questions.size(); ++i) sum += judge.score(answers[i], questions[i]);
  return sum / static_cast<double>(questions.size());
}

}  // namespace dnd::eval
