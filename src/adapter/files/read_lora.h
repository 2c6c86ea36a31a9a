// Reading any adapter: which format lies at a path is asked of the table (adapter/files/format_table.h).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "adapter/files/format_table.h"
#include "adapter/lora.h"
#include "target/base_model.h"

namespace dnd::adapter {

// Reads any adapter: a PEFT or MLX folder, a .gguf, or a bare .safetensors file (PEFT keys, diffusers
// keys). `heads` undoes the row order of llama-type GGUF files; where they are needed and absent, the
// error says so. Throws Error(no_input) or Error(data): nothing that would be dropped is passed over.
LoraAdapter read_lora(const std::filesystem::path& path,
                      const std::optional<target::AttentionHeads>& heads = std::nullopt);

// The files of a folder that holds an adapter.
struct AdapterFolder {
  const FileFormat* format = nullptr;  // never null; has as_folder
  std::filesystem::path weights;       // need not be there
  std::filesystem::path config;        // empty where the format has none
};

// Nothing where the folder holds no file that tells one. Throws Error(no_input), or Error(data) for a
// configuration that cannot be read.
std::optional<AdapterFolder> find_adapter_folder(const std::filesystem::path& folder);

// The files that tell one, for messages: "adapter_config.json (PEFT, MLX) nor ...".
std::string adapter_folder_signs();

}  // namespace dnd::adapter
