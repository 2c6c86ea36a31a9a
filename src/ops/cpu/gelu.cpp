#include "ops/cpu/gelu.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/gelu.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Quotient of polynomials for erf(z), |z| <= 4, beyond which erf is 1 in fp32 (the minimax
// coefficients of Eigen's and XLA's erf).
template <class D>
HWY_INLINE hn::Vec<D> erf(D d, hn::Vec<D> x) {
  const auto z = hn::Clamp(x, hn::Set(d, -4.0F), hn::Set(d, 4.0F));
  const auto square = hn::Mul(z, z);
  const auto next = [&](auto sum, float coefficient) {
    return hn::MulAdd(sum, square, hn::Set(d, coefficient));
  };
  auto above = next(hn::Set(d, -2.72614225801306e-10F), 2.77068142495902e-08F);
  above = next(above, -2.10102402082508e-06F);
  above = next(above, -5.69250639462346e-05F);
  above = next(above, -7.34990630326855e-04F);
  above = next(above, -2.95459980854025e-03F);
  above = next(above, -1.60960333262415e-02F);
  auto below = next(hn::Set(d, -1.45660718464996e-05F), -2.13374055278905e-04F);
  below = next(below, -1.68282697438203e-03F);
  below = next(below, -7.37332916720468e-03F);
  below = next(below, -1.42647390514189e-02F);
  return hn::Div(hn::Mul(z, above), below);
}

template <class D>
HWY_INLINE void gelu_vector(D d, float* values) {
  const auto x = hn::LoadU(d, values);
  const auto half = hn::Mul(x, hn::Set(d, 0.5F));
  const auto e = erf(d, hn::Mul(x, hn::Set(d, 0.70710678118654752F)));
  hn::StoreU(hn::MulAdd(half, e, half), d, values);
}

void gelu_all(float* values, std::int64_t size) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + 2 * lanes <= size; i += 2 * lanes) {
    gelu_vector(d, values + i);
    gelu_vector(d, values + i + lanes);
  }
  for (; i < size; ++i) gelu_vector(one, values + i);
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(gelu_all);

void gelu(float* values, std::int64_t size) { HWY_DYNAMIC_DISPATCH(gelu_all)(values, size); }

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
