#include "eval/results.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect_error.h"

namespace dnd::eval {
namespace {

// Of four questions.
Cell cell4(std::vector<double> draws) { return {std::move(draws), {}, 4}; }

// Three tasks in two groups; figures made so that means are round.
std::vector<BehaviourRow> some_rows() {
  constexpr auto kTest = QuestionSet::test;
  constexpr auto kMean = Statistic::mean;
  return {{"base", "base", kTest, kMean, {cell4({0.0}), cell4({0.25}), cell4({0.5})}},
          {"generated", "g", kTest, kMean, {cell4({1.0, 0.5}), cell4({0.75}), cell4({0.5})}},
          {"own_adapter", "own", kTest, kMean, {cell4({1.0}), cell4({1.0}), cell4({0.5})}},
          {"ridge", "r", kTest, kMean, {cell4({0.5}), std::nullopt, cell4({0.25})}}};
}

const Group kFirstTwo{"x", {0, 1}};

TEST(BehaviourRow, MeanAndWorstOverDraws) {
  BehaviourRow row = some_rows()[1];
  EXPECT_EQ(row.value(0), 0.75);
  row.statistic = Statistic::worst;
  EXPECT_EQ(row.value(0), 0.5);
  EXPECT_EQ(some_rows()[3].value(1), std::nullopt);
}

TEST(GroupsOf, InOrderWithAllAtTheEnd) {
  const auto groups = groups_of({{"a", "one"}, {"b", ""}, {"c", "one"}});
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0].name, "one");
  EXPECT_EQ(groups[0].tasks, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(groups[1].name, "held out");
  EXPECT_EQ(groups[2].name, "all");
  EXPECT_EQ(groups[2].tasks.size(), 3U);
  EXPECT_EQ(groups_of({{"a", ""}, {"b", ""}}).size(), 1U);
}

TEST(Summarise, MeansIntervalsAndGain) {
  const auto rows = some_rows();
  const Summary generated = summarise(rows, 1, kFirstTwo);
  EXPECT_DOUBLE_EQ(generated.accuracy.mean, 0.75);
  EXPECT_EQ(*generated.accuracy.half_width, 0.0);
  EXPECT_EQ(generated.questions, 8U);
  EXPECT_DOUBLE_EQ(*generated.gain, (0.75 + 0.5) / (1.0 + 0.75));
  EXPECT_FALSE(generated.overlaps_generated);
  EXPECT_DOUBLE_EQ(*summarise(rows, 0, kFirstTwo).gain, 0.0);
  EXPECT_DOUBLE_EQ(*summarise(rows, 2, kFirstTwo).gain, 1.0);
}

TEST(Summarise, AgainstTheGenerated) {
  const auto rows = some_rows();
  const Summary base = summarise(rows, 0, kFirstTwo);
  EXPECT_DOUBLE_EQ(base.behind_generated->mean, (0.75 + 0.5) / 2.0);
  EXPECT_TRUE(*base.overlaps_generated);  // two tasks: 0.125 +- 12.7 * 0.125
  const auto apart = std::vector<BehaviourRow>{
      {"generated", "", QuestionSet::test, Statistic::mean, {cell4({1.0}), cell4({1.0})}},
      {"base", "", QuestionSet::test, Statistic::mean, {cell4({0.0}), cell4({0.0})}}};
  EXPECT_FALSE(*summarise(apart, 1, kFirstTwo).overlaps_generated);
}

TEST(Summarise, LeavesOutTasksWithoutAFigure) {
  const Summary ridge = summarise(some_rows(), 3, kFirstTwo);
  EXPECT_EQ(ridge.accuracy.count, 1U);
  EXPECT_EQ(ridge.questions, 4U);
  EXPECT_DOUBLE_EQ(*ridge.gain, 0.5);  // (0.5 - 0) / (1 - 0), the second task is left out of all
  EXPECT_EQ(ridge.behind_generated->count, 1U);
}

TEST(Summarise, KnowsNoGainWhereTheOwnAdapterHasNone) {
  EXPECT_FALSE(summarise(some_rows(), 1, {"third", {2}}).gain);
}

// A mean of the tasks' shares would be 0.5.
TEST(Summarise, GainsAreSumsOverTasks) {
  constexpr auto kTest = QuestionSet::test;
  constexpr auto kMean = Statistic::mean;
  const std::vector<BehaviourRow> rows = {
      {"base", "", kTest, kMean, {cell4({0.0}), cell4({0.0})}},
      {"x", "", kTest, kMean, {cell4({0.0}), cell4({0.75})}},
      {"own_adapter", "", kTest, kMean, {cell4({0.25}), cell4({0.75})}}};
  EXPECT_DOUBLE_EQ(*summarise(rows, 1, {"", {0, 1}}).gain, 0.75);
}

TEST(Summarise, TunedAdaptersStandForOwnOnesThatAreMissing) {
  auto rows = some_rows();
  rows[2].tasks[1] = std::nullopt;
  rows.push_back(
      {"own_tuned", "", QuestionSet::test, Statistic::mean, {cell4({0.5}), cell4({0.5}), {}}});
  EXPECT_DOUBLE_EQ(*summarise(rows, 1, kFirstTwo).gain, (0.75 + 0.5) / (1.0 + 0.25));
  EXPECT_DOUBLE_EQ(*summarise(rows, 4, kFirstTwo).gain, (0.5 + 0.25) / (1.0 + 0.25));
  rows.erase(rows.begin() + 2);
  EXPECT_DOUBLE_EQ(*summarise(rows, 1, kFirstTwo).gain, (0.75 + 0.5) / (0.5 + 0.25));
}

TEST(Summarise, ComparesWithinAQuestionSet) {
  auto rows = some_rows();
  rows.push_back(
      {"base", "", QuestionSet::paraphrase, Statistic::mean, {cell4({0.5}), cell4({0.5}), {}}});
  const Summary paraphrased = summarise(rows, 4, kFirstTwo);
  EXPECT_FALSE(paraphrased.gain);
  EXPECT_FALSE(paraphrased.overlaps_generated);
}

TEST(Summarise, WeightRowsWithoutNan) {
  const WeightRow row{"", "", {1.0, std::nan(""), std::nullopt, 3.0}};
  EXPECT_EQ(summarise(row, {"all", {0, 1, 2, 3}}).count, 2U);
  EXPECT_EQ(summarise(row, {"all", {0, 1, 2, 3}}).mean, 2.0);
}

TEST(Pool, PutsDrawsSideBySide) {
  Outcome first{"a", {{"t", ""}}, {{"w", "", {1.0}}}, {3.0, 2.0}, std::nullopt, {}, "", 0};
  first.behaviour = {{"generated", "", QuestionSet::test, Statistic::mean, {cell4({1.0, 0.5})}}};
  Outcome second = first;
  second.weights[0].tasks = {2.0};
  second.generated = {4.0, 2.0};
  second.behaviour[0].tasks = {cell4({0.0, 0.5})};
  first.behaviour[0].tasks[0]->answers = {{"x"}, {"y"}};
  const Outcome pooled = pool({first, second});
  EXPECT_EQ(pooled.behaviour[0].tasks[0]->draws, (std::vector<double>{1.0, 0.5, 0.0, 0.5}));
  EXPECT_TRUE(pooled.behaviour[0].tasks[0]->answers.empty()) << "each outcome has its own";
  EXPECT_EQ(pooled.behaviour[0].value(0), 0.5);
  EXPECT_EQ(pooled.weights[0].tasks[0], 1.5);
  EXPECT_DOUBLE_EQ(pooled.generated.within, std::sqrt(12.5));
  EXPECT_EQ(pooled.generated.between, 2.0);
}

TEST(Pool, RefusesOutcomesThatDoNotMatch) {
  Outcome first{"a", {{"t", ""}}, {}, {}, std::nullopt, {}, "", 0};
  first.behaviour = {{"generated", "", QuestionSet::test, Statistic::mean, {cell4({1.0})}}};
  Outcome other = first;
  other.behaviour[0].id = "ridge";
  EXPECT_DND_ERROR(pool({first, other}), ErrorKind::internal, "pooled");
  other = first;
  other.behaviour[0].tasks[0]->questions = 5;
  EXPECT_DND_ERROR(pool({first, other}), ErrorKind::internal, "questions");
}

}  // namespace
}  // namespace dnd::eval
