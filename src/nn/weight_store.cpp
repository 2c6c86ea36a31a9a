#include "nn/weight_store.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include "base/strings.h"

namespace dnd::nn {

at::Tensor WeightStore::get(const std::string& name, const std::vector<std::int64_t>& shape) const {
  const formats::TensorView& view = file_.at(name);
  const std::string where = cat("weights: ", file_.path().string(), ": tensor '", name, "'");
  if (view.shape != shape) {
    fail(ErrorKind::data, where, ": shape ", shape_text(view.shape), ", expected ",
         shape_text(shape));
  }
  if (!is_float_convertible(view.dtype)) {
    fail(ErrorKind::data, where, ": dtype ", dtype_name(view.dtype), ", expected a float type");
  }
  const bool aligned = reinterpret_cast<std::uintptr_t>(view.bytes.data()) % alignof(float) == 0;
  if (view.dtype == Dtype::f32 && aligned) {
    return at::from_blob(const_cast<std::byte*>(view.bytes.data()), shape, at::kFloat);
  }
  at::Tensor copy = at::empty(shape, at::kFloat);
  to_f32(view.dtype, view.bytes,
         {copy.mutable_data_ptr<float>(), static_cast<std::size_t>(copy.numel())});
  return copy;
}

}  // namespace dnd::nn
