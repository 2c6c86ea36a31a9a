// Linear layers that share their input, computed as one, with the low-rank update of an adapter
// beside them: y = x W' + bias + (x A') B', where A and B are put together of all adapted parts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "formats/model_folder.h"

namespace dnd::lm {

struct LinearPart {
  std::string module;  // e.g. "model.layers.0.self_attn.q_proj"
  std::int64_t out = 0;
  bool bias = false;
};

// Immutable but for adapt(). Not for several threads while adapt() runs.
class Linear {
 public:
  Linear() = default;
  // Reads each part's "<module>.weight" (out, in) and ".bias" (out), converted to fp32.
  Linear(const formats::ModelTensors& tensors, std::vector<LinearPart> parts, std::int64_t in);
  // One part whose weight (out, in) is there already.
  Linear(const std::string& module, const at::Tensor& weight);

  const std::vector<LinearPart>& parts() const { return parts_; }
  std::int64_t in() const { return in_; }

  // x (n, in) -> (n, sum of out).
  at::Tensor operator()(const at::Tensor& x) const;
  // Adds the same to `sum` (n, sum of out).
  void add_to(at::Tensor& sum, const at::Tensor& x) const;

  // `pairs`: one for each part, nullptr where it has none; their shapes fit. All nullptr: the base.
  void adapt(const std::vector<const adapter::LoraPair*>& pairs);

 private:
  void add_update(at::Tensor& sum, const at::Tensor& x) const;

  std::vector<LinearPart> parts_;
  std::int64_t in_ = 0;
  at::Tensor weight_;     // (in, out), a transposed view
  at::Tensor bias_;       // (out), undefined where no part has one
  at::Tensor low_rank_;   // A': (in, R), a transposed view; undefined: no adapter
  at::Tensor high_rank_;  // scale B': (R, out)
};

// The tensor `name` of that shape as fp32. Throws Error(data).
at::Tensor read_tensor(const formats::ModelTensors& tensors, const std::string& name,
                       const std::vector<std::int64_t>& shape);

}  // namespace dnd::lm
