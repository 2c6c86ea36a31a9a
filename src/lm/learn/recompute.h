// Layers whose activations are made again on the way back: of each only its input is kept.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace dnd::lm::learn {

// states (n, C) and the matrices that act on them -> states above; what it records is thrown away.
using Recomputed =
    std::function<at::Tensor(const at::Tensor& states, const std::vector<at::Tensor>& matrices)>;

// run(states, matrices), differentiable in both. What `run` refers to must live until the way back is done.
at::Tensor recomputed(const at::Tensor& states, const std::vector<at::Tensor>& matrices,
                      const Recomputed& run);

}  // namespace dnd::lm::learn
