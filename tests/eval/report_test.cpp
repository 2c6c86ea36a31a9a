#include "eval/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "base/strings.h"
#include "eval/plot.h"

namespace dnd::eval {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Cell cell(std::vector<double> draws) { return {std::move(draws), {}, 10}; }

Outcome some_outcome() {
  Outcome outcome;
  outcome.model = "tiny";
  outcome.tasks = {{"a", "one"}, {"b", "one"}, {"c", "two"}};
  outcome.weights = {{"distance:generated", "generated, right prompts", {0.5, 0.5, 1.0}}};
  outcome.generated = {1.0, 4.0};
  constexpr auto kTest = QuestionSet::test;
  constexpr auto kMean = Statistic::mean;
  outcome.behaviour = {
      {"base", "base", kTest, kMean, {cell({0.0}), cell({0.0}), cell({0.125})}},
      {"generated", "generated <&>", kTest, kMean, {cell({1.0, 0.5}), cell({0.75}), cell({0.5})}},
      {"own_adapter", "own", kTest, kMean, {cell({1.0}), cell({1.0}), cell({1.0})}}};
  outcome.best_single = "golf";
  outcome.best_single_questions = 8;
  return outcome;
}

TEST(BehaviourTable, HasPercentIntervalsAndGain) {
  const Table table = behaviour_table(some_outcome());
  ASSERT_EQ(table.header.size(), 7U);
  EXPECT_EQ(table.header[1], "one (2 tasks)");
  EXPECT_EQ(table.header[3], "two (1 task)");
  ASSERT_EQ(table.rows.size(), 3U);
  EXPECT_EQ(table.rows[0][1], "0.0 [0.0, 0.0]  ");
  EXPECT_EQ(table.rows[1][1], "75.0 [75.0, 75.0]  ");
  EXPECT_EQ(table.rows[1][2], "75.0");
  EXPECT_EQ(table.rows[0][3], "12.5 *");  // one task has no interval: nothing tells them apart
  EXPECT_THAT(table.notes[2], HasSubstr("'golf', chosen by the first 8"));
}

TEST(LeadTable, IsPairedByTask) {
  const Table table = lead_table(some_outcome());
  EXPECT_EQ(table.header.size(), 4U);
  ASSERT_EQ(table.rows.size(), 2U);  // not over itself
  EXPECT_EQ(table.rows[0],
            (std::vector<std::string>{"base", "75.0 [75.0, 75.0]", "37.5", "62.5 [8.7, 116.3]"}));
  EXPECT_EQ(table.rows[1][1], "-25.0 [-25.0, -25.0]");
}

TEST(WeightsTable, HasDistancesAndSpreads) {
  const Table table = weights_table(some_outcome());
  EXPECT_EQ(table.rows[0],
            (std::vector<std::string>{"generated, right prompts", "own", "0.500 [0.500, 0.500]",
                                      "1.000", "0.667 [-0.050, 1.384]"}));
  EXPECT_EQ(table.notes[1],
            "generated adapters: spread within a task 1.0000, between tasks 4.0000, ratio 0.250");
}

Outcome with_spreads(const Spread& generated, const std::optional<Spread>& own = {}) {
  Outcome outcome = some_outcome();
  outcome.generated = generated;
  outcome.own = own;
  return outcome;
}

// within, between, size, tasks
TEST(SeparationOf, IsInWords) {
  const auto told = [](const Outcome& outcome) {
    return std::pair(weights_table(outcome).notes.back(),
                     outcome_json(outcome)["weights"]["tasks_are"]);
  };
  EXPECT_EQ(told(with_spreads({1.0, 4.0, 10.0, 3})),
            std::pair(std::string("The generator tells tasks apart: adapters of different tasks "
                                  "differ 4.0 times as much as those of one task."),
                      Json("told apart")));
  EXPECT_EQ(told(with_spreads({0.0, 4.0, 10.0, 3})).first,
            "The generator tells tasks apart: each task gets an adapter of its own.");
  EXPECT_EQ(told(with_spreads({2.1, 4.0, 10.0, 3})),
            std::pair(std::string("The generator hardly tells tasks apart: adapters of different "
                                  "tasks differ only 1.9 times as much as those of one task."),
                      Json("hardly told apart")));
  EXPECT_THAT(told(with_spreads({4.0, 4.0, 10.0, 3})).first,
              HasSubstr("does not tell tasks apart: adapters of one task differ as much as"));
  EXPECT_EQ(told(with_spreads({4.0, 4.0, 10.0, 3})).second, "not told apart");
  const auto [words, name] = told(with_spreads({0.001, 0.09, 10.0, 3}));
  EXPECT_EQ(name, "collapsed");
  EXPECT_THAT(words,
              HasSubstr("has collapsed: every task gets nearly the same adapter, whatever its "
                        "prompts say (tasks lie apart by 0.9 % of the adapters' size)."));
  EXPECT_THAT(told(with_spreads({0.001, 0.9, 10.0, 3}, Spread{0.1, 10.0, 12.0, 3})).first,
              HasSubstr("apart by 9.0 % of what their own adapters do"));
  EXPECT_EQ(told(with_spreads({0.001, 0.9, 10.0, 3}, Spread{0.1, 8.0, 12.0, 3})).second,
            "told apart");
  EXPECT_EQ(told(with_spreads({0.0, 0.0, 0.0, 3})).second, "collapsed");
  const auto [nothing, null] = told(with_spreads({1.0, 0.0, 1.0, 1}));
  EXPECT_THAT(nothing, HasSubstr("generated adapters: spread"));
  EXPECT_EQ(null, nullptr);
}

TEST(BehaviourTable, SaysWhatAGainIs) {
  Outcome outcome = some_outcome();
  EXPECT_THAT(behaviour_table(outcome).notes[1],
              HasSubstr("sum over tasks of method - base / sum of own adapter - base"));
  outcome.behaviour.push_back(outcome.behaviour[2]);
  outcome.behaviour.back().id = "own_tuned";
  EXPECT_THAT(behaviour_table(outcome).notes[2], HasSubstr("the one tuned here where a task has"));
}

TEST(OutcomeJson, HasEveryAnswerAndTheQuestionsOnce) {
  Outcome outcome = some_outcome();
  outcome.behaviour[1].tasks[0]->answers = {{" x", "y"}, {"z", "y"}};
  tasks::Question question{"q", "x"};
  question.bare = "b";
  outcome.tasks[0].questions = {question, {"r", "y", {"y", "n"}}};
  outcome.tasks[2].paraphrased = {{"p", "z"}};
  EXPECT_EQ(outcome_json(outcome)["behaviour"]["rows"][1]["tasks"]["a"]["answers"],
            Json::parse(R"([[" x", "y"], ["z", "y"]])"));
  EXPECT_EQ(
      questions_json(outcome, QuestionSet::test),
      Json({{"a", Json::array({{{"prompt", "q"}, {"answer", "x"}, {"bare", "b"}},
                               {{"prompt", "r"}, {"answer", "y"}, {"choices", {"y", "n"}}}})}}));
  EXPECT_EQ(questions_json(outcome, QuestionSet::test),
            Json::parse(R"({"a": [{"prompt": "q", "answer": "x", "bare": "b"},
                                  {"prompt": "r", "answer": "y", "choices": ["y", "n"]}]})"));
  EXPECT_EQ(questions_json(outcome, QuestionSet::paraphrase),
            Json::parse(R"({"c": [{"prompt": "p", "answer": "z"}]})"));
}

