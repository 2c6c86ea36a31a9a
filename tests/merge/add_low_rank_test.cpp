#include "merge/add_low_rank.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>

#include "merge/make_adapter.h"
#include "support/expect_error.h"

namespace dnd::merge {
namespace {

constexpr Dtype kDtypes[] = {Dtype::f32, Dtype::f16, Dtype::bf16};

// A block and its update; every test runs on each instruction set of this machine.
struct Block {
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  std::int64_t rank = 0;
  std::vector<float> weights;
  std::vector<float> a;
  std::vector<float> b;

  std::vector<float> add(Dtype dtype, bool* finite) const {
    std::vector<std::byte> bytes(weights.size() * dtype_bits(dtype) / 8);
    from_f32(dtype, weights, bytes);
    std::vector<const float*> rows_of_a;
    for (std::int64_t r = 0; r < rank; ++r) rows_of_a.push_back(a.data() + r * columns);
    *finite = add_low_rank(dtype, bytes, {rows, columns, rows_of_a, b});
    std::vector<float> out(weights.size());
    to_f32(dtype, bytes, out);
    return out;
  }

  // W + B A in double.
  std::vector<double> reference(Dtype dtype) const {
    std::vector<std::byte> bytes(weights.size() * dtype_bits(dtype) / 8);
    std::vector<float> rounded(weights.size());
    from_f32(dtype, weights, bytes);
    to_f32(dtype, bytes, rounded);
    adapter::LoraPair pair;
    pair.rank = rank;
    pair.in = columns;
    pair.out = rows;
    pair.a = a;
    pair.b = b;
    std::vector<double> sum = testing::dense(pair, 1.0);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(rounded[i]);
    return sum;
  }
};

// Whole numbers in [-limit, limit].
std::vector<float> whole_numbers(std::size_t count, std::uint64_t seed, std::uint64_t limit) {
  SplitMix64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = static_cast<float>(random.below(2 * limit + 1)) - static_cast<float>(limit);
  }
  return values;
}

Block whole_block(std::int64_t rows, std::int64_t columns, std::int64_t rank) {
  const auto size = [](std::int64_t x, std::int64_t y) { return static_cast<std::size_t>(x * y); };
  return {rows,
          columns,
          rank,
          whole_numbers(size(rows, columns), 1, 2000),
          whole_numbers(size(rank, columns), 2, 9),
          whole_numbers(size(rows, rank), 3, 9)};
}

class AddLowRank : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override { choose(GetParam()); }
  void TearDown() override { choose(0); }

 private:
  static void choose(std::int64_t target) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
};

// Sums of whole numbers are exact in fp32, so the one rounding at the end can be checked bit by
// bit; halves, which go to even, are frequent among them.
TEST_P(AddLowRank, RoundsOnceToNearestEven) {
  for (const Dtype dtype : kDtypes) {
    for (const std::int64_t rows : {0, 1, 3, 4, 9}) {
      for (const std::int64_t columns : {0, 1, 7, 31, 33, 64, 400, 1001}) {
        for (const std::int64_t rank : {0, 1, 16, 70}) {
          const Block block = whole_block(rows, columns, rank);
          bool finite = false;
          const std::vector<float> found = block.add(dtype, &finite);
          EXPECT_TRUE(finite);
          const std::vector<double> exact = block.reference(dtype);
          std::vector<float> expected(exact.begin(), exact.end());
          std::vector<std::byte> bytes(expected.size() * dtype_bits(dtype) / 8);
          from_f32(dtype, expected, bytes);
          to_f32(dtype, bytes, expected);
          ASSERT_EQ(found, expected)
              << dtype_name(dtype) << " " << rows << " x " << columns << ", rank " << rank;
        }
      }
    }
  }
}

