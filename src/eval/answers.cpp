#include "eval/answers.h"

#include <algorithm>
#include <set>

#include "base/sha256.h"
#include "base/strings.h"

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

}  // namespace

bool is_right(const std::string& answer, const tasks::Question& question) {
  return trimmed(answer) == trimmed(question.answer);
}

void Answers::use(const Weights& adapter, const std::string& key) {
  if (in_use_ == key) return;
  model_.use_adapter(adapter.get());
  in_use_ = key;
}

void Answers::complete(const std::vector<std::string>& prompts, Known& known) {
  for (std::size_t first = 0; first < prompts.size(); first += kBatch) {
    const std::size_t last = std::min(first + kBatch, prompts.size());
    const std::vector<std::string> batch(prompts.begin() + static_cast<std::ptrdiff_t>(first),
                                         prompts.begin() + static_cast<std::ptrdiff_t>(last));
    const std::vector<std::string> said = model_.complete(batch, options_);
    if (said.size() != batch.size()) fail(ErrorKind::internal, "eval: answers are missing");
    for (std::size_t i = 0; i < batch.size(); ++i) known[batch[i]] = said[i];
  }
}

std::vector<std::string> Answers::ask(const Weights& adapter,
                                      const std::vector<tasks::Question>& questions) {
  const std::string key = fingerprint(adapter);
  Known& known = known_[key];
  std::vector<std::string> missing;
  std::set<std::string> listed;
  for (const tasks::Question& question : questions) {
    const bool fresh = !known.contains(question.prompt) && listed.insert(question.prompt).second;
    if (fresh) missing.push_back(question.prompt);
  }
  if (!missing.empty()) {
    use(adapter, key);
    complete(missing, known);
  }
  std::vector<std::string> answers;
  answers.reserve(questions.size());
  for (const tasks::Question& question : questions) answers.push_back(known.at(question.prompt));
  return answers;
}

double Answers::accuracy(const Weights& adapter, const std::vector<tasks::Question>& questions) {
  const std::vector<std::string> answers = ask(adapter, questions);
  std::size_t right = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (is_right(answers[i], questions[i])) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(questions.size());
}

}  // namespace dnd::eval