TEST(TextOf, PadsColumns) {
  const Table table{"T", {"name", "x"}, {{"é", "10"}, {"longer", "-"}}, {"note"}};
  EXPECT_EQ(text_of(table), "T\n\nname     x\né       10\nlonger   -\n\nnote\n");
}

TEST(MarkdownOf, EscapesWhatMarkdownReads) {
  const Table table{"T", {"name", "x"}, {{"a|b <c>", "1 *"}}, {"n_1"}};
  EXPECT_EQ(markdown_of(table),
            "### T\n\n| name | x |\n|---|---:|\n| a\\|b \\<c> | 1 \\* |\n\nn\\_1  \n");
}

TEST(OutcomeJson, HasSummariesAndValues) {
  const Json json = outcome_json(some_outcome());
  const Json& row = json["behaviour"]["rows"][1];
  EXPECT_EQ(row["id"], "generated");
  EXPECT_EQ(row["groups"][0]["group"], "one");
  EXPECT_EQ(row["groups"][0]["mean"], 0.75);
  EXPECT_EQ(row["groups"][0]["questions"], 20);
  EXPECT_EQ(row["groups"][1]["low"], nullptr);
  EXPECT_EQ(row["tasks"]["a"]["draws"], Json({1.0, 0.5}));
  EXPECT_EQ(json["behaviour"]["rows"][0]["groups"][0]["behind_generated"]["mean"], 0.75);
  EXPECT_EQ(json["behaviour"]["rows"][0]["groups"][0]["overlaps_generated"], false);
  EXPECT_EQ(json["weights"]["spread"]["generated"]["ratio"], 0.25);
  EXPECT_EQ(json["weights"]["spread"]["own"], nullptr);
  EXPECT_EQ(json["weights"]["rows"][0]["tasks"]["c"], 1.0);
}

