#include "text/unicode.h"

#include <gtest/gtest.h>

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
