// MLX-LM adapter folders: adapters.safetensors + adapter_config.json of its own kind.
//
// Source: mlx_lm/tuner/utils.py and tuner/lora.py (docs/formats.md, "MLX"). Matrices are stored
// transposed, lora_a (in, rank) and lora_b (rank, out); `scale` multiplies directly; one rank and one
// scale hold for the whole folder. MLX-LM itself does not read PEFT folders.
#pragma once

#include <filesystem>

#include "adapter/lora.h"
#include "adapter/uniform.h"
#include "adapter/written_file.h"
#include "base/dtype.h"
#include "base/staged.h"

namespace dnd::adapter {

inline constexpr const char* kMlxWeightsName = "adapters.safetensors";
// One rank and one scale a folder, any number.
inline constexpr UniformRule kMlxUniform = uniform_of;

// Whether the folder's adapter_config.json is of MLX-LM's kind. Throws as read_json_file() does.
bool is_mlx_folder(const std::filesystem::path& folder);

// Throws Error(no_input), or Error(data): other fine-tune types than "lora", a module that the
// configuration's keys leave out, tensors that are no pair of matrices of its rank.
LoraAdapter read_mlx_folder(const std::filesystem::path& folder);

// "0000100_adapters.safetensors" beside an adapter_config.json of MLX-LM's kind: an earlier state of the same
// training. Throws as is_mlx_folder() does.
bool is_mlx_iteration(const std::filesystem::path& file);
// As read_mlx_folder().
LoraAdapter read_mlx_iteration(const std::filesystem::path& file);

// What a new folder may replace: the two files that one consists of.
FolderKind mlx_folder();

// Writes the folder at once. `dtype` is f32, f16 or bf16. Ranks are padded, scales that differ from
// the commonest are folded into B. What is replaced must be an mlx_folder().
// Throws Error(data) for DoRA, for modules outside `layers.N`, and as write_peft_folder() does.
WrittenFile write_mlx_folder(const std::filesystem::path& folder, const LoraAdapter& adapter,
                             Dtype dtype, OnExisting on_existing);

}  // namespace dnd::adapter