TEST_P(AddLowRank, IsNearTheSumInDouble) {
  Block block{13,
              333,
              16,
              testing::random_values(13 * 333, 1),
              testing::random_values(16 * 333, 2),
              testing::random_values(13 * 16, 3)};
  for (const Dtype dtype : kDtypes) {
    bool finite = false;
    const std::vector<float> found = block.add(dtype, &finite);
    const std::vector<double> expected = block.reference(dtype);
    // Half a unit in the last place, and 16 fp32 additions of numbers of a few ones.
    const double unit = dtype == Dtype::bf16 ? 0x1p-9 : dtype == Dtype::f16 ? 0x1p-12 : 0x1p-25;
    for (std::size_t i = 0; i < found.size(); ++i) {
      ASSERT_NEAR(found[i], expected[i], std::abs(expected[i]) * 2.0 * unit + 1e-5) << i;
    }
  }
}

TEST_P(AddLowRank, KeepsEveryHalf) {
  for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
    const std::uint32_t infinity = dtype == Dtype::f16 ? 0x7C00U : 0x7F80U;
    Block block;
    for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
      if ((bits & 0x7FFFU) >= infinity) continue;
      const auto half = static_cast<std::uint16_t>(bits);
      block.weights.push_back(dtype == Dtype::f16 ? f16_to_f32(half) : bf16_to_f32(half));
    }
    block.rows = 1;
    block.columns = static_cast<std::int64_t>(block.weights.size());
    block.rank = 1;
    block.a.resize(block.weights.size());
    block.b = {1.0F};
    bool finite = false;
    EXPECT_EQ(block.add(dtype, &finite), block.weights);  // -0 may become 0, which is equal
    EXPECT_TRUE(finite);
  }
}

TEST_P(AddLowRank, FindsWhatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const auto finite = [](Dtype dtype, float weight, float added) {
    Block block{1, 37, 1, std::vector<float>(37), std::vector<float>(37), {1.0F}};
    block.weights[36] = weight;
    block.a[36] = added;
    bool result = false;
    block.add(dtype, &result);
    return result;
  };
  for (const Dtype dtype : kDtypes) {
    EXPECT_TRUE(finite(dtype, 1.0F, 2.0F));
    EXPECT_FALSE(finite(dtype, kInfinity, -5e4F));
    EXPECT_FALSE(finite(dtype, -kInfinity, 0.0F));
    EXPECT_FALSE(finite(dtype, std::nanf(""), 0.0F));
    EXPECT_FALSE(finite(dtype, 1.0F, std::nanf("")));
  }
  EXPECT_TRUE(finite(Dtype::f16, 65504.0F, 15.5F));  // still rounds down
  EXPECT_FALSE(finite(Dtype::f16, -65504.0F, -16.0F));
  EXPECT_TRUE(finite(Dtype::bf16, 0x1.FEp127F, 0x1p118F));
  EXPECT_FALSE(finite(Dtype::bf16, 0x1.FEp127F, 0x1p119F));
  EXPECT_FALSE(finite(Dtype::f32, 0x1.FFFFFEp127F, 0x1p104F));
}

INSTANTIATE_TEST_SUITE_P(Targets, AddLowRank, ::testing::ValuesIn([] {
                           std::vector<std::int64_t> targets;
                           for (std::int64_t left = hwy::SupportedTargets() & HWY_TARGETS;
                                left != 0; left &= left - 1) {
                             targets.push_back(left & -left);
                           }
                           return targets;
                         }()),
                         [](const auto& target) {
                           return std::string(hwy::TargetName(target.param));
                         });

TEST(AddLowRankSizes, MustFit) {
  std::vector<std::byte> bytes(8);
  const std::vector<float> b(1);
  EXPECT_DND_ERROR(add_low_rank(Dtype::f32, bytes, {1, 3, {}, {}}), ErrorKind::internal, "sizes");
  EXPECT_DND_ERROR(add_low_rank(Dtype::f32, bytes, {1, 2, {}, b}), ErrorKind::internal, "sizes");
  EXPECT_DND_ERROR(add_low_rank(Dtype::f64, bytes, {1, 1, {}, {}}), ErrorKind::internal, "F64");
}

}  // namespace
}  // namespace dnd::merge
