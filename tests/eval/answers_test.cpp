#include "eval/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "chat/base_chat.h"
#include "eval/fake_model.h"
#include "support/expect_error.h"

namespace dnd::eval {
namespace {

using testing::adapter_of;
using ::testing::ElementsAre;
using testing::FakeModel;

const std::vector<tasks::Question> kQuestions = {{"a", "3"}, {"b", "4"}, {"c", "3"}, {"a", "3"}};

TEST(Trimmed, CutsBothEnds) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Answers, AreThoseOfTheAdapterInUse) {
  FakeModel model;
  Answers answers(model, {});
  EXPECT_THAT(answers.ask(nullptr, kQuestions), ElementsAre("base", "base", "base", "base"));
  EXPECT_DOUBLE_EQ(answers.accuracy(adapter_of(3), kQuestions), 0.75);
  EXPECT_DOUBLE_EQ(answers.accuracy(adapter_of(4), kQuestions), 0.25);
  EXPECT_DOUBLE_EQ(answers.accuracy(nullptr, kQuestions), 0.0);
}

TEST(Answers, AskEachQuestionOnce) {
  FakeModel model;
  Answers answers(model, {});
  answers.ask(adapter_of(3), kQuestions);
  EXPECT_EQ(model.asked, 3U);              // "a" comes twice
  answers.ask(adapter_of(3), kQuestions);  // another object of the same values
  answers.ask(adapter_of(3), {kQuestions[1]});
  EXPECT_EQ(model.asked, 3U);
  EXPECT_EQ(model.adapters, 1U);
  answers.ask(adapter_of(3), {{"d", ""}, {"a", ""}});
  EXPECT_EQ(model.asked, 4U);
  answers.ask(adapter_of(5), kQuestions);
  EXPECT_EQ(model.asked, 7U);
}

TEST(Answers, KeepOrderOverManyBatches) {
  FakeModel model;
  Answers answers(model, {});
  std::vector<tasks::Question> many;
  for (int i = 0; i < 300; ++i) many.push_back({cat("q", i), i < 75 ? "3" : "4"});
  EXPECT_DOUBLE_EQ(answers.accuracy(adapter_of(3), many), 0.25);
  EXPECT_EQ(model.asked, 300U);
}

TEST(Answers, AreWorthWhatTheScorerSays) {
  FakeModel model;
  Answers answers(model, {});
  const std::vector<tasks::Question> questions = {{"a", "3.0"}, {"b", "x"}};
  EXPECT_DOUBLE_EQ(answers.accuracy(adapter_of(3), questions), 0.0);
  EXPECT_DOUBLE_EQ(answers.accuracy(adapter_of(3), questions, {{tasks::ScorerKind::number}}), 0.5);
  EXPECT_EQ(model.asked, 2U) << "an answer is judged again, not asked again";
}

TEST(Answers, AreChosenByTheModel) {
  FakeModel model;
  Answers answers(model, {});
  const std::vector<tasks::Question> questions = {{"a", "yes", {"yes", "not at all"}},
                                                  {"b ", "no", {"no", "maybe"}}};
  tasks::Scorer scorer{tasks::ScorerKind::choice};
  EXPECT_THAT(answers.ask(nullptr, questions, {scorer}), ElementsAre("yes", "no"));
  EXPECT_THAT(model.scored, ElementsAre("a| yes", "a| not at all", "b |no", "b |maybe"));
  answers.ask(nullptr, questions, {scorer});
  EXPECT_EQ(model.scored.size(), 4U) << "each once";
  EXPECT_DOUBLE_EQ(answers.accuracy(nullptr, questions, {scorer}), 1.0);
  scorer.normalized = true;
  EXPECT_THAT(answers.ask(nullptr, questions, {scorer}), ElementsAre("not at all", "maybe"));
  EXPECT_DND_ERROR(answers.ask(nullptr, {{"c", "d"}}, {scorer}), ErrorKind::data,
                   "has no 'choices'");
}

// What was asked in another way is asked again, and only then.
TEST(Answers, EndWhereTheTaskSays) {
  FakeModel model;
  Answers answers(model, {});
  answers.ask(nullptr, kQuestions, {.stop = {{"\n\n", "Q:"}}});
  answers.ask(nullptr, kQuestions);
  answers.ask(nullptr, kQuestions, {.stop = {std::vector<std::string>()}});
  EXPECT_THAT(model.stops,
              ElementsAre(ElementsAre("\n\n", "Q:"), ElementsAre("\n"), ElementsAre()));
  EXPECT_EQ(model.asked, 9U);
  answers.ask(nullptr, kQuestions, {.stop = {{"\n\n", "Q:"}}});
  EXPECT_EQ(model.asked, 9U);
}

TEST(Answers, AreAskedByTheBareInput) {
  FakeModel model;
  Answers answers(model, {});
  tasks::Question question{"do it: a", "3"};
  question.bare = "a";
  question.where = "q.jsonl: line 1";
  answers.ask(nullptr, {question}, {.ask = tasks::Ask::bare});
  EXPECT_THAT(model.last_prompts, ElementsAre("a"));
  answers.ask(nullptr, {question});
  EXPECT_THAT(model.last_prompts, ElementsAre("do it: a"));
  question.bare = "";
  EXPECT_DND_ERROR(answers.ask(nullptr, {question}, {.ask = tasks::Ask::bare}), ErrorKind::data,
                   "q.jsonl: line 1: has no 'bare' (its input");
}

TEST(Answers, BehindOtherExamplesAreOthers) {
  FakeModel model;
  Answers answers(model, {});
  std::vector<tasks::Question> pool = {{"x", "1"}, {"y", "2"}};
  const Asking how{.examples = 1, .pool = &pool};
  answers.ask(nullptr, kQuestions, how);
  answers.ask(nullptr, kQuestions, how);
  EXPECT_EQ(model.asked, 3U);
  pool[0].answer = "3";
  answers.ask(nullptr, kQuestions, how);
  EXPECT_EQ(model.asked, 6U);
  EXPECT_EQ(model.last_prompts.at(0), "x 3\n\na");
}

TEST(Answers, HaveFewerExamplesWhereTheBaseTakesNoMore) {
  FakeModel model;
  model.longest = 20;
  Answers answers(model, {.max_tokens = 8});
  const std::vector<tasks::Question> pool = {{"x", "1"}, {"yyyy", "2"}};
  answers.ask(nullptr, {{"a", ""}, {"long question", ""}}, {.examples = 2, .pool = &pool});
  EXPECT_THAT(model.last_prompts, ElementsAre("x 1\n\na", "long question"));
}

// A base whose template says what it is given.
class AskedByATemplate : public ::testing::Test {
 protected:
  chat::BaseChat chat(const std::string& mode, std::optional<std::string> system = {}) const {
    tokenizer::FolderTokenizer base;
    base.chat_templates = {
        {"default", "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"}};
    return {base, "base", {mode, std::move(system)}};
  }

