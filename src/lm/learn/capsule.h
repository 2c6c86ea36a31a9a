// What an autograd function keeps for its way back beside tensors.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace dnd::lm::learn {

template <typename T>
struct Capsule : torch::CustomClassHolder {
  explicit Capsule(T kept) : value(std::move(kept)) {}
  T value;
};

template <typename T>
void keep(torch::autograd::AutogradContext* context, const T& value) {
  context->saved_data["kept"] = at::IValue::make_capsule(c10::make_intrusive<Capsule<T>>(value));
}

// What keep() got; of the same type.
template <typename T>
const T& kept(torch::autograd::AutogradContext* context) {
  return static_cast<const Capsule<T>&>(*context->saved_data["kept"].toCapsule()).value;
}

}  // namespace dnd::lm::learn
