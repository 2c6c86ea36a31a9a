#include "eval/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "eval/fake_model.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::eval {
namespace {

using testing::adapter_of;
using testing::coded_task;
using ::testing::ElementsAre;

// Training tasks with the codes 10, 20 and 30, held out 40 and 50. The generator reads the code from
// its first prompt; random text has none and gives 0.
class Evaluate : public ::testing::Test {
 protected:
  Evaluate() {
    set_.train = {make("golf.a", 10, {8, 10}), make("chess.b", 20, {22, 20}),
                  make("golf.b", 30, {30, 30})};
    set_.held_out = {make("chess.a", 40, {36, 40}), make("tennis.b", 50, {})};
    generator_.name = "fake";
    generator_.prompts = 4;
    generator_.layout = &layout_;
    generator_.embed = [](const std::vector<std::string>& prompts) {
      const float code = std::strtof(prompts.at(0).c_str(), nullptr);
      return std::vector<float>{1.0F, code / 100.0F};
    };
    generator_.generate = [](const std::vector<std::string>& prompts) {
      EXPECT_EQ(prompts.size(), 4U);
      return adapter_of(std::strtof(prompts[0].c_str(), nullptr));
    };
    settings_.draws = 2;
  }

  tasks::Task make(const std::string& name, int code, const std::vector<float>& own) const {
    tasks::Task task = coded_task(temp_.path(), name, code, own);
    const auto dot = name.find('.');
    task.attributes = {{"domain", name.substr(0, dot)}, {"convention", name.substr(dot + 1)}};
    return task;
  }

  Outcome run(bool ask = true) {
    const TrainingAdapters training(layout_, set_.train);
    Answers answers(model_, {});
    return evaluate(set_, training, generator_, ask ? &answers : nullptr, settings_, {});
  }

  static std::vector<std::string> ids(const Outcome& outcome) {
    std::vector<std::string> ids;
    for (const BehaviourRow& row : outcome.behaviour) ids.push_back(row.id);
    return ids;
  }

  static std::optional<double> share(const Outcome& outcome, const std::string& id,
                                     std::size_t task, QuestionSet set = QuestionSet::test) {
    for (const BehaviourRow& row : outcome.behaviour) {
      if (row.id == id && row.set == set) return row.value(task);
    }
    ADD_FAILURE() << "no row " << id;
    return std::nullopt;
  }

  static std::optional<double> weight(const Outcome& outcome, const std::string& id,
                                      std::size_t task) {
    for (const WeightRow& row : outcome.weights) {
      if (row.id == id) return row.tasks.at(task);
    }
    ADD_FAILURE() << "no row " << id;
    return std::nullopt;
  }

  static std::ptrdiff_t count(const Outcome& outcome, const std::string& id) {
    const auto rows = ids(outcome);
    return std::count(rows.begin(), rows.end(), id);
  }

  static std::size_t row_of(const Outcome& outcome, const std::string& id) {
    const auto rows = ids(outcome);
    return static_cast<std::size_t>(std::find(rows.begin(), rows.end(), id) - rows.begin());
  }

