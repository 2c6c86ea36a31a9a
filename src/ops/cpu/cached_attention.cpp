#include "ops/cpu/cached_attention.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "ops/cpu/stored_linear.h"
#include "ops/cpu/weighted_row.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/cached_attention.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
constexpr Floats kFloats;
constexpr auto kLanes = static_cast<std::int64_t>(HWY_LANES(float));

// -- Scores to weights.

template <class D>
HWY_INLINE hn::Vec<D> score(D d, const float* scores, float scale, float softcap) {
  const auto scaled = hn::Mul(hn::LoadU(d, scores), hn::Set(d, scale));
  if (softcap == 0.0F) return scaled;
  const auto cap = hn::Set(d, softcap);
  return hn::Mul(hn::Tanh(d, hn::Div(scaled, cap)), cap);
}

// A row's scores to exp(score - largest), in place. Returns 1 / their sum.
float soften_row(float* scores, std::int64_t count, float scale, float softcap) {
  const hn::CappedTag<float, 1> one;
  const std::int64_t whole = count - count % kLanes;
  auto most = hn::Set(kFloats, -std::numeric_limits<float>::infinity());
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    const auto value = score(kFloats, scores + i, scale, softcap);
    hn::StoreU(value, kFloats, scores + i);
    most = hn::Max(most, value);
  }
  float largest = hn::GetLane(hn::MaxOfLanes(kFloats, most));
  for (std::int64_t i = whole; i < count; ++i) {
    scores[i] = hn::GetLane(score(one, scores + i, scale, softcap));
    largest = std::max(largest, scores[i]);
  }
  auto sums = hn::Zero(kFloats);
  for (std::int64_t i = 0; i < whole; i += kLanes) {
    const auto value = hn::LoadU(kFloats, scores + i);
    const auto weight = hn::Exp(kFloats, hn::Sub(value, hn::Set(kFloats, largest)));
    hn::StoreU(weight, kFloats, scores + i);
    sums = hn::Add(sums, weight);
  }
  float sum = hn::GetLane(hn::SumOfLanes(kFloats, sums));
  for (std::int64_t i = whole; i < count; ++i) {
    scores[i] = hn::GetLane(hn::Exp(one, hn::Set(one, scores[i] - largest)));
    sum += scores[i];
  }
  return 1.0F / sum;
}

// -- Sums of weighted values.

// to += weights[begin ... end - 1] times these rows of values, for kRows rows and so many vectors of
// values. Each row's terms are added in the order of tokens.
template <int kRows, int kVectors, class D>
HWY_INLINE void add_values(D d, const WeightedRow* rows, const float* values, std::int64_t stride,
                           std::int64_t column) {
  const auto lanes = static_cast<std::int64_t>(MaxLanes(D()));
  hn::Vec<D> sums[kRows][kVectors];
  std::int64_t begin = rows[0].begin, end = rows[0].end;
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = hn::LoadU(d, rows[r].context + column + v * lanes);
    }
    begin = std::max(begin, rows[r].begin);
    end = std::min(end, rows[r].end);
  }
  end = std::max(begin, end);
  const auto add_alone = [&](int r, std::int64_t first, std::int64_t last) HWY_ATTR {
    for (std::int64_t t = first; t < last; ++t) {
      const auto weight = hn::Set(d, rows[r].weights[t]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const auto value = hn::LoadU(d, values + t * stride + column + v * lanes);
        sums[r][v] = hn::MulAdd(weight, value, sums[r][v]);
      }
    }
  };
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) add_alone(r, rows[r].begin, std::min(begin, rows[r].end));
  for (std::int64_t t = begin; t < end; ++t) {
    hn::Vec<D> weights[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) weights[r] = hn::Set(d, rows[r].weights[t]);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const auto value = hn::LoadU(d, values + t * stride + column + v * lanes);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) sums[r][v] = hn::MulAdd(weights[r], value, sums[r][v]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    add_alone(r, std::max(end, rows[r].begin), rows[r].end);
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[r][v], d, rows[r].context + column + v * lanes);
    }
  }
}

template <int kRows>
HWY_INLINE void add_all_columns(const WeightedRow* rows, const float* values, std::int64_t width) {
  const hn::CappedTag<float, 1> one;
  std::int64_t c = 0;
  for (; c + 4 * kLanes <= width; c += 4 * kLanes) {
    add_values<kRows, 4>(kFloats, rows, values, width, c);
  }
  for (; c + kLanes <= width; c += kLanes) add_values<kRows, 1>(kFloats, rows, values, width, c);
  for (; c < width; ++c) add_values<kRows, 1>(one, rows, values, width, c);
}

