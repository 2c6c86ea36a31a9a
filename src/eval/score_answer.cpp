#include "eval/score_answer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <vector>

#include "base/strings.h"
#include "text/unicode.h"

namespace dnd::eval {
namespace {

using tasks::ScorerKind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The last number's characters, "-" included; empty where there is none.
std::string last_number(std::string_view text) {
  std::string last;
  const auto is_part = [](char c) { return is_digit(c) || c == '$' || c == '.' || c == ','; };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t sign = text[at] == '-' ? 1 : 0;
    std::size_t end = at + sign;
    while (end < text.size() && is_part(text[end])) ++end;
    const std::string_view run = text.substr(at, end - at);
    const std::size_t parts = run.size() - sign;
    const bool has_digit = std::any_of(run.begin(), run.end(), is_digit);
    if (has_digit && parts >= 1) last = run;
    at = std::max(end, at + 1);
  }
  std::erase_if(last, [](char c) { return c == '$' || c == ','; });
  while (last.ends_with('.')) last.pop_back();
  return last;
}

std::optional<double> value_of(const std::string& number) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || error != std::errc() || end != number.data() + number.size()) {
    return std::nullopt;
  }
  return value;
}

bool same_number(const std::string& answer, const std::string& right, double tolerance) {
  const std::string a = last_number(answer);
  const std::string b = last_number(right);
  if (a.empty() || b.empty()) return false;
  const auto x = value_of(a);
  const auto y = value_of(b);
  return x && y ? std::abs(*x - *y) <= tolerance : a == b;
}

// Words of SQuAD's measure.
std::vector<std::string> squad_words(const std::string& text) {
  static const tokenizer::Expression articles("\\b(a|an|the)\\b", "f1");
  constexpr std::string_view kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  std::string plain = text::lower_case(text);
  std::erase_if(plain, [&](char c) { return kPunctuation.find(c) != std::string_view::npos; });
  std::vector<std::string> words;
  std::string word;
  for (const char32_t point : text::decode_utf8(articles.replaced(plain, " "))) {
    if (!text::is_whitespace(point)) {
      text::append_utf8(word, point);
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  if (!word.empty()) words.push_back(word);
  return words;
}

// 2 P R / (P + R) of `common` things in lists of `a` and `b`.
double f_measure(std::size_t common, std::size_t a, std::size_t b) {
  return common == 0 ? 0.0 : 2.0 * static_cast<double>(common) / static_cast<double>(a + b);
}

double squad_f1(const std::string& answer, const std::string& right) {
  const std::vector<std::string> said = squad_words(answer);
  const std::vector<std::string> wanted = squad_words(right);
  std::map<std::string, std::size_t> left;
  for (const std::string& word : wanted) ++left[word];
  std::size_t common = 0;
  for (const std::string& word : said) {
    const auto found = left.find(word);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++common;
  }
  return f_measure(common, said.size(), wanted.size());
}

std::vector<std::string> rouge_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text::lower_case(text) + " ") {
    if ((c >= 'a' && c <= 'z') || is_digit(c)) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::exchange(word, {}));
    }
  }
  return words;
}

std::size_t common_subsequence(const std::vector<std::string>& a,
                               const std::vector<std::string>& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (const std::string& word : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = word == b[j] ? diagonal + 1 : std::max(above, row[j]);
      diagonal = above;
    }
  }
  return row.back();
}

double rouge_l(const std::string& answer, const std::string& right) {
  const std::vector<std::string> said = rouge_words(answer);
  const std::vector<std::string> wanted = rouge_words(right);
  return f_measure(common_subsequence(said, wanted), said.size(), wanted.size());
}

}  // namespace

AnswerScorer::AnswerScorer(const tasks::Scorer& scorer) : scorer_(scorer) {
  if (scorer.kind == ScorerKind::regex) expression_.emplace(scorer.pattern, "scorer");
}

bool AnswerScorer::equal(const std::string& a, const std::string& b) const {
  return scorer_.ignore_case ? text::lower_case(a) == text::lower_case(b) : a == b;
}

std::optional<std::string> AnswerScorer::found(const std::string& answer) const {
  const std::vector<std::string> all = expression_->matches(answer);
  if (all.empty()) return std::nullopt;
  return trimmed(scorer_.last ? all.back() : all.front());
}

double AnswerScorer::score(const std::string& answer, const tasks::Question& question) const {
  const std::string right = trimmed(question.answer);
  const auto share = [](bool is_right) { return is_right ? 1.0 : 0.0; };
  switch (scorer_.kind) {
    case ScorerKind::exact:
    case ScorerKind::choice:
      return share(equal(trimmed(answer), right));
    case ScorerKind::first_line:
      return share(equal(tasks::first_line(answer), right));
    case ScorerKind::contains: {
      const bool fold = scorer_.ignore_case;
      const std::string where = fold ? text::lower_case(answer) : answer;
      return share(where.find(fold ? text::lower_case(right) : right) != std::string::npos);
    }
    case ScorerKind::regex: {
      const std::optional<std::string> said = found(answer);
      return share(said && equal(*said, right));
    }
    case ScorerKind::number:
      return share(same_number(answer, right, scorer_.tolerance));
    case ScorerKind::f1:
      return squad_f1(answer, right);
    case ScorerKind::rouge_l:
      return rouge_l(answer, right);
  }
  return 0.0;
}

double mean_worth(const std::vector<std::string>& answers,
                  const std::vector<tasks::Question>& questions, const tasks::Scorer& scorer) {
  const AnswerScorer judge(scorer);
  double sum = 0.0;
  for (std::size_t i = 0; i < questions.size(); ++i) sum += judge.score(answers[i], questions[i]);
  return sum / static_cast<double>(questions.size());
}

std::size_t best_choice(const std::vector<double>& scores, const std::vector<std::string>& choices,
                        bool normalized) {
  const auto value = [&](std::size_t i) {
    const auto length = static_cast<double>(text::decode_utf8(choices[i]).size());
    return normalized ? scores[i] / std::max(length, 1.0) : scores[i];
  };
  std::size_t best = 0;
  for (std::size_t i = 1; i < scores.size(); ++i) {
    if (value(i) > value(best)) best = i;
  }
  return best;
}

}  // namespace dnd::eval
