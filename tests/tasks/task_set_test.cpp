#include "tasks/task_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/lora_files.h"
#include "support/temp_dir.h"

namespace dnd::tasks {
namespace {

namespace fs = std::filesystem;
using testing::TempDir;
using testing::write_text;

// A folder with one set of every file that a task names.
class TaskSetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write_text(dir_ / "p.jsonl", "{\"prompt\": \"one?\"}\n{\"prompt\": \"two?\"}\n");
    write_text(dir_ / "q.jsonl", "{\"prompt\": \"1 + 1?\", \"answer\": \" 2 \"}\n\n");
    for (const char* step : {"010", "009"}) {
      fs::create_directories(dir_ / "a" / step);
      write_text(dir_ / "a" / step / "adapter_config.json", "{}");
    }
    fs::create_directories(dir_ / "a" / "notes");
  }

  TaskSet read(const std::string& lists) {
    write_text(dir_ / "tasks.json", R"({"format": "dnd-tasks", "version": 1, )" + lists + "}");
    return read_task_set(dir_ / "tasks.json");
  }

  TempDir dir_;
};

TEST_F(TaskSetTest, ReadsEverythingATaskNames) {
  const TaskSet set = read(R"(
    "train": [{"name": "sums", "prompts": "p.jsonl", "adapters": "a"}],
    "held_out": [{"name": "golf", "prompts": "p.jsonl", "test": "q.jsonl", "group": "subject",
                  "attributes": {"domain": "golf"},
                  "paraphrase": {"prompts": "p.jsonl", "test": "q.jsonl"}}])");
  ASSERT_EQ(set.train.size(), 1U);
  EXPECT_THAT(set.train[0].prompts, ::testing::ElementsAre("one?", "two?"));
  EXPECT_THAT(set.train[0].adapters,
              ::testing::ElementsAre(dir_ / "a" / "009", dir_ / "a" / "010"));
  const Task& golf = set.held_out.at(0);
  EXPECT_EQ(golf.group, "subject");
  EXPECT_EQ(golf.attributes.at("domain"), "golf");
  ASSERT_EQ(golf.test.size(), 1U);
  EXPECT_EQ(golf.test[0].answer, "2");
  EXPECT_EQ(golf.paraphrase.value().test.size(), 1U);
  EXPECT_TRUE(golf.adapters.empty());
}

// As the released code keeps its checkpoints.
TEST_F(TaskSetTest, TakesMatricesAloneWhereThereAreNoFolders) {
  fs::create_directories(dir_ / "steps" / "notes");
  for (const char* name : {"999.safetensors", "998.safetensors", "log.txt"}) {
    write_text(dir_ / "steps" / name, "");
  }
  const TaskSet set =
      read(R"("train": [{"name": "s", "prompts": "p.jsonl", "adapters": "steps"}])");
  EXPECT_THAT(set.train[0].adapters, ::testing::ElementsAre(dir_ / "steps" / "998.safetensors",
                                                            dir_ / "steps" / "999.safetensors"));
  fs::create_directories(dir_ / "steps" / "1000");
  write_text(dir_ / "steps" / "1000" / "adapter_config.json", "{}");
  EXPECT_THAT(read(R"("train": [{"name": "s", "prompts": "p.jsonl", "adapters": "steps"}])")
                  .train[0]
                  .adapters,
              ::testing::ElementsAre(dir_ / "steps" / "1000"));
}

TEST_F(TaskSetTest, RefusesRepeatedNames) {
  const std::string task = R"({"name": "sums", "prompts": "p.jsonl", "adapters": "a"})";
  EXPECT_DND_ERROR(read("\"train\": [" + task + "], \"held_out\": [" + task + "]"), ErrorKind::data,
                   "task 'sums' is named twice");
}

TEST_F(TaskSetTest, RefusesTrainingTasksWithoutAdapters) {
  EXPECT_DND_ERROR(read(R"("train": [{"name": "sums", "prompts": "p.jsonl"}])"), ErrorKind::data,
                   "train[0]");
  EXPECT_DND_ERROR(read(R"("train": [{"name": "s", "prompts": "p.jsonl", "adapters": "a/notes"}])"),
                   ErrorKind::no_input,
                   "no folder with an adapter_config.json and no .safetensors file");
  EXPECT_DND_ERROR(read(R"("train": [{"name": "s", "prompts": "p.jsonl", "adapters": "b"}])"),
                   ErrorKind::no_input, "is not a folder");
}

