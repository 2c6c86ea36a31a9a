// What is guessed about prompt files, and what is told of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/strings.h"
#include "support/expect_error.h"
#include "support/temp_dir.h"
#include "text/gzip.h"
#include "text/prompts.h"
#include "text/transcript.h"

namespace dnd::text {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;
using std::string_view_literals::operator""sv;

std::string gzipped(std::string_view content) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(::deflateBound(&stream, content.size()), '\0');
  std::string input(content);
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  ::deflateEnd(&stream);
  return packed;
}

class PromptGuesses : public ::testing::Test {
 protected:
  PromptSet read_set(std::string_view name, std::string_view content,
                     const std::string& field = "") {
    return read_prompts({dir_.file(name, content)}, {field});
  }
  Texts read(std::string_view name, std::string_view content, const std::string& field = "") {
    return read_set(name, content, field).tasks.at(0).prompts;
  }
  // The only line, without the folder of the file.
  std::string told(std::string_view name, std::string_view content, const std::string& field = "") {
    const auto lines = source_lines(read_set(name, content, field).sources);
    EXPECT_EQ(lines.size(), 1U);
    const std::string folder = (dir_ / "").string();
    std::string line = lines.at(0);
    const auto at = line.find(folder);
    return at == std::string::npos ? line : line.erase(at, folder.size());
  }

  testing::TempDir dir_;
};

TEST_F(PromptGuesses, TheSeparatorIsFound) {
  const Texts expected = {"one", "two"};
  EXPECT_EQ(read("a.csv", "question;answer\none;1\ntwo;2\n"), expected);
  EXPECT_EQ(read("a.csv", "question\tanswer\none\t1\ntwo\t2\n"), expected);
  EXPECT_EQ(read("a.tsv", "question;answer\none;1\ntwo;2\n"), expected);
  EXPECT_EQ(read("a.csv", "\"Question\";\"Answer\"\n\"one\";1,5\n\"two\";2,5\n"), expected);
  EXPECT_EQ(read("a.csv", "sep=;\nquestion;answer\none;1\ntwo;2\n"), expected);
  EXPECT_EQ(read("a.csv", "question;answer\nsay, who?;me\nand, who, then?;you\n"),
            (Texts{"say, who?", "and, who, then?"}));
  EXPECT_EQ(read("a.csv", "question,answer\nwho;me?,1\nwho;you?,2\n"),
            (Texts{"who;me?", "who;you?"}));
}

TEST_F(PromptGuesses, AHeaderIsNotTakenWhereThereIsNone) {
  const Texts questions = {"What is 0+0?", "What is 1+1?"};
  EXPECT_EQ(read("a.csv", "What is 0+0?\nWhat is 1+1?\n"), questions);
  EXPECT_EQ(read("a.csv", "question\nWhat is 0+0?\nWhat is 1+1?\n"), questions);
  EXPECT_EQ(read("a.csv", "stem\nWhat is 0+0?\nWhat is 1+1?\n"), questions);
  EXPECT_DND_ERROR(read("a.csv", "What is 0+0?;0\nWhat is 1+1?;2\n"), ErrorKind::data,
                   "a.csv: line 1: no header row says which of 2 columns is the prompt ('What is "
                   "0+0?', '0'); put names above them, such as prompt;answer, or give its number");
  EXPECT_DND_ERROR(read("a.tsv", "What is 0+0?\t0\nWhat is 1+1?\t2\n"), ErrorKind::data,
                   "such as prompt<tab>answer, or");
  EXPECT_EQ(read("a.csv", "What is 0+0?;0\nWhat is 1+1?;2\n", "1"), questions);
  std::string rows;
  for (int i = 0; i < 20; ++i) rows += cat("What is ", i, "+", i, "?;", 2 * i, "\n");
  EXPECT_DND_ERROR(read("a.csv", rows + "What; is it?;no\n", "1"), ErrorKind::data,
                   "a.csv: line 21: 3 fields, the first row has 2");
}

TEST_F(PromptGuesses, ATableIsKnownWhateverItsName) {
  const Texts expected = {"one", "two"};
  EXPECT_EQ(read("a", "question;answer\none;1\ntwo;2\n"), expected);
  EXPECT_EQ(read("a.txt", "prompt,answer\none,1\ntwo,2\n"), expected);
  EXPECT_EQ(read("a.txt", "prompt, please\none, two\n"), (Texts{"prompt, please", "one, two"}));
  EXPECT_EQ(read("a.txt", "question;answer\none\n"), (Texts{"question;answer", "one"}));
}

