// An adapter while it is learned: tensors by the base's Linears.
#pragma once

#include <vector>

#include "adapter/lora.h"
#include "lm/learn/adapted_linear.h"

namespace dnd::lm::learn {

// Of each of Weights::linears(), in that order.
using TaskAdapter = std::vector<LinearAdapter>;

// Copies. Throws Error(data) as place_pairs() does, and for an adapter of the output head.
TaskAdapter learnable(const std::vector<Linear*>& layers, const adapter::LoraAdapter& adapter);

// A and B of every pair of `to`, which learnable() took.
void write_back(const std::vector<Linear*>& layers, const TaskAdapter& from,
                adapter::LoraAdapter& to);

// All matrices, in the order of the Linears: A, then B of each adapted part.
std::vector<at::Tensor> matrices_of(const TaskAdapter& adapter);
// The same adapter with other tensors, as many as matrices_of() gives.
TaskAdapter with_matrices(const TaskAdapter& adapter, const std::vector<at::Tensor>& matrices);

}  // namespace dnd::lm::learn
