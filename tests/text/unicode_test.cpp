#include "text/unicode.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "text/unicode_tables.h"

namespace dnd::text {
namespace {

TEST(Utf8, RoundTripsEveryLength) {
  const std::string text = "aé漢😀";
  std::string out;
  for (const char32_t point : decode_utf8(text)) append_utf8(out, point);
  EXPECT_EQ(out, text);
  EXPECT_EQ(decode_utf8(text), U"aé漢😀");
}

TEST(Utf8, IllFormedBytesBecomeReplacementCharacters) {
  EXPECT_EQ(decode_utf8("a\xFF"
                        "b\xC3"),
            U"a\uFFFDb\uFFFD");
  EXPECT_EQ(decode_utf8("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");  // a surrogate
}

TEST(UnicodeTables, AreAscendingAndDisjoint) {
  for (const auto table : {kOther, kNonspacingMarks, kBertPunctuation}) {
    ASSERT_FALSE(table.empty());
    for (std::size_t i = 0; i < table.size(); ++i) {
      EXPECT_LE(table[i].first, table[i].last);
      if (i > 0) {
        EXPECT_LT(table[i - 1].last, table[i].first);
      }
    }
  }
}

TEST(UnicodeClasses, EdgesOfRanges) {
  EXPECT_TRUE(is_nonspacing_mark(0x300));
  EXPECT_TRUE(is_nonspacing_mark(0x36F));
  EXPECT_FALSE(is_nonspacing_mark(0x2FF));
  EXPECT_FALSE(is_nonspacing_mark(0x370));
  EXPECT_FALSE(is_nonspacing_mark(0x8D4));  // a mark since Unicode 9
  EXPECT_TRUE(is_nonspacing_mark(0xE01EF));
  EXPECT_FALSE(is_nonspacing_mark(0x10FFFF));
  EXPECT_FALSE(is_bert_punctuation(0));
  EXPECT_TRUE(is_bert_ideograph(0x2B920));
  EXPECT_FALSE(is_bert_ideograph(0x2B91F));  // block E's first characters are left out
  EXPECT_TRUE(is_deleted_by_bert(0x85));
  EXPECT_FALSE(is_deleted_by_bert('\t'));
}

TEST(UnicodeClasses, AsciiPunctuation) {
  for (char32_t c = 0; c < 0x80; ++c) {
    const bool expected = (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) ||
                          (c >= 123 && c <= 126);
    EXPECT_EQ(is_bert_punctuation(c), expected) << static_cast<unsigned>(c);
  }
}

TEST(UnicodeMappings, DecomposeAndLower) {
  EXPECT_EQ(decompose(U'é'), U"e\u0301");
  EXPECT_EQ(decompose(U'가'), U"\u1100\u1161");
  EXPECT_EQ(decompose(U'\u1F82'), U"\u03B1\u0313\u0300\u0345");  // the longest there is
  EXPECT_EQ(decompose(U'ﬁ'), U"ﬁ");                              // compatibility only
  std::u32string lower;
  for (const char32_t c : {U'A', U'İ', U'Σ', U'ẞ', U'1'}) append_lower(lower, c);
  EXPECT_EQ(lower, U"ai\u0307σß1");
}

}  // namespace
}  // namespace dnd::text
