// Attention that leaves padding out against all scores with a mask, in fp64.
#include "nn/attention.h"

#include <ATen/Tensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <limits>

#include "ops/workers.h"
#include "support/tensors.h"

namespace dnd::nn {
namespace {

using bundle::EmptyChunk;
using testing::largest_difference;

constexpr std::int64_t kLength = 24;
constexpr std::int64_t kWidth = 20;
constexpr std::int64_t kHeads = 3;
constexpr std::int64_t kHead = 8;

class Attention : public ::testing::TestWithParam<bool> {
 protected:
  at::Tensor weight() { return at::randn({kHeads * kHead, kWidth}).mul_(0.2); }

  AttentionLayer layer() const {
    return {kHeads, 0.7, bias_, ops::cpu::PackedLinear(query_),
            ops::cpu::PackedLinear(at::cat({key_, value_}))};
  }

  Chunk chunk(std::int64_t real) const { return {ids_, real}; }

  at::Tensor heads_of(const at::Tensor& weight) const {
    const at::Tensor y = at::linear(x_.to(at::kDouble), weight.to(at::kDouble));
    return y.view({kLength, kHeads, kHead}).transpose(0, 1);
  }

  // Context (L, heads * d) with all keys and a mask.
  at::Tensor masked(std::int64_t real) const {
    at::Tensor scores = at::matmul(heads_of(query_), heads_of(key_).transpose(1, 2)) * 0.7;
    if (bias_.defined()) scores += bias_.narrow(1, 0, kLength).narrow(2, 0, kLength);
    scores.narrow(2, real, kLength - real).fill_(-std::numeric_limits<double>::infinity());
    return at::matmul(at::softmax(scores, 2), heads_of(value_)).transpose(0, 1).flatten(1);
  }

  const c10::InferenceMode inference_;
  const ops::Workers one_thread_{1};
  const std::vector<std::int32_t> ids_ = std::vector<std::int32_t>(kLength);
  const at::Tensor x_ = at::randn({kLength, kWidth});
  const at::Tensor query_ = weight(), key_ = weight(), value_ = weight();
  const at::Tensor bias_ =
      GetParam() ? at::randn({kHeads, 2 * kLength, 2 * kLength}) : at::Tensor();
};

TEST_P(Attention, LeavesPaddingOutExactly) {
  const AttentionLayer one = layer();
  for (const std::int64_t real : {std::int64_t{1}, std::int64_t{9}, kLength}) {
    const ChunkAttention attention(one, x_, chunk(real), EmptyChunk::zero);
    EXPECT_LT(largest_difference(attention.context(x_, 0), masked(real)), 2e-6);
  }
}

TEST_P(Attention, BlocksOfRowsMakeTheWhole) {
  const AttentionLayer one = layer();
  const ChunkAttention attention(one, x_, chunk(9), EmptyChunk::zero);
  const at::Tensor part = attention.context(x_.narrow(0, 7, 6), 7);
  EXPECT_LT(largest_difference(part, masked(9).narrow(0, 7, 6)), 2e-6);
}

TEST_P(Attention, OfNothingIsZeroOrTheMeanOfAllValues) {
  const AttentionLayer one = layer();
  const auto context = [&](EmptyChunk empty) {
    return ChunkAttention(one, x_, chunk(0), empty).context(x_.narrow(0, 2, 5), 2);
  };
  const at::Tensor mean = heads_of(value_).mean(1).flatten().expand({5, kHeads * kHead});
  EXPECT_LT(largest_difference(context(EmptyChunk::uniform), mean), 1e-6);
  const at::Tensor zero = context(EmptyChunk::zero);
  EXPECT_EQ(zero.sizes(), mean.sizes());
  EXPECT_TRUE(at::equal(zero, at::zeros_like(zero)));
}

INSTANTIATE_TEST_SUITE_P(Bias, Attention, ::testing::Bool());

}  // namespace
}  // namespace dnd::nn
