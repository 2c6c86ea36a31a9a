#include "text/prompts.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::text {
namespace {

using Texts = std::vector<std::string>;

class Prompts : public ::testing::Test {
 protected:
  PromptSet read_set(std::string_view name, std::string_view content,
                     const std::string& field = "") {
    return read_prompts({dir_.file(name, content)}, {field});
  }
  // The prompts of an input without tasks.
  Texts read(std::string_view name, std::string_view content, const std::string& field = "") {
    const PromptSet set = read_set(name, content, field);
    EXPECT_EQ(set.tasks.size(), 1U);
    EXPECT_EQ(set.tasks.at(0).name, "");
    return set.tasks.at(0).prompts;
  }

  testing::TempDir dir_;
};

TEST_F(Prompts, EveryContainer) {
  const Texts expected = {"one", "two"};
  EXPECT_EQ(read("a.txt", "one\ntwo\n"), expected);
  EXPECT_EQ(read("a.jsonl", "{\"prompt\":\"one\"}\n{\"text\":\"two\"}\n"), expected);
  EXPECT_EQ(read("a.ndjson", "\"one\"\n\"two\"\n"), expected);
  EXPECT_EQ(read("a.json", R"([{"prompt":"one"}, "two"])"), expected);
  EXPECT_EQ(read("a.json", R"({"version":"1", "data":[{"prompt":"one"}, {"prompt":"two"}]})"),
            expected);
  EXPECT_EQ(read("a.json", R"({"anything":["one","two"]})"), expected);
  EXPECT_EQ(read("a.json", R"({"prompts":["one","two"],"licence":"x"})"), expected);
  EXPECT_EQ(read("a.json", R"({"prompt":"one","data":[{"prompt":"no"}]})"), Texts{"one"});
  EXPECT_EQ(read("a.csv", "id,question\n1,one\n2,two\n"), expected);
  EXPECT_EQ(read("A.CSV", "whatever\none\ntwo\n"), expected);
  EXPECT_EQ(read("a.tsv", "id\tquestion\n1\tone\n2\ttwo\n"), expected);
}

TEST_F(Prompts, JsonIsReadAsWhatItIs) {
  const Texts expected = {"one", "two"};
  EXPECT_EQ(read("a.json", "{\"prompt\":\"one\"}\n{\"prompt\":\"two\"}"), expected);
  EXPECT_EQ(read("a.jsonl", "[\n{\"prompt\":\"one\"},\n{\"prompt\":\"two\"}\n]\n"), expected);
  EXPECT_EQ(read("a.jsonl", "[\"one\",\"two\"]\n"), expected);
  EXPECT_EQ(read("a.jsonl", "{\n \"prompt\": \"one\"\n}\n"), Texts{"one"});
}

TEST_F(Prompts, OtherNamesAreSniffed) {
  const Texts expected = {"one", "two"};
  EXPECT_EQ(read("a", "one\ntwo"), expected);
  EXPECT_EQ(read("a.dat", " [\"one\",\"two\"]"), expected);
  EXPECT_EQ(read("a.log", "\n{\"prompt\":\"one\"}\n{\"prompt\":\"two\"}\n"), expected);
  EXPECT_EQ(read("a", "{\"prompt\":\n\"one\"}"), Texts{"one"});
}

TEST_F(Prompts, StandardInput) {
  const auto path = dir_.file("in", "{\"prompt\":\"one\"}\n");
  const int saved = ::dup(STDIN_FILENO);
  const int file = ::open(path.c_str(), O_RDONLY);
  ::dup2(file, STDIN_FILENO);
  const PromptSet set = read_prompts({"-"}, {});
  EXPECT_DND_ERROR(read_prompts({"-"}, {}), ErrorKind::data,
                   "prompts: standard input: holds no prompts");
  ::dup2(saved, STDIN_FILENO);
  ::close(file);
  ::close(saved);
  EXPECT_EQ(set.tasks.at(0).prompts, Texts{"one"});
}

TEST_F(Prompts, ToleratesMarksBlankLinesAndLineEnds) {
  const std::string mark = "\xEF\xBB\xBF";
  const Texts expected = {"one", "two"};
  EXPECT_EQ(read("a.txt", mark + "\r\none\r\n \r\ntwo"), expected);
  EXPECT_EQ(read("a.jsonl", mark + "\"one\"\r\n\r\n\"two\""), expected);
  EXPECT_EQ(read("a.json", mark + "[\"one\",\r\n\"two\"]\r\n\r\n"), expected);
  EXPECT_EQ(read("a.csv", mark + "question,x\r\none,1\r\n\r\ntwo,2"), expected);
  EXPECT_EQ(read("a.txt", "  one  \n"), Texts{"  one  "});
}

TEST_F(Prompts, RefusesOtherEncodings) {
  EXPECT_DND_ERROR(read("a.txt", "\xFF\xFEo\0"), ErrorKind::data, "is UTF-16; save it as UTF-8");
  EXPECT_DND_ERROR(read("a.txt", "\xFE\xFF"), ErrorKind::data, "is UTF-16");
  EXPECT_DND_ERROR(read("a.txt", std::string_view("one\nt\0o\n", 8)), ErrorKind::data,
                   "a.txt: line 2: holds a NUL byte");
  EXPECT_DND_ERROR(read("a.csv", "q\none\n\xE9t\xE9\n"), ErrorKind::data,
                   "a.csv: line 3: is not UTF-8");
  EXPECT_DND_ERROR(read("a.jsonl", "\"\xED\xA0\x80\"\n"), ErrorKind::data, "line 1: is not UTF-8");
}

TEST_F(Prompts, MalformedJsonNamesThePlace) {
  EXPECT_DND_ERROR(read("a.jsonl", "\"one\"\n\n{\"prompt\":\n"), ErrorKind::data,
                   "a.jsonl: line 3: not valid JSON");
  EXPECT_DND_ERROR(read("a.jsonl", "{\"prompt\"\n\"two\"\n"), ErrorKind::data,
                   "a.jsonl: line 1: not valid JSON");
  EXPECT_DND_ERROR(read("a.jsonl", "{\"prompt\":\"a\",\"prompt\":\"b\"}\n\"x\""), ErrorKind::data,
                   "a.jsonl: line 1: duplicate key 'prompt'");
  EXPECT_DND_ERROR(read("a.json", "[\"one\","), ErrorKind::data, "a.json: not valid JSON");
  EXPECT_DND_ERROR(read("a.json", "[\"one\", 2]"), ErrorKind::data,
                   "a.json: record 2: expected a record (an object), got number");
  EXPECT_DND_ERROR(read("a.json", "7"), ErrorKind::data, "a.json: record 1: expected a record");
  EXPECT_DND_ERROR(read("a.json", std::string(200, '[') + std::string(200, ']')), ErrorKind::data,
                   "nested deeper");
}

TEST_F(Prompts, ObjectsAroundLists) {
  EXPECT_DND_ERROR(read("a.json", R"({"train":[{"prompt":"a"}],"test":[{"prompt":"b"}]})"),
                   ErrorKind::data, "holds several lists (the second is 'test')");
  EXPECT_DND_ERROR(read("a.json", R"({"title":"x","tags":["a","b"]})"), ErrorKind::data,
                   "record 1: no prompt found in this record; it has 'title', 'tags'");
  EXPECT_DND_ERROR(read("a.json", R"({"data":[{"x":1}]})"), ErrorKind::data,
                   "a.json: record 1: no prompt found in this record; it has 'x'");
  EXPECT_EQ(read("a.json", R"({"data":[{"prompt":"p","x":"q"}]})", "x"), Texts{"q"});
}

TEST_F(Prompts, CsvColumns) {
  EXPECT_EQ(read("a.csv", "instruction,input,output\nq,i,a\nr,,a\n"), (Texts{"q\ni", "r"}));
  EXPECT_EQ(read("a.csv", "Stem,x\nq,1\n", "Stem"), Texts{"q"});
  EXPECT_EQ(read("a.csv", " prompt , x\nq,1\n"), Texts{"q"});
  EXPECT_EQ(read("a.csv", "prompt,x\n\"two\nlines\",\"a \"\"b\"\"\"\n"), Texts{"two\nlines"});
  EXPECT_DND_ERROR(read("a.csv", "stem,x\nq,1\n"), ErrorKind::data,
                   "a.csv: line 2: no prompt found in this record; it has 'stem', 'x'");
  EXPECT_DND_ERROR(read("a.csv", "answer\nq\n"), ErrorKind::data, "no prompt found");
  EXPECT_DND_ERROR(read("a.csv", "prompt,x\nhello, world,1\n"), ErrorKind::data,
                   "a.csv: line 2: 3 fields, the header has 2");
  EXPECT_DND_ERROR(read("a.csv", "x,x\n1,2\n"), ErrorKind::data,
                   "a.csv: line 1: two columns are called 'x'");
  EXPECT_DND_ERROR(read("a.csv", "prompt\n"), ErrorKind::data, "holds no prompts");
}

TEST_F(Prompts, TasksInOrderOfAppearance) {
  const PromptSet set = read_set("a.jsonl",
                                 "{\"prompt\":\"1\",\"task\":\"b\"}\n"
                                 "{\"prompt\":\"2\",\"task\":\"a\"}\n"
                                 "{\"prompt\":\"3\",\"task\":\"b\"}\n");
  ASSERT_EQ(set.tasks.size(), 2U);
  EXPECT_EQ(set.tasks[0].name, "b");
  EXPECT_EQ(set.tasks[0].prompts, (Texts{"1", "3"}));
  EXPECT_EQ(set.tasks[1].name, "a");
  EXPECT_EQ(set.tasks[1].prompts, Texts{"2"});
  const PromptSet rows = read_set("a.csv", "task,stem\nt,q\n");
  EXPECT_EQ(rows.tasks.at(0).name, "t");
  EXPECT_EQ(rows.tasks.at(0).prompts, Texts{"q"});
}

TEST_F(Prompts, FilesAreOneInput) {
  const auto a = dir_.file("a.txt", "one\n");
  const auto b = dir_.file("b.jsonl", "\"two\"\n");
  EXPECT_EQ(read_prompts({a, b}, {}).tasks.at(0).prompts, (Texts{"one", "two"}));
  const auto c = dir_.file("c.jsonl", "\n{\"prompt\":\"q\",\"task\":\"t\"}\n");
  EXPECT_DND_ERROR(read_prompts({a, c}, {}), ErrorKind::data, "c.jsonl: line 2: has a 'task', but");
  EXPECT_DND_ERROR(read_prompts({c, a}, {}), ErrorKind::data, "a.txt: line 1: has no 'task', but");
}

TEST_F(Prompts, EmptyPromptsAreLeftOutAndCounted) {
  const PromptSet set = read_set("a.json", "[\"\", \" \\n\\t\", \"\\u00a0\\u3000\", \"one\"]");
  EXPECT_EQ(set.skipped_empty, 3U);
  EXPECT_EQ(set.tasks.at(0).prompts, Texts{"one"});
  const PromptSet none = read_set("a.json", R"([{"prompt":"","task":"t"}])");
  EXPECT_EQ(none.skipped_empty, 1U);
  EXPECT_EQ(none.tasks.at(0).name, "t");
  EXPECT_TRUE(none.tasks.at(0).prompts.empty());
}

TEST_F(Prompts, FilesWithoutRecords) {
  for (const char* name : {"a.txt", "a.json", "a.jsonl", "a.csv", "a"}) {
    EXPECT_DND_ERROR(read(name, " \n\n"), ErrorKind::data, "holds no prompts");
    EXPECT_DND_ERROR(read(name, ""), ErrorKind::data, "holds no prompts");
  }
  EXPECT_DND_ERROR(read("a.json", "[]"), ErrorKind::data, "holds no prompts");
  EXPECT_DND_ERROR(read_prompts({dir_ / "missing.txt"}, {}), ErrorKind::no_input, "missing.txt");
}

TEST_F(Prompts, BadTaskNamesNameTheLine) {
  EXPECT_DND_ERROR(read("a.jsonl", "{\"prompt\":\"q\",\"task\":\"../x\"}\n"), ErrorKind::data,
                   "a.jsonl: line 1: the task name '../x' has a path separator");
}

TEST(TaskName, Accepted) {
  for (const char* name : {"a", "ARC-Challenge", "math_500", "x.y", "é 漢"}) {
    EXPECT_NO_THROW(check_task_name(name)) << name;
  }
  EXPECT_NO_THROW(check_task_name(std::string(100, 'a')));
}

TEST(TaskName, Refused) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is empty"},
      {std::string(101, 'a'), "has 101 bytes, at most 100"},
      {"a\xFF", "is not UTF-8"},
      {"a\nb", "has a control character"},
      {"a\x7F", "has a control character"},
      {std::string("a\0b", 3), "has a control character"},
      {"a\xC2\x9B", "has a control character"},
      {"a/b", "has a path separator"},
      {"a\\b", "has a path separator"},
      {".", "begins with a dot"},
      {"..", "begins with a dot"},
      {".git", "begins with a dot"},
      {"a.", "ends with a dot or a space"},
      {"a ", "ends with a dot or a space"}};
  for (const auto& [name, problem] : cases) {
    EXPECT_DND_ERROR(check_task_name(name), ErrorKind::data, problem);
  }
}

}  // namespace
}  // namespace dnd::text
