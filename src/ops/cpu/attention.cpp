#include "ops/cpu/attention.h"

#include <algorithm>
#include <new>

#include "ops/pieces.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/attention.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// At most 16 lanes, so that rows padded to 16 floats are whole vectors.
using Floats = hn::CappedTag<float, 16>;
constexpr std::int64_t kRows = 4;  // queries at a time

// A (4, depth) times B (depth, width): rows of A are `depth` floats apart, those of B and `out`
// `width`; width is a multiple of 16.
struct Product {
  const float* a;
  const float* b;
  std::int64_t depth;
  std::int64_t width;
  float* out;
};

// Columns j ... of two vectors. Eight sums in registers.
HWY_INLINE void multiply_two_vectors(Floats d, const Product& p, std::int64_t j) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto s00 = hn::Zero(d), s01 = s00, s10 = s00, s11 = s00;
  auto s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  const float* b = p.b + j;
  for (std::int64_t i = 0; i < p.depth; ++i, b += p.width) {
    const auto b0 = hn::Load(d, b), b1 = hn::Load(d, b + lanes);
    const auto a0 = hn::Set(d, p.a[i]), a1 = hn::Set(d, p.a[p.depth + i]);
    const auto a2 = hn::Set(d, p.a[2 * p.depth + i]), a3 = hn::Set(d, p.a[3 * p.depth + i]);
    s00 = hn::MulAdd(a0, b0, s00), s01 = hn::MulAdd(a0, b1, s01);
    s10 = hn::MulAdd(a1, b0, s10), s11 = hn::MulAdd(a1, b1, s11);
    s20 = hn::MulAdd(a2, b0, s20), s21 = hn::MulAdd(a2, b1, s21);
    s30 = hn::MulAdd(a3, b0, s30), s31 = hn::MulAdd(a3, b1, s31);
  }
  float* out = p.out + j;
  hn::Store(s00, d, out), hn::Store(s01, d, out + lanes);
  hn::Store(s10, d, out + p.width), hn::Store(s11, d, out + p.width + lanes);
  hn::Store(s20, d, out + 2 * p.width), hn::Store(s21, d, out + 2 * p.width + lanes);
  hn::Store(s30, d, out + 3 * p.width), hn::Store(s31, d, out + 3 * p.width + lanes);
}

HWY_INLINE void multiply_one_vector(Floats d, const Product& p, std::int64_t j) {
  auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
  const float* b = p.b + j;
  for (std::int64_t i = 0; i < p.depth; ++i, b += p.width) {
    const auto value = hn::Load(d, b);
    s0 = hn::MulAdd(hn::Set(d, p.a[i]), value, s0);
    s1 = hn::MulAdd(hn::Set(d, p.a[p.depth + i]), value, s1);
    s2 = hn::MulAdd(hn::Set(d, p.a[2 * p.depth + i]), value, s2);
    s3 = hn::MulAdd(hn::Set(d, p.a[3 * p.depth + i]), value, s3);
  }
  float* out = p.out + j;
  hn::Store(s0, d, out), hn::Store(s1, d, out + p.width);
  hn::Store(s2, d, out + 2 * p.width), hn::Store(s3, d, out + 3 * p.width);
}

HWY_INLINE void multiply(Floats d, const Product& p) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t j = 0;
  for (; j + 2 * lanes <= p.width; j += 2 * lanes) multiply_two_vectors(d, p, j);
  if (j < p.width) multiply_one_vector(d, p, j);
}

// Scores to weights exp(score - max) of the first `keys`, closed up to rows of `keys` floats at
// `weights`. Returns 1 / their sum.
HWY_INLINE float soften(Floats d, const float* scores, std::int64_t keys, float* weights) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const std::int64_t whole = keys - keys % lanes;
  auto most = hn::Set(d, scores[0]);
  for (std::int64_t i = 0; i < whole; i += lanes) most = hn::Max(most, hn::Load(d, scores + i));
  float largest = hn::GetLane(hn::MaxOfLanes(d, most));
  for (std::int64_t i = whole; i < keys; ++i) largest = std::max(largest, scores[i]);
  auto sums = hn::Zero(d);
  for (std::int64_t i = 0; i < whole; i += lanes) {
    const auto weight = hn::Exp(d, hn::Sub(hn::Load(d, scores + i), hn::Set(d, largest)));
    sums = hn::Add(sums, weight);
    hn::StoreU(weight, d, weights + i);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  if (whole == keys) return 1.0F / sum;
  // The last vector holds padding, too: the caller's next row or spare room takes what is too much.
  hn::StoreU(hn::Exp(d, hn::Sub(hn::Load(d, scores + whole), hn::Set(d, largest))), d,
             weights + whole);
  for (std::int64_t i = whole; i < keys; ++i) sum += weights[i];
  return 1.0F / sum;
}

HWY_INLINE void scale_to(Floats d, const float* from, float factor, std::int64_t size, float* to) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    hn::StoreU(hn::Mul(hn::Load(d, from + i), hn::Set(d, factor)), d, to + i);
  }
  for (; i < size; ++i) to[i] = from[i] * factor;
}

