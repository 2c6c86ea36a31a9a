// The sum of a layer's two paths against ATen in fp64.
#include "ops/cpu/sum_paths.h"

#include <ATen/Tensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "support/every_target.h"
#include "support/tensors.h"

namespace dnd::ops::cpu {
namespace {

at::Tensor sum(const at::Tensor& first, const at::Tensor& second, const at::Tensor& bias) {
  at::Tensor out = first.clone();
  sum_paths(second.const_data_ptr<float>(), bias.const_data_ptr<float>(), out.numel(),
            out.mutable_data_ptr<float>());
  return out;
}

TEST(SumPaths, IsWithinAFewRoundingsOnEveryTarget) {
  const c10::InferenceMode inference;
  testing::on_every_target([] {
    for (const std::int64_t size : {1, 3, 16, 100003}) {
      const at::Tensor first = at::randn({size}), bias = at::randn({size});
      const at::Tensor second = at::linspace(-12.0, 12.0, size);
      const at::Tensor exact =
          (first.to(at::kDouble) + at::tanh(second.to(at::kDouble)) + bias.to(at::kDouble)) / 3.0;
      EXPECT_LT(testing::largest_difference(sum(first, second, bias), exact), 4e-7) << size;
    }
  });
}

// Near zero tanh(x) is x: its relative error counts, for a path may be small as a whole.
TEST(SumPaths, IsExactNearZeroAndAtTheEnds) {
  const c10::InferenceMode inference;
  testing::on_every_target([] {
    const at::Tensor none = at::zeros({64});
    const at::Tensor small = at::linspace(-1e-3, 1e-3, 64);
    const at::Tensor exact = at::tanh(small.to(at::kDouble)) / 3.0;
    const at::Tensor error = (sum(none, small, none).to(at::kDouble) - exact) / exact;
    EXPECT_LT(error.abs().max().item().toDouble(), 5e-7);
    at::Tensor ends = at::zeros({64});
    ends[0] = std::numeric_limits<float>::infinity();
    ends[1] = -1e30;
    ends[2] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor y = sum(none, ends, none);
    EXPECT_EQ(y[0].item().toFloat(), 1.0F / 3.0F);
    EXPECT_EQ(y[1].item().toFloat(), -1.0F / 3.0F);
    EXPECT_TRUE(std::isnan(y[2].item().toFloat()));
    EXPECT_EQ(y[3].item().toFloat(), 0.0F);
  });
}

}  // namespace
}  // namespace dnd::ops::cpu
