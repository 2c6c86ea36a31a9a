#include "nn/projection.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ops/blocks.h"
#include "ops/cpu/packed_linear.h"
#include "ops/pieces.h"

namespace dnd::nn {
namespace {

using ops::Precision;
using ops::Range;
using ops::round_operand;

constexpr std::int64_t kRows = 64;  // computed at a time; fewer are filled up with zeros

struct DistinctRows {
  std::vector<std::int64_t> rows;  // the first of each kind
  std::vector<std::int64_t> kind;  // of every row: an index of `rows`
};

// Bytes of one row. The hash takes the first few, equality all of them.
struct PrefixHash {
  std::size_t operator()(std::string_view row) const {
    return std::hash<std::string_view>()(row.substr(0, 64));
  }
};

DistinctRows find_distinct(const at::Tensor& x) {
  DistinctRows found;
  std::unordered_map<std::string_view, std::int64_t, PrefixHash> kinds;
  const char* bytes = reinterpret_cast<const char*>(x.const_data_ptr<float>());
  const std::size_t size = static_cast<std::size_t>(x.size(1)) * sizeof(float);
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const std::string_view row(bytes + static_cast<std::size_t>(i) * size, size);
    const auto [kind, is_new] = kinds.emplace(row, static_cast<std::int64_t>(found.rows.size()));
    if (is_new) found.rows.push_back(i);
    found.kind.push_back(kind->second);
  }
  return found;
}

// (kRows, L): some of the rows `indices` of x, then zeros.
at::Tensor gather(const at::Tensor& x, const std::vector<std::int64_t>& indices, Range range) {
  at::Tensor block = at::zeros({kRows, x.size(1)}, at::kFloat);
  for (std::int64_t i = 0; i < range.size; ++i) {
    block.select(0, i).copy_(x.select(0, indices[static_cast<std::size_t>(range.begin + i)]));
  }
  return block;
}

}  // namespace

at::Tensor project_condition(const ops::Workers& workers, const at::Tensor& condition,
                             const ProjectionWeights& weights, Precision precision) {
  const std::int64_t prompts = condition.size(0), width = condition.size(2);
  const std::int64_t to = weights.down.size(0);
  const at::Tensor x = condition.reshape({prompts * width, weights.down.size(1)});
  const ops::cpu::PackedLinear down(round_operand(weights.down, precision), weights.down_bias);
  const ops::cpu::PackedLinear gate(round_operand(weights.gate, precision), weights.gate_bias);
  const DistinctRows distinct = find_distinct(x);
  const auto count = static_cast<std::int64_t>(distinct.rows.size());
  const at::Tensor results = at::empty({count, to}, at::kFloat);
  workers.run(ops::pieces(count, kRows), [&](std::int64_t index) {
    const Range range = ops::piece_of(count, kRows, index);
    const at::Tensor inner = down(round_operand(gather(x, distinct.rows, range), precision));
    const at::Tensor block = gate(round_operand(inner, precision));
    results.narrow(0, range.begin, range.size).copy_(block.narrow(0, 0, range.size));
  });
  const at::Tensor out = at::empty({prompts * width, to}, at::kFloat);
  ops::for_pieces(workers, out.size(0), [&](Range range) {
    for (std::int64_t i = range.begin; i < range.begin + range.size; ++i) {
      out.select(0, i).copy_(results.select(0, distinct.kind[static_cast<std::size_t>(i)]));
    }
  });
  return out.view({prompts, to, width});
}

}  // namespace dnd::nn
