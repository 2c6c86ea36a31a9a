// Merging some rows of one weight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "merge/merge_plan.h"

namespace dnd::merge {

// `rows` is (row count, in) - (row count, out) where the target is transposed - of type
// weight.dtype: rows first_row and on of the weight, changed in place. Throws Error(data) naming
// the tensor where a result is not finite.
void merge_rows(const Weight& weight, const MergeTarget& target, std::int64_t first_row,
                std::span<std::byte> rows);

}  // namespace dnd::merge
