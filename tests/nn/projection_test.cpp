// The projection of long conditions against its definition in fp64.
#include "nn/projection.h"

#include <ATen/Tensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "support/tensors.h"

namespace dnd::nn {
namespace {

using ops::Precision;
using ops::Workers;
using testing::largest_difference;

constexpr std::int64_t kPrompts = 3, kFrom = 40, kTo = 12, kColumns = 30;

class Projection : public ::testing::Test {
 protected:
  at::Tensor project(const at::Tensor& condition, int threads, Precision precision) const {
    return project_condition(Workers(threads), condition, weights_, precision);
  }

  // The condition read as (N * C, L).
  static at::Tensor rows_of(const at::Tensor& condition) { return condition.view({-1, kFrom}); }

  at::Tensor expected(const at::Tensor& condition) const {
    const auto wide = [](const at::Tensor& x) { return x.to(at::kDouble); };
    const at::Tensor inner =
        at::linear(wide(rows_of(condition)), wide(weights_.down), wide(weights_.down_bias));
    return at::linear(inner, wide(weights_.gate), wide(weights_.gate_bias))
        .view({kPrompts, kTo, kColumns});
  }

  const c10::InferenceMode inference_;
  const Workers one_thread_{1};
  const ProjectionWeights weights_{at::randn({kTo, kFrom}).mul_(0.2), at::randn({kTo}),
                                   at::randn({kTo, kTo}).mul_(0.3), at::randn({kTo})};
  const at::Tensor condition_ = at::randn({kPrompts, kFrom, kColumns});
};

TEST_F(Projection, EqualsItsDefinition) {
  EXPECT_LT(largest_difference(project(condition_, 2, Precision::exact), expected(condition_)),
            5e-6);
  const double rounded =
      largest_difference(project(condition_, 2, Precision::bf16), expected(condition_));
  EXPECT_LT(rounded, 5e-2);
  EXPECT_GT(rounded, 1e-4);
}

// 90 rows of 7 kinds; then some that differ from a kind in their last value only.
TEST_F(Projection, EqualRowsGetTheBytesOfARowOfItsOwn) {
  const at::Tensor rows = rows_of(condition_);
  for (std::int64_t i = 7; i < rows.size(0); ++i) rows.select(0, i).copy_(rows.select(0, i % 7));
  for (const std::int64_t i : {11, 50, 89}) rows.select(0, i).select(0, kFrom - 1).add_(1.0);
  const at::Tensor all = project(condition_, 2, Precision::exact);
  EXPECT_LT(largest_difference(all, expected(condition_)), 5e-6);
  const at::Tensor results = all.view({-1, kTo});
  for (const std::int64_t i : {0, 6, 11, 12, 50, 88, 89}) {
    const at::Tensor row = rows.narrow(0, i, 1).clone().view({1, kFrom, 1});
    EXPECT_TRUE(at::equal(project(row, 1, Precision::exact).view({kTo}), results[i])) << i;
  }
}

TEST_F(Projection, HasTheSameBytesOnAnyNumberOfThreads) {
  const at::Tensor one = project(condition_, 1, Precision::exact);
  for (const int threads : {2, 3}) {
    EXPECT_TRUE(at::equal(one, project(condition_, threads, Precision::exact)));
  }
}

}  // namespace
}  // namespace dnd::nn
