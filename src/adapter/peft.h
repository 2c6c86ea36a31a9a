// PEFT adapter folders: adapter_model.safetensors + adapter_config.json + README.md.
//
// What is written is the intersection that PEFT (0.13 and newer), transformers, vLLM, SGLang, TGI,
// LoRAX and the llama.cpp converter all load (docs/formats.md, "PEFT folder"): one rank, a whole
// lora_alpha, nothing but matrices. What is read is all that PEFT writes for plain LoRA and DoRA.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/lora.h"
#include "adapter/peft_config.h"
#include "adapter/uniform.h"
#include "adapter/written_file.h"
#include "base/dtype.h"
#include "base/staged.h"
#include "target/base_model.h"

namespace dnd::adapter {

inline constexpr const char* kAdapterWeightsName = "adapter_model.safetensors";
inline constexpr const char* kAdapterPickleName = "adapter_model.bin";
inline constexpr const char* kAdapterConfigName = "adapter_config.json";
inline constexpr const char* kCardName = "README.md";
inline constexpr const char* kPeftKeyPrefix = "base_model.model.";
// What it calls the base's own layer within an adapted one.
inline constexpr std::string_view kPeftBaseLayer = ".base_layer";

// The first that is there holds the matrices.
inline constexpr std::array kPeftWeightsNames = {kAdapterWeightsName, kAdapterPickleName};
// One rank and one whole lora_alpha a folder.
inline constexpr UniformRule kPeftUniform = uniform_with_alpha;

struct PeftOptions {
  Dtype dtype = Dtype::f32;  // f32, f16 or bf16
  std::string key_prefix = kPeftKeyPrefix;
  // Where known, modules get its class's names, and target_modules full paths if suffixes would take in
  // layers without a pair.
  const target::BaseModel* base = nullptr;
  bool keep_names = false;  // else modules get the names of the base's class, which PEFT looks up
};

// What a new folder may replace: the three files that one consists of.
FolderKind peft_folder();

// Writes the folder `directory` at once (see dnd::Staged). Ranks are padded to the largest, scales
// folded into B where no whole lora_alpha fits all (adapter/uniform.h); DoRA stays DoRA. What is
// replaced must be a peft_folder(). Modules get the names of the base's class, where `options` or the
// adapter's metadata tell it. Throws Error(data) for values that the dtype cannot hold
// (infinite, NaN), and where only some modules have a magnitude.
WrittenFile write_peft_folder(const std::filesystem::path& directory, const LoraAdapter& adapter,
                              const PeftOptions& options, OnExisting on_existing);

// adapter_model.safetensors, or adapter_model.bin where there is none (no code of it is run), with
// adapter_config.json. Throws Error(no_input) or Error(data); with Besides::keep not for stored modules and
// biases, which LoraAdapter::others names.
LoraAdapter read_peft_folder(const std::filesystem::path& folder);
LoraAdapter read_peft_folder(const std::filesystem::path& folder, Besides besides);
// A bare file, all pairs at `scale`. Without one Error(data) that says what is missing: alpha is unknown.
LoraAdapter read_peft_file(const std::filesystem::path& file,
                           std::optional<double> scale = std::nullopt);

// The matrices that the layout names, as they are stored and scaled as the layout says: of a PEFT folder,
// whose configuration is not looked at, or of a bare file. Other tensors are left out. Throws
// Error(no_input), or Error(data) where one is missing or of another shape.
LoraAdapter read_adapter_of_layout(const std::filesystem::path& path, const AdapterLayout& layout);

}  // namespace dnd::adapter
