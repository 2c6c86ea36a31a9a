#include "text/glove.h"

#include <gtest/gtest.h>

#include "support/expect_error.h"
#include "support/temp_dir.h"

namespace dnd::text {
namespace {

using Words = std::vector<std::string>;

TEST(GloveWords, Rules) {
  EXPECT_EQ(glove_words("Hello, World; again: why?"), (Words{"hello", "world", "again", "why"}));
  EXPECT_EQ(glove_words("well-known fact"), (Words{"well", "known", "fact"}));
  EXPECT_EQ(glove_words("first line.\nsecond"), (Words{"first", "line"}));
  EXPECT_EQ(glove_words("first\r\nsecond"), Words{"first"});
  EXPECT_EQ(glove_words("pi is 3.14. not .5 or 5. or v1.x"),
            (Words{"pi", "is", "3.14", "not", "5", "or", "5", "or", "v1x"}));
  EXPECT_EQ(glove_words("1,.5"), Words{"1.5"});  // the comma goes first
  EXPECT_EQ(glove_words("two  spaces"), (Words{"two", "", "spaces"}));
  EXPECT_EQ(glove_words("a - b"), (Words{"a", "", "", "b"}));
  EXPECT_EQ(glove_words(""), Words{""});
  EXPECT_EQ(glove_words("\nx"), Words{""});
  EXPECT_EQ(glove_words("ÉTÉ (a) \"b\"!"), (Words{"été", "(a)", "\"b\"!"}));
}

class Glove : public ::testing::Test {
 protected:
  GloveCondition read(std::string_view content, const std::vector<std::string>& prompts,
                      std::size_t length, std::size_t width = 2) {
    return glove_condition(dir_.file("glove.txt", content), prompts, length, width);
  }
  testing::TempDir dir_;
};

TEST_F(Glove, KnownUnknownPaddedAndCut) {
  const GloveCondition condition =
      read("the 1 -2.5\ncat 3e-1 4\ndog 5 6\n", {"The cat", "unseen the dog", "cat"}, 2);
  EXPECT_EQ(condition.prompts, 3);
  EXPECT_EQ(condition.length, 2);
  EXPECT_EQ(condition.width, 2);
  EXPECT_EQ(condition.values, (std::vector<float>{1, -2.5F, 0.3F, 4,  // the cat
                                                  1, 1, 1, -2.5F,     // unseen the (dog is cut)
                                                  0.3F, 4, 0, 0}));   // cat, padding
  EXPECT_EQ(condition.words, 5U);
  EXPECT_EQ(condition.unknown, 1U);
}

TEST_F(Glove, EmptyWordsAreUnknown) {
  const GloveCondition condition = read(" 7 7\na 2 3", {"a  a", ""}, 3);
  EXPECT_EQ(condition.values, (std::vector<float>{2, 3, 1, 1, 2, 3, 1, 1, 0, 0, 0, 0}));
  EXPECT_EQ(condition.unknown, 2U);
}

TEST_F(Glove, WordsWithSpacesInTheFileAreNotMistaken) {
  const GloveCondition condition = read("at x@y.z 9 9\n. . . 8 8\nat 2 3\n", {"at x@y.z"}, 2);
  EXPECT_EQ(condition.values, (std::vector<float>{2, 3, 1, 1}));
}

TEST_F(Glove, TheFirstLineOfAWordCounts) {
  EXPECT_EQ(read("a 1 2\nb 3 4\na 5 6\n", {"a b c"}, 1).values, (std::vector<float>{1, 2}));
  EXPECT_EQ(read("a 4 2 \r\na 5 6\r\n", {"a c"}, 2).values, (std::vector<float>{4, 2, 1, 1}));
}

TEST_F(Glove, MalformedLines) {
  EXPECT_DND_ERROR(read("400000 300\na 1 2\n", {"a"}, 1), ErrorKind::data,
                   "glove.txt: line 1: 1 numbers behind the word, expected 2");
  EXPECT_DND_ERROR(read("x 1 2\ny 1", {"a"}, 1), ErrorKind::data, "glove.txt: line 2: 1 numbers");
  EXPECT_DND_ERROR(read("x 1 2\n\na 1 2", {"a"}, 1), ErrorKind::data, "line 2: 0 numbers");
  for (const char* number : {"1x", "nan", "inf", "1e99", "0x1", "\x1b[2J"}) {
    EXPECT_DND_ERROR(read(std::string("a 1 ") + number + "\n", {"a"}, 1), ErrorKind::data,
                     "is not a number");
  }
  EXPECT_DND_ERROR(read("a 1  2\n", {"a"}, 1, 3), ErrorKind::data, "line 1: '' is not a number");
}

TEST_F(Glove, BadArguments) {
  EXPECT_DND_ERROR(glove_condition(dir_ / "none.txt", {"a"}, 1, 2), ErrorKind::no_input,
                   "none.txt");
  EXPECT_DND_ERROR(read("a 1 2\n", {"a"}, 1, 0), ErrorKind::usage, "[1, 1, 0]");
  EXPECT_DND_ERROR(read("a 1 2\n", {"a", "b"}, std::size_t{1} << 62U, 2), ErrorKind::usage,
                   "no condition has the shape");
}

}  // namespace
}  // namespace dnd::text
