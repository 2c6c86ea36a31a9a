#include "ops/cuda/conv_plan.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/expect_error.h"
#include "support/golden.h"

namespace dnd::ops::cuda {
namespace {

struct TableRow {
  std::string preset, conv;
  ConvShape shape;
  int tile_rows = 0, tile_columns = 0, bins = 0, tiles = 0;
  double weight_mb = 0.0, input_us = 0.0, product_us = 0.0, output_us = 0.0;
};

std::vector<TableRow> table() {
  std::ifstream file(testing::data_path("cuda/h200_tiles.tsv"));
  std::string header;
  std::getline(file, header);
  std::vector<TableRow> rows;
  TableRow r;
  while (file >> r.preset >> r.conv >> r.shape.in_channels >> r.shape.out_channels >>
         r.shape.rows >> r.shape.columns >> r.shape.kernel >> r.tile_rows >> r.tile_columns >>
         r.bins >> r.tiles >> r.weight_mb >> r.input_us >> r.product_us >> r.output_us) {
    rows.push_back(r);
  }
  return rows;
}

// The table was computed independently, when the model was designed.
TEST(ConvPlanTest, ChoosesTheTilesOfTheTable) {
  const std::vector<TableRow> rows = table();
  ASSERT_EQ(rows.size(), 147U);
  for (const TableRow& row : rows) {
    SCOPED_TRACE(row.preset + " " + row.conv);
    const ConvPlan plan = choose_plan(row.shape);
    const int rows_tile = plan.v_is_rows ? plan.v.tile : plan.u.tile;
    const int columns_tile = plan.v_is_rows ? plan.u.tile : plan.v.tile;
    EXPECT_EQ(rows_tile, row.tile_rows);
    EXPECT_EQ(columns_tile, row.tile_columns);
    EXPECT_EQ(plan.bins, row.bins);
    EXPECT_EQ(plan.tiles, row.tiles);
    const double pairs = 1.0 * row.shape.in_channels * row.shape.out_channels;
    EXPECT_NEAR(4.0 * plan.bins * pairs / 1e6, row.weight_mb, 0.51);
    constexpr double kMicroseconds = 1e3;
    EXPECT_NEAR(kMicroseconds * cost_of(plan).input, row.input_us, 0.51);
    EXPECT_NEAR(kMicroseconds * cost_of(plan).product, row.product_us, 0.51);
    EXPECT_NEAR(kMicroseconds * cost_of(plan).output, row.output_us, 0.51);
  }
}

TEST(ConvPlanTest, OneCircularTileWhereItIsLargeEnough) {
  EXPECT_EQ(cut_axis(10, 9, 14).count, 1);
  EXPECT_EQ(cut_axis(10, 9, 14).step, 10);
  EXPECT_EQ(cut_axis(11, 9, 14).count, 2);
  EXPECT_EQ(cut_axis(11, 9, 14).step, 6);
}

TEST(ConvPlanTest, HalvesTheLongerTileAndPadsChannels) {
  const ConvPlan tall = make_plan({3, 25, 10, 100, 30, 9}, 48, 20);
  EXPECT_TRUE(tall.v_is_rows);
  EXPECT_EQ(tall.v.points, 100);
  EXPECT_EQ(tall.bins, 20 * 25);
  EXPECT_EQ(tall.tiles, 3 * 3 * 3);
  EXPECT_EQ(tall.padded_in, 32);
  EXPECT_EQ(tall.padded_out, 16);
  EXPECT_FALSE(make_plan({3, 25, 10, 100, 30, 9}, 20, 48).v_is_rows);
}

// Every element has an index of its own, the last one just below the size.
TEST(ConvPlanTest, IndicesFillTheirBuffers) {
  const ConvPlan plan = make_plan({2, 5, 9, 40, 30, 5}, 12, 16);
  std::vector<int> seen(static_cast<std::size_t>(plan.product_size()));
  for (int bin = 0; bin < plan.bins; ++bin) {
    for (int tile = 0; tile < plan.tiles; ++tile) {
      for (int out = 0; out < plan.padded_out; ++out) {
        for (const int x : {0, 1}) {
          for (const int w : {0, 1}) {
            ++seen.at(static_cast<std::size_t>(plan.product_index(bin, x, tile, w, out)));
          }
        }
      }
    }
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), plan.product_size());
  EXPECT_EQ(plan.input_index(plan.bins - 1, 1, plan.tiles - 1, plan.padded_in - 1) + 1,
            plan.input_size());
  EXPECT_EQ(plan.weight_index(plan.bins - 1, 1, plan.padded_out - 1, plan.padded_in - 1) + 1,
            plan.weight_size());
}

TEST(ConvPlanTest, RefusesWhatHasNoCode) {
  EXPECT_DND_ERROR(choose_plan({1, 4, 4, 20, 20, 13}), ErrorKind::data, "kernel size 13");
  EXPECT_DND_ERROR(choose_plan({1, 4, 4, 20, 20, 4}), ErrorKind::data, "kernel size 4");
  EXPECT_DND_ERROR(choose_plan({1, 0, 4, 20, 20, 3}), ErrorKind::data, "size of 0");
  EXPECT_DND_ERROR(choose_plan({1, 4, 4, 1 << 24, 1 << 24, 3}), ErrorKind::data, "too large");
}

// |value| times the scale lies in (2^14, 2^15] for one term, whatever the value.
TEST(RangeExponentTest, BringsTheLargestBelowTheLimitOfFp16) {
  for (const float value : {1e-20F, 0.7F, 1.0F, 1.5F, 3e4F, 3.4e38F}) {
    const float scaled = value * power_of_two(range_exponent(magnitude_bits(-value), 0));
    EXPECT_GT(scaled, 16383.0F) << value;
    EXPECT_LE(scaled, 32768.0F) << value;
  }
  EXPECT_EQ(range_exponent(magnitude_bits(1.0F), 4), 10);
  EXPECT_EQ(range_exponent(0, 0), 0);
  EXPECT_EQ(range_exponent(magnitude_bits(HUGE_VALF), 0), 0);
  EXPECT_EQ(range_exponent(1, 0), 100);  // the smallest subnormal
}

}  // namespace
}  // namespace dnd::ops::cuda
