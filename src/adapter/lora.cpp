#include "adapter/lora.h"

#include <algorithm>
#include <array>

#include "adapter/diffusers.h"
#include "adapter/gguf_adapter.h"
#include "adapter/mlx.h"
#include "adapter/peft.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

LoraAdapter read_folder(const fs::path& folder) {
  if (path_exists(folder / kAdapterConfigName)) {
    return is_mlx_folder(folder) ? read_mlx_folder(folder) : read_peft_folder(folder);
  }
  if (path_exists(folder / kDiffusersWeightsName)) {
    return read_diffusers_file(folder / kDiffusersWeightsName);
  }
  fail(ErrorKind::data, "adapter: ", folder.string(), ": holds neither ", kAdapterConfigName,
       " (PEFT, MLX) nor ", kDiffusersWeightsName, " (diffusers)");
}

bool is_gguf(const fs::path& path) {
  return path.extension() == ".gguf" || MappedFile(path).text().starts_with("GGUF");
}

// The weights of a folder named instead of the folder.
bool belongs_to_folder(const fs::path& file) {
  constexpr std::array kNames = {kAdapterWeightsName, kAdapterPickleName, kMlxWeightsName};
  const std::string name = file.filename().string();
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() &&
         path_exists(file.parent_path() / kAdapterConfigName);
}

}  // namespace

std::string_view format_name(AdapterFormat format) {
  switch (format) {
    case AdapterFormat::peft:
      return "peft";
    case AdapterFormat::gguf:
      return "gguf";
    case AdapterFormat::mlx:
      return "mlx";
    case AdapterFormat::diffusers:
      return "diffusers";
  }
  fail(ErrorKind::internal, "adapter: unknown format");
}

const LoraPair* LoraAdapter::find(std::string_view module) const {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const LoraPair& pair) { return pair.module == module; });
  return found == pairs.end() ? nullptr : &*found;
}

bool LoraAdapter::has_dora() const {
  return std::any_of(pairs.begin(), pairs.end(),
                     [](const LoraPair& pair) { return !pair.magnitude.empty(); });
}

void note_base(LoraAdapter& adapter, const std::string& architecture,
               const std::optional<target::AttentionHeads>& heads) {
  if (architecture.empty()) return;
  adapter.metadata[kArchitectureKey] = architecture;
  if (!heads) return;
  adapter.metadata[kAttentionHeadsKey] = std::to_string(heads->attention);
  adapter.metadata[kKeyValueHeadsKey] = std::to_string(heads->key_value);
}

LoraAdapter read_lora(const fs::path& path, const std::optional<target::AttentionHeads>& heads) {
  if (!path_exists(path)) fail(ErrorKind::no_input, path.string(), ": not found");
  if (is_folder(path)) return read_folder(path);
  if (is_gguf(path)) return read_gguf_adapter(path, heads);
  if (belongs_to_folder(path)) return read_folder(path.parent_path());
  return is_diffusers_file(path) ? read_diffusers_file(path) : read_peft_file(path);
}

}  // namespace dnd::adapter
