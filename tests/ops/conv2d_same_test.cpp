#include "ops/conv2d_same.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "support/expect_error.h"
#include "support/golden.h"
#include "support/tensors.h"

namespace dnd::ops {
namespace {

using testing::random_tensor;
using testing::values_of;

// One image by the definition, in loops with double accumulators.
std::vector<double> reference_conv(const at::Tensor& x, const at::Tensor& weight,
                                   const at::Tensor& bias) {
  const std::int64_t ci = x.size(1), h = x.size(2), w = x.size(3);
  const std::int64_t co = weight.size(0), k = weight.size(2);
  const float* in = x.const_data_ptr<float>();
  const float* ws = weight.const_data_ptr<float>();
  std::vector<double> out;
  for (std::int64_t o = 0; o < co; ++o) {
    for (std::int64_t r = 0; r < h; ++r) {
      for (std::int64_t c = 0; c < w; ++c) {
        double sum = bias.const_data_ptr<float>()[o];
        for (std::int64_t i = 0; i < ci; ++i) {
          for (std::int64_t a = 0; a < k; ++a) {
            for (std::int64_t b = 0; b < k; ++b) {
              const std::int64_t y = r + a - k / 2, z = c + b - k / 2;
              if (y < 0 || y >= h || z < 0 || z >= w) continue;
              sum += static_cast<double>(in[(i * h + y) * w + z]) *
                     static_cast<double>(ws[((o * ci + i) * k + a) * k + b]);
            }
          }
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

// Cin, Cout, H, W, k. The shapes reach every way of cutting: channel blocks of 64 and 32 with and
// without a remainder, row blocks with a remainder, one block, planes smaller than the kernel.
using Case = std::tuple<int, int, int, int, int>;

class Conv2dSame : public ::testing::TestWithParam<Case> {
 protected:
  const c10::InferenceMode inference_;
};

TEST_P(Conv2dSame, EqualsTheDefinition) {
  const auto [ci, co, h, w, k] = GetParam();
  const at::Tensor x = random_tensor({1, ci, h, w}, 1);
  const at::Tensor weight = random_tensor({co, ci, k, k}, 2);
  const at::Tensor bias = random_tensor({co}, 3);
  const Workers workers(2);
  const at::Tensor y = conv2d_same(workers, x, {weight}, bias, Precision::exact);
  ASSERT_EQ(y.sizes().vec(), (std::vector<std::int64_t>{1, co, h, w}));
  const std::vector<double> expected = reference_conv(x, weight, bias);
  EXPECT_LT(testing::relative_rms(values_of(y), std::span<const double>(expected)), 1e-6);
}

TEST_P(Conv2dSame, SameBytesWhateverTheThreads) {
  const auto [ci, co, h, w, k] = GetParam();
  const at::Tensor x = random_tensor({1, ci, h, w}, 1);
  const at::Tensor weight = random_tensor({co, ci, k, k}, 2);
  at::Tensor one;
  for (const int threads : {1, 2, 3, 7}) {
    const Workers workers(threads);
    const at::Tensor y = conv2d_same(workers, x, {weight}, std::nullopt, Precision::exact);
    if (threads == 1) one = y;
    EXPECT_TRUE(at::equal(one, y)) << threads << " threads";
  }
}

// Whether the images lie one after another or interleaved, as views of any order of axes.
TEST_P(Conv2dSame, BytesOfAnImageDoNotDependOnTheOthers) {
  const auto [ci, co, h, w, k] = GetParam();
  const at::Tensor stored = random_tensor({h, 5, w, ci}, 1);
  const at::Tensor weight = random_tensor({co, ci, k, k}, 2);
  const at::Tensor bias = random_tensor({co}, 3);
  const Workers workers(2);
  const at::Tensor views[] = {stored.permute({1, 3, 0, 2}),
                              stored.permute({1, 3, 0, 2}).contiguous()};
  for (const Precision precision : {Precision::exact, Precision::bf16}) {
    for (const at::Tensor& x : views) {
      const at::Tensor all = conv2d_same(workers, x, {weight}, bias, precision);
      for (std::int64_t i = 0; i < 5; ++i) {
        const at::Tensor one = conv2d_same(workers, x.narrow(0, i, 1), {weight}, bias, precision);
        EXPECT_TRUE(at::equal(all.narrow(0, i, 1), one)) << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Conv2dSame,
                         ::testing::Values(Case{1, 1, 1, 1, 1}, Case{1, 1, 1, 1, 3},
                                           Case{3, 2, 2, 3, 9}, Case{5, 7, 11, 13, 5},
                                           Case{4, 10, 101, 6, 3}, Case{2, 63, 97, 3, 3},
                                           Case{3, 65, 5, 9, 3}, Case{2, 130, 4, 5, 11},
                                           Case{2, 300, 3, 4, 3}, Case{1, 256, 6, 1, 7},
                                           Case{4, 3, 9, 8, 13}, Case{40, 33, 90, 100, 3}));

TEST(Conv2dSamePrecision, Bf16RoundsOperandsOnly) {
  const c10::InferenceMode inference;
  const Workers workers(2);
  const at::Tensor x = random_tensor({1, 8, 9, 10}, 1);
  const at::Tensor weight = random_tensor({6, 8, 3, 3}, 2);
  const at::Tensor rounded = conv2d_same(workers, x, {weight}, std::nullopt, Precision::bf16);
  const at::Tensor same =
      conv2d_same(workers, x.to(at::kBFloat16).to(at::kFloat),
                  {weight.to(at::kBFloat16).to(at::kFloat)}, std::nullopt, Precision::exact);
  const at::Tensor exact = conv2d_same(workers, x, {weight}, std::nullopt, Precision::exact);
  EXPECT_TRUE(at::equal(rounded, same));
  const double error = testing::relative_rms(values_of(rounded), values_of(exact));
  EXPECT_GT(error, 1e-4);
  EXPECT_LT(error, 5e-3);
}

// Halves and powers of two are what they are in fp32, on the way through ATen too (kernels of 1 and
// 13); numbers below the normal ones of fp16 and negative zeros among them.
TEST(Conv2dSameHalves, HaveTheBytesOfTheSameNumbersInFp32) {
  const c10::InferenceMode inference;
  const Workers workers(2);
  for (const std::int64_t kernel : {1, 3, 9, 13}) {
    const at::Tensor x = random_tensor({1, 7, 12, 15}, 1);
    at::Tensor halves = random_tensor({69, 7, kernel, kernel}, 2).to(at::kHalf);
    halves[3].mul_(0x1p-15);
    halves[4].mul_(-0.0);
    ConvWeights weights = {halves};
    const auto expect_same = [&](const at::Tensor& full) {
      for (const Precision precision : {Precision::exact, Precision::bf16}) {
        const at::Tensor y = conv2d_same(workers, x, weights, std::nullopt, precision);
        EXPECT_TRUE(at::equal(y, conv2d_same(workers, x, {full}, std::nullopt, precision)))
            << "k " << kernel;
      }
    };
    at::Tensor full = halves.to(at::kFloat);
    expect_same(full);
    for (int c = 0; c < 69; ++c) {
      weights.scales.push_back(std::ldexp(1.0F, c % 5 - 3));
      full[c].mul_(static_cast<double>(weights.scales.back()));
    }
    expect_same(full);
  }
}

TEST(Conv2dSameErrors, TypesAreChecked) {
  const c10::InferenceMode inference;
  const Workers workers(1);
  const at::Tensor x = random_tensor({1, 3, 4, 5}, 1);
  const at::Tensor weight = random_tensor({2, 3, 3, 3}, 1);
  const auto run = [&](const ConvWeights& weights) {
    conv2d_same(workers, x, weights, std::nullopt, Precision::exact);
  };
  EXPECT_DND_ERROR(run({weight.to(at::kDouble)}), ErrorKind::internal, "Double with 0 scales");
  EXPECT_DND_ERROR(run({weight, {1.0F, 1.0F}}), ErrorKind::internal, "Float with 2 scales");
  EXPECT_DND_ERROR(run({weight.to(at::kHalf), {1.0F}}), ErrorKind::internal, "Half with 1 scales");
}

TEST(Conv2dSameErrors, ShapesAreChecked) {
  const c10::InferenceMode inference;
  const Workers workers(1);
  const at::Tensor x = random_tensor({1, 3, 4, 5}, 1);
  const auto run = [&](const at::Tensor& weight) {
    conv2d_same(workers, x, {weight}, std::nullopt, Precision::exact);
  };
  EXPECT_DND_ERROR(run(random_tensor({2, 4, 3, 3}, 1)), ErrorKind::internal, "[2, 4, 3, 3]");
  EXPECT_DND_ERROR(run(random_tensor({2, 3, 2, 2}, 1)), ErrorKind::internal, "[2, 3, 2, 2]");
  EXPECT_DND_ERROR(run(random_tensor({2, 3, 3, 1}, 1)), ErrorKind::internal, "[2, 3, 3, 1]");
}

}  // namespace
}  // namespace dnd::ops
