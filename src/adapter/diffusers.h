// LoRA files of diffusers: one safetensors file, keys `<component>.<module>.lora_A.weight`.
//
// Source: diffusers, loaders/lora_base.py, lora_pipeline.py, peft.py, utils/peft_utils.py
// (docs/formats.md, "diffusers"). Alpha comes from the header entry "lora_adapter_metadata" (since
// 0.34), from "<module>.alpha" tensors (FLUX), or is the rank. Non-goals: names of other trainers
// (kohya, original checkpoints), files for several components at once.
#pragma once

#include <filesystem>
#include <string>

#include "adapter/lora.h"
#include "adapter/uniform.h"
#include "adapter/written_file.h"
#include "base/dtype.h"
#include "base/staged.h"

namespace dnd::adapter {

inline constexpr const char* kDiffusersWeightsName = "pytorch_lora_weights.safetensors";
// One rank a file, every scale folded into B.
inline constexpr UniformRule kDiffusersUniform = uniform_without_scale;

// Whether some tensor is of a component of a pipeline. Throws as SafetensorsFile does; false for files
// of other kinds by name.
bool is_diffusers_file(const std::filesystem::path& path);

// Modules are paths in the component ("transformer_blocks.0.attn.to_q"); LoraPair::key keeps the
// component. Throws Error(no_input), or Error(data): two components, alpha told twice or for some
// modules only, and all that adapter/peft_tensors.h refuses.
LoraAdapter read_diffusers_file(const std::filesystem::path& path);

// The component of an adapter that came from such a file, else "transformer".
std::string diffusers_component(const LoraAdapter& adapter);

// What a new file may replace: a file that read_diffusers_file() takes.
FileKind diffusers_file();

// Writes the file at once: one rank, scales folded into B, metadata with r = lora_alpha and full-path
// target_modules, so that every version and pipeline computes the same. `dtype` is f32, f16 or bf16.
// What is replaced must be a diffusers_file(). Throws Error(data) for DoRA and for values that the dtype
// cannot hold.
WrittenFile write_diffusers_file(const std::filesystem::path& path, const LoraAdapter& adapter,
                                 Dtype dtype, OnExisting on_existing);

}  // namespace dnd::adapter
