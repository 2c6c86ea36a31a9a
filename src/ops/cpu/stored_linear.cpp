#include "ops/cpu/stored_linear.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "ops/cpu/stored_block.h"
#include "ops/pieces.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/stored_linear.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Sums = hn::Vec<Floats>;
constexpr Floats kFloats;
constexpr auto kLanes = static_cast<std::int64_t>(HWY_LANES(float));
// As many rows of x as there are registers for their sums with a strip.
constexpr int kTile = kLanes >= 16 ? 6 : 3;

// -- A vector of weights in fp32. Their bytes have no alignment.

struct ReadF32 {
  using Value = float;
  HWY_INLINE Sums operator()(const std::byte* from) const {
    return hn::LoadU(kFloats, reinterpret_cast<const float*>(from));
  }
};

struct ReadBf16 {
  using Value = std::uint16_t;
  HWY_INLINE Sums operator()(const std::byte* from) const {
    const hn::Rebind<std::uint16_t, Floats> halves;
    const hn::RebindToUnsigned<Floats> words;
    const auto bits = hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(from));
    return hn::BitCast(kFloats, hn::ShiftLeft<16>(hn::PromoteTo(words, bits)));
  }
};

struct ReadF16 {
  using Value = std::uint16_t;
  HWY_INLINE Sums operator()(const std::byte* from) const {
    const hn::Rebind<std::uint16_t, Floats> bits;
    const hn::Rebind<hwy::float16_t, Floats> halves;
    const auto loaded = hn::LoadU(bits, reinterpret_cast<const std::uint16_t*>(from));
    return hn::PromoteTo(kFloats, hn::BitCast(halves, loaded));
  }
};

// -- Sums of lanes.

#if HWY_TARGET != HWY_SCALAR
// Blocks of four values, added up.
template <class D>
HWY_INLINE auto fold_blocks([[maybe_unused]] D d, hn::Vec<D> values) {
  if constexpr (MaxLanes(D()) <= 4) {
    return values;
  } else {
    const hn::Half<D> half;
    return fold_blocks(half, hn::Add(hn::LowerHalf(half, values), hn::UpperHalf(half, values)));
  }
}
#endif

// Of four vectors, added to to[0] ... to[outs - 1].
HWY_INLINE void add_folded(Sums a, Sums b, Sums c, Sums d, std::int64_t outs, float* to) {
#if HWY_TARGET == HWY_SCALAR
  const Sums sums[] = {a, b, c, d};
  for (std::int64_t i = 0; i < outs; ++i) to[i] += hn::GetLane(sums[i]);
#else
  const hn::Repartition<double, Floats> pairs;
  const auto halve = [](Sums first, Sums second) HWY_ATTR {
    return hn::Add(hn::InterleaveLower(kFloats, first, second),
                   hn::InterleaveUpper(kFloats, first, second));
  };
  const auto ab = hn::BitCast(pairs, halve(a, b));
  const auto cd = hn::BitCast(pairs, halve(c, d));
  const Sums blocks = hn::Add(hn::BitCast(kFloats, hn::InterleaveLower(pairs, ab, cd)),
                              hn::BitCast(kFloats, hn::InterleaveUpper(pairs, ab, cd)));
  const hn::CappedTag<float, 4> four;
  const auto sums = fold_blocks(kFloats, blocks);
  if (outs == kStripOuts) {
    hn::StoreU(hn::Add(hn::LoadU(four, to), sums), four, to);
    return;
  }
  alignas(16) float values[4];
  hn::Store(sums, four, values);
  for (std::int64_t i = 0; i < outs; ++i) to[i] += values[i];
#endif
}

// -- A piece of a strip by a few rows: all sums stay in registers.

// Weights of a strip in fp32, vectors of its four rows by turns: (vectors, 4, lanes).
struct PackedStrip {
  const float* packed;
  HWY_INLINE Sums operator()(std::int64_t step, int out) const {
    return hn::Load(kFloats, packed + (step * kStripOuts + out) * kLanes);
  }
};

// The same where they are stored; the last vector may be a copy padded with zeros.
template <class Read>
struct StoredStrip {
  const std::byte* rows[kStripOuts];
  HWY_INLINE Sums operator()(std::int64_t step, int out) const {
    return Read()(rows[out] +
                  step * kLanes * static_cast<std::int64_t>(sizeof(typename Read::Value)));
  }
};

template <int kRows>
using TileSums = Sums[kRows][kStripOuts];

