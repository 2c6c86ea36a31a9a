// A prompt's, and a task's, condition as one vector.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dnd::generate {

// Mean over the real tokens (mask 1) of one prompt's condition (length, width); zeros if there are
// none. Throws Error(internal) where mask and condition do not fit.
std::vector<float> pooled_embedding(std::span<const float> condition,
                                    std::span<const std::uint8_t> mask, std::size_t width);

// Mean of vectors of one width; at least one.
std::vector<float> mean_embedding(const std::vector<std::vector<float>>& embeddings);

}  // namespace dnd::generate
