#include "ops/cpu/fft_convolution.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/item.h>
#include <ATen/ops/max.h>
#include <ATen/ops/zeros.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <vector>

#include "ops/conv2d_same.h"
#include "ops/cpu/fft_kernels.h"
#include "support/every_target.h"
#include "support/golden.h"
#include "support/tensors.h"

namespace dnd::ops {
namespace {

using testing::random_tensor;

// ATen's convolution in fp64.
at::Tensor reference(const at::Tensor& x, const at::Tensor& weight) {
  const std::int64_t half = weight.size(2) / 2;
  return at::conv2d(x.to(at::kDouble).contiguous(), weight.to(at::kDouble), std::nullopt, {1, 1},
                    {half, half});
}

double relative_rms(const at::Tensor& x, const at::Tensor& truth) {
  const at::Tensor values = x.contiguous();
  const auto count = static_cast<std::size_t>(values.numel());
  return testing::relative_rms(std::span{values.const_data_ptr<float>(), count},
                               std::span{truth.const_data_ptr<double>(), count});
}

float largest(const at::Tensor& x) { return at::abs(x).max().item().toFloat(); }

template <typename T>
PlaneView<T> view_of(T* data, const at::Tensor& t) {
  return {data, t.stride(0), t.stride(1), t.stride(2), t.stride(3)};
}

at::Tensor run(const Workers& workers, const ChosenPlan& plan, const at::Tensor& x,
               const at::Tensor& weight) {
  at::Tensor y = at::zeros({x.size(0), weight.size(0), x.size(2), x.size(3)}, at::kFloat);
  convolve(workers, plan,
           {view_of(x.const_data_ptr<float>(), x),
            {weight.const_data_ptr<float>()},
            nullptr,
            view_of(y.mutable_data_ptr<float>(), y),
            false});
  return y;
}

// Tiles of that size, all at once.
ChosenPlan whole(const ConvShape& shape, std::int64_t rows, std::int64_t columns) {
  const FftPlan plan(shape, rows, columns, fft::lanes());
  return {plan, {plan.rows.count, plan.columns.count}};
}

class FftConvolutionTest : public ::testing::Test {
 protected:
  const c10::InferenceMode inference_;
  const Workers workers_{2};
};

// Every kernel and tile size, circular (one tile holds the axis) and overlapping, on channels and
// planes that fill neither vectors nor tiles.
TEST_F(FftConvolutionTest, EveryTileEqualsFp64OnEveryInstructionSet) {
  for (const std::int64_t kernel : {3, 5, 7, 9, 11}) {
    const at::Tensor x = random_tensor({1, 19, 13, 29}, 1);
    const at::Tensor weight = random_tensor({21, 19, kernel, kernel}, 2);
    const at::Tensor truth = reference(x, weight);
    testing::on_every_target([&] {
      for (std::int64_t rows = kernel + 1; rows <= 48; rows += 2) {
        const std::int64_t columns = kernel + 1 + (rows * 3 - kernel - 1) % (48 - kernel);
        for (const std::int64_t second : {columns / 2 * 2, std::int64_t{34}}) {
          const ChosenPlan plan = whole({1, 19, 21, 13, 29, kernel}, rows, second);
          EXPECT_LT(relative_rms(run(workers_, plan, x, weight), truth), 6e-7)
              << "k " << kernel << ", tile " << rows << " x " << second;
        }
      }
    });
  }
}

// More output channels and tiles than one block of either, and slabs that are taken one by one.
TEST_F(FftConvolutionTest, ManyChannelsAndTiles) {
  const at::Tensor x = random_tensor({1, 70, 150, 140}, 1);
  const at::Tensor weight = random_tensor({150, 70, 9, 9}, 2);
  const ChosenPlan plan = whole({1, 70, 150, 150, 140, 9}, 20, 22);
  ASSERT_GT(plan.plan.input_floats(), 4 << 20);
  const at::Tensor y = run(workers_, plan, x, weight);
  EXPECT_LT(relative_rms(y.narrow(1, 100, 50), reference(x, weight.narrow(0, 100, 50))), 6e-7);
  EXPECT_TRUE(at::equal(y, run(Workers(1), plan, x, weight)));
}

// Chunks change nothing but the order of work.
TEST_F(FftConvolutionTest, ChunksHaveTheBytesOfTheWhole) {
  const at::Tensor x = random_tensor({2, 20, 61, 70}, 1);
  const at::Tensor weight = random_tensor({33, 20, 9, 9}, 2);
  ChosenPlan plan = whole({2, 20, 33, 61, 70, 9}, 16, 18);
  const at::Tensor all = run(workers_, plan, x, weight);
  for (const Chunk chunk : {Chunk{1, 1}, Chunk{1, 3}, Chunk{3, 7}, Chunk{8, 2}}) {
    plan.chunk = chunk;
    EXPECT_TRUE(at::equal(all, run(workers_, plan, x, weight)));
  }
}

// An image's result does not depend on the others.
TEST_F(FftConvolutionTest, ImagesAreIndependent) {
  const at::Tensor x = random_tensor({3, 20, 10, 40}, 1);
  const at::Tensor weight = random_tensor({33, 20, 9, 9}, 2);
  const auto plan = [&](std::int64_t images) { return plan_fft({images, 20, 33, 10, 40, 9}); };
  const at::Tensor all = run(workers_, plan(3), x, weight);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(at::equal(all.narrow(0, i, 1), run(workers_, plan(1), x.narrow(0, i, 1), weight)));
  }
}

TEST_F(FftConvolutionTest, ViewsOfAnyOrderOfAxes) {
  const at::Tensor stored = random_tensor({12, 23, 17}, 1);
  const std::array<std::array<std::int64_t, 3>, 6> orders = {
      {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};
  for (const auto& order : orders) {
    const at::Tensor x = stored.permute(order);
    const at::Tensor weight = random_tensor({19, x.size(0), 5, 5}, 2);
    const at::Tensor plain =
        conv2d_same(workers_, x.contiguous().unsqueeze(0), {weight}, std::nullopt, Precision::exact)
            .select(0, 0);
    for (const auto& out_order : orders) {
      std::vector<std::int64_t> shape(3);
      for (std::size_t i = 0; i < 3; ++i) {
        shape[static_cast<std::size_t>(out_order[i])] = plain.size(static_cast<std::int64_t>(i));
      }
      const at::Tensor out = at::zeros(shape, at::kFloat).permute(out_order);
      conv2d_same_out(workers_, x.unsqueeze(0), {weight}, std::nullopt, Precision::exact,
                      out.unsqueeze(0));
      EXPECT_LT(relative_rms(out, plain.to(at::kDouble)), 1e-6);
    }
  }
}

// Whatever the kernel, the block of channels (none is full here) and the instruction set: halves read
// in registers give the bytes of the same numbers in fp32.
TEST_F(FftConvolutionTest, HalvesHaveTheBytesOfTheSameNumbersInFp32) {
  for (const std::int64_t kernel : {3, 5, 7, 9, 11}) {
    const at::Tensor x = random_tensor({1, 19, 13, 29}, 1);
    const at::Tensor halves = random_tensor({53, 19, kernel, kernel}, 2).to(at::kHalf);
    halves[7].mul_(0x1p-15);  // fp16 has fewer digits there
    const at::Tensor full = halves.to(at::kFloat);
    std::vector<float> scales(53);
    for (std::int64_t c = 0; c < 53; ++c) {
      scales[static_cast<std::size_t>(c)] = c % 3 == 0 ? 0x1p-9F : 0x1p+4F;
      full[c].mul_(static_cast<double>(scales[static_cast<std::size_t>(c)]));
    }
    const auto* bits = reinterpret_cast<const std::uint16_t*>(halves.const_data_ptr<at::Half>());
    const WeightView as_halves = {nullptr, bits, scales.data()};
    const WeightView as_floats = {full.const_data_ptr<float>()};
    const auto result = [&](const WeightView& weights, bool round_to_bf16) {
      at::Tensor y = at::zeros({1, 53, 13, 29}, at::kFloat);
      convolve(workers_, plan_fft({1, 19, 53, 13, 29, kernel}),
               {view_of(x.const_data_ptr<float>(), x), weights, nullptr,
                view_of(y.mutable_data_ptr<float>(), y), round_to_bf16});
      return y;
    };
    testing::on_every_target([&] {
      for (const bool round : {false, true}) {
        EXPECT_TRUE(at::equal(result(as_halves, round), result(as_floats, round)));
      }
    });
  }
}

// An impulse gives the kernel back, mirrored; zeros give zeros, and nothing leaks over the border.
TEST_F(FftConvolutionTest, ImpulsesAndZeros) {
  const at::Tensor weight = random_tensor({5, 3, 9, 9}, 2);
  at::Tensor x = at::zeros({1, 3, 10, 60}, at::kFloat);
  const at::Tensor nothing = conv2d_same(workers_, x, {weight}, std::nullopt, Precision::exact);
  EXPECT_EQ(largest(nothing), 0.0F);
  x[0][1][9][59] = 1.0F;
  const at::Tensor y = conv2d_same(workers_, x, {weight}, std::nullopt, Precision::exact)[0];
  EXPECT_NEAR(y[2][7][58].item().toFloat(), weight[2][1][6][5].item().toFloat(), 1e-6F);
  EXPECT_LT(largest(y.narrow(1, 0, 5)), 1e-6F);
}

TEST(AxisTilesTest, OneCircularTileWhereItIsLargeEnough) {
  const AxisTiles circular = cut_axis(10, 9, 14);
  EXPECT_EQ(circular.step, 10);
  EXPECT_EQ(circular.count, 1);
  const AxisTiles overlapping = cut_axis(11, 9, 14);
  EXPECT_EQ(overlapping.step, 6);
  EXPECT_EQ(overlapping.count, 2);
}

}  // namespace
}  // namespace dnd::ops
