#include "adapter/files/read_lora.h"

#include <algorithm>
#include <map>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "adapter/peft.h"
#include "base/paths.h"
#include "base/strings.h"

namespace dnd::adapter {
namespace fs = std::filesystem;
namespace {

const FileFormat* format_of_folder(const fs::path& folder) {
  for (const FileFormat& row : file_formats()) {
    if (row.as_folder && row.as_folder->is_one(folder)) return &row;
  }
  return nullptr;
}

const FileFormat* format_of_file(const fs::path& file) {
  for (const FileFormat& row : file_formats()) {
    if (row.as_file && row.as_file->is_one(file)) return &row;
  }
  return nullptr;
}

LoraAdapter read_folder(const fs::path& folder, Besides besides) {
  const FileFormat* row = format_of_folder(folder);
  if (row != nullptr) {
    const FolderForm& form = *row->as_folder;
    const bool all = besides == Besides::keep && form.read_all != nullptr;
    return all ? form.read_all(folder) : form.read(folder);
  }
  fail(ErrorKind::data, "adapter: ", folder.string(), ": holds neither ", adapter_folder_signs(),
       nested_adapters(folder));
}

// The weights of a folder named instead of the folder, without which their scale is unknown.
bool belongs_to_folder(const fs::path& file) {
  const std::string name = file.filename().string();
  return std::any_of(file_formats().begin(), file_formats().end(), [&](const FileFormat& row) {
    if (!row.as_folder || row.as_folder->config == nullptr) return false;
    const auto& names = row.as_folder->weights;
    return std::find(names.begin(), names.end(), name) != names.end() &&
           path_exists(file.parent_path() / row.as_folder->config);
  });
}

void check_paths(const fs::path& path, const LoraAdapter& adapter) {
  if (!adapter.flat_names) return;
  fail(ErrorKind::usage, "adapter: ", path.string(), ": '", printable(adapter.pairs[0].key),
       "' has lost the dots of its path, which only the base model's layers tell: give --base (a "
       "folder, config.json, .safetensors or .gguf)");
}

bool holds_adapter(const fs::path& folder) {
  try {
    return format_of_folder(folder) != nullptr;
  } catch (const Error&) {
    return true;  // a damaged one
  }
}

// Adapter folders in `folder`, at most `depth` levels down: checkpoints of a trainer, snapshots of a cache.
std::vector<fs::path> adapters_in(const fs::path& folder, int depth) {
  std::vector<fs::path> found;
  for (const fs::path& entry : list_folder(folder)) {
    if (is_link(entry) || !is_folder(entry)) continue;
    if (holds_adapter(entry)) {
      found.push_back(entry);
    } else if (depth > 1) {
      const std::vector<fs::path> deeper = adapters_in(entry, depth - 1);
      found.insert(found.end(), deeper.begin(), deeper.end());
    }
  }
  return found;
}

}  // namespace

LoraAdapter read_lora(const fs::path& path, const BaseHints& base, ModuleNames names,
                      Besides besides) {
  if (!path_exists(path)) fail(ErrorKind::no_input, path.string(), ": not found");
  if (is_folder(path)) return read_folder(path, besides);
  if (belongs_to_folder(path)) return read_folder(path.parent_path(), besides);
  const FileFormat* row = format_of_file(path);
  if (row == nullptr) return read_peft_file(path, base.scale);
  LoraAdapter adapter = row->as_file->read(path, base);
  if (names == ModuleNames::paths) check_paths(path, adapter);
  return adapter;
}

std::optional<AdapterFolder> find_adapter_folder(const fs::path& folder) {
  const FileFormat* row = format_of_folder(folder);
  if (row == nullptr) return std::nullopt;
  const FolderForm& form = *row->as_folder;
  return AdapterFolder{row, first_existing(folder, form.weights),
                       form.config == nullptr ? fs::path() : folder / form.config};
}

std::string nested_adapters(const fs::path& folder) {
  constexpr std::size_t kShown = 3;
  const std::vector<fs::path> found = adapters_in(folder, 3);
  if (found.empty()) return "";
  const auto shown = std::span(found).first(std::min(found.size(), kShown));
  const auto within = [&](const fs::path& each) {
    return cat("'", printable(each.lexically_relative(folder).string()), "'");
  };
  return cat(found.size() == 1 ? "; an adapter lies within, in " : "; adapters lie within, in ",
             joined(shown, within), found.size() > kShown ? ", ..." : "");
}

std::string adapter_folder_signs() {
  std::vector<std::pair<std::string_view, std::string>> signs;  // a file, the formats that have it
  for (const FileFormat& row : file_formats()) {
    if (!row.as_folder) continue;
    const FolderForm& form = *row.as_folder;
    const std::string_view sign = form.config == nullptr ? form.weights.front() : form.config;
    const auto known = std::find_if(signs.begin(), signs.end(),
                                    [&](const auto& entry) { return entry.first == sign; });
    if (known == signs.end()) {
      signs.emplace_back(sign, row.title);
    } else {
      known->second += cat(", ", row.title);
    }
  }
  std::string text;
  for (const auto& [sign, titles] : signs) {
    text += cat(text.empty() ? "" : " nor ", sign, " (", titles, ")");
  }
  return text;
}

}  // namespace dnd::adapter
