#include "ops/cpu/gated_rows.h"

#include "ops/cpu/gelu.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/gated_rows.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Vec<D> activate(D d, Gate gate, hn::Vec<D> x) {
  if (gate == Gate::gelu) return x;  // is done
  const auto one = hn::Set(d, 1.0F);
  if (gate == Gate::silu) {
    const auto power = hn::Min(hn::Neg(x), hn::Set(d, 88.0F));  // Exp() does not know more than 104
    return hn::Div(x, hn::Add(one, hn::Exp(d, power)));
  }
  const auto cube = hn::Mul(hn::Mul(x, x), x);
  const auto inner = hn::MulAdd(cube, hn::Set(d, 0.044715F), x);
  const auto tanh = hn::Tanh(d, hn::Mul(inner, hn::Set(d, 0.79788456080286536F)));
  return hn::Mul(hn::Mul(x, hn::Set(d, 0.5F)), hn::Add(one, tanh));
}

template <class D>
HWY_INLINE void gate_vector(D d, Gate gate, float* values, std::int64_t width) {
  const auto active = activate(d, gate, hn::LoadU(d, values));
  hn::StoreU(hn::Mul(active, hn::LoadU(d, values + width)), d, values);
}

void gate_row(Gate gate, float* row, std::int64_t width) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= width; i += lanes) gate_vector(d, gate, row + i, width);
  for (; i < width; ++i) gate_vector(one, gate, row + i, width);
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(gate_row);

void gate_rows(Gate gate, float* rows, std::int64_t count, std::int64_t width,
               std::int64_t stride) {
  const auto gate_one = HWY_DYNAMIC_DISPATCH(gate_row);
  for (std::int64_t r = 0; r < count; ++r, rows += stride) {
    if (gate == Gate::gelu) gelu(rows, width);
    gate_one(gate, rows, width);
  }
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
