// Convolutions on the host twin, fp16 rounding and all, against plain ones in fp64.
#include "ops/cuda/convolution.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "base/random.h"
#include "ops/cuda/host_twin.h"
#include "ops/cuda/reference.h"

namespace dnd::ops::cuda {
namespace {

constexpr double kBound = 5e-4;
constexpr std::array<int, 8> kTiles = {10, 12, 14, 16, 20, 24, 32, 48};

std::vector<float> random_values(std::int64_t size, std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<float> values(static_cast<std::size_t>(size));
  for (float& value : values) value = 2.0F * random.unit() - 1.0F;
  return values;
}

struct Data {
  explicit Data(const ConvShape& of_shape)
      : shape(of_shape),
        x(random_values(std::int64_t{shape.images} * shape.in_channels * shape.rows * shape.columns,
                        1)),
        weights(random_values(
            std::int64_t{shape.out_channels} * shape.in_channels * shape.kernel * shape.kernel,
            2)) {}

  std::vector<double> truth() const { return convolve_in_fp64(shape, x, weights); }
  std::vector<float> run(const ConvPlan& plan, TurnOrder order = TurnOrder::forward) const {
    HostTwin twin(order);
    return convolve_on(twin, plan, x, weights);
  }

  ConvShape shape;
  std::vector<float> x, weights;
};

double largest_error(const std::vector<float>& values, const std::vector<double>& truth) {
  double largest = 0.0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    largest = std::max(largest, std::fabs(static_cast<double>(values[i]) - truth[i]));
  }
  return largest;
}

double rms(const std::vector<double>& values) {
  double squares = 0.0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// Odd and even planes, with tiles that hold an axis and tiles that overlap, tails and all; the two
// orders of axes.
class EveryKernel : public ::testing::TestWithParam<int> {};

TEST_P(EveryKernel, EveryTileIsWithinTheBoundOfFp64) {
  const int kernel = GetParam();
  for (const auto& [rows, columns] : {std::pair{13, 29}, std::pair{44, 10}}) {
    const Data data({1, 5, 3, rows, columns, kernel});
    const std::vector<double> truth = data.truth();
    for (const int tile_rows : kTiles) {
      for (const int tile_columns : kTiles) {
        const bool fits = (tile_rows >= kernel || tile_rows >= rows + kernel / 2) &&
                          (tile_columns >= kernel || tile_columns >= columns + kernel / 2);
        if (!fits) continue;
        const std::vector<float> y = data.run(make_plan(data.shape, tile_rows, tile_columns));
        const double error = relative_rms(y, truth);
        EXPECT_LT(error, kBound) << rows << " x " << columns << ": " << tile_rows << " x "
                                 << tile_columns;
        EXPECT_LT(largest_error(y, truth), 6.0 * error * rms(truth));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, ::testing::Values(3, 5, 7, 9, 11));

TEST(CudaConvolutionTest, RoundsToFp16) {
  const Data data({1, 5, 3, 13, 29, 9});
  EXPECT_GT(relative_rms(data.run(choose_plan(data.shape)), data.truth()), 1e-5);
}

// Several groups of channels of both kinds, which do not fill theirs.
TEST(CudaConvolutionTest, ManyChannels) {
  const Data data({1, 70, 37, 21, 18, 5});
  EXPECT_LT(relative_rms(data.run(make_plan(data.shape, 12, 14)), data.truth()), kBound);
}

// Whatever order blocks and threads take, unless one reads what another writes.
TEST(CudaConvolutionTest, TheOrderOfThreadsDoesNotMatter) {
  for (const auto& [tile_rows, tile_columns] : {std::pair{12, 48}, std::pair{24, 14}}) {
    const Data data({2, 19, 18, 33, 40, 9});
    const ConvPlan plan = make_plan(data.shape, tile_rows, tile_columns);
    EXPECT_EQ(data.run(plan), data.run(plan, TurnOrder::backward));
  }
}

// Images have scales of their own: the error of a small one is not that of a large one beside it.
TEST(CudaConvolutionTest, ImagesAreIndependent) {
  Data data({3, 6, 5, 20, 30, 9});
  const std::size_t image = data.x.size() / 3;
  for (std::size_t i = 0; i < data.x.size(); ++i) data.x[i] *= std::pow(1e4F, 1.0F * (i / image));
  const std::vector<float> all = data.run(make_plan(data.shape, 14, 16));
  ConvShape one = data.shape;
  one.images = 1;
  for (std::size_t i = 0; i < 3; ++i) {
    Data single(one);
    single.weights = data.weights;
    const auto begin = data.x.begin() + static_cast<std::ptrdiff_t>(i * image);
    single.x.assign(begin, begin + static_cast<std::ptrdiff_t>(image));
    const std::vector<float> y = single.run(make_plan(one, 14, 16));
    const auto of_all = all.begin() + static_cast<std::ptrdiff_t>(i * y.size());
    EXPECT_TRUE(std::equal(y.begin(), y.end(), of_all)) << i;
  }
}

// Channels of very different sizes, a constant part and one value of 4000 times the others: nothing
// overflows, and the error stays what fp16 makes it.
TEST(CudaConvolutionTest, HeavyTailsStayInRange) {
  Data data({1, 24, 12, 40, 26, 9});
  const std::size_t plane = std::size_t{40} * 26;
  for (std::size_t i = 0; i < data.x.size(); ++i) {
    const auto channel = static_cast<float>(i / plane % 24);
    data.x[i] = i % 26 > 13 ? 0.7F : data.x[i] * std::exp(0.4F * (channel - 12.0F)) + 0.3F;
  }
  data.x[plane * 3 + 77] = 4000.0F;
  const std::size_t kernels = data.weights.size() / 12;
  for (std::size_t i = 0; i < data.weights.size(); ++i) {
    data.weights[i] *= std::pow(10.0F, static_cast<float>(i / kernels) - 6.0F);
  }
  const std::vector<float> y = data.run(choose_plan(data.shape));
  const std::vector<double> truth = data.truth();
  const std::size_t outputs = truth.size() / 12;
  for (std::size_t out = 0; out < 12; ++out) {  // of each, as large ones hide the small
    const auto part = [&](const auto& values) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(out * outputs);
      return std::vector(begin, begin + static_cast<std::ptrdiff_t>(outputs));
    };
    EXPECT_LT(relative_rms(part(y), part(truth)), kBound) << out;
  }
}

// The ends of fp32's range, far outside that of fp16.
TEST(CudaConvolutionTest, ExtremeMagnitudes) {
  for (const float scale : {1e-30F, 1e-8F, 1e8F, 1e30F}) {
    Data data({1, 5, 3, 13, 29, 9});
    for (float& value : data.x) value *= scale;
    EXPECT_LT(relative_rms(data.run(choose_plan(data.shape)), data.truth()), kBound) << scale;
  }
}

TEST(CudaConvolutionTest, ZerosGiveZerosAndAnImpulseTheKernel) {
  Data data({1, 3, 5, 10, 60, 9});
  std::fill(data.x.begin(), data.x.end(), 0.0F);
  for (const float value : data.run(choose_plan(data.shape))) EXPECT_EQ(value, 0.0F);
  data.x[(std::size_t{1} * 10 + 9) * 60 + 59] = 1.0F;
  const std::vector<float> y = data.run(choose_plan(data.shape));
  EXPECT_LT(relative_rms(y, data.truth()), 1e-2);  // nearly all of y is zero
  EXPECT_NEAR(y[(std::size_t{2} * 10 + 7) * 60 + 58],
              data.weights[(std::size_t{2} * 3 + 1) * 81 + 6 * 9 + 5], 1e-3F);
}

// What is no number is not hidden.
TEST(CudaConvolutionTest, InfinityIsNotLost) {
  Data data({1, 3, 5, 10, 20, 3});
  data.x[100] = HUGE_VALF;
  const std::vector<float> y = data.run(choose_plan(data.shape));
  EXPECT_FALSE(std::isfinite(y[100]));
}

}  // namespace
}  // namespace dnd::ops::cuda
