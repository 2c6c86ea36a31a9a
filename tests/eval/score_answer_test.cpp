#include "eval/score_answer.h"

#include <gtest/gtest.h>

#include <map>

#include "base/file.h"
#include "base/json.h"
#include "base/strings.h"
#include "support/expect_error.h"
#include "support/golden.h"

namespace dnd::eval {
namespace {

using tasks::Scorer;
using tasks::ScorerKind;

Scorer named(const std::string& name, const std::string& pattern) {
  if (name == "exact, any case") return {ScorerKind::exact, true};
  if (name == "contains, any case") return {ScorerKind::contains, true};
  if (name == "regex") return {ScorerKind::regex, false, pattern};
  if (name == "regex, last") return {ScorerKind::regex, false, pattern, true};
  return tasks::scorer_of_name(name);
}

// scripts/make_scorer_cases.py
TEST(AnswerScorer, GivesWhatTheReferencesGive) {
  const std::string file =
      read_text_file(dnd::testing::data_path("scorers/cases.jsonl"), std::size_t{1} << 22U);
  std::map<std::string, std::size_t> right;
  std::size_t cases = 0;
  for (const std::string_view line : split(file, '\n')) {
    if (line.empty()) continue;
    const Json json = parse_json(line, "cases");
    for (const auto& [name, expected] : json["scores"].items()) {
      const AnswerScorer scorer(named(name, json["pattern"]));
      const double score = scorer.score(json["answer"], {"", json["right"]});
      EXPECT_NEAR(score, expected.get<double>(), 1e-12) << name << ": " << line;
      if (score > 0) ++right[name];
    }
    ++cases;
  }
  EXPECT_EQ(cases, 600U);
  EXPECT_EQ(right.size(), 10U);
  for (const auto& [name, count] : right) EXPECT_GE(count, 20U) << name << " is hardly tried";
}

TEST(AnswerScorer, NumbersMayBeOff) {
  Scorer scorer{ScorerKind::number};
  EXPECT_EQ(AnswerScorer(scorer).score("3.14", {"", "3.15"}), 0.0);
  scorer.tolerance = 0.02;
  EXPECT_EQ(AnswerScorer(scorer).score("3.14", {"", "3.15"}), 1.0);
}

TEST(AnswerScorer, IllFormedTextIsRead) {
  const AnswerScorer scorer({ScorerKind::regex, false, "(b+)"});
  EXPECT_EQ(scorer.score("\xff\xc3 bb \x80", {"", "bb"}), 1.0);
}

TEST(AnswerScorer, ExpressionsAreBounded) {
  EXPECT_DND_ERROR(AnswerScorer({ScorerKind::regex, false, "(b"}), ErrorKind::data, "'(b'");
  const AnswerScorer slow({ScorerKind::regex, false, "^(a|a|b?)*$"});
  EXPECT_DND_ERROR(slow.score(std::string(5000, 'a') + "c", {"", "x"}), ErrorKind::data,
                   "too much work");
}

TEST(BestChoice, IsTheMostProbable) {
  const std::vector<std::string> choices = {"no", "certainly", "\u00e9\u00e9"};
  EXPECT_EQ(best_choice({-1.0, -2.0, -3.0}, choices, false), 0U);
  EXPECT_EQ(best_choice({-1.0, -2.0, -3.0}, choices, true), 1U);
  EXPECT_EQ(best_choice({-1.0, -9.0, -0.5}, choices, true), 2U) << "lengths are of code points";
  EXPECT_EQ(best_choice({-1.0, -1.0, -1.0}, choices, false), 0U);
}

}  // namespace
}  // namespace dnd::eval
