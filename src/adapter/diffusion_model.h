// LoRA files by the paths of a model's own repository: one safetensors file, keys
// `diffusion_model.<module>.lora_A.weight`, `.lora_B.weight` (or `.lora_down.weight`, `.lora_up.weight`),
// perhaps `.alpha`. ComfyUI's name for the model that denoises; many trainers write it.
//
// Source: ComfyUI comfy/lora.py, weight_adapter/lora.py; diffusers loaders/lora_conversion_utils.py
// (docs/formats.md, "diffusion_model file"). Non-goals: text encoders, differences of weights and biases
// (adapter/other_kinds.h), original paths without the prefix.
#pragma once

#include <filesystem>

#include "adapter/lora.h"
#include "adapter/uniform.h"
#include "adapter/written_file.h"
#include "base/dtype.h"
#include "base/staged.h"

namespace dnd::adapter {

// One rank a file, every scale folded into B: some of its readers pass over alpha.
inline constexpr UniformRule kDiffusionModelUniform = uniform_without_scale;

// Whether some tensor has the prefix. Throws as SafetensorsFile does; false for files of other kinds by
// name.
bool is_diffusion_model_file(const std::filesystem::path& path);

// Modules are paths without the prefix ("blocks.0.self_attn.q"); LoraPair::key keeps it. A module without
// alpha has alpha = rank. Throws Error(no_input), or Error(data): tensors without the prefix, alpha 0, and
// all that adapter/peft_tensors.h refuses.
LoraAdapter read_diffusion_model_file(const std::filesystem::path& path);

// What a new file may replace: a file that read_diffusion_model_file() takes.
FileKind diffusion_model_file();

// Writes the file at once: lora_A and lora_B, one rank, no alpha, scales folded into B. `dtype` is f32, f16
// or bf16. What is replaced must be a diffusion_model_file(). Throws Error(data) for DoRA, for an adapter
// of a text encoder, and for values that the dtype cannot hold.
WrittenFile write_diffusion_model_file(const std::filesystem::path& path,
                                       const LoraAdapter& adapter, Dtype dtype,
                                       OnExisting on_existing);

}  // namespace dnd::adapter
