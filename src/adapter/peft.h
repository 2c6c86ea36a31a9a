// PEFT adapter folders: adapter_model.safetensors + adapter_config.json + README.md.
//
// What is written is the intersection that PEFT (0.13 and newer), transformers, vLLM, SGLang, TGI,
// LoRAX and the llama.cpp converter all load (docs/formats.md, "PEFT folder").
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapter/adapter.h"
#include "adapter/adapter_layout.h"
#include "adapter/provenance.h"
#include "base/dtype.h"
#include "base/file.h"

namespace dnd::adapter {

inline constexpr const char* kAdapterWeightsName = "adapter_model.safetensors";
inline constexpr const char* kAdapterConfigName = "adapter_config.json";
inline constexpr const char* kCardName = "README.md";

struct PeftWriteResult {
  std::uint64_t bytes = 0;  // of adapter_model.safetensors
  std::string sha256;       // of adapter_model.safetensors
};

// Something that is not an adapter is never replaced, whatever was asked: throws
// Error(cannot_create) if `directory` is occupied and holds no adapter_config.json.
void check_replaceable(const std::filesystem::path& directory);

// Writes the folder `directory` at once (see dnd::Staged). `dtype` is f32, f16 or bf16. What is
// replaced must pass check_replaceable(). Throws Error(data) for values that the dtype cannot hold
// (infinite, NaN).
PeftWriteResult write_peft_folder(const std::filesystem::path& directory,
                                  const AdapterLayout& layout, const Adapter& adapter, Dtype dtype,
                                  const Provenance& provenance, OnExisting on_existing);

// The JSON text of adapter_config.json for a layout.
std::string peft_config_text(const AdapterLayout& layout);

// Reads a PEFT folder or a bare .safetensors file of LoRA matrices, as fp32, in file order.
// Pickled adapter_model.bin is refused. Throws Error(no_input) or Error(data).
Adapter read_adapter_weights(const std::filesystem::path& path);

}  // namespace dnd::adapter
