#include "text/prompt_record.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"

namespace dnd::text {
namespace {

PromptRecord read(std::string_view json, const std::string& field = "") {
  PromptSource source;
  return read_prompt_record(parse_json(json, "test"), field, "f: line 3", source);
}

struct Case {
  const char* name;
  const char* record;
  const char* prompt;
};

class PromptShapes : public ::testing::TestWithParam<Case> {};

TEST_P(PromptShapes, GiveTheQuestionOnly) {
  EXPECT_EQ(read(GetParam().record).prompt, GetParam().prompt);
}

INSTANTIATE_TEST_SUITE_P(
    All, PromptShapes,
    ::testing::Values(
        Case{"String", R"("q")", "q"}, Case{"Prompt", R"({"prompt":"q","completion":"a"})", "q"},
        Case{"PromptResponse", R"({"response":"a","system":"s","prompt":"q"})", "q"},
        Case{"PromptMessages", R"({"prompt":[{"role":"user","content":"q"}],"completion":"a"})",
             "q"},
        Case{"Text", R"({"text":"q"})", "q"},
        Case{"Messages",
             R"({"messages":[{"role":"system","content":"s"},{"role":"user","content":"q"},
                 {"role":"assistant","content":"a"},{"role":"user","content":"later"}]})",
             "q"},
        Case{"Greeting",
             R"({"messages":[{"role":"assistant","content":"a"},{"role":"user","content":"q"}]})",
             "q"},
        Case{"Parts",
             R"({"messages":[{"role":"user","content":[{"type":"text","text":"q"},
                 {"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"r"}]}]})",
             "q\nr"},
        Case{"ImageOnly",
             R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]})",
             ""},
        Case{"Alpaca", R"({"instruction":"q","input":"i","output":"a"})", "q\ni"},
        Case{"AlpacaEmptyInput", R"({"instruction":"q","input":"","output":"a"})", "q"},
        Case{"AlpacaNullInput", R"({"instruction":"q","input":null,"output":"a"})", "q"},
        Case{"AlpacaWithTemplate", R"({"text":"q and a","instruction":"q","output":"a"})", "q"},
        Case{"ShareGpt",
             R"({"conversations":[{"from":"system","value":"s"},{"from":"human","value":"q"},
                 {"from":"gpt","value":"a"}],"system":"s","tools":"t"})",
             "q"},
        Case{"Batch",
             R"({"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"model":"m",
                 "messages":[{"role":"system","content":"s"},{"role":"user","content":"q"}]}})",
             "q"},
        Case{"BatchCompletion", R"({"url":"/v1/completions","body":{"model":"m","prompt":"q"}})",
             "q"},
        Case{"LmEval",
             R"({"doc_id":0,"doc":{"question":"d"},"target":"a",
                 "arguments":[["q"," a"],["q"," b"]],"resps":[["a"]]})",
             "q"},
        Case{"LmEvalDictionary",
             R"({"doc_id":0,"arguments":{"gen_args_0":{"arg_0":"q","arg_1":{"until":["a"]}}}})",
             "q"},
        Case{"ForeignArguments", R"({"arguments":"{}","query":"q"})", "q"},
        Case{"ForeignBody", R"({"body":"b","question":"q"})", "q"},
        Case{"Gsm8k", R"({"answer":"a","question":"q"})", "q"},
        Case{"Math", R"({"problem":"q","solution":"a","level":"5"})", "q"},
        Case{"Query", R"({"query":"q","response":"a"})", "q"},
        Case{"Input", R"({"input":"q","output":"a"})", "q"},
        Case{"ResponsesInput", R"({"input":[{"role":"user","content":"q"}]})", "q"},
        Case{"Content", R"({"content":"q"})", "q"},
        Case{"NullCountsAsAbsent", R"({"prompt":null,"question":"q"})", "q"},
        Case{"PromptBeforeText", R"({"text":"q a","prompt":"q"})", "q"},
        Case{"QuestionBeforeContent", R"({"content":"c","text":"t","question":"q"})", "q"}),
    [](const auto& test) { return test.param.name; });

