#include "adapter/python_expression.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dnd::adapter {
namespace {

using Kind = PythonExpression::Kind;

// Verdicts of Python 3.11's re.fullmatch().
struct Match {
  const char* expression;
  const char* text;
  bool matches;
};

TEST(PythonExpression, MatchesTheWholeText) {
  const std::vector<Match> cases = {
      {"a|ab", "ab", true},          {"a", "ab", false},
      {".*\\.(?:q|v)", "x.v", true}, {"(?P<k>.)(?P=k)", "aa", true},
      {"(.)\\1", "ab", false},       {"a{2}", "aa", true},
      {"a{,2}", "aaa", false},       {"a{,2}", "", true},
      {"a{x}", "a{x}", true},        {"a{}", "a{}", true},
      {"(a{2}){2}", "aaaa", true},   {"[]a]+", "a]", true},
      {"[^]a]", "]", false},         {"[[:alpha:]]", "a]", true},
      {"[a\\]]+", "]a", true},       {"\\Aa\\Z", "a", true},
      {"a\\Z", "a\n", false},        {"(?i)AB", "ab", true},
      {"(?i:A)B", "ab", false},      {"(?#note)a", "a", true},
      {".*?b", "aab", true},         {".*+b", "aab", false},
      {"(?>a*)b", "aab", true},      {".*(?<=x\\.)q", "x.q", true},
      {"(?<!x)q", "q", true},        {"\\x41\\u0042\\v", "AB\x0b", true},
      {"[\\b]", "\b", true},         {"\\.\\d+\\b", ".12", true},
      {"#a b", "#a b", true},        {"a]}", "a]}", true},
  };
  for (const Match& each : cases) {
    const PythonExpression expression(each.expression);
    ASSERT_EQ(expression.kind(), Kind::understood) << each.expression;
    EXPECT_EQ(expression.matches(each.text), each.matches) << each.expression << " " << each.text;
  }
}

TEST(PythonExpression, WhatPythonRefuses) {
  for (const char* text : {"(",
                           ")",
                           "a)",
                           "[a",
                           "[]",
                           "*a",
                           "|*",
                           "(*a)",
                           "a**",
                           "a{1}{2}",
                           "^*",
                           "a{3,2}",
                           "\\",
                           "\\y",
                           "[\\A]",
                           "\\Q",
                           "\\x4",
                           "(?<n>a)",
                           "(?P<1>a)",
                           "(?P>n)",
                           "(?R)",
                           "(?1)",
                           "(?|a)",
                           "(?#",
                           "[b-a]",
                           "(a)(?P=n)",
                           "\\2",
                           "(?<=a*)b",
                           "(?P<n>a)(?P<n>b)"}) {
    EXPECT_EQ(PythonExpression(text).kind(), Kind::invalid) << text;
  }
}

TEST(PythonExpression, WhatIsLeftOpen) {
  for (const std::string& text :
       {std::string("(a)(?(1)b|c)"), std::string("a(?i)"), std::string("(?x)a"),
        std::string("\\012"), std::string("a{70000}"), std::string("a\\z"),
        std::string(3000, 'a')}) {
    const PythonExpression expression(text);
    EXPECT_EQ(expression.kind(), Kind::unknown) << text;
    EXPECT_FALSE(expression.matches("a")) << text;
  }
}

TEST(PythonExpression, WorkIsBounded) {
  EXPECT_FALSE(PythonExpression("(a*)*(a*)*(a*)*b").matches(std::string(1000, 'a')));
}

}  // namespace
}  // namespace dnd::adapter
