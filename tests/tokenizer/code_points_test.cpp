// The tables against the library, by digests over all code points (scripts/make_tokenizer_cases.py).
#include "tokenizer/code_points.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "base/json.h"
#include "support/sanitizers.h"
#include "text/unicode.h"
#include "tokenizer/class_writer.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/onig_class.h"
#include "tokenizer/regex.h"

namespace dnd::tokenizer {
namespace {

Json cases() {
  return read_json_file(std::string(DND_TEST_DATA) + "/tokenizer/classes.json", "classes.json");
}

class Digest {
 public:
  void add(char32_t point) { value_ = (value_ ^ point) * 0x100000001B3U; }
  std::string text() const {
    char text[17];
    std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value_));
    return text;
  }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325U;
};

// Those that the library was asked about.
template <typename Visit>
void each_point(const Visit& visit) {
  for (char32_t point = 0; point < 0xE1000; ++point) {
    if (point == 0xD800) point = 0xE000;
    if (point == 0x34000) point = 0xE0000;
    visit(point);
  }
}

TEST(CodePoints, ClassesAreOnigurumas) {
  std::string text;
  std::vector<char32_t> points;
  each_point([&](char32_t point) {
    append_point(text, point);
    points.push_back(point);
  });
  const Json file = cases();
  for (const auto& [expression, digest] : file.at("classes").items()) {
    std::vector<Span> spans;
    Pattern::expression(expression, "test").find(text, spans);
    Digest found;
    for (const Span& span : spans) {
      for (std::size_t at = span.begin; span.is_match && at < span.end;)
        found.add(decode_at(text, at));
    }
    EXPECT_EQ(found.text(), digest.get<std::string>()) << expression;
  }
}

// Under sanitizers, which take minutes for all, every 64th is changed and nothing compared.
TEST(CodePoints, NormalizersChangeEveryCodePointAsTheLibraryDoes) {
  constexpr char32_t kStep = testing::kSanitized ? 64 : 1;
  const Json file = cases();
  for (const Json& test : file.at("normalizers")) {
    const auto normalizer = read_normalizer(test.at("value"), "test");
    Digest found;
    NormalizedText text;
    each_point([&](char32_t point) {
      if (point % kStep != 0) return;
      std::string one = "a";
      append_point(one, point);
      text.assign(one, false);
      normalizer->normalize(text);
      for (const char32_t c : text::decode_utf8(text.text() + "|")) found.add(c);
    });
    if (testing::kSanitized) continue;
    EXPECT_EQ(found.text(), test.at("digest").get<std::string>()) << json_line(test.at("value"));
  }
}

TEST(CodePoints, ClassesAreWrittenWithCategoriesAndExceptions) {
  const std::string letters = write_class(ranges_of(CategorySet{0x3E, {}}));
  EXPECT_NE(letters.find("\\p{L}"), std::string::npos);
  EXPECT_LT(letters.size(), 600U);
  CodePointRanges all;
  all.invert();
  EXPECT_EQ(write_class(all), "(?s:.)");
  EXPECT_EQ(write_class(CodePointRanges()), "(?:(?!))");
}

}  // namespace
}  // namespace dnd::tokenizer
