#include "base/strings.h"

#include <gtest/gtest.h>

#include "base/checked_math.h"
#include "support/expect_error.h"

namespace dnd {
namespace {

TEST(Strings, CatAndFail) {
  EXPECT_EQ(cat("a", 1, ' ', 2.5), "a1 2.5");
  EXPECT_DND_ERROR(fail(ErrorKind::usage, "x", 7), ErrorKind::usage, "x7");
}

TEST(Strings, ShapeText) {
  EXPECT_EQ(shape_text({}), "[]");
  EXPECT_EQ(shape_text({10, 130}), "[10, 130]");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>(16, 1)),
            "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]");
  EXPECT_EQ(shape_text(std::vector<std::int64_t>(5000, 1)),
            "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ... (5000 sizes)]");
}

TEST(Strings, PrintableKeepsTextAndEscapesTheRest) {
  EXPECT_EQ(printable("größe ☃"), "größe ☃");
  EXPECT_EQ(printable("a\x1b[2J\n\x7f"), "a\\x1b[2J\\x0a\\x7f");
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable(std::string(120, 'a')), std::string(120, 'a'));
  EXPECT_EQ(printable(std::string(121, 'a')), std::string(120, 'a') + "...");
}

// Control characters of the second block (U+0080 to U+009F) drive some terminals.
TEST(Strings, PrintableEscapesC1Controls) { EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b"); }

TEST(Strings, HumanBytes) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1 kB");
  EXPECT_EQ(human_bytes(4'450'000'000), "4.45 GB");
  EXPECT_EQ(human_bytes(999'600), "1 MB");
  EXPECT_EQ(human_bytes(1'500'000'000'000), "1.5 TB");
}

TEST(Strings, Digits) {
  EXPECT_EQ(fixed_digits(96.456, 1), "96.5");
  EXPECT_EQ(fixed_digits(-0.5, 3), "-0.500");
  EXPECT_EQ(fixed_digits(1e308, 2).size(), 312U);
  EXPECT_EQ(significant_digits(0.0123456, 3), "0.0123");
  EXPECT_EQ(significant_digits(1.23e9, 2), "1.2e+09");
}

TEST(Strings, Trimmed) {
  EXPECT_EQ(trimmed(" \t\v a b\f\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Strings, Hex) {
  const std::uint8_t bytes[] = {0, 0x1f, 0xff};
  EXPECT_EQ(to_hex(bytes, 3), "001fff");
  EXPECT_EQ(to_hex(bytes, 0), "");
}

TEST(Strings, Split) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(split("a,b", ','), (Parts{"a", "b"}));
  EXPECT_EQ(split("", ','), (Parts{""}));
  EXPECT_EQ(split(",a,", ','), (Parts{"", "a", ""}));
}

TEST(Strings, Utf8) {
  for (const char* good : {"", "a", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(good)) << printable(good);
  }
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
                          "\xc2", "\xe0\xa0", "\xf0\x90\x80", "\xc2 ", "a\xfe"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << printable(bad);
  }
}

TEST(Strings, NearestWord) {
  const std::vector<std::string> words = {"generate", "inspect", "merge"};
  EXPECT_EQ(nearest_word("genrate", words), "generate");
  EXPECT_EQ(nearest_word("merge", words), "merge");
  EXPECT_EQ(nearest_word("xyzzy", words), "");
  EXPECT_EQ(nearest_word("trian", {"train", "main"}), "train");
  EXPECT_EQ(nearest_word("ab", {"ba"}), "ba");
  EXPECT_EQ(nearest_word("abcd", {"badc"}), "");
  EXPECT_EQ(nearest_word("x", {}), "");
}

TEST(CheckedMath, StopsAtTheBorders) {
  EXPECT_EQ(checked_mul(1ULL << 32U, (1ULL << 32U) - 1), 0xFFFFFFFF00000000ULL);
  EXPECT_EQ(checked_mul(1ULL << 32U, 1ULL << 32U), std::nullopt);
  EXPECT_EQ(checked_add(~0ULL, 0), ~0ULL);
  EXPECT_EQ(checked_add(~0ULL, 1), std::nullopt);
  EXPECT_EQ(checked_elements({}), 1U);
  EXPECT_EQ(checked_elements({2, 0, 3}), 0U);
  EXPECT_EQ(checked_elements({2, -1}), std::nullopt);
  EXPECT_EQ(checked_elements({INT64_MAX, 3}), std::nullopt);
}

}  // namespace
}  // namespace dnd
