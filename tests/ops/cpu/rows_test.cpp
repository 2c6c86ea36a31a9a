// Layer norm, RMS norm and packed linear maps against ATen in fp64.
#include <ATen/Context.h>
#include <ATen/Tensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/silu.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "ops/cpu/gated_rows.h"
#include "ops/cpu/gelu.h"
#include "ops/cpu/normalize_rows.h"
#include "ops/cpu/packed_linear.h"
#include "ops/workers.h"
#include "support/every_target.h"
#include "support/tensors.h"

namespace dnd::ops::cpu {
namespace {

using testing::largest_difference;

at::Tensor normalized(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  at::Tensor out = x.clone();
  const float* shift = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
  normalize_rows({x.size(1), weight.const_data_ptr<float>(), shift, 1e-6F},
                 out.const_data_ptr<float>(), x.size(0), out.mutable_data_ptr<float>());
  return out;
}

TEST(NormalizeRows, EqualsLayerNormAndRmsNormOnEveryTarget) {
  const c10::InferenceMode inference;
  at::manual_seed(0);  // else another one each time
  testing::on_every_target([] {
    for (const std::int64_t width : {1, 7, 64, 100, 384, 5000, 147457}) {
      const at::Tensor x = at::randn({5, width}).add_(3.0);
      const at::Tensor w = at::randn({width});
      const at::Tensor b = at::randn({width});
      const at::Tensor wide = x.to(at::kDouble);
      const at::Tensor layer =
          at::layer_norm(wide, {width}, w.to(at::kDouble), b.to(at::kDouble), 1e-6);
      EXPECT_LT(largest_difference(normalized(x, w, b), layer), width == 1 ? 1e-3 : 2e-5);
      const at::Tensor rms =
          wide * at::rsqrt(wide.square().mean(1, true) + 1e-6) * w.to(at::kDouble);
      EXPECT_LT(largest_difference(normalized(x, w, {}), rms), 2e-6);
    }
  });
}

TEST(Gelu, IsWithinAFewRoundingsOnEveryTarget) {
  const c10::InferenceMode inference;
  const at::Tensor x = at::linspace(-15.0, 15.0, 100003);
  const at::Tensor exact = at::gelu(x.to(at::kDouble));
  testing::on_every_target([&] {
    const at::Tensor y = x.clone();
    gelu(y.mutable_data_ptr<float>(), y.numel());
    const at::Tensor error = (y.to(at::kDouble) - exact) / x.to(at::kDouble).abs().clamp_min(1.0);
    EXPECT_LT(error.abs().max().item().toDouble(), 4e-7);
  });
}

TEST(GateRows, IsWithinAFewRoundingsOnEveryTarget) {
  const c10::InferenceMode inference;
  at::manual_seed(4);
  const at::Tensor x = at::linspace(-150.0, 150.0, 3 * 1003).view({3, 1003});
  const at::Tensor up = at::randn({3, 1003});
  const at::Tensor wide = x.to(at::kDouble);
  testing::on_every_target([&] {
    for (const Gate gate : {Gate::silu, Gate::gelu, Gate::gelu_tanh}) {
      const at::Tensor rows = at::cat({x, up, at::ones({3, 2})}, 1);
      gate_rows(gate, rows.mutable_data_ptr<float>(), 3, 1003, 2008);
      const at::Tensor active = gate == Gate::silu   ? at::silu(wide)
                                : gate == Gate::gelu ? at::gelu(wide)
                                                     : at::gelu(wide, "tanh");
      const at::Tensor error =
          (rows.narrow(1, 0, 1003).to(at::kDouble) - active * up) / wide.abs().clamp_min(1.0);
      EXPECT_LT(error.abs().max().item().toDouble(), 2e-6);
      EXPECT_TRUE(rows.narrow(1, 1003, 1003).equal(up));
    }
  });
}

class PackedLinears : public ::testing::TestWithParam<PackedLinear::Backend> {
 protected:
  const c10::InferenceMode inference_;
  const Workers one_thread_{1};
  const at::Tensor x_ = at::randn({37, 96});
  const at::Tensor weight_ = at::randn({50, 96}).mul_(0.1);
  const at::Tensor bias_ = at::randn({50});
  const at::Tensor other_ = at::randn({37, 50});
  const at::Tensor exact_ =
      at::linear(x_.to(at::kDouble), weight_.to(at::kDouble), bias_.to(at::kDouble));
  const PackedLinear linear_{weight_, bias_, GetParam()};
  // The largest error of a result; 16-bit operands are off by 1.7e-4 of its size on average.
  const double bound_ = GetParam() == PackedLinear::Backend::int16 ? 2e-3 : 3e-6;
};

TEST_P(PackedLinears, EqualTheirDefinition) {
  EXPECT_LT(largest_difference(linear_(x_), exact_), bound_);
  EXPECT_LT(largest_difference(linear_(x_, Activation::relu), at::relu(exact_)), bound_);
  EXPECT_LT(largest_difference(linear_(x_, Activation::gelu), at::gelu(exact_)), bound_);
  const at::Tensor tanh = at::gelu(exact_, "tanh");
  EXPECT_LT(largest_difference(linear_(x_, Activation::gelu_tanh), tanh), bound_);
  EXPECT_GT(largest_difference(linear_(x_, Activation::gelu), tanh), 1e-5);
  EXPECT_LT(largest_difference(linear_.add(x_, other_), exact_ + other_), bound_);
  EXPECT_LT(largest_difference(linear_.multiply(x_, other_), exact_ * other_), 4 * bound_);
}

TEST_P(PackedLinears, NeedNoBias) {
  const PackedLinear linear(weight_, {}, GetParam());
  const at::Tensor exact = exact_ - bias_.to(at::kDouble);
  EXPECT_LT(largest_difference(linear(x_), exact), bound_);
  EXPECT_LT(largest_difference(linear.add(x_, other_), exact + other_), bound_);
}

TEST_P(PackedLinears, LeaveTheirInputsAlone) {
  const at::Tensor x = x_.clone();
  const at::Tensor other = other_.clone();
  linear_.add(x_, other_);
  linear_.multiply(x_, other_);
  EXPECT_TRUE(at::equal(x, x_));
  EXPECT_TRUE(at::equal(other, other_));
}

INSTANTIATE_TEST_SUITE_P(Backends, PackedLinears,
                         ::testing::Values(PackedLinear::Backend::onednn,
                                           PackedLinear::Backend::aten,
                                           PackedLinear::Backend::int16));

}  // namespace
}  // namespace dnd::ops::cpu
