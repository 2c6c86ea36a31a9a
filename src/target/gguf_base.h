// A base model in a GGUF file: its linear layers under Hugging Face's names.
#pragma once

#include <filesystem>

#include "target/base_model.h"

namespace dnd::target {

// Linear layers are the 2-D tensors "blk.N...." that gguf_names.h can name back; norms, embeddings and
// the output head are left out, and so are experts, which GGUF stacks. `architecture` is the first
// Hugging Face class with the file's `general.architecture`; `quantization` the first type of a
// linear weight that is not a float type, e.g. "Q4_K". Throws Error(no_input), or Error(data) for an
// architecture without known names, one part of several, or q, k and v fused into one.
BaseModel read_gguf_base(const std::filesystem::path& path);

}  // namespace dnd::target
