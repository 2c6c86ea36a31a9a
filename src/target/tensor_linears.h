// From a model's tensors to its linear layers.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/safetensors.h"
#include "target/base_model.h"

namespace dnd::target {

// What stands beside (or in place of) a quantised layer's ".weight", and the method that does so.
struct QuantizationMark {
  std::string_view suffix;
  std::string_view method;
};
std::span<const QuantizationMark> quantization_marks();  // the most telling first

// The layer of a weight of that shape, (out, in). Throws Error(data) for an impossible size; `source`
// names the base.
Linear checked_linear(const std::string& path, const std::vector<std::int64_t>& shape,
                      const std::string& source);

using TensorList = std::vector<const formats::TensorView*>;  // their bytes are not looked at

// Sets linears and experts: every 2-D float tensor "<path>.weight" (out, in) whose own name is not an
// embedding's ("...embed", "...embedding(s)", "embed_...", "wte", "shared"...), a norm's
// ("...norm", "norm...", "ln_...") or the output head's ("lm_head", "embed_out", a top-level
// "output"). Also, where nothing said it before: quantization, by the tensors beside a weight
// (qweight, weight_scale, absmax, ...); tied_embeddings, by the output head's absence; and the
// architecture of known diffusion models, by their blocks' names.
//
// Also others: what else has a "<path>.weight"; and head: the output head, or the embedding that stands for
// it. Where GPT-2's fused projection shows that weights are stored (in, out), in layers of the class Conv1D,
// all are turned.
//
// Returns the paths of weights that are packed, so that the header does not tell their shape.
// Throws Error(data) for a linear layer with an impossible size, and an adapter's tensors.
std::vector<std::string> linears_from_tensors(const TensorList& tensors, BaseModel& model);

}  // namespace dnd::target