  testing::TempDir temp_;
  adapter::AdapterLayout layout_ = testing::one_module_layout();
  tasks::TaskSet set_;
  JudgedGenerator generator_;
  Settings settings_;
  testing::FakeModel model_;
};

TEST_F(Evaluate, HasARowForEveryMethod) {
  EXPECT_THAT(ids(run()),
              ElementsAre("base", "mean_adapter", "nearest_adapter", "best_single_adapter",
                          "same:convention", "same:domain", "ridge", "generated", "generated",
                          "other:convention", "other:domain", "other_in_all", "random_text",
                          "own_adapter"));
}

TEST_F(Evaluate, JudgesWhatEachMethodMakes) {
  const Outcome outcome = run();
  for (const std::size_t task : {0U, 1U}) {
    EXPECT_EQ(share(outcome, "base", task), 0.0);
    EXPECT_EQ(share(outcome, "generated", task), 1.0);
    EXPECT_EQ(share(outcome, "random_text", task), 0.0);
  }
  EXPECT_EQ(share(outcome, "own_adapter", 0), 1.0);  // the last adapter, 40
  EXPECT_EQ(share(outcome, "own_adapter", 1), std::nullopt);
  EXPECT_EQ(share(outcome, "other:domain", 0), 0.0);
  EXPECT_EQ(share(outcome, "other:convention", 1), std::nullopt);  // no other task is of tennis
}

TEST_F(Evaluate, TellsTheAdaptersApart) {
  set_.held_out[0].test = {
      {"q", "20"}};  // golf.a's mean (9), golf.b's (30), chess.b's mean (21): all: 20
  set_.held_out[1].test = {{"q", "30"}};  // the nearest to 50 is golf.b, whose last one is 30
  const Outcome outcome = run();
  EXPECT_EQ(share(outcome, "mean_adapter", 0), 1.0);
  EXPECT_EQ(share(outcome, "nearest_adapter", 1), 1.0);
  EXPECT_EQ(share(outcome, "same:domain", 0), 0.0);  // chess.b's mean is 21
  EXPECT_EQ(outcome.behaviour[2].tasks[1]->sources, (std::vector<std::string>{"golf.b", "golf.b"}));
}

// Where the code is linear in the embedding, the regression finds the line and goes along it.
TEST_F(Evaluate, RidgeFollowsALine) {
  set_.train = {make("one", 10, {10}), make("two", 20, {20}), make("three", 30, {30})};
  const Outcome outcome = run();
  EXPECT_EQ(share(outcome, "ridge", 0), 1.0);
  EXPECT_EQ(share(outcome, "ridge", 1), 1.0);
}

TEST_F(Evaluate, BestSingleIsOneForAllByTheFirstQuestions) {
  set_.held_out[0].test = {{"q0", "10"}, {"q1", "20"}, {"q2", "20"}};
  set_.held_out[1].test = {{"q0", "10"}, {"q1", "20"}, {"q2", "20"}};
  settings_.candidate_questions = 1;
  Outcome outcome = run();
  EXPECT_EQ(outcome.best_single, "golf.a");
  EXPECT_EQ(outcome.best_single_questions, 1U);
  EXPECT_DOUBLE_EQ(*share(outcome, "best_single_adapter", 0), 1.0 / 3.0);
  settings_.candidate_questions = 3;
  outcome = run();
  EXPECT_EQ(outcome.best_single, "chess.b");
  EXPECT_DOUBLE_EQ(*share(outcome, "best_single_adapter", 0), 2.0 / 3.0);
}

TEST_F(Evaluate, ReportsTheWorstDraw) {
  int calls = 0;
  generator_.generate = [&calls](const std::vector<std::string>& prompts) {
    const float code = std::strtof(prompts[0].c_str(), nullptr);
    return adapter_of(code == 40 && calls++ % 2 == 1 ? 0.0F : code);
  };
  const Outcome outcome = run();
  EXPECT_EQ(outcome.behaviour[7].value(0), 0.5);
  EXPECT_EQ(outcome.behaviour[8].statistic, Statistic::worst);
  EXPECT_EQ(outcome.behaviour[8].value(0), 0.0);
  EXPECT_EQ(outcome.behaviour[8].value(1), 1.0);
}

TEST_F(Evaluate, AsksTheFirstQuestionsOnly) {
  settings_.questions = 2;
  const Outcome outcome = run();
  EXPECT_EQ(outcome.behaviour[0].tasks[0]->questions, 2U);
  EXPECT_EQ(first_questions(set_.train[0].test, 0).size(), 4U);
  EXPECT_EQ(first_questions(set_.train[0].test, 9).size(), 4U);
}

TEST_F(Evaluate, ParaphrasesAreRowsOfTheirOwn) {
  set_.held_out[0].paraphrase =
      tasks::Paraphrase{{"41 in other words"}, {{"other question", "41"}, {"another one", "40"}}};
  const Outcome outcome = run();
  EXPECT_EQ(share(outcome, "generated", 0, QuestionSet::paraphrase), 0.5);
  EXPECT_EQ(share(outcome, "own_adapter", 0, QuestionSet::paraphrase), 0.5);
  EXPECT_EQ(share(outcome, "base", 0, QuestionSet::paraphrase), 0.0);
  EXPECT_EQ(share(outcome, "base", 1, QuestionSet::paraphrase), std::nullopt);
  EXPECT_EQ(share(outcome, "generated", 0), 1.0);
}

// Updates are (value, 1) in the first column of a 2 x 3 matrix: distances by hand.
TEST_F(Evaluate, MeasuresWeights) {
  const Outcome outcome = run(false);
  EXPECT_TRUE(outcome.behaviour.empty());
  EXPECT_EQ(model_.asked, 0U);
  const double own = std::sqrt(38.0 * 38.0 + 1.0);  // adapters 36 and 40
  EXPECT_NEAR(*weight(outcome, "distance:generated", 0), 2.0 / own, 1e-6);
  EXPECT_NEAR(*weight(outcome, "distance:mean_adapter", 0), 18.0 / own, 1e-6);
  EXPECT_NEAR(*weight(outcome, "distance:nearest_adapter", 0), 8.0 / own, 1e-6);
  EXPECT_NEAR(*weight(outcome, "distance:random_text", 0), 38.0 / own, 1e-6);
  EXPECT_NEAR(*weight(outcome, "distance:own_checkpoints", 0), 2.0 / own, 1e-6);
  EXPECT_EQ(weight(outcome, "distance:generated", 1), std::nullopt);
  EXPECT_NEAR(*weight(outcome, "change:draws", 0), 0.0, 1e-6);
  EXPECT_NEAR(*weight(outcome, "change:random_text", 1), 50.0 / std::sqrt(2501.0), 1e-6);
  EXPECT_NEAR(outcome.generated.within, 0.0, 1e-5);
  EXPECT_NEAR(outcome.generated.between, 5.0, 1e-6);
  EXPECT_NEAR(outcome.own->within, 2.0, 1e-6);
}

TEST_F(Evaluate, GivesTheSameAgain) {
  const Outcome first = run();
  const Outcome second = run();
  for (std::size_t i = 0; i < first.behaviour.size(); ++i) {
    EXPECT_EQ(first.behaviour[i].tasks, second.behaviour[i].tasks);
  }
}

TEST_F(Evaluate, RefusesSetsThatCannotBeJudged) {
  set_.held_out.clear();
  EXPECT_DND_ERROR(run(), ErrorKind::data, "no held-out tasks");
}

// They still lend their prompts to the controls.
TEST_F(Evaluate, TrainingTasksNeedNoAdapters) {
  set_.train[1].adapters.clear();
  Outcome outcome = run();
  EXPECT_EQ(share(outcome, "nearest_adapter", 0), 0.0);
  EXPECT_EQ(outcome.best_single, "golf.a");
  EXPECT_EQ(count(outcome, "ridge"), 0) << "two tasks are too few";
  for (tasks::Task& task : set_.train) task.adapters.clear();
  outcome = run();
  for (const char* id : {"mean_adapter", "nearest_adapter", "best_single_adapter", "same:domain"}) {
    EXPECT_EQ(count(outcome, id), 0) << id;
  }
  EXPECT_EQ(share(outcome, "generated", 1), 1.0);
  EXPECT_TRUE(share(outcome, "other:domain", 0));
}

TEST_F(Evaluate, TheBaseIsAskedWithItsInstructionBesideTheBareInput) {
  settings_.ask = tasks::Ask::bare;
  for (tasks::Task& task : set_.held_out) {
    for (tasks::Question& question : task.test) question.bare = "bare " + question.prompt;
  }
  const Outcome outcome = run();
  EXPECT_EQ(ids(outcome)[1], "base_instruction");
  EXPECT_EQ(outcome.behaviour[1].label, "base with instruction");
  const std::set<std::string> asked(model_.all_prompts.begin(), model_.all_prompts.end());
  EXPECT_TRUE(asked.contains("bare chess.a question 0"));
  EXPECT_TRUE(asked.contains("chess.a question 0"));
  EXPECT_EQ(model_.prompts_of_adapters.count("chess.a question 0"), 0U)
      << "adapters are asked by the bare input";
  EXPECT_EQ(model_.prompts_of_adapters.count("bare chess.a question 0"), 1U);
}

TEST_F(Evaluate, TheBaseIsShownExamplesOfTasksThatHaveAnswers) {
  settings_.examples = 2;
  set_.held_out[0].answers = {
      {"chess.a question 0", "x"}, {"first", "1"}, {"second ", "2"}, {"third", "3"}};
  const Outcome outcome = run();
  EXPECT_EQ(ids(outcome)[1], "base_examples");
  EXPECT_EQ(outcome.behaviour[1].label, "base with 2 examples");
  EXPECT_EQ(share(outcome, "base_examples", 1), std::nullopt) << "it has no answers";
  const std::set<std::string> asked(model_.all_prompts.begin(), model_.all_prompts.end());
  EXPECT_TRUE(asked.contains("first 1\n\nsecond 2\n\nchess.a question 0"))
      << "the question itself is no example";
  EXPECT_TRUE(asked.contains("chess.a question 0 x\n\nfirst 1\n\nchess.a question 1"));
}

TEST_F(Evaluate, AJointAdapterIsARow) {
  generator_.beside.joint = adapter_of(50);
  Outcome outcome = run();
  EXPECT_EQ(share(outcome, "multi_task", 0), 0.0);
  EXPECT_EQ(share(outcome, "multi_task", 1), 1.0);
  const double own = std::sqrt(38.0 * 38.0 + 1.0);
  EXPECT_NEAR(*weight(outcome, "distance:multi_task", 0), 12.0 / own, 1e-6);
  generator_.beside.joint_in_layout = false;
  outcome = run();
  EXPECT_EQ(share(outcome, "multi_task", 1), 1.0);
  for (const WeightRow& row : outcome.weights) EXPECT_NE(row.id, "distance:multi_task");
}

TEST_F(Evaluate, TunedAdaptersAreARowAndStandForOwnOnes) {
  generator_.beside.tuned = {adapter_of(7), adapter_of(50)};
  const Outcome outcome = run();
  EXPECT_EQ(share(outcome, "own_tuned", 0), 0.0);
  EXPECT_EQ(share(outcome, "own_tuned", 1), 1.0);
  EXPECT_EQ(share(outcome, "own_adapter", 1), std::nullopt);
  EXPECT_DOUBLE_EQ(*summarise(outcome.behaviour, row_of(outcome, "generated"), {"", {1}}).gain,
                   1.0);
  EXPECT_DOUBLE_EQ(*summarise(outcome.behaviour, row_of(outcome, "own_tuned"), {"", {0, 1}}).gain,
                   0.5)
      << "of the first task the own adapter counts";
}

TEST_F(Evaluate, WrongPromptsAreDealtByForm) {
  EXPECT_EQ(count(run(), "wrong_form"), 0) << "no task says its form";
  set_.held_out.push_back(make("golf.c", 60, {}));
  set_.held_out[0].form = set_.held_out[1].form = "word";
  set_.held_out[2].form = "list";
  const Outcome outcome = run();
  const auto sources = [&](const std::string& id, std::size_t task) {
    return outcome.behaviour[row_of(outcome, id)].tasks[task]->sources;
  };
  EXPECT_THAT(sources("wrong_same_form", 0), ElementsAre("tennis.b", "tennis.b"));
  EXPECT_THAT(sources("wrong_form", 1), ElementsAre("golf.c", "golf.c"));
  EXPECT_EQ(share(outcome, "wrong_same_form", 2), std::nullopt) << "no other lists";
  EXPECT_EQ(share(outcome, "wrong_form", 2), 0.0);
  EXPECT_NEAR(*weight(outcome, "change:wrong_same_form", 0), 10.0 / std::sqrt(1601.0), 1e-6);
  EXPECT_EQ(count(outcome, "other:domain"), 1) << "beside the other controls";
}

TEST_F(Evaluate, KeepsEveryAnswer) {
  settings_.questions = 2;
  const Outcome outcome = run();
  const BehaviourRow& generated = outcome.behaviour[row_of(outcome, "generated")];
  EXPECT_THAT(generated.tasks[0]->answers,
              ElementsAre(ElementsAre(" 40 \n", " 40 \n"), ElementsAre(" 40 \n", " 40 \n")));
  EXPECT_TRUE(outcome.behaviour[row_of(outcome, "generated") + 1].tasks[0]->answers.empty())
      << "the worst draw's are the row's before it";
  ASSERT_EQ(outcome.tasks[1].questions.size(), 2U);
  EXPECT_EQ(outcome.tasks[1].questions[1].prompt, "tennis.b question 1");
  EXPECT_EQ(outcome.tasks[1].questions[1].answer, "50");
}

TEST_F(Evaluate, NeedsNoTrainingTasks) {
  set_.train.clear();
  const Outcome outcome = run();
  EXPECT_THAT(ids(outcome), ElementsAre("base", "generated", "generated", "other_in_all",
                                        "random_text", "own_adapter"));
  EXPECT_EQ(outcome.best_single, "");
  EXPECT_EQ(share(outcome, "generated", 1), 1.0);
}

TEST_F(Evaluate, TwoTrainingTasksAreTooFewForRidge) {
  set_.train.pop_back();
  const auto rows = ids(run());
  EXPECT_EQ(std::count(rows.begin(), rows.end(), "ridge"), 0);
}

TEST(Flatten, ComesBack) {
  const Weights adapter = adapter_of(7);
  EXPECT_THAT(flat_values(*adapter), ElementsAre(1, 0, 0, 7, 1));
  EXPECT_EQ(unflatten({1, 2, 3, 4, 5}, *adapter)->pairs[0].b, (std::vector<float>{4, 5}));
  EXPECT_DND_ERROR(unflatten({1, 2, 3}, *adapter), ErrorKind::internal, "fill");
}

}  // namespace
}  // namespace dnd::eval