TEST_F(PromptGuesses, AnswersAreNoPrompts) {
  for (const char* name : {"answer", "output", "response", "completion", "label", "Label"}) {
    EXPECT_DND_ERROR(read("a.csv", std::string(name) + "\na b c d\n"), ErrorKind::data,
                     "no prompt found");
  }
  const std::string both = R"({"text":"What is 1+1? 2","answer":"2"})"
                           "\n"
                           R"({"text":"What is 1+2?\n3 ","answer":"3"})";
  EXPECT_EQ(read("a.jsonl", both), (Texts{"What is 1+1?", "What is 1+2?"}));
  EXPECT_THAT(told("a.jsonl", both),
              ::testing::HasSubstr("2 cut where the answer begins (--field takes them whole)"));
  EXPECT_EQ(read("a.jsonl", both, "text"), (Texts{"What is 1+1? 2", "What is 1+2?\n3 "}));
  const std::string blank = R"({"text":"\u00a0 2","answer":"2"})";
  EXPECT_EQ(read("a.jsonl", blank + "\n" + blank), (Texts{"\u00a0 2", "\u00a0 2"}));
  const Texts chosen = {"Is it good or bad", "Is it bad or good"};
  EXPECT_EQ(read("a.jsonl", R"({"text":"Is it good or bad","label":"bad"})"
                            "\n"
                            R"({"text":"Is it bad or good","label":"bad"})"),
            chosen);
}

struct Transcript {
  const char* text;
  const char* question;  // nullptr: none
};

TEST(Transcript, GivesTheFirstQuestion) {
  const std::vector<Transcript> cases = {
      {"### Human: q### Assistant: a", "q"},
      {"Below.\n\n### Instruction:\nq\n\n### Input:\ni\n\n### Response:\na", "q\ni"},
      {"### Instruction:\nq\n\n### Input:\n\n### Response:\na", "q"},
      {"<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\na",
       "q"},
      {"<s>[INST] <<SYS>>\ns\n<</SYS>>\n\nq [/INST] a </s>", "q"},
      {"<bos><start_of_turn>user\nq<end_of_turn>\n<start_of_turn>model\na", "q"},
      {"<|user|>\nq</s>\n<|assistant|>\na</s>", "q"},
      {"<|start_header_id|>user<|end_header_id|>\n\nq<|eot_id|>"
       "<|start_header_id|>assistant<|end_header_id|>\n\na",
       "q"},
      {"\n\nHuman: q\n\nAssistant: a\n\nHuman: r\n\nAssistant: b", "q"},
      {"Question: What? Answer: 4", "What?"},
      {"Q: q\nA: a", "q"},
      {"A chat between a user and an assistant. USER: q ASSISTANT: a</s>USER: r ASSISTANT: b</s>",
       "q"},
      {"USER: q\nASSISTANT: a", "q"},
      {"USER: q\nASSISTANT:", nullptr},
      {"Instruct: q\nOutput: a", "q"},
      {"### Input:\nq\n\n### Response:\na", "q"},
      {"<｜begin▁of▁sentence｜>s<｜User｜>q<｜Assistant｜>a<｜end▁of▁sentence｜>", "q"},
      {"<|start|>system<|message|>s<|end|><|start|>user<|message|>q<|end|>"
       "<|start|>assistant<|channel|>final<|message|>a<|return|>",
       "q"},
      {"<BOS_TOKEN><|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>s<|END_OF_TURN_TOKEN|>"
       "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>q<|END_OF_TURN_TOKEN|>"
       "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>a<|END_OF_TURN_TOKEN|>",
       "q"},
      {"<|start_of_role|>system<|end_of_role|>s<|end_of_text|>\n"
       "<|start_of_role|>user<|end_of_role|>q<|end_of_text|>\n"
       "<|start_of_role|>assistant<|end_of_role|>a<|end_of_text|>",
       "q"},
      {"<|im_start|>user<|im_sep|>q<|im_end|><|im_start|>assistant<|im_sep|>a<|im_end|>", "q"},
      {"Be kind.\n<|user|>\nq<|end|>\n<|assistant|>\na", "q"},
      {"Write a parser for [INST] tags", nullptr},
      {"Write a parser for [INST] and [/INST] tags", nullptr},
      {"What is <|im_start|>user, and <|im_start|>assistant?", nullptr},
      {"Name the USER: field", nullptr},
      {"Q: q\nA:", nullptr},
      {"Question: p\nAnswer: a\nQuestion: q\nAnswer:", nullptr},
      {"### Question: p\n### Answer: a\n### Question: q\n### Answer:", nullptr},
      {"What is meant by Answer: 42?", nullptr},
      {"plain", nullptr}};
  for (const Transcript& each : cases) {
    const auto question = question_of_transcript(each.text);
    EXPECT_EQ(question.value_or("none"), each.question == nullptr ? "none" : each.question)
        << each.text;
  }
}

