// Products of transformed weights with transformed inputs.
#include <vector>

#include "ops/cpu/fft_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/fft_product.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers

#include "ops/cpu/fft_weights-inl.h"
#include "ops/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::fft::HWY_NAMESPACE {

// For each frequency and each of Gauss's three parts a real matrix product,
// (tiles x inputs) times (inputs x output channels). Sums of a block's inputs are added to those of the
// blocks before: long sums in one fp32 register would cost accuracy.

struct Panel {
  const float* re;  // of conj(W): [input][vectors][lanes]
  const float* im;
  std::int64_t inputs;
  const float* x;  // [group][tile][lanes], group_step floats apart
  std::int64_t group_step;
  std::int64_t next_x;  // floats to those of the next part
  bool first;           // nothing is there yet
};

// What the inputs of each part are multiplied by. The operands are made here, of two numbers, because it
// is the second cache that the transform of weights waits for.
enum class Part { re, im_minus_re, re_plus_im };

template <Part kPart>
HWY_INLINE Vector load_weight(const Panel& panel, std::int64_t at) {
  const Vector re = load(panel.re + at);
  if constexpr (kPart == Part::im_minus_re) return hn::Sub(load(panel.im + at), re);
  if constexpr (kPart == Part::re_plus_im) return hn::Add(re, load(panel.im + at));
  return re;
}

// The next part's inputs are asked for meanwhile: those of each group lie apart, and such jumps are too
// much for the processor's own prefetching.
template <Part kPart, int kTiles, int kVectors>
void multiply_tiles(const Panel& panel, std::int64_t tile, float* y) {
  Vector sums[kTiles][kVectors];
  for (int t = 0; t < kTiles; ++t) {
    for (int v = 0; v < kVectors; ++v) sums[t][v] = hn::Zero(kFloats);
  }
  std::int64_t weight = 0;
  for (std::int64_t begin = 0; begin < panel.inputs; begin += kLanes) {
    const float* x = panel.x + begin / kLanes * panel.group_step + tile * kLanes;
    for (int line = 0; line * kLineFloats < kTiles * kLanes; ++line) {
      hwy::Prefetch(x + panel.next_x + line * kLineFloats);
    }
    const std::int64_t count = std::min(kLanes, panel.inputs - begin);
    for (std::int64_t i = 0; i < count; ++i, weight += kVectors * kLanes) {
      Vector w[kVectors];
      for (int v = 0; v < kVectors; ++v) w[v] = load_weight<kPart>(panel, weight + v * kLanes);
      for (int t = 0; t < kTiles; ++t) {
        const Vector value = broadcast(x[t * kLanes + i]);
        for (int v = 0; v < kVectors; ++v) sums[t][v] = hn::MulAdd(value, w[v], sums[t][v]);
      }
    }
  }
  float* to = y + tile * kVectors * kLanes;
  for (int t = 0; t < kTiles; ++t) {
    for (int v = 0; v < kVectors; ++v, to += kLanes) {
      store(panel.first ? sums[t][v] : hn::Add(load(to), sums[t][v]), to);
    }
  }
}

constexpr std::int64_t kMaxTiles = kManyRegisters ? 12 : 6;

template <Part kPart, int kVectors>
void multiply_some(const Panel& panel, std::int64_t tile, std::int64_t count, float* y) {
  switch (count) {
    case 1:
      return multiply_tiles<kPart, 1, kVectors>(panel, tile, y);
    case 2:
      return multiply_tiles<kPart, 2, kVectors>(panel, tile, y);
    case 3:
      return multiply_tiles<kPart, 3, kVectors>(panel, tile, y);
    case 4:
      return multiply_tiles<kPart, 4, kVectors>(panel, tile, y);
    case 5:
      return multiply_tiles<kPart, 5, kVectors>(panel, tile, y);
    case 6:
      return multiply_tiles<kPart, 6, kVectors>(panel, tile, y);
    default:
      break;
  }
  if constexpr (kManyRegisters) {
    switch (count) {
      case 7:
        return multiply_tiles<kPart, 7, kVectors>(panel, tile, y);
      case 8:
        return multiply_tiles<kPart, 8, kVectors>(panel, tile, y);
      case 9:
        return multiply_tiles<kPart, 9, kVectors>(panel, tile, y);
      case 10:
        return multiply_tiles<kPart, 10, kVectors>(panel, tile, y);
      case 11:
        return multiply_tiles<kPart, 11, kVectors>(panel, tile, y);
      default:
        return multiply_tiles<kPart, 12, kVectors>(panel, tile, y);
    }
  }
}