  std::string asked(const chat::BaseChat& chat, const Asking& how) {
    Answers answers(model_, {}, &chat);
    answers.ask(nullptr, {{"a", "3"}}, how);
    return model_.last_prompts.at(0);
  }

  FakeModel model_;
};

TEST_F(AskedByATemplate, ATasksSystemTextGoesBeforeTheCallers) {
  EXPECT_EQ(asked(chat("auto"), {}), "[user]a");
  EXPECT_EQ(asked(chat("auto"), {.system = "task's"}), "[system]task's[user]a");
  EXPECT_EQ(asked(chat("auto", "call's"), {}), "[system]call's[user]a");
  EXPECT_EQ(asked(chat("auto", "call's"), {.system = "task's"}), "[system]task's[user]a");
  EXPECT_EQ(asked(chat("auto", "call's"), {.system = ""}), "[system][user]a");
}

TEST_F(AskedByATemplate, ExamplesAreTurns) {
  std::vector<tasks::Question> pool = {{"x", "1"}, {"do it: a", "2"}, {"y", "3"}};
  pool[1].bare = "a";
  EXPECT_EQ(asked(chat("auto"), {.examples = 2, .pool = &pool}),
            "[user]x[assistant]1[user]do it: a[assistant]2[user]a");
  pool[0].bare = "x!";
  pool[2].bare = "y!";
  Answers answers(model_, {});
  const Asking bare{.ask = tasks::Ask::bare, .examples = 1, .pool = &pool};
  answers.ask(nullptr, {{"do it: b", "", {}, "b"}}, bare);
  EXPECT_EQ(model_.last_prompts.at(0), "x! 1\n\nb");
  const std::string with_system =
      asked(chat("auto"), {.system = "s", .examples = 1, .pool = &pool});
  EXPECT_EQ(with_system, "[system]s[user]x[assistant]1[user]a");
  EXPECT_EQ(asked(chat("none"), {.examples = 1, .pool = &pool}), "x 1\n\na");
}

TEST_F(AskedByATemplate, TheSameQuestionUnderAnotherSystemTextIsAnother) {
  const chat::BaseChat own = chat("auto");
  Answers answers(model_, {}, &own);
  answers.ask(nullptr, {{"a", "3"}}, {.system = "x"});
  answers.ask(nullptr, {{"a", "3"}}, {.system = "y"});
  answers.ask(nullptr, {{"a", "3"}}, {.system = "x"});
  EXPECT_EQ(model_.asked, 2U);
}

TEST_F(AskedByATemplate, ASystemTextWithoutATemplateIsRefused) {
  EXPECT_DND_ERROR(asked(chat("none"), {.system = "x"}), ErrorKind::usage,
                   "--chat none has no place for it");
  Answers plain(model_, {});
  EXPECT_DND_ERROR(plain.ask(nullptr, kQuestions, {.system = "x"}), ErrorKind::usage,
                   "needs a chat template");
  EXPECT_EQ(model_.asked, 0U);
}

}  // namespace
}  // namespace dnd::eval