TEST_F(PromptGuesses, LinesOfRecordsWhateverTheNameSays) {
  const std::string lines = R"({"question":"one","answer":"LEAK"}
{"question":"two","answer":"LEAK"}
)";
  EXPECT_EQ(read("a.txt", lines), (Texts{"one", "two"}));
  EXPECT_THAT(told("a.txt", lines), ::testing::HasSubstr("JSON Lines, 2 prompts from 'question'"));
  EXPECT_EQ(read("a.txt", R"({"own":"x"})", "own"), Texts{"x"});
  for (const std::string& text :
       {std::string(R"({"name": "x"})"), std::string("{not JSON}"), std::string("[1, 2]")}) {
    EXPECT_EQ(read("a.txt", text), Texts{text});
    EXPECT_EQ(read("a.txt", lines + text).size(), 3U) << text;
  }
}

TEST_F(PromptGuesses, LinesMayEndInCarriageReturns) {
  EXPECT_EQ(read("a.txt", "one\rtwo\r"), (Texts{"one", "two"}));
  EXPECT_EQ(read("a.jsonl", "{\"prompt\":\"one\"}\r{\"prompt\":\"two\"}"), (Texts{"one", "two"}));
  EXPECT_EQ(read("a.csv", "prompt,answer\rone,1\rtwo,2"), (Texts{"one", "two"}));
  EXPECT_EQ(read("a.txt", "one\rmore\ntwo\n"), (Texts{"one\rmore", "two"}));
}

TEST_F(PromptGuesses, BarsSeparateBelowKnownNames) {
  const std::string table = "question|answer\nWhat, then?|LEAK\ntwo|LEAK\n";
  EXPECT_EQ(read("a.csv", table), (Texts{"What, then?", "two"}));
  EXPECT_EQ(read("a.txt", table), (Texts{"What, then?", "two"}));
  EXPECT_THAT(told("a.csv", table), ::testing::HasSubstr("(bars, header row)"));
  EXPECT_EQ(read("a.csv", "prompt\na|b\nc|d\n"), (Texts{"a|b", "c|d"}));
  EXPECT_EQ(read("a.csv", "mine\na|b\nc|d\n"), (Texts{"a|b", "c|d"}));
  EXPECT_EQ(read("a.csv", "prompt,answer\na|b,1\nc|d,2\n"), (Texts{"a|b", "c|d"}));
}

TEST_F(PromptGuesses, ALoneColumnIsWhatItsNameSays) {
  const std::string turns = "### Human: hi### Assistant: LEAK";
  EXPECT_EQ(read("a.csv", "text\n\"" + turns + "\"\n\"" + turns + "\"\n"), (Texts{"hi", "hi"}));
  EXPECT_EQ(read("a.csv", "task,text\nx,\"" + turns + "\"\n"), Texts{"hi"});
  EXPECT_EQ(read("a.csv", "sentence\n\"a, b\"\n\"c, d\"\n"), (Texts{"a, b", "c, d"}));
}

// As OASST1 keeps its messages.
TEST_F(PromptGuesses, OfMessagesAloneTheUsersAreTaken) {
  const std::string lines = R"({"text":"one","role":"prompter"}
{"text":"LEAK","role":"assistant"}
{"content":"two","role":"user"}
{"content":"be kind","role":"system"}
)";
  EXPECT_EQ(read("a.jsonl", lines), (Texts{"one", "two"}));
  EXPECT_THAT(told("a.jsonl", lines), ::testing::HasSubstr("replies"));
  EXPECT_EQ(
      read("a.json", R"([{"role":"user","content":"q"},{"role":"assistant","content":"LEAK"}])"),
      Texts{"q"});
  EXPECT_EQ(
      read("a.json",
           R"({"chat":[{"role":"user","content":"q"},{"role":"assistant","content":"LEAK"}]})"),
      Texts{"q"});
}

