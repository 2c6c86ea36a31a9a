// Which base it is: its weights by a sample of their bytes.
#pragma once

#include <filesystem>
#include <string>

namespace dnd::tuning {

// sha256 over the sizes of its weight files and 64 pieces of 64 KiB of each, evenly. `base`: a folder or a
// GGUF. Throws as find_weight_files() does.
std::string base_fingerprint(const std::filesystem::path& base);

}  // namespace dnd::tuning
