#include "ops/cpu/sum_paths.h"

// Highway compiles what stands between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once per
// instruction set, by including this file again and again.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/cpu/sum_paths.cpp"
#include <hwy/foreach_target.h>  // first of Highway's headers
#include <hwy/highway.h>

#include "hwy/contrib/math/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dnd::ops::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE void sum_vector(D d, const float* second, const float* bias, float* first) {
  const auto sum = hn::Add(hn::LoadU(d, first), hn::Tanh(d, hn::LoadU(d, second)));
  hn::StoreU(hn::Div(hn::Add(sum, hn::LoadU(d, bias)), hn::Set(d, 3.0F)), d, first);
}

void sum_all(const float* second, const float* bias, std::int64_t size, float* first) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= size; i += lanes) sum_vector(d, second + i, bias + i, first + i);
  for (; i < size; ++i) sum_vector(one, second + i, bias + i, first + i);
}

}  // namespace dnd::ops::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dnd::ops::cpu {

HWY_EXPORT(sum_all);

void sum_paths(const float* second, const float* bias, std::int64_t size, float* first) {
  HWY_DYNAMIC_DISPATCH(sum_all)(second, bias, size, first);
}

}  // namespace dnd::ops::cpu
#endif  // HWY_ONCE
