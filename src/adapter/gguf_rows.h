// The row order of q_proj and k_proj in GGUF files of llama-type models (formats/gguf_names.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "target/base_model.h"

namespace dnd::adapter {

enum class RowOrder { to_gguf, from_gguf };

// `matrix` (rows, columns) with its rows in the other order; rows / heads is even.
std::vector<float> reorder_rows(std::span<const float> matrix, std::int64_t rows,
                                std::int64_t heads, RowOrder order);

// The number of heads by which the `rows` rows of the module's B are reordered, 0 for none. Throws
// Error(data) where `heads` are needed and missing or do not fit; `who` starts the message.
std::int64_t heads_for(const std::string& who, std::string_view gguf_architecture,
                       std::string_view module, std::int64_t rows,
                       const std::optional<target::AttentionHeads>& heads);

}  // namespace dnd::adapter
