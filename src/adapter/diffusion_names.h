// Names of the layers of image and video models: those of a model's own repository, which its LoRA files
// and ComfyUI use, and those of diffusers. Neither loads as the other.
//
// Non-goals: translating one into the other (layers are split and joined on the way).
#pragma once

#include <string_view>

#include "adapter/lora.h"

namespace dnd::adapter {

enum class DiffusionNames {
  original,   // "double_blocks.0.img_attn.qkv", "blocks.0.self_attn.q", "input_blocks.4.1..."
  diffusers,  // "single_transformer_blocks.0.attn.to_q", "blocks.0.attn1.to_q", "down_blocks.0..."
  unknown,    // what several models have ("transformer_blocks."), or no diffusion model
};

// By the first path that tells; dots of paths may have become underscores.
DiffusionNames diffusion_names(const LoraAdapter& adapter);

// The pipeline's component that such paths are in: "unet" or "transformer".
std::string_view denoiser_component(const LoraAdapter& adapter);

}  // namespace dnd::adapter
