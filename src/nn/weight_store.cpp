#include "nn/weight_store.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cstdint>
#include <vector>

#include "base/strings.h"
#include "bundle/channel_exponents.h"

namespace dnd::nn {
namespace {

template <typename T>
bool is_aligned(const formats::TensorView& view) {
  return reinterpret_cast<std::uintptr_t>(view.bytes.data()) % alignof(T) == 0;
}

at::Tensor view_of(const formats::TensorView& view, at::ScalarType type) {
  return at::from_blob(const_cast<std::byte*>(view.bytes.data()), view.shape, type);
}

}  // namespace

const formats::TensorView& WeightStore::checked(const std::string& name,
                                                const std::vector<std::int64_t>& shape) const {
  const formats::TensorView& view = file_.at(name);
  const std::string where = cat("weights: ", file_.path().string(), ": tensor '", name, "'");
  if (view.shape != shape) {
    fail(ErrorKind::data, where, ": shape ", shape_text(view.shape), ", expected ",
         shape_text(shape));
  }
  if (!is_float_convertible(view.dtype)) {
    fail(ErrorKind::data, "weights: ", file_.path().string(), ": ", refused_type(view.dtype, name));
  }
  return view;
}

at::Tensor WeightStore::get(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const formats::TensorView& view = checked(name, shape);
  const std::vector<std::int32_t> exponents = bundle::read_channel_exponents(file_, view);
  if (view.dtype == Dtype::f32 && is_aligned<float>(view)) return view_of(view, at::kFloat);
  at::Tensor copy = at::empty(shape, at::kFloat);
  const std::span values{copy.mutable_data_ptr<float>(), static_cast<std::size_t>(copy.numel())};
  to_f32(view.dtype, view.bytes, values);
  bundle::scale_channels(bundle::powers_of_two(exponents), values);
  return copy;
}

ops::ConvWeights WeightStore::convolution(const std::string& name,
                                          const std::vector<std::int64_t>& shape) const {
  const formats::TensorView& view = checked(name, shape);
  if (view.dtype != Dtype::f16 || !is_aligned<std::uint16_t>(view)) return {get(name, shape)};
  return {view_of(view, at::kHalf),
          bundle::powers_of_two(bundle::read_channel_exponents(file_, view))};
}

}  // namespace dnd::nn
