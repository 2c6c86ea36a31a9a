#include "tasks/draws.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <set>

namespace dnd::tasks {
namespace {

const std::vector<TaskSize> kTasks = {{.prompts = 5, .adapters = 1}, {.prompts = 9, .adapters = 4}};

TEST(DrawExample, IsAFunctionOfItsKey) {
  const ExampleKey key{.seed = 3, .step = 10, .index = 2};
  const Draw draw = draw_example(kTasks, 4, key);
  const Draw again = draw_example(kTasks, 4, key);
  EXPECT_EQ(draw.prompts, again.prompts);
  EXPECT_EQ(draw.task, again.task);
  std::set<std::vector<std::size_t>> others;
  for (std::uint64_t step = 0; step < 20; ++step) {
    others.insert(draw_example(kTasks, 4, {.seed = 3, .step = step, .index = 2}).prompts);
    others.insert(draw_example(kTasks, 4, {.seed = 4, .step = step, .index = 2}).prompts);
    others.insert(draw_example(kTasks, 4, {.seed = 3, .step = step, .index = 7}).prompts);
  }
  EXPECT_GT(others.size(), 50U);
}

TEST(DrawExample, TasksAndAdaptersAreUniform) {
  std::map<std::size_t, int> tasks;
  std::map<std::size_t, int> adapters;
  std::map<std::size_t, int> prompts;
  for (std::uint64_t i = 0; i < 8000; ++i) {
    const Draw draw = draw_example(kTasks, 3, {.seed = 1, .step = i / 16, .index = i % 16});
    ++tasks[draw.task];
    if (draw.task != 1) continue;
    ++adapters[draw.adapter];
    for (const std::size_t prompt : draw.prompts) ++prompts[prompt];
    EXPECT_EQ(std::set<std::size_t>(draw.prompts.begin(), draw.prompts.end()).size(), 3U);
  }
  EXPECT_NEAR(tasks[1], 4000, 200);  // five standard deviations or more, as below
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(adapters[i], 1000, 150);
  for (std::size_t i = 0; i < 9; ++i) EXPECT_NEAR(prompts[i], 4000 / 3, 170);
}

TEST(DrawExample, FewPromptsAreRepeatedInTheOrderDrawn) {
  const std::vector<TaskSize> tasks = {{.prompts = 3, .adapters = 1}};
  const Draw draw = draw_example(tasks, 8, {});
  ASSERT_EQ(draw.prompts.size(), 8U);
  for (std::size_t i = 3; i < 8; ++i) EXPECT_EQ(draw.prompts[i], draw.prompts[i - 3]);
  EXPECT_EQ(std::set<std::size_t>(draw.prompts.begin(), draw.prompts.end()).size(), 3U);
}

std::vector<float> noise(std::size_t count, double deviation, const ExampleKey& key,
                         NoiseStream stream = NoiseStream::condition) {
  std::vector<float> values(count, 1.0F);
  add_noise(values, deviation, key, stream);
  return values;
}

TEST(AddNoise, IsAFunctionOfItsKeyAndStream) {
  const ExampleKey key{.seed = 1, .step = 2, .index = 3};
  EXPECT_EQ(noise(100, 0.1, key), noise(100, 0.1, key));
  EXPECT_NE(noise(100, 0.1, key), noise(100, 0.1, key, NoiseStream::target));
  EXPECT_NE(noise(100, 0.1, key), noise(100, 0.1, {.seed = 1, .step = 2, .index = 4}));
  EXPECT_EQ(noise(100, 0.0, key), std::vector<float>(100, 1.0F));
}

// Share of N(0, 1) below x.
double below(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(AddNoise, IsNormal) {
  constexpr std::size_t kCount = 2'000'000;
  const std::vector<float> values = noise(kCount, 2.0, {.seed = 5});
  // Each share within five standard deviations, the tail behind the ziggurat's last edge included.
  for (const double x : {-4.0, -3.5, -3.0, -2.0, -1.0, -0.3, 0.0, 0.5, 1.5, 2.5, 3.4, 3.6, 4.2}) {
    double count = 0.0;
    for (const float value : values) {
      if ((static_cast<double>(value) - 1.0) / 2.0 < x) count += 1.0;
    }
    const double expected = below(x);
    const double bound = 5.0 * std::sqrt(expected * (1.0 - expected) / kCount);
    EXPECT_NEAR(count / kCount, expected, bound) << x;
  }
}

}  // namespace
}  // namespace dnd::tasks
