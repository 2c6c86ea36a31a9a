#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd {
namespace {

std::string nested(int depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(ParseJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(json_line(parse_json(R"({"b": 1, "a": [2, null]})", "x")), R"({"b":1,"a":[2,null]})");
  EXPECT_EQ(json_pretty(parse_json(R"({"b":1})", "x")), "{\n  \"b\": 1\n}\n");
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",     " ",       "{",        "{}x",     "{'a': 1}",    "{\"a\": 1,}", "[1,]",
        "nul",  "NaN",     "Infinity", "-",       "01",          "1.",          ".5",
        "+1",   "// c\n1", "\"\t\"",   "\"\\x\"", "\"\\ud800\"", "\"\xff\"",    "\"\xed\xa0\x80\"",
        "1e999"}) {
    EXPECT_DND_ERROR(parse_json(text, "some.json"), ErrorKind::data, "some.json: ");
  }
  EXPECT_DND_ERROR(parse_json(std::string_view("{}\0", 3), "x"), ErrorKind::data, "byte 3");
}

TEST(ParseJson, RefusesWhatParsersDisagreeOn) {
  EXPECT_DND_ERROR(parse_json("\xEF\xBB\xBF{}", "x"), ErrorKind::data, "byte-order mark");
  EXPECT_DND_ERROR(parse_json(R"({"a": 1, "a": 1})", "x"), ErrorKind::data, "duplicate key 'a'");
  EXPECT_DND_ERROR(parse_json(R"([{"b": {"\u0061": 1, "a": 1}}])", "x"), ErrorKind::data,
                   "duplicate key 'a'");
  EXPECT_NO_THROW(parse_json(R"({"a": {"a": 1}, "b": {"a": 2}})", "x"));
}

TEST(ParseJson, BoundsTheNesting) {
  EXPECT_NO_THROW(parse_json(nested(kJsonDepthLimit), "x"));
  EXPECT_DND_ERROR(parse_json(nested(kJsonDepthLimit + 1), "x"), ErrorKind::data, "nested deeper");
  EXPECT_DND_ERROR(parse_json(std::string(1'000'000, '['), "x"), ErrorKind::data, "nested deeper");
  EXPECT_DND_ERROR(parse_json(std::string(1'000'000, '{'), "x"), ErrorKind::data, "not valid JSON");
}

TEST(ParseJson, MessagesHaveNoControlCharacters) {
  try {
    parse_json("{\"\x1b[2J\": }", "x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos) << error.what();
  }
}

TEST(ReadJsonFile, BoundsTheSize) {
  const testing::TempDir dir;
  const auto path = dir.file("x.json", R"({"a": 1})");
  EXPECT_EQ(read_json_file(path, "x")["a"], 1);
  EXPECT_DND_ERROR(read_json_file(path, "x", 4), ErrorKind::data, "limit");
  EXPECT_DND_ERROR(read_json_file(dir / "none", "x"), ErrorKind::no_input, "none");
  EXPECT_DND_ERROR(read_json_file(dir.path(), "x"), ErrorKind::no_input, "folder");
}

TEST(JsonLine, ReplacesInvalidUtf8) { EXPECT_EQ(json_line(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

class JsonObjectTest : public ::testing::Test {
 protected:
  const Json json_ = parse_json(
      R"({"text": "t", "seven": 7, "half": 0.5, "yes": true, "null": null, "list": [1, 2],
          "mixed": [1, "x"], "inner": {"deep": 1}, "huge": 18446744073709551615, "minus": -3})",
      "x");
  JsonObject object_{json_, "my.json"};
};

TEST_F(JsonObjectTest, ReadsEveryKind) {
  EXPECT_EQ(object_.text("text"), "t");
  EXPECT_EQ(object_.integer("seven", 7, 7), 7);
  EXPECT_EQ(object_.integer("minus", -5, 5), -3);
  EXPECT_EQ(object_.number_or("half", 1.0), 0.5);
  EXPECT_EQ(object_.number_or("seven", 1.0), 7.0);
  EXPECT_TRUE(object_.boolean_or("yes", false));
  EXPECT_EQ(object_.integers("list", 0, 9), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(object_.array("list").size(), 2U);
  EXPECT_EQ(object_.object("inner").integer("deep", 0, 1), 1);
}

TEST_F(JsonObjectTest, AbsentAndNullMeanTheDefault) {
  for (const char* key : {"absent", "null"}) {
    EXPECT_FALSE(object_.has(key));
    EXPECT_EQ(object_.text_or(key, "d"), "d");
    EXPECT_EQ(object_.integer_or(key, 4, 0, 9), 4);
    EXPECT_EQ(object_.number_or(key, 4.5), 4.5);
    EXPECT_TRUE(object_.boolean_or(key, true));
  }
}

TEST_F(JsonObjectTest, EveryRefusalNamesPlaceAndKey) {
  const auto refused = [&](auto call, const std::string& message) {
    EXPECT_DND_ERROR(call(), ErrorKind::data, "my.json: ");
    EXPECT_DND_ERROR(call(), ErrorKind::data, message);
  };
  refused([&] { object_.at("absent"); }, "key 'absent' is missing");
  refused([&] { object_.text("seven"); }, "'seven': expected a string, got number");
  refused([&] { object_.text_or("seven", ""); }, "expected a string");
  refused([&] { object_.integer("seven", 8, 9); }, "expected an integer from 8 to 9, got 7");
  refused([&] { object_.integer("minus", 0, 9); }, "got -3");
  refused([&] { object_.integer("half", 0, 9); }, "got 0.5");
  refused([&] { object_.integer("text", 0, 9); }, "got \"t\"");
  refused([&] { object_.integer("yes", 0, 9); }, "got true");
  refused([&] { object_.integer("huge", INT64_MIN, INT64_MAX); }, "got 18446744073709551615");
  refused([&] { object_.integer_or("huge", 0, 0, 9); }, "'huge'");
  refused([&] { object_.number_or("text", 0); }, "'text': expected a number, got string");
  refused([&] { object_.boolean_or("seven", true); }, "expected true or false, got number");
  refused([&] { object_.array("inner"); }, "'inner': expected an array, got object");
  refused([&] { object_.integers("mixed", 0, 9); }, "'mixed': expected an integer");
  refused([&] { object_.object("list"); }, "my.json: list: expected an object, got array");
  refused([&] { object_.object("inner").at("x"); }, "my.json: inner: key 'x' is missing");
  EXPECT_DND_ERROR(JsonObject(json_["list"], "y.json"), ErrorKind::data,
                   "y.json: expected an object");
}

// Keys are not always ours: a file may name the key to look up.
TEST(JsonObject, MessagesHaveNoControlCharacters) {
  const Json json = {{"\x1b[2J", Json::object()}};
  JsonObject object(json, "x.json");
  EXPECT_DND_ERROR(object.at("\x1b[1J"), ErrorKind::data, "x.json: key '\\x1b[1J' is missing");
  EXPECT_DND_ERROR(object.object("\x1b[2J").at("a"), ErrorKind::data, "x.json: \\x1b[2J: key 'a'");
}

TEST(JsonObject, RefusesUnknownKeysAndSuggests) {
  const Json json = parse_json(R"({"kernel": 3, "kernle": 5})", "x");
  JsonObject object(json, "x.json");
  EXPECT_EQ(object.integer("kernel", 0, 9), 3);
  EXPECT_DND_ERROR(object.refuse_unknown_keys(), ErrorKind::data,
                   "x.json: unknown key 'kernle' (did you mean 'kernel'?)");
  EXPECT_FALSE(object.has("absent"));
  EXPECT_EQ(object.integer_or("kernle", 0, 0, 9), 5);
  EXPECT_NO_THROW(object.refuse_unknown_keys());
}

// Asked for with has() alone, null is absent, not unknown; and a key nearby is suggested.
TEST(JsonObject, AskingWhetherAKeyIsThereMakesItKnown) {
  const Json json = parse_json(R"({"heads": null, "head": 1})", "x");
  JsonObject object(json, "x.json");
  EXPECT_FALSE(object.has("heads"));
  EXPECT_DND_ERROR(object.refuse_unknown_keys(), ErrorKind::data,
                   "unknown key 'head' (did you mean 'heads'?)");
}

}  // namespace
}  // namespace dnd