TEST(PromptRecord, Task) {
  EXPECT_EQ(read(R"({"prompt":"q","task":"t"})").task, "t");
  EXPECT_EQ(read(R"({"prompt":"q","task":null})").task, std::nullopt);
  EXPECT_EQ(read(R"("q")").task, std::nullopt);
  EXPECT_DND_ERROR(read(R"({"prompt":"q","task":3})"), ErrorKind::data,
                   "f: line 3: task: expected a string, got number");
}

TEST(PromptRecord, FieldOverrides) {
  EXPECT_EQ(read(R"({"prompt":"p","stem":"q"})", "stem").prompt, "q");
  EXPECT_EQ(read(R"({"prompt":"p","doc":{"question":"q"}})", "doc.question").prompt, "q");
  EXPECT_EQ(read(R"({"a.b":"q","a":{"b":"r"}})", "a.b").prompt, "q");
  EXPECT_EQ(read(R"({"chat":[{"role":"user","content":"q"}]})", "chat").prompt, "q");
  EXPECT_DND_ERROR(read(R"({"prompt":"p","x":1})", "stem"), ErrorKind::data,
                   "f: line 3: no field 'stem' in this record; it has 'prompt', 'x'");
  EXPECT_DND_ERROR(read(R"({"stem":1})", "stem"), ErrorKind::data,
                   "f: line 3: stem: expected a string or a list of messages, got number");
  EXPECT_DND_ERROR(read(R"("q")", "stem"), ErrorKind::data,
                   "expected a record (an object), got string");
}

TEST(PromptRecord, AnswersAreNoPrompts) {
  PromptSource source;
  for (const char* key : {"completion", "output", "response", "answer", "target", "solution"}) {
    const Json record = {{key, "a"}};
    EXPECT_DND_ERROR(read_prompt_record(record, "", "w", source), ErrorKind::data,
                     "no prompt found");
  }
}

TEST(PromptRecord, UnknownShapeNamesKeysAndRemedy) {
  EXPECT_DND_ERROR(read(R"({"a":1,"b\u001b":2})"), ErrorKind::data,
                   "f: line 3: no prompt found in this record; it has 'a', 'b\\x1b'; known are "
                   "prompt, messages");
  EXPECT_DND_ERROR(read("{}"), ErrorKind::data, "it has no key at all");
  EXPECT_DND_ERROR(read(R"({"a":1})"), ErrorKind::data, "name another field with --field");
  PromptSource source;
  Json many;
  for (int i = 0; i < 13; ++i) many[std::string(1, static_cast<char>('A' + i))] = i;
  EXPECT_DND_ERROR(read_prompt_record(many, "", "w", source), ErrorKind::data, "'L', ...;");
}

TEST(PromptRecord, WrongTypesAreNamed) {
  EXPECT_DND_ERROR(read("5"), ErrorKind::data, "expected a record (an object), got number");
  EXPECT_DND_ERROR(read(R"({"prompt":5})"), ErrorKind::data,
                   "f: line 3: prompt: expected a string or a list of messages, got number");
  EXPECT_DND_ERROR(read(R"({"messages":"hi"})"), ErrorKind::data,
                   "messages: expected a list of messages, got string");
  EXPECT_DND_ERROR(read(R"({"messages":[]})"), ErrorKind::data, "messages: no message of the user");
  EXPECT_DND_ERROR(read(R"({"messages":[{"role":"assistant","content":"a"}]})"), ErrorKind::data,
                   "no message of the user");
  EXPECT_DND_ERROR(read(R"({"prompt":["a"]})"), ErrorKind::data,
                   "prompt[0]: not a message: no 'role' (or 'from')");
  EXPECT_DND_ERROR(read(R"({"messages":[{"role":"user"}]})"), ErrorKind::data,
                   "messages[0]: the user's message has no 'content' (or 'value')");
  EXPECT_DND_ERROR(read(R"({"messages":[{"role":"user","content":5}]})"), ErrorKind::data,
                   "messages[0]: expected a string or a list of parts, got number");
}

}  // namespace
}  // namespace dnd::text
