#include "formats/pickle.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "support/expect_error.h"
#include "support/pickle_writer.h"
#include "support/sanitizers.h"

namespace dnd::formats {
namespace {

using namespace testing::pickled;  // NOLINT(google-build-using-namespace)
using Kind = PickleNode::Kind;

constexpr std::array<PickleGlobal, 2> kAllowed = {{{"collections", "OrderedDict"}, {"m", "f"}}};

Pickle parse(std::string_view bytes) { return Pickle(bytes, kAllowed, "x.pkl"); }

std::int64_t parse_number(std::string_view body) {
  const std::string bytes = whole(body);
  return std::get<std::int64_t>(parse(bytes).root());
}

void expect_refused_pickle(std::string_view body, const std::string& message) {
  const std::string bytes = whole(body);
  EXPECT_DND_ERROR(parse(bytes), ErrorKind::data, "x.pkl: byte ");
  EXPECT_DND_ERROR(parse(bytes), ErrorKind::data, message);
}

TEST(Pickle, ReadsNumbersOfEveryWidth) {
  EXPECT_EQ(parse_number("K\xff"), 255);
  EXPECT_EQ(parse_number("M\x01\x02"), 513);
  EXPECT_EQ(parse_number(std::string("J\xfe\xff\xff\xff", 5)), -2);
  EXPECT_EQ(parse_number(std::string("\x8a\x00", 2)), 0);
  EXPECT_EQ(parse_number("\x8a\x01\x80"), -128);
  EXPECT_EQ(parse_number(std::string("\x8a\x05\x00\x00\x00\x00\x01", 7)), std::int64_t{1} << 32);
  EXPECT_EQ(parse_number(number(INT64_MIN)), INT64_MIN);
  EXPECT_EQ(parse_number(number(INT64_MAX)), INT64_MAX);
}

TEST(Pickle, KeepsCallsAsDataAndDictsInOrder) {
  const std::string bytes = whole(dict({text("b"), global("m", "f") + ")R", text("a"), "\x88"}));
  const Pickle pickle = parse(bytes);
  const PickleNode* items = pickle.node(pickle.root(), Kind::dict);
  ASSERT_NE(items, nullptr);
  ASSERT_EQ(items->items.size(), 4U);
  EXPECT_EQ(std::get<std::string_view>(items->items[0]), "b");
  const PickleNode* call = pickle.node(items->items[1], Kind::call);
  ASSERT_NE(call, nullptr);
  EXPECT_EQ(call->callee->name, "f");
  EXPECT_TRUE(std::get<bool>(items->items[3]));
  EXPECT_EQ(pickle.describe(items->items[1]), "the result of m.f");
}

TEST(Pickle, OrderedDictTakesItemsAndAttributes) {
  const std::string state = dict({text("_metadata"), ordered_dict()});
  const std::string bytes = whole(ordered_dict() + text("a") + "K\x01" + "s" + state + "b");
  const Pickle pickle = parse(bytes);
  ASSERT_NE(pickle.node(pickle.root(), Kind::dict), nullptr);
  EXPECT_EQ(pickle.node(pickle.root(), Kind::dict)->items.size(), 2U);
}

TEST(Pickle, MemoReturnsTheSameObject) {
  const std::string bytes =
      whole("}q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "\x86");
  const Pickle pickle = parse(bytes);
  const PickleNode* pair = pickle.node(pickle.root(), Kind::tuple);
  ASSERT_NE(pair, nullptr);
  EXPECT_EQ(pickle.node(pair->items[0], Kind::dict), pickle.node(pair->items[1], Kind::dict));
}

TEST(Pickle, ADictInsideItselfIsHarmless) {
  const std::string zero(1, '\0');
  const std::string bytes = whole("}q" + zero + "K\x01h" + zero + "s");
  EXPECT_NO_THROW(parse(bytes));
}

TEST(Pickle, NestingHasNoDepthLimitAndNoRecursion) {
  EXPECT_NO_THROW(parse_number("K\x01"));
  const int depth = testing::changed_inputs(900'000);
  const std::string bytes = whole(")" + std::string(static_cast<std::size_t>(depth), '\x85'));
  EXPECT_NO_THROW(parse(bytes));
}

TEST(Pickle, RefusesEveryGlobalThatIsNotListed) {
  for (const auto& [module, name] :
       {std::pair("os", "system"), std::pair("posix", "system"), std::pair("builtins", "eval"),
        std::pair("__builtin__", "eval"), std::pair("m", "g"), std::pair("torch", "f"),
        std::pair("m", "f.__globals__"), std::pair("", "")}) {
    const std::string full = std::string("global '") + module + " " + name + "' is not allowed";
    expect_refused_pickle(global(module, name) + tuple({text("touch /tmp/owned")}) + "R", full);
  }
  expect_refused_pickle("c\x1b[2J\nx\n", "'\\x1b[2J x'");
  expect_refused_pickle("cm", "a name without an end");
}

TEST(Pickle, RefusesEveryOtherOpcode) {
  const std::string known = "(.JKMQRX)bchjqrstu}\x80\x85\x86\x87\x88\x89\x8a";
  for (int code = 0; code < 256; ++code) {
    if (known.find(static_cast<char>(code)) != std::string::npos) continue;
    expect_refused_pickle(std::string(1, static_cast<char>(code)),
                          "is not allowed in a state_dict");
  }
  expect_refused_pickle("]", "opcode EMPTY_LIST (0x5d)");
  expect_refused_pickle("G12345678", "opcode BINFLOAT (0x47)");
  expect_refused_pickle("X\x01" + std::string(3, '\0') + "a\x93", "opcode STACK_GLOBAL (0x93)");
}

TEST(Pickle, RefusesMisuseOfTheStack) {
  expect_refused_pickle("", "the stack is empty");
  expect_refused_pickle("K\x01K\x02", "left over");
  expect_refused_pickle("(K\x01", "left over");
  expect_refused_pickle("t", "no mark");
  expect_refused_pickle("K\x01(\x85",
                        "the stack is empty");  // a value below the mark is out of reach
  expect_refused_pickle("K\x01K\x02R", "a call of something that is not a global");
  expect_refused_pickle(global("m", "f") + "K\x01R", "expected a tuple");
  expect_refused_pickle(global("collections", "OrderedDict") + "K\x01\x85R", "with arguments");
  expect_refused_pickle(")K\x01K\x02s", "expected a dict");
  expect_refused_pickle("}(K\x01u", "a key without a value");
  expect_refused_pickle(
      "}K\x01"
      "b",
      "expected a dict");
  expect_refused_pickle(")}b", "expected a dict");
  expect_refused_pickle("K\x01Q", "expected a tuple");
  expect_refused_pickle("\x80\x02", "PROTO in the middle");
  expect_refused_pickle("K\x01.", "bytes follow the end");
}

TEST(Pickle, RefusesOtherProtocols) {
  for (const char* bytes : {"", "\x80", "\x80\x04.", "K\x01.", "(dp0\n."}) {
    EXPECT_DND_ERROR(parse(bytes), ErrorKind::data, "not a pickle of protocol 2");
  }
}

TEST(Pickle, RefusesSizesBeyondTheFile) {
  expect_refused_pickle(
      "X\xff\xff\xff\xff"
      "a",
      "4294967295 bytes needed");
  expect_refused_pickle("J\x01", "4 bytes needed");
  expect_refused_pickle(
      "\x8a\x09"
      "123456789",
      "an integer of 9 bytes");
  expect_refused_pickle("X\x01" + std::string(3, '\0') + "\xff", "not UTF-8");
}

TEST(Pickle, RefusesBombs) {
  const std::string zero(1, '\0');
  expect_refused_pickle(")r\xff\xff\xff\x7f", "memo entry 2147483647 follows entry 0");
  expect_refused_pickle("h\x05", "memo entry 5 is not set");
  expect_refused_pickle("q" + zero, "the stack is empty");
  expect_refused_pickle(std::string(20'000, '('), "marks on the stack");
  expect_refused_pickle(std::string(20'000, ')'), "values on the stack");
  if (testing::kSanitized) return;  // a minute for the others
  expect_refused_pickle(")" + std::string(1'100'000, '\x85'), "objects");
  // Three bytes that copy 9,000 values, again and again.
  std::string copies = "(" + std::string(9'000, '\x88') + "tq" + zero;
  for (int i = 0; i < 1'000; ++i) copies += "h" + zero + "Q";
  expect_refused_pickle(copies, "values in tuples and dicts");
}

TEST(Pickle, RefusesEveryTruncation) {
  const std::string bytes = whole(dict({text("a"), Tensor{}.hooks, text("b"), numbers({1, 2})}));
  EXPECT_NO_THROW(parse(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_DND_ERROR(parse(std::string_view(bytes).substr(0, size)), ErrorKind::data,
                     "x.pkl: byte");
  }
}

}  // namespace
}  // namespace dnd::formats
