// Attention in strips against the definition in fp64, on every instruction set of this processor.
#include "ops/cpu/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "support/every_target.h"

namespace dnd::ops::cpu {
namespace {

using Values = std::vector<float>;

Values random_values(std::int64_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0.0F, 2.0F);
  Values values(static_cast<std::size_t>(size));
  for (float& value : values) value = normal(random);
  return values;
}

struct Case {
  AttentionShape shape;
  std::int64_t rows = 0;
  Values queries, key_values,
      bias;  // (rows, width), (keys, 2 * width), (heads, rows, keys) or none

  Case(const AttentionShape& s, std::int64_t row_count, bool with_bias)
      : shape(s),
        rows(row_count),
        queries(random_values(row_count * s.width(), 1)),
        key_values(random_values(2 * s.keys * s.width(), 2)) {
    if (with_bias) bias = random_values(s.heads * row_count * s.keys, 3);
  }

  Values attended() const {
    const AttentionKeys keys(shape, key_values.data(), 2 * shape.width());
    AttentionQueries input{queries.data(), rows, 0.3F};
    if (!bias.empty()) {
      input.bias = bias.data();
      input.bias_head = rows * shape.keys;
      input.bias_row = shape.keys;
    }
    Values out(queries.size(), NAN);
    attend(keys, input, out.data());
    return out;
  }

  double at(const Values& values, std::int64_t index) const {
    return values[static_cast<std::size_t>(index)];
  }

  // softmax(0.3 q k + bias) of one query of one head.
  std::vector<double> weights(std::int64_t head, std::int64_t row) const {
    std::vector<double> out;
    double sum = 0.0;
    for (std::int64_t k = 0; k < shape.keys; ++k) {
      double score = bias.empty() ? 0.0 : at(bias, (head * rows + row) * shape.keys + k);
      for (std::int64_t i = head * shape.head_size; i < (head + 1) * shape.head_size; ++i) {
        score +=
            0.3 * at(queries, row * shape.width() + i) * at(key_values, 2 * k * shape.width() + i);
      }
      out.push_back(std::exp(score));
      sum += out.back();
    }
    for (double& weight : out) weight /= sum;
    return out;
  }

  double expected(std::int64_t row, std::int64_t column) const {
    const std::vector<double> weight = weights(column / shape.head_size, row);
    double sum = 0.0;
    for (std::int64_t k = 0; k < shape.keys; ++k) {
      sum += weight[static_cast<std::size_t>(k)] *
             at(key_values, (2 * k + 1) * shape.width() + column);
    }
    return sum;
  }

  void check() const {
    const Values out = attended();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < shape.width(); ++c) {
        ASSERT_NEAR(at(out, r * shape.width() + c), expected(r, c), 2e-5)
            << "row " << r << ", column " << c << ", " << shape.keys << " keys";
      }
    }
  }
};

TEST(Attention, EqualsItsDefinition) {
  testing::on_every_target([] {
    for (const std::int64_t keys : {1, 15, 16, 17, 36, 64}) {
      Case({3, 32, keys}, 7, false).check();
      Case({2, 5, keys}, 4, true).check();  // heads that are no whole vectors
      Case({1, 48, keys}, 1, true).check();
    }
  });
}

TEST(Attention, LargeScoresDoNotOverflow) {
  testing::on_every_target([] {
    Case big({1, 16, 20}, 5, false);
    for (float& value : big.queries) value *= 1000.0F;
    const Values out = big.attended();
    for (const float value : out) EXPECT_TRUE(std::isfinite(value));
  });
}

TEST(Attention, ARowDoesNotDependOnTheOthers) {
  testing::on_every_target([] {
    const Case all({2, 32, 36}, 10, false);
    const Values whole = all.attended();
    Case part({2, 32, 36}, 3, false);
    part.queries.assign(all.queries.begin() + 5 * 64, all.queries.begin() + 8 * 64);
    EXPECT_EQ(part.attended(), Values(whole.begin() + 5 * 64, whole.begin() + 8 * 64));
  });
}

}  // namespace
}  // namespace dnd::ops::cpu