// Room for four queries, all of it in the first-level cache as long as the keys are few.
class Strip {
 public:
  explicit Strip(const AttentionKeys& keys)
      : shape_(keys.shape()),
        padded_keys_(keys.padded_keys()),
        padded_head_(keys.padded_head()),
        room_(hwy::AllocateAligned<float>(
            static_cast<std::size_t>(kRows * (2 * padded_keys_ + 2 * padded_head_) + 16))),
        queries_(room_.get()),
        context_(queries_ + kRows * padded_head_),
        scores_(context_ + kRows * padded_head_),
        weights_(scores_ + kRows * padded_keys_) {
    if (room_ == nullptr) throw std::bad_alloc();
    std::fill_n(queries_, kRows * padded_head_, 0.0F);
  }

  // Queries first ... first + rows - 1 of one head.
  void run(const AttentionKeys& keys, const AttentionQueries& queries, std::int64_t head,
           std::int64_t first, float* out) {
    const Floats d;
    const std::int64_t rows = std::min(kRows, queries.rows - first);
    const std::int64_t at = first * shape_.width() + head * shape_.head_size;
    for (std::int64_t r = 0; r < rows; ++r) {
      scale_in(queries.data + at + r * shape_.width(), queries.scale, r);
    }
    multiply(d, {queries_, keys.keys(head), shape_.head_size, padded_keys_, scores_});
    float factors[kRows];
    for (std::int64_t r = 0; r < kRows; ++r) {
      if (queries.bias != nullptr && r < rows) {
        add_bias(queries.bias + head * queries.bias_head + (first + r) * queries.bias_row, r);
      }
      factors[r] = soften(d, scores_ + r * padded_keys_, shape_.keys, weights_ + r * shape_.keys);
    }
    multiply(d, {weights_, keys.values(head), shape_.keys, padded_head_, context_});
    for (std::int64_t r = 0; r < rows; ++r) {
      scale_to(d, context_ + r * padded_head_, factors[r], shape_.head_size,
               out + at + r * shape_.width());
    }
  }

 private:
  void scale_in(const float* query, float scale, std::int64_t row) {
    float* to = queries_ + row * shape_.head_size;
    for (std::int64_t i = 0; i < shape_.head_size; ++i) to[i] = query[i] * scale;
  }

  void add_bias(const float* bias, std::int64_t row) {
    float* to = scores_ + row * padded_keys_;
    for (std::int64_t i = 0; i < shape_.keys; ++i) to[i] += bias[i];
  }

  const AttentionShape& shape_;
  std::int64_t padded_keys_;
  std::int64_t padded_head_;
  hwy::AlignedFreeUniquePtr<float[]> room_;
  float* queries_;  // (4, head_size), scaled
  float* context_;  // (4, padded_head)
  float* scores_;   // (4, padded_keys)
  float* weights_;  // (4, keys) and room for a vector
};

void attend_all(const AttentionKeys& keys, const AttentionQueries& queries, float* out) {
  Strip strip(keys);
  for (std::int64_t head = 0; head < keys.shape().heads; ++head) {
    for (std::int64_t first = 0; first < queries.rows; first += kRows) {
      strip.run(keys, queries, head, first, out);
    }
  }
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {
namespace {

constexpr std::int64_t kVector = 16;  // the longest vector of floats

std::int64_t padded(std::int64_t size) { return pieces(size, kVector) * kVector; }

}  // namespace

HWY_EXPORT(attend_all);

AttentionKeys::AttentionKeys(const AttentionShape& shape, const float* rows, std::int64_t stride)
    : shape_(shape),
      data_(hwy::AllocateAligned<float>(static_cast<std::size_t>(shape.heads * head_floats()))) {
  if (data_ == nullptr) throw std::bad_alloc();
  std::fill_n(data_.get(), shape.heads * head_floats(), 0.0F);
  for (std::int64_t head = 0; head < shape.heads; ++head) {
    float* keys_to = data_.get() + head * head_floats();
    float* values_to = keys_to + shape.head_size * padded_keys();
    for (std::int64_t k = 0; k < shape.keys; ++k) {
      const float* row = rows + k * stride + head * shape.head_size;
      for (std::int64_t i = 0; i < shape.head_size; ++i) keys_to[i * padded_keys() + k] = row[i];
      std::copy_n(row + shape.width(), shape.head_size, values_to + k * padded_head());
    }
  }
}

std::int64_t AttentionKeys::padded_keys() const { return padded(shape_.keys); }
std::int64_t AttentionKeys::padded_head() const { return padded(shape_.head_size); }

std::int64_t AttentionKeys::head_floats() const {
  return shape_.head_size * padded_keys() + shape_.keys * padded_head();
}

const float* AttentionKeys::keys(std::int64_t head) const {
  return data_.get() + head * head_floats();
}

const float* AttentionKeys::values(std::int64_t head) const {
  return keys(head) + shape_.head_size * padded_keys();
}

void attend(const AttentionKeys& keys, const AttentionQueries& queries, float* out) {
  HWY_DYNAMIC_DISPATCH(attend_all)(keys, queries, out);
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
