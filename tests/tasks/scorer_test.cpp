#include "tasks/scorer.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "support/expect_error.h"

namespace dnd::tasks {
namespace {

Scorer read(const char* text) { return scorer_from_json(parse_json(text, "t"), "t"); }

TEST(Scorer, IsANameOrAnObject) {
  EXPECT_EQ(read("\"first_line\"").kind, ScorerKind::first_line);
  const Scorer regex = read(R"({"name": "regex", "pattern": "a(b)c", "select": "last"
})");
  EXPECT_EQ(regex.pattern, "a(b)c");
  EXPECT_TRUE(regex.last);
  EXPECT_TRUE(read(R"({"name": "exact", "ignore_case": true})").ignore_case);
  EXPECT_TRUE(read(R"({"name": "choice", "normalized": true})").normalized);
  EXPECT_EQ(read(R"({"name": "number", "tolerance": 0.5})").tolerance, 0.5);
  EXPECT_EQ(scorer_name(scorer_of_name("rouge_l").kind), "rouge_l");
}

TEST(Scorer, RefusesWhatItDoesNotKnow) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"\"bleu\"", "unknown scorer 'bleu'; there are exact, "},
      {"\"regex\"", "needs a pattern"},
      {"3", "expected an object"},
      {R"({"name": "f1", "ignore_case": true})", "ignore_case"},
      {R"({"name": "regex"})", "'pattern' is missing"},
      {R"({"name": "regex", "pattern": "a", "select": "all"})", "expected first or last"},
      {R"({"name": "number", "tolerance": -1})", "negative"}};
  for (const auto& [text, message] : cases) {
    EXPECT_DND_ERROR(read(text), ErrorKind::data, message);
  }
  EXPECT_DND_ERROR(scorer_of_name("bleu"), ErrorKind::usage, "--scorer: unknown");
  EXPECT_DND_ERROR(scorer_of_name("regex"), ErrorKind::usage, "needs a pattern");
}

}  // namespace
}  // namespace dnd::tasks
