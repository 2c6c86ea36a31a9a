// One rule a runtime: what it does with an adapter file as it is (docs/runtimes.md has the sources).
#pragma once

#include "verify/runtimes/facts.h"

namespace dnd::verify {

RuntimeVerdict judge_peft(const adapter::LoraAdapter& adapter, const Facts& facts);
RuntimeVerdict judge_vllm(const adapter::LoraAdapter& adapter, const Against& against,
                          const Facts& facts);
// Text Generation Inference and LoRAX stack one kind of module over all layers.
RuntimeVerdict judge_tgi(const adapter::LoraAdapter& adapter, const Facts& facts);
RuntimeVerdict judge_llama_cpp(const adapter::LoraAdapter& adapter, const Against& against,
                               const Facts& facts);
// `llama_cpp`: what judge_llama_cpp() said of the same.
RuntimeVerdict judge_ollama(const adapter::LoraAdapter& adapter, const Against& against,
                            const Facts& facts, const RuntimeVerdict& llama_cpp);
RuntimeVerdict judge_mlx(const adapter::LoraAdapter& adapter, const Against& against,
                         const Facts& facts);
// Of its own files it translates no names; of trainers' files those that it knows.
RuntimeVerdict judge_diffusers(const adapter::LoraAdapter& adapter, const Facts& facts);
RuntimeVerdict judge_comfyui(const adapter::LoraAdapter& adapter, const Facts& facts);

// The base's layer that mlx-lm calls `module`; nullptr where there is none.
const target::Linear* find_mlx_linear(const target::BaseModel& base, const std::string& module);

// Modules of an MLX folder that mlx-lm would not make a LoRA layer of, though the base has them.
std::vector<std::string> outside_mlx_layers(const adapter::LoraAdapter& adapter,
                                            const target::BaseModel& base);

}  // namespace dnd::verify