template <int kRows, class Strip>
HWY_INLINE void add_step(const Strip& strip, std::int64_t step, const float* x,
                         std::int64_t x_stride, TileSums<kRows>& sums) {
  Sums values[kRows];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) values[r] = hn::LoadU(kFloats, x + r * x_stride);
#pragma GCC unroll 4
  for (int o = 0; o < kStripOuts; ++o) {
    const Sums weight = strip(step, o);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) sums[r][o] = hn::MulAdd(values[r], weight, sums[r][o]);
  }
}

// Where inputs, rows of y and what is left of a vector are.
struct Tile {
  const float* x;
  std::int64_t x_stride;
  float* y;
  std::int64_t y_stride;
  std::int64_t inputs;
  std::int64_t outs;  // up to 4
};

template <int kRows, class Strip, class Rest>
HWY_INLINE void multiply_tile(const Tile& t, const Strip& strip, const Rest& rest) {
  TileSums<kRows> sums;
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int o = 0; o < kStripOuts; ++o) sums[r][o] = hn::Zero(kFloats);
  }
  const std::int64_t steps = t.inputs / kLanes;
  for (std::int64_t step = 0; step < steps; ++step) {
    add_step<kRows>(strip, step, t.x + step * kLanes, t.x_stride, sums);
  }
  if (const std::int64_t left = t.inputs % kLanes; left != 0) {
    alignas(64) float padded[kRows][kLanes] = {};
    for (int r = 0; r < kRows; ++r) {
      std::copy_n(t.x + r * t.x_stride + steps * kLanes, left, padded[r]);
    }
    add_step<kRows>(rest, 0, padded[0], kLanes, sums);
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
    add_folded(sums[r][0], sums[r][1], sums[r][2], sums[r][3], t.outs, t.y + r * t.y_stride);
  }
}

// Up to kTile rows.
template <class Strip, class Rest>
HWY_INLINE void multiply_rows(const Tile& t, std::int64_t rows, const Strip& strip,
                              const Rest& rest) {
  if (rows == kTile) return multiply_tile<kTile>(t, strip, rest);
  if constexpr (kTile > 3) {
    if (rows == 5) return multiply_tile<5>(t, strip, rest);
    if (rows == 4) return multiply_tile<4>(t, strip, rest);
    if (rows == 3) return multiply_tile<3>(t, strip, rest);
  }
  if (rows == 2) return multiply_tile<2>(t, strip, rest);
  if (rows == 1) return multiply_tile<1>(t, strip, rest);
}

// -- A block.

// A strip's rows from one input on; rows that W does not have repeat the last one.
template <class Read>
struct StripRows {
  static constexpr auto kBytes = static_cast<std::int64_t>(sizeof(typename Read::Value));
  StoredStrip<Read> stored;
  StoredStrip<Read> rest;  // for the step that is not whole
  alignas(64) std::byte padded[kStripOuts][kLanes * kBytes] = {};

  StripRows(const StoredMatrix& w, std::int64_t out, std::int64_t outs, std::int64_t input,
            std::int64_t inputs) {
    const std::int64_t steps = inputs / kLanes;
    for (std::int64_t o = 0; o < kStripOuts; ++o) {
      stored.rows[o] = w.data + ((out + std::min(o, outs - 1)) * w.in + input) * kBytes;
      std::memcpy(padded[o], stored.rows[o] + steps * kLanes * kBytes,
                  static_cast<std::size_t>((inputs % kLanes) * kBytes));
      rest.rows[o] = padded[o];
    }
  }
};

template <class Read>
HWY_INLINE void pack(const StripRows<Read>& rows, std::int64_t inputs, float* to) {
  const std::int64_t steps = inputs / kLanes;
  for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 4
    for (int o = 0; o < kStripOuts; ++o, to += kLanes) hn::Store(rows.stored(step, o), kFloats, to);
  }
  if (inputs % kLanes == 0) return;
  for (int o = 0; o < kStripOuts; ++o, to += kLanes) hn::Store(rows.rest(0, o), kFloats, to);
}

// Asks for the weights of the next strip, a share before each tile: whole layers of weights do not fit into
// the second cache. What lies behind the last row of W is asked for in vain.
template <class Read>
class NextStrip {
 public:
  NextStrip(const StoredStrip<Read>& strip, std::int64_t in, std::int64_t inputs,
            std::int64_t tiles)
      : first_(strip.rows[0] + kStripOuts * in * kBytes),
        stride_(in * kBytes),
        lines_(pieces(inputs * kBytes, kLine)),
        share_(pieces(lines_, tiles)) {}

