#include "chat/template.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/json.h"
#include "support/expect_error.h"
#include "support/sanitizers.h"
#include "support/temp_dir.h"

namespace dnd::chat {
namespace {

const std::vector<Message> kQuestion = {{"user", "Hi"}};

std::string render(const std::string& source, const Limits& limits = {}) {
  return Template(source, {}, "test", limits).render(kQuestion);
}

// Limits that a test need not wait for long.
Limits short_limits() {
  Limits limits;
  limits.time = std::chrono::milliseconds(dnd::testing::kSanitized ? 3000 : 1000);
  return limits;
}

struct Cases {
  Json document =
      read_json_file(std::filesystem::path(DND_TEST_DATA) / "chat" / "cases.json", "cases");
  std::vector<Message> messages;
  TokenStrings tokens = document["tokens"].get<TokenStrings>();
  RenderOptions options;

  Cases() {
    for (const Json& message : document["messages"]) {
      messages.push_back({message["role"], message["content"]});
    }
    options.add_generation_prompt = true;
    options.variables = document["variables"];
    options.now = document["now"].get<std::time_t>();
  }

  std::string render(const Json& test) const {
    return Template(test["source"], tokens, "case").render(messages, options);
  }
};

TEST(ChatTemplate, RendersWhatTheReferenceRenders) {
  ::setenv("TZ", "UTC", 1);
  const Cases cases;
  int count = 0;
  for (const Json& test : cases.document["cases"]) {
    if (test["text"].is_null() || test.contains("refused")) continue;
    try {
      EXPECT_EQ(cases.render(test), test["text"].get<std::string>()) << test["source"];
    } catch (const Error& error) {
      ADD_FAILURE() << test["source"] << ": " << error.what();
    }
    ++count;
  }
  EXPECT_GE(count, 90);
}

TEST(ChatTemplate, RefusesByNameWhatIsNotSupported) {
  const Cases cases;
  int count = 0;
  for (const Json& test : cases.document["cases"]) {
    if (!test.contains("refused")) continue;
    SCOPED_TRACE(test["source"]);
    EXPECT_DND_ERROR(cases.render(test), ErrorKind::data, test["refused"].get<std::string>());
    ++count;
  }
  EXPECT_GE(count, 20);
}

TEST(ChatTemplate, FailsWhereTheReferenceFails) {
  const Cases cases;
  int count = 0;
  for (const Json& test : cases.document["cases"]) {
    if (!test["text"].is_null()) continue;
    SCOPED_TRACE(test["source"]);
    EXPECT_DND_ERROR(cases.render(test), ErrorKind::data, "case: ");
    ++count;
  }
  EXPECT_GE(count, 30);
}

TEST(ChatTemplate, TellsPlaceAndReason) {
  EXPECT_DND_ERROR(
      render("a\n{% if true %}\n{{ [] | tile }}{% endif %}"), ErrorKind::data,
      "test: line 3: filter 'tile' (not supported here, or the template's own mistake)");
  EXPECT_DND_ERROR(render("{{ raise_exception('roles\nmust alternate') }}"), ErrorKind::data,
                   "test: refuses these messages: roles\\x0amust alternate");
  EXPECT_DND_ERROR(render("{{ a.b }}"), ErrorKind::data,
                   "'a', which is undefined, is asked for 'b'");
}

TEST(ChatTemplate, RefusesBadInputs) {
  EXPECT_DND_ERROR(render("\xFF"), ErrorKind::data, "is not UTF-8");
  EXPECT_DND_ERROR(render(std::string(2 << 20, 'a')), ErrorKind::data, "at most 1048576");
  const Template plain("{{ messages[0].content }}", {{"bos_token", "<s>"}}, "test");
  EXPECT_DND_ERROR(plain.render({}), ErrorKind::usage, "no messages");
  EXPECT_DND_ERROR(plain.render(std::vector<Message>{{"user", "\x80"}}), ErrorKind::data,
                   "is not UTF-8");
  RenderOptions options;
  options.variables = {{"messages", 1}};
  EXPECT_DND_ERROR(plain.render(kQuestion, options), ErrorKind::usage,
                   "'messages' is not to be given");
  EXPECT_EQ(plain.render(kQuestion), "Hi");
}

TEST(ChatTemplate, VariablesTakeThePlaceOfTokens) {
  const Template both("{{ bos_token }}{{ enable_thinking }}", {{"bos_token", "<s>"}}, "test");
  RenderOptions options;
  EXPECT_EQ(both.render(kQuestion, options), "<s>");
  options.variables = {{"bos_token", "B"}, {"enable_thinking", false}};
  EXPECT_EQ(both.render(kQuestion, options), "BFalse");
}

TEST(ChatTemplate, BoundsTime) {
  const std::string loop =
      "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}";
  EXPECT_DND_ERROR(render(loop, short_limits()), ErrorKind::data, "ms to render");
  const std::string twice =
      "{% macro m(n) %}{% if n > 0 %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}";
  EXPECT_DND_ERROR(render(twice + "{{ m(99) }}", short_limits()), ErrorKind::data, "ms to render");
}

TEST(ChatTemplate, BoundsMemory) {
  if (dnd::testing::kSanitized) GTEST_SKIP() << "the sanitizers' own limit ends the process";
  Limits limits;
  limits.memory = 128U << 20U;
  const std::string doubling =
      "{% set ns = namespace(x='0123456789') %}{% for i in range(60) %}"
      "{% set ns.x = ns.x ~ ns.x %}{% endfor %}";
  EXPECT_DND_ERROR(render(doubling, limits), ErrorKind::data, "of memory");
  EXPECT_DND_ERROR(render("{{ 'x' * 9999999999 }}", limits), ErrorKind::data, "of memory");
  EXPECT_DND_ERROR(render("{{ 'x' * 20000000 }}"), ErrorKind::data, "a text of 20000000 bytes");
}

TEST(ChatTemplate, BoundsDepth) {
  const std::string forever = "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}";
  EXPECT_DND_ERROR(render(forever), ErrorKind::data, "nested or recursive without end");
  std::string brackets(400000, '(');
  EXPECT_DND_ERROR(render("{{ " + brackets, short_limits()), ErrorKind::data, "test: ");
  std::string sum = "{{ 1";
  for (int i = 0; i < 200000; ++i) sum += "+1";
  EXPECT_DND_ERROR(render(sum + " }}", short_limits()), ErrorKind::data, "test: ");
  std::string deep =
      "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor "
      "%}";
  EXPECT_DND_ERROR(render(deep + "{{ ns.x | tojson }}", short_limits()), ErrorKind::data, "test: ");
}

TEST(ChatTemplate, AFailureDoesNotHarmTheNext) {
  const Template picky(
      "{% macro m() %}{{ m() }}{% endmacro %}{% if messages[0].content == 'bad' %}{{ m() }}{% "
      "endif %}fine",
      {}, "test");
  EXPECT_EQ(picky.render(kQuestion), "fine");
  EXPECT_THROW(picky.render(std::vector<Message>{{"user", "bad"}}), Error);
  EXPECT_EQ(picky.render(kQuestion), "fine");
  for (int i = 0; i < 1100; ++i)
    EXPECT_EQ(picky.render(kQuestion), "fine");  // processes are changed
}

TEST(ChatTemplate, RendersForSeveralThreads) {
  const Template shared("{{ messages[0].content * 3 }}", {}, "test");
  std::vector<std::thread> threads;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    threads.emplace_back([&shared, letter] {
      const std::vector<Message> mine = {{"user", std::string(1, letter)}};
      for (int i = 0; i < 50; ++i) EXPECT_EQ(shared.render(mine), std::string(3, letter));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// The system can end a process with the thread that started it.
TEST(ChatTemplate, OutlivesTheThreadThatMadeIt) {
  std::unique_ptr<Template> made;
  std::thread([&made] {
    made = std::make_unique<Template>("{{ messages[0].content }}", TokenStrings(), "test");
  }).join();
  EXPECT_EQ(made->render(kQuestion), "Hi");
}

// A variable of one text is not in the next.
TEST(ChatTemplate, TextsAreApart) {
  const Template remembers("{{ x is defined }}{% set x = 1 %}", {}, "test");
  EXPECT_EQ(remembers.render(kQuestion), "False");
  EXPECT_EQ(remembers.render(kQuestion), "False");
}

TEST(RendererProcess, TellsWhatCannotBeStarted) {
  const dnd::testing::TempDir dir;
  EXPECT_DND_ERROR(RendererProcess(dir / "none", "who", {}), ErrorKind::unavailable,
                   "who: cannot start ");
}

TEST(RendererProcess, TellsOfAProcessThatEnds) {
  RendererProcess ends("/bin/true", "who", {});
  EXPECT_DND_ERROR(ends.ask({{"source", ""}}), ErrorKind::data, "who: its renderer ended early");
  EXPECT_FALSE(ends.is_running());
}

}  // namespace
}  // namespace dnd::chat