TEST_F(TaskSetTest, RefusesPathsThatNoFileCanHave) {
  const auto prompts = [](const std::string& path) {
    return R"("held_out": [{"name": "s", "prompts": ")" + path + "\"}]";
  };
  EXPECT_DND_ERROR(read(prompts("")), ErrorKind::data,
                   "held_out[0]: 'prompts': the path '' is empty");
  for (const char* path : {"a\\u001b[31m", "p.jsonl\\u0000x", "a\\u009b"}) {
    EXPECT_DND_ERROR(read(prompts(path)), ErrorKind::data, "has a control character");
  }
  EXPECT_DND_ERROR(read(prompts("x/" + std::string(256, 'n'))), ErrorKind::data, "is too long");
  std::string deep;
  for (int i = 0; i < 513; ++i) deep += "./";
  EXPECT_DND_ERROR(read(prompts(deep)), ErrorKind::data, "is too long");
  EXPECT_EQ(read(prompts("./p.jsonl")).held_out[0].prompts.size(), 2U);
}

TEST_F(TaskSetTest, RefusesEmptyPromptsAndPromptsOfSeveralTasks) {
  const std::string lists = R"("held_out": [{"name": "sums", "prompts": "p.jsonl"}])";
  write_text(dir_ / "p.jsonl", "{\"prompt\": \"one?\"}\n{\"prompt\": \"  \"}\n");
  EXPECT_DND_ERROR(read(lists), ErrorKind::data, "1 prompts are empty");
  write_text(dir_ / "p.jsonl", "{\"prompt\": \"one?\", \"task\": \"a\"}\n");
  EXPECT_DND_ERROR(read(lists), ErrorKind::data, "records name a task");
}

TEST_F(TaskSetTest, RefusesUnknownKeysAndBadNames) {
  EXPECT_DND_ERROR(read(R"("held_out": [{"name": "a", "prompts": "p.jsonl", "prompt": 1}])"),
                   ErrorKind::data, "prompt");
  EXPECT_DND_ERROR(read(R"("held_out": [{"name": "../a", "prompts": "p.jsonl"}])"), ErrorKind::data,
                   "../a");
  EXPECT_DND_ERROR(read(R"("heldout": [])"), ErrorKind::data, "heldout");
  EXPECT_DND_ERROR(read(R"("held_out": [])"), ErrorKind::data, "no tasks");
}

TEST_F(TaskSetTest, OtherListsAreParts) {
  write_text(dir_ / "tasks.json", R"({"format": "dnd-tasks", "version": 1, "train": [],
    "siblings": [{"name": "a", "prompts": "p.jsonl", "answers": "q.jsonl", "kind": "sum", "form": "number",
                  "related": ["x"], "source": "s", "licence": "l", "context": "c.txt"}], "new": []})");
  const TaskPart part = read_task_part(dir_ / "tasks.json", "siblings");
  ASSERT_EQ(part.tasks.size(), 1U);
  EXPECT_EQ(part.tasks[0].answers[0].answer, "2");
  EXPECT_EQ(part.tasks[0].context, dir_ / "c.txt");
  EXPECT_EQ(part.tasks[0].form, "number");
  EXPECT_DND_ERROR(read_task_part(dir_ / "tasks.json", "new"), ErrorKind::data,
                   "no tasks in the part 'new' (--part; it has: train, siblings, new)");
  EXPECT_DND_ERROR(read(R"("trian": [], "held_out": [])"), ErrorKind::data,
                   "unknown key 'trian' (did you mean 'train'?)");
}

TEST_F(TaskSetTest, APartIsJudgedBesideTheTrainingTasks) {
  const fs::path path = dir_ / "tasks.json";
  const auto write = [&](const std::string& lists) {
    write_text(path, R"({"format": "dnd-tasks", "version": 1, )" + lists + "}");
  };
  write(
      R"("train": [{"name": "a", "prompts": "p.jsonl"}], "new": [{"name": "b", "prompts": "p.jsonl"}],
           "heldout": [{"name": "c", "prompts": "p.jsonl"}])");
  const TaskSet set = read_judged_set(path, "heldout");  // asked for, so no slip
  ASSERT_EQ(set.train.size(), 1U);
  EXPECT_TRUE(set.train[0].adapters.empty());
  ASSERT_EQ(set.held_out.size(), 1U);
  EXPECT_EQ(set.held_out[0].name, "c");
  EXPECT_EQ(set.sources.size(), 2U) << "of other parts nothing is read";
  EXPECT_DND_ERROR(read_judged_set(path, "new"), ErrorKind::data, "did you mean 'held_out'");
  write(R"("train": [{"name": "a", "prompts": "p.jsonl"}])");
  EXPECT_EQ(read_judged_set(path, "train").held_out[0].name, "a");
  EXPECT_DND_ERROR(read_judged_set(path, "held_out"), ErrorKind::data,
                   "no tasks in the part 'held_out' (--part; it has: train)");
  write(R"("new": [{"name": "a", "prompts": "p.jsonl"}])");
  EXPECT_TRUE(read_judged_set(path, "new").train.empty());
  write(
      R"("train": [{"name": "a", "prompts": "p.jsonl"}], "new": [{"name": "a", "prompts": "p.jsonl"}])");
  EXPECT_DND_ERROR(read_judged_set(path, "new"), ErrorKind::data, "'a' is named twice");
}

