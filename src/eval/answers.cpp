#include "eval/answers.h"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

#include "base/json.h"
#include "base/log.h"
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

// By what an answer is known: the text that is asked, or this with what is to be chosen from.
std::string key_of(const tasks::Question& question, const Asking& how) {
  std::string key = tasks::asked(question, how.ask);
  if (how.examples > 0) key += '\0' + question.prompt;
  if (how.scorer.kind != tasks::ScorerKind::choice) return key;
  key += how.scorer.normalized ? '\1' : '\2';
  for (const std::string& choice : question.choices) key += '\0' + choice;
  return key;
}

// By what answers are known beside their adapter: all that a model is told.
std::string key_of(const Asking& how) {
  if (!how.system && !how.stop && how.examples == 0) return "";
  Json key = {{"system", how.system ? Json(*how.system) : Json(nullptr)},
              {"stop", how.stop ? Json(*how.stop) : Json(nullptr)}};
  if (how.examples == 0) return json_line(key);
  Json pool = {how.examples};
  for (const tasks::Question& example : *how.pool) {
    pool.push_back({tasks::asked(example, how.ask), example.answer});
  }
  key["examples"] = sha256_hex(json_line(pool));
  return json_line(key);
}

}  // namespace

Asking asking_of(const tasks::Task& task, const tasks::Scorer& scorer, tasks::Ask ask) {
  return {task.scorer ? *task.scorer : scorer, task.system, task.stop, ask};
}

Answers::Answers(LanguageModel& model, CompletionOptions options, const chat::BaseChat* chat)
    : model_(model), options_(std::move(options)), chat_(chat) {
  model_.put_markers(chat_ == nullptr || !chat_->has_template());
  longest_ = model_.info().longest;
}

std::string Answers::text_of(const tasks::Question& question, const Asking& how,
                             const Examples& examples) const {
  if (chat_ == nullptr && how.system) {
    fail(ErrorKind::usage, "eval: a system text needs a chat template");
  }
  const bool has_template = chat_ != nullptr && chat_->has_template();
  if (examples.empty() || !has_template) {
    const std::string text = text_with(examples, question, how.ask);
    return chat_ != nullptr ? chat_->prompt_of(text, how.system) : text;
  }
  std::vector<chat::Message> turns = turns_of(examples, question, how.ask);
  if (how.system) turns.insert(turns.begin(), {"system", *how.system});
  return chat_->prompt_of(turns);
}

std::string Answers::text_of(const tasks::Question& question, const Asking& how) {
  if (how.examples == 0) return text_of(question, how, {});
  Examples examples = examples_for(question, *how.pool, how.examples);
  std::string text = text_of(question, how, examples);
  const auto is_too_long = [&] {
    const auto tokens = static_cast<std::int64_t>(model_.tokenize(text).size());
    return longest_ > 0 && tokens + options_.max_tokens > longest_;
  };
  while (!examples.empty() && is_too_long()) {
    if (!std::exchange(told_of_room_, true)) {
      log_warning(
          cat("--examples ", how.examples,
              ": with all of them some questions are longer than the base takes; these have "
              "fewer"));
    }
    examples.pop_back();
    text = text_of(question, how, examples);
  }
  return text;
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
    for (std::size_t i = 0; i < said.size(); ++i)
      known[key_of(questions[first + i], how)] = said[i];
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
      known[key_of(question, how)] = question.choices[best];
      next = end;
    }
  }
}

std::vector<std::string> Answers::ask(const Weights& adapter,
                                      const std::vector<tasks::Question>& questions,
                                      const Asking& how) {
  const bool chosen = how.scorer.kind == tasks::ScorerKind::choice;
  const auto name_of = [&](const tasks::Question& question) { return key_of(question, how); };
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
  return mean_worth(ask(adapter, questions, how), questions, how.scorer);
}

}  // namespace dnd::eval
