// Adapters of tasks, held against the layout before anything is made of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "adapter/adapter_layout.h"
#include "adapter/lora.h"
#include "tasks/task_set.h"

namespace dnd::tasks {

// A PEFT folder, or a .safetensors file of its matrices at the layout's scale, as the adapter of the layout,
// pairs in its order, by the layout's names or those of the base's class. Throws Error(data) by file and
// module: a missing or unexpected layer, one that the folder's configuration leaves out, another rank, alpha
// or shape, a value that is not finite, DoRA.
adapter::LoraAdapter read_task_adapter(const adapter::AdapterLayout& layout,
                                       const std::filesystem::path& path);

// The same for an adapter that is read already; `who` names it.
adapter::LoraAdapter fit_to_layout(const adapter::AdapterLayout& layout,
                                   adapter::LoraAdapter adapter, const std::string& who);

// The folders in `folder`, sorted by name, that have an adapter's configuration.
std::vector<std::filesystem::path> adapter_folders(const std::filesystem::path& folder);

// The adapter that `path` means: itself, or the only one in a folder of them, as `dnd tune --joint` writes.
// Throws Error(data) where a folder has several.
std::filesystem::path only_adapter(const std::filesystem::path& path);

// Reads every adapter of `tasks` once. Throws what read_task_adapter() throws, and Error(data) where
// two name different base models. All problems are named, up to a handful, not the first alone.
void check_task_adapters(const adapter::AdapterLayout& layout, const std::vector<Task>& tasks);

}  // namespace dnd::tasks