TEST_F(TaskSetTest, ReadsScorersAndChoices) {
  write_text(dir_ / "c.jsonl", R"({"prompt": "2?", "answer": " b ", "choices": ["a", "b"]})");
  const TaskSet set = read(R"("held_out": [
    {"name": "a", "prompts": "p.jsonl"},
    {"name": "b", "prompts": "p.jsonl", "test": "c.jsonl", "scorer": "choice"},
    {"name": "c", "prompts": "p.jsonl", "scorer": {"name": "number", "tolerance": 0.5}}])");
  EXPECT_FALSE(set.held_out[0].scorer.has_value());
  EXPECT_EQ(set.held_out[1].scorer.value().kind, ScorerKind::choice);
  EXPECT_THAT(set.held_out[1].test[0].choices, ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(set.held_out[2].scorer.value().tolerance, 0.5);
}

TEST_F(TaskSetTest, RefusesScorersAndChoicesThatMakeNoSense) {
  const std::string task = R"({"name": "a", "prompts": "p.jsonl", "test": "q.jsonl", )";
  const std::string unknown = "\"held_out\": [" + task + "\"scorer\": \"bleu\"}]";
  EXPECT_DND_ERROR(read(unknown), ErrorKind::data, "held_out[0]: scorer: unknown scorer 'bleu'");
  const std::string choice = "\"held_out\": [" + task + "\"scorer\": \"choice\"}]";
  EXPECT_DND_ERROR(read(choice), ErrorKind::data, "has no 'choices'");
  for (const char* choices : {"[\"2\"]", "[\"2\", \" 2 \"]", "[\"2\", \"\"]", "[\"2\", 3]"}) {
    write_text(dir_ / "q.jsonl",
               std::string(R"({"prompt": "1?", "answer": "2", "choices": )") + choices + "}");
    EXPECT_DND_ERROR(read_questions(dir_ / "q.jsonl"), ErrorKind::data, "two or more different");
  }
  write_text(dir_ / "q.jsonl", R"({"prompt": "1?", "answer": "2", "choices": ["3", "4"]})");
  EXPECT_DND_ERROR(read_questions(dir_ / "q.jsonl"), ErrorKind::data, "none of the 'choices'");
}

TEST_F(TaskSetTest, ReadsHowATaskIsAsked) {
  const TaskSet set = read(R"("held_out": [
    {"name": "a", "prompts": "p.jsonl"},
    {"name": "b", "prompts": "p.jsonl", "system": " Be brief.", "stop": "\n\n"},
    {"name": "c", "prompts": "p.jsonl", "system": "", "stop": ["Q:", " "]},
    {"name": "d", "prompts": "p.jsonl", "stop": []}])");
  EXPECT_EQ(set.held_out[0].system, std::nullopt);
  EXPECT_EQ(set.held_out[0].stop, std::nullopt);
  EXPECT_EQ(set.held_out[1].system, " Be brief.");
  EXPECT_THAT(set.held_out[1].stop.value(), ::testing::ElementsAre("\n\n"));
  EXPECT_EQ(set.held_out[2].system, "");
  EXPECT_THAT(set.held_out[2].stop.value(), ::testing::ElementsAre("Q:", " "));
  EXPECT_THAT(set.held_out[3].stop.value(), ::testing::IsEmpty());
}

TEST_F(TaskSetTest, RefusesSystemTextsAndStopsThatAreNone) {
  const auto refused = [&](const std::string& field, const std::string& words) {
    EXPECT_DND_ERROR(read(R"("held_out": [{"name": "a", "prompts": "p.jsonl", )" + field + "}]"),
                     ErrorKind::data, "tasks.json: held_out[0]" + words);
  };
  refused(R"("system": 3)", ": 'system'");
  refused(R"("stop": 3)", ": stop: expected a text or a list of texts, got number");
  refused(R"("stop": "")", ": stop: expected a text that is not empty");
  refused(R"("stop": ["\n", ""])", ": stop[1]: expected a text that is not empty");
  refused(R"("stop": ["\n", "x", null])", ": stop[2]: expected a text that is not empty");
}

TEST_F(TaskSetTest, RefusesQuestionsWithoutAnAnswer) {
  write_text(dir_ / "q.jsonl", "{\"prompt\": \"1 + 1?\", \"answer\": \" \"}\n");
  EXPECT_DND_ERROR(read_questions(dir_ / "q.jsonl"), ErrorKind::data, "line 1");
  write_text(dir_ / "q.jsonl", "\n");
  EXPECT_DND_ERROR(read_questions(dir_ / "q.jsonl"), ErrorKind::data, "no questions");
}

}  // namespace
}  // namespace dnd::tasks
