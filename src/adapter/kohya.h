// LoRA files of kohya's trainers (sd-scripts, musubi-tuner) and of OneTrainer: one safetensors file, keys
// `lora_unet_<module>.lora_down.weight`, `.lora_up.weight`, `.alpha`, the module's dots made underscores.
//
// Source: sd-scripts networks/lora.py; musubi-tuner networks/lora.py; ComfyUI comfy/lora.py; diffusers
// loaders/lora_conversion_utils.py (docs/formats.md, "kohya file"). Which underscores were dots only the
// base model's list of layers tells. Non-goals: LoRA of convolutions, LyCORIS's other methods
// (adapter/other_kinds.h), files for several components at once.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "adapter/lora.h"
#include "adapter/written_file.h"
#include "base/dtype.h"
#include "base/staged.h"

namespace dnd::adapter {

// A path with underscores for dots.
std::string flat_name(std::string_view module);

// What the keys of an adapter begin with: the prefix that was read, else "lora_unet_", "lora_teN_" for text
// encoders, "lora_transformer_" for FLUX and Stable Diffusion 3 under diffusers' names.
std::string_view kohya_prefix(const LoraAdapter& adapter);

// Whether some tensor has one of the prefixes ("lora_unet_", "lora_te1_", ...). Throws as SafetensorsFile
// does; false for files of other kinds by name.
bool is_kohya_file(const std::filesystem::path& path);

// A module without alpha has alpha = rank. `modules`: paths of the base's layers; LoraPair::module is then
// the path that the name was made of, or the flat name where no path fits (the adapter is of another base).
// Without them all names stay flat, and LoraAdapter::flat_names is set. LoraPair::key keeps the prefix.
// Throws Error(no_input), or Error(data): two components, alpha 0 (kohya's loader takes it for the rank,
// ComfyUI for 0), a name that fits several paths, and all that adapter/peft_tensors.h refuses.
LoraAdapter read_kohya_file(const std::filesystem::path& path,
                            std::span<const std::string> modules = {});

// What a new file may replace: a file that read_kohya_file() takes.
FileKind kohya_file();

// Writes the file at once: every pair with its rank and its alpha, which is F32 whatever `dtype` (f32, f16
// or bf16) the matrices have; keys begin with kohya_prefix(). What is replaced must be a kohya_file(). Throws
// Error(data) for DoRA, for two modules that become one name, and for values that the dtype cannot hold.
WrittenFile write_kohya_file(const std::filesystem::path& path, const LoraAdapter& adapter,
                             Dtype dtype, OnExisting on_existing);

}  // namespace dnd::adapter
