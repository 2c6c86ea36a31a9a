// GGUF base + adapters -> one GGUF of floats, everything else as in the base.
//
// Goals: as merge_weights.h: little memory, the same bytes whatever the threads and blocks, all or
// nothing; and the values that merging into the Hugging Face folder and converting it would give.
// Non-goals: quantising again, which llama.cpp does (llama-quantize).
#pragma once

#include <filesystem>
#include <optional>
#include <span>

#include "base/dtype.h"
#include "merge/merge_weights.h"

namespace dnd::merge {

// What a merged GGUF may take the place of.
FileKind gguf_model_file();

// Writes the file `out`. A weight is decoded to fp32, gets its products as in merge_weights(), and is
// rounded once. `dtype` (f32, f16, bf16): the type of all matrices; nullopt: floats keep theirs, blocks
// become F16. Lists (norms, biases) keep their type, metadata stays but for general.file_type, where
// types change, and what says that a file is one part of several. `base` is of a GGUF, `targets`
// are plan_merge()'s. Throws Error(cannot_create), Error(io), or Error(data) for a tensor that cannot be
// decoded or whose result is not finite.
MergeResult merge_gguf(const BaseWeights& base, std::span<const MergeTarget> targets,
                       const std::filesystem::path& out, std::optional<Dtype> dtype,
                       const MergeOptions& options);

}  // namespace dnd::merge
