// A base model in a GGUF file: its linear layers under Hugging Face's names.
#pragma once

#include "formats/model_folder.h"
#include "target/base_model.h"

namespace dnd::target {

// `folder` is of a GGUF. Linear layers are the 2-D tensors "blk.N...." that gguf_names.h can name back;
// norms, embeddings and the output head are left out, and so are experts, which GGUF stacks.
// `architecture` is the first Hugging Face class with the file's `general.architecture`; `quantization`
// as GgufModel says. Throws Error(data) where there is no linear layer.
BaseModel read_gguf_base(const formats::ModelFolder& folder);

}  // namespace dnd::target
