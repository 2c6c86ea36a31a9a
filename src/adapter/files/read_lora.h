// Reading any adapter: which format lies at a path is asked of the table (adapter/files/format_table.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapter/base_hints.h"
#include "adapter/files/format_table.h"
#include "adapter/lora.h"
#include "adapter/peft_config.h"

namespace dnd::adapter {

// What LoraPair::module of files that have lost the dots of paths may be.
enum class ModuleNames {
  paths,     // of the base
  as_found,  // LoraAdapter::flat_names where `base` does not tell them; names that it lacks stay flat
};

// Reads any adapter: a folder or file of one of the formats. What a file does not say, and `base` neither
// (rows of llama-type GGUF files, paths of kohya's), the error names. Throws Error(no_input),
// Error(usage) where only a base helps, or Error(data): nothing that would be dropped is passed over.
// With Besides::keep LoraAdapter::others may be there, which are refused else.
LoraAdapter read_lora(const std::filesystem::path& path, const BaseHints& base = {},
                      ModuleNames names = ModuleNames::paths, Besides besides = Besides::refuse);

// The files of a folder that holds an adapter.
struct AdapterFolder {
  const FileFormat* format = nullptr;  // never null; has as_folder
  std::filesystem::path weights;       // need not be there
  std::filesystem::path config;        // empty where the format has none
};

// Nothing where the folder holds no file that tells one. Throws Error(no_input), or Error(data) for a
// configuration that cannot be read.
std::optional<AdapterFolder> find_adapter_folder(const std::filesystem::path& folder);

// "; an adapter lies within, in 'checkpoint-500'": what to add where a folder holds none but folders in it
// do; else empty. Throws Error(no_input).
std::string nested_adapters(const std::filesystem::path& folder);

// The files that tell one, for messages: "adapter_config.json (PEFT, MLX) nor ...".
std::string adapter_folder_signs();

}  // namespace dnd::adapter