// One part of a frequency; `panel` and `products` are those of the first.
template <Part kPart, int kVectors>
void multiply_part(Panel panel, std::int64_t tiles, float* products) {
  constexpr auto kBefore = static_cast<std::int64_t>(kPart);
  panel.x += kBefore * tiles * kLanes;
  float* y = products + kBefore * tiles * kVectors * kLanes;
  const std::int64_t runs = pieces(tiles, kMaxTiles);
  for (std::int64_t run = 0; run < runs; ++run) {
    const std::int64_t begin = tiles * run / runs;
    multiply_some<kPart, kVectors>(panel, begin, tiles * (run + 1) / runs - begin, y);
  }
}

template <int kVectors>
void multiply_slab(const ProductJob& job, const Block& block, std::int64_t slab,
                   const ProductScratch& s, float* products) {
  const FftPlan& plan = job.plan;
  const std::int64_t tiles = plan.tiles;
  const std::int64_t bins = plan.bins_of(slab);
  const std::int64_t part = tiles * kLanes;
  const std::int64_t group = bins * 3 * part;
  const float* x = job.transformed + plan.input_offset(slab) + block.in_channel / kLanes * group;
  Panel panel = {
      s.frequencies,        s.frequencies + plan.weight_row_floats(), block.inputs, x, group, part,
      block.in_channel == 0};
  for (std::int64_t bin = 0; bin < bins; ++bin) {
    multiply_part<Part::re, kVectors>(panel, tiles, products);
    multiply_part<Part::im_minus_re, kVectors>(panel, tiles, products);
    multiply_part<Part::re_plus_im, kVectors>(panel, tiles, products);
    panel.x += 3 * part;
    panel.re += plan.weight_bin_floats();
    panel.im += plan.weight_bin_floats();
    products += 3 * part * kVectors;
  }
}

template <int kHalf>
void multiply_block(const ProductJob& job, const Block& block, const ProductTask& task,
                    std::int64_t slab, Prefetch& prefetch, const ProductScratch& s) {
  const FftPlan& plan = job.plan;
  const std::int64_t place = block.index - task.first_block;
  const float* kernels = s.kernels + place * ProductScratch::block_floats(plan);
  transform_weights<kHalf>(plan, block, slab, kernels, prefetch, s);
  float* to = task.products + place * task.block_floats + plan.product_offset(slab, block.vectors);
  if (block.vectors == 2) {
    multiply_slab<2>(job, block, slab, s, to);
  } else {
    multiply_slab<1>(job, block, slab, s, to);
  }
}

// The blocks take turns within a slab, so that its inputs are fetched once for all of them.
template <int kHalf>
void multiply_with(const ProductJob& job, const ProductTask& task, float* scratch) {
  const FftPlan& plan = job.plan;
  const ProductScratch s(plan, scratch);
  std::fill_n(s.zeros, plan.block_inputs * Parts<kHalf>::kCount, 0.0F);
  for (std::int64_t in = 0; in < plan.shape.in_channels; in += plan.block_inputs) {
    const std::int64_t inputs = std::min(plan.block_inputs, plan.shape.in_channels - in);
    const auto block = [&](std::int64_t b) {
      const std::int64_t index = task.first_block + b;
      return Block{index, plan.vectors_of(index), in, inputs};
    };
    std::vector<Prefetch> prefetches;
    for (std::int64_t b = 0; b < task.blocks; ++b) {
      load_kernels<kHalf>(job, block(b), s, s.kernels + b * ProductScratch::block_floats(plan));
      prefetches.emplace_back(job, block(b), (task.end_slab - task.first_slab) * inputs);
    }
    for (std::int64_t slab = task.first_slab; slab < task.end_slab; ++slab) {
      for (std::int64_t b = 0; b < task.blocks; ++b) {
        multiply_block<kHalf>(job, block(b), task, slab, prefetches[static_cast<std::size_t>(b)],
                              s);
      }
    }
  }
}

void multiply(const ProductJob& job, const ProductTask& task, float* scratch) {
  switch (job.plan.shape.kernel / 2) {
    case 1:
      return multiply_with<1>(job, task, scratch);
    case 2:
      return multiply_with<2>(job, task, scratch);
    case 3:
      return multiply_with<3>(job, task, scratch);
    case 4:
      return multiply_with<4>(job, task, scratch);
    default:
      return multiply_with<5>(job, task, scratch);
  }
}

}  // namespace dnd::ops::fft::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::fft {

HWY_EXPORT(multiply);

void multiply(const ProductJob& job, const ProductTask& task, float* scratch) {
  HWY_DYNAMIC_DISPATCH(multiply)(job, task, scratch);
}

}  // namespace dnd::ops::fft
#endif  // HWY_ONCE