  HWY_INLINE void ask_for_some() {
    for (const std::int64_t end = std::min(lines_, line_ + share_); line_ < end; ++line_) {
#pragma GCC unroll 4
      for (std::int64_t o = 0; o < kStripOuts; ++o) {
        __builtin_prefetch(first_ + o * stride_ + line_ * kLine, 0, 2);
      }
    }
  }

 private:
  static constexpr auto kBytes = static_cast<std::int64_t>(sizeof(typename Read::Value));
  static constexpr std::int64_t kLine = 64;
  const std::byte* first_;
  std::int64_t stride_;
  std::int64_t lines_;
  std::int64_t share_;
  std::int64_t line_ = 0;
};

template <class Read>
void multiply_strip(const StoredBlock& b, Tile t, const StripRows<Read>& rows) {
  if (b.rows <= kTile) return multiply_rows(t, b.rows, rows.stored, rows.rest);
  alignas(64) float packed[kStripOuts * kLongestPiece];
  pack(rows, t.inputs, packed);
  const PackedStrip strip{packed};
  const PackedStrip rest{packed + t.inputs / kLanes * kStripOuts * kLanes};
  NextStrip<Read> next(rows.stored, b.product->weight.in, t.inputs, pieces(b.rows, kTile));
  for (std::int64_t row = 0; row < b.rows; row += kTile) {
    next.ask_for_some();
    multiply_rows(t, std::min<std::int64_t>(kTile, b.rows - row), strip, rest);
    t.x += kTile * t.x_stride;
    t.y += kTile * t.y_stride;
  }
}

template <class Read>
void multiply_block(const StoredBlock& b) {
  const StoredProduct& p = *b.product;
  const StoredMatrix& w = p.weight;
  const std::int64_t length = piece_length(w.in);
  for (std::int64_t input = 0; input < w.in; input += length) {
    const std::int64_t inputs = std::min(length, w.in - input);
    for (std::int64_t o = b.first_out; o < b.first_out + b.outs; o += kStripOuts) {
      const std::int64_t outs = std::min(kStripOuts, b.first_out + b.outs - o);
      const Tile tile{p.x + b.first_row * p.x_stride + input,
                      p.x_stride,
                      p.y + b.first_row * p.y_stride + o,
                      p.y_stride,
                      inputs,
                      outs};
      multiply_strip<Read>(b, tile, StripRows<Read>(w, o, outs, input, inputs));
    }
  }
}

void multiply_any(const StoredBlock& b) {
  if (b.product->weight.dtype == Dtype::f32) return multiply_block<ReadF32>(b);
  if (b.product->weight.dtype == Dtype::bf16) return multiply_block<ReadBf16>(b);
  multiply_block<ReadF16>(b);
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(multiply_any);

namespace {

// Rows whose inputs of a piece stay in the second cache.
std::int64_t block_rows(std::int64_t in) {
  constexpr std::int64_t kFloats = std::int64_t{64} * 1024;
  return std::max<std::int64_t>(kFloats / piece_length(in) / 12 * 12, 12);
}

// As few outputs as leave work for all threads until the end, and no fewer than pay for a block.
std::int64_t block_outs(std::int64_t out, std::int64_t row_blocks, int threads) {
  const std::int64_t wanted = out * row_blocks / (std::int64_t{8} * threads);
  return pieces(std::clamp<std::int64_t>(wanted, 16, 512), kStripOuts) * kStripOuts;
}

}  // namespace

void add_products(const Workers& workers, std::span<const StoredProduct> products,
                  std::int64_t rows) {
  std::int64_t out = 0;
  for (const StoredProduct& p : products) out += p.weight.out;
  std::vector<StoredBlock> blocks;
  for (const StoredProduct& p : products) {
    const std::int64_t height = block_rows(p.weight.in);
    const std::int64_t width = block_outs(out, pieces(rows, height), workers.threads());
    for (std::int64_t row = 0; row < rows; row += height) {
      for (std::int64_t o = 0; o < p.weight.out; o += width) {
        blocks.push_back(
            {&p, row, std::min(height, rows - row), o, std::min(width, p.weight.out - o)});
      }
    }
  }
  const auto multiply = HWY_DYNAMIC_DISPATCH(multiply_any);
  workers.run(static_cast<std::int64_t>(blocks.size()),
              [&](std::int64_t i) { multiply(blocks[static_cast<std::size_t>(i)]); });
}

void add_product(const StoredProduct& product, std::int64_t rows) {
  HWY_DYNAMIC_DISPATCH(multiply_any)({&product, 0, rows, 0, product.weight.out});
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
