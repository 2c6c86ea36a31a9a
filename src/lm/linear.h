// Linear layers that share their input, computed as one, with the low-rank update of an adapter
// beside them: y = x W' + bias + (x A') B', each of an adapted part's own. Weights stay as they are stored.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "adapter/lora.h"
#include "formats/model_folder.h"
#include "lm/stored_weight.h"
#include "ops/workers.h"

namespace dnd::lm {

struct LinearPart {
  std::string module;  // e.g. "model.layers.0.self_attn.q_proj"
  std::int64_t out = 0;
  bool bias = false;
};

// A row of results depends on its row of inputs alone: not on the other rows, nor on threads. Immutable
// but for adapt(). Not for several threads while adapt() runs.
class Linear {
 public:
  Linear() = default;
  // Each part's "<module>.weight" (out, in), a view where the file allows it, and ".bias" (out).
  Linear(const formats::ModelTensors& tensors, std::vector<LinearPart> parts, std::int64_t in);
  // One part whose weight is there already.
  Linear(const std::string& module, StoredWeight weight);

  const std::vector<LinearPart>& parts() const { return parts_; }
  const StoredWeight& weight(std::size_t part) const { return weights_[part]; }
  const at::Tensor& bias() const {
    return bias_;
  }  // (out) of all parts; undefined where none has one
  std::int64_t in() const { return in_; }
  std::int64_t out() const { return out_; }  // of all parts

  // x (n, in), each row without gaps -> (n, out).
  at::Tensor operator()(const ops::Workers& workers, const at::Tensor& x) const;
  // Adds the same to `sum` (n, out), contiguous.
  void add_to(const ops::Workers& workers, at::Tensor& sum, const at::Tensor& x) const;

  // `pairs`: one for each part, nullptr where it has none; their shapes fit. All nullptr: the base.
  void adapt(const std::vector<const adapter::LoraPair*>& pairs);

 private:
  // An adapted part's B.
  struct Update {
    std::int64_t rank_begin = 0;  // its ranks among all
    std::int64_t out_begin = 0;   // its outputs among all
    StoredWeight b;               // scale B (out, rank)
  };

  void add_products(const ops::Workers& workers, at::Tensor& sum, const at::Tensor& x) const;

  std::vector<LinearPart> parts_;
  std::vector<StoredWeight> weights_;
  std::int64_t in_ = 0;
  std::int64_t out_ = 0;
  at::Tensor bias_;  // (out), undefined where no part has one
  StoredWeight a_;   // A of all adapted parts (ranks, in); no memory: no adapter
  std::vector<Update> updates_;
};

}  // namespace dnd::lm
