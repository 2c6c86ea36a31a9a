// Products of 16-bit integers against ATen in fp64.
#include "ops/cpu/int16_linear.h"

#include <ATen/Tensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "support/every_target.h"

namespace dnd::ops::cpu {
namespace {

at::Tensor multiply(const Int16Linear& linear, const at::Tensor& x) {
  at::Tensor y = at::empty({x.size(0), linear.out()}, at::kFloat);
  linear(x.const_data_ptr<float>(), x.size(0), nullptr, nullptr, y.mutable_data_ptr<float>());
  return y;
}

at::Tensor exact(const at::Tensor& x, const at::Tensor& weight) {
  return at::linear(x.to(at::kDouble), weight.to(at::kDouble));
}

double relative_error(const at::Tensor& y, const at::Tensor& expected) {
  return (y.to(at::kDouble) - expected).norm().item().toDouble() /
         expected.norm().item().toDouble();
}

TEST(Int16Linear, IsOffByWhatSixteenBitsLoseOnEveryTarget) {
  const c10::InferenceMode inference;
  testing::on_every_target([] {
    for (const auto& [rows, in, out] : {std::array<std::int64_t, 3>{1, 1, 1},
                                        {13, 7, 33},
                                        {25, 384, 96},
                                        {12, 512, 32},
                                        {7, 513, 31},
                                        {30, 1536, 70}}) {
      SCOPED_TRACE(::testing::Message() << rows << " x " << in << " -> " << out);
      const at::Tensor x = at::randn({rows, in});
      const at::Tensor weight = at::randn({out, in}).mul_(0.01);
      const double error = relative_error(multiply(Int16Linear(weight), x), exact(x, weight));
      EXPECT_LT(error, 3e-4);
      if (in >= 384) {
        EXPECT_GT(error, 3e-5);  // else these were no 16-bit integers
      }
    }
  });
}

// x proportional to w: the largest sums that their norms allow.
TEST(Int16Linear, SumsNeverOverflow) {
  const c10::InferenceMode inference;
  testing::on_every_target([] {
    for (const std::int64_t in : {2, 64, 512, 1024}) {
      at::Tensor outlier = at::full({1, in}, 1e-3);
      outlier[0][in / 2] = 50.0;
      for (const at::Tensor& row : {at::full({1, in}, 0.7), at::randn({1, in}), outlier}) {
        const at::Tensor weight = at::cat({row, row * -3.0});
        const at::Tensor y = multiply(Int16Linear(weight), row);
        EXPECT_LT(relative_error(y, exact(row, weight)), 1e-3) << in;
      }
    }
  });
}

TEST(Int16Linear, ScalesEachRowByItself) {
  const c10::InferenceMode inference;
  const at::Tensor weight = at::randn({40, 100}) * at::randn({40, 1}).exp();
  const Int16Linear linear(weight);
  const at::Tensor x = at::randn({14, 100});
  const at::Tensor y = multiply(linear, x);
  for (const float factor : {0x1p-60F, 0x1p60F}) {  // powers of two change no integer
    EXPECT_TRUE(at::equal(multiply(linear, x * factor), y * factor));
  }
  for (std::int64_t r = 0; r < x.size(0); ++r) {
    EXPECT_TRUE(at::equal(multiply(linear, x.narrow(0, r, 1)), y.narrow(0, r, 1))) << r;
  }
}

TEST(Int16Linear, KeepsZerosAndShowsWhatIsNotFinite) {
  const c10::InferenceMode inference;
  testing::on_every_target([] {
    at::Tensor x = at::zeros({4, 600});
    x[1][3] = std::numeric_limits<float>::infinity();
    x[2][599] = std::numeric_limits<float>::quiet_NaN();
    x[3][0] = 1.0;
    const at::Tensor y = multiply(Int16Linear(at::randn({5, 600})), x);
    EXPECT_TRUE(at::equal(y[0], at::zeros({5})));
    EXPECT_TRUE(y[1].isnan().all().item().toBool());
    EXPECT_TRUE(y[2].isnan().all().item().toBool());
    EXPECT_TRUE(y[3].isfinite().all().item().toBool());
  });
}

}  // namespace
}  // namespace dnd::ops::cpu