TEST(OutcomeJson, OfWeightsAloneHasNullsForWhatIsNotKnown) {
  Outcome outcome = some_outcome();
  outcome.behaviour.clear();
  outcome.generated.between = 0.0;
  outcome.weights[0].tasks[0] = std::nan("");
  const Json json = outcome_json(outcome);
  EXPECT_EQ(json["behaviour"], nullptr);
  EXPECT_EQ(json["weights"]["spread"]["generated"]["ratio"], nullptr);
  EXPECT_EQ(json["weights"]["rows"][0]["tasks"]["a"], nullptr);
  EXPECT_EQ(behaviour_svg(outcome), "");
}

TEST(BehaviourSvg, HasAMarkForEachCell) {
  const std::string svg = behaviour_svg(some_outcome());
  std::size_t dots = 0;
  for (std::size_t at = svg.find("<circle"); at != std::string::npos;
       at = svg.find("<circle", at + 1)) {
    ++dots;
  }
  EXPECT_EQ(dots, 9U);  // three rows in "one", "two" and "all"
  // 75 % in the first panel: 310 + 0.75 * 240.
  EXPECT_THAT(svg, HasSubstr("<circle cx=\"490.0\" cy=\"97.0\" r=\"4\" fill=\"#b03a2e\"/>"));
  EXPECT_THAT(svg, HasSubstr("generated &lt;&amp;&gt;"));
  EXPECT_THAT(svg, Not(HasSubstr("<&>")));
}

// The mean over "all" of own - base is far from 0 and 100 %, its interval is not: bars stay inside.
TEST(BehaviourSvg, CutsBarsAtTheScale) {
  Outcome outcome = some_outcome();
  outcome.tasks = {{"a", ""}, {"b", ""}, {"c", ""}};
  outcome.behaviour.resize(1);
  outcome.behaviour[0].tasks = {cell({0.0}), cell({1.0}), cell({0.5})};
  EXPECT_THAT(behaviour_svg(outcome), HasSubstr("<line x1=\"310.0\" y1=\"75.0\" x2=\"550.0\""));
}

TEST(XmlText, IsSafe) {
  EXPECT_EQ(xml_text("<a href='x'>\"&\n\x01\xff"),
            "&lt;a href=&#39;x&#39;&gt;&quot;&amp; \\x01\\xff");
}

}  // namespace
}  // namespace dnd::eval
