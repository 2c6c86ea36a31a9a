// Causal attention with a cache against sums in fp64, and bit by bit against itself.
#include "ops/cpu/cached_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "support/every_target.h"

namespace dnd::ops::cpu {
namespace {

using Values = std::vector<float>;

Values uniform_values(std::int64_t count, std::uint64_t seed) {
  SplitMix64 random(seed);
  Values values(static_cast<std::size_t>(count));
  for (float& value : values) value = 4.0F * random.unit() - 2.0F;
  return values;
}

// A sequence of tokens with its queries (T, H D), keys and values (K, T, D).
struct CachedCase {
  CachedCase(const AttentionRule& given, std::int64_t length)
      : rule(given),
        tokens(length),
        queries(uniform_values(tokens * width(), 1)),
        keys(uniform_values(rule.key_value_heads * tokens * rule.head_size, 2)),
        values(uniform_values(rule.key_value_heads * tokens * rule.head_size, 3)) {}

  std::int64_t width() const { return rule.heads * rule.head_size; }

  // Tokens `begin` ... of the cache.
  CachedTokens cached(std::int64_t begin, std::int64_t count) const {
    const std::int64_t skipped = begin * rule.head_size;
    return {keys.data() + skipped, values.data() + skipped, tokens * rule.head_size, count};
  }

  // Contexts of the last `rows` tokens of the first `end`.
  Values run(std::vector<CachedTokens> cache, std::int64_t end, std::int64_t rows) const {
    Values contexts(static_cast<std::size_t>(rows * width()), 7.0F);
    for (std::int64_t head = 0; head < rule.key_value_heads; ++head) {
      attend_cached(rule, cache,
                    {queries.data() + (end - rows) * width(), width(), contexts.data(), width(),
                     end - rows, rows},
                    head);
    }
    return contexts;
  }
  Values all() const { return run({cached(0, tokens)}, tokens, tokens); }

  double product(std::int64_t query, std::int64_t head, std::int64_t key) const {
    const std::int64_t shared = head / (rule.heads / rule.key_value_heads);
    const float* q = queries.data() + query * width() + head * rule.head_size;
    const float* k = keys.data() + (shared * tokens + key) * rule.head_size;
    double sum = 0.0;
    for (std::int64_t i = 0; i < rule.head_size; ++i) sum += static_cast<double>(q[i] * k[i]);
    sum *= static_cast<double>(rule.scale);
    const auto cap = static_cast<double>(rule.softcap);
    return cap == 0.0 ? sum : cap * std::tanh(sum / cap);
  }

  // The context of one head of one token, in fp64.
  std::vector<double> exact(std::int64_t query, std::int64_t head) const {
    const std::int64_t shared = head / (rule.heads / rule.key_value_heads);
    std::vector<double> context(static_cast<std::size_t>(rule.head_size), 0.0);
    double sum = 0.0;
    for (std::int64_t t = std::max<std::int64_t>(query - rule.window, -1) + 1; t <= query; ++t) {
      const double weight = std::exp(product(query, head, t));
      sum += weight;
      for (std::size_t i = 0; i < context.size(); ++i) {
        const auto at = static_cast<std::size_t>((shared * tokens + t) * rule.head_size);
        context[i] += weight * static_cast<double>(values[at + i]);
      }
    }
    for (double& value : context) value /= sum;
    return context;
  }

  AttentionRule rule;
  std::int64_t tokens;
  Values queries, keys, values;
};

std::vector<CachedCase> cases() {
  return {{{.heads = 1, .key_value_heads = 1, .head_size = 2}, 1},
          {{.heads = 6, .key_value_heads = 2, .head_size = 64, .scale = 0.125F}, 37},
          {{.heads = 4, .key_value_heads = 4, .head_size = 20, .scale = 0.3F, .softcap = 2.0F}, 40},
          {{.heads = 2, .key_value_heads = 1, .head_size = 40, .scale = 0.2F, .window = 5}, 50}};
}

TEST(CachedAttention, EqualsFp64OnEveryTarget) {
  testing::on_every_target([] {
    for (const CachedCase& c : cases()) {
      const Values contexts = c.all();
      for (std::int64_t t = 0; t < c.tokens; ++t) {
        for (std::int64_t h = 0; h < c.rule.heads; ++h) {
          const std::vector<double> exact = c.exact(t, h);
          for (std::size_t i = 0; i < exact.size(); ++i) {
            const auto at = static_cast<std::size_t>(t * c.width() + h * c.rule.head_size) + i;
            ASSERT_NEAR(static_cast<double>(contexts[at]), exact[i], 5e-6) << t << " " << h;
          }
        }
      }
    }
  });
}

TEST(CachedAttention, NeitherOtherRowsNorCutsOfTheCacheChangeABit) {
  testing::on_every_target([] {
    for (const CachedCase& c : cases()) {
      const Values contexts = c.all();
      for (std::int64_t end = 1; end <= c.tokens; ++end) {
        for (const std::int64_t rows : {1, 2, 5, 19}) {
          if (rows > end) continue;
          const Values expected(contexts.begin() + (end - rows) * c.width(),
                                contexts.begin() + end * c.width());
          const std::int64_t cut = end / 3;
          EXPECT_EQ(c.run({c.cached(0, end)}, end, rows), expected);
          EXPECT_EQ(c.run({c.cached(0, cut), c.cached(cut, 1), c.cached(cut + 1, end - cut - 1)},
                          end, rows),
                    expected);
        }
      }
    }
  });
}

}  // namespace
}  // namespace dnd::ops::cpu