TEST_F(PromptGuesses, AnswersOfOtherTypesAreCutAsWell) {
  const auto twice = [](const std::string& line) { return line + "\n" + line + "\n"; };
  const Texts expected = {"What is 2+2?", "What is 2+2?"};
  EXPECT_EQ(read("a.jsonl", twice(R"({"text":"What is 2+2? 4","answer":4})")), expected);
  EXPECT_EQ(read("a.jsonl", twice(R"({"text":"What is 2+2? 4","answers":["5","4"]})")), expected);
  EXPECT_EQ(read("a.jsonl", twice(R"({"text":"What is 2+2? 4","answers":{"text":["4"]}})")),
            expected);
  EXPECT_EQ(read("a.jsonl", twice(R"({"text":"What is 2+2? true","label":true})")), expected);
  EXPECT_DND_ERROR(read("a.json", R"({"answers":["a","b"]})"), ErrorKind::data, "no prompt found");
}

TEST_F(PromptGuesses, OfQuestionAndAnswerInOneTextTheQuestionIsTaken) {
  const char* line = R"({"text":"### Human: q### Assistant: a"})";
  EXPECT_EQ(read("a.jsonl", line), Texts{"q"});
  EXPECT_EQ(read("a.jsonl", line, "text"), Texts{"### Human: q### Assistant: a"});
  EXPECT_EQ(read("a.jsonl", R"({"prompt":"Q: q\nA: a"})"), Texts{"Q: q\nA: a"});
}

TEST_F(PromptGuesses, OneLineTellsThem) {
  EXPECT_EQ(told("a.csv", "Question;Answer;id\none;1;7\n\"two\nlines\";2;8\n"),
            "prompts: a.csv: table (semicolons, header row), 2 prompts from 'question'; left out: "
            "answers 'answer'; 'id'; first 'one'");
  EXPECT_EQ(told("a.csv", "What is 0+0?\n"),
            "prompts: a.csv: table (commas, no header row), 1 prompt from 'prompt'; first 'What is "
            "0+0?'");
  EXPECT_EQ(told("a.csv", "Paris\nLondon\n"),
            "prompts: a.csv: table (commas, header row, a guess: name the file .txt if it is a "
            "prompt), 1 prompt from 'prompt'; first 'London'");
  EXPECT_EQ(told("a.jsonl", R"({"context":"c","question":"q","options":["x","y"],"rationale":"",)"
                            R"("answers":["x"],"level":5,"task":"t"})"),
            "prompts: a.jsonl: JSON Lines, 1 prompt from 'question'; left out: answers 'answers'; "
            "context 'context'; choices 'options'; 'level'; first 'q'");
  EXPECT_EQ(told("a.json", R"([{"messages":[{"role":"system","content":"s"},{"role":"user",)"
                           R"("content":"q"},{"role":"assistant","content":"a"},{"role":"user",)"
                           R"("content":"r"}]},{"instruction":"p","input":"i","output":"o"}])"),
            "prompts: a.json: JSON, 2 prompts from 'messages' (1), 'instruction + input' (1); left "
            "out: answers 'output'; system text, replies, later turns; first 'q'");
  EXPECT_EQ(
      told("a.txt", std::string(70, 'x') + "\n"),
      "prompts: a.txt: text, a prompt a line, 1 prompt; first '" + std::string(60, 'x') + "...'");
}

TEST_F(PromptGuesses, FilesReadAlikeShareALine) {
  const auto a = dir_.file("a.jsonl", R"({"prompt":"one","answer":"1"})");
  const auto b = dir_.file("b.jsonl", R"({"prompt":"two","answer":"2"})");
  const auto c = dir_.file("c.txt", "three\n");
  const PromptSet set = read_prompts({a, b, c}, {});
  EXPECT_THAT(source_lines(set.sources),
              ElementsAre(cat("prompts: ", a.string(), " and 1 more: JSON Lines, 2 prompts from ",
                              "'prompt'; left out: answers 'answer'; first 'one'"),
                          cat("prompts: ", c.string(),
                              ": text, a prompt a line, 1 prompt; first 'three'")));
  const Json json = sources_json(set.sources);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0], Json({{"file", a.string()},
                           {"files", 2},
                           {"container", "JSON Lines"},
                           {"prompts", 2},
                           {"fields", {"prompt"}},
                           {"left_out", {"answer"}},
                           {"first", "one"}}));
}

TEST_F(PromptGuesses, GzipIsUnpacked) {
  const Texts expected = {"one", "two"};
  const std::string lines = "{\"prompt\":\"one\"}\n{\"prompt\":\"two\"}\n";
  EXPECT_EQ(read("a.jsonl.gz", gzipped(lines)), expected);
  EXPECT_EQ(read("a.csv.GZ", gzipped("question;answer\none;1\ntwo;2\n")), expected);
  EXPECT_EQ(read("a.jsonl", gzipped(lines)), expected);
  EXPECT_EQ(read("a.txt.gz", gzipped("one\n") + gzipped("two\n") + std::string(512, '\0')),
            expected);
  EXPECT_THAT(told("a.jsonl.gz", gzipped(lines)),
              ::testing::HasSubstr("a.jsonl.gz: gzip, JSON Lines, 2 prompts"));
}

