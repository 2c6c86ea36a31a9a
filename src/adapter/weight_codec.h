// Weight tokens <-> LoRA adapter: the released tokenisation, exactly.
//
// Source: Drag-and-Drop LLMs, released tokenizer (docs/formats.md, "Weight tokens"). A chunk is
// standardised with its mean and unbiased standard deviation; the pair is coded as
// s0 = 8 mean, s1 = ln(0.9 std + 0.1) + 1.6 and tiled over the last two rows and columns of its
// token. All statistics are accumulated in fp64, so results are within fp32 rounding of the exact
// ones whatever the token size.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/lora.h"

namespace dnd::adapter {

// Weight tokens (T, R, S) in C order -> the adapter of the layout, pairs in its order. Cells outside the
// chunks and scales are ignored. Throws Error(data) if the number of values does not fit the layout.
LoraAdapter detokenize(const AdapterLayout& layout, std::span<const float> tokens);

// The inverse: an adapter, its pairs in any order -> (T, R, S) with NaN in every cell that carries nothing.
// Tokens hold A and B as they are: the scale is the layout's, others are the caller's to refuse
// (tasks/task_adapters.h). Throws Error(data) if a module of the layout is missing, has another shape or a
// magnitude (DoRA).
std::vector<float> tokenize(const AdapterLayout& layout, const LoraAdapter& adapter);

}  // namespace dnd::adapter
