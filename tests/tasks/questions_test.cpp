#include "tasks/questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::tasks {
namespace {

using ::testing::ElementsAre;

class Questions : public ::testing::Test {
 protected:
  std::vector<Question> read(const std::string& name, const std::string& content) {
    testing::write_text(dir_ / name, content);
    return read_questions(dir_ / name);
  }

  Question one(const std::string& row) { return read("q.jsonl", row + "\n").at(0); }

  void refused(const std::string& row, const std::string& words) {
    EXPECT_DND_ERROR(one(row), ErrorKind::data, words);
    EXPECT_DND_ERROR(one(row), ErrorKind::data, "q.jsonl: line 1");
  }

  testing::TempDir dir_;
};

TEST_F(Questions, ReadsRowsWithAllTheirKeys) {
  const Question question =
      one(R"({"prompt": "Capital of: France", "answer": " Paris ", "bare": "France", )"
          R"("wording": "w", "layout": 2})");
  EXPECT_EQ(question.prompt, "Capital of: France");
  EXPECT_EQ(question.answer, "Paris");
  EXPECT_EQ(question.bare, "France");
  EXPECT_TRUE(question.before.empty());
  EXPECT_THAT(question.where, ::testing::EndsWith("q.jsonl: line 1"));
}

TEST_F(Questions, AreAskedByOneOfTheirTexts) {
  const Question question = one(R"({"prompt": "Say a", "answer": "b", "bare": "a"})");
  EXPECT_EQ(asked(question, Ask::prompt), "Say a");
  EXPECT_EQ(asked(question, Ask::bare), "a");
  EXPECT_DND_ERROR(asked(one(R"({"prompt": "Say a", "answer": "b"})"), Ask::bare), ErrorKind::data,
                   "q.jsonl: line 1: has no 'bare' (its input");
}

TEST(AskTheSame, InEqualOrInOtherWords) {
  const Question question{"Say a", "a", {}, "a"};
  EXPECT_TRUE(ask_the_same(question, {"Say a", "another answer"}));
  EXPECT_TRUE(ask_the_same(question, {"Repeat: a", "a", {}, "a"}));
  EXPECT_FALSE(ask_the_same(question, {"Say b", "a", {}, "b"}));
  EXPECT_FALSE(ask_the_same({"Say a", "a"}, {"Say b", "a"})) << "no bare input is not an equal one";
  EXPECT_FALSE(ask_the_same(question, {"Say a", "a", {}, "a", {{"user", "hello"}}}));
}

TEST_F(Questions, ReadsTables) {
  const auto rows = read("t.csv", "Question;Answer\n\"one; two\";3\nfour;\"5\n6\"\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].prompt, "one; two");
  EXPECT_EQ(rows[0].answer, "3");
  EXPECT_EQ(rows[1].answer, "5\n6");
}

TEST_F(Questions, ReadsOtherNames) {
  const Question alpaca = one(R"({"instruction": "Add.", "input": "1 + 1", "output": 2})");
  EXPECT_EQ(alpaca.prompt, "Add.\n1 + 1");
  EXPECT_EQ(alpaca.answer, "2");
  EXPECT_EQ(one(R"({"prompt": "a", "completion": "b"})").answer, "b");
  EXPECT_EQ(one(R"({"prompt": "2 + 2", "answer": 4, "id": 7})").answer, "4");
  EXPECT_EQ(one(R"({"question": "a", "answer": "b", "label": "c"})").answer, "b");
}

TEST_F(Questions, ReadsConversations) {
  const Question question =
      one(R"({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, )"
          R"({"role": "assistant", "content": "no"}, {"role": "user", "content": "really?"}, )"
          R"({"role": "assistant", "content": "yes"}]})");
  EXPECT_EQ(question.prompt, "really?");
  EXPECT_EQ(question.answer, "yes");
  EXPECT_THAT(question.before,
              ElementsAre(Turn{"system", "s"}, Turn{"user", "q"}, Turn{"assistant", "no"}));
}

TEST_F(Questions, RefusesRowsWithoutOneQuestionAndOneAnswer) {
  refused(R"({"prompt": "a"})", "answer");
  refused(R"({"prompt": "a", "answer": "  "})", "must not be empty");
  refused(R"({"prompt": " ", "answer": "b"})", "must not be empty");
  refused(R"({"question": "a", "id": 3})",
          "no answer (expected 'prompt' and 'answer', or 'messages'; it has 'question', 'id')");
  refused(R"({"question": "a", "label": "b", "output": "c"})",
          "'label', 'output' may each be the answer");
  refused(R"({"output": "c", "id": 3})", "no question");
  refused(R"({"prompt": "a", "answer": "b", "choises": []})", "did you mean 'choices'?");
  refused(R"("a text")", "expected an object");
  refused(R"({"messages": [{"role": "user", "content": "q"}]})",
          "the assistant's answer at the end");
  refused(
      R"({"messages": [{"role": "system", "content": "q"}, {"role": "assistant", "content": "a"}]})",
      "expected the user's question");
}

}  // namespace
}  // namespace dnd::tasks