TEST_F(PromptGuesses, DamagedGzipIsRefused) {
  std::string packed = gzipped("one\ntwo\n");
  EXPECT_DND_ERROR(read("a.txt.gz", packed.substr(0, packed.size() - 3)), ErrorKind::data,
                   "a.txt.gz: gzip: the file ends too early");
  EXPECT_DND_ERROR(read("a.txt.gz", packed + "x"), ErrorKind::data, "a.txt.gz: gzip: ");
  packed[packed.size() - 6] ^= 1;
  EXPECT_DND_ERROR(read("a.txt.gz", packed), ErrorKind::data,
                   "a.txt.gz: gzip: damaged: incorrect data check");
  EXPECT_DND_ERROR(read("a.txt.gz", gzipped(gzipped("one\n"))), ErrorKind::data,
                   "is packed with gzip twice");
}

TEST(Gzip, TheLimitIsOfWhatIsUnpacked) {
  const std::string packed = gzipped(std::string(1U << 20U, 'x'));
  EXPECT_EQ(unpack_gzip(packed, 1U << 20U, "f").size(), 1U << 20U);
  EXPECT_DND_ERROR(unpack_gzip(packed, (1U << 20U) - 1, "f"), ErrorKind::data,
                   "f: larger than the limit of 1.05 MB when unpacked");
  EXPECT_DND_ERROR(unpack_gzip(packed + packed, 1U << 20U, "f"), ErrorKind::data, "limit");
}

TEST_F(PromptGuesses, OtherKindsAreRefusedByName) {
  const std::string zeros(64, '\0');
  const std::vector<std::pair<std::string_view, std::string>> cases = {
      {"PAR1"sv, "is a Parquet file, which is not read here; python3 -c"},
      {"ARROW1\0\0"sv, "is an Arrow file"},
      {"PK\x03\x04"sv, "is a zip archive or a spreadsheet"},
      {"BZh9"sv, "is packed with bzip2"},
      {"\x28\xB5\x2F\xFD"sv, "is packed with zstd"},
      {"\xFD\x37zXZ\0"sv, "is packed with xz"},
      {"SQLite format 3\0"sv, "is an SQLite database"}};
  for (const auto& [beginning, message] : cases) {
    EXPECT_DND_ERROR(read("a.jsonl", std::string(beginning) + zeros), ErrorKind::data, message);
  }
  EXPECT_DND_ERROR(read("a.yaml", "- prompt: one\n"), ErrorKind::data, "a.yaml: is YAML");
  EXPECT_DND_ERROR(read("a.yml", "- prompt: one\n"), ErrorKind::data, "a.yml: is YAML");
  EXPECT_DND_ERROR(read("a.jsonl", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
                   ErrorKind::data, "a.jsonl: is a Git LFS pointer, not the file itself");
  EXPECT_EQ(read("a.txt", "BZh is a prompt\n"), Texts{"BZh is a prompt"});
}

std::string utf16(std::u16string_view text, bool little) {
  std::string out;
  for (const char16_t unit : text) {
    const auto low = static_cast<char>(unit & 0xFFU);
    const auto high = static_cast<char>(unit >> 8U);
    out += little ? low : high;
    out += little ? high : low;
  }
  return out;
}

TEST_F(PromptGuesses, Utf16WithoutAMarkIsNamed) {
  for (const std::u16string_view text :
       {u"{\"prompt\": \"a\"}\n"sv, u"one"sv, u"漢字漢字漢字\n漢字\n"sv}) {
    EXPECT_DND_ERROR(read("a.jsonl", utf16(text, true)), ErrorKind::data,
                     "a.jsonl: is UTF-16LE without a byte-order mark; save it as UTF-8 (iconv -f "
                     "UTF-16LE -t UTF-8 IN > OUT)");
    EXPECT_DND_ERROR(read("a.jsonl", utf16(text, false)), ErrorKind::data, "is UTF-16BE without");
  }
  EXPECT_DND_ERROR(read("a.txt", "\xFF\xFE\0\0o\0\0\0"sv), ErrorKind::data, "is UTF-32");
}

}  // namespace
}  // namespace dnd::text