void add_segment(const WeightedRow* rows, std::int64_t count, const float* values,
                 std::int64_t width) {
  std::int64_t r = 0;
  for (; r + 3 <= count; r += 3) add_all_columns<3>(rows + r, values, width);
  for (; r < count; ++r) add_all_columns<1>(rows + r, values, width);
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(soften_row);
HWY_EXPORT(add_segment);

namespace {

// Tokens of queries whose scores are held at once.
constexpr std::int64_t kTokens = 16;

// A few tokens' rows of one key/value head: those of all its heads, token by token.
class Group {
 public:
  Group(const AttentionRule& rule, std::span<const CachedTokens> cache, const AttentionRows& rows,
        std::int64_t head)
      : rule_(rule),
        cache_(cache),
        rows_(rows),
        head_(head),
        heads_(rule.heads / rule.key_value_heads),
        begin_(first_seen(rows.first)),
        keys_(rows.first + rows.rows - begin_),
        scores_(static_cast<std::size_t>(rows.rows * heads_ * keys_)) {}

  void run() {
    each_segment([&](const CachedTokens& some, std::int64_t at) { add_scores(some, at); });
    soften();
    each_segment([&](const CachedTokens& some, std::int64_t at) { add_contexts(some, at); });
    for (std::int64_t r = 0; r < rows_.rows * heads_; ++r) {
      float* to = context(r);
      for (std::int64_t i = 0; i < rule_.head_size; ++i) {
        to[i] *= factors_[static_cast<std::size_t>(r)];
      }
    }
  }

 private:
  std::int64_t position(std::int64_t row) const { return rows_.first + row / heads_; }
  std::int64_t first_seen(std::int64_t position) const {
    return std::max<std::int64_t>(position - rule_.window, -1) + 1;
  }
  float* scores(std::int64_t row) { return scores_.data() + row * keys_; }
  std::int64_t offset(std::int64_t row) const {
    return (head_ * heads_ + row % heads_) * rule_.head_size;
  }
  float* context(std::int64_t row) const {
    return rows_.contexts + row / heads_ * rows_.context_stride + offset(row);
  }

  // Calls fn with what rows see of each segment, and the place of its first token among the keys.
  template <typename Function>
  void each_segment(Function fn) {
    std::int64_t start = 0;  // position
    for (const CachedTokens& all : cache_) {
      const std::int64_t first = std::max(begin_, start);
      const std::int64_t last = std::min(begin_ + keys_, start + all.tokens);
      const std::int64_t skipped = head_ * all.head_stride + (first - start) * rule_.head_size;
      if (first < last) {
        fn(CachedTokens{all.keys + skipped, all.values + skipped, 0, last - first}, first - begin_);
      }
      start += all.tokens;
    }
  }

  void add_scores(const CachedTokens& some, std::int64_t at) {
    const StoredMatrix keys = {reinterpret_cast<const std::byte*>(some.keys), Dtype::f32,
                               some.tokens, rule_.head_size};
    const float* queries = rows_.queries + offset(0);
    if (rows_.rows == 1) {
      return add_product({keys, queries, rule_.head_size, scores(0) + at, keys_}, heads_);
    }
    for (std::int64_t h = 0; h < heads_; ++h) {
      add_product(
          {keys, queries + h * rule_.head_size, rows_.query_stride, scores(h) + at, heads_ * keys_},
          rows_.rows);
    }
  }

  void soften() {
    const auto soften_one = HWY_DYNAMIC_DISPATCH(soften_row);
    for (std::int64_t r = 0; r < rows_.rows * heads_; ++r) {
      const std::int64_t first = first_seen(position(r));
      factors_.push_back(soften_one(scores(r) + first - begin_, position(r) + 1 - first,
                                    rule_.scale, rule_.softcap));
      std::fill_n(context(r), rule_.head_size, 0.0F);
    }
  }

  void add_contexts(const CachedTokens& some, std::int64_t at) {
    std::vector<WeightedRow> weighted;
    for (std::int64_t r = 0; r < rows_.rows * heads_; ++r) {
      const std::int64_t begin = std::max<std::int64_t>(first_seen(position(r)) - begin_ - at, 0);
      const std::int64_t end = std::min(position(r) + 1 - begin_ - at, some.tokens);
      if (begin < end) weighted.push_back({scores(r) + at, context(r), begin, end});
    }
    HWY_DYNAMIC_DISPATCH(add_segment)
    (weighted.data(), static_cast<std::int64_t>(weighted.size()), some.values, rule_.head_size);
  }

  const AttentionRule& rule_;
  std::span<const CachedTokens> cache_;
  const AttentionRows& rows_;
  std::int64_t head_;
  std::int64_t heads_;         // that share the key/value head
  std::int64_t begin_;         // position of the first key that any row sees
  std::int64_t keys_;          // from there to the last row
  std::vector<float> scores_;  // (rows, keys)
  std::vector<float> factors_;
};

}  // namespace

void attend_cached(const AttentionRule& rule, std::span<const CachedTokens> cache,
                   const AttentionRows& rows, std::int64_t head) {
  for (std::int64_t first = 0; first < rows.rows; first += kTokens) {
    AttentionRows some = rows;
    some.queries += first * rows.query_stride;
    some.contexts += first * rows.context_stride;
    some.first += first;
    some.rows = std::min(kTokens, rows.rows - first);
    Group(rule, cache, some, head).run();
  }
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
